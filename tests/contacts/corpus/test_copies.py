"""The copies that are made of a list: read again, they bring the same verdicts and no new problem."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from campaign.contacts import marked
from campaign.contacts.files.source import ReadOptions
from campaign.models import Contact, Intake, RejectedRow, RowStatus
from campaign.results.files import write_table
from campaign.results.table import unique_names
from tests.contacts.corpus import number_cases
from tests.contacts.corpus.cases import Case, Readable, verdict
from tests.contacts.corpus.collection import READABLE

_ALIKE = tuple(number_cases.cases())
IN_WORKBOOKS = {case.name for case in READABLE} - {case.name for at, case in enumerate(_ALIKE) if at % 4}
"""Lists with copies as workbooks, which take a child process each: the lists about numbers are much alike."""
IN_PARQUET = {case.name for case in READABLE[::10]}
"""Lists with copies in a format whose library takes long to load in every child."""

WITH_REJECTS = tuple(
    case
    for case in READABLE
    if isinstance(case.expected, Readable)
    and any(not word.startswith(("+", "duplicate_")) for word in case.expected.verdicts.values())
)

Copy = Callable[[Intake], tuple[list[str], Iterator[list[str]]]]


def formats(case: Case) -> list[str]:
    """The formats in which the copies of a list are written."""
    workbook = [".xlsx"] if case.name in IN_WORKBOOKS else []
    parquet = [".parquet"] if case.name in IN_PARQUET else []
    return [".csv", ".jsonl", *workbook, *parquet]


def read_again(case: Case, intake: Intake, copy: Copy, path: Path) -> Intake:
    """Write a copy of a list, and read it as the list itself is read.

    The operator's encoding is that of the list alone; a delimiter that needs to be named needs it again.
    """
    header, rows = copy(intake)
    write_table(path, header, rows, delimiter=intake.delimiter)
    named = case.options.delimiter if path.suffix == ".csv" else None
    again = case.take_in(path, ReadOptions(delimiter=named))
    own = intake.headers if path.suffix in (".csv", ".xlsx") else unique_names(header)[: len(intake.headers)]
    assert again.headers == tuple(own)
    assert again.phone_column == intake.phone_column
    return again


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case.name)
def test_the_fixed_copy_has_the_same_verdicts(tmp_path: Path, case: Case) -> None:
    """Row by row the copy has the list's numbers and problems, and what could be repaired is repaired."""
    intake = case.take_in(case.write(tmp_path))
    expected = [verdict(row) for row in intake.rows]
    for suffix in formats(case):
        again = read_again(case, intake, marked.fixed, tmp_path / f"fixed{suffix}")
        assert [verdict(row) for row in again.rows] == expected
        assert [row.status for row in again.rejected] == [row.status for row in intake.rejected]
        assert not again.repairs
        assert [_other_cells(row, again, suffix) for row in again.rows] == [
            _other_cells(row, intake, suffix) for row in intake.rows
        ]


@pytest.mark.parametrize("case", WITH_REJECTS, ids=lambda case: case.name)
def test_the_rejects_have_the_same_problems(tmp_path: Path, case: Case) -> None:
    """The rejected rows come again in their order, each with its problem in its column; duplicates do not."""
    intake = case.take_in(case.write(tmp_path))
    expected = [(row.code, row.column) for row in intake.rejected if row.status is RowStatus.REJECTED]
    for suffix in formats(case):
        again = read_again(case, intake, marked.rejects, tmp_path / f"rejects{suffix}")
        assert all(isinstance(row, RejectedRow) for row in again.rows)
        assert [(row.code, row.column) for row in again.rejected] == expected


def _other_cells(row: Contact | RejectedRow, intake: Intake, suffix: str) -> list[str]:
    """The cells of a row but for its number, as far as the format of the copy keeps them."""
    place = intake.headers.index(intake.phone_column)
    cells = [cell for at, cell in enumerate(row.row.cells) if at != place]
    if suffix == ".xlsx":
        return [cell.replace("\r\n", "\n")[:1_000] for cell in cells]
    return cells
