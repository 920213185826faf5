"""`campaign resume`: a human says that what stopped a campaign has been mended."""

import logging
from datetime import UTC, datetime
from typing import Annotated

import typer

from campaign.cli import breaker_views, output, views
from campaign.cli.options import JsonOption, LedgerOption
from campaign.cli.reasons import checked_reason, login_name


def resume(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign.")],
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="TEXT", help="What was mended; kept with your login name."),
    ] = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a campaign dial again that was stopped. Calls nobody.

    Something was wrong for everybody, and somebody has mended it.
    """
    from campaign import logs
    from campaign.ledger import breakers

    why = checked_reason("resume", reason)
    logs.configure(level=logging.WARNING)
    with views.open_ledger(ledger) as opened:
        record = views.find_campaign(opened, name, ledger)
        who = login_name()
        with opened.run_lock(f"campaign resume {name}"):
            closed = opened.write(
                breakers.reset, record.id, who=who, reason=why, now=datetime.now(UTC)
            ).result()
    told = [breaker_views.record_as_data(each) for each in closed]
    if as_json:
        output.say_json({"campaign": name, "reason": why, "by": who, "closed": told})
        return
    if not told:
        output.say(f"{name}: nothing has stopped its dialling")
    for each in told:
        others = ", for every campaign of the ledger" if each["all_campaigns"] else ""
        output.say(f"{name}: dialling goes on with the next run{others}; it was stopped as {each['cause']}")
