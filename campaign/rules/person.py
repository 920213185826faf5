"""A person as the rules see one: a waiting row, and what the ledger and the lists know of its number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaign.models import AttemptState
from campaign.rules.hours import Whereabouts
from campaign.settings import Calendar


@dataclass(frozen=True, slots=True)
class Person:
    """What the gates look at: one contact, and what is known of the number."""

    to_number: str
    whereabouts: Whereabouts
    suppressed_because: str | None
    recent_calls: Sequence[datetime]
    """Calls from other campaigns within the cap's time, the oldest first."""
    unsettled_elsewhere: AttemptState | None = None
    """How an attempt of another campaign stands whose fate is not known yet."""
    talked_at: datetime | None = None
    """When this person last talked with the agent of another campaign."""
    unsaid: str | None = None
    """A variable that the agent says and that has no value for this person."""
    country: str | None = None
    """Of the number, as an ISO code; None when it is not known, and then all holidays count."""
    state: str = ""
    """Of the United States, as the list says; empty when it does not, and then the area code tells."""
    consent: str = ""
    """What the list says about it."""
    calendar: Calendar | None = None
    """The days off; None when they are not known."""
    all_calls: Sequence[datetime] | None = None
    """Calls from all campaigns, the oldest first; None when they were not looked up."""
