"""List files: `.csv` and `.xlsx` in, a header and numbered rows of text out.

Every cell is text. A phone number is never a float here, and a leading plus or zero is never lost.
"""

import codecs
import csv
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import pandas as pd
from python_calamine import CalamineError

from campaign.errors import InputMissingError, ListError
from campaign.models import Row

CHUNK_ROWS = 50_000

_NUMBER = re.compile(r"\+?[\d\s().\-]{7,}")


@dataclass(frozen=True, slots=True)
class ListFile:
    """The content of one list file: its header, and every row below it that has a cell."""

    path: Path
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    fingerprint: str
    """SHA-256 of the file."""


def read(path: Path) -> ListFile:
    """Read a whole contact list.

    Args:
        path: A `.csv` file in UTF-8, or an `.xlsx` workbook, of which the first sheet is read.

    Raises:
        InputMissingError: There is no such file, or it cannot be opened.
        ListError: The file as a whole cannot be used; the text says where and what to do.
    """
    fingerprint = _fingerprint(path)
    lines = _workbook_lines(path) if is_zipfile(path) else _csv_lines(path)
    header = next(lines, None)
    if header is None:
        raise ListError(f"{path}: the file is empty; the first line must name the columns")
    headers = _check_headers(path, header)
    rows = tuple(
        Row(number, tuple(cells)) for number, cells in enumerate(lines, start=2) if any(map(str.strip, cells))
    )
    if not rows:
        raise ListError(f"{path}: there is a header, but no row below it")
    return ListFile(path, headers, rows, fingerprint)


def _fingerprint(path: Path) -> str:
    try:
        if not path.is_file():
            problem = "this is not a file" if path.exists() else "no such file"
            raise InputMissingError(f"contact list {path}: {problem}")
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                raise ListError(f"{path}: the file is empty; the first line must name the columns")
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputMissingError(f"contact list {path}: {error.strerror}") from error


def _csv_lines(path: Path) -> Iterator[Sequence[str]]:
    _check_csv(path)
    # The header is read as a row, so that pandas neither renames columns nor drops cells of long rows;
    # blank lines are kept, so that rows keep the numbers which a spreadsheet shows.
    try:
        chunks = pd.read_csv(
            path,
            dtype=str,
            header=None,
            index_col=False,
            na_filter=False,
            skip_blank_lines=False,
            encoding="utf-8-sig",
            chunksize=CHUNK_ROWS,
        )
        with chunks:
            for chunk in chunks:
                yield from chunk.itertuples(index=False, name=None)
    except pd.errors.EmptyDataError as error:
        raise ListError(f"{path}: the file is empty; the first line must name the columns") from error
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ListError(f"{path}: not a CSV file that can be read; save it again as CSV (UTF-8)") from error


def _check_csv(path: Path) -> None:
    """Walk the file strictly once: pandas forgives quotes that swallow rows, and names no lines."""
    with path.open("rb") as raw:
        if b"\0" in raw.read(65536):
            raise ListError(f"{path}: neither UTF-8 text nor an .xlsx workbook; save it as CSV (UTF-8)")
        raw.seek(0)
        decoded = codecs.getreader("utf-8-sig")(raw)
        reader = csv.reader(decoded, strict=True)
        width, line = 0, 1
        try:
            for cells in reader:
                width = width or len(cells)
                if len(cells) > width:
                    raise ListError(
                        f"{path}: line {line} has {len(cells)} cells, but the header has {width}; "
                        "put cells that contain a comma in quotes"
                    )
                line = reader.line_num + 1
        except csv.Error as error:
            raise ListError(
                f"{path}: line {line} has a quote that is never closed, or text after a closing quote"
            ) from error
        except UnicodeDecodeError as error:
            raw.seek(0)
            bad = next(number for number, text in enumerate(raw, start=1) if not _is_utf8(text))
            raise ListError(
                f"{path}: not UTF-8 text (near line {bad}); save it as CSV (UTF-8) or .xlsx"
            ) from error


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _workbook_lines(path: Path) -> Iterator[Sequence[str]]:
    try:
        sheet = pd.read_excel(
            path, sheet_name=0, header=None, dtype=object, na_filter=False, engine="calamine"
        )
    except (CalamineError, ValueError, KeyError) as error:
        raise ListError(f"{path}: not an .xlsx workbook that can be read; save it again as .xlsx") from error
    for cells in sheet.itertuples(index=False, name=None):
        yield [_cell_text(cell) for cell in cells]


def _cell_text(cell: Any) -> str:
    """The text of a workbook cell. A whole number is written with all its digits, never as a float."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return "" if cell is None else str(cell)


def _check_headers(path: Path, cells: Sequence[str]) -> tuple[str, ...]:
    headers = tuple(cell.strip() for cell in cells)
    if not any(headers):
        raise ListError(f"{path}: the first line must name the columns, but it is blank")
    if any(_NUMBER.fullmatch(header) for header in headers):
        raise ListError(f"{path}: the first line holds data; put a line above it that names the columns")
    seen: set[str] = set()
    for header in headers:
        if header and header.casefold() in seen:
            raise ListError(f"{path}: two columns are named {header!r}; give each its own name")
        seen.add(header.casefold())
    return headers
