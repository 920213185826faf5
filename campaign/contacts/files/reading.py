"""Reading: any list file in, its headings and its rows of text out, in one pass."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from campaign.contacts.files import delimited, headings, jsonl, kinds, limits, workbook
from campaign.contacts.files.source import ReadOptions, Source, opened
from campaign.errors import ListError, UsageError

_OF_SPREADSHEETS = ("csv", "xlsx", "ods")
_CALLED = {
    "csv": "CSV",
    "jsonl": "JSON Lines",
    "xlsx": "an .xlsx workbook",
    "ods": "an .ods workbook",
    "parquet": "Parquet",
}
"""What people call each kind of file."""

Record = tuple[int, list[str]]
"""The number of a row, as the spreadsheet shows it, and its cells."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """An open list. What its reader notices is in the notes of the source when all rows are read."""

    source: Source
    kind: str
    headings: tuple[str, ...]
    records: Iterator[Record]
    """The rows below the headings, each as wide as these, blank ones among them."""


@contextmanager
def open_list(path: Path, options: ReadOptions) -> Iterator[ListFile]:
    """Open a list, find out what it is, and read its headings.

    Args:
        path: The file; `-` is standard input.
        options: What the operator says about it.

    Raises:
        InputMissingError: There is no such file.
        ListError: It cannot be read as a list; also raised while the records are read.
        UsageError: An option does not fit this kind of file.
    """
    with opened(path, options.feeding) as source:
        kind = kinds.kind_of(source)
        _refuse_misplaced(options, kind, source.name)
        # Whoever stops early leaves a child process behind, which must end before the file is closed.
        with closing(_records(source, options, kind)) as records:
            first = next(records, None)
            if first is None:
                raise ListError(f"{source.name}: the list is empty; the first line must name the columns")
            names = headings.check(source.name, first[1])
            yield ListFile(source, kind, names, _whole(source.name, kind, records))


def _records(source: Source, options: ReadOptions, kind: str) -> Generator[Record, None, None]:
    match kind:
        case "csv":
            yield from delimited.records(source, options)
        case "jsonl":
            yield from jsonl.records(source, options)
        case _:
            yield from workbook.records(source, options, kind)


def _refuse_misplaced(options: ReadOptions, kind: str, name: str) -> None:
    is_text, is_workbook = kind in ("csv", "jsonl"), kind in ("xlsx", "ods")
    wrong = (
        ("--encoding", options.encoding is not None and not is_text, "tells its encoding itself"),
        ("--delimiter", options.delimiter is not None and kind != "csv", "has no delimiters"),
        ("--sheet", options.sheet is not None and not is_workbook, "has no sheets"),
        ("--include-hidden", options.include_hidden and not is_workbook, "has no hidden rows"),
    )
    for option, is_wrong, because in wrong:
        if is_wrong:
            raise UsageError(f"{name} is {_CALLED[kind]} and {because}; leave out {option}")


def _whole(name: str, kind: str, records: Iterator[Record]) -> Iterator[Record]:
    last = 0
    for record in records:
        last = record[0]
        yield record
    if last in limits.CUT_OFF_ROWS and kind in _OF_SPREADSHEETS:
        raise ListError(
            f"{name}: it has exactly {last:,} rows, the most that a spreadsheet format holds, so its end was "
            "probably cut off; export it again in parts, or, if nothing is missing, remove or add one row"
        )
