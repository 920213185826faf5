"""Events: what OneInbox posts to a webhook, read as far as it says where to look. It is never a result.

The documented payloads are flat objects with `event` and `call_id`; names of events differ between the
generations, and new ones may come.
"""

import json
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from campaign.oneinbox.wire import Id, Text

STARTED, ENDED, FAILED = "call.started", "call.ended", "call.failed"
TRANSCRIPT, RECORDED = "transcript.final", "call.recording.available"

ALL = (ENDED, FAILED, TRANSCRIPT, RECORDED)
"""What a webhook is registered for: whatever says that there may be something to fetch."""
FEWEST = (ENDED, TRANSCRIPT)
"""What every generation of the API knows of them."""

_SAYS_NOTHING_NEW = frozenset({STARTED, "transcript.partial"})


class Malformed(ValueError):
    """This is no event."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as far as it matters."""

    name: str
    """As it came; names are an open set."""
    call_id: str | None
    """None when it is not about a call, like a test."""

    @property
    def is_worth_a_look(self) -> bool:
        """Whether the call may have ended, or have more results than before."""
        return self.call_id is not None and self.name not in _SAYS_NOTHING_NEW


class _WireEvent(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    event: Text = None
    call_id: Id = None


def parse_event(content: bytes) -> Event:
    """Read the body of a request. Raises Malformed when it is no JSON object."""
    try:
        body = json.loads(content)
        if not isinstance(body, dict):
            raise Malformed
        read = _WireEvent.model_validate(body)
    except (ValueError, RecursionError, ValidationError) as error:
        raise Malformed from error
    return Event((read.event or "")[:100], read.call_id)
