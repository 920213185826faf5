"""The sheet of a workbook that is the list: which one, and its rows as text, within bounds."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

from campaign.contacts.files import limits
from campaign.contacts.files.bounds import Bounds
from campaign.contacts.files.characters import forbidden_at, unwanted
from campaign.contacts.files.naming import letters, quoted, reference
from campaign.errors import ListError
from campaign.models import OUR_COLUMNS

SHEET_ROWS = 1_048_576
"""What a spreadsheet holds."""

_NAMED = 3
_NAMED_SHEETS = 8


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook."""

    name: str
    is_visible: bool
    key: str
    """Where its reader finds it."""


def choose(sheets: Sequence[Sheet], wanted: str | None, holds_cells: Callable[[Sheet], bool]) -> Sheet:
    """The sheet that is the list: the one that the operator names, or the only visible one with cells.

    Raises:
        ListError: There is no such sheet, or no sheet can be chosen without a guess.
    """
    if wanted is not None:
        exact = [sheet for sheet in sheets if sheet.name == wanted]
        alike = exact or [sheet for sheet in sheets if sheet.name.casefold() == wanted.casefold()]
        if len(alike) == 1:
            return alike[0]
        raise ListError(f"there is no sheet {quoted(wanted)}; its sheets are {_listing(sheets)}")
    filled = [sheet for sheet in sheets if sheet.is_visible and holds_cells(sheet)]
    if len(filled) == 1:
        return filled[0]
    if filled:
        raise ListError(
            f"{len(filled)} sheets hold cells: {_listing(filled)}; name the one with the list with --sheet"
        )
    hidden = [sheet for sheet in sheets if not sheet.is_visible and holds_cells(sheet)]
    if hidden:
        raise ListError(
            f"only hidden sheets hold cells: {_listing(hidden)}; "
            "show the one with the list, or name it with --sheet"
        )
    raise ListError("no sheet holds a cell; the first row must name the columns")


def check_row(number: int, cells: Sequence[str], *, longest: int = limits.CELL_CHARACTERS) -> int:
    """The characters of a row.

    Args:
        number: Where it stands.
        cells: What it holds.
        longest: The characters that a cell may have.

    Raises:
        ListError: A cell or the row is longer than any of a contact list, or holds a character that no list
            may hold.
    """
    if forbidden_at("".join(cells)) is not None:
        for column, cell in enumerate(cells, start=1):
            at = forbidden_at(cell)
            if at is not None:
                raise ListError(f"cell {reference(number, column)}: {unwanted(cell[at])}")
    length = sum(map(len, cells))
    if length > longest:
        for column, cell in enumerate(cells, start=1):
            if len(cell) > longest:
                raise long_cell(reference(number, column), longest)
        if length > limits.LINE_CHARACTERS:
            raise ListError(
                f"row {number} holds more than {limits.LINE_CHARACTERS:,} characters; shorten its cells"
            )
    return length


def long_cell(name: str, longest: int = limits.CELL_CHARACTERS) -> ListError:
    """The error for a cell that is too long; unless told otherwise, longer than a spreadsheet's can be."""
    return ListError(f"cell {name} holds more than {longest:,} characters; shorten it")


def covered(name: str, above: str) -> ListError:
    """The error for a cell whose content another one covers."""
    return ListError(f"cell {name} is hidden under {above}; unmerge it, and clear what should not be there")


