"""Parquet files: typed columns in, text out."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from campaign.contacts.files import limits
from campaign.errors import ListError
from tests.contacts.workbooks.books import read


def write(folder: Path, **columns: Any) -> Path:
    """A Parquet file with these columns."""
    path = folder / "list.parquet"
    pa.parquet.write_table(pa.table(columns), path)
    return path


VALUES: list[tuple[Any, str]] = [
    (pa.array(["+14155551234"]), "+14155551234"),
    (pa.array(["NA"]), "NA"),
    (pa.array([None], pa.string()), ""),
    (pa.array([None]), ""),
    (pa.array(["x"]).dictionary_encode(), "x"),
    (pa.array([14155551234]), "14155551234"),
    (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
    (pa.array([14155551234.0]), "14155551234"),
    (pa.array([0.1 + 0.2]), "0.30000000000000004"),
    (pa.array([0.1], pa.float32()), "0.1"),
    (pa.array([4155551.5], pa.float32()), "4155551.5"),
    (pa.array([16_777_215.0], pa.float32()), "16777215"),
    (pa.array([0.1], pa.float32()).cast(pa.float16()), "0.099976"),
    (pa.array([float("nan")]), ""),
    (pa.array([True]), "TRUE"),
    (pa.array([False]), "FALSE"),
    (pa.array([Decimal("14155551234.50")]), "14155551234.50"),
    (pa.array([date(2026, 1, 2)]), "2026-01-02"),
    (pa.array([time(9, 30)]), "09:30:00"),
    (pa.array([datetime(2026, 1, 2, 9, 30)]), "2026-01-02 09:30:00"),  # noqa: DTZ001
    (pa.array([1], pa.timestamp("ns")), "1970-01-01 00:00:00.000000001"),
    (
        pa.array([datetime(2026, 1, 2, 9, tzinfo=UTC)], pa.timestamp("us", "Asia/Kolkata")),
        "2026-01-02 09:00:00Z",
    ),
]


def test_values(tmp_path: Path) -> None:
    """A value becomes its exact text, and no whole number a float."""
    path = write(tmp_path, **{f"c{n}": column for n, (column, _) in enumerate(VALUES)})
    header, row = read(path)
    assert header == (1, [f"c{n}" for n in range(len(VALUES))])
    assert row == (2, [text for _, text in VALUES])


@pytest.mark.parametrize(
    "column", [pa.array([[1]]), pa.array([{"a": 1}]), pa.array([b"x"]), pa.array([1], pa.duration("s"))]
)
def test_columns_that_are_no_text(tmp_path: Path, column: Any) -> None:
    """A nested or binary column is refused by its name."""
    with pytest.raises(ListError, match=r"list\.parquet: the column 'odd' is of the type .* leave it out"):
        read(write(tmp_path, phone=["+1"], odd=column))


@pytest.mark.parametrize(
    ("kind", "value"),
    [("halffloat", 2_048.0), ("float", 16_777_216.0), ("float", 14155551234.0), ("double", 1e15)],
)
def test_floats_that_lose_digits(tmp_path: Path, kind: str, value: float) -> None:
    """A column whose type cannot hold all digits of its numbers is refused by its name."""
    column = pa.array([1.0, value]).cast(pa.type_for_alias(kind))
    with pytest.raises(ListError, match=f"the column 'phone' is of type '{kind}', which loses digits of"):
        read(write(tmp_path, phone=column))


def test_control_characters(tmp_path: Path) -> None:
    """A character that a text file may not hold is refused by its cell, also in a heading."""
    with pytest.raises(ListError, match=r"cell A2: the control character U\+0007"):
        read(write(tmp_path, phone=["+1\x07"]))
    with pytest.raises(ListError, match=r"cell A1: the control character U\+001B"):
        read(write(tmp_path, **{"a\x1b": ["+1"]}))


def test_long_cells(tmp_path: Path) -> None:
    """A cell may be as long as in a text file, and no longer."""
    text = "x" * limits.TEXT_CELL_CHARACTERS
    assert read(write(tmp_path, note=[text]))[1] == (2, [text])
    with pytest.raises(ListError, match="cell A2 holds more than 200,000 characters; shorten it"):
        read(write(tmp_path, note=[text + "x"]))


def test_long_names(tmp_path: Path) -> None:
    """A name of a megabyte does not fill the screen."""
    with pytest.raises(ListError) as caught:
        read(write(tmp_path, **{"p" * 1_000_000: [b"x"]}))
    assert len(str(caught.value)) < 500


def test_many_rows(tmp_path: Path) -> None:
    """Rows are numbered from 2, across batches."""
    content = read(write(tmp_path, n=list(range(3_500))))
    assert [number for number, _ in content] == list(range(1, 3_502))
    assert content[-1] == (3_501, ["3499"])


def test_too_many_columns(tmp_path: Path) -> None:
    """More columns than any list has are refused."""
    with pytest.raises(ListError, match=f"it has {limits.COLUMNS + 1} columns, more than {limits.COLUMNS}"):
        read(write(tmp_path, **{f"c{n}": [1] for n in range(limits.COLUMNS + 1)}))


@pytest.mark.parametrize("content", [b"PAR1 this is not what it says PAR1", b"PAR1", b"\0" * 100])
def test_damaged(tmp_path: Path, content: bytes) -> None:
    """What is no Parquet file gets one line."""
    path = tmp_path / "list.parquet"
    path.write_bytes(content)
    with pytest.raises(ListError, match="not a Parquet file that can be read") as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_broken_text(tmp_path: Path) -> None:
    """A text column that is not UTF-8 is refused, not guessed at."""
    broken = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")]
    )
    with pytest.raises(ListError, match="not a Parquet file that can be read"):
        read(write(tmp_path, phone=broken))
