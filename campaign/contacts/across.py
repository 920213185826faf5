"""Across rows: what no single row shows. Duplicates, rounded columns, columns without a name."""

from collections.abc import Sequence

from campaign.contacts import problems
from campaign.contacts.columns import Columns
from campaign.contacts.files.naming import letters
from campaign.contacts.rows import CheckedRows
from campaign.errors import ListError

_ROUND = 10_000
"""Numbers that a spreadsheet has rounded end in four zeros or more."""
_COLLAPSED = 3
"""So many rows with one round number are no coincidence."""


def refuse_nameless(name: str, rows: CheckedRows, where: Columns, headings: Sequence[str]) -> None:
    """A column that nobody has named may be empty, and nothing else. Raises ListError."""
    for place, position in enumerate(where.kept):
        if headings[position]:
            continue
        for at, cell in enumerate(rows.column(place)):
            if cell.strip():
                raise ListError(
                    f"{name}: column {letters(position + 1)} has no name, but row {rows.row_numbers[at]} has "
                    "a cell in it; name the column in the first line"
                )


def refuse_rounded(name: str, rows: CheckedRows) -> int:
    """Spreadsheets that show numbers in scientific notation save many people under one round number.

    Returns:
        How many numbers look rounded.

    Raises:
        ListError: Several rows have collapsed to one such number.
    """
    places: dict[int, list[int]] = {}
    for at, number in enumerate(rows.phones):
        if number and number % _ROUND == 0:
            places.setdefault(number, []).append(rows.row_numbers[at])
    for found in places.values():
        if len(found) >= _COLLAPSED:
            listed = ", ".join(map(str, found[:5])) + (" ..." if len(found) > 5 else "")
            raise ListError(
                f"{name}: rows {listed} have the same number with zeros at its end, so a spreadsheet has "
                "probably rounded the column; export the list again with the column formatted as text "
                "(when they do share a number, keep one of the rows)"
            )
    return sum(map(len, places.values()))


def mark_duplicates(rows: CheckedRows, where: Columns, headings: Sequence[str]) -> None:
    """The first row with a person or a key wins. A row that cannot be called takes nothing from a later one.

    What a duplicate says is remembered, too: when it joins a number with a new key, both are one person.
    """
    first_by_person: dict[int, int] = {}
    first_by_key: dict[str, int] = {}
    key_heading = headings[where.key] if where.key is not None else ""
    for at, person, key in rows.repeating():
        if not rows.is_callable(at):
            continue
        same_number = first_by_person.get(person)
        same_key = first_by_key.get(key) if key else None
        if same_number is not None:
            fault = (problems.DUPLICATE_NUMBER, headings[where.phone])
            rows.mark_duplicate(at, first=same_number, fault=fault)
        elif same_key is not None:
            rows.mark_duplicate(at, first=same_key, fault=(problems.DUPLICATE_KEY, key_heading))
        first_by_person.setdefault(person, at)
        first_by_key.setdefault(key, at)
