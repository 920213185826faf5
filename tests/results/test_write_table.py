"""Tables of any columns: delimiters, marked cells, typed columns, and errors in one line."""

import csv
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from campaign.errors import OutputError
from campaign.models import Disposition, ResultRow, RowStatus
from campaign.results import files, parquet, workbook
from campaign.results.table import Cell, Colour

FORMATS = (".csv", ".xlsx", ".jsonl", ".parquet")


def typed(path: Path) -> pyarrow.Table:
    """A Parquet file as it is."""
    with path.open("rb") as file:
        return pyarrow.parquet.read_table(file)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_table_replaces_a_file(tmp_path: Path, suffix: str) -> None:
    """Any table is counted, takes the place of the old file, and is readable by its owner only."""
    path = tmp_path / f"rejects{suffix}"
    path.write_text("old")
    path.chmod(0o644)

    written = files.write_table(path, ["phone", "row"], iter([("+12025550143", 2), ("x", None)]))

    assert written == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() != b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    """With any delimiter no cell falls apart into others, and no cell begins a formula."""
    path = tmp_path / "list.csv"
    cells = ["a,b;c\td|e", 'say "hi"', f"x{delimiter}=1+1", "two\nlines", "+12025550143", "=1+1", "\t=2", "x"]

    files.write_table(path, cells, [cells, cells], delimiter=delimiter)

    with path.open(encoding="utf-8", newline="") as file:
        read = list(csv.reader(file, delimiter=delimiter, strict=True))
    assert read == [[*cells[:5], "'=1+1", "'\t=2", "x"]] * 3


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_carriage_return_begins_no_row(tmp_path: Path, delimiter: str) -> None:
    """A lone carriage return is quoted, as spreadsheets take a bare one for the end of a row."""
    path = tmp_path / "list.csv"
    files.write_table(path, ["note", "b"], [("x\r=1+1", "y")], delimiter=delimiter)
    assert path.read_bytes() == f'note{delimiter}b\n"x\r=1+1"{delimiter}y\n'.encode()


def test_an_empty_cell_alone_in_its_row(tmp_path: Path) -> None:
    """A row of one empty cell is not a blank line, which readers skip."""
    path = tmp_path / "list.csv"
    files.write_table(path, ["phone"], [("",), (None,)])
    assert path.read_text(encoding="utf-8") == 'phone\n""\n""\n'


def test_marked_cells(tmp_path: Path) -> None:
    """The rules of a workbook colour the cells of one column by their text, below the header only."""
    path = tmp_path / "fixed.xlsx"
    marks: dict[str, dict[str, Colour]] = {
        "check_result": {"refused": "red", "repaired": "amber", 'a "b"': "grey"},
        "absent": {"x": "green"},
    }
    rows = [("+1", "refused"), ("+2", "repaired"), ("refused", 'a "b"')]

    files.write_table(path, ["phone", "check_result"], rows, marks=marks, sheet="fixed", widths={"phone": 30})

    book = openpyxl.load_workbook(path)
    [found] = book.active.conditional_formatting
    rules = {rule.formula[0]: rule.dxf.fill.bgColor.rgb for rule in found.rules}
    assert str(found.sqref) == "B2:B4"
    assert {rule.operator for rule in found.rules} == {"equal"}
    assert rules == {'"refused"': "FFFFC7CE", '"repaired"': "FFFFEB9C", '"a ""b"""': "FFE7E6E6"}
    assert {cell.style_id for [cell] in book.active["B2:B4"]} == {0}
    assert (book.active.title, round(book.active.column_dimensions["A"].width)) == ("fixed", 31)
    book.close()


def test_marks_without_rows(tmp_path: Path) -> None:
    """A header is never marked, even when nothing stands below it."""
    path = tmp_path / "fixed.xlsx"
    files.write_table(path, ["check_result"], [], marks={"check_result": {"check_result": "red"}})
    book = openpyxl.load_workbook(path)
    assert len(book.active.conditional_formatting) == 0
    book.close()


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_columns_that_need_names(tmp_path: Path, suffix: str) -> None:
    """Where columns are known by their names, blank and repeated ones keep their cells under new names."""
    path = tmp_path / f"out{suffix}"
    files.write_table(path, ["a", "", "a"], [("1", "2", "3")])
    if suffix == ".parquet":
        assert typed(path).to_pylist() == [{"a": "1", "column_2": "2", "a_2": "3"}]
    else:
        assert path.read_text(encoding="utf-8") == '{"a": "1", "column_2": "2", "a_2": "3"}\n'


