"""`campaign run`: the main job."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaign.cli import output
from campaign.cli.deadline import read_deadline
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
from campaign.cli.running import carry_out
from campaign.cli.summary import as_data, summarise
from campaign.cli.unlimited import unlimited
from campaign.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from campaign.calls.timing import Timing
    from campaign.cli.job import Job


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


def choose_output(job: "Job", flag: Path | None) -> Path:
    """Where the result goes. Only the folder that nobody has named is made."""
    if flag is not None:
        return flag
    path = Path(job.settings.output.replace("{name}", job.name))
    if "output" not in job.settings.model_fields_set:
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
    return path
