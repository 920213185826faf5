"""`campaign status` and `campaign results`: views of the ledger, at any time."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaign.cli import costs, output, unmapped
from campaign.cli.options import JsonOption, LedgerOption
from campaign.errors import UsageError
from campaign.models import RowStatus

if TYPE_CHECKING:
    from campaign.ledger.campaigns import CampaignRecord
    from campaign.ledger.ledger import Ledger


def status(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="The campaign; all of them when it is left out.", show_default=False
        ),
    ] = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how campaigns stand."""
    from rich.table import Table

    from campaign.cli.breaker_views import told
    from campaign.ledger import campaigns

    with open_ledger(ledger) as opened:
        records = [find_campaign(opened, name, ledger)] if name else opened.read(campaigns.newest)
        described = [_describe(opened, record) for record in records]
        if not name:
            # A single call is shown while it needs somebody: its own command has told the rest.
            described = [each for each in described if not _is_past_call(each)]
        if name:
            described[0]["budget"] = _spending(opened, records[0])
    if as_json:
        output.say_json(described)
        return
    if not described:
        output.say("the ledger has no campaign yet")
        return
    table = Table("campaign", "started", "state", "calls", "rows", box=None, pad_edge=False)
    for entry in described:
        table.add_row(
            entry["campaign"],
            entry["started_at"][:16].replace("T", " "),
            "stopped" if entry["breakers"] else entry["state"],
            f"{entry['calls']:,}",
            output.listing(entry["rows"]),
        )
    output.say_drawn(table)
    for entry in described:
        for breaker in entry["breakers"]:
            for line in told(breaker, entry["campaign"], ledger):
                output.say_data(output.visible(line))
        if budget := entry.get("budget"):
            output.say_data(costs.stored_line(budget))
    if name:
        for line in unmapped.lines(described[0]["unmapped"]):
            output.say_data(line)


def results(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign.")],
    output_file: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="Result file: .csv, .xlsx, .jsonl or .parquet."),
    ],
    ledger: LedgerOption = None,
) -> None:
    """Write the result file of a campaign, as it stands now."""
    from campaign.cli import job

    with open_ledger(ledger) as opened:
        record = find_campaign(opened, name, ledger)
        rows = job.write_results(opened, record.id, record.headers, output_file)
    output.say(f"{output_file}: {rows:,} rows")


def open_ledger(location: str | None) -> "Ledger":
    """The ledger of a command that makes none.

    Args:
        location: What `--ledger` says; None looks where every command looks.

    Raises:
        ConfigError: The location is not one of a ledger.
        LedgerError: There is none, or it cannot be opened.
    """
    from campaign.ledger.ledger import Ledger
    from campaign.settings import Environment, ledger_url

    return Ledger.open(ledger_url(location, Environment()), create=False)


def ledger_flag(location: str | None) -> str:
    """What a command that is advised needs, to open the ledger that this one was told to open.

    Args:
        location: What `--ledger` says; None when it was not given.

    Returns:
        The option, quoted for a shell, after a blank; nothing when it was not given. A URL with a password,
        or with parameters that may hold one, is not repeated, nor one that cannot be read.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    if not location:
        return ""
    if "://" in location:
        try:
            url = make_url(location)
        except (ArgumentError, ValueError):
            return " --ledger URL"
        if url.password or url.query:
            return " --ledger URL"
    return f" --ledger {shlex.quote(location)}"


def find_campaign(ledger: "Ledger", name: str, location: str | None) -> "CampaignRecord":
    """The campaign of this name. Raises UsageError with the nearest one when there is none.

    Args:
        ledger: Where to look.
        name: As it was typed.
        location: What `--ledger` says, for the advice.
    """
    import difflib

    from campaign.ledger import campaigns

    record = ledger.read(campaigns.find, name)
    if record is None:
        names = [campaign.name for campaign in ledger.read(campaigns.newest)]
        near = difflib.get_close_matches(name, names, n=1)
        cure = f"did you mean {near[0]}?" if near else f"`campaign status{ledger_flag(location)}` lists them"
        raise UsageError(f"the ledger has no campaign {name!r}; {cure}")
    return record


def _spending(ledger: "Ledger", record: "CampaignRecord") -> dict[str, Any]:
    """What the campaign has spent of what its latest run was allowed."""
    from campaign.calls.spending import read_kept

    return costs.spending_as_data(*ledger.read(read_kept, record.id))


def _is_past_call(described: dict[str, Any]) -> bool:
    is_over = described["state"] == "finished" and RowStatus.NEEDS_REVIEW not in described["rows"]
    return described["is_single_call"] and is_over


def _describe(ledger: "Ledger", record: "CampaignRecord") -> dict[str, Any]:
    from campaign.cli.breaker_views import record_as_data
    from campaign.ledger import breakers
    from campaign.ledger import results as result_views

    # What another campaign has met matters to those that are not finished.
    held = [
        each
        for each in ledger.read(breakers.open_breakers, record.id)
        if each.campaign == record.name or not record.finished_at
    ]
    standing = ledger.read(result_views.standing, record.id)
    return {
        "campaign": record.name,
        "started_at": record.started_at.isoformat(timespec="seconds"),
        "finished_at": record.finished_at.isoformat(timespec="seconds") if record.finished_at else None,
        "state": "finished" if record.finished_at else "unfinished",
        "is_single_call": record.is_single_call,
        "breakers": [record_as_data(each) for each in held],
        "list": record.list_path,
        "calls": standing.dials,
        "rows": {str(row_status): number for row_status, number in standing.counts.items()},
        "dispositions": {str(disposition): number for disposition, number in standing.dispositions.items()},
        "unmapped": unmapped.as_data(ledger.read(result_views.unmapped, record.id)),
    }
