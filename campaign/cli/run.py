"""`campaign run`: the main job."""

import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaign.cli import output
from campaign.cli.files import refuse_to_overwrite
from campaign.cli.options import (
    AS_IT_IS,
    ConfigOption,
    DelimiterOption,
    EncodingOption,
    HiddenOption,
    JsonOption,
    LedgerOption,
    ListArgument,
    ListOptions,
    SheetOption,
    named,
)
from campaign.cli.plan import show_plan
from campaign.cli.question import is_agreed
from campaign.cli.recordings import keeping, open_shelf
from campaign.cli.recordings import note as recordings_note
from campaign.cli.summary import as_data, summarise
from campaign.cli.unlimited import unlimited
from campaign.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from campaign.calls.report import RunReport
    from campaign.calls.timing import Timing
    from campaign.calls.watchdog import Watchdog
    from campaign.cli.job import Job
    from campaign.settings import Environment


def run(
    contact_list: ListArgument,
    config: ConfigOption,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="NAME", help="The campaign; the same name goes on with the same campaign."
        ),
    ] = None,
    output_file: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Result file: .csv, .xlsx, .jsonl or .parquet."),
    ] = None,
    recordings: Annotated[
        str | None,
        typer.Option("--recordings", metavar="DIR", help="Keep what was recorded, while its links live."),
    ] = None,
    ledger: LedgerOption = None,
    deadline: Annotated[
        str | None,
        typer.Option(
            "--deadline", metavar="TIME", help="Dial no more after this: the next 06:30, or a span like 8h."
        ),
    ] = None,
    amend: Annotated[bool, typer.Option("--amend", help="Go on although the list has changed.")] = False,
    allow_invalid: Annotated[
        bool,
        typer.Option(
            "--allow-invalid", help="Go on although more rows are unusable than max_invalid allows."
        ),
    ] = False,
    accept_ledger: Annotated[
        bool,
        typer.Option(
            "--accept-ledger", help="Once: go on with a ledger that is a copy or was put back from a backup."
        ),
    ] = False,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    sheet: SheetOption = None,
    include_hidden: HiddenOption = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every call.")] = False,
) -> None:
    """Call the people of a list, follow every call, write the result file."""
    options = Options(
        contact_list=contact_list,
        config=config,
        name=name,
        output_file=output_file,
        recordings=named("--recordings", recordings),
        ledger=ledger,
        deadline=deadline,
        amend=amend,
        allow_invalid=allow_invalid,
        accept_ledger=accept_ledger,
        list_options=ListOptions(encoding, delimiter, sheet, include_hidden),
        yes=yes,
        as_json=as_json,
        verbose=verbose,
    )
    raise typer.Exit(execute(options))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line of `run` says."""

    contact_list: Path
    config: Path
    name: str | None = None
    output_file: Path | None = None
    recordings: Path | None = None
    ledger: str | None = None
    deadline: str | None = None
    amend: bool = False
    allow_invalid: bool = False
    accept_ledger: bool = False
    list_options: ListOptions = AS_IT_IS
    yes: bool = False
    as_json: bool = False
    verbose: bool = False


def execute(options: Options, *, timing: "Timing | None" = None) -> ExitCode:
    """Check everything, show the plan, ask, run, and say how it ended.

    Args:
        options: The command line.
        timing: How long the runner waits for what; the defaults suit real calls.

    Raises:
        CampaignError: It cannot start, or had to end early; the class has the exit code.
    """
    from campaign import logs
    from campaign.calls.timing import Timing
    from campaign.calls.watchdog import Watchdog
    from campaign.cli import job as jobs
    from campaign.hook.command import refuse_missing
    from campaign.settings import Environment

    on_terminal = output.is_terminal()
    quiet = logging.WARNING if on_terminal else logging.INFO
    logs.configure(level=logging.DEBUG if options.verbose else quiet)
    if not (options.yes or on_terminal):
        raise UsageError("there is no terminal to ask on; look at `campaign plan`, then add --yes")
    now = datetime.now().astimezone()
    until = read_deadline(options.deadline, now=now) if options.deadline is not None else None
    timing = timing or Timing()
    # Entered first, so that it watches whatever may hang, from the key's file to the closing of the ledger.
    with Watchdog(timing) as watchdog:
        watchdog.allow("reading the API key", timing.hang_s)
        environment = Environment()
        environment.check()
        watchdog.allow("reading the list", timing.step_longest_s)
        with jobs.prepare(
            options.contact_list,
            options.config,
            name=options.name,
            ledger=options.ledger,
            create_ledger=True,
            environment=environment,
            options=options.list_options,
            feeding=lambda: unlimited(
                watchdog, "standard input", then="reading the list", limit_s=timing.step_longest_s
            ),
        ) as job:
            refuse_missing(job.settings.hook)
            result_path = choose_output(job, options.output_file)
            sources = [options.contact_list, options.config, *job.settings.files_read]
            refuse_to_overwrite("--output", result_path, sources)
            report = carry_out(
                job,
                environment,
                result_path,
                recordings=options.recordings,
                amend=options.amend,
                allow_invalid=options.allow_invalid,
                accept_ledger=options.accept_ledger,
                ledger_option=options.ledger,
                ask=not options.yes,
                deadline=until,
                inputs=sources,
                on_terminal=on_terminal,
                timing=timing,
                watchdog=watchdog,
            )
    if report is None:
        output.say("Nobody was called.")
        return ExitCode.NOT_FINISHED
    if options.as_json:
        output.say_json(as_data(report, result_path, options.recordings))
    summarise(report, result_path, recordings=options.recordings, ledger=options.ledger)
    return report.exit_code


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


def choose_output(job: "Job", flag: Path | None) -> Path:
    """Where the result goes. Only the folder that nobody has named is made."""
    if flag is not None:
        return flag
    path = Path(job.settings.output.replace("{name}", job.name))
    if "output" not in job.settings.model_fields_set:
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
    return path


def read_deadline(text: str, *, now: datetime) -> datetime:
    """A time of day by this machine's clock (the next one that comes), or a span. Raises UsageError."""
    from campaign.settings import parse_duration

    if not text.strip():
        raise UsageError("--deadline: it is empty; write a time like 06:30, or a span like 8h")
    if match := re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip()):
        clock = time(int(match[1]), int(match[2]))
        today = now.astimezone().date()
        days = (datetime.combine(today + timedelta(days=ahead), clock) for ahead in (0, 1))
        # Where clocks are changed, it comes twice or not at all, and the offset is not that of now.
        instants = [day.replace(fold=fold).astimezone() for day in days for fold in (0, 1)]
        return min(instant for instant in instants if instant > now)
    try:
        return now + parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--deadline {text}: write a time like 06:30, or a span like 8h") from error
