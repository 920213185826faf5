"""Records of JSON Lines: one object on each line, its keys the columns."""

import json
from collections.abc import Iterator
from typing import Any

from campaign.contacts.files import limits
from campaign.contacts.files.characters import forbidden_at, unwanted
from campaign.contacts.files.decoding import Encoding, encoding_of, lines
from campaign.contacts.files.naming import quoted
from campaign.contacts.files.source import ReadOptions, Source
from campaign.errors import ListError


class _UnfitError(ValueError):
    """What is wrong with one line, in words that follow its number."""


def records(source: Source, options: ReadOptions) -> Iterator[tuple[int, list[str]]]:
    """Read the objects of a list: the header first, as number 0, then each with the number of its line.

    The header is every key of the file, in the order in which they first appear, so the file is read twice. A
    missing key and null are an empty cell; true and false are TRUE and FALSE; a number is the very text that
    stands in the file. Blank lines are left out and noted in `source.notes`.

    Raises:
        UsageError: The operator's encoding cannot be one.
        ListError: A line is no flat object of plain values, or has a key twice; with line and key. All
            of this is found before the first record comes.
    """
    encoding = encoding_of(source, options)
    headers = _headers(source, encoding)
    yield 0, headers
    for number, line in enumerate(lines(source, encoding), 1):
        if line.strip():
            cells = _cells(source, number, line)
            yield number, [cells.get(header, "") for header in headers]


def _headers(source: Source, encoding: Encoding) -> list[str]:
    keys: dict[str, None] = {}
    number = blank = 0
    for number, line in enumerate(lines(source, encoding), 1):
        if number > limits.ROWS:
            raise ListError(
                f"{source.name}: more than {limits.ROWS:,} lines; split the list into several files"
            )
        if not line.strip():
            blank += 1
            continue
        keys.update(dict.fromkeys(_cells(source, number, line)))
        if len(keys) > limits.COLUMNS:
            raise ListError(
                f"{source.name}: line {number}: more than {limits.COLUMNS} different keys up to here; "
                "give all objects the same keys"
            )
    if not keys:
        raise ListError(f"{source.name}: no line holds an object with a key; the keys name the columns")
    if blank:
        source.notes.append(f"{blank:,} blank {'line is' if blank == 1 else 'lines are'} skipped")
    return list(keys)


def _cells(source: Source, number: int, line: str) -> dict[str, str]:
    try:
        content = _DECODER.decode(line.rstrip("\r\n"))
        if not isinstance(content, dict):
            raise _UnfitError(": not a JSON object; write each row as {...} on a line of its own")
        return {key: _text(key, value) for key, value in content.items()}
    except _UnfitError as error:
        raise ListError(f"{source.name}: line {number}{error}") from error
    except json.JSONDecodeError as error:
        raise ListError(
            f"{source.name}: line {number}, character {error.pos + 1}: broken JSON ({error.msg}); "
            "write each row as one complete object on a line of its own"
        ) from error
    except RecursionError as error:
        raise ListError(f"{source.name}: line {number}: nested too deep; write plain values only") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        double = next(key for key in keys if keys.count(key) > 1)
        raise _UnfitError(f": the key {quoted(double)} is there twice; give each its own name")
    return content


def _constant(name: str) -> str:
    raise _UnfitError(f": {name} is no value; leave it out, or write null")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=_constant
)


def _text(key: str, value: str | bool | list[Any] | dict[str, Any] | None) -> str:
    """A value as the text of a cell."""
    if value is None:
        text = ""
    elif isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = str(value).upper()
    else:
        kind = "a list" if isinstance(value, list) else "an object"
        raise _UnfitError(f", key {quoted(key)}: the value is {kind}; write plain values only")
    for part in (key, text):
        at = forbidden_at(part)
        if at is not None:
            raise _UnfitError(f", key {quoted(key)}: {unwanted(part[at])}")
        if len(part) > limits.TEXT_CELL_CHARACTERS:
            raise _UnfitError(
                f", key {quoted(key)}: longer than {limits.TEXT_CELL_CHARACTERS:,} characters; shorten it"
            )
    return text
