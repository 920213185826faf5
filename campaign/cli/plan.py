"""`campaign plan`: what a run would do with a list now. Nobody is called."""

from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaign.cli import costs, output
from campaign.cli.options import (
    ConfigOption,
    DelimiterOption,
    EncodingOption,
    HiddenOption,
    JsonOption,
    LedgerOption,
    ListArgument,
    ListOptions,
    SheetOption,
)
from campaign.errors import ListError

if TYPE_CHECKING:
    from rich.console import Console

    from campaign.calls.plan import Plan
    from campaign.settings import CampaignSettings


def plan(
    contact_list: ListArgument,
    config: ConfigOption,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The campaign, when not as in the file.")
    ] = None,
    ledger: LedgerOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    sheet: SheetOption = None,
    include_hidden: HiddenOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a run would do with a list now. Calls nobody."""
    from campaign.cli import job
    from campaign.contacts import report
    from campaign.hook.command import refuse_missing
    from campaign.settings import Environment

    options = ListOptions(encoding, delimiter, sheet, include_hidden)
    with job.prepare(
        contact_list,
        config,
        name=name,
        ledger=ledger,
        create_ledger=False,
        environment=Environment(),
        options=options,
    ) as prepared:
        refuse_missing(prepared.settings.hook)
        now = datetime.now(UTC)
        planned = job.plan(prepared, now=now)
        # Cells of the list are for people, and no note of a run's log.
        no_consent = report.no_consent(prepared.intake, prepared.settings.contacts, now)
        notes = [*prepared.notes, *filter(None, [no_consent])]
        if as_json:
            hook = prepared.settings.hook
            told = {**plan_as_json(planned), "hook": hook.name if hook else None, "notes": notes}
            output.say_json({"campaign": prepared.name, **told})
        else:
            with output.drawing() as console:
                show_plan(prepared.name, planned, console, prepared.settings)
            for note in notes:
                output.say(f"note: {note}")
        try:
            job.refuse_broken_list(prepared, allow_invalid=False)
        except ListError as error:
            output.say(f"campaign: warning: {error}")


def plan_as_json(planned: "Plan") -> dict[str, Any]:
    """The plan as plain data."""
    return {
        "rows": planned.rows,
        "dial_now": planned.dial_now,
        "dial_later": dict(planned.dial_later),
        "under_way": planned.under_way,
        "final": dict(planned.final),
        "zones": dict(planned.zones),
        "by_hour_utc": {f"{hour:%Y-%m-%dT%H:%MZ}": people for hour, people in planned.by_hour},
        "least_seconds": round(planned.least_seconds, 1),
        "prospect": costs.prospect_as_data(planned.prospect) if planned.prospect else None,
        "budget": costs.spending_as_data(planned.prospect.outlay, planned.prospect.limits)
        if planned.prospect
        else None,
        "earliest_later": planned.earliest_later.isoformat() if planned.earliest_later else None,
    }


def show_plan(name: str, planned: "Plan", console: "Console", settings: "CampaignSettings") -> None:
    """The plan for people."""
    from rich.table import Table

    pace = settings.pace.calls_per_second
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
    console.print(f"Plan for campaign {name}", style="bold")
    console.print(table)
    if planned.to_dial:
        console.print(
            f"At {pace:g} call{'' if pace == 1 else 's'} per second dialling takes "
            f"{output.span(planned.least_seconds)} or more; time zones: "
            f"{_zones(planned)}",
            soft_wrap=True,
        )
        _show_hours(planned, console)
        if settings.hook is not None:
            console.print(
                f"Before each call the hook {settings.hook.name} is asked and may say no; this plan has not "
                "asked it.",
                soft_wrap=True,
            )
    for line in costs.prospect_lines(planned.prospect) if planned.prospect else ():
        console.print(line, soft_wrap=True)
    if planned.amendment is not None and planned.amendment.matters:
        change = planned.amendment
        console.print(
            f"The list has changed since this campaign began: {change.added:,} people added, "
            f"{change.changed:,} changed, {change.removed:,} removed. Nobody is called again for that.",
            soft_wrap=True,
        )


def _show_hours(planned: "Plan", console: "Console") -> None:
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for people, hours in groupby(planned.by_hour, key=itemgetter(1)):
        first, *rest = [hour for hour, _ in hours]
        end = (rest[-1] if rest else first) + timedelta(hours=1)
        table.add_row(f"{first:%a %H:%M} to {end:%a %H:%M}", f"{people:,}")
    console.print("People who could be dialled in each hour, by the clock of UTC:", soft_wrap=True)
    console.print(table)


def _zones(planned: "Plan") -> str:
    most = list(planned.zones.items())[:3]
    shown = ", ".join(f"{zone} {number:,}" for zone, number in most)
    return shown + (f" and {len(planned.zones) - 3} more" if len(planned.zones) > 3 else "")