def test_results_as_parquet(tmp_path: Path) -> None:
    """Numbers are numbers, times are UTC times, what is not known is null, the operator's cells are text."""
    path = tmp_path / "out.parquet"
    start = datetime(2026, 6, 3, 17, 0, 1, tzinfo=UTC)
    known = ResultRow(
        row_number=2, cells=("007", ""), status=RowStatus.COMPLETED, reason="", attempts=2,
        disposition=Disposition.ANSWERED, started_at=start, duration_seconds=61.0, cost_cents=0.5,
    )  # fmt: skip
    unknown = ResultRow(row_number=3, cells=("x", "NA"), status=RowStatus.WAITING, reason="", attempts=0)

    files.write(path, ["id", "note"], [known, unknown])

    content = typed(path)
    kinds = {field.name: str(field.type) for field in content.schema if str(field.type) != "string"}
    assert kinds == {
        "call_attempts": "int64",
        "call_started_at": "timestamp[us, tz=UTC]",
        "call_ended_at": "timestamp[us, tz=UTC]",
        "call_duration_seconds": "double",
        "call_cost_cents": "double",
        "call_credits_used": "double",
    }
    first, second = content.to_pylist()
    assert (first["id"], first["note"], first["call_disposition"]) == ("007", "", "answered")
    assert (first["call_attempts"], first["call_started_at"]) == (2, start)
    assert (first["call_duration_seconds"], first["call_cost_cents"]) == (61.0, 0.5)
    assert {name for name, value in second.items() if value is not None} == {
        "id", "note", "call_status", "call_attempts",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "cell", "groups"),
    [(parquet.BATCH_ROWS * 2 + 1, "x", 3), (5, "x" * (parquet.BATCH_CHARACTERS // 2), 3)],
)
def test_parquet_in_batches(tmp_path: Path, rows: int, cell: str, groups: int) -> None:
    """A long table is written in batches that are bounded in rows and in characters, and loses nothing."""
    path = tmp_path / "out.parquet"

    def numbered() -> Iterator[tuple[Cell, ...]]:
        for number in range(rows):
            yield cell, number

    assert files.write_table(path, ["text", "number"], numbered(), types={"number": int}) == rows
    with path.open("rb") as file:
        stored = pyarrow.parquet.ParquetFile(file)
        assert stored.metadata.num_row_groups == groups
        assert stored.read(["number"])["number"].to_pylist() == list(range(rows))


def test_a_cell_that_is_not_of_its_type(tmp_path: Path) -> None:
    """A text in a column of numbers is one line about the output, and the old file stands."""
    path = tmp_path / "out.parquet"
    path.write_text("old")
    with pytest.raises(OutputError, match=r"output .*out\.parquet: .*x"):
        files.write_table(path, ["row"], [(1,), ("x",)], types={"row": int})
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_says_nothing_else(tmp_path: Path) -> None:
    """When a Parquet file cannot be written, nothing but the error is said, even when all is collected."""
    script = (
        "import os, resource, sys\nfrom pathlib import Path\n"
        "from campaign.errors import OutputError\nfrom campaign.results import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))\n"
        "try: files.write_table(Path(sys.argv[1]), ['a'], [[os.urandom(9_000).hex()]])\n"
        "except OutputError as error: print(error)\n"
    )
    path = tmp_path / "out.parquet"
    ended = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, timeout=200
    )
    assert ended.stdout.startswith(f"output {path}: File too large; make room or mend its disk, ")
    assert ended.stdout.count("\n") == 1
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_has_so_many_columns(tmp_path: Path) -> None:
    """Columns that no spreadsheet has are refused with a cure, and not left out."""
    path = tmp_path / "wide.xlsx"
    header = [f"c{at}" for at in range(workbook.COLUMN_LIMIT + 1)]
    with pytest.raises(OutputError, match=r"holds 16,384 columns; choose \.csv, \.jsonl or \.parquet"):
        files.write_table(path, header, [])
    assert list(tmp_path.iterdir()) == []


def test_only_parquet_waits_for_its_library() -> None:
    """Results in the other formats do not load the library that Parquet needs."""
    script = "import sys, campaign.results.files; print('pyarrow' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
        timeout=200,
    )
    assert ended.stdout == "False\n"
