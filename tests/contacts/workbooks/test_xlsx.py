"""Workbooks of the .xlsx kind: every cell as the spreadsheet shows it, and nothing that it hides."""

import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import python_calamine
import xlsxwriter

from campaign.contacts.files import limits
from campaign.contacts.files.bounds import Bounds
from campaign.contacts.files.source import ReadOptions, opened
from campaign.contacts.files.workbook import records
from campaign.errors import ListError
from tests.contacts.workbooks.books import (
    SHEET_PART,
    STRICT,
    STRICT_LINKS,
    pack,
    read,
    rows,
    text,
    value,
    xlsx_parts,
)

STYLES = (
    '<numFmts><numFmt numFmtId="164" formatCode="&quot;+&quot;0"/>'
    '<numFmt numFmtId="165" formatCode="[h]:mm"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/>'
    '<xf numFmtId="14"/><xf numFmtId="165"/><xf numFmtId="22"/><xf numFmtId="777"/></cellXfs>'
    '<dxfs><dxf><numFmt numFmtId="164" formatCode="0%"/></dxf></dxfs>'
)


def one_sheet(folder: Path, content: str, **more: Any) -> Path:
    """A workbook of one sheet."""
    return pack(folder / "list.xlsx", xlsx_parts(content, **more))


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (text("A2", "+14155551234"), "+14155551234"),
        (text("A2", "'007"), "'007"),
        (text("A2", " NA "), " NA "),
        (text("A2", "_x002B_1415 _x005F_x002B_ _xD83D_"), "+1415 _x002B_ _xD83D_"),
        (value("A2", 0, 't="s"'), "first"),
        (value("A2", 1, 't="s"'), "in two runs"),
        (value("A2", "=+1", 't="str"'), "=+1"),
        (value("A2", 14155551234), "14155551234"),
        (value("A2", "1.4155551234E10"), "14155551234"),
        (value("A2", "007"), "7"),
        (value("A2", "12345678901234567"), "1.23456789012346e+16"),
        (value("A2", 14155551234, 's="1"'), "+14155551234"),
        (value("A2", 45000, 's="2"'), "2023-03-15"),
        (value("A2", 45000.5, 's="4"'), "2023-03-15 12:00"),
        (value("A2", 1.5, 's="3"'), "36:00"),
        (value("A2", 14155551234, 's="3"'), "14155551234"),
        (value("A2", 2.5, 's="5"'), "2.5"),
        (value("A2", 2.5, 's="99"'), "2.5"),
        (value("A2", "1", 't="b"'), "TRUE"),
        (value("A2", "0", 't="b"'), "FALSE"),
        (value("A2", "#N/A", 't="e"'), "#N/A"),
        (value("A2", "2023-03-15T00:00:00", 't="d" s="2"'), "2023-03-15"),
        ('<c r="A2"><f>1+1</f><v>2</v></c>', "2"),
        (
            '<c t="inlineStr"><is><r><t>東</t></r><r><t>京</t></r><rPh><t>とう</t></rPh></is></c>',
            "東京",
        ),
    ],
)
def test_cells(tmp_path: Path, cell: str, shown: str) -> None:
    """A cell has the text that the spreadsheet shows, and all digits of a whole number."""
    shared = "<si><t>first</t></si><si><r><t>in two</t></r><r><t> runs</t></r><rPh><t>no</t></rPh></si>"
    path = one_sheet(tmp_path, rows(text("A1", "head"), cell), shared=shared, styles=STYLES)
    assert read(path) == [(1, ["head"]), (2, [shown])]


def test_shape(tmp_path: Path) -> None:
    """Blank rows are skipped and counted, short rows filled, and columns without any text cut."""
    empty = '<c r="D3" t="str"><f>""</f><v></v></c>'
    content = rows(
        "", text("A2", "phone") + text("C2", "name"), text("A3", "+1") + empty, "", text("C5", "x")
    )
    assert read(one_sheet(tmp_path, content)) == [
        (2, ["phone", "", "name"]),
        (3, ["+1", "", ""]),
        (5, ["", "", "x"]),
    ]


