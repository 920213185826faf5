"""Workbooks of the .ods kind: every cell as the spreadsheet shows it, and nothing that it hides."""

from pathlib import Path

import pytest

from campaign.contacts.files.bounds import Bounds
from campaign.errors import ListError
from tests.contacts.workbooks.books import ods_parts, ods_row, ods_text, pack, read


def number(value: object, shown: str, more: str = 'office:value-type="float"') -> str:
    """A cell that holds a number."""
    return f'<table:table-cell {more} office:value="{value}"><text:p>{shown}</text:p></table:table-cell>'


def table(*rows: str, name: str = "List", more: str = "") -> str:
    """A sheet."""
    return f'<table:table table:name="{name}" {more}>{"".join(rows)}</table:table>'


def book(folder: Path, *tables: str, styles: str = "") -> Path:
    """A document with these sheets."""
    return pack(folder / "list.ods", ods_parts("".join(tables), styles))


def bare(more: str) -> str:
    """A cell without paragraphs."""
    return f"<table:table-cell {more}/>"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (ods_text("+14155551234"), "+14155551234"),
        (ods_text("a <text:span>b</text:span><text:a>c</text:a>"), "a bc"),
        (ods_text(" a\n   b "), "a b"),
        (ods_text('a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d<text:s/>'), "a   b\tc\nd "),
        (ods_text("one</text:p><text:p>two"), "one\ntwo"),
        (ods_text("x<office:annotation><text:p>note</text:p></office:annotation>"), "x"),
        (ods_text("x<draw:frame><text:p>picture</text:p></draw:frame>"), "x"),
        (number(14155551234, "14155551234"), "14155551234"),
        (number("1.4155551234E10", "1.42E+10"), "14155551234"),
        (number(14155551234, "14,155,551,234"), "14,155,551,234"),
        (number(42, "00042"), "00042"),
        (number(12000, "12"), "12000"),
        (number(5, ""), "5"),
        (number(0.5, "50%", 'office:value-type="percentage"'), "50%"),
        (number(1234.5, "1.234,50 €", 'office:value-type="currency"'), "1.234,50 €"),
        (number(1.26, "1.3"), "1.3"),
        (number(4155551234.5, "4155551235"), "4155551234.5"),
        (number("12345678901234567", "12345678901234600"), "1.23456789012346e+16"),
        ('<table:table-cell office:value-type="float" office:value="7"/>', "7"),
        (
            '<table:table-cell office:value-type="boolean" office:boolean-value="true"><text:p>WAHR</text:p>'
            "</table:table-cell>",
            "TRUE",
        ),
        (ods_text("#N/A", 'table:formula="of:=NA()" office:string-value=""'), "#N/A"),
        (
            '<table:table-cell office:value-type="date" office:date-value="2026-01-02">'
            "<text:p>2 Jan 26</text:p></table:table-cell>",
            "2 Jan 26",
        ),
        (bare('office:value-type="date" office:date-value="2026-01-02T09:30:00"'), "2026-01-02 09:30:00"),
        (bare('office:value-type="string" office:string-value="plain"'), "plain"),
    ],
)
def test_cells(tmp_path: Path, cell: str, shown: str) -> None:
    """A cell has the text that the document shows, and all digits of a whole number."""
    assert read(book(tmp_path, table(ods_row(ods_text("head")), ods_row(cell))))[1] == (2, [shown])


def test_shape(tmp_path: Path) -> None:
    """Blank rows are skipped and counted, repeated cells and rows stand as often as they say."""
    rows = [
        ods_row(bare('table:number-columns-repeated="16384"'), more='table:number-rows-repeated="2"'),
        ods_row(ods_text("phone"), "<table:covered-table-cell/>", ods_text("name")),
        ods_row(ods_text("x", 'table:number-columns-repeated="2"'), more='table:number-rows-repeated="2"'),
        ods_row(bare('table:number-columns-repeated="16384"'), more='table:number-rows-repeated="1048000"'),
    ]
    assert read(book(tmp_path, table(*rows))) == [
        (3, ["phone", "", "name"]),
        (4, ["x", "x", ""]),
        (5, ["x", "x", ""]),
    ]


