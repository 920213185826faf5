"""The words of the product as types: numbers, rows, states and their legal moves, calls.

What crosses from one folder to another is defined here, frozen. Nothing here does I/O.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class E164(str):
    """A valid phone number as a plus and digits. `campaign.contacts` alone decides what is one.

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
            # It was tried, and the time in which it may be dialled is over before its next try.
            RowStatus.UNREACHED,
            # Another campaign's call to the same person needs review.
            RowStatus.NEEDS_REVIEW,
            # Further tries were due, and at the moment of dialling none is allowed any more.
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
        }
    ),
    # Several refusals in a row were not about the rows after all: they wait again.
    RowStatus.REFUSED: frozenset({RowStatus.WAITING}),
    # An operator took the row out of the list and later put it back; it was never dialled.
    RowStatus.STOPPED: frozenset({RowStatus.WAITING}),
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
    AttemptState.SETTLING: frozenset({AttemptState.ENDED}),
    AttemptState.NEEDS_REVIEW: frozenset({AttemptState.SETTLING}),
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


class ZoneSource(StrEnum):
    """Where a person's time zones come from."""

    COLUMN = "column"
    """The list says it."""
    NUMBER = "number"
    """The zones in which such a number may be; people travel and take their numbers along."""
    CAMPAIGN = "campaign"
    """The campaign file says it, for numbers that have no zone of their own."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A row that passed validation."""

    row: Row
    to_number: E164
    variables: Mapping[str, str]
    time_zones: tuple[str, ...]
    """Every IANA zone in which this person may be; hours must be open in all of them."""
    key: str = ""
    """What tells people apart besides the number, where the list has such a column."""
    zone_source: ZoneSource = ZoneSource.NUMBER
    not_before: datetime | None = None
    """The list does not want this person dialled earlier."""
    valid_until: datetime | None = None
    """The list does not want this person dialled from then on."""
    from_number: str | None = None
    """The number of the pool that the list wants this person to see."""
    state: str = ""
    """Of the United States, where the list says it."""
    consent: str = ""
    """What the list says about consent to such calls."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that nobody is called for, with the reason a person understands."""

    row: Row
    reason: str
    column: str | None = None
    status: RowStatus = RowStatus.REJECTED
    to_number: E164 | None = None
    """Known when the number itself is fine (a duplicate, or trouble in another column)."""
    code: str = ""
    """The kind of problem, the same for all rows that have it."""
    cure: str = ""
    """What to do about all rows of this kind."""
    proposal: E164 | None = None
    """The number that was probably meant; a human has to confirm it."""


class ListRows(Protocol):
    """Every row of a list once, in its order; made anew by each pass, as a million would fill the memory."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Contact | RejectedRow]: ...

    def rejected(self) -> Iterator[RejectedRow]:
        """The rows that nobody is called for, in the list's order."""
        ...

    @property
    def statuses(self) -> Mapping[RowStatus, int]:
        """How many rows wait to be dialled, and how many do not, by status."""
        ...


@dataclass(frozen=True, slots=True)
class Intake:
    """A whole contact list after validation: every row once, in the list's order."""

    path: str
    headers: tuple[str, ...]
    phone_column: str
    rows: ListRows
    content: str
    """SHA-256 of the file."""
    fingerprint: str
    """SHA-256 of the file and of the settings that it was read by."""
    notes: tuple[str, ...] = ()
    """What the operator should know about the list as a whole."""
    repairs: Mapping[str, int] = field(default_factory=dict)
    """How many phone numbers were mended without losing a digit, by what was wrong."""
    delimiter: str = ","
    """What separates the cells of the list, where it is a text file."""
    unspoken: str = ""
    """Which variable that the agent says is missing, in a line for the operator; empty when none is."""

    @property
    def contacts(self) -> Iterator[Contact]:
        """The rows that may be dialled."""
        return (row for row in self.rows if isinstance(row, Contact))

    @property
    def rejected(self) -> Iterator[RejectedRow]:
        """The rows that nobody is called for."""
        return self.rows.rejected()

    @property
    def statuses(self) -> Mapping[RowStatus, int]:
        """How many rows wait to be dialled, and how many do not, by status."""
        return self.rows.statuses

    @property
    def callable_rows(self) -> int:
        """How many rows may be dialled."""
        return self.statuses.get(RowStatus.WAITING, 0)

    @property
    def invalid_share(self) -> float:
        """The share of rows that are unusable, from 0 to 1. Duplicates are no sign of a broken list."""
        return self.statuses.get(RowStatus.REJECTED, 0) / len(self.rows) if self.rows else 0.0


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

REJECT_COLUMNS = ("reject_reason", "reject_column")
"""The columns that a file of rejected rows has beside the operator's own."""

CHECK_COLUMNS = ("check_result", "check_reason", "check_proposal")
"""The columns that a marked copy of a list has beside the operator's own."""

OUR_COLUMNS = frozenset((*RESULT_COLUMNS, *REJECT_COLUMNS, *CHECK_COLUMNS))
"""When a list that we wrote is read again, these are replaced."""

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