def test_cells_without_places(tmp_path: Path) -> None:
    """Rows and cells that do not say where they stand follow each other."""
    content = (
        "<sheetData><row><c><v>1</v></c><c><v>2</v></c></row><row r='4'><c/><c><v>3</v></c></row></sheetData>"
    )
    assert read(one_sheet(tmp_path, content)) == [(1, ["1", "2"]), (4, ["", "3"])]


def test_epoch_1904(tmp_path: Path) -> None:
    """The workbook says from when its days count."""
    content = rows(text("A1", "day"), value("A2", 43538, 's="2"'))
    path = one_sheet(tmp_path, content, styles=STYLES, book='<workbookPr date1904="1"/>')
    assert read(path)[1] == (2, ["2023-03-15"])


def test_strict_namespaces(tmp_path: Path) -> None:
    """The strict variant of the format is read like the usual one."""
    path = one_sheet(tmp_path, rows(text("A1", "phone")), main=STRICT, links=STRICT_LINKS)
    assert read(path) == [(1, ["phone"])]


def test_prefixed_names(tmp_path: Path) -> None:
    """The elements of a sheet may have a prefix."""
    parts = xlsx_parts("")
    content = str(parts[SHEET_PART]).replace("xmlns=", "xmlns:x=").replace("<worksheet", "<x:worksheet")
    parts[SHEET_PART] = content.replace(
        "</worksheet", "<x:sheetData><x:row><x:c><x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet"
    )
    assert read(pack(tmp_path / "list.xlsx", parts)) == [(1, ["7"])]


@pytest.mark.parametrize(
    ("states", "wanted", "found"),
    [
        (("visible", "hidden"), None, "a1"),
        (("hidden", "visible"), None, "b1"),
        (("veryHidden", "visible"), None, "b1"),
        (("visible", "visible"), "Other", "b1"),
        (("visible", "visible"), "other", "b1"),
        (("visible", "hidden"), "Other", "b1"),
    ],
)
def test_sheet_choice(tmp_path: Path, states: tuple[str, ...], wanted: str | None, found: str) -> None:
    """The only visible sheet with cells is read, or the one that is named, be it hidden."""
    sheets = xlsx_parts(
        rows(text("A1", "a1")), rows(text("A1", "b1")), states=states, names=("List", "Other")
    )
    assert read(pack(tmp_path / "list.xlsx", sheets), sheet=wanted) == [(1, [found])]


def test_empty_sheets_do_not_count(tmp_path: Path) -> None:
    """Sheets without cells, as new workbooks have them, need no choice."""
    path = pack(tmp_path / "list.xlsx", xlsx_parts("<sheetData/>", rows(text("A1", "b1")), "<sheetData/>"))
    assert read(path) == [(1, ["b1"])]


@pytest.mark.parametrize(
    ("states", "wanted", "words"),
    [
        (
            ("visible", "visible"),
            None,
            "2 sheets hold cells: 'List', 'Other'; name the one with the list with --sheet",
        ),
        (("hidden", "veryHidden"), None, "only hidden sheets hold cells: 'List', 'Other'; show the one"),
        (("visible", "hidden"), "Lst", "there is no sheet 'Lst'; its sheets are 'List', 'Other'"),
    ],
)
def test_sheet_refused(tmp_path: Path, states: tuple[str, ...], wanted: str | None, words: str) -> None:
    """Where the choice would be a guess, the sheets are named."""
    sheets = xlsx_parts(
        rows(text("A1", "a1")), rows(text("A1", "b1")), states=states, names=("List", "Other")
    )
    with pytest.raises(ListError, match=words):
        read(pack(tmp_path / "list.xlsx", sheets), sheet=wanted)


def test_no_cell(tmp_path: Path) -> None:
    """A workbook without any cell is refused."""
    with pytest.raises(ListError, match="no sheet holds a cell"):
        read(one_sheet(tmp_path, rows("", '<c r="A2" s="1"/>')))


