"""Cases of workbooks and Parquet files that are read: what a spreadsheet shows, and what it hides."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import xlsxwriter

from campaign.contacts.files.source import ReadOptions
from tests.contacts.corpus.cases import GOOD, OTHER, Case, Readable, Refused
from tests.contacts.corpus.hazards import Hazard
from tests.contacts.workbooks.books import (
    ods_parts,
    ods_row,
    ods_text,
    pack,
    rows,
    text,
    value,
    xlsx_parts,
)

HEAD = text("A1", "phone") + text("B1", "name")
STYLES = (
    '<numFmts><numFmt numFmtId="164" formatCode="&quot;+&quot;0"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="14"/></cellXfs>'
)
NUMBERS_ARE_US: Mapping[str, Any] = {"default_region": "US"}
READ_AS_US = "numbers without a plus, read as numbers of US: {}"


def book(*lines: str, **more: Any) -> Callable[[Path], object]:
    """A workbook of one sheet: the header, then these rows."""
    return partial(pack_into, parts=xlsx_parts(rows(HEAD, *lines), **more))


def pack_into(path: Path, parts: Mapping[str, str | bytes]) -> None:
    """Write the parts as one archive."""
    pack(path, parts)


def ods(*lines: str, before: str = "") -> Callable[[Path], object]:
    """A document of one sheet: the header, then these rows."""
    head = ods_row(ods_text("phone"), ods_text("name"))
    return partial(pack_into, parts=ods_parts(f"<table:table>{before}{head}{''.join(lines)}</table:table>"))


def parquet(**columns: Any) -> Callable[[Path], object]:
    """A Parquet file of these columns."""
    return partial(_write_parquet, columns=columns)


def _write_parquet(path: Path, columns: Mapping[str, Any]) -> None:
    pa.parquet.write_table(pa.table(dict(columns)), path)


def further_row(number: int, cells: str, *lines: str) -> Callable[[Path], object]:
    """A workbook of one sheet: these rows, and one that may stand far below them."""
    below = f'<row r="{number}">{cells}</row></sheetData>'
    return partial(pack_into, parts=xlsx_parts(rows(*lines).replace("</sheetData>", below)))


def filtered(path: Path, *, shows_all: bool = False) -> None:
    """A list with a filter that shows one row of two, or all, as a spreadsheet program saves it."""
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_column("A1", ["phone", GOOD, OTHER])
        sheet.autofilter("A1:A3")
        if not shows_all:
            sheet.filter_column("A", "x == +12025550144")
            sheet.set_row(1, options={"hidden": True})


def hidden_column(path: Path) -> None:
    """A list whose old numbers are hidden beside the new ones, as a spreadsheet program saves it."""
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_column("A1", ["phone", OTHER])
        sheet.write_column("B1", ["mobile", GOOD])
        sheet.set_column("A:A", None, None, {"hidden": True})


def titled(name: str) -> tuple[str, str]:
    """The title and the suffix of a case whose name says when it is no .xlsx."""
    suffix = ".ods" if name.startswith("ods") else ".xlsx"
    return f"{suffix[1:]}: {name.removeprefix('ods: ')}", suffix


def cases() -> Iterator[Case]:
    """All cases of workbooks."""
    for why, name, content, verdicts, cells in _READABLE:
        title, suffix = titled(name)
        yield Case(title, why, content, Readable(verdicts, cells), suffix)
    yield from _with_options()


def _with_options() -> Iterator[Case]:
    national = (text("B2", "no phone"), value("A3", 2025550143), "", value("A5", "2.025550144E9"))
    yield Case(
        "xlsx: numbers above and below blank cells",
        Hazard.NUMERIC_CELL,
        book(*national),
        Readable({2: "missing", 3: GOOD, 5: OTHER}, {3: ("2025550143", "")}, notes=(READ_AS_US.format(2),)),
        ".xlsx",
        contacts=NUMBERS_ARE_US,
    )
    british = Readable(
        {2: "lost_zero", 3: "+447400123456"}, notes=("numbers without a plus, read as numbers of GB: 1",)
    )
    yield Case(
        "xlsx: a leading zero is lost in a number and kept in a text",
        Hazard.LOST_DIGITS,
        book(value("A2", "07400123456"), text("A3", "07400123456")),
        british,
        ".xlsx",
        contacts={"default_region": "GB"},
        countries=("GB",),
    )
    filtered_ods = ods(ods_row(ods_text(GOOD), more='table:visibility="filter"'), ods_row(ods_text(OTHER)))
    for suffix, content in ((".xlsx", filtered), (".ods", filtered_ods)):
        yield Case(
            f"{suffix[1:]}: a filtered list with --include-hidden",
            Hazard.HIDDEN_ROWS,
            content,
            Readable({2: GOOD, 3: OTHER}, notes=("1 hidden row is read too",)),
            suffix,
            options=ReadOptions(include_hidden=True),
        )
    yield Case(
        "xlsx: a hidden column with --include-hidden",
        Hazard.HIDDEN_COLUMNS,
        hidden_column,
        Readable(
            {2: OTHER},
            notes=(
                "hidden columns read too: A ('phone')",
                "the numbers in column 'phone' are dialled, not those in 'mobile'; "
                "contacts.to_number names another column",
            ),
        ),
        ".xlsx",
        options=ReadOptions(include_hidden=True),
    )
    yield Case(
        "xlsx: a hidden sheet by its name",
        Hazard.HIDDEN_SHEETS,
        two_sheets("visible", "hidden"),
        Readable({2: OTHER}),
        ".xlsx",
        options=ReadOptions(sheet="Sheet2"),
    )
    yield Case(
        "xlsx: a workbook that is called .csv", Hazard.KINDS, book(text("A2", GOOD)), Readable({2: GOOD})
    )
    for name, content, verdicts in _PARQUET:
        yield Case(f"parquet: {name}", Hazard.KINDS, content, Readable(verdicts), ".parquet")
    for name, column in (("a list in a cell", [["x"]]), ("bytes in a cell", [b"x"])):
        refused = Refused("the column 'odd' is of the type '.*'; leave it out or write it as text")
        yield Case(f"parquet: {name}", Hazard.KINDS, parquet(phone=[GOOD], odd=column), refused, ".parquet")


def two_sheets(*states: str) -> Callable[[Path], object]:
    """Two lists in one workbook, in sheets of these states."""
    sheets = (rows(HEAD, text("A2", GOOD)), rows(HEAD, text("A2", OTHER)))
    return partial(pack_into, parts=xlsx_parts(*sheets, states=states))


_TRICK = f'<c r="A2" t="str"><f>"{GOOD}"</f><v>{GOOD}</v></c>'
_READABLE: list[tuple[Hazard, str, Any, dict[int, str], dict[int, tuple[str, ...]]]] = [
    (Hazard.NUMERIC_CELL, "a number without its plus", book(value("A2", 14155551234) + text("B2", "a"),
        text("A3", GOOD)),
        {2: "lost_plus", 3: GOOD}, {2: ("14155551234", "a")}),
    (Hazard.NUMERIC_CELL, "a format that shows the plus", book(value("A2", 14155551234, 's="1"'),
        styles=STYLES),
        {2: "+14155551234"}, {}),
    (Hazard.FLOAT_TAIL, "a number that is a float in the file", book(value("A2", "14155551234.0")),
        {2: "lost_plus"}, {2: ("14155551234", "")}),
    (Hazard.FLOAT_TAIL, "a text with a float tail", book(text("A2", "+4930123456.0")), {2: "float_tail"}, {}),
    (Hazard.EXPONENT, "a text in scientific notation", book(text("A2", "1.41556E+10")),
        {2: "scientific_notation"}, {}),
    (Hazard.LOST_DIGITS, "a number of 18 digits", book(value("A2", "123456789012345678")),
        {2: "scientific_notation"}, {}),
    (Hazard.NAMES, "people called NA, None and nothing", book(
        text("A2", GOOD) + text("B2", "NA"), text("A3", OTHER) + text("B3", "None"), text("A4",
        "+14155551234")),
        {2: GOOD, 3: OTHER, 4: "+14155551234"}, {2: (GOOD, "NA"), 3: (OTHER, "None"), 4: ("+14155551234",
        "")}),
    (Hazard.TEXT_TRICK, "a formula that is a text", book(_TRICK), {2: GOOD}, {}),
    (Hazard.TYPED_CELLS, "an error, TRUE and a date for a number",
        book(value("A2", "#N/A", 't="e"'), value("A3", 1, 't="b"'), value("A4", 45000, 's="2"'), text("A5",
        GOOD),
            styles=STYLES),
        {2: "spreadsheet_error", 3: "letters", 4: "not_a_number", 5: GOOD}, {3: ("TRUE", ""),
        4: ("2023-03-15", "")}),
    (Hazard.TYPED_CELLS, "an error in a value", book(text("A2", GOOD) + value("B2", "#N/A", 't="e"')),
        {2: "unsafe_value"}, {}),
    (Hazard.ESCAPE, "_x002B_ for a plus", book(text("A2", "_x002B_12025550143") + text("B2",
        "_x005F_x0041_")),
        {2: GOOD}, {2: (GOOD, "_x0041_")}),
    (Hazard.HIDDEN_ROWS, "a filter that shows all rows", partial(filtered, shows_all=True),
        {2: GOOD, 3: OTHER}, {}),
    (Hazard.HIDDEN_SHEETS, "a hidden sheet beside the list", two_sheets("hidden", "visible"), {2: OTHER},
        {}),
    (Hazard.CORNER, "a far cell that has only a colour", further_row(
        1_048_576, '<c r="XFD1048576" s="1"/>', HEAD, text("A2", GOOD)), {2: GOOD}, {}),
    (Hazard.KINDS, "ods: texts, numbers and blank rows", ods(ods_row(ods_text(GOOD), ods_text("Zoë")),
        ods_row("<table:table-cell/>", more='table:number-rows-repeated="3"'), ods_row(ods_text(OTHER))),
        {2: GOOD, 6: OTHER}, {2: (GOOD, "Zoë")}),
    (Hazard.NUMERIC_CELL, "ods: a number that shows an exponent", ods(ods_row(
        '<table:table-cell office:value-type="float" office:value="14155551234"><text:p>1.42E+10</text:p>'
        "</table:table-cell>")), {2: "lost_plus"}, {2: ("14155551234", "")}),
    (Hazard.DUPLICATES, "ods: a row that repeats itself", ods(
        ods_row(ods_text(GOOD), more='table:number-rows-repeated="3"')), {2: GOOD, 3: "duplicate_number",
        4: "duplicate_number"}, {}),
]  # fmt: skip

_PARQUET: list[tuple[str, Any, dict[int, str]]] = [
    ("texts", parquet(phone=[GOOD, None, OTHER], name=["Ann", "NA", None]), {2: GOOD, 3: "missing",
        4: OTHER}),
    ("whole numbers", parquet(phone=[14155551234, 14155551235]), {2: "lost_plus", 3: "lost_plus"}),
    ("floats, because one is missing", parquet(phone=[14155551234.0, None], name=["a", "b"]),
        {2: "lost_plus", 3: "missing"}),
]  # fmt: skip