def test_merged_cells(tmp_path: Path) -> None:
    """A cell that a merged one covers still holds a number that nobody sees: it is never read."""
    covered = "<table:covered-table-cell><text:p>+2</text:p></table:covered-table-cell>"
    wide = ods_text("+1", 'table:number-rows-spanned="2"')
    with pytest.raises(ListError, match="cell A2 is hidden under the merged cell A1; unmerge it"):
        read(book(tmp_path, table(ods_row(wide), ods_row(covered))))


def test_rows_without_height(tmp_path: Path) -> None:
    """A row of no height is as hidden as any."""
    styles = (
        '<style:style style:name="ro1" style:family="table-row">'
        '<style:table-row-properties style:row-height="0cm"/></style:style>'
    )
    flat = ods_row(ods_text("+1"), more='table:style-name="ro1"')
    with pytest.raises(ListError, match="row 2 is hidden"):
        read(book(tmp_path, table(ods_row(ods_text("phone")), flat), styles=styles))


def test_endless_blanks(tmp_path: Path) -> None:
    """A cell that asks for blanks without end is refused before they are made."""
    path = book(tmp_path, table(ods_row(ods_text('<text:s text:c="30000"/>' * 20_000 + "x"))))
    with pytest.raises(ListError, match="cell A1 holds more than 32,767 characters"):
        read(path, bounds=Bounds(memory=300_000_000, cpu_seconds=2))


def test_header_rows_and_groups(tmp_path: Path) -> None:
    """Rows count wherever the document groups them; earlier values of tracked changes are no cells."""
    changes = (
        "<table:tracked-changes><table:cell-content-change><table:previous><table:change-track-table-cell>"
        "<text:p>old</text:p></table:change-track-table-cell></table:previous></table:cell-content-change>"
        "</table:tracked-changes>"
    )
    rows = (
        f"<table:table-header-rows>{ods_row(ods_text('phone'))}</table:table-header-rows>"
        f"<table:table-row-group>{ods_row(ods_text('+1'))}</table:table-row-group>"
    )
    assert read(book(tmp_path, changes + table(rows))) == [(1, ["phone"]), (2, ["+1"])]


@pytest.mark.parametrize(
    ("cell", "row", "words"),
    [
        ('table:number-columns-repeated="501"', "", "cell SG1 is far outside"),
        ('table:number-columns-repeated="99999999999999"', "", "is far outside"),
        ("", 'table:number-rows-repeated="1048577"', "cell A1048577 is far outside"),
        ('table:number-columns-repeated="100"', 'table:number-rows-repeated="1048576"', "is far outside"),
        ('table:number-columns-repeated="-1"', "", "it counts '-1'"),
        ('table:number-columns-repeated="9999999999999999999"', "", "it counts"),
    ],
)
def test_repeats_are_bounded(tmp_path: Path, cell: str, row: str, words: str) -> None:
    """A cell that repeats itself without end is named at once, at no cost."""
    path = book(tmp_path, table(ods_row(ods_text("x", cell), more=row)))
    with pytest.raises(ListError, match=words):
        read(path, bounds=Bounds(cpu_seconds=2, memory=300_000_000))


@pytest.mark.parametrize("place", ["filter", "collapse", "group"])
def test_hidden_rows(tmp_path: Path, place: str) -> None:
    """Filtered, collapsed and grouped rows are refused, or read on request."""
    row = ods_row(ods_text("+1"), more=f'table:visibility="{place}"' if place != "group" else "")
    if place == "group":
        row = f'<table:table-row-group table:display="false">{row}</table:table-row-group>'
    path = book(tmp_path, table(ods_row(ods_text("phone")), row, ods_row(ods_text("+2"))))
    with pytest.raises(ListError, match="row 2 is hidden or filtered out"):
        read(path)
    assert [cells for _, cells in read(path, include_hidden=True)] == [["phone"], ["+1"], ["+2"]]


def columns(*each: str) -> str:
    """The columns of a sheet, by their attributes."""
    return "".join(f"<table:table-column {more}/>" for more in each)


