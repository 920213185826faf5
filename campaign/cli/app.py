"""The command line: its commands, and how every error becomes one line and one exit code."""

import gc
import os
import resource
import sys
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer

from campaign import __version__
from campaign.cli import (
    call,
    calls,
    carriers,
    demo,
    doctor,
    explain,
    init,
    listen,
    numbers,
    output,
    plan,
    rehearse,
    resume,
    review,
    run,
    simulate,
    suppress,
    validate,
    views,
    webhooks,
)
from campaign.errors import CampaignError, ExitCode

_USAGE_EXIT = 2
_GARBAGE_LOOKS = (50_000, 20, 50)
"""Objects between two looks at the youngest, and how many such looks are between those at older ones."""

app = typer.Typer(
    name="campaign",
    help="Call the people of a list through OneInbox voice agents: nobody twice, nothing lost.",
    no_args_is_help=True,
    add_completion=False,
    # Plain help keeps `campaign --help` quick; Rich is loaded where there is something to show.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _say_version(is_asked: bool) -> None:
    if is_asked:
        output.say_data(f"campaign {__version__}")
        raise typer.Exit


@app.callback()
def _of_no_command(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """What can be asked without a command."""


app.command()(demo.demo)
app.command()(init.init)
app.command()(validate.validate)
app.command()(plan.plan)
app.command()(rehearse.rehearse)
app.command(short_help="Call the people of a list, and follow every call.")(run.run)
app.command()(views.status)
app.command()(views.results)
app.command()(review.review)
app.command()(resume.resume)
app.command()(explain.explain)
app.command()(call.call)
app.command()(doctor.doctor)
app.add_typer(suppress.app, name="suppress")
app.add_typer(calls.app, name="calls")
app.add_typer(carriers.app, name="carriers")
app.add_typer(numbers.app, name="numbers")
app.add_typer(webhooks.app, name="webhooks")
app.command()(listen.listen)
app.command()(simulate.simulate)


def main() -> NoReturn:
    """Run the command, and exit with a code that says how it ended."""
    guarded(app)


def guarded(command: Callable[[], object]) -> NoReturn:
    """Run `command`, turn whatever it raises into one line on stderr, and exit with the right code."""
    output.stand_in_for_closed()
    # What is written here holds personal data: for the owner's eyes only.
    os.umask(0o077)
    # The memory of a process that dies holds the key as well: no image of it is kept.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    # Nearly all that a start makes lives to the end: to look for garbage in it takes a sixth of the start.
    # What is large, such as the body of a reply, is in no cycle and goes without being looked for.
    gc.set_threshold(*_GARBAGE_LOOKS)
    code: int | str | None = ExitCode.OK
    try:
        command()
    except SystemExit as error:
        code = ExitCode.USAGE if error.code == _USAGE_EXIT else error.code
    except BaseException as error:
        cause = _cause(error)
        output.say(f"campaign: {_line(cause)}")
        code = _code(cause)
        if code is ExitCode.BUG:
            _report_bug(error)
    sys.exit(code)


def _cause(error: BaseException) -> BaseException:
    """The error that matters most of a group of tasks: a wish to leave, then one with advice."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    causes = [_cause(part) for part in error.exceptions]
    return min(causes, key=lambda cause: (isinstance(cause, Exception), not isinstance(cause, CampaignError)))


def _code(cause: BaseException) -> ExitCode:
    if isinstance(cause, CampaignError):
        return cause.exit_code
    return ExitCode.BUG if isinstance(cause, Exception) else ExitCode.INTERRUPTED


def _line(cause: BaseException) -> str:
    if isinstance(cause, CampaignError):
        # Loaded only when there is something to say: it takes half of the time of `campaign --help`.
        from campaign.logs import redact

        return redact(" ".join(str(cause).split()))
    if isinstance(cause, Exception):
        return f"a fault in this program ({type(cause).__name__}); what was done so far is in the ledger"
    return "left at once; what was done so far is in the ledger, run the same command again"


def _report_bug(error: BaseException) -> None:
    """The traceback, through the redacting log handler."""
    from campaign import logs

    logs.configure()
    logs.get_logger(__name__).error("bug", exc_info=error)
