"""`campaign suppress`: people who must not be called, in any campaign of the ledger."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaign.cli import output
from campaign.cli.options import JsonOption, LedgerOption
from campaign.cli.reasons import checked_reason, login_name
from campaign.errors import UsageError

if TYPE_CHECKING:
    from campaign.ledger.ledger import Ledger
    from campaign.models import E164

NumbersArgument = Annotated[
    list[str], typer.Argument(metavar="NUMBER", help="Phone numbers with a plus: +12025550143.")
]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="Why, needed; kept with your login name.")
]
RegionOption = Annotated[
    str | None, typer.Option("--region", metavar="US", help="Country of numbers without a plus.")
]

app = typer.Typer(
    help="People who must not be called, in any campaign of the ledger.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def add(
    numbers: NumbersArgument,
    reason: ReasonOption = None,
    region: RegionOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Never call these people again. A run that is under way knows it at its next dial."""
    why = checked_reason("suppress add", reason)
    _suppress(_read(numbers, region), why, ledger)


@app.command("import")
def import_list(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Numbers as text or CSV, or the US registry's area,number.")
    ],
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME",
            help="Column with numbers: its name, or its position; may be given several times.",
        ),
    ] = None,
    reason: ReasonOption = None,
    region: RegionOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Never call the people of a list again."""
    from campaign.contacts.suppression_file import read_numbers
    from campaign.settings import SuppressionFile

    why = checked_reason("suppress import", reason)
    columns = tuple(int(name) if name.isdecimal() and int(name) else name for name in column or ())
    entry = SuppressionFile(file=file, column=columns)
    _suppress(sorted(read_numbers(entry, default_region=_checked_region(region))), why, ledger)


@app.command()
def remove(
    numbers: NumbersArgument,
    reason: ReasonOption = None,
    region: RegionOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Let these people be called again. Rows that were suppressed in a campaign stay so there."""
    from campaign.ledger import suppression
    from campaign.models import forms_of

    why = checked_reason("suppress remove", reason)
    wanted = _read(numbers, region)
    with _open(ledger, create=False) as opened:
        removed = opened.write(
            suppression.unsuppress, wanted, reason=why, who=login_name(), now=datetime.now(UTC)
        ).result()
    others = sum(set(forms_of(number)).isdisjoint(removed) for number in set(wanted))
    unknown = f"; {_people(others)} had not been suppressed" if others else ""
    output.say(f"{_people(len(removed))} may be called again{unknown}")


@app.command("list")
def list_people(ledger: LedgerOption = None, as_json: JsonOption = False) -> None:
    """Show who must not be called, and why, the newest first."""
    from campaign.ledger import suppression

    with _open(ledger, create=False) as opened:
        people = opened.read(suppression.everybody)
    if as_json:
        output.say_json(
            [
                {
                    "to_number": str(person.to_number),
                    "reason": person.reason,
                    "since": person.added_at.isoformat(),
                }
                for person in people
            ]
        )
    elif people:
        output.say_data(
            "\n".join(
                f"{person.to_number}  since {person.added_at:%Y-%m-%d}  {output.visible(person.reason)}"
                for person in people
            )
        )
    else:
        output.say("nobody is suppressed in this ledger; the lists of campaign files count beside it")


def _suppress(numbers: Sequence["E164"], reason: str, location: str | None) -> None:
    from campaign.ledger import suppression

    with _open(location, create=True) as opened:
        new = opened.write(
            suppression.suppress, numbers, reason=reason, who=login_name(), now=datetime.now(UTC)
        ).result()
    already = len(set(numbers)) - new
    known = f"; {_people(already)} already" if already else ""
    output.say(f"{_people(new)} will not be called any more, in any campaign of this ledger{known}")


def _open(location: str | None, *, create: bool) -> "Ledger":
    from campaign.ledger.ledger import Ledger
    from campaign.settings import Environment, ledger_url

    return Ledger.open(ledger_url(location, Environment()), create=create)


def _read(texts: Sequence[str], region: str | None) -> list["E164"]:
    from campaign.contacts import phone

    home = _checked_region(region)
    numbers = []
    for at, text in enumerate(texts, start=1):
        number = phone.normalise(text, default_region=home)
        if number is None:
            # What was typed may be somebody's number, which no error text repeats.
            raise UsageError(
                f"NUMBER {at} is not a phone number, or not all of one; write all its digits with a plus, "
                "or say its country with --region"
            )
        numbers.append(number)
    return numbers


def _checked_region(region: str | None) -> str | None:
    from campaign.contacts import phone

    if region is not None and region not in phone.all_regions():
        raise UsageError(f"--region {region}: no country; write two capital letters, like US")
    return region


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"
