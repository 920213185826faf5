"""A person as the rules see one: a waiting row, and what the ledger and the lists know of its number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaign.models import NEVER_TRIED, AttemptState, Tries
from campaign.rules.hours import Whereabouts
from campaign.rules.outlay import Outlay
from campaign.settings import Calendar


@dataclass(frozen=True, slots=True)
class Person:
    """What the gates look at: one contact, and what is known of the number."""

    to_number: str
    whereabouts: Whereabouts
    suppressed_because: str | None
    """What forbids to call this person; empty for no stated reason."""
    recent_calls: Sequence[datetime]
    """Calls from other campaigns within the time of the longest cap, the oldest first."""
    lists_are_stale: bool = False
    """Whether the suppression lists were last read too long ago to know who stands on them."""
    unsettled_elsewhere: AttemptState | None = None
    """How an attempt of another campaign stands whose fate is not known yet."""
    talked_at: datetime | None = None
    """When this person last talked with the agent of another campaign."""
    stopped_because: str | None = None
    """What the breaker says of calls to this person, where it is open for them."""
    unsaid: str | None = None
    """A variable that the agent says and that has no value for this person."""
    outlay: Outlay | None = None
    """What the campaign has spent; None when that is not known."""
    not_before: datetime | None = None
    valid_until: datetime | None = None
    """What the list says of the time of this person's call."""
    tried_times: int = 0
    """Calls of this campaign to this person that count."""
    tries: Tries = NEVER_TRIED
    """Those calls one by one, with their ends."""
    campaign_started_at: datetime | None = None
    from_number: str | None = ""
    """The number that this person is to see; None when the list wants one that is not in the pool."""
    from_number_calls: int = 0
    """Calls with that number since its day began, of all campaigns."""
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
