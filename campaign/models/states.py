"""Where rows and attempts stand, how calls end, and every legal move."""

from collections.abc import Mapping
from enum import StrEnum


class RowStatus(StrEnum):
    """Where a row stands; the value of the result column `call_status`."""

    WAITING = "waiting"
    """To be dialled, perhaps not before a time."""
    DIALING = "dialing"
    """The intent is on disk and the create-call request is under way."""
    LIVE = "live"
    """Placed and not ended."""
    SETTLING = "settling"
    """Ended; transcript and analysis are awaited."""
    IN_DOUBT = "in_doubt"
    """The request was sent and its fate is unknown."""
    COMPLETED = "completed"
    """A person or their voicemail was reached, and no further try is due."""
    UNREACHED = "unreached"
    """All tries are used and nobody was reached."""
    REJECTED = "rejected"
    """The row is unusable."""
    DUPLICATE = "duplicate"
    """The number is already in this list."""
    SUPPRESSED = "suppressed"
    """This person must not be called."""
    REFUSED = "refused"
    """The API refused this row."""
    EXPIRED = "expired"
    """Not attempted before its deadline."""
    STOPPED = "stopped"
    """Taken out by the operator."""
    NEEDS_REVIEW = "needs_review"
    """The fate of a call is still unknown: a human decides."""


OPEN_STATUSES = frozenset({RowStatus.DIALING, RowStatus.LIVE, RowStatus.SETTLING, RowStatus.IN_DOUBT})
"""An attempt is under way."""

FINAL_STATUSES = frozenset(RowStatus) - OPEN_STATUSES - {RowStatus.WAITING}

ROW_MOVES: Mapping[RowStatus, frozenset[RowStatus]] = {
    RowStatus.WAITING: frozenset(
        {
            RowStatus.DIALING,
            RowStatus.SUPPRESSED,
            RowStatus.EXPIRED,
            RowStatus.STOPPED,
            # Another campaign's call to the same person needs review, or one that OneInbox had turned away.
            RowStatus.NEEDS_REVIEW,
            # Further tries were due, and at the moment of dialling none is allowed any more, or the time in
            # which the row may be dialled is over.
            RowStatus.COMPLETED,
            RowStatus.UNREACHED,
        }
    ),
    RowStatus.DIALING: frozenset({RowStatus.LIVE, RowStatus.IN_DOUBT, RowStatus.REFUSED, RowStatus.WAITING}),
    RowStatus.IN_DOUBT: frozenset({RowStatus.LIVE, RowStatus.NEEDS_REVIEW}),
    RowStatus.LIVE: frozenset({RowStatus.SETTLING, RowStatus.NEEDS_REVIEW}),
    RowStatus.SETTLING: frozenset(
        {
            RowStatus.COMPLETED,
            RowStatus.UNREACHED,
            RowStatus.WAITING,
            # Another try would be due, but the operator took the row out of the list during the call.
            RowStatus.STOPPED,
            # Another call of the same request has turned up, and is followed to its end.
            RowStatus.LIVE,
        }
    ),
    # Several refusals in a row were not about the rows after all: they wait again. Or OneInbox has made the
    # call that it refused.
    RowStatus.REFUSED: frozenset({RowStatus.WAITING, RowStatus.NEEDS_REVIEW}),
    # An operator took the row out of the list and later put it back; it was never dialled.
    RowStatus.STOPPED: frozenset({RowStatus.WAITING}),
    # What was said was there only later: somebody was reached after all.
    RowStatus.UNREACHED: frozenset({RowStatus.COMPLETED}),
    # A later look may find that a call which seemed endless has ended after all.
    RowStatus.NEEDS_REVIEW: frozenset({RowStatus.SETTLING}),
}
"""Every legal move of a row by the program. A status that is not a key here is never left by it."""

ROW_DECISIONS: Mapping[RowStatus, frozenset[RowStatus]] = {
    # Stopped instead of waiting: who is no longer in the list.
    RowStatus.NEEDS_REVIEW: frozenset({RowStatus.COMPLETED, RowStatus.WAITING, RowStatus.STOPPED}),
}
"""Every legal move of a row by a human. They stand apart, so that no fault of the program can make one."""


class Hold(StrEnum):
    """Why a waiting row has a time before which it is not dialled."""

    RETRY = "retry"
    """An earlier try is to be followed by another; the time stands."""
    GATE = "gate"
    """A gate said no; every run asks again."""


class AttemptState(StrEnum):
    """How far one intention to dial has come. While it is open, the row's status has the same name."""

    DIALING = "dialing"
    IN_DOUBT = "in_doubt"
    LIVE = "live"
    SETTLING = "settling"
    ENDED = "ended"
    """The call ended and its results are in, or a human has decided not to wait for them."""
    NOT_SENT = "not_sent"
    """Nobody was called: no byte of the request left this machine, or a human found that out."""
    TURNED_AWAY = "turned_away"
    """The API answered that it did not accept the request: nobody was called."""
    NEEDS_REVIEW = "needs_review"


OPEN_ATTEMPTS = frozenset(AttemptState(status.value) for status in OPEN_STATUSES)

HARMLESS_ATTEMPTS = frozenset({AttemptState.NOT_SENT, AttemptState.TURNED_AWAY})
"""Certainly nobody was called: these do not count as a try."""

ATTEMPT_MOVES: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.DIALING: frozenset({AttemptState.LIVE, AttemptState.IN_DOUBT, *HARMLESS_ATTEMPTS}),
    AttemptState.IN_DOUBT: frozenset({AttemptState.LIVE, AttemptState.NEEDS_REVIEW}),
    AttemptState.LIVE: frozenset({AttemptState.SETTLING, AttemptState.NEEDS_REVIEW}),
    AttemptState.SETTLING: frozenset({AttemptState.ENDED, AttemptState.LIVE}),
    AttemptState.NEEDS_REVIEW: frozenset({AttemptState.SETTLING}),
    # A list shows the call all the same. When its row has gone on with another attempt, only results count.
    AttemptState.TURNED_AWAY: frozenset({AttemptState.NEEDS_REVIEW, AttemptState.ENDED}),
}
"""Every legal move of an attempt by the program."""

ATTEMPT_DECISIONS: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.NEEDS_REVIEW: frozenset({AttemptState.ENDED, AttemptState.NOT_SENT}),
}
"""Every legal move of an attempt by a human, beside that of its row."""


class Disposition(StrEnum):
    """Our reading of how a call ended."""

    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


class TranscriptStatus(StrEnum):
    """What the transcript cell of a result means."""

    COMPLETE = "complete"
    """The transcript is there."""
    EMPTY = "empty"
    """The wait for a transcript is over and there is none: for an unanswered call the normal end."""
    PENDING = "pending"
    """The call has not ended, or its transcript is still awaited."""
