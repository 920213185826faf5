"""Whether the table of the counts says what was counted, and with what."""

import os
import platform
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.torture import table
from tests.torture.suites import SUITES
from tests.torture.tally import COUNTS, Tally

GUARANTEES = (Path(__file__).parents[2] / "GUARANTEES.md").read_text(encoding="utf-8")
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def cells_of(suite: str, tally: Tally, counted: Collection[str]) -> list[str]:
    """Of a row of the table."""
    row = table.row(suite, tally, counted=counted, seconds=90, version="abc", now=NOON)
    return [cell.strip() for cell in row.split("|")]


def test_a_row_says_what_was_found_and_with_what_it_was_measured() -> None:
    """Every count has a column of its own, and minutes mean something only beside machine and Python."""
    tally = Tally(Counter({"kills at a line": 12_345}), 1, 2, 3, 4, 5, 6, in_review=7, review_bound=8_000)
    tally.notes.append("100% of 9 lines")
    cells = cells_of("kills", tally, {*COUNTS, "in_review"})
    assert cells[1:-2] == [
        "kills", "12,345 kills at a line; 100% of 9 lines", "1", "2", "3", "4", "5", "6", "7 (8,000)"
    ]  # fmt: skip
    python, cores = platform.python_version(), os.cpu_count()
    assert cells[-2] == f"2026-03-04, abc, Python {python}, {cores} cores, 1.5 min"


def test_a_count_that_nobody_takes_is_no_zero() -> None:
    """A suite without an oracle for calls says nothing of them, unless it has found something anyhow."""
    tally = Tally(Counter({"cells": 9}), lost_rows=3)
    assert cells_of("numbers", tally, {"wrong"})[3:-2] == ["–", "–", "3", "–", "–", "0", "–"]


STORED = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in GUARANTEES.partition(table.BEGIN)[2].partition(table.END)[0].strip().splitlines()[2:]
]
"""The cells of each row that a suite has left in the table."""


@pytest.mark.parametrize("cells", STORED, ids=lambda cells: cells[0])
def test_no_row_that_is_stored_counts_what_its_suite_does_not(cells: list[str]) -> None:
    """A digit there would say that somebody has looked, as a row may be older than the dashes."""
    counted = SUITES[cells[0]].counted
    for name, cell in zip([*COUNTS, "in_review"], cells[2:-1], strict=True):
        assert name in counted or cell == table.NOT_COUNTED, f"{cells[0]}: {name}"


def test_a_row_takes_the_place_of_its_older_one(tmp_path: Path) -> None:
    """Rows stand in the order of the suites, and the text around them stays."""
    path = tmp_path / "GUARANTEES.md"
    path.write_text(f"before\n{table.BEGIN}\n{table.END}\nafter\n", encoding="utf-8")
    for suite, version in (("disk", "one"), ("kills", "one"), ("disk", "two")):
        table.put(path, suite, f"| {suite} | {version} |", ["kills", "disk"])
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [lines[0], lines[-1]] == ["before", "after"]
    assert lines[4:6] == ["| kills | one |", "| disk | two |"]
