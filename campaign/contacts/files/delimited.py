"""Records of text that separates its cells by a character: what spreadsheets call CSV.

The reading itself is Python's strict csv reader; around it stands what that does not see. When something is
wrong, the text is walked a second time to find the place: a good list pays nothing for that.
"""

import csv
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice

from campaign.contacts.files import delimiter, limits
from campaign.contacts.files.characters import forbidden_at, unwanted
from campaign.contacts.files.decoding import Encoding, blocks, breaks, encoding_of, lines, lines_of
from campaign.contacts.files.naming import quoted
from campaign.contacts.files.source import ReadOptions, Source
from campaign.errors import ListError

_QUOTED = re.compile(r'"([^"]*+(?:""[^"]*+)*+)"')


@dataclass(slots=True)
class _Text:
    """One list while it is read, for those who say where something is wrong."""

    source: Source
    encoding: Encoding
    delimiter: str
    first_line: int
    """The line after a `sep=` line, else 1."""
    line: int
    """Where the record begins that is read now."""
    headers: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """All lines that hold records, from the first one on."""
        return islice(lines(self.source, self.encoding), self.first_line - 1, None)

    def error(self, line: int, problem: str) -> ListError:
        """An error that names a line."""
        return ListError(f"{self.source.name}: line {line}{problem}")

    def column(self, index: int) -> str:
        """Words for the column of a cell."""
        name = f" ({quoted(self.headers[index])})" if index < len(self.headers) else ""
        return f"column {index + 1}{name}"


def records(source: Source, options: ReadOptions) -> Iterator[tuple[int, list[str]]]:
    """Read the records of a list, the header first, each with the row number that a spreadsheet shows.

    Every record counts, blank lines too; a `sep=` line does not. Blank lines are left out and noted in
    `source.notes`; a record of nothing but separators is a record. `source.delimiter` is set.

    Raises:
        UsageError: The operator's encoding or delimiter cannot be one.
        ListError: The text is not what it must be; with line, and with column where there is one. What is
            wrong further down is found only when the records before it were taken.
    """
    # The reader's own bound is one for the whole process, so it is not set back: another list may be open.
    # It stops the reader where `_misquoted` says why.
    csv.field_size_limit(limits.TEXT_CELL_CHARACTERS)
    encoding = encoding_of(source, options)
    source.delimiter, first_line = delimiter.between_cells(source, encoding, options)
    text = _Text(source, encoding, source.delimiter, first_line, first_line)
    content = chain.from_iterable(map(lines_of, _checked_blocks(text)))
    reader = csv.reader(islice(content, first_line - 1, None), delimiter=text.delimiter, strict=True)
    width, number, blank = -1, 0, 0
    try:
        for number, cells in enumerate(islice(reader, limits.ROWS + 2), 1):
            if len(cells) == width:
                yield number, cells
            elif delimiter.is_blank(cells):
                blank += 1
            elif text.headers:
                raise _wrong_width(text, cells)
            else:
                text.headers, width = cells, len(cells)
                if width > limits.COLUMNS:
                    raise text.error(
                        text.line, f" names {width} columns; at most {limits.COLUMNS} can be read"
                    )
                yield number, cells
            text.line = first_line + reader.line_num
    except csv.Error as error:
        raise _misquoted(text) from error
    if not text.headers:
        raise ListError(f"{source.name}: there are only blank lines; the first line must name the columns")
    if number > limits.ROWS + 1:
        raise ListError(f"{source.name}: more than {limits.ROWS:,} rows; split the list into several files")
    if blank:
        source.notes.append(f"{blank:,} blank {'line is' if blank == 1 else 'lines are'} skipped")


def _checked_blocks(text: _Text) -> Iterator[str]:
    """The blocks of a list, after a look at the characters in them and at how long the open record grows."""
    open_line, open_characters = 0, 0
    for block in blocks(text.source, text.encoding):
        if forbidden_at(block) is not None:
            raise _forbidden(text)
        yield block
        # A record that was open when this block was asked for, and still is, has taken all of it.
        open_characters = open_characters + len(block) if text.line == open_line else 0
        open_line = text.line
        if open_characters > limits.LINE_CHARACTERS:
            raise text.error(
                open_line,
                f": the row that begins here is longer than {limits.LINE_CHARACTERS:,} characters; "
                "look for a missing quote",
            )


def _wrong_width(text: _Text, cells: list[str]) -> ListError:
    width = len(text.headers)
    last = text.column(min(width, len(cells)) - 1)
    if len(cells) < width:
        cure = "a cell or a separator is missing"
    elif not any(cells[width:]):
        cure = "remove the separators at its end, or name these columns in the header"
    else:
        cure = f"put cells that contain {delimiter.named(text.delimiter)} in quotes"
    count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
    return text.error(text.line, f" has {count}, but the header has {width} (after {last}); {cure}")


def _misquoted(text: _Text) -> ListError:
    """Say at which cell the reader stopped: its record begins at `text.line`."""
    record = _from_line(text, text.line)
    plain = re.compile(f"[^{re.escape(text.delimiter)}\r\n]*")
    begin = index = 0
    while True:
        is_quoted = record.startswith('"', begin)
        cell = (_QUOTED if is_quoted else plain).match(record, begin)
        content = cell[cell.lastindex or 0] if cell else record[begin:]
        content = content.replace('""', '"') if is_quoted else content
        end = cell.end() if cell else len(record)
        following = record[end : end + 1]
        if not cell and len(content) <= limits.TEXT_CELL_CHARACTERS:
            problem = "a quote opens this cell and is never closed; close it, or remove it"
        elif len(content) > limits.TEXT_CELL_CHARACTERS:
            cure = "close its quote, or shorten it" if is_quoted else "shorten it"
            problem = f"this cell is longer than {limits.TEXT_CELL_CHARACTERS:,} characters; {cure}"
        elif is_quoted and following not in ("", "\r", "\n", text.delimiter):
            problem = 'text after a closing quote; write quotes inside a quoted cell twice ("")'
        elif following == text.delimiter:
            begin, index = end + 1, index + 1
            continue
        else:
            return text.error(text.line, ": the row that begins here cannot be read; check its quotes")
        return text.error(text.line, f", {text.column(index)}: {problem}")


def _from_line(text: _Text, line: int) -> str:
    """The text from a line on, so far that the longest record that is read is in it."""
    found, characters = [], 0
    for content in islice(text.lines(), line - text.first_line, None):
        found.append(content)
        characters += len(content)
        if characters > 4 * limits.LINE_CHARACTERS:
            break
    return "".join(found)


def _forbidden(text: _Text) -> ListError:
    """Find the cell with the first character that no list may hold."""
    text.line, text.headers = text.first_line, []
    reader = csv.reader(text.lines(), delimiter=text.delimiter, strict=True)
    # Where a quote goes wrong first, that is the thing to say.
    with suppress(csv.Error):
        for cells in reader:
            for index, cell in enumerate(cells):
                at = forbidden_at(cell)
                if at is not None:
                    line = text.line + sum(map(breaks, (*cells[:index], cell[:at])))
                    return text.error(line, f", {text.column(index)}: {unwanted(cell[at])}")
            text.headers = text.headers or ([] if delimiter.is_blank(cells) else cells)
            text.line = text.first_line + reader.line_num
    return _misquoted(text)
