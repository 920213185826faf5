"""The table of `GUARANTEES.md`: a row per suite, written by the run that counted it and by nothing else."""

import os
import platform
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.torture.tally import COUNTS, Tally

BEGIN, END = "<!-- counts: begin -->", "<!-- counts: end -->"
NOT_COUNTED = "–"
HEADER = (
    "suite", "injected", "double dials", "forbidden dials", "lost rows", "lost ids", "corrupt ledgers",
    "otherwise wrong", "left to a human (at most)", "measured",
)  # fmt: skip


def row(
    suite: str,
    tally: Tally,
    *,
    counted: Collection[str],
    seconds: float,
    version: str,
    now: datetime | None = None,
) -> str:
    """One line of the table.

    Args:
        suite: Its name.
        tally: What it has counted.
        counted: The counts that its oracle takes; a zero of any other would say what nobody has looked at.
        seconds: It has taken.
        version: What was tested.
        now: By default the present.
    """
    injected = ", ".join(f"{number:,} {kind}" for kind, number in tally.injected.items())
    day = f"{now or datetime.now(UTC):%Y-%m-%d}"
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    found = {name: getattr(tally, name) for name in COUNTS}
    in_review = f"{tally.in_review:,} ({tally.review_bound:,})"
    cells = (
        suite,
        "; ".join([injected, *tally.notes]),
        *(number if number or name in counted else NOT_COUNTED for name, number in found.items()),
        in_review if "in_review" in counted else NOT_COUNTED,
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
