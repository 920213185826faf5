"""Recognition: an unknown list in; out, what its columns probably are and what remains to be asked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from campaign.contacts import columns, layout, phone, values
from campaign.contacts.columns import KEY_NAMES, OWN_NAMES, PHONE_NAMES, ZONE_NAMES, recognised, simplified
from campaign.contacts.files.reading import open_list
from campaign.contacts.files.source import ReadOptions
from campaign.contacts.own import is_moment
from campaign.contacts.phone import GoodNumber, NumberRules
from campaign.errors import ListError
from campaign.models import OUR_COLUMNS
from campaign.settings import is_place

SAMPLE_ROWS = 1_000


@dataclass(slots=True)
class Recognised:
    """What the first rows of a list tell."""

    rows: int
    """How many rows were looked at."""
    phone: str
    phone_share: float
    """The share of its cells that are phone numbers, or accidents of them."""
    other_phones: tuple[str, ...] = ()
    """Columns that hold phone numbers, too."""
    national: int = 0
    """Cells of the phone column without a plus."""
    countries: Counter[str] = field(default_factory=Counter)
    """Where the numbers are from, as ISO codes."""
    timezone: str | None = None
    own: dict[str, str] = field(default_factory=dict)
    """Columns with what a row says of its own call, by what they mean."""
    unread: dict[str, int] = field(default_factory=dict)
    """How many cells of those are no date or time that can be read, by column."""
    keys: tuple[str, ...] = ()
    """Columns that look like a customer's id and are different in each row."""
    variables: dict[str, str] = field(default_factory=dict)
    """A name for the agent, with the column that holds the value."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Columns that an agent should not be sent, and why."""


def recognise(path: Path, options: ReadOptions) -> Recognised:
    """Look at the first rows of a list.

    Raises:
        InputMissingError: There is no such file.
        ListError: It cannot be read, or no column holds phone numbers.
    """
    with open_list(path, options) as file:
        records = list(islice(file.records, SAMPLE_ROWS))
        own = {
            heading: at for at, heading in enumerate(file.headings) if heading and heading not in OUR_COLUMNS
        }
        name = file.source.name
        headings = file.headings
    if not records:
        raise ListError(f"{name}: there is a header, but no row below it; add the people to call")
    try:
        columns.refuse_title(headings, records[0])
    except ListError as error:
        raise ListError(f"{name}: {error}") from error
    sample = [cells for _, cells in records]
    rules = NumberRules(phone.all_regions())
    shares = {heading: phone.share([cells[at] for cells in sample], rules) for heading, at in own.items()}
    by_name = recognised(own, PHONE_NAMES)
    # The number that calls is nobody's to be called.
    calls_from = recognised(own, ("from_number",))
    likely = sorted(
        (heading for heading, at in own.items() if shares[heading] > 0.5 and at != calls_from),
        key=lambda each: -shares[each],
    )
    chosen = next((heading for heading, at in own.items() if at == by_name), likely[0] if likely else None)
    if chosen is None:
        raise ListError(
            f"{name}: no column holds phone numbers; the columns are {columns.listing(own)}. "
            "A phone number is a plus, the country code and the digits"
        )
    found = Recognised(
        rows=len(sample),
        phone=chosen,
        phone_share=shares[chosen],
        other_phones=tuple(heading for heading in likely if heading != chosen),
    )
    _look_at_numbers(found, sample, own[chosen], rules)
    found.timezone = _timezone(sample, own)
    _look_at_own(found, sample, own)
    _look_at_others(found, sample, own)
    return found


def _look_at_numbers(found: Recognised, sample: Sequence[Sequence[str]], at: int, rules: NumberRules) -> None:
    for cells in sample:
        text, _ = layout.tidy(cells[at])
        found.national += bool(layout.digits_of(text)) and not text.startswith("+")
        verdict = phone.read(cells[at], rules)
        if isinstance(verdict, GoodNumber) and (region := phone.region_of(verdict.number)):
            found.countries[region] += 1


def _timezone(sample: Sequence[Sequence[str]], own: dict[str, int]) -> str | None:
    by_name = recognised(own, ZONE_NAMES)
    for heading, at in own.items():
        filled = [cells[at].strip() for cells in sample if cells[at].strip()]
        if filled and (at == by_name or all(map(is_place, set(filled)))):
            return heading
    return None


def _look_at_own(found: Recognised, sample: Sequence[Sequence[str]], own: dict[str, int]) -> None:
    for name in OWN_NAMES:
        position = recognised(own, (name,))
        for heading, at in own.items():
            if at != position:
                continue
            found.own[name] = heading
            if name != "from_number" and (unread := sum(not is_moment(cells[at]) for cells in sample)):
                found.unread[heading] = unread


def _look_at_others(found: Recognised, sample: Sequence[Sequence[str]], own: dict[str, int]) -> None:
    keys: list[str] = []
    for heading, at in own.items():
        if heading in (found.phone, found.timezone, *found.own.values()):
            continue
        cells = [row[at] for row in sample]
        filled = [cell for cell in cells if cell.strip()]
        if simplified(heading) in KEY_NAMES and len(set(filled)) == len(cells):
            keys.append(heading)
        if heading in found.other_phones:
            found.left_out[heading] = "it holds phone numbers"
        elif not filled:
            found.left_out[heading] = "its cells are empty"
        elif objections := values.objections(cells, name=heading, required=False):
            found.left_out[heading] = next(iter(objections.values())).reason
        else:
            found.variables[_variable_name(heading, found.variables)] = heading
    found.keys = tuple(keys)


def _variable_name(heading: str, taken: dict[str, str]) -> str:
    """The heading as agents' messages write it, like `customer_name`; as it is where that says nothing."""
    name = simplified(heading)
    return name if name and name not in taken else heading
