"""The cells of one .xlsx sheet as text, read from its XML in one pass."""

import re
from dataclasses import dataclass
from datetime import datetime

from campaign.contacts.files import shown
from campaign.contacts.files.archive import DAMAGED
from campaign.contacts.files.naming import quoted, reference
from campaign.contacts.files.sheet import Grid, long_cell
from campaign.contacts.files.texts import TAGS, WRITTEN_CHARACTERS, decoded
from campaign.contacts.files.walker import counted
from campaign.errors import ListError

YES = ("1", "true")
"""What an attribute that means yes holds."""

_DIGITS = "0123456789"
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,10})(?::([A-Z]{1,3})([0-9]{1,10}))?")
_DATA_OPEN, _DATA_CLOSED = 1, 2
_SAFE_DIGITS = 15
_FIRST_OF_MARCH_1900 = 61
_EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 - workbooks have no zones


@dataclass(slots=True)
class Reading:
    """What a sheet needs from the rest of its workbook, and the rows that it becomes."""

    texts: list[str]
    """The shared texts."""
    formats: list[str]
    """The format code of every style."""
    epoch_1904: bool
    never_calculated: bool
    """Whether the workbook asks for its formulas to be calculated when it is opened."""
    grid: Grid


class SheetHandler:
    """Takes the XML of a sheet and fills the grid."""

    def __init__(self, reading: Reading) -> None:
        """Start above the first row."""
        self._reading = reading
        self._columns: dict[str, int] = {}
        self._row = 0
        self._row_text = "0"
        self._is_hidden = False
        self._cells: list[str] = []
        self._column = 0
        self._kind: str | None = None
        self._style: str | None = None
        self._values: list[str] = []
        self._length = 0
        self._holder: str | None = None
        self._has_formula = False
        self._is_phonetic = False
        self._is_in_text = False
        self._data = 0
        self._merged: list[str] = []
        self._is_filtered = False
        self._pieces: list[str] = []
        self.text = self._pieces.append

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        tag = TAGS.get(name)
        if self._is_in_text:
            raise self._twofold()
        if tag == "c":
            self._open_cell(attributes)
        elif tag == "v" or tag == "t":
            self._pieces.clear()
            self._is_in_text = True
            if tag == "v":
                self._hold(tag)
        elif tag == "row":
            self._open_row(attributes)
        elif tag == "f":
            self._has_formula = True
        elif tag == "is":
            self._hold(tag)
        elif tag == "rPh":
            self._is_phonetic = True
        elif tag == "sheetData":
            self._open_data()
        elif tag == "mergeCell":
            self._merged.append(attributes.get("ref", ""))
        elif tag == "filterColumn":
            self._is_filtered = True
        elif tag == "col" and (attributes.get("hidden") in YES or _is_zero(attributes.get("width"))):
            self._reading.grid.hide_columns(
                counted(attributes.get("min", "")), counted(attributes.get("max", ""))
            )

    def finish(self) -> None:
        """Look at what stands below the rows: merged cells must not hide any, and a filter is noted."""
        grid = self._reading.grid
        for text in self._merged:
            corners = _RANGE.fullmatch(text)
            if not corners:
                raise ListError(f"{DAMAGED} (it merges {quoted(text)})")
            left, top, right, bottom = corners.groups()
            first = (counted(top), _column_number(left))
            last = (counted(bottom), _column_number(right)) if right else first
            grid.check_merged(first, last)
        if self._is_filtered and not grid.hides_rows:
            grid.notes.append("a filter is set, but it hides no row")

    def end(self, name: str) -> None:
        """An element ends."""
        tag = TAGS.get(name)
        if tag == "v":
            self._is_in_text = False
            self._take()
        elif tag == "c":
            self._close_cell()
        elif tag == "row":
            if self._cells:
                self._reading.grid.add(self._row, self._cells, self._is_hidden)
        elif tag == "t":
            self._is_in_text = False
            if not self._is_phonetic:
                self._take()
        elif tag == "rPh":
            self._is_phonetic = False
        elif tag == "sheetData":
            self._data = _DATA_CLOSED

    def _open_data(self) -> None:
        if self._data:
            raise ListError(f"the sheet has its cells twice; {DAMAGED}")
        self._data = _DATA_OPEN

    def _hold(self, holder: str) -> None:
        if self._holder is not None:
            raise self._twofold()
        self._holder = holder

    def _twofold(self) -> ListError:
        return ListError(f"cell {reference(self._row, self._column)} does not say what it holds; {DAMAGED}")

    def _take(self) -> None:
        """Add a piece of the value; as pieces, since there can be a great many."""
        piece = "".join(self._pieces)
        self._length += len(piece)
        if self._length > WRITTEN_CHARACTERS:
            raise long_cell(reference(self._row, self._column))
        if piece:
            self._values.append(piece)

    def _open_row(self, attributes: dict[str, str]) -> None:
        if self._data != _DATA_OPEN:
            raise ListError(f"a row stands outside the cells of its sheet; {DAMAGED}")
        text = attributes.get("r")
        number = self._row + 1 if text is None else counted(text)
        if number <= self._row:
            raise ListError(f"row {number} stands below row {self._row} in the file; {DAMAGED}")
        self._row, self._row_text = number, str(number)
        # A row that is not in the file can be hidden by default, but then it has no cell.
        self._is_hidden = attributes.get("hidden") in YES or _is_zero(attributes.get("ht"))
        self._cells = []
        self._column = 0

    def _open_cell(self, attributes: dict[str, str]) -> None:
        place = attributes.get("r")
        column = self._column + 1 if place is None else self._column_of(place)
        if column <= self._column:
            raise ListError(
                f"cell {reference(self._row, column)} occurs twice or in the wrong place; {DAMAGED}"
            )
        self._column = column
        self._kind = attributes.get("t")
        self._style = attributes.get("s")
        self._values = []
        self._length = 0
        self._holder = None
        self._has_formula = False

    def _column_of(self, place: str) -> int:
        letters = place.rstrip(_DIGITS)
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = _column_number(letters)
        if place[len(letters) :] != self._row_text or not column:
            raise ListError(f"row {self._row} holds a cell {quoted(place)}; {DAMAGED}")
        return column

    def _close_cell(self) -> None:
        value, kind = "".join(self._values), self._kind
        if self._has_formula and self._is_stale(value):
            raise ListError(
                f"the formula in {reference(self._row, self._column)} was never calculated; "
                "open the file in a spreadsheet program and save it"
            )
        if not value:
            return
        if kind == "s":
            text = self._shared(value)
        elif kind is None or kind == "n":
            text = self._number(value)
        elif kind == "b":
            text = "TRUE" if value in YES else "FALSE"
        elif kind == "e":
            text = value
        elif kind == "d":
            text = self._date(value)
        else:
            text = self._text(decoded(value))
        if text:
            self._place(text)

    def _is_stale(self, value: str) -> bool:
        # Programs that cannot calculate write a zero, or nothing, and ask for the calculation.
        if value:
            return value == "0" and self._reading.never_calculated
        if self._kind not in ("str", "inlineStr"):
            return True
        return self._holder is None and self._reading.never_calculated

    def _place(self, text: str) -> None:
        gap = self._column - len(self._cells) - 1
        if gap:
            self._reading.grid.check_cell(self._row, self._column)
            self._cells += [""] * gap
        self._cells.append(text)

    def _shared(self, value: str) -> str:
        texts = self._reading.texts
        place = (
            int(value) if value.isascii() and value.isdecimal() and len(value) < _SAFE_DIGITS else len(texts)
        )
        if place >= len(texts):
            raise ListError(
                f"cell {reference(self._row, self._column)} refers to a text that is missing; {DAMAGED}"
            )
        return self._text(texts[place])

    def _text(self, text: str) -> str:
        """A text, which a format may show with more than it holds, or not at all."""
        code = self._format()
        if code != shown.GENERAL and text and shown.in_format(text, code) is None:
            raise ListError(
                f"cell {reference(self._row, self._column)} shows its text changed by the format "
                f"{quoted(code)}; write into the cell what it should show, in the format Text"
            )
        return text

    def _number(self, value: str) -> str:
        code = self._format()
        if code == shown.GENERAL and len(value) <= _SAFE_DIGITS and value.isascii() and value.isdecimal():
            return str(int(value))
        number = shown.finite(value)
        if number is None:
            raise ListError(f"cell {reference(self._row, self._column)} holds a broken number; {DAMAGED}")
        return shown.number(number, code, self._reading.epoch_1904)

    def _format(self) -> str:
        style, formats = self._style, self._reading.formats
        if style is None:
            return formats[0] if formats else shown.GENERAL
        place = counted(style)
        return formats[place] if place < len(formats) else shown.GENERAL

    def _date(self, value: str) -> str:
        """A date that stands in the file as text, in the format of its cell."""
        try:
            moment = datetime.fromisoformat(value).replace(tzinfo=None)
        except ValueError:
            return value
        days = (moment - _EPOCH_1900).total_seconds() / 86_400
        # Spreadsheets count a 29 February 1900, which never was.
        days -= days < _FIRST_OF_MARCH_1900
        text = shown.number(days, self._format())
        return value.replace("T", " ") if text == shown.plain(days) else text


def _is_zero(text: str | None) -> bool:
    return text is not None and shown.finite(text) == 0


def _column_number(letters: str) -> int:
    """The number of a column, or 0 when the letters name none."""
    number = 0
    if len(letters) > 3:
        return 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            return 0
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
