"""Whether the table of the counts says what was counted, and with what."""

import os
import platform
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from tests.torture import table
from tests.torture.tally import Tally

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_a_row_says_what_was_found_and_with_what_it_was_measured() -> None:
    """Every count has a column of its own, and minutes mean something only beside machine and Python."""
    tally = Tally(Counter({"kills at a line": 12_345}), 1, 2, 3, 4, 5, 6, in_review=7, review_bound=8_000)
    tally.notes.append("100% of 9 lines")
    cells = [
        cell.strip() for cell in table.row("kills", tally, seconds=90, version="abc", now=NOON).split("|")
    ]
    assert cells[1:-2] == [
        "kills", "12,345 kills at a line; 100% of 9 lines", "1", "2", "3", "4", "5", "6", "7 (8,000)"
    ]  # fmt: skip
    python, cores = platform.python_version(), os.cpu_count()
    assert cells[-2] == f"2026-03-04, abc, Python {python}, {cores} cores, 1.5 min"


def test_a_row_takes_the_place_of_its_older_one(tmp_path: Path) -> None:
    """Rows stand in the order of the suites, and the text around them stays."""
    path = tmp_path / "GUARANTEES.md"
    path.write_text(f"before\n{table.BEGIN}\n{table.END}\nafter\n", encoding="utf-8")
    for suite, version in (("disk", "one"), ("kills", "one"), ("disk", "two")):
        table.put(path, suite, f"| {suite} | {version} |", ["kills", "disk"])
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [lines[0], lines[-1]] == ["before", "after"]
    assert lines[4:6] == ["| kills | one |", "| disk | two |"]