def test_chart_sheets(tmp_path: Path) -> None:
    """A sheet that is a chart is no candidate."""
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("List")
        sheet.write_column("A1", ["n", 1, 2])
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=List!$A$2:$A$3"})
        book.add_chartsheet("Chart").set_chart(chart)
    assert read(path) == [(1, ["n"]), (2, ["1"]), (3, ["2"])]


def formatted(code: str) -> str:
    """Styles of which the second has this format code."""
    numbers = f'<numFmts><numFmt numFmtId="200" formatCode="{code}"/></numFmts>'
    return f'{numbers}<cellXfs><xf numFmtId="0"/><xf numFmtId="200"/></cellXfs>'


@pytest.mark.parametrize("code", ["_(@_)", "0;-0;0;@", "General;General;General;@", "[Red]@", "0", "yyyy"])
def test_formats_that_leave_texts_alone(tmp_path: Path, code: str) -> None:
    """A format that only colours or spaces a text changes nothing."""
    cell = '<c r="A1" s="1" t="inlineStr"><is><t>+1</t></is></c>'
    assert read(one_sheet(tmp_path, rows(cell), styles=formatted(code))) == [(1, ["+1"])]


@pytest.mark.parametrize("code", ["0;0;0;&quot;+44&quot;@", "0;0;0;", "&quot;+44&quot;@", "@@"])
def test_formats_that_change_texts(tmp_path: Path, code: str) -> None:
    """Where a format adds to a text or hides it, the number on the screen is not the one in the cell."""
    cell = '<c r="A1" s="1" t="inlineStr"><is><t>+1</t></is></c>'
    with pytest.raises(ListError, match="cell A1 shows its text changed by the format"):
        read(one_sheet(tmp_path, rows(cell), styles=formatted(code)))


@pytest.mark.parametrize(
    ("range_", "words"),
    [("A2:A3", "cell A3 is hidden under the merged cell A2; unmerge it"), ("A2:B2", "cell B2 is hidden")],
)
def test_merged_cells(tmp_path: Path, range_: str, words: str) -> None:
    """A cell that a merged one covers still holds a number that nobody sees: it is never read."""
    content = rows(text("A1", "phone"), text("A2", "+1") + text("B2", "a"), text("A3", "+2"))
    path = one_sheet(tmp_path, f'{content}<mergeCells><mergeCell ref="{range_}"/></mergeCells>')
    with pytest.raises(ListError, match=words):
        read(path)


def test_merged_cells_that_hide_nothing(tmp_path: Path) -> None:
    """Merged cells without content under them are as good as one."""
    content = rows(text("A1", "phone"), text("A2", "+1"))
    merged = '<mergeCells><mergeCell ref="A1:C1"/><mergeCell ref="A2:A9"/><mergeCell ref="A2"/></mergeCells>'
    assert len(read(one_sheet(tmp_path, content + merged))) == 2


def test_filter_that_hides_nothing(tmp_path: Path) -> None:
    """A filter with a criterion that hides no row is told to the operator."""
    content = rows(text("A1", "phone"), text("A2", "+1"))
    criterion = '<autoFilter ref="A1:A2"><filterColumn colId="0"><filters/></filterColumn></autoFilter>'
    with opened(one_sheet(tmp_path, content + criterion)) as source:
        list(records(source, ReadOptions(), "xlsx"))
        assert source.notes == ["a filter is set, but it hides no row"]


def test_dates_before_march_1900(tmp_path: Path) -> None:
    """A date that stands as text in the file stays what it is, also before the day that never was."""
    cell = value("A1", "1900-01-15", 't="d" s="2"')
    assert read(one_sheet(tmp_path, rows(cell), styles=STYLES)) == [(1, ["1900-01-15"])]


