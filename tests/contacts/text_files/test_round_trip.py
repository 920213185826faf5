"""What a CSV writer writes comes back cell by cell."""

import csv
import io
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contacts.text_files.reading import rows

CELLS = st.text(
    st.one_of(
        st.sampled_from(",;\t|\"'\r\n +0\u2028\u00a0ë😀"),
        st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"),
    ),
    max_size=6,
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """A header and some rows, all of one width."""
    width = draw(st.integers(1, 4))
    header = [f"h{number}" for number in range(width)]
    return [header, *draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=8))]


@pytest.mark.parametrize(
    ("delimiter", "quoting", "end"),
    list(product(",;\t|", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL], ["\n", "\r\n", "\r"])),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(table=tables(), mark=st.booleans(), told=st.booleans())
def test_round_trip(
    tmp_path: Path, delimiter: str, quoting: Any, end: str, table: list[list[str]], mark: bool, told: bool
) -> None:
    """Every cell that Python's writer writes comes back as it was, under the row number of its record."""
    if quoting == csv.QUOTE_MINIMAL and len(end) == 1:
        # Before Python 3.13 the writer leaves the other line end unquoted.
        table = [[re.sub("[\r\n]", end, cell) for cell in cells] for cells in table]
    content = io.StringIO(newline="")
    csv.writer(content, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(table)
    encoded = content.getvalue().encode("utf-8-sig" if mark else "utf-8")
    option = delimiter if told or len(table[0]) == 1 else None
    assert rows(tmp_path, encoded, delimiter=option) == list(enumerate(table, 1))


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be"])
def test_long_list(tmp_path: Path, codec: str) -> None:
    """A list of many blocks, with quotes and line ends in cells, comes back whole and in order."""
    table = [["phone", "note"], *([f"+1202555{n:05}", "a\r\n, “b”" * (n % 7) + '"'] for n in range(20_000))]
    content = io.StringIO(newline="")
    csv.writer(content).writerows(table)
    assert rows(tmp_path, ("\ufeff" + content.getvalue()).encode(codec)) == list(enumerate(table, 1))
