"""The runner: one task group around dispatch, tracking, doubts and the result file, from start to end.

It can be killed at any instant. The next run finds in the ledger what this one knew.
"""

import signal
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import anyio
import anyio.to_thread

from campaign.calls.dispatch import Dispatcher
from campaign.calls.doubts import DoubtSettler
from campaign.calls.pace import LocalPace
from campaign.calls.progress import Progress, ProgressMeter
from campaign.calls.run import Run
from campaign.calls.timing import Timing
from campaign.calls.track import Tracker
from campaign.errors import ApiUnavailableError, CampaignError, ExitCode, OutputError
from campaign.ledger import attempts, calls, campaigns, waiting
from campaign.ledger.ledger import Ledger
from campaign.logs import get_logger
from campaign.models import FINAL_STATUSES, Disposition, RowStatus
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError, Fatal, NotFound, Throttled, Unsupported
from campaign.settings import CampaignSettings

log = get_logger(__name__)


class InterruptedTwice(BaseException):
    """A second signal: the operator wants out at once."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended."""

    name: str
    counts: Mapping[RowStatus, int]
    dispositions: Mapping[Disposition, int]
    dials: int
    elapsed_s: float
    stop_error: CampaignError | None
    stop_notice: str
    next_due: datetime | None

    @property
    def unfinished(self) -> int:
        """Rows that are not final."""
        return sum(number for status, number in self.counts.items() if status not in FINAL_STATUSES)

    @property
    def exit_code(self) -> ExitCode:
        """What the process says to cron."""
        if self.stop_error is not None:
            return self.stop_error.exit_code
        if self.unfinished:
            return ExitCode.NOT_FINISHED
        return ExitCode.NEEDS_REVIEW if self.counts.get(RowStatus.NEEDS_REVIEW) else ExitCode.OK


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


async def run_campaign(
    *,
    campaign_id: int,
    name: str,
    settings: CampaignSettings,
    ledger: Ledger,
    api: OneInbox,
    write_results: Callable[[], object],
    on_progress: Callable[[Progress], None],
    suppressed: Mapping[str, str] | None = None,
    deadline: datetime | None = None,
    timing: Timing | None = None,
    now: Callable[[], datetime] = utc_now,
    rng: Random | None = None,
    handle_signals: bool = True,
) -> RunReport:
    """Do what is left to do of one campaign. The caller holds the ledger's run lock.

    Args:
        campaign_id: The campaign, enrolled in the ledger.
        name: Its name, sent along with each call.
        settings: Its campaign file.
        ledger: The truth.
        api: An open client.
        write_results: Writes the result file from the ledger; runs in a thread.
        on_progress: Told about once a second how the run stands.
        suppressed: Numbers that the campaign file's lists forbid, with the reason.
        deadline: When dialling stops at the latest. Calls that are live then are followed to their end.
        timing: Waits; the defaults suit real calls.
        now: The wall clock.
        rng: Source of jitter.
        handle_signals: Whether SIGINT, SIGTERM and SIGHUP drain the run.

    Raises, possibly within an exception group:
        OutputError: The result file cannot be written. Nobody has been called when that shows at the start.
        LedgerError: The ledger cannot be read or written.
        InterruptedTwice: A second signal came.
    """
    timing, rng = timing or Timing(), rng or Random()
    run = Run(
        campaign_id=campaign_id,
        name=name,
        settings=settings,
        ledger=ledger,
        api=api,
        pace=LocalPace(settings.pace, rng=rng),
        timing=timing,
        now=now,
        suppressed=suppressed or {},
    )
    async with anyio.create_task_group() as watchers:
        # Until the last result is written, a signal must find somebody who knows what to do.
        if handle_signals:
            watchers.start_soon(_watch_signals, run)
        if deadline is not None:
            watchers.start_soon(_watch_deadline, run, deadline)
        try:
            report = await _work(run, write_results, on_progress)
        except Exception:
            # Whatever went wrong, what is known by now is for the operator.
            with suppress(Exception):
                await anyio.to_thread.run_sync(write_results)
            raise
        watchers.cancel_scope.cancel()
    return report