@pytest.mark.parametrize("code", ["0." + "0" * 30, "[" * 200_000, "m/" * 30_000])
def test_long_formats(tmp_path: Path, code: str) -> None:
    """A format code of any length costs nothing and breaks nothing."""
    path = one_sheet(tmp_path, rows(value("A1", "2.5", 's="1"')), styles=formatted(code))
    assert float(read(path, bounds=Bounds(cpu_seconds=2))[0][1][0]) == 2.5


@pytest.mark.parametrize("run", ["<t>abcdefgh</t>", "<r><t>abcdefgh</t></r>"])
@pytest.mark.parametrize("shared", [True, False])
def test_text_of_many_runs(tmp_path: Path, run: str, shared: bool) -> None:
    """A text of a hundred thousand pieces is refused early, in linear time."""
    runs = run * 300_000
    cell = value("A1", 0, 't="s"') if shared else f'<c r="A1" t="inlineStr"><is>{runs}</is></c>'
    path = one_sheet(tmp_path, rows(cell), shared=f"<si>{runs}</si>" if shared else "")
    with pytest.raises(ListError, match=r"(cell A1|text 1 of .*) holds more than 32,767 characters"):
        read(path, bounds=Bounds(cpu_seconds=2))


def test_endless_tag(tmp_path: Path) -> None:
    """A tag of megabytes is refused before the parser has looked at it again and again."""
    path = one_sheet(tmp_path, rows(text("A1", "x")) + '<x a="' + "y" * 9_000_000 + '"/>')
    with pytest.raises(ListError, match=r"sheet1\.xml' holds a tag without an end"):
        read(path)


def test_two_sheets_of_one_part(tmp_path: Path) -> None:
    """Two sheets that are the same part are no workbook of any program."""
    parts = xlsx_parts(rows(text("A1", "x")), rows(text("A1", "y")))
    links = "xl/_rels/workbook.xml.rels"
    parts[links] = str(parts[links]).replace("sheet2.xml", "sheet1.xml")
    with pytest.raises(ListError, match=r"two sheets are the same part 'xl/worksheets/sheet1\.xml'"):
        read(pack(tmp_path / "list.xlsx", parts), sheet="Sheet1")


@pytest.mark.parametrize("escaped", ["_x0000_", "_x001B_", "_x0007_", "\ufffe"])
def test_control_characters(tmp_path: Path, escaped: str) -> None:
    """A character that a text file may not hold is refused in a workbook too, by its cell."""
    with pytest.raises(ListError, match=r"cell B2: the (control )?character U.* remove it"):
        read(
            one_sheet(
                tmp_path, rows(text("A1", "x"), text("B2", f"a{escaped}b").replace("\ufffe", "_xFFFE_"))
            )
        )


HIDDEN = {2: 'hidden="1"', 3: 'hidden="true"', 4: 'ht="0" customHeight="1"', 6: 'hidden="1"'}


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        (
            {2: 'hidden="1"'},
            "row 2 is hidden or filtered out; show them, delete them, or read them too with ",
        ),
        ({2: 'hidden="1"', 4: 'ht="0.0"'}, "rows 2, 4 are hidden"),
        (HIDDEN, r"rows 2, 3, 4 \.\.\. \(4 in all\) are hidden"),
        ({1: 'hidden="1"'}, "row 1 is hidden"),
    ],
)
def test_hidden_rows_are_refused(tmp_path: Path, attributes: dict[int, str], words: str) -> None:
    """Nobody is called whom the spreadsheet does not show."""
    content = rows(*(text(f"A{n}", f"r{n}") for n in range(1, 7)), attributes=attributes)
    with pytest.raises(ListError, match=words):
        read(one_sheet(tmp_path, content))


def test_hidden_rows_on_request(tmp_path: Path) -> None:
    """With the flag, hidden rows are read like the others."""
    content = rows(*(text(f"A{n}", f"r{n}") for n in range(1, 7)), attributes=HIDDEN)
    assert read(one_sheet(tmp_path, content), include_hidden=True) == [(n, [f"r{n}"]) for n in range(1, 7)]


