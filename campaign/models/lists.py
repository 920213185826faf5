"""A contact list after it was read: every row as a contact or as a rejected row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from campaign.models.states import RowStatus
from campaign.models.words import E164


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
    agent_id: str | None = None
    """The agent that the list wants to call this person; None for that of the campaign."""


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

    @property
    def consents(self) -> Mapping[str, int]:
        """What is said about the consent of people who may be dialled, counted; empty without a column."""
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
