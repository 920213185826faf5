"""Progress: how a run stands, about once a second, for whoever shows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import anyio

from campaign.calls.run import Run
from campaign.ledger import results
from campaign.models import FINAL_STATUSES, Disposition, RowStatus

ENOUGH_ROWS = 5
"""After so many finished rows the run's speed says something about its end."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How a run stands at one moment."""

    counts: Mapping[RowStatus, int]
    dispositions: Mapping[Disposition, int]
    dials: int
    """Tries of this campaign that count."""
    live: int
    rate: float
    """Call starts per second, measured over the last seconds."""
    limit: float
    """Call starts per second that are allowed at present."""
    waiting_for: str
    """Why no call starts at this moment; empty when nothing holds it up."""
    elapsed_s: float
    left_s: float | None
    """Expected time to the end; None while nothing is known."""
    stopped_because: tuple[str, ...] = ()
    """What the breaker holds."""


class ProgressMeter:
    """Reads the ledger, as the one place that knows, and reports."""

    def __init__(self, run: Run, report: Callable[[Progress], None]) -> None:
        self._run = run
        self._report = report
        self._started_at = anyio.current_time()
        self._unfinished_at_start: int | None = None
        self._last: tuple[float, int] | None = None
        self._rate = 0.0

    async def run(self) -> None:
        """Report for as long as the run lasts."""
        while True:
            self._report(await self.read())
            await anyio.sleep(self._run.timing.progress_s)

    async def read(self) -> Progress:
        """How the run stands now."""
        run = self._run
        standing = await run.fetch(results.standing, run.campaign_id)
        now = anyio.current_time()
        unfinished = sum(number for status, number in standing.counts.items() if status not in FINAL_STATUSES)
        if self._unfinished_at_start is None:
            self._unfinished_at_start = unfinished
        return Progress(
            counts=standing.counts,
            dispositions=standing.dispositions,
            dials=standing.dials,
            live=len(run.live),
            rate=self._measure_rate(now, standing.dials),
            limit=run.pace.rate,
            waiting_for=run.waiting_for,
            elapsed_s=now - self._started_at,
            left_s=self._expected_end(now, unfinished),
            stopped_because=tuple(opening.cause for opening in run.breaker.openings),
        )

    def _measure_rate(self, now: float, dials: int) -> float:
        if self._last is not None and now > self._last[0]:
            latest = (dials - self._last[1]) / (now - self._last[0])
            self._rate += 0.3 * (latest - self._rate)
        self._last = (now, dials)
        return self._rate

    def _expected_end(self, now: float, unfinished: int) -> float | None:
        finished = (self._unfinished_at_start or 0) - unfinished
        if finished < ENOUGH_ROWS:
            return None
        return unfinished * (now - self._started_at) / finished
