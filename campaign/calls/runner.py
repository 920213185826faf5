"""The runner: one task group around dispatch, tracking, doubts and the result file, from start to end.

It can be killed at any instant. The next run finds in the ledger what this one knew.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from random import Random

import anyio

from campaign.calls import breaker, judging, watchers
from campaign.calls.acquaintance import Acquaintance
from campaign.calls.dispatch import Dispatcher
from campaign.calls.doubts import DoubtSettler
from campaign.calls.ending import Leftovers, WriteLeftover, end_overdue
from campaign.calls.late import LateResults
from campaign.calls.pace import LocalPace
from campaign.calls.ports import AskHook, AsyncLedger, CallsApi
from campaign.calls.progress import Progress, ProgressMeter
from campaign.calls.recordings import Keeping, Recorder
from campaign.calls.report import RunReport
from campaign.calls.run import Run, Step, steady_time
from campaign.calls.spending import Spending
from campaign.calls.stall import watch_stall
from campaign.calls.start import has_work, reach_api, recover, take_stock
from campaign.calls.timing import Timing
from campaign.calls.track import Tracker
from campaign.errors import CampaignError
from campaign.hook.ask import ask
from campaign.ledger import campaigns, ending, learnt, results, waiting
from campaign.rules.budget import call_length, terms_of
from campaign.settings import Calendar, CampaignSettings


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


async def run_campaign(
    *,
    campaign_id: int,
    name: str,
    settings: CampaignSettings,
    ledger: AsyncLedger,
    api: CallsApi,
    write_results: Callable[[], Awaitable[object]],
    on_progress: Callable[[Progress], None],
    on_stall: Callable[[CampaignError], None] | None = None,
    suppressed: Mapping[str, str] | None = None,
    read_suppression: Callable[[], Awaitable[Mapping[str, str]]] | None = None,
    read_calendar: Callable[[], Awaitable[Calendar]] | None = None,
    spoken: Sequence[str] = (),
    spoken_by: Mapping[str, Sequence[str]] | None = None,
    longest_call_s: float | None = None,
    calendar: Calendar | None = None,
    ask_hook: AskHook = ask,
    check_lock: Callable[[], Awaitable[object]] | None = None,
    epoch: int | None = None,
    deadline: datetime | None = None,
    write_leftover: WriteLeftover | None = None,
    keeping: Keeping | None = None,
    is_listened_to: Callable[[], Awaitable[bool]] | None = None,
    acquaintance: Acquaintance | None = None,
    ledger_flag: str = "",
    timing: Timing | None = None,
    now: Callable[[], datetime] = utc_now,
    steady: Callable[[], float] = steady_time,
    rng: Random | None = None,
    handle_signals: bool = True,
    follow: bool = True,
    follow_others: bool = True,
) -> RunReport:
    """Do what is left to do of one campaign. The caller holds the ledger's run lock.

    Args:
        campaign_id: The campaign, enrolled in the ledger.
        name: Its name, sent along with each call.
        settings: Its campaign file.
        ledger: The truth.
        api: An open client.
        write_results: Writes the result file from the ledger, beside the event loop.
        on_progress: Told about once a second how the run stands.
        on_stall: Told once when nothing moves any more. The run tries to end then; what hangs may keep it.
        suppressed: Numbers that the campaign file's lists forbid, with the reason.
        read_suppression: Reads them again, beside the event loop. When it fails, nobody is dialled any more.
        read_calendar: The same for the calendar.
        spoken: Variables that the campaign's agent says; who has no value for one is not dialled.
        spoken_by: The same for agents that rows name, as far as they were asked.
        longest_call_s: How long the agents let a call last; None when they were not asked or do not say.
        calendar: The days off. Without it nobody is called where the campaign file has any.
        ask_hook: Asks the hook of the campaign file, where there is one.
        check_lock: Raises LedgerError when the run lock no longer keeps other runs out.
        epoch: That of the run lock. Nobody is dialled any more when another run has begun one.
        deadline: When dialling stops at the latest. Calls that are live then are followed to their end.
        write_leftover: Writes the result of an earlier day's campaign again, which this one has followed.
        keeping: How recordings are kept; None when they are not.
        is_listened_to: Whether a listener leaves hints in the ledger; None where there can be none.
        acquaintance: What is known of the account; what is learnt is kept for the next run.
        ledger_flag: What a command that is advised needs to open the same ledger: an option after a blank.
        timing: Waits; the defaults suit real calls.
        now: The wall clock.
        steady: A clock in seconds that nobody can set.
        rng: Source of jitter.
        handle_signals: Whether SIGINT, SIGTERM and SIGHUP drain the run.
        follow: Whether its calls are followed until they have settled. If not, they are left to the next run
            as soon as it is known that they were placed.
        follow_others: The same for calls that other campaigns have left.

    Raises, possibly within an exception group:
        OutputError: The result file cannot be written. Nobody has been called when that shows at the start.
        LedgerError: The ledger cannot be read or written, or the run lock was lost before the run began.
        InterruptedTwice: A second signal came.
    """
    timing, rng = timing or Timing(), rng or Random()
    run = Run(
        campaign_id=campaign_id,
        name=name,
        settings=settings,
        ledger=ledger,
        api=api,
        pace=LocalPace(settings.pace, rng=rng, per_number=settings.from_number_limits.calls_per_second),
        timing=timing,
        now=now,
        steady=steady,
        ledger_flag=ledger_flag,
        epoch=epoch,
        deadline=deadline,
        suppressed=suppressed or {},
        spoken=tuple(spoken),
        spoken_by=spoken_by or {},
        spending=Spending(terms_of(settings, call_length(longest_call_s, settings))),
        agents_longest_s=call_length(longest_call_s, settings),
        calendar=calendar,
        acquaintance=acquaintance or Acquaintance(),
        ask_hook=ask_hook,
        follows=follow,
    )

    async def write_noted() -> None:
        with run.signs.step(Step.RESULTS):
            await write_results()

    async with anyio.create_task_group() as beside:
        beside.start_soon(watch_stall, run, on_stall or (lambda _error: None))
        # Until the last result is written, a signal must find somebody who knows what to do.
        if handle_signals:
            beside.start_soon(watchers.watch_signals, run)
        if check_lock is not None:
            # Whoever has the lock by now has requests under way, which this run would take for cut off.
            with run.signs.step(Step.LEDGER):
                await check_lock()
            beside.start_soon(watchers.watch_lock, run, check_lock)
        if read_suppression is not None:
            beside.start_soon(watchers.watch_suppression, run, read_suppression)
        if read_calendar is not None:
            beside.start_soon(watchers.watch_calendar, run, read_calendar)
        if deadline is not None:
            beside.start_soon(watchers.watch_deadline, run, deadline)
        try:
            report = await _work(
                run,
                write_noted,
                on_progress,
                write_leftover,
                Recorder(run, keeping),
                is_listened_to,
                follow_others=follow_others,
            )
        except Exception:
            # Whatever went wrong, what is known by now is for the operator.
            with suppress(Exception):
                await write_noted()
            raise
        beside.cancel_scope.cancel()
    return report


async def _work(
    run: Run,
    write_results: Callable[[], Awaitable[object]],
    on_progress: Callable[[Progress], None],
    write_leftover: WriteLeftover | None,
    recorder: Recorder,
    is_listened_to: Callable[[], Awaitable[bool]] | None,
    *,
    follow_others: bool,
) -> RunReport:
    tracker = Tracker(run, recorder)
    doubts = DoubtSettler(run, tracker)
    meter = ProgressMeter(run, on_progress)
    run.started_at = await run.fetch(campaigns.started_at, run.campaign_id)
    await run.commit(waiting.release_holds, run.campaign_id)
    await judging.keep(run)
    await breaker.take_up(run)
    await write_results()
    await recover(run, tracker, others=follow_others)
    await end_overdue(run)
    leftovers = Leftovers(run)
    await take_stock(run)
    await recorder.take_up()
    late = LateResults(run)
    work_is_left = await has_work(run)
    if not work_is_left:
        await doubts.look_again()
        work_is_left = run.has_open_attempts
    if not work_is_left:
        await late.look()
        await recorder.work_alone()
    if work_is_left and await reach_api(run, tracker) and breaker.is_clock_right(run):
        # Whoever has asked by now not to be called again is not.
        await late.look()
        if run.campaign_id in late.measured:
            await take_stock(run)
        late.measured.clear()
        breaker.stay_open(run)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tracker.run)
            tasks.start_soon(watchers.watch_clock, run)
            if is_listened_to is not None:
                tasks.start_soon(watchers.watch_hints, run, tracker, is_listened_to)
            await doubts.look_again()
            await doubts.settle()
            await leftovers.close()
            tasks.start_soon(doubts.run)
            tasks.start_soon(watchers.refresh_results, run, write_results)
            tasks.start_soon(meter.run)
            tasks.start_soon(recorder.run)
            await Dispatcher(run, tracker, late).run()
            if run.leave_at_once and run.stop_error is None:
                await tracker.leave()
            await recorder.finish()
            tasks.cancel_scope.cancel()
        await late.look_once_more()
    if run.campaign_id in late.measured:
        await take_stock(run)
    await end_overdue(run)
    # Calls that have ended meanwhile may have let rows of theirs wait for another try.
    await leftovers.close()
    with run.signs.step(Step.RESULTS):
        followed = await leftovers.report(write_leftover)
        if write_leftover is not None:
            touched = (late.changed | run.touched) - leftovers.campaign_ids - {run.campaign_id}
            for older in await run.fetch(ending.written_before, touched):
                await write_leftover(older)
    if run.acquaintance.account and (news := run.acquaintance.news()):
        await run.commit(learnt.keep, run.acquaintance.account, news, run.now())
    # Last, so that a run that is killed before finds its leftovers again.
    await run.commit(campaigns.finish_settled, run.now())
    await write_results()
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
        opt_outs=run.opt_outs,
        openings=tuple(run.breaker.lasting),
        outlay=run.spending.outlay(),
        limits=run.settings.budget.limits,
        leftovers=followed,
        unmapped=await run.fetch(results.unmapped, run.campaign_id),
        kept=recorder.kept,
    )