def test_filter(tmp_path: Path) -> None:
    """A filter that hides rows is refused; the same filter with all rows showing is fine."""
    for name, hide in (("all.xlsx", False), ("some.xlsx", True)):
        with xlsxwriter.Workbook(tmp_path / name) as book:
            sheet = book.add_worksheet()
            sheet.write_column("A1", ["phone", "+1", "+2"])
            sheet.autofilter("A1:A3")
            sheet.filter_column("A", "x == +2")
            if hide:
                sheet.set_row(1, options={"hidden": True})
    assert len(read(tmp_path / "all.xlsx")) == 3
    with pytest.raises(ListError, match="row 2 is hidden or filtered out"):
        read(tmp_path / "some.xlsx")


def test_hidden_blank_rows(tmp_path: Path) -> None:
    """Rows without content may be hidden, also all that are not used."""
    with xlsxwriter.Workbook(tmp_path / "list.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_column("A1", ["phone", "+1"])
        sheet.set_row(5, options={"hidden": True})
        sheet.set_default_row(hide_unused_rows=True)
    assert len(read(tmp_path / "list.xlsx")) == 2


def two_phones(folder: Path, *columns: str, head: str = "phone") -> Path:
    """A list with the columns name, phone and mobile, the last one behind a gap, and what hides columns."""
    lines = (
        text("A1", "name") + text("B1", head) + text("D1", "mobile"),
        text("A2", "Ann") + text("B2", "+1") + text("D2", "+2"),
    )
    return one_sheet(folder, f"<cols>{''.join(columns)}</cols>" + rows(*lines))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            ['<col min="2" max="2" hidden="1"/>'],
            r"list\.xlsx: column B \('phone'\) is hidden; show them, delete them, or read them too with -",
        ),
        (['<col min="2" max="2" width="0" customWidth="1"/>'], r"column B \('phone'\) is hidden"),
        (['<col min="1" max="2" hidden="true"/>'], r"columns A \('name'\), B \('phone'\) are hidden"),
        (
            ['<col min="1" max="1" width="9"/>', '<col min="2" max="16384" hidden="1"/>'],
            r"columns B \('phone'\), D \('mobile'\) are hidden",
        ),
    ],
)
def test_hidden_columns_are_refused(tmp_path: Path, columns: list[str], words: str) -> None:
    """No number is dialled from a column that the spreadsheet does not show."""
    with pytest.raises(ListError, match=words):
        read(two_phones(tmp_path, *columns))


def test_many_hidden_columns(tmp_path: Path) -> None:
    """Of many hidden columns the first are named, and a column without a name is named by its letter."""
    lines = text("A1", "phone"), "".join(text(f"{letter}2", "x") for letter in "ABCDE")
    hidden = '<cols><col min="2" max="9" hidden="1"/></cols>'
    with pytest.raises(ListError, match=r"columns B, C, D \.\.\. \(4 in all\) are hidden; show them"):
        read(one_sheet(tmp_path, hidden + rows(*lines)))


def test_hidden_rows_and_columns(tmp_path: Path) -> None:
    """Whoever is asked to read what is hidden knows all of it: the flag reads rows and columns alike."""
    content = rows(text("A1", "phone") + text("B1", "x"), text("A2", "+1"), attributes={2: 'hidden="1"'})
    path = one_sheet(tmp_path, f'<cols><col min="2" max="2" hidden="1"/></cols>{content}')
    with pytest.raises(ListError, match=r"row 2 is hidden or filtered out, column B \('x'\) is hidden; show"):
        read(path)


def test_hidden_columns_on_request(tmp_path: Path) -> None:
    """With the flag, hidden columns are read like the others, and told to the operator by name."""
    path = two_phones(tmp_path, '<col min="1" max="2" hidden="1"/>')
    with opened(path) as source:
        content = list(records(source, ReadOptions(include_hidden=True), "xlsx"))
        assert content[1] == (2, ["Ann", "+1", "", "+2"])
        assert source.notes == ["hidden columns read too: A ('name'), B ('phone')"]


