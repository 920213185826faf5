"""What the breaker is told: what requests and calls have come to, as far as it may be wrong for everybody."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaign.rules.opening import Rule, Scope


@dataclass(frozen=True, slots=True)
class Denied:
    """A create-call request met something that is wrong for all, or for all of one number or country."""

    rule: Rule
    cause: str
    cure: str
    scope: Scope = Scope.CAMPAIGN
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """OneInbox refused a row. `field` is what it complained of; empty when it does not say."""

    field: str
    what: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A call was placed."""


@dataclass(frozen=True, slots=True)
class NoReply:
    """A create-call request got no usable answer: its fate is unknown."""


@dataclass(frozen=True, slots=True)
class NotReached:
    """A create-call request could not be sent."""


@dataclass(frozen=True, slots=True)
class Found:
    """A call in doubt was found in the provider's list."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A call in doubt was not found, and is left to a human."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A call has ended."""

    from_number: str
    country: str
    has_failed: bool
    """Whether it is a call that could not be put through, or broke: not one that nobody answered."""
    reason: str = ""
    """Its end reason, or its status, as it came."""
    is_odd: bool = False
    """Whether good calls are not known to end for this reason."""


@dataclass(frozen=True, slots=True)
class Talked:
    """A conversation is over, and its results are in."""

    has_opted_out: bool


@dataclass(frozen=True, slots=True)
class FirstCallsFailed:
    """Too many of the first calls have failed."""

    reasons: Sequence[str]
    """Of each one that has."""
    calls: int
    """The others included."""


@dataclass(frozen=True, slots=True)
class Doubled:
    """The provider made several calls of one request, or one of a request that it had turned away."""

    calls: int
    row: int
    was_turned_away: bool = False


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The wall clock was set by so many seconds, forward or back."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ClocksApart:
    """Before anybody is called: so far this machine's clock is ahead of OneInbox's, negative for behind."""

    ahead_s: float


Event = (
    Denied
    | Refused
    | Placed
    | NoReply
    | NotReached
    | Found
    | Lost
    | Ended
    | Talked
    | FirstCallsFailed
    | Doubled
    | ClockSet
    | ClocksApart
)
