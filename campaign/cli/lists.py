"""`campaign validate` and `campaign plan`: look at a list without calling anybody."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaign.cli import output
from campaign.errors import ExitCode

if TYPE_CHECKING:
    from campaign.calls.plan import Plan
    from campaign.models import Intake

EXAMPLES = 5

ListArgument = Annotated[Path, typer.Argument(metavar="LIST", help="The contact list: .csv or .xlsx.")]
ConfigOption = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The campaign file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
LedgerOption = Annotated[
    str | None,
    typer.Option("--ledger", metavar="URL", help="The ledger: a file, or postgresql://... [CAMPAIGN_LEDGER]"),
]


def validate(
    contact_list: ListArgument,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="Check by this campaign file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check every row of a contact list. Calls nobody."""
    from campaign.contacts import intake as intakes
    from campaign.contacts import phone
    from campaign.settings import ContactSettings, load_campaign_file

    if config is not None:
        intake = intakes.take_in(contact_list, load_campaign_file(config))
    else:
        intake = intakes.take_in_for(contact_list, ContactSettings(), phone.all_regions())
    if as_json:
        output.say_json(_as_json(intake))
    else:
        _show(intake)
    raise typer.Exit(ExitCode.OK if intake.contacts else ExitCode.BAD_LIST)


def _as_json(intake: "Intake") -> dict[str, Any]:
    return {
        "list": intake.path,
        "rows": len(intake.rows),
        "callable": len(intake.contacts),
        "phone_column": intake.phone_column,
        "problems": [
            {
                "row": rejected.row.number,
                "status": rejected.status.value,
                "column": rejected.column,
                "reason": rejected.reason,
            }
            for rejected in intake.rejected
        ],
    }


def _show(intake: "Intake") -> None:
    from rich.table import Table

    console = output.console(stderr=False)
    console.print(
        f"{intake.path}: {len(intake.rows):,} rows, {len(intake.contacts):,} can be called, "
        f"{len(intake.rejected):,} cannot (numbers in column {intake.phone_column!r})",
        soft_wrap=True,
    )
    if not intake.rejected:
        return
    reasons = Counter(_kind(rejected.status.value, rejected.reason) for rejected in intake.rejected)
    table = Table("rows", "problem", "examples", box=None, pad_edge=False)
    for reason, number in reasons.most_common():
        rows = [
            str(rejected.row.number)
            for rejected in intake.rejected
            if _kind(rejected.status.value, rejected.reason) == reason
        ]
        more = " ..." if len(rows) > EXAMPLES else ""
        table.add_row(f"{number:,}", reason, f"row {', '.join(rows[:EXAMPLES])}{more}")
    console.print(table)


def _kind(status: str, reason: str) -> str:
    return "the number is already in this list" if status == "duplicate" else reason


def plan(
    contact_list: ListArgument,
    config: ConfigOption,
    name: Annotated[str | None, typer.Option("--name", help="The campaign, when not as in the file.")] = None,
    ledger: LedgerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a run would do with a list now. Calls nobody."""
    from campaign.cli import job

    with job.prepare(contact_list, config, name=name, ledger=ledger, create_ledger=False) as prepared:
        planned = job.plan(prepared, now=datetime.now(UTC))
        if as_json:
            output.say_json({"campaign": prepared.name, **plan_as_json(planned)})
        else:
            show_plan(prepared.name, planned, pace=prepared.settings.pace.calls_per_second, stderr=False)


def plan_as_json(planned: "Plan") -> dict[str, Any]:
    """The plan as plain data."""
    return {
        "rows": planned.rows,
        "dial_now": planned.dial_now,
        "dial_later": dict(planned.dial_later),
        "under_way": planned.under_way,
        "final": dict(planned.final),
        "zones": dict(planned.zones),
        "least_seconds": round(planned.least_seconds, 1),
        "earliest_later": planned.earliest_later.isoformat() if planned.earliest_later else None,
    }


def show_plan(name: str, planned: "Plan", *, pace: float, stderr: bool) -> None:
    """The plan for people."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_row(f"{planned.rows:,}", "rows in the list")
    table.add_row(f"{planned.dial_now:,}", "to dial now")
    for reason, number in planned.dial_later.items():
        table.add_row(f"{number:,}", f"to dial later: {reason}")
    if planned.under_way:
        table.add_row(f"{planned.under_way:,}", "under way from an earlier run")
    for reason, number in planned.final.items():
        table.add_row(f"{number:,}", f"not dialled: {reason}")
    console = output.console(stderr=stderr)
    console.print(f"Plan for campaign {name}", style="bold")
    console.print(table)
    if planned.to_dial:
        console.print(
            f"At {pace:g} call{'' if pace == 1 else 's'} per second dialling takes "
            f"{output.span(planned.least_seconds)} or more; time zones: "
            f"{_zones(planned)}",
            soft_wrap=True,
        )
    if planned.amendment is not None and planned.amendment.matters:
        change = planned.amendment
        console.print(
            f"The list has changed since this campaign began: {change.added:,} people added, "
            f"{change.changed:,} changed, {change.removed:,} removed. Nobody is called again for that.",
            soft_wrap=True,
        )


def _zones(planned: "Plan") -> str:
    most = list(planned.zones.items())[:3]
    shown = ", ".join(f"{zone} {number:,}" for zone, number in most)
    return shown + (f" and {len(planned.zones) - 3} more" if len(planned.zones) > 3 else "")
