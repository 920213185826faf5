"""One suppression file in; out, every number that must not be called, in E.164.

A file that cannot be read for certain is refused: nobody can say whom it was meant to protect.
"""

import csv
import re
from collections.abc import Sequence

from campaign.contacts import layout, phone
from campaign.contacts.columns import PHONE_NAMES, simplified
from campaign.contacts.files.naming import quoted
from campaign.errors import ConfigError, InputMissingError
from campaign.models import E164
from campaign.settings import SuppressionFile

_PHONE_WORDS = frozenset(
    {
        "phone", "phones", "telephone", "tel", "mobile", "cell", "cellphone", "landline", "msisdn", "telefon",
        "telefono", "telefone", "handy", "movil", "celular",
    }
)  # fmt: skip
"""A column with one of these in its name holds phone numbers, if there are such digits in it."""
_FEWEST = 7
"""Digits of a cell that may be a phone number."""

Line = tuple[int, Sequence[str]]
"""The number of a line as an editor shows it, and its cells."""


def read_numbers(entry: SuppressionFile, *, default_region: str | None) -> frozenset[E164]:
    """Every number of one file.

    The numbers stand alone in their lines; or in the columns that the entry names; or in those that the first
    line names like phones, of which each line has one number at least; or each line is the area code and the
    number of a US registry file, `202,5550143`.

    Args:
        entry: The file, and what the campaign file says of it.
        default_region: Country of numbers without a plus.

    Raises:
        InputMissingError: There is no such file, or it cannot be opened.
        ConfigError: It does not say where the numbers stand, or an entry is not a phone number.
    """
    lines = _lines(entry)
    has_header = bool(lines) and _is_header(lines[0][1], entry.column, is_alone=len(lines) == 1)
    header, body = (lines[0][1], lines[1:]) if has_header else ((), lines)
    if not body and not entry.may_be_empty:
        raise ConfigError(
            f"suppression list {entry.file}: there is no number in it; fetch it anew, or say "
            "`may_be_empty: true` beside the file in the campaign file"
        )
    if not entry.column and _is_registry(header, body):
        return _registry_numbers(entry, body)
    positions = _positions(entry, header, body)
    numbers: set[E164] = set()
    for line, cells in body:
        texts = [cells[at] for at in positions if at < len(cells) and cells[at].strip()]
        found = [phone.normalise(text, default_region=default_region) for text in texts]
        if not found or None in found:
            raise ConfigError(
                f"suppression list {entry.file}, line {line}: not a phone number, or not all of one; mend "
                "the line, say the country of numbers without a plus (contacts.default_region, --region), or "
                "name the column with the numbers (column, --column)"
            )
        numbers.update(number for number in found if number is not None)
    return frozenset(numbers)


def _lines(entry: SuppressionFile) -> list[Line]:
    path = entry.file
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except OSError as error:
        raise InputMissingError(
            f"suppression list {path}: {error.strerror}; check its path and its permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"suppression list {path}: not CSV or text in UTF-8; save it as CSV (UTF-8)"
        ) from error
    except csv.Error as error:
        raise ConfigError(
            f"suppression list {path}, line {reader.line_num}: a quote is out of place; mend the line"
        ) from error


def _is_header(cells: Sequence[str], columns: Sequence[str | int], *, is_alone: bool) -> bool:
    """Whether the first line names columns: the one that the entry names, or one of phones.

    Where no line follows, it may be what a server says in place of a list, so it has to be a plain name.
    """
    if any(map(_may_be_number, cells)):
        return False
    names = {simplified(cell) for cell in cells}
    if any(isinstance(column, str) and simplified(column) in names for column in columns):
        return True
    return any(map(_is_phone_name, cells)) or (not is_alone and any(map(_has_phone_word, cells)))


def _is_phone_name(cell: str) -> bool:
    return _without_count(cell) in PHONE_NAMES


def _without_count(cell: str) -> str:
    """The name of a column without the number that tells it from its likes: `phone` of `Phone 2`."""
    return simplified(cell).rstrip("_0123456789")


def _has_phone_word(cell: str) -> bool:
    return not _PHONE_WORDS.isdisjoint(_without_count(cell).split("_"))


def _positions(entry: SuppressionFile, header: Sequence[str], body: Sequence[Line]) -> Sequence[int]:
    """Where the numbers stand in each line."""
    if entry.column:
        return [_position(entry, header, column) for column in entry.column]
    filled = sorted({at for _, cells in body for at, cell in enumerate(cells) if cell.strip()})
    if not header:
        if len(filled) > 1:
            raise ConfigError(
                f"suppression list {entry.file}: it has {len(filled)} columns, and its first line does not "
                "name the one with the phone numbers; call it phone, or say which it is (column, --column)"
            )
        return filled
    read = [
        at
        for at, name in enumerate(header)
        if _is_phone_name(name) or (_has_phone_word(name) and _holds_numbers(body, at))
    ]
    for line, cells in body:
        for at in range(len(cells)):
            if at not in read and _is_certain(cells[at]):
                name = f", {quoted(header[at])}" if at < len(header) else ""
                raise ConfigError(
                    f"suppression list {entry.file}, line {line}: a phone number stands in a column that is "
                    f"not read{name}; name all columns with numbers (column, --column)"
                )
    return read


def _position(entry: SuppressionFile, header: Sequence[str], column: str | int) -> int:
    if isinstance(column, int):
        return column - 1
    names = list(map(simplified, header))
    if simplified(column) not in names:
        raise ConfigError(
            f"suppression list {entry.file}: its first line does not name the column {quoted(column)}; "
            "name one that it has (column, --column)"
        )
    return names.index(simplified(column))


def _holds_numbers(body: Sequence[Line], at: int) -> bool:
    return any(_may_be_number(cells[at]) for _, cells in body if at < len(cells))


def _may_be_number(cell: str) -> bool:
    return len(layout.digits_of(layout.tidy(cell)[0])) >= _FEWEST


def _is_certain(cell: str) -> bool:
    return layout.tidy(cell)[0].startswith("+") and phone.normalise(cell, default_region=None) is not None


def _is_registry(header: Sequence[str], body: Sequence[Line]) -> bool:
    found = sum(_is_of_registry(cells) for _, cells in body)
    if header:
        return found > 0 and "area" in simplified(header[0]).split("_")
    return found > len(body) / 2


def _is_of_registry(cells: Sequence[str]) -> bool:
    """Whether this is a line as the US do-not-call registry has it: area code and number, nothing else.

    Source: the registry's flat text files, telemarketing.donotcall.gov.
    """
    return len(cells) == 2 and bool(re.fullmatch(r"[2-9]\d\d,[2-9]\d{6}", ",".join(cells), re.ASCII))


def _registry_numbers(entry: SuppressionFile, body: Sequence[Line]) -> frozenset[E164]:
    for line, cells in body:
        if not _is_of_registry(cells):
            raise ConfigError(
                f"suppression list {entry.file}, line {line}: not an area code and a number, as the other "
                "lines are; mend the line"
            )
    return frozenset(E164(f"+1{area}{number}") for _, (area, number) in body)