async def _work(
    run: Run, write_results: Callable[[], object], on_progress: Callable[[Progress], None]
) -> RunReport:
    tracker = Tracker(run)
    doubts = DoubtSettler(run, tracker)
    meter = ProgressMeter(run, on_progress)
    await run.commit(waiting.release_holds, run.campaign_id)
    await anyio.to_thread.run_sync(write_results)
    await _recover(run, tracker)
    if await _has_work(run) and await _reach_api(run):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tracker.run)
            await doubts.settle()
            tasks.start_soon(doubts.run)
            tasks.start_soon(_refresh_results, run, write_results)
            tasks.start_soon(meter.run)
            await Dispatcher(run, tracker).run()
            tasks.cancel_scope.cancel()
    await run.commit(campaigns.finish_settled, run.now())
    await anyio.to_thread.run_sync(write_results)
    progress = await meter.read()
    on_progress(progress)
    return RunReport(
        name=run.name,
        counts=progress.counts,
        dispositions=progress.dispositions,
        dials=progress.dials,
        elapsed_s=progress.elapsed_s,
        stop_error=run.stop_error,
        stop_notice=run.stop_notice,
        next_due=run.next_due,
    )


async def _recover(run: Run, tracker: Tracker) -> None:
    """Take up what earlier runs left: requests cut off in the middle, doubts, calls that have not settled.

    Those of other campaigns are brought to their end as well, since nobody else would; none of their rows is
    dialled.
    """
    interrupted = await run.commit(attempts.doubt_interrupted, run.now())
    for doubt in await run.fetch(attempts.doubts):
        run.doubt(doubt.attempt_id, own=False)
    left_over = await run.fetch(calls.open_calls, run.campaign_id)
    for record in left_over:
        tracker.follow(record)
    if interrupted or left_over:
        log.info("run.recovered", in_doubt=interrupted, calls=len(left_over))


async def _has_work(run: Run) -> bool:
    counts = await run.fetch(campaigns.counts, run.campaign_id)
    return run.has_open_attempts or any(status not in FINAL_STATUSES for status in counts)


async def _reach_api(run: Run) -> bool:
    """Ask OneInbox for one page before anybody is called: is it there, and does it take the key?"""
    give_up_at = anyio.current_time() + run.timing.preflight_s
    while not run.is_stopping:
        try:
            async with aclosing(run.api.recent_calls(run.settings.agent_id)) as pages:
                await anext(pages)
        except (Unsupported, NotFound):
            # Without a list, calls are followed one by one.
            return True
        except Fatal as error:
            run.halt(error.stop_reason(), leave=True)
        except Throttled as error:
            run.pace.pause(error.retry_after_s or run.timing.backoff_s)
            return True
        except ApiError as error:
            if anyio.current_time() + run.timing.backoff_s > give_up_at:
                problem = f"{error}; check ONEINBOX_BASE_URL and the network. Nobody was called"
                run.halt(ApiUnavailableError(problem), leave=True)
            else:
                await anyio.sleep(run.timing.backoff_s)
        else:
            return True
    return False


async def _watch_signals(run: Run) -> None:
    numbers = [signal.SIGINT, signal.SIGTERM]
    # Under nohup a hang-up is ignored, and stays so.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    with anyio.open_signal_receiver(*numbers) as signals:
        is_draining = False
        async for number in signals:
            if is_draining:
                raise InterruptedTwice
            is_draining = True
            log.warning("run.draining", signal=number.name)
            run.drain(f"stopped by {number.name}", leave=True)


async def _watch_deadline(run: Run, deadline: datetime) -> None:
    # In steps, as the wall clock may be set or the machine suspended meanwhile.
    while (left_s := (deadline - run.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a time, not an event
        await anyio.sleep(min(left_s, 60.0))
    # Calls that are live are followed to their end: tomorrow's run may be of another campaign.
    run.drain("the deadline has come", leave=False)


async def _refresh_results(run: Run, write_results: Callable[[], object]) -> None:
    """Keep the result file fresh, at a bounded share of the run's time."""
    wait_s = run.timing.refresh_min_s
    while True:
        await anyio.sleep(wait_s)
        before = anyio.current_time()
        try:
            await anyio.to_thread.run_sync(write_results)
        except OutputError as error:
            # At the end of the run it is tried again, and then it counts.
            log.warning("results.unwritable", error=str(error))
        took_s = anyio.current_time() - before
        wait_s = max(run.timing.refresh_min_s, took_s / run.timing.refresh_share)
