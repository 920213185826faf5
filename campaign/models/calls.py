"""Calls and agents as OneInbox reports them, in any generation of its wire format."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaign.models.words import E164

TOKEN_KEY = "campaign_attempt"  # noqa: S105 - the name of a metadata key, not a secret
"""The metadata key that carries an attempt's token."""
OUR_METADATA = ("campaign", "row", "attempt", TOKEN_KEY)
"""The keys that this program writes into the metadata of each call."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """What one create-call request says."""

    agent_id: str
    to_number: E164
    from_number: str
    variables: Mapping[str, str]
    metadata: Mapping[str, str | int | float | bool]
    """Carries the attempt's token, by which a call in doubt is found again."""
    webhook_url: str | None = None
    """Where the events of this call go, beside or in place of where the account sends them."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """What the agent has otherwise in this call."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as OneInbox reports it, in either generation of its wire format."""

    id: str
    status: str
    """As it came: the set of statuses is open."""
    has_ended: bool
    to_number: str | None = None
    from_number: str | None = None
    is_incoming: bool = False
    """Whether the person has called us, and so is where it came from."""
    agent_id: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: float | None = None
    end_reason: str | None = None
    outcome: str | None = None
    summary: str | None = None
    messages: tuple[Mapping[str, Any], ...] = ()
    transcript: str = ""
    """The spoken text, one line per turn; empty when there is none (yet)."""
    recording_url: str | None = None
    cost_cents: float | None = None
    credits_used: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    analysis: Mapping[str, Any] = field(default_factory=dict)
    """As it came; its fields are not documented."""
    has_analysis: bool | None = None
    """Whether outcome or summary are in; None when this generation of the API has no analysis."""


# Words of letters, digits and `_ - .` with blanks between them; what else stands in braces is no name.
_BRACES = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{\s*([\w.\-]+(?: +[\w.\-]+)*)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Agent:
    """A voice agent as OneInbox reports it. What the reply does not say, or says oddly, is None."""

    id: str
    name: str | None = None
    first_message: str | None = None
    max_duration_seconds: float | None = None
    voicemail_detection: bool | None = None
    enable_recording: bool | None = None

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names in `{{ name }}` that the first message wants values for: each once, in their order.

        A name is letters of any script, digits and `_ - .`, with blanks between words, as a column may be
        called `first name`. Its case counts. Other text in braces, like `{{ a | upper }}`, names nothing.
        """
        return tuple(dict.fromkeys(_PLACEHOLDER.findall(self.first_message or "")))

    @property
    def odd_placeholders(self) -> tuple[str, ...]:
        """What stands in double braces and is no plain name."""
        found = _BRACES.findall(self.first_message or "")
        return tuple(dict.fromkeys(text for text in found if not _PLACEHOLDER.fullmatch(text)))
