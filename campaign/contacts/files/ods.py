"""Workbooks of the .ods kind: the texts of one sheet, read from their XML in one pass.

Read here and not by a general library, because those cannot tell hidden rows and columns and spread repeated
ones out.
"""

import re
from collections.abc import Collection, Iterator

from campaign.contacts.files import limits, shown
from campaign.contacts.files.archive import DAMAGED, Archive
from campaign.contacts.files.bounds import Bounds
from campaign.contacts.files.naming import reference
from campaign.contacts.files.sheet import SHEET_ROWS, Grid, Sheet, choose, covered, long_cell
from campaign.contacts.files.walker import Walker, attribute, counted, repeated
from campaign.errors import ListError

NO_WORKBOOK = "an OpenDocument file, but no spreadsheet; save the list as .ods, .xlsx or CSV"

_CONTENT = "content.xml"
_MANIFEST = "META-INF/manifest.xml"
_MIMETYPES = (
    b"application/vnd.oasis.opendocument.spreadsheet",
    b"application/vnd.oasis.opendocument.spreadsheet-template",
)
_COVERED = "table:covered-table-cell"
_CELLS = ("table:table-cell", _COVERED)
_NO_LENGTH = re.compile(r"0*\.?0*[a-z]*")
_NUMBERS = ("float", "currency", "percentage")
_HIDDEN = ("collapse", "filter")
# Blanks that the document asks for, as characters that XML cannot hold: all other blanks run together.
_ASKED_BLANKS = str.maketrans("\0\1\2", " \t\n")
_RUN_OF_BLANKS = re.compile(r"[ \t\r\n]+")


def records(
    archive: Archive, wanted: str | None, include_hidden: bool, bounds: Bounds, notes: list[str]
) -> Iterator[tuple[int, list[str]]]:
    """The rows of the list in an .ods workbook; arguments and errors as for `xlsx.records`."""
    if archive.read("mimetype").strip() not in _MIMETYPES:
        raise ListError(NO_WORKBOOK)
    if archive.holds(_MANIFEST):
        archive.parse(_MANIFEST, _Manifest())
    survey = Survey()
    archive.parse(_CONTENT, survey)
    sheet = choose(survey.sheets, wanted, lambda sheet: sheet.key in survey.filled)
    grid = Grid(bounds)
    archive.parse(_CONTENT, SheetHandler(sheet, grid, survey.flat_styles, survey.narrow_styles))
    yield from grid.records(include_hidden)
    notes += grid.notes


class _Manifest(Walker):
    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "manifest:encryption-data":
            raise ListError("protected with a password; remove the password and save it again")


class Survey(Walker):
    """Lists the sheets of a document, and which of them hold cells."""

    def __init__(self) -> None:
        """Start before the first sheet."""
        super().__init__()
        self.sheets: list[Sheet] = []
        self.filled: set[str] = set()
        """The keys of the sheets that hold cells."""
        self.flat_styles: set[str] = set()
        """The styles of rows without height."""
        self.narrow_styles: set[str] = set()
        """The styles of columns without width."""
        self._style = ""
        self._hidden_styles: set[str] = set()
        self._in_cell = False

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        """A style, a sheet or a cell begins."""
        if tag == "style:style":
            self._style = attribute(attributes, "style", "name")
        elif tag == "style:table-properties":
            if attribute(attributes, "table", "display") == "false":
                self._hidden_styles.add(self._style)
        elif tag == "style:table-row-properties":
            height = attribute(attributes, "style", "row-height")
            if height and _NO_LENGTH.fullmatch(height):
                self.flat_styles.add(self._style)
        elif tag == "style:table-column-properties":
            width = attribute(attributes, "style", "column-width")
            if width and _NO_LENGTH.fullmatch(width):
                self.narrow_styles.add(self._style)
        elif tag == "table:table":
            is_visible = attribute(attributes, "table", "style-name") not in self._hidden_styles
            name = attribute(attributes, "table", "name")
            self.sheets.append(Sheet(name, is_visible, str(len(self.sheets))))
        elif tag in _CELLS and self.sheets:
            self._in_cell = True
            if attribute(attributes, "office", "value-type") not in ("", "string"):
                self.filled.add(self.sheets[-1].key)

    def finish(self, tag: str) -> None:
        """A cell ends."""
        if tag in _CELLS:
            self._in_cell = False

    def take(self, data: str) -> None:
        """The text of a cell."""
        if self._in_cell and data.strip():
            self.filled.add(self.sheets[-1].key)


