"""Headings: the first row of a list in, one clear name per column out."""

import re
import unicodedata
from collections.abc import Sequence

from campaign.contacts import layout
from campaign.contacts.files.naming import letters, quoted
from campaign.errors import ListError

_NUMBER = re.compile(r"\+?[\d\s().\-]{7,}")
_DIGITS_OF_DATA = 9


def check(source_name: str, cells: Sequence[str]) -> tuple[str, ...]:
    """The names of the columns, without blanks and invisible marks at their ends.

    A column without a name gets the empty name.

    Raises:
        ListError: There are no names, or two that people would take for the same.
    """
    headings = tuple(map(layout.trimmed, cells))
    if not any(headings):
        raise ListError(f"{source_name}: the first line must name the columns, but it is blank")
    for at, heading in enumerate(headings, start=1):
        if _is_data(heading):
            raise ListError(
                f"{source_name}: the first line holds data ({letters(at)} looks like a phone number); "
                "put a line above it that names the columns"
            )
    seen: dict[str, int] = {}
    for at, heading in enumerate(headings, start=1):
        if not heading:
            continue
        first = seen.setdefault(_look(heading), at)
        if first != at:
            raise ListError(
                f"{source_name}: columns {letters(first)} and {letters(at)} are both named {quoted(heading)}"
                + ("" if heading == headings[first - 1] else f" or alike ({quoted(headings[first - 1])})")
                + "; give each its own name"
            )
    return headings


def _is_data(heading: str) -> bool:
    """Whether this is a cell of a person, and no name of a column."""
    text, _ = layout.tidy(heading)
    return _NUMBER.fullmatch(text) is not None or len(layout.digits_of(text)) >= _DIGITS_OF_DATA


def _look(heading: str) -> str:
    """What a reader sees: other widths, capitals, blanks and invisible marks do not make another name."""
    plain = unicodedata.normalize("NFKC", heading).casefold()
    visible = "".join(character for character in plain if unicodedata.category(character) != "Cf")
    return " ".join(visible.split())