def test_hidden_columns_without_content(tmp_path: Path) -> None:
    """Columns without content may be hidden, also all that are not used."""
    hidden = ('<col min="3" max="3" hidden="1"/>', '<col min="5" max="16384" hidden="1"/>')
    assert len(read(two_phones(tmp_path, *hidden))) == 2


def test_hidden_columns_of_ours(tmp_path: Path) -> None:
    """A column of a result is left aside when it is read, so that people may hide it."""
    assert len(read(two_phones(tmp_path, '<col min="2" max="2" hidden="1"/>', head="call_transcript"))) == 2


@pytest.mark.parametrize(
    ("cell", "book"),
    [
        ('<c r="B2"><f>1+1</f></c>', ""),
        ('<c r="B2"><f>1+1</f><v></v></c>', ""),
        ('<c r="B2"><f>1+1</f><v>0</v></c>', '<calcPr fullCalcOnLoad="1"/>'),
        ('<c r="B2" t="str"><f>A1</f></c>', '<calcPr fullCalcOnLoad="1"/>'),
    ],
)
def test_formulas_without_value(tmp_path: Path, cell: str, book: str) -> None:
    """A formula that was never calculated has no value that could be used."""
    path = one_sheet(tmp_path, rows(text("A1", "phone"), cell), book=book)
    with pytest.raises(ListError, match="the formula in B2 was never calculated; open the file in a"):
        read(path)


def test_formulas_of_programs(tmp_path: Path) -> None:
    """Workbooks written by programs that cannot calculate are noticed."""
    book = openpyxl.Workbook()
    book.active.append(["phone", "=1+1"])
    book.save(tmp_path / "a.xlsx")
    with xlsxwriter.Workbook(tmp_path / "b.xlsx") as other:
        other.add_worksheet().write_formula("B1", "=1+1")
    for name in ("a.xlsx", "b.xlsx"):
        with pytest.raises(ListError, match="the formula in B1 was never calculated"):
            read(tmp_path / name)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("XFD1048576", "cell XFD1048576 is far outside any contact list"),
        ("SG1", "cell SG1 is far outside"),
        ("SF1048576", "cell SF1048576 is far outside"),
        ("A1048577", "cell A1048577 is far outside"),
        ("A99999999999", "cell A99999999999 is far outside"),
    ],
)
def test_corner_cell(tmp_path: Path, place: str, words: str) -> None:
    """A cell in the far corner is named, at no cost."""
    row = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    content = f'<sheetData><row r="1">{text("A1", "x")}{text(place, "y") if row == "1" else ""}</row>'
    content += f'<row r="{row}">{text(place, "y")}</row>' if row != "1" else ""
    with pytest.raises(ListError, match=words):
        read(one_sheet(tmp_path, content + "</sheetData>"), bounds=Bounds(cpu_seconds=2, memory=300_000_000))


