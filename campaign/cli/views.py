"""`campaign status` and `campaign results`: views of the ledger, at any time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaign.cli import output
from campaign.cli.lists import JsonOption, LedgerOption
from campaign.errors import UsageError

if TYPE_CHECKING:
    from campaign.ledger.campaigns import CampaignRecord
    from campaign.ledger.ledger import Ledger


def status(
    name: Annotated[
        str | None, typer.Argument(help="The campaign; all of them when it is left out.", show_default=False)
    ] = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how campaigns stand."""
    from rich.table import Table

    from campaign.ledger import campaigns

    with _open(ledger) as opened:
        records = [_find(opened, name)] if name else opened.read(campaigns.newest)
        described = [_describe(opened, record) for record in records]
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
            entry["state"],
            f"{entry['calls']:,}",
            output.listing(entry["rows"]),
        )
    output.console(stderr=False).print(table)


def results(
    name: Annotated[str, typer.Argument(help="The campaign.")],
    output_file: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Result file: .csv, .xlsx or .jsonl.")
    ],
    ledger: LedgerOption = None,
) -> None:
    """Write the result file of a campaign, as it stands now."""
    from campaign.cli import job

    with _open(ledger) as opened:
        record = _find(opened, name)
        rows = job.write_results(opened, record.id, record.headers, output_file)
    output.say(f"{output_file}: {rows:,} rows")


def _open(location: str | None) -> "Ledger":
    from campaign.ledger.ledger import Ledger
    from campaign.settings import Environment, ledger_url

    return Ledger.open(ledger_url(location, Environment()), create=False)


def _find(ledger: "Ledger", name: str) -> "CampaignRecord":
    import difflib

    from campaign.ledger import campaigns

    record = ledger.read(campaigns.find, name)
    if record is None:
        names = [campaign.name for campaign in ledger.read(campaigns.newest)]
        near = difflib.get_close_matches(name, names, n=1)
        cure = f"did you mean {near[0]}?" if near else "`campaign status` lists those there are"
        raise UsageError(f"the ledger has no campaign {name!r}; {cure}")
    return record


def _describe(ledger: "Ledger", record: "CampaignRecord") -> dict[str, Any]:
    from campaign.ledger import campaigns
    from campaign.ledger import results as result_views

    counts = ledger.read(campaigns.counts, record.id)
    return {
        "campaign": record.name,
        "started_at": record.started_at.isoformat(timespec="seconds"),
        "finished_at": record.finished_at.isoformat(timespec="seconds") if record.finished_at else None,
        "state": "finished" if record.finished_at else "unfinished",
        "list": record.list_path,
        "calls": ledger.read(result_views.dials, record.id),
        "rows": {str(row_status): number for row_status, number in counts.items()},
        "dispositions": {
            str(disposition): number
            for disposition, number in ledger.read(result_views.dispositions, record.id).items()
        },
    }