HIDDEN_COLUMN = columns("", 'table:visibility="collapse"', "")


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (
            HIDDEN_COLUMN,
            r"column B \('phone'\) is hidden; show them, delete them, or read them too with --inc",
        ),
        (columns("", 'table:visibility="filter"'), r"column B \('phone'\) is hidden"),
        (columns("", 'table:style-name="co1"'), r"column B \('phone'\) is hidden"),
        (
            columns('table:number-columns-repeated="2" table:visibility="collapse"', ""),
            r"columns A \('name'\), B \('phone'\) are hidden",
        ),
        (
            columns(
                'table:number-columns-repeated="2"',
                'table:number-columns-repeated="16382" table:visibility="collapse"',
            ),
            r"column D \('mobile'\) is hidden",
        ),
        (
            f'<table:table-column-group table:display="false">{columns("")}</table:table-column-group>'
            f"<table:table-header-columns>{columns('')}</table:table-header-columns>",
            r"column A \('name'\) is hidden",
        ),
    ],
)
def test_hidden_columns(tmp_path: Path, before: str, words: str) -> None:
    """No number is dialled from a column that the document collapses, or that has no width."""
    narrow = (
        '<style:style style:name="co1" style:family="table-column">'
        '<style:table-column-properties style:column-width="0cm"/></style:style>'
    )
    head = ods_row(*map(ods_text, ("name", "phone", "", "mobile")))
    path = book(
        tmp_path, table(before, head, ods_row(*map(ods_text, ("Ann", "+1", "", "+2")))), styles=narrow
    )
    with pytest.raises(ListError, match=words):
        read(path)
    assert read(path, include_hidden=True)[1] == (2, ["Ann", "+1", "", "+2"])


def test_hidden_columns_without_content(tmp_path: Path) -> None:
    """Columns without content, and those of a result, may be hidden, also all that are not used."""
    before = columns("", 'table:visibility="collapse"', 'table:number-columns-repeated="1022"')
    hidden = columns("", 'table:number-columns-repeated="16383" table:visibility="collapse"')
    assert read(book(tmp_path, table(before, ods_row(ods_text("a"), ods_text("call_id"))))) == [
        (1, ["a", "call_id"])
    ]
    assert read(book(tmp_path, table(hidden, ods_row(ods_text("phone"))))) == [(1, ["phone"])]


def test_sheet_choice(tmp_path: Path) -> None:
    """Hidden sheets are never read by accident, but by their name; several visible ones need a choice."""
    styles = (
        '<style:style style:name="ta2" style:family="table">'
        '<style:table-properties table:display="false"/></style:style>'
    )
    hidden = table(ods_row(ods_text("secret")), name="Old", more='table:style-name="ta2"')
    shown = table(ods_row(ods_text("phone")))
    path = book(tmp_path, hidden, shown, table(name="Empty"), styles=styles)
    assert read(path) == [(1, ["phone"])]
    assert read(path, sheet="old") == [(1, ["secret"])]
    with pytest.raises(ListError, match="2 sheets hold cells: 'Old', 'List'; name the one"):
        read(book(tmp_path, hidden, shown))


def test_formula_without_value(tmp_path: Path) -> None:
    """A formula that was never calculated is refused."""
    path = book(tmp_path, table(ods_row(ods_text("n"), bare('table:formula="of:=1+1"'))))
    with pytest.raises(ListError, match="a formula in row 1 was never calculated"):
        read(path)


def test_encrypted(tmp_path: Path) -> None:
    """A document with a password is called so."""
    manifest = (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry></m:manifest>'
    )
    parts = ods_parts("") | {"content.xml": b"\x8f\x01 noise", "META-INF/manifest.xml": manifest}
    with pytest.raises(ListError, match="protected with a password; remove the password and save it again"):
        read(pack(tmp_path / "list.ods", parts))


def test_other_documents(tmp_path: Path) -> None:
    """A text document is no list."""
    parts = ods_parts("") | {"mimetype": "application/vnd.oasis.opendocument.text"}
    with pytest.raises(ListError, match="an OpenDocument file, but no spreadsheet"):
        read(pack(tmp_path / "list.ods", parts))
