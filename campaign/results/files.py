"""Result files: `.csv`, `.xlsx` and `.jsonl`, each the old or the new complete file at any instant."""

import csv
import glob
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from campaign.errors import OutputError
from campaign.models import RESULT_COLUMNS, ResultRow
from campaign.results import table

_ASIDE = ".new"
XLSX_CELL_LIMIT = 32_767
XLSX_ROW_LIMIT = 1_048_576
_CUT = " [cut: a spreadsheet cell holds no more; the whole text is in .csv and .jsonl results]"

_Writer = Callable[[IO[bytes], Sequence[str], Iterable[ResultRow]], int]


def check_output(path: Path) -> None:
    """Find out before anybody is called whether a result file can stand at `path`.

    Raises:
        OutputError: The format is unknown, the folder is missing, or it cannot be written to.
    """
    if path.suffix.lower() not in _WRITERS:
        raise OutputError(f"output {path}: the name must end in {', '.join(_WRITERS)}")
    folder = path.parent
    if not folder.is_dir():
        problem = (
            "is not a folder" if folder.exists() else f"does not exist; create it with mkdir -p {folder}"
        )
        raise OutputError(f"output {path}: the folder {folder} {problem}")
    if path.is_dir():
        raise OutputError(f"output {path}: this is a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"output {path}: no permission to write into {folder}")


def remove_leftovers(path: Path) -> None:
    """Remove what a killed run left aside while it wrote this result. Only under the run lock."""
    target = path.resolve()
    for leftover in target.parent.glob(f".{glob.escape(target.name)}.*{_ASIDE}"):
        with suppress(OSError):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def write(path: Path, headers: Sequence[str], rows: Iterable[ResultRow]) -> int:
    """Write a result file aside, flush it, and put it in place of the old one.

    Args:
        path: Its suffix chooses the format.
        headers: The operator's own columns.
        rows: In the list's order.

    Returns:
        The number of rows.

    Raises:
        OutputError: It cannot be written; the old file is untouched.
    """
    check_output(path)
    try:
        with _replacement(path) as file:
            return _WRITERS[path.suffix.lower()](file, headers, rows)
    except OSError as error:
        raise OutputError(f"output {path}: {error.strerror or error}") from error


@contextmanager
def _replacement(path: Path) -> Iterator[IO[bytes]]:
    """A new file, readable by its owner only, that takes the place of `path` when all went well."""
    # A link stays a link: what it points to is replaced.
    target = path.resolve()
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - it is closed below, and kept
        prefix=f".{target.name}.", suffix=_ASIDE, dir=target.parent, delete=False
    )
    aside = Path(file.name)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_csv(file: IO[bytes], headers: Sequence[str], rows: Iterable[ResultRow]) -> int:
    written = 0
    # The file is closed by its owner, who flushes it to disk first.
    with open(file.fileno(), "w", encoding="utf-8", newline="", closefd=False) as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([table.defuse(name) for name in table.header(headers)])
        for row in rows:
            writer.writerow([table.defuse(cell) for cell in (*row.cells, *table.our_cells(row))])
            written += 1
    return written


def _write_jsonl(file: IO[bytes], headers: Sequence[str], rows: Iterable[ResultRow]) -> int:
    written = 0
    names = [name or f"column_{at}" for at, name in enumerate(headers, start=1)]
    for row in rows:
        values: dict[str, table.Cell | None] = dict(zip(names, row.cells, strict=False))
        ours = zip(RESULT_COLUMNS, table.our_cells(row), strict=True)
        values |= {column: cell if cell != "" else None for column, cell in ours}
        file.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
        written += 1
    return written


def _write_xlsx(file: IO[bytes], headers: Sequence[str], rows: Iterable[ResultRow]) -> int:
    # The writer keeps rows aside while it works. They hold conversations, so they stay beside the result,
    # in a folder that goes away whatever happens.
    own = Path(file.name)
    with tempfile.TemporaryDirectory(prefix=own.name, suffix=_ASIDE, dir=own.parent) as aside:
        try:
            return _write_workbook(file, headers, rows, aside)
        except XlsxWriterException as error:
            raise OSError(getattr(error.__cause__ or error.__context__, "errno", None), str(error)) from error


def _write_workbook(file: IO[bytes], headers: Sequence[str], rows: Iterable[ResultRow], aside: str) -> int:
    options = {
        "constant_memory": True,
        "tmpdir": aside,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    written = 0
    columns = table.header(headers)
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet("results")
        bold = book.add_format({"bold": True})
        # Long conversations stay in one line until somebody opens the cell.
        sheet.set_default_row(15)
        sheet.freeze_panes(1, 0)
        for at, name in enumerate(columns):
            sheet.set_column(at, at, 40 if name in ("call_summary", "call_transcript") else 16)
            sheet.write_string(0, at, name, bold)
        for number, row in enumerate(rows, start=1):
            if number == XLSX_ROW_LIMIT:
                raise OSError(None, f"an .xlsx file holds {XLSX_ROW_LIMIT - 1:,} rows; choose .csv or .jsonl")
            for at, cell in enumerate((*row.cells, *table.our_cells(row))):
                if isinstance(cell, str):
                    sheet.write_string(number, at, _fitting(cell))
                else:
                    sheet.write_number(number, at, cell)
            written = number
        sheet.autofilter(0, 0, written, len(columns) - 1)
    return written


def _fitting(text: str) -> str:
    # A cell's limit counts UTF-16 units, of which an emoji has two.
    encoded = text.encode("utf-16-le")
    if len(encoded) <= 2 * XLSX_CELL_LIMIT:
        return text
    return encoded[: 2 * (XLSX_CELL_LIMIT - len(_CUT))].decode("utf-16-le", errors="ignore") + _CUT


_WRITERS: dict[str, _Writer] = {".csv": _write_csv, ".xlsx": _write_xlsx, ".jsonl": _write_jsonl}
