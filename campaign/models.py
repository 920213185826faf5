"""The words of the product as types: numbers, rows, states and their legal moves, calls.

What crosses from one folder to another is defined here, frozen. Nothing here does I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class E164(str):
    """A valid phone number as a plus and digits. Made only by `campaign.contacts.phone`.

    Its repr shows the last two digits only, so that a number cannot reach a log through an error text.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"E164('…{self[-2:]}')"


def plain(word: str | None) -> str:
    """Lower case with underscores, as `No-Answer` and `no_answer` are the same."""
    return (word or "").strip().lower().replace("-", "_").replace(" ", "_")


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
            # Another campaign's call to the same person needs review.
            RowStatus.NEEDS_REVIEW,
        }
    ),
    RowStatus.DIALING: frozenset({RowStatus.LIVE, RowStatus.IN_DOUBT, RowStatus.REFUSED, RowStatus.WAITING}),
    RowStatus.IN_DOUBT: frozenset({RowStatus.LIVE, RowStatus.NEEDS_REVIEW}),
    RowStatus.LIVE: frozenset({RowStatus.SETTLING, RowStatus.NEEDS_REVIEW}),
    RowStatus.SETTLING: frozenset({RowStatus.COMPLETED, RowStatus.UNREACHED, RowStatus.WAITING}),
    # Several refusals in a row were not about the rows after all: they wait again.
    RowStatus.REFUSED: frozenset({RowStatus.WAITING}),
    # An operator took the row out of the list and later put it back; it was never dialled.
    RowStatus.STOPPED: frozenset({RowStatus.WAITING}),
    # A later look may find that a call which seemed endless has ended after all.
    RowStatus.NEEDS_REVIEW: frozenset({RowStatus.SETTLING}),
}
"""Every legal move of a row. A status that is not a key here is never left by the program."""


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
    """The call ended and its results are in."""
    NOT_SENT = "not_sent"
    """No byte of the request left this machine: nobody was called."""
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
    AttemptState.SETTLING: frozenset({AttemptState.ENDED}),
    AttemptState.NEEDS_REVIEW: frozenset({AttemptState.SETTLING}),
}


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


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the contact list, numbered as the operator's spreadsheet shows it (the header is row 1)."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """A row that passed validation."""

    row: Row
    to_number: E164
    variables: Mapping[str, str]
    time_zones: tuple[str, ...]
    """Every IANA zone in which this person may be; hours must be open in all of them."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that nobody is called for, with the reason a person understands."""

    row: Row
    reason: str
    column: str | None = None
    status: RowStatus = RowStatus.REJECTED
    to_number: E164 | None = None
    """Known when the number itself is fine (a duplicate)."""


@dataclass(frozen=True, slots=True)
class Intake:
    """A whole contact list after validation: every row once, in the list's order."""

    path: str
    headers: tuple[str, ...]
    phone_column: str
    rows: tuple[Contact | RejectedRow, ...]
    fingerprint: str
    """SHA-256 of the file and of the settings that it was read by."""

    @property
    def contacts(self) -> list[Contact]:
        return [row for row in self.rows if isinstance(row, Contact)]

    @property
    def rejected(self) -> list[RejectedRow]:
        return [row for row in self.rows if isinstance(row, RejectedRow)]


@dataclass(frozen=True, slots=True)
class CallRequest:
    """What one create-call request says."""

    agent_id: str
    to_number: E164
    from_number: str
    variables: Mapping[str, str]
    metadata: Mapping[str, str | int]
    """Carries the attempt's token, by which a call in doubt is found again."""


RESULT_COLUMNS = (
    "call_status", "call_reason", "call_disposition", "call_outcome", "call_id", "call_attempts",
    "call_to_number", "call_from_number", "call_provider_status", "call_end_reason", "call_started_at",
    "call_ended_at", "call_duration_seconds", "call_cost_cents", "call_credits_used", "call_summary",
    "call_transcript", "call_transcript_status", "call_recording_url", "call_error",
)  # fmt: skip
"""The columns that a result file has beside the operator's own, in this order."""

TOKEN_KEY = "campaign_attempt"  # noqa: S105 - the name of a metadata key, not a secret
"""The metadata key that carries an attempt's token."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as OneInbox reports it, in either generation of its wire format."""

    id: str
    status: str
    """As it came: the set of statuses is open."""
    has_ended: bool
    to_number: str | None = None
    from_number: str | None = None
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
    has_analysis: bool | None = None
    """Whether outcome or summary are in; None when this generation of the API has no analysis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One row of the result: the operator's cells, where the row stands, and its latest call."""

    row_number: int
    cells: tuple[str, ...]
    status: RowStatus
    reason: str
    attempts: int
    """Tries that count: those in which a person may have been called."""
    to_number: str | None = None
    from_number: str | None = None
    disposition: Disposition | None = None
    error: str = ""
    call_id: str | None = None
    provider_status: str | None = None
    end_reason: str | None = None
    outcome: str | None = None
    summary: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: float | None = None
    cost_cents: float | None = None
    credits_used: float | None = None
    transcript: str | None = None
    transcript_status: TranscriptStatus | None = None
    recording_url: str | None = None
