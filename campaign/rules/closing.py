"""Closing: whether a call that was placed may still ring, and what it counts for when it was stopped."""

from dataclasses import replace
from datetime import datetime, timedelta

from campaign.models import Call, Disposition, Ending, RowStatus, plain
from campaign.rules import hours
from campaign.rules.dispositions import Reading, has_person
from campaign.rules.hours import Schedule, Whereabouts

STOPPED = "stopped while it was queued, so that it would not ring after hours"

_QUEUED = frozenset(
    ("queued", "initiated", "initiating", "scheduled", "pending", "created", "dialing", "dialling", "ringing")
)
"""What a call is before it is connected. With any other word a person may be talking."""
_REACHED = frozenset((Disposition.ANSWERED, Disposition.VOICEMAIL))
_RANG = frozenset((Disposition.BUSY, Disposition.NO_ANSWER))
_API_STOP = "api_stop"


def may_still_ring(schedule: Schedule, person: Whereabouts, now: datetime, *, lead: timedelta) -> bool:
    """Whether a placed call may ring now, and until the next look at it.

    The windows are those of dialling without the closing margin, which is there for calls on their way.

    Args:
        schedule: When the person may be called.
        person: Where the person may be.
        now: An aware time.
        lead: How long a stop may take from here on.
    """
    whole = _whole(schedule)
    return all(hours.is_open(whole, person, moment) for moment in (now, now + lead))


def closes_at(schedule: Schedule, person: Whereabouts, now: datetime) -> datetime | None:
    """From when on a call that is placed now may not ring, in UTC; None when it may at any time of a week."""
    return hours.next_closing(_whole(schedule), person, now)


def _whole(schedule: Schedule) -> Schedule:
    return replace(schedule, closing_margin=timedelta())


def is_queued(call: Call) -> bool:
    """Whether the call has not been connected, as far as OneInbox says. What it does not say is a no."""
    return not call.has_ended and plain(call.status) in _QUEUED and not _was_connected(call)


def reading_after_stop(call: Call, reading: Reading) -> Reading:
    """How a call ended that was stopped while queued: canceled, unless it was connected or rang after all."""
    # Of a call that was stopped, OneInbox's label says that it was not connected, as of one that rang out.
    has_rung = reading.disposition in _RANG and plain(call.end_reason) != _API_STOP
    if has_rung or reading.disposition in _REACHED or _was_connected(call):
        return reading
    return Reading(Disposition.CANCELED, may_retry=True)


def ending_after_stop(ending: Ending) -> Ending:
    """The row ends with what was done, unless another try is due."""
    return replace(ending, reason=STOPPED) if ending.status is RowStatus.UNREACHED else ending


def _was_connected(call: Call) -> bool:
    return bool(
        call.started_at or call.duration_seconds or call.messages or call.transcript or has_person(call)
    )
