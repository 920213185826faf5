"""`campaign validate`: what is wrong with a list, all of it at once. Nobody is called."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaign.cli import output
from campaign.cli.files import refuse_to_overwrite
from campaign.cli.options import (
    DelimiterOption,
    EncodingOption,
    HiddenOption,
    JsonOption,
    ListArgument,
    ListOptions,
    SheetOption,
)
from campaign.errors import ExitCode, ListError

if TYPE_CHECKING:
    from rich.console import Console

    from campaign.contacts.report import Group
    from campaign.models import Intake
    from campaign.results.table import Colour


def validate(
    contact_list: ListArgument,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="Check by this campaign file.")
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", metavar="FILE", help="Write the unusable rows, each with its reason."),
    ] = None,
    fixed: Annotated[
        Path | None,
        typer.Option(
            "--fixed",
            metavar="FILE",
            help="Write the whole list, repaired where no digit is lost, with proposals.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 65 when any row cannot be called.")
    ] = False,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    sheet: SheetOption = None,
    include_hidden: HiddenOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check every row of a contact list. Calls nobody."""
    from campaign.contacts import intake as intakes
    from campaign.contacts import phone, report
    from campaign.models import RowStatus
    from campaign.results.files import check_output
    from campaign.settings import (
        ContactSettings,
        Environment,
        load_campaign_file,
        make_calendar,
        refuse_expired,
    )

    options = ListOptions(encoding, delimiter, sheet, include_hidden).for_reading()
    settings, environment = load_campaign_file(config) if config is not None else None, Environment()
    now = datetime.now(UTC)
    if settings is not None:
        environment.check_webhook(settings.call.webhook_url)
        refuse_expired(settings.hours, now)
        make_calendar(settings.hours, now)
    used = [contact_list, *filter(None, [config]), *(settings.files_read if settings else ())]
    for option, path in (("--rejects", rejects), ("--fixed", fixed)):
        if path is not None:
            refuse_to_overwrite(option, path, used)
            check_output(path)
            used.append(path)
    note = ""
    about_rows: Sequence[str] = ()
    if settings is not None:
        from campaign.cli.agent import spoken_variables
        from campaign.doctor.row_agents import ask_row_agents

        spoken, note = spoken_variables(settings, environment)
        intake = intakes.take_in(contact_list, settings, options=options, spoken=spoken)
        if intake.unspoken:
            raise ListError(intake.unspoken)
        about_rows = ask_row_agents(intake, settings, Environment()).notes
    else:
        intake = intakes.take_in_for(contact_list, ContactSettings(), phone.all_regions(), options=options)
    _write_copies(intake, rejects=rejects, fixed=fixed)
    contacts = settings.contacts if settings else ContactSettings()
    limit = contacts.max_invalid
    no_consent = report.no_consent(intake, contacts, now)
    notes = [*intake.notes, *filter(None, [note, no_consent]), *about_rows]
    if as_json:
        output.say_json(_as_json(intake, notes, limit))
    else:
        with output.drawing() as console:
            _show(intake, notes, console)
    rejected = intake.statuses.get(RowStatus.REJECTED, 0)
    if trouble := report.broken(intake, limit):
        output.say(f"campaign: warning: {trouble}; a run would refuse this list")
    elif rejected:
        output.say(f"campaign: warning: {rejected:,} of {len(intake.rows):,} rows cannot be called")
    raise typer.Exit(_exit_code(intake, strict=strict))


def _exit_code(intake: "Intake", *, strict: bool) -> ExitCode:
    if not intake.callable_rows:
        return ExitCode.BAD_LIST
    return ExitCode.BAD_LIST if strict and intake.callable_rows < len(intake.rows) else ExitCode.OK


def _write_copies(intake: "Intake", *, rejects: Path | None, fixed: Path | None) -> None:
    from campaign.contacts import marked
    from campaign.results import files

    # A reader finds the usual separators by itself.
    delimiter = intake.delimiter if intake.delimiter in ",;\t|" else ","
    if rejects is not None:
        header, rows = marked.rejects(intake)
        number = files.write_table(rejects, header, rows, delimiter=delimiter, sheet="rejects")
        output.say(f"wrote {number:,} rows to mend: {rejects}")
    if fixed is not None:
        header, rows = marked.fixed(intake)
        colours: Mapping[str, Colour] = {
            marked.REFUSED: "red",
            marked.REPAIRED: "amber",
            marked.DUPLICATE: "grey",
        }
        number = files.write_table(
            fixed,
            header,
            rows,
            delimiter=delimiter,
            sheet="checked",
            marks={marked.RESULT_COLUMN: colours},
        )
        output.say(f"wrote the checked list with {number:,} rows: {fixed}")


def _as_json(intake: "Intake", notes: list[str], limit: float) -> dict[str, Any]:
    from campaign.contacts import report

    return {
        "list": intake.path,
        "rows": len(intake.rows),
        "callable": intake.callable_rows,
        "phone_column": intake.phone_column,
        "invalid_share": round(intake.invalid_share, 6),
        "max_invalid": limit,
        "notes": notes,
        "repairs": dict(intake.repairs),
        "groups": [
            {
                "code": group.code,
                "status": group.status.value,
                "column": group.column,
                "reason": group.reason,
                "cure": group.cure,
                "rows": group.rows,
                "examples": group.examples,
            }
            for group in report.groups(intake)
        ],
        "problems": [
            {
                "row": rejected.row.number,
                "status": rejected.status.value,
                "column": rejected.column,
                "code": rejected.code,
                "reason": rejected.reason,
            }
            for rejected in intake.rejected
        ],
    }


def _show(intake: "Intake", notes: list[str], console: "Console") -> None:
    from campaign.contacts import report

    console.print(
        f"{intake.path}: {len(intake.rows):,} rows, {intake.callable_rows:,} can be called, "
        f"{len(intake.rows) - intake.callable_rows:,} cannot (numbers in column {intake.phone_column!r})",
        soft_wrap=True,
    )
    for repair, number in intake.repairs.items():
        console.print(f"repaired without losing a digit: {number:,} with {repair}", soft_wrap=True)
    for note in notes:
        console.print(f"note: {note}", soft_wrap=True)
    for group in report.groups(intake):
        console.print()
        for line in _lines(group):
            console.print(line, soft_wrap=True)


def _lines(group: "Group") -> list[str]:
    rows = ", ".join(map(str, group.examples)) + (" ..." if group.rows > len(group.examples) else "")
    column = f" (column {group.column!r})" if group.column else ""
    return [
        f"{group.rows:,} {'row' if group.rows == 1 else 'rows'}: {group.reason}{column}",
        f"  rows  {rows}",
        f"  cure  {group.cure}",
    ]
