"""Tries: how often, and with what ends, a campaign has called a person, and what follows from an end."""

from dataclasses import dataclass
from datetime import datetime

from campaign.models.states import Disposition, RowStatus


@dataclass(frozen=True, slots=True)
class Ending:
    """What becomes of a row after one of its calls has settled."""

    status: RowStatus
    reason: str
    not_before: datetime | None = None
    """The time of a further try; None when none is due."""


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt that counts, of one person in one campaign."""

    intent_at: datetime
    ended_at: datetime | None
    """When its last call ended, or when a human said that it was over; None while that is not known."""
    disposition: Disposition | None
    """Answered when any of its calls was."""
    outcomes: frozenset[str] = frozenset()
    """OneInbox's labels for its calls, as they are compared."""
    others: frozenset[Disposition] = frozenset()
    """How further calls of the same request ended, where they ended otherwise."""
    no_further: Ending | None = None
    """What the row is when nobody is tried again after it, where that was found out later; None otherwise."""
    read_until: datetime | None = None
    """So long its call is looked at for how it ended; None when that is known, or nobody looks any more."""


@dataclass(frozen=True, slots=True)
class Tries:
    """All tries of one person in one campaign, the oldest first."""

    made: tuple[Try, ...] = ()
    granted: int = 0
    """So many a human allows, whatever the campaign file says."""


NEVER_TRIED = Tries()


def plausible_end(placed_at: datetime, ended_at: datetime | None, known_at: datetime) -> datetime:
    """When a call ended: as reported, unless that cannot be; then when it was known.

    A provider whose clock is off must not bring the next try forward.

    Args:
        placed_at: When we placed the call.
        ended_at: What the provider reports.
        known_at: When we knew all about its end.
    """
    return ended_at if ended_at is not None and placed_at <= ended_at <= known_at else known_at
