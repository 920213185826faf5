"""Tables as workbooks: `.xlsx` in which a text stays a text, within the limits of spreadsheets."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from campaign.results.table import Colour, Table

CELL_LIMIT = 32_767
ROW_LIMIT = 1_048_576
COLUMN_LIMIT = 16_384
_CUT = " [cut: a spreadsheet cell holds no more; the whole text is in .csv and .jsonl results]"

# The shades that spreadsheets themselves offer: dark text on a light ground.
_SHADES: dict[Colour, dict[str, str]] = {
    "red": {"font_color": "#9C0006", "bg_color": "#FFC7CE"},
    "amber": {"font_color": "#9C5700", "bg_color": "#FFEB9C"},
    "green": {"font_color": "#006100", "bg_color": "#C6EFCE"},
    "grey": {"font_color": "#595959", "bg_color": "#E7E6E6"},
}


def write_xlsx(file: IO[bytes], content: Table, aside_suffix: str) -> int:
    """Write one sheet; returns the number of rows.

    Args:
        file: Its name says where the folder may stand in which the writer keeps rows while it works.
        content: What to write. A text that is too long for a cell is cut there, and says so.
        aside_suffix: How that folder's name ends.

    Raises:
        OSError: It cannot be written, or there are more rows or columns than a sheet has.
    """
    # Rows may hold conversations: they stay beside the result, in a folder that goes away whatever happens.
    own = Path(file.name)
    target = Target(file)
    with tempfile.TemporaryDirectory(prefix=own.name, suffix=aside_suffix, dir=own.parent) as aside:
        try:
            rows = _write_sheet(target, content, aside)
            if target.error is not None:
                raise target.error
            return rows
        except XlsxWriterException as error:
            cause = error.__cause__ or error.__context__
            if isinstance(cause, OSError):
                raise OSError(cause.errno, cause.strerror) from error
            raise OSError(None, str(error)) from error
        finally:
            target.let_go()


class Target:
    """The file that a workbook is written to.

    What the disk refuses is kept instead of raised, and nothing reaches the file any more: the library would
    leave its archive open in mid-write, and the interpreter complains when it takes leave of such a one.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file: IO[bytes] | None = file
        self._at = file.tell()
        self.error: OSError | None = None
        """What the disk has refused first."""

    def let_go(self) -> None:
        """From now on nothing reaches the file."""
        self._file = None

    def write(self, data: bytes) -> int:
        """As a file does, but for its failing."""
        self._try(lambda file: file.write(data))
        self._at += len(data)
        return len(data)

    def seek(self, offset: int) -> int:
        """From the beginning, as an archive does."""
        self._try(lambda file: file.seek(offset))
        self._at = offset
        return offset

    def tell(self) -> int:
        """Where the next byte would go."""
        return self._at

    def flush(self) -> None:
        """As a file does, but for its failing."""
        self._try(lambda file: file.flush())

    def _try(self, work: Callable[[IO[bytes]], object]) -> None:
        try:
            if self._file is not None:
                work(self._file)
        except OSError as error:
            self.error = error
            self.let_go()


def _write_sheet(target: Target, content: Table, aside: str) -> int:
    options = {
        "constant_memory": True,
        "tmpdir": aside,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    # The writer leaves out what stands beyond, without a word.
    if len(content.header) > COLUMN_LIMIT:
        raise OSError(None, f"an .xlsx file holds {COLUMN_LIMIT:,} columns; choose .csv, .jsonl or .parquet")
    written = 0
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet(content.sheet)
        bold = book.add_format({"bold": True})
        # Long conversations stay in one line until somebody opens the cell.
        sheet.set_default_row(15)
        sheet.freeze_panes(1, 0)
        for at, name in enumerate(content.header):
            sheet.set_column(at, at, content.widths.get(name, 16))
            sheet.write_string(0, at, _fitting(name), bold)
        for number, row in enumerate(content.rows, start=1):
            if number == ROW_LIMIT:
                raise OSError(
                    None, f"an .xlsx file holds {ROW_LIMIT - 1:,} rows; choose .csv, .jsonl or .parquet"
                )
            for at, cell in enumerate(row):
                if isinstance(cell, int | float):
                    sheet.write_number(number, at, cell)
                else:
                    sheet.write_string(number, at, _fitting(cell or ""))
            written = number
        sheet.autofilter(0, 0, written, len(content.header) - 1)
        if written:
            _mark(book, sheet, content, written)
    return written


def _mark(
    book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet, content: Table, last: int
) -> None:
    """Rules by which the spreadsheet itself colours cells, so that a corrected cell loses its colour."""
    shades = {colour: book.add_format(shade) for colour, shade in _SHADES.items()}
    for at, name in enumerate(content.header):
        for text, colour in content.marks.get(name, {}).items():
            quoted = text.replace('"', '""')
            rule = {"type": "cell", "criteria": "==", "value": f'"{quoted}"', "format": shades[colour]}
            sheet.conditional_format(1, at, last, at, rule)


def _fitting(text: str) -> str:
    # A cell's limit counts UTF-16 units, of which an emoji has two.
    encoded = text.encode("utf-16-le")
    if len(encoded) <= 2 * CELL_LIMIT:
        return text
    return encoded[: 2 * (CELL_LIMIT - len(_CUT))].decode("utf-16-le", errors="ignore") + _CUT