def test_corner_without_content(tmp_path: Path) -> None:
    """A far cell that has only a colour does no harm."""
    far = '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
    content = f'<sheetData><row r="1">{text("A1", "x")}</row>{far}</sheetData>'
    assert read(one_sheet(tmp_path, content)) == [(1, ["x"])]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (rows(text("A1", "x") + text("A1", "y")), "cell A1 occurs twice"),
        (rows(text("B1", "x") + text("A1", "y")), "cell A1 occurs twice or in the wrong place"),
        (rows(text("A7", "x")), "row 1 holds a cell 'A7'"),
        (rows(text("1", "x")), "row 1 holds a cell '1'"),
        (
            f'<sheetData><row r="2">{text("A2", "x")}</row><row r="1"/></sheetData>',
            "row 1 stands below row 2",
        ),
        (f'<sheetData><row r="1">{text("A1", "x")}</row><row r="-2"/></sheetData>', "it counts '-2'"),
        (rows(value("A1", "nan")), "cell A1 holds a broken number"),
        (rows(value("A1", "1_0")), "cell A1 holds a broken number"),
        (rows(value("A1", "5", 't="s"')), "cell A1 refers to a text that is missing"),
        (rows(text("A1", "x" * (limits.CELL_CHARACTERS + 1))), "cell A1 holds more than 32,767 characters"),
        (rows('<c r="A1"><v>1</v><v>2</v></c>'), "cell A1 does not say what it holds"),
        (rows('<c r="A1" t="str"><v>1</v><is><t>2</t></is></c>'), "cell A1 does not say what it holds"),
        (rows('<c r="A1" t="inlineStr"><is><t>1<b>2</b></t></is></c>'), "cell A1 does not say what it holds"),
        (rows(text("A1", "x")) + rows(text("A1", "y")), "the sheet has its cells twice"),
        (f'<row r="1">{text("A1", "x")}</row>', "a row stands outside the cells of its sheet"),
        (rows(value("A1", "\u0661")), "cell A1 holds a broken number"),
        ("<sheetData>", r"damaged; .* \('xl/worksheets/sheet1.xml', line 1\)"),
    ],
)
def test_damaged(tmp_path: Path, content: str, words: str) -> None:
    """A sheet that contradicts itself is refused with the place, in one line."""
    with pytest.raises(ListError, match=words) as caught:
        read(one_sheet(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_long_row(tmp_path: Path) -> None:
    """A row of many long texts is refused by its number."""
    cells = "".join(value(f"{chr(65 + n // 26)}{chr(65 + n % 26)}1", 0, 't="s"') for n in range(40))
    with pytest.raises(ListError, match="row 1 holds more than 1,000,000 characters"):
        read(one_sheet(tmp_path, rows(cells), shared=f"<si><t>{'x' * 32_000}</t></si>"))


def test_shared_text_is_counted_every_time(tmp_path: Path) -> None:
    """Many cells that share one long text cannot make a list that is larger than any."""
    content = rows(*(value(f"A{n}", 0, 't="s"') for n in range(1, 50)))
    path = one_sheet(tmp_path, content, shared=f"<si><t>{'x' * 30_000}</t></si>")
    assert len(read(path)) == 49
    with pytest.raises(ListError, match="up to row 34 its cells hold more than 1,000,000 characters"):
        read(path, bounds=Bounds(characters=1_000_000))


def test_sheet_names_are_quoted(tmp_path: Path) -> None:
    """A sheet's name cannot write a line of its own."""
    parts = xlsx_parts(rows(text("A1", "x")), names=("a&#10;campaign: all good",))
    with pytest.raises(ListError, match=r"its sheets are 'a\\ncampaign: all good'") as caught:
        read(pack(tmp_path / "list.xlsx", parts), sheet="b")
    assert "\n" not in str(caught.value)


def test_agrees_with_another_reader(tmp_path: Path) -> None:
    """Texts and whole numbers come out as an independent reader finds them."""
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for n in range(300):
            sheet.write_row(
                n, 0, [f"+1415555{n:04}", n * 37, f" ö\n<{chr(0x4E00 + n)}>&", "_x0041_", chr(0xA0 + n) + "x"]
            )
    with path.open("rb") as file, python_calamine.load_workbook(file) as other:
        expected = [
            [str(int(cell)) if isinstance(cell, float) else str(cell) for cell in row]
            for row in other.get_sheet_by_index(0).iter_rows()
        ]
    assert [cells for _, cells in read(path)] == expected


def test_what_programs_write(tmp_path: Path) -> None:
    """A workbook of a common library has its dates, times and numbers as shown."""
    book = openpyxl.Workbook()
    book.active.append(
        ["phone", 14155551234, dt.date(2026, 1, 2), dt.time(9, 30), dt.timedelta(hours=30), 0.1 + 0.2]
    )
    book.save(tmp_path / "list.xlsx")
    assert read(tmp_path / "list.xlsx") == [
        (1, ["phone", "14155551234", "2026-01-02", "9:30:00", "30:00:00", "0.3"])
    ]
