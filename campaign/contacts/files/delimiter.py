"""The delimiter: the character that separates the cells of a text file, found without a guess."""

import csv
import re
from collections.abc import Iterator
from itertools import islice

from campaign.contacts.files import limits
from campaign.contacts.files.decoding import Encoding, blocks, lines, lines_of
from campaign.contacts.files.source import ReadOptions, Source
from campaign.errors import ListError, UsageError

_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
_SAMPLED_RECORDS = 200
_SEPARATOR_LINE = re.compile(r'"?sep=(.*?)"?[\r\n]*', re.IGNORECASE | re.DOTALL)
_BLANK_LINES = re.compile(r"(?: *[\r\n]+)*")
_HEADER_PART = re.compile(r'(?:^|(?<=[,;\t|]))"[^"]*+(?:""[^"]*+)*+"?|[,;\t|\r\n]')


def between_cells(source: Source, encoding: Encoding, options: ReadOptions) -> tuple[str, int]:
    """What separates the cells, and the line where the records begin: 2 after a `sep=` line, else 1.

    It is what the operator or the list says, else what the header and the first rows allow alone.

    Raises:
        UsageError: The operator names what can separate nothing.
        ListError: The list contradicts the operator, or more than one character may separate its cells.
    """
    start = next(blocks(source, encoding), "")
    asked = _asked(options.delimiter)
    line = _SEPARATOR_LINE.fullmatch(next(lines_of(start), ""))
    if line is None:
        return asked or _detected(source, encoding, start), 1
    stated = line[1]
    if not _can_separate(stated):
        raise ListError(
            f"{source.name}: line 1: sep= must be followed by the one character between the cells"
        )
    if asked not in (None, stated):
        raise ListError(
            f"{source.name}: line 1 says that {named(stated)} separates the cells, but --delimiter says "
            f"{named(asked)}; leave --delimiter out, or remove line 1"
        )
    return stated, 2


def _asked(value: str | None) -> str | None:
    if value in ("tab", "\\t"):
        return "\t"
    if value is not None and not _can_separate(value):
        raise UsageError(f"--delimiter {value!a}: give the one character between the cells, or the word tab")
    return value


def _can_separate(value: str) -> bool:
    printable = value.isprintable() and not value.isalnum() and value not in '"+'
    return len(value) == 1 and (printable or value == "\t")


def _detected(source: Source, encoding: Encoding, start: str) -> str:
    """The only character that the header has outside quotes, or that gives all first records one width."""
    candidates = []
    blank = _BLANK_LINES.match(start)
    for part in _HEADER_PART.finditer(start[blank.end() if blank else 0 :]):
        if part[0] in "\r\n":
            break
        if part[0] in _NAMES:
            candidates.append(part[0])
    candidates = sorted(set(candidates), key=list(_NAMES).index)
    if not candidates:
        return ","
    fitting = [one for one in candidates if _fits(source, encoding, one)] if candidates[1:] else candidates
    if len(fitting) != 1:
        raise ListError(
            f"{source.name}: {' or '.join(map(named, candidates))} may separate the cells, and the first "
            "rows do not decide it; say which with --delimiter"
        )
    return fitting[0]


def _fits(source: Source, encoding: Encoding, delimiter: str) -> bool:
    reader = csv.reader(_sample(source, encoding), delimiter=delimiter, strict=True)
    try:
        widths = {len(cells) for cells in islice(reader, _SAMPLED_RECORDS) if not is_blank(cells)}
    except csv.Error:
        return False
    # The header has this character outside quotes, so the one width is never 1.
    return len(widths) == 1


def _sample(source: Source, encoding: Encoding) -> Iterator[str]:
    characters = 0
    for line in lines(source, encoding):
        yield line
        characters += len(line)
        if characters > _SAMPLED_RECORDS * limits.TEXT_CELL_CHARACTERS:
            raise csv.Error


def named(delimiter: str) -> str:
    """Words for a character that separates cells."""
    return _NAMES.get(delimiter, repr(delimiter))


def is_blank(cells: list[str]) -> bool:
    """Whether a record is a line of nothing but blanks."""
    return not cells or (len(cells) == 1 and not cells[0].strip())