class SheetHandler(Walker):
    """Takes the XML of a document and fills the grid with one of its sheets."""

    def __init__(
        self, sheet: Sheet, grid: Grid, flat_styles: Collection[str], narrow_styles: Collection[str]
    ) -> None:
        """Start before the first sheet."""
        super().__init__()
        self._wanted = int(sheet.key)
        self._grid = grid
        self._flat_styles = flat_styles
        self._narrow_styles = narrow_styles
        self._sheet = -1
        self._groups: list[bool] = []
        self._column_groups: list[bool] = []
        self._next_column = 1
        self._next_row = 1
        self._row_times = 1
        self._is_hidden = False
        self._cells: list[str] = []
        self._column = 1
        self._attributes: dict[str, str] = {}
        self._paragraphs: list[str] = []
        self._pieces: list[str] | None = None
        self._length = 0
        self._spans: list[tuple[int, int, int, int]] = []

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        """An element of some sheet begins."""
        if tag == "table:table":
            self._sheet += 1
        if self._sheet != self._wanted:
            return
        if tag in _CELLS:
            self._attributes = attributes
            self._paragraphs = []
            self._length = 0
            self._note_span()
        elif tag in ("text:p", "text:h"):
            self._pieces = []
        elif tag == "table:table-row":
            self._row_times = repeated(attributes, "number-rows-repeated")
            self._is_hidden = (
                any(self._groups)
                or attribute(attributes, "table", "visibility") in _HIDDEN
                or attribute(attributes, "table", "style-name") in self._flat_styles
            )
            self._cells = []
            self._column = 1
        elif tag == "table:table-row-group":
            self._groups.append(attribute(attributes, "table", "display") == "false")
        elif tag == "table:table-column":
            self._note_column(attributes)
        elif tag == "table:table-column-group":
            self._column_groups.append(attribute(attributes, "table", "display") == "false")
        elif self._pieces is not None:
            self._begin_blank(tag, attributes)

    def _note_column(self, attributes: dict[str, str]) -> None:
        first = self._next_column
        self._next_column += repeated(attributes, "number-columns-repeated")
        if (
            any(self._column_groups)
            or attribute(attributes, "table", "visibility") in _HIDDEN
            or attribute(attributes, "table", "style-name") in self._narrow_styles
        ):
            self._grid.hide_columns(first, self._next_column - 1)

    def _begin_blank(self, tag: str, attributes: dict[str, str]) -> None:
        assert self._pieces is not None  # noqa: S101 - the caller asks
        if tag == "text:s":
            count = counted(attribute(attributes, "text", "c") or "1")
            self._lengthen(count)
            self._pieces.append("\0" * count)
        elif tag == "text:tab":
            self._pieces.append("\1")
        elif tag == "text:line-break":
            self._pieces.append("\2")

    def finish(self, tag: str) -> None:
        """An element of some sheet ends."""
        if self._sheet != self._wanted:
            return
        if tag in _CELLS:
            self._close_cell(tag)
        elif tag in ("text:p", "text:h") and self._pieces is not None:
            text = _RUN_OF_BLANKS.sub(" ", "".join(self._pieces)).strip(" ")
            self._paragraphs.append(text.translate(_ASKED_BLANKS))
            self._pieces = None
        elif tag == "table:table-row":
            if self._cells:
                self._grid.add(self._next_row, self._cells, self._is_hidden, self._row_times)
            self._next_row += self._row_times
        elif tag == "table:table-row-group":
            self._groups.pop()
        elif tag == "table:table-column-group":
            self._column_groups.pop()
        elif tag == "table:table":
            self._sheet = SHEET_ROWS

    def take(self, data: str) -> None:
        """The text of a paragraph."""
        if self._pieces is not None:
            self._pieces.append(data)

    def _lengthen(self, count: int) -> None:
        """Count blanks that the cell asks for, before they are made."""
        self._length += count
        if self._length > limits.CELL_CHARACTERS:
            raise long_cell(reference(self._next_row, self._column))

    def _note_span(self) -> None:
        """Remember which cells below and beside itself a merged cell covers."""
        rows = repeated(self._attributes, "number-rows-spanned")
        columns = repeated(self._attributes, "number-columns-spanned")
        if rows * columns > 1:
            self._spans.append((self._next_row, self._column, rows, columns))

    def _covered(self) -> ListError:
        row, column = self._next_row, self._column
        above = next(
            (
                f"the merged cell {reference(top, left)}"
                for top, left, rows, columns in self._spans
                if top <= row < top + rows and left <= column < left + columns
            ),
            "a merged cell",
        )
        return covered(reference(row, column), above)

    def _close_cell(self, tag: str) -> None:
        times = repeated(self._attributes, "number-columns-repeated")
        text = self._text()
        if text and tag == _COVERED:
            raise self._covered()
        if text:
            last = self._column + times - 1
            self._grid.check_cell(self._next_row, last)
            self._cells += [""] * (self._column - len(self._cells) - 1) + [text] * times
        self._column += times

    def _text(self) -> str:
        """The text of the cell that ends: what its document shows, with every digit of a whole number."""
        attributes = self._attributes
        text = "\n".join(self._paragraphs)
        kind = attribute(attributes, "office", "value-type")
        if kind in _NUMBERS:
            value = shown.finite(attribute(attributes, "office", "value"))
            if value is None:
                raise ListError(f"row {self._next_row} holds a broken number; {DAMAGED}")
            return shown.kept(text, value)
        if kind == "boolean":
            return "TRUE" if attribute(attributes, "office", "boolean-value") == "true" else "FALSE"
        if kind == "" and not text and attribute(attributes, "table", "formula"):
            raise ListError(
                f"a formula in row {self._next_row} was never calculated; "
                "open the file in a spreadsheet program and save it"
            )
        return text or _value(attributes, kind)


def _value(attributes: dict[str, str], kind: str) -> str:
    """The value of a cell whose document does not say how it is shown."""
    value = attribute(attributes, "office", f"{kind}-value") if kind else ""
    return value.replace("T", " ") if kind == "date" else value
