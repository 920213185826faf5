"""The table of `GUARANTEES.md`: a row per suite, written by the run that counted it and by nothing else."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.torture.tally import Tally

BEGIN, END = "<!-- counts: begin -->", "<!-- counts: end -->"
HEADER = (
    "suite", "injected", "double dials", "forbidden dials", "lost rows", "lost ids", "corrupt ledgers",
    "otherwise wrong", "left to a human (at most)", "measured",
)  # fmt: skip


def row(suite: str, tally: Tally, *, seconds: float, version: str, now: datetime | None = None) -> str:
    """One line of the table."""
    injected = ", ".join(f"{number:,} {kind}" for kind, number in tally.injected.items())
    day = f"{now or datetime.now(UTC):%Y-%m-%d}"
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    cells = (
        suite,
        "; ".join([injected, *tally.notes]),
        tally.double_dials,
        tally.forbidden_dials,
        tally.lost_rows,
        tally.lost_ids,
        tally.corrupt_ledgers,
        tally.wrong,
        f"{tally.in_review:,} ({tally.review_bound:,})",
        f"{day}, {version}, {machine}, {seconds / 60:.1f} min",
    )
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def put(path: Path, suite: str, line: str, order: Sequence[str]) -> None:
    """Put a suite's row in place of its old one; rows stand in the order of the suites."""
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    table, after = rest.split(END)
    rows = {line.split("|")[1].strip(): line for line in table.strip().splitlines()[2:]}
    rows[suite] = line
    lines = [
        f"| {' | '.join(HEADER)} |",
        f"|{'---|' * len(HEADER)}",
        *(rows[name] for name in order if name in rows),
    ]
    path.write_text("\n".join([f"{before}{BEGIN}", *lines, f"{END}{after}"]), encoding="utf-8")
