"""Cases of workbooks that are refused: hidden rows, sheets without a choice, formulas, and what is broken."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl

from tests.contacts.corpus.cases import GOOD, OTHER, Case, Refused
from tests.contacts.corpus.hazards import Hazard
from tests.contacts.corpus.workbook_cases import (
    HEAD,
    book,
    filtered,
    further_row,
    hidden_column,
    ods,
    pack_into,
    titled,
    two_sheets,
)
from tests.contacts.workbooks.books import SHEET_PART, ods_row, ods_text, rows, text, value, xlsx_parts

CURE = "show them, delete them, or read them too with --include-hidden"


def uncalculated(path: Path) -> None:
    """A list whose numbers are formulas, by a program that cannot calculate."""
    workbook = openpyxl.Workbook()
    workbook.active.append(["phone", "name"])
    workbook.active.append(['=CONCATENATE("+1", "2025550143")', "Ann"])
    workbook.save(path)
    workbook.close()


def _last_row(number: int) -> Callable[[Path], object]:
    return further_row(number, text(f"A{number}", OTHER), HEAD, text("A2", GOOD))


def _hidden(*attributes: str) -> Callable[[Path], object]:
    lines = [text(f"A{n}", f"+1202555{n:04}") for n in range(2, 8)]
    more = dict(enumerate(attributes, start=2))
    return partial(pack_into, parts=xlsx_parts(rows(HEAD, *lines, attributes=more)))


def _without(part: str) -> Callable[[Path], object]:
    parts = xlsx_parts(rows(HEAD, text("A2", GOOD)))
    return partial(pack_into, parts={name: content for name, content in parts.items() if name != part})


def cases() -> Iterator[Case]:
    """All cases of workbooks that are refused."""
    for why, name, content, line in _REFUSED:
        title, suffix = titled(name)
        yield Case(title, why, content, Refused(line), suffix)


_SAVE = "open the file in a spreadsheet program and save it"
_AGAIN = r"the workbook is damaged; open it in a spreadsheet program and save it again as .xlsx or CSV.*"
_CUT_OFF = (
    "its end was probably cut off; export it again in parts, or, if nothing is missing, remove or add one row"
)
_REFUSED: list[tuple[Hazard, str, Any, str]] = [
    (Hazard.HIDDEN_ROWS, "a filtered list", filtered, f"row 2 is hidden or filtered out; {CURE}"),
    (Hazard.HIDDEN_ROWS, "hidden rows", _hidden('hidden="1"', 'ht="0"', "", 'hidden="true"'),
        f"rows 2, 3, 5 are hidden or filtered out; {CURE}"),
    (Hazard.HIDDEN_ROWS, "many hidden rows", _hidden(*['hidden="1"'] * 5),
        rf"rows 2, 3, 4 \.\.\. \(5 in all\) are hidden or filtered out; {CURE}"),
    (Hazard.HIDDEN_ROWS, "ods: a filtered list", ods(ods_row(ods_text(GOOD),
        more='table:visibility="filter"')),
        f"row 2 is hidden or filtered out; {CURE}"),
    (Hazard.HIDDEN_COLUMNS, "a hidden column of numbers beside one that shows", hidden_column,
        rf"column A \('phone'\) is hidden; {CURE}"),
    (Hazard.HIDDEN_COLUMNS, "ods: a hidden column of numbers",
        ods(ods_row(ods_text(GOOD)), before='<table:table-column table:visibility="collapse"/>'),
        rf"column A \('phone'\) is hidden; {CURE}"),
    (Hazard.HIDDEN_SHEETS, "two sheets", two_sheets("visible", "visible"),
        "2 sheets hold cells: 'Sheet1', 'Sheet2'; name the one with the list with --sheet"),
    (Hazard.HIDDEN_SHEETS, "only hidden sheets", two_sheets("hidden", "veryHidden"),
        "only hidden sheets hold cells: 'Sheet1', 'Sheet2'; show the one with the list, or name it "
        "with --sheet"),
    (Hazard.FORMULA, "formulas that were never calculated", uncalculated,
        f"the formula in A2 was never calculated; {_SAVE}"),
    (Hazard.FORMULA, "a formula whose zero waits for its calculation", book(
        '<c r="A2"><f>B1</f><v>0</v></c>', book='<calcPr fullCalcOnLoad="1"/>'),
        f"the formula in A2 was never calculated; {_SAVE}"),
    (Hazard.FORMULA, "ods: a formula that was never calculated",
        ods(ods_row('<table:table-cell table:formula="of:=1"/>')),
        f"a formula in row 2 was never calculated; {_SAVE}"),
    (Hazard.ROW_LIMIT, "65,536 rows", _last_row(65_536), f"it has exactly 65,536 rows, .* {_CUT_OFF}"),
    (Hazard.ROW_LIMIT, "1,048,576 rows", _last_row(1_048_576),
        f"it has exactly 1,048,576 rows, .* {_CUT_OFF}"),
    (Hazard.HEADER, "no cell", partial(pack_into, parts=xlsx_parts("<sheetData/>")),
        "no sheet holds a cell; the first row must name the columns"),
    (Hazard.HEADER, "a header only", book(),
        "there is a header, but no row below it; add the people to call"),
    (Hazard.SAME_HEADER, "two columns of one name", partial(pack_into, parts=xlsx_parts(
        rows(text("A1", "phone") + text("C1", "Phone"), text("A2", GOOD)))),
        r"columns A and C are both named 'Phone' or alike \('phone'\); give each its own name"),
    (Hazard.HEADER, "a title above the names", partial(pack_into, parts=xlsx_parts(
        rows(text("A1", "Our list"), text("A2", "Phone Number") + text("B2", "Name"), text("A3", GOOD)))),
        "the first line looks like a title, since row 2 names the columns; put the column names first"),
    (Hazard.HEADER, "data in the first row", partial(pack_into, parts=xlsx_parts(rows(value("A1",
        14155551234)))),
        r"the first line holds data \(A looks like a phone number\); put a line above it that names "
        r"the columns"),
    (Hazard.HEADER, "a cell in a column without a name", book(text("A2", GOOD) + text("D2", "x")),
        "column D has no name, but row 2 has a cell in it; name the column in the first line"),
    (Hazard.LONG_FIELD, "a cell of 32,768 characters", book(text("A2", GOOD) + text("B2", "x" * 32_768)),
        "cell B2 holds more than 32,767 characters; shorten it"),
    (Hazard.DAMAGED, "a cell that is there twice", book(text("A2", GOOD) + text("A2", OTHER)),
        f"cell A2 occurs twice or in the wrong place; {_AGAIN}"),
    (Hazard.DAMAGED, "a cell without its text", book(value("A2", 9, 't="s"')),
        f"cell A2 refers to a text that is missing; {_AGAIN}"),
    (Hazard.DAMAGED, "a number that is none", book(value("A2", "1_0")),
        f"cell A2 holds a broken number; {_AGAIN}"),
    (Hazard.DAMAGED, "a sheet that ends early", partial(pack_into, parts=xlsx_parts("") | {
        SHEET_PART: "<worksheet><sheetData>"}), rf"{_AGAIN} \('xl/worksheets/sheet1.xml', line 1\)"),
    (Hazard.DAMAGED, "a sheet that is missing", _without(SHEET_PART),
        rf"{_AGAIN} \(it lacks .*sheet1.xml'\)"),
]  # fmt: skip
