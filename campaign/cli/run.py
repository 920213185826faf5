"""`campaign run`: the main job."""

import logging
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaign.cli import output
from campaign.cli.lists import ConfigOption, JsonOption, LedgerOption, ListArgument, show_plan
from campaign.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from campaign.calls.plan import Plan
    from campaign.calls.runner import RunReport
    from campaign.calls.timing import Timing
    from campaign.cli.job import Job
    from campaign.settings import Environment


def run(
    contact_list: ListArgument,
    config: ConfigOption,
    name: Annotated[
        str | None, typer.Option("--name", help="The campaign; the same name goes on with the same campaign.")
    ] = None,
    output_file: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Result file: .csv, .xlsx or .jsonl."),
    ] = None,
    ledger: LedgerOption = None,
    deadline: Annotated[
        str | None,
        typer.Option("--deadline", metavar="TIME", help="Dial no more after this: 06:30, or a span like 8h."),
    ] = None,
    amend: Annotated[bool, typer.Option("--amend", help="Go on although the list has changed.")] = False,
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
        ledger=ledger,
        deadline=deadline,
        amend=amend,
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
    ledger: str | None = None
    deadline: str | None = None
    amend: bool = False
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
    from campaign.cli import job as jobs
    from campaign.settings import Environment

    on_terminal = output.is_terminal()
    quiet = logging.WARNING if on_terminal else logging.INFO
    logs.configure(level=logging.DEBUG if options.verbose else quiet)
    if not (options.yes or on_terminal):
        raise UsageError("nobody is here to be asked; look at `campaign plan`, then run with --yes")
    now = datetime.now().astimezone()
    until = read_deadline(options.deadline, now=now) if options.deadline else None
    environment = Environment()
    environment.api_key()
    environment.base_url()
    environment.proxy()
    with jobs.prepare(
        options.contact_list,
        options.config,
        name=options.name,
        ledger=options.ledger,
        create_ledger=True,
        environment=environment,
    ) as job:
        result_path = choose_output(job, options.output_file)
        refuse_to_overwrite(result_path, [options.contact_list, options.config, *job.settings.suppression])
        report = carry_out(
            job,
            environment,
            result_path,
            amend=options.amend,
            ask=not options.yes,
            deadline=until,
            on_terminal=on_terminal,
            timing=timing,
        )
    if report is None:
        output.say("Nobody was called.")
        return ExitCode.NOT_FINISHED
    if options.as_json:
        output.say_json(as_data(report, result_path))
    summarise(report, result_path)
    return report.exit_code


def carry_out(
    job: "Job",
    environment: "Environment",
    result_path: Path,
    *,
    amend: bool,
    ask: bool,
    deadline: datetime | None,
    on_terminal: bool,
    timing: "Timing | None" = None,
) -> "RunReport | None":
    """Plan, ask, enrol and run one job under the ledger's lock. None when the operator said no."""
    import anyio

    from campaign.calls.runner import run_campaign
    from campaign.cli import job as jobs
    from campaign.cli import live
    from campaign.oneinbox.client import OneInbox
    from campaign.results import files

    ledger = job.ledger
    assert ledger is not None  # noqa: S101 - `prepare` was told to make one
    files.check_output(result_path)
    with ledger.run_lock(f"campaign {job.name}"):
        now = datetime.now(UTC)
        jobs.locate(job)
        if on_terminal:
            planned = jobs.plan(job, now=now)
            show_plan(job.name, planned, pace=job.settings.pace.calls_per_second, stderr=True)
            if ask and planned.to_dial:
                if not _confirmed(planned):
                    return None
                amend = True
        files.remove_leftovers(result_path)
        campaign_id = jobs.enrol(job, amend=amend, now=now)

        async def main() -> "RunReport":
            api = OneInbox(
                environment.base_url(),
                environment.api_key(),
                max_connections=job.settings.pace.max_live_calls + 10,
                proxy=environment.proxy(),
            )
            async with api:
                with live.shown(job.name, on_terminal=on_terminal) as on_progress:
                    return await run_campaign(
                        campaign_id=campaign_id,
                        name=job.name,
                        settings=job.settings,
                        ledger=ledger,
                        api=api,
                        write_results=lambda: jobs.write_results(
                            ledger, campaign_id, job.intake.headers, result_path
                        ),
                        on_progress=on_progress,
                        suppressed=job.suppressed,
                        deadline=deadline,
                        timing=timing,
                    )

        return anyio.run(main)


def _confirmed(planned: "Plan") -> bool:
    try:
        return typer.confirm(f"Call {planned.to_dial:,} people?", err=True)
    except typer.Abort:
        raise KeyboardInterrupt from None


def choose_output(job: "Job", flag: Path | None) -> Path:
    """Where the result goes. Only the folder that nobody has named is made."""
    if flag is not None:
        return flag
    path = Path(job.settings.output.replace("{name}", job.name))
    if "output" not in job.settings.model_fields_set:
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
    return path


def refuse_to_overwrite(result_path: Path, inputs: Iterable[Path]) -> None:
    """Raise UsageError when the result would take the place of something that the run reads."""
    for path in inputs:
        if result_path.resolve() == path.resolve():
            raise UsageError(f"--output {result_path}: this file is read by the run; choose another name")


def read_deadline(text: str, *, now: datetime) -> datetime:
    """A time of day (the next one that comes), or a span from now. Raises UsageError."""
    from campaign.settings import parse_duration

    if match := re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip()):
        at = now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
        return at if at > now else at + timedelta(days=1)
    try:
        return now + parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--deadline {text}: write a time like 06:30, or a span like 8h") from error


def summarise(report: "RunReport", result_path: Path) -> None:
    """How the run ended, in a few lines for people."""
    counts = output.listing({status.value: number for status, number in report.counts.items()})
    output.say(f"{report.name}: {sum(report.counts.values()):,} rows: {counts}")
    if report.dials:
        ends = output.listing({str(key): number for key, number in report.dispositions.items()})
        output.say(f"{report.dials:,} calls in this campaign: {ends or 'none has ended yet'}")
    output.say(f"results: {result_path}")
    if report.stop_error is not None:
        output.say(f"campaign: {report.stop_error}")
    elif report.unfinished:
        why = report.stop_notice or "not every row may be dialled yet"
        when = f" from {report.next_due.astimezone():%Y-%m-%d %H:%M} on" if report.next_due else ""
        output.say(
            f"campaign: {why}; {report.unfinished:,} rows are not final: run the same command again{when}"
        )
    elif report.exit_code:
        output.say("campaign: finished, but some rows need review: see call_reason in the result file")


def as_data(report: "RunReport", result_path: Path) -> dict[str, Any]:
    """The run's end for a program."""
    return {
        "campaign": report.name,
        "exit_code": int(report.exit_code),
        "rows": {status.value: number for status, number in report.counts.items()},
        "dispositions": {str(key): number for key, number in report.dispositions.items()},
        "calls": report.dials,
        "seconds": round(report.elapsed_s, 1),
        "results": str(result_path),
        "stopped_because": str(report.stop_error) if report.stop_error else report.stop_notice or None,
        "next_due": report.next_due.isoformat() if report.next_due else None,
    }
