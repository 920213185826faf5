"""Workbooks written by hand, so that a test can say what no spreadsheet program would."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

from campaign.contacts.files.bounds import Bounds
from campaign.contacts.files.source import ReadOptions, opened
from campaign.contacts.files.workbook import records

Records = list[tuple[int, list[str]]]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_LINKS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_PART = "xl/worksheets/sheet1.xml"

ODS_NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in [
        ("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"), ("draw", "drawing")
    ]
)  # fmt: skip
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"


def read(
    path: Path, sheet: str | None = None, include_hidden: bool = False, bounds: Bounds | None = None
) -> Records:
    """All records of a file; its kind is that of its name."""
    with opened(path) as source:
        options = ReadOptions(sheet=sheet, include_hidden=include_hidden)
        return list(records(source, options, path.suffix[1:], bounds))


def pack(path: Path, parts: Mapping[str, str | bytes]) -> Path:
    """A zip archive with these parts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def xlsx_parts(
    *sheets: str,
    states: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    shared: str = "",
    styles: str = "",
    book: str = "",
    main: str = MAIN,
    links: str = LINKS,
) -> dict[str, str | bytes]:
    """The parts of a workbook whose sheets have this XML between `<worksheet>` and its end.

    Args:
        sheets: The content of the sheets.
        states: Their states; visible where there are fewer.
        names: Their names; `Sheet1` and so on where there are fewer.
        shared: The `<si>` elements of the shared texts.
        styles: What the style sheet holds.
        book: What else the workbook part holds, before its sheets.
        main: The namespace of cells.
        links: The namespace of relations.
    """
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{names[n - 1] if n <= len(names) else f"Sheet{n}"}" sheetId="{n}" '
        f'state="{states[n - 1] if n <= len(states) else "visible"}" r:id="s{n}"/>'
        for n in numbers
    )
    related = "".join(
        f'<Relationship Id="s{n}" Type="{links}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="a" '
        f'Type="{links}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{links}">'
        f"{book}<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{related}'
        f'<Relationship Id="t" Type="{links}/sharedStrings" Target="/xl/texts.xml"/>'
        f'<Relationship Id="y" Type="{links}/styles" Target="styles.xml"/></Relationships>',
        "xl/texts.xml": f'<sst xmlns="{main}">{shared}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}">{styles}</styleSheet>',
    }
    for n, content in enumerate(sheets, start=1):
        parts[f"xl/worksheets/sheet{n}.xml"] = f'<worksheet xmlns="{main}">{content}</worksheet>'
    return parts


def rows(*lines: str, attributes: Mapping[int, str] | None = None) -> str:
    """Sheet data: the cells of a row on each line, with more attributes for some rows."""
    more = attributes or {}
    return (
        "<sheetData>"
        + "".join(f'<row r="{n}" {more.get(n, "")}>{line}</row>' for n, line in enumerate(lines, start=1))
        + "</sheetData>"
    )


def text(place: str, content: str) -> str:
    """A cell with its own text."""
    return f'<c r="{place}" t="inlineStr"><is><t>{content}</t></is></c>'


def value(place: str, content: object, more: str = "") -> str:
    """A cell with a number, or with what `more` says."""
    return f'<c r="{place}" {more}><v>{content}</v></c>'


def ods_parts(tables: str, styles: str = "") -> dict[str, str | bytes]:
    """The parts of an OpenDocument spreadsheet with these tables."""
    return {
        "mimetype": ODS_TYPE,
        "content.xml": f"<office:document-content {ODS_NAMES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:spreadsheet>{tables}</office:spreadsheet>"
        "</office:body></office:document-content>",
    }


def ods_text(content: str, more: str = "") -> str:
    """A cell of an OpenDocument spreadsheet that holds a paragraph."""
    return (
        f'<table:table-cell office:value-type="string" {more}><text:p>{content}</text:p></table:table-cell>'
    )


def ods_row(*cells: str, more: str = "") -> str:
    """A row of an OpenDocument spreadsheet."""
    return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"