class Grid:
    """The rows of one sheet, collected in order and checked as they come."""

    def __init__(self, bounds: Bounds) -> None:
        """Start without rows."""
        self.notes: list[str] = []
        """What the operator should know."""
        self._bounds = bounds
        self._rows: list[tuple[int, Sequence[str]]] = []
        self._hidden: list[int] = []
        self._hidden_columns: set[int] = set()
        self._first = 0
        self._width = 0
        self._characters = 0

    @property
    def hides_rows(self) -> bool:
        """Whether a row with content is hidden."""
        return bool(self._hidden)

    def hide_columns(self, first: int, last: int) -> None:
        """Take note that the spreadsheet does not show these columns, whether or not they hold anything."""
        self._hidden_columns.update(range(first, min(last, limits.COLUMNS) + 1))

    def check_cell(self, row: int, column: int) -> None:
        """Refuse a cell with content where no contact list has one.

        Raises:
            ListError: It stands too far from the first row with content.
        """
        rectangle = (row - (self._first or row) + 1) * max(column, self._width)
        if row > SHEET_ROWS or column > limits.COLUMNS or rectangle > self._bounds.cells:
            raise ListError(
                f"cell {reference(row, column)} is far outside any contact list "
                f"(at most {SHEET_ROWS:,} rows, {limits.COLUMNS} columns, {self._bounds.cells:,} cells); "
                "clear it, or save the list as CSV"
            )

    def add(self, number: int, cells: Sequence[str], is_hidden: bool = False, times: int = 1) -> None:
        """Take a row whose last cell is not empty, as often as it stands below itself.

        Raises:
            ListError: It makes the sheet larger than any contact list.
        """
        self._first = self._first or number
        self.check_cell(number + times - 1, len(cells))
        self._characters += check_row(number, cells) * times
        if self._characters > self._bounds.characters:
            raise ListError(
                f"up to row {number} its cells hold more than {self._bounds.characters:,} characters; "
                "split the list into several files"
            )
        self._width = max(self._width, len(cells))
        # A repeated row is one object, so that it costs nothing to repeat it.
        self._rows += [(place, cells) for place in range(number, number + times)]
        if is_hidden:
            self._hidden += range(number, number + times)

    def check_merged(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Refuse content in merged cells that only their first one shows; both corners are row and column.

        Raises:
            ListError: Another cell of these holds something.
        """
        start = bisect_left(self._rows, first[0], key=itemgetter(0))
        for number, cells in islice(self._rows, start, None):
            if number > last[0]:
                return
            for column in range(first[1], min(last[1], len(cells)) + 1):
                if cells[column - 1] and (number, column) != first:
                    raise covered(reference(number, column), f"the merged cell {reference(*first)}")

    def records(self, include_hidden: bool) -> Iterator[tuple[int, list[str]]]:
        """The rows by number, all of the same width.

        Raises:
            ListError: There are none, or some rows or columns are hidden and nobody said to read them.
        """
        if not self._rows:
            raise ListError("the sheet holds no cell; the first row must name the columns")
        columns = self._hidden_in_use()
        if (self._hidden or columns) and not include_hidden:
            rows = f"{_listed('row', self._hidden)} hidden or filtered out" if self._hidden else ""
            beside = f"{_listed('column', columns)} hidden" if columns else ""
            raise ListError(
                f"{', '.join(filter(None, [rows, beside]))}; "
                "show them, delete them, or read them too with --include-hidden"
            )
        if self._hidden:
            count = len(self._hidden)
            self.notes.append(f"{count:,} hidden row{' is' if count == 1 else 's are'} read too")
        if columns:
            self.notes.append(f"hidden columns read too: {_first_of(columns)}")
        for number, cells in self._rows:
            yield number, [*cells, *([""] * (self._width - len(cells)))]

    def _hidden_in_use(self) -> list[str]:
        """The hidden columns with content, by letter and heading. Ours are left aside when a list is read."""
        headings = [*self._rows[0][1], *([""] * (self._width - len(self._rows[0][1])))]
        used: list[str] = []
        for column, heading in enumerate(headings, start=1):
            if column not in self._hidden_columns or heading in OUR_COLUMNS:
                continue
            if any(cells[column - 1] for _, cells in self._rows if len(cells) >= column):
                used.append(letters(column) + (f" ({quoted(heading)})" if heading else ""))
        return used


def _listed(kind: str, hidden: Sequence[object]) -> str:
    """What is hidden, as the subject of a sentence with its verb."""
    return f"{kind} {hidden[0]} is" if len(hidden) == 1 else f"{kind}s {_first_of(hidden)} are"


def _first_of(hidden: Sequence[object]) -> str:
    named = ", ".join(map(str, hidden[:_NAMED]))
    return named if len(hidden) <= _NAMED else f"{named} ... ({len(hidden):,} in all)"


def _listing(sheets: Sequence[Sheet]) -> str:
    names = [quoted(sheet.name) for sheet in sheets[:_NAMED_SHEETS]]
    more = len(sheets) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")
