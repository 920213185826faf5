"""Rows: what is known of every row of a list, kept small. Home of pandas.

A million rows as objects would fill the memory. Their cells stand in columns here, the verdicts in arrays,
and each pass over the rows makes the objects anew.
"""

import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from campaign.contacts import own, problems
from campaign.contacts.own import OwnColumns
from campaign.contacts.problems import Problem
from campaign.models import E164, Contact, ListRows, RejectedRow, Row, RowStatus, ZoneSource, person_of
from campaign.settings import STATES

CONSENT_CHARACTERS = 500
"""So much of what a list says about consent is kept."""

Fault = tuple[Problem, str]
"""A problem, and the column that has it."""


class CheckedRows(ListRows):
    """Every row of a list with its verdict, in the list's order."""

    def __init__(
        self,
        *,
        variables: Sequence[tuple[int, str]],
        timezone: int | None = None,
        default_timezone: str | None = None,
        key: int | None = None,
        own_columns: OwnColumns | None = None,
        state: int | None = None,
        consent: int | None = None,
    ) -> None:
        """Start without rows.

        Args:
            variables: Positions among the kept cells, with the names of the variables.
            timezone: Position of the time zone among the kept cells.
            default_timezone: Of numbers that have none of their own.
            key: Position of what tells people apart.
            own_columns: Positions of what a row says of its own call.
            state: Position of the state of the United States.
            consent: Position of what the list says about consent.
        """
        self._variables = tuple(variables)
        self._timezone = timezone
        self._default_timezone = default_timezone
        self._key = key
        self._own = own_columns or OwnColumns()
        self._state = state
        self._consent = consent
        self._cells: list[pd.DataFrame] = []
        self.row_numbers = array("I")
        self.phones = array("Q")
        """The digits of each number; 0 where there is none."""
        self._zones = array("I")
        self._zone_ids: dict[tuple[str, ...], int] = {}
        self._faults = array("I")
        self._fault_ids: dict[Fault | None, int] = {None: 0}
        self._proposals = array("Q")
        """The digits of each number that was probably meant; 0 where there is none."""
        self._firsts = array("I")
        """One more than the place that a row repeats; 0 where it repeats none."""
        self._repeats = array("B")
        """What it repeats, as the place in `_repeated`."""
        self._repeated: dict[Fault, int] = {}

    def add(
        self,
        row_numbers: Sequence[int],
        columns: Sequence[Sequence[str]],
        *,
        phones: Sequence[int],
        zones: Sequence[tuple[str, ...]],
        faults: Mapping[int, Fault],
        proposals: Mapping[int, E164],
    ) -> None:
        """Take some rows.

        Args:
            row_numbers: As the spreadsheet shows them.
            columns: The kept cells, column by column.
            phones: The digits of the phone numbers; 0 for none.
            zones: The time zones of each number.
            faults: What is wrong, by the place among these rows.
            proposals: What was probably meant, likewise.
        """
        self._cells.append(
            pd.DataFrame({at: pd.Series(cells, dtype="str") for at, cells in enumerate(columns)})
        )
        self.row_numbers.extend(row_numbers)
        self.phones.extend(phones)
        zone_ids = self._zone_ids
        self._zones.extend([zone_ids.setdefault(found, len(zone_ids)) for found in zones])
        none = [0] * len(row_numbers)
        fault_ids = array("I", none)
        for at, fault in faults.items():
            fault_ids[at] = self._fault_ids.setdefault(fault, len(self._fault_ids))
        self._faults.extend(fault_ids)
        proposed = array("Q", none)
        for at, proposal in proposals.items():
            proposed[at] = int(proposal)
        self._proposals.extend(proposed)
        self._firsts.extend(none)
        self._repeats.extend(none)

    def mark_duplicate(self, at: int, *, first: int, fault: Fault) -> None:
        """The row at this place repeats what stands at an earlier place."""
        self._firsts[at] = first + 1
        self._repeats[at] = self._repeated.setdefault(fault, len(self._repeated))

    def is_callable(self, at: int) -> bool:
        """Whether the row at this place may be dialled."""
        return not self._faults[at] and not self._firsts[at]

    def column(self, position: int) -> Iterator[str]:
        """The cells of one column."""
        for cells in self._cells:
            yield from cells[position].tolist()

    def repeating(self) -> Iterator[tuple[int, int, str]]:
        """The places of good rows that share their person or their key with another row, with both.

        Whatever form their numbers have, as `person_of` says, of which the digits are given.
        """
        people = array("Q", (int(person_of(f"+{phone}")) for phone in self.phones))
        shared = pd.Series(np.frombuffer(people, dtype="uint64")).duplicated(keep=False)
        keys: Sequence[str] | None = None
        if self._key is not None:
            keys = [key_of(cell) for cell in self.column(self._key)]
            shared |= pd.Series(keys, dtype="str").duplicated(keep=False)
        shared &= np.frombuffer(self._faults, dtype="uint32") == 0
        for at in shared.to_numpy().nonzero()[0].tolist():
            yield at, people[at], keys[at] if keys is not None else ""

    @property
    def statuses(self) -> dict[RowStatus, int]:
        """How many rows wait to be dialled, and how many do not, by status."""
        rejected = len(self) - self._faults.count(0)
        duplicates = len(self) - self._firsts.count(0)
        return {
            RowStatus.WAITING: len(self) - rejected - duplicates,
            RowStatus.REJECTED: rejected,
            RowStatus.DUPLICATE: duplicates,
        }

    @property
    def consents(self) -> Counter[str]:
        """What is said about the consent of people who may be dialled, with counts."""
        if self._consent is None:
            return Counter()
        said = enumerate(self.column(self._consent))
        return Counter(consent_of(cell) for at, cell in said if self.is_callable(at))

    def __len__(self) -> int:
        return len(self.row_numbers)

    def __iter__(self) -> Iterator[Contact | RejectedRow]:
        return self._made(range(len(self)))

    def rejected(self) -> Iterator[RejectedRow]:
        """The rows that nobody is called for, in the list's order; quick when they are few."""
        places = (at for at in range(len(self)) if not self.is_callable(at))
        return (row for row in self._made(places) if isinstance(row, RejectedRow))

    def _made(self, places: Iterable[int]) -> Iterator[Contact | RejectedRow]:
        """The rows at these places, which must ascend."""
        zones = tuple(self._zone_ids)
        faults = tuple(self._fault_ids)
        rest = iter(places)
        at = next(rest, None)
        end = 0
        for chunk in self._cells:
            start, end = end, end + len(chunk)
            if at is None or at >= end:
                continue
            # Column by column is five times faster than pandas' own tuples.
            columns = [chunk[position].tolist() for position in chunk]
            while at is not None and at < end:
                cells = tuple([column[at - start] for column in columns])
                yield self._row(at, cells, zones[self._zones[at]], faults[self._faults[at]])
                at = next(rest, None)

    def _row(
        self, at: int, cells: tuple[str, ...], zones: tuple[str, ...], fault: Fault | None
    ) -> Contact | RejectedRow:
        row = Row(self.row_numbers[at], cells)
        number = E164(f"+{self.phones[at]}") if self.phones[at] else None
        if fault is not None:
            problem, column = fault
            return RejectedRow(
                row,
                problem.reason,
                column,
                to_number=number,
                code=problem.code,
                cure=problem.cure,
                proposal=E164(f"+{self._proposals[at]}") if self._proposals[at] else None,
            )
        assert number is not None  # noqa: S101 - a row without a fault has a number
        if self._firsts[at]:
            first = self._firsts[at] - 1
            problem, column = tuple(self._repeated)[self._repeats[at]]
            return RejectedRow(
                row,
                problems.repeats(problem, self.row_numbers[first]),
                column,
                status=RowStatus.DUPLICATE,
                to_number=number,
                code=problem.code,
                cure=problem.cure,
            )
        zones, source = self._zones_of(cells, zones)
        key = key_of(cells[self._key]) if self._key is not None else ""
        said = own.read(cells, self._own, zones)
        return Contact(
            row,
            number,
            {name: cells[place] for place, name in self._variables},
            zones,
            key,
            source,
            said.not_before,
            said.valid_until,
            said.from_number,
            state_of(cells[self._state]) if self._state is not None else "",
            consent_of(cells[self._consent]) if self._consent is not None else "",
            said.agent_id,
        )

    def _zones_of(
        self, cells: tuple[str, ...], of_number: tuple[str, ...]
    ) -> tuple[tuple[str, ...], ZoneSource]:
        cell = cells[self._timezone] if self._timezone is not None else ""
        return zones_of(cell, of_number, self._default_timezone)


def zones_of(
    cell: str, of_number: tuple[str, ...], default: str | None
) -> tuple[tuple[str, ...], ZoneSource]:
    """Where a person may be, and what tells it: the list, the number, or the campaign file."""
    if zone := cell.strip():
        return (zone,), ZoneSource.COLUMN
    if not of_number and default is not None:
        return (default,), ZoneSource.CAMPAIGN
    return of_number, ZoneSource.NUMBER


def state_of(cell: str) -> str:
    """The state of the United States that a cell names; empty when it names none."""
    state = cell.strip().upper()
    return state if state in STATES else ""


def consent_of(cell: str) -> str:
    """What a cell says about consent, as it is kept."""
    return cell.strip()[:CONSENT_CHARACTERS]


def key_of(cell: str) -> str:
    """A key as it is compared: invisible marks and widths of characters make no other person; case may."""
    plain = unicodedata.normalize("NFKC", cell)
    return "".join(character for character in plain if unicodedata.category(character) != "Cf").strip()
