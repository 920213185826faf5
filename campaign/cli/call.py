"""`campaign call`: one call outside any campaign, through every rule."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaign.cli import output
from campaign.cli.errand import Errand, carry_out
from campaign.cli.options import (
    AS_IT_IS,
    ConfigOption,
    DelimiterOption,
    EncodingOption,
    HiddenOption,
    JsonOption,
    LedgerOption,
    ListOptions,
    SheetOption,
)
from campaign.cli.unlimited import unlimited
from campaign.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from campaign.calls.timing import Timing
    from campaign.calls.watchdog import Watchdog


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What the command line of `call` says."""

    number: str
    config: Path
    contact_list: Path | None = None
    row: int | None = None
    variables: Sequence[str] = ()
    consent: str = ""
    again: bool = False
    wait: bool | None = None
    """None waits where somebody sits in front of it."""
    ledger: str | None = None
    list_options: ListOptions = AS_IT_IS
    yes: bool = False
    as_json: bool = False


def call(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Whom to call, with a plus.")],
    config: ConfigOption,
    contact_list: Annotated[
        Path | None, typer.Option("--list", metavar="LIST", help="A list, for the values of one of its rows.")
    ] = None,
    row: Annotated[
        int | None, typer.Option("--row", metavar="N", help="That row, as your spreadsheet numbers it.")
    ] = None,
    variables: Annotated[
        list[str] | None,
        typer.Option("--var", metavar="KEY=VALUE", help="A value for the agent; may be repeated."),
    ] = None,
    consent: Annotated[
        str, typer.Option("--consent", metavar="TEXT", help="By what they have agreed, as a list says it.")
    ] = "",
    again: Annotated[
        bool, typer.Option("--again", help="Caps do not count earlier calls of `campaign call` to them.")
    ] = False,
    wait: Annotated[
        bool | None,
        typer.Option("--wait/--no-wait", help="Follow it to its transcript; by default on a terminal."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    ledger: LedgerOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    sheet: SheetOption = None,
    include_hidden: HiddenOption = False,
    as_json: JsonOption = False,
) -> None:
    """Call one person now, outside any campaign.

    The same rules hold for it as for any other, and where one says no it is not made.
    """
    options = CallOptions(
        number=number,
        config=config,
        contact_list=contact_list,
        row=row,
        variables=variables or [],
        consent=consent,
        again=again,
        wait=wait,
        ledger=ledger,
        list_options=ListOptions(encoding, delimiter, sheet, include_hidden),
        yes=yes,
        as_json=as_json,
    )
    raise typer.Exit(execute(options))


def execute(options: CallOptions, *, timing: "Timing | None" = None) -> ExitCode:
    """Check everything, ask, call, and say what came of it.

    Args:
        options: The command line.
        timing: How long is waited for what; the defaults suit real calls.

    Raises:
        CampaignError: The call was not made, or its end is not known; the class has the exit code.
    """
    from campaign import logs
    from campaign.calls.single import hurried
    from campaign.calls.timing import Timing
    from campaign.calls.watchdog import Watchdog
    from campaign.ledger.ledger import Ledger
    from campaign.settings import ledger_url

    logs.configure(level=logging.WARNING)
    if not (options.yes or output.is_terminal()):
        raise UsageError("there is no terminal to ask on; add --yes")
    timing = hurried(timing or Timing())
    # Entered first, so that it watches whatever may hang, from the key's file to the closing of the ledger.
    with Watchdog(timing) as watchdog:
        errand = _prepare(options, timing, watchdog)
        for note in errand.account.notes:
            output.say(f"note: {note}")
        watchdog.allow("taking up the ledger", timing.step_longest_s)
        with (
            Ledger.open(ledger_url(options.ledger, errand.environment)) as ledger,
            ledger.run_lock("campaign call", reader_patience_s=timing.reader_patience_s) as held,
        ):
            return carry_out(errand, ledger, held, watchdog)


def _prepare(options: CallOptions, timing: "Timing", watchdog: "Watchdog") -> Errand:
    """Read and check everything but the ledger."""
    from campaign.cli.agent import ask_account, refuse_wrong_clock
    from campaign.contacts import single
    from campaign.contacts.suppression import SuppressionLists
    from campaign.hook.command import refuse_missing
    from campaign.settings import DaysOff, Environment, load_campaign_file, refuse_expired

    if (options.contact_list is None) is not (options.row is None):
        raise UsageError("--list and --row belong together: a list, and which of its rows")
    given = _given(options.variables)
    watchdog.allow("reading the API key", timing.hang_s)
    environment = Environment()
    environment.check()
    watchdog.allow("reading the lists", timing.step_longest_s)
    settings, now = load_campaign_file(options.config), datetime.now(UTC)
    environment.check_webhook(settings.call.webhook_url)
    refuse_expired(settings.hours, now)
    refuse_missing(settings.hook)
    days_off = DaysOff(settings.hours, now)
    calendar = days_off.read()
    like = None
    if options.contact_list is not None and options.row is not None:
        reading = options.list_options.for_reading(
            lambda: unlimited(
                watchdog, "standard input", then="reading the lists", limit_s=timing.step_longest_s
            )
        )
        like = single.row_of(options.contact_list, options.row, settings, reading)
        settings = settings.model_copy(update={"agent_id": settings.agent_for(like.agent_id)})
    account = ask_account(settings, environment, with_usage=True)
    refuse_wrong_clock(account, settings)
    contact = single.person(
        options.number,
        settings,
        like=like,
        given=given,
        spoken=account.spoken,
        consent=options.consent.strip(),
    )
    lists = SuppressionLists(settings.suppression, default_region=settings.contacts.default_region)
    return Errand(
        contact=contact,
        settings=settings,
        environment=environment,
        account=account,
        days_off=days_off,
        calendar=calendar,
        lists=lists,
        suppressed=lists.read(now),
        timing=timing,
        waits=output.is_terminal() if options.wait is None else options.wait,
        is_again=options.again,
        asks=not options.yes,
        as_json=options.as_json,
        ledger_location=options.ledger,
    )


def _given(pairs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip() or name in found:
            raise UsageError("--var: write KEY=VALUE, each key once")
        found[name.strip()] = value
    return found
