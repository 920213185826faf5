"""One job carried out under the ledger's lock: the plan, the question, the enrolment, the run."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from campaign.cli import output
from campaign.cli.plan import show_plan
from campaign.cli.question import is_agreed
from campaign.cli.recordings import keeping, open_shelf
from campaign.cli.recordings import note as recordings_note
from campaign.cli.unlimited import unlimited

if TYPE_CHECKING:
    from campaign.calls.report import RunReport
    from campaign.calls.timing import Timing
    from campaign.calls.watchdog import Watchdog
    from campaign.cli.job import Job
    from campaign.settings import Environment


def carry_out(
    job: "Job",
    environment: "Environment",
    result_path: Path,
    *,
    amend: bool,
    allow_invalid: bool,
    ask: bool,
    deadline: datetime | None,
    on_terminal: bool,
    accept_ledger: bool = False,
    recordings: Path | None = None,
    ledger_option: str | None = None,
    inputs: Sequence[Path] = (),
    timing: "Timing | None" = None,
    watchdog: "Watchdog | None" = None,
) -> "RunReport | None":
    """Plan, ask, enrol and run one job under the ledger's lock. None when the operator said no.

    What `--ledger` says is for advice to people. A watchdog, where one is given, is told how long each part
    of it may take, the closing of the ledger afterwards included.
    """
    import anyio
    import anyio.to_thread

    from campaign.calls.acquaintance import Acquaintance
    from campaign.calls.beside import run_beside
    from campaign.calls.ports import LedgerBesideLoop
    from campaign.calls.runner import run_campaign, utc_now
    from campaign.calls.timing import Timing
    from campaign.calls.watchdog import Watchdog
    from campaign.cli import job as jobs
    from campaign.cli import live
    from campaign.cli.agent import refuse_wrong_clock
    from campaign.cli.leftovers import LeftoverResults
    from campaign.cli.views import ledger_flag
    from campaign.ledger import ending, learnt
    from campaign.logs import get_logger
    from campaign.oneinbox.client import OneInbox
    from campaign.results import files

    ledger = job.ledger
    assert ledger is not None  # noqa: S101 - `prepare` was told to make one
    timing, watchdog = timing or Timing(), watchdog or Watchdog()
    refuse_wrong_clock(job.account, job.settings)
    watchdog.allow("taking up the ledger", timing.step_longest_s)
    files.check_output(result_path)
    with ledger.run_lock(
        f"campaign {job.name}", accept=accept_ledger, reader_patience_s=timing.reader_patience_s
    ) as held:
        now = datetime.now(UTC)
        shelf = None
        if recordings is not None:
            shelf = open_shelf(recordings, environment)
            job.notes.extend(filter(None, [recordings_note(agent_records=job.account.records)]))
        jobs.locate(job)
        jobs.refuse_broken_list(job, allow_invalid=allow_invalid)
        if on_terminal:
            for note in job.notes:
                output.say(f"note: {note}")
            planned = jobs.plan(job, now=now)
            show_plan(job.name, planned, output.console(), job.settings)
            if ask and planned.to_dial:
                with unlimited(
                    watchdog, "the question", then="reading the lists again", limit_s=timing.step_longest_s
                ):
                    people = f"Call {planned.to_dial:,} people?"
                    is_wanted = is_agreed(people, patience_s=timing.question_longest_s)
                if not is_wanted:
                    return None
                # It may have taken a while to answer, and the lock may have gone to another run.
                held.check()
                jobs.read_again(job)
                amend = True
        watchdog.allow("enrolling the list", timing.step_longest_s)
        files.remove_leftovers(result_path)
        campaign_id = jobs.enrol(job, amend=amend, now=now)
        ledger.write(ending.remember_output, campaign_id, str(result_path.resolve())).result()
        jobs.note_consent(job, campaign_id, now)
        if not on_terminal:
            for note in job.notes:
                get_logger(__name__).warning("list.note", note=note)

        def write_results() -> None:
            jobs.write_results(ledger, campaign_id, job.intake.headers, result_path)

        account = environment.account()
        habits = ledger.read(learnt.habits, account, utc_now())
        of_leftovers = LeftoverResults(ledger, [result_path, *inputs])

        async def main() -> "RunReport":
            api = OneInbox(
                environment.base_url(),
                environment.api_key(),
                max_connections=job.settings.pace.max_live_calls + 10,
                proxy=environment.proxy(),
                habits=habits,
            )
            async with (
                api,
                keeping(shelf, environment, agent_records=job.account.records) as how,
                anyio.create_task_group() as beside,
            ):
                beside.start_soon(watchdog.follow_loop)
                with live.shown(job.name, on_terminal=on_terminal) as on_progress:
                    report = await run_campaign(
                        campaign_id=campaign_id,
                        name=job.name,
                        settings=job.settings,
                        ledger=LedgerBesideLoop(ledger),
                        api=api,
                        write_results=lambda: anyio.to_thread.run_sync(write_results),
                        check_lock=lambda: anyio.to_thread.run_sync(held.check),
                        epoch=held.epoch,
                        on_progress=on_progress,
                        on_stall=watchdog.end,
                        suppressed=job.suppressed,
                        read_suppression=lambda: run_beside(lambda: job.lists.read(utc_now())),
                        read_calendar=lambda: run_beside(job.days_off.read),
                        spoken=job.spoken,
                        spoken_by=job.row_agents.spoken,
                        longest_call_s=job.longest_call_s,
                        calendar=job.calendar,
                        deadline=deadline,
                        ledger_flag=ledger_flag(ledger_option),
                        write_leftover=lambda left: anyio.to_thread.run_sync(of_leftovers.write, left),
                        keeping=how,
                        acquaintance=Acquaintance(account, habits, lambda: api.habits),
                        is_listened_to=lambda: anyio.to_thread.run_sync(ledger.is_listened_to),
                        timing=timing,
                    )
                beside.cancel_scope.cancel()
            return report

        try:
            return anyio.run(main)
        finally:
            watchdog.allow("closing the ledger", timing.step_longest_s)
