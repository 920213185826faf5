"""A person as the rules see one: a waiting row, and what the ledger and the lists know of its number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaign.models import NEVER_TRIED, AttemptState, Tries
from campaign.rules.hours import Whereabouts


@dataclass(frozen=True, slots=True)
class Person:
    """What the gates look at: one contact, and what is known of the number."""

    to_number: str
    whereabouts: Whereabouts
    suppressed_because: str | None
    recent_calls: Sequence[datetime]
    """Calls from other campaigns within the time of the longest cap, the oldest first."""
    unsettled_elsewhere: AttemptState | None = None
    """How an attempt of another campaign stands whose fate is not known yet."""
    talked_at: datetime | None = None
    """When this person last talked with the agent of another campaign."""
    unsaid: str | None = None
    """A variable that the agent says and that has no value for this person."""
    tries: Tries = NEVER_TRIED
    """How often this campaign has tried the person, and with what ends."""
