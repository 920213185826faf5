"""The live view of a run on a terminal, and one quiet log line per interval elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from campaign.calls.progress import Progress
from campaign.cli import output
from campaign.logs import get_logger
from campaign.models import FINAL_STATUSES, RowStatus

QUIET_INTERVAL_S = 30.0

log = get_logger("campaign.run")


@contextmanager
def shown(name: str, *, on_terminal: bool) -> Iterator[Callable[[Progress], None]]:
    """Give the function that shows how a run stands."""
    if not on_terminal:
        yield _quiet(name)
        return
    with Live(console=output.console(), refresh_per_second=4, transient=True) as live:
        yield lambda progress: live.update(_view(name, progress))


def _quiet(name: str) -> Callable[[Progress], None]:
    last_at = time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal last_at
        if time.monotonic() - last_at < QUIET_INTERVAL_S:
            return
        last_at = time.monotonic()
        log.info(
            "run.progress",
            campaign=name,
            final=_final(progress),
            rows=sum(progress.counts.values()),
            dialled=progress.dials,
            live=progress.live,
            waiting_for=progress.waiting_for or None,
            stopped=len(progress.stopped_because) or None,
        )

    return report


def _view(name: str, progress: Progress) -> RenderableType:
    rows, final = sum(progress.counts.values()), _final(progress)
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text(name, style="bold"),
        ProgressBar(total=max(rows, 1), completed=final, width=40),
        Text(f"{final:,} of {rows:,} rows final"),
    )
    body = Table.grid(padding=(0, 2))
    body.add_row(
        "dialled", f"{progress.dials:,}, now {progress.rate:.1f} per second of {progress.limit:g} allowed"
    )
    body.add_row("live", f"{progress.live:,}")
    body.add_row("finished", output.listing({str(k): v for k, v in progress.dispositions.items()}) or "-")
    waiting = progress.counts.get(RowStatus.WAITING, 0)
    why = f", next one waits for {progress.waiting_for}" if waiting and progress.waiting_for else ""
    body.add_row("to dial", f"{waiting:,}{why}")
    for status, meaning in (
        (RowStatus.IN_DOUBT, "looking the call up at OneInbox"),
        (RowStatus.NEEDS_REVIEW, "a human must decide"),
    ):
        if number := progress.counts.get(status):
            body.add_row(Text(status.replace("_", " "), style="yellow"), f"{number:,}, {meaning}")
    for cause in progress.stopped_because:
        body.add_row(Text("stopped", style="red"), Text(cause))
    body.add_row("expected end", _end(progress))
    return Group(head, body)


def _end(progress: Progress) -> str:
    if progress.left_s is None:
        return "-"
    at = datetime.now().astimezone() + timedelta(seconds=progress.left_s)
    return f"{at:%H:%M:%S}, in {output.span(progress.left_s)}"


def _final(progress: Progress) -> int:
    return sum(number for status, number in progress.counts.items() if status in FINAL_STATUSES)
