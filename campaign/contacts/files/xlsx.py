"""Workbooks of the .xlsx kind: which parts they consist of, and the texts of one sheet.

Read here and not by a general library, because those turn numbers into dates by their format, lose error
values, cannot tell hidden rows and columns, and end the whole process for a cell that stands far away.
"""

import posixpath
import re
from collections.abc import Iterator

from campaign.contacts.files.archive import DAMAGED, Archive
from campaign.contacts.files.bounds import Bounds
from campaign.contacts.files.cells import YES, Reading, SheetHandler
from campaign.contacts.files.naming import quoted
from campaign.contacts.files.sheet import Grid, Sheet, choose
from campaign.contacts.files.shown import GENERAL
from campaign.contacts.files.texts import holds_cells, shared_texts
from campaign.errors import ListError

MACROS = "it contains macros; save it as .xlsx without macros"
NO_WORKBOOK = "a zip archive, but no workbook; save the list as .xlsx or CSV"

_ROOTS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/",
    "http://purl.oclc.org/ooxml/officeDocument/relationships/",
)
# Dates by number only, without a code of their own in the file. What depends on the reader's settings is ISO.
_BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0", 6: "#,##0", 7: "#,##0.00", 8: "#,##0.00",
    9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy",
    16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    22: "yyyy-mm-dd hh:mm", 37: "#,##0_);(#,##0)", 38: "#,##0_);(#,##0)", 39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);(#,##0.00)", 41: "#,##0", 42: "#,##0", 43: "#,##0.00", 44: "#,##0.00", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((32, 33, 34, 35, 55, 56), "hh:mm:ss"),
}  # fmt: skip


class _Elements:
    """Handler for the small parts: the attributes of every element, by its name and that of its parent."""

    def __init__(self) -> None:
        self.found: list[tuple[str, dict[str, str]]] = []
        self._open = [""]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        self.found.append((f"{self._open[-1]}/{tag}", attributes))
        self._open.append(tag)

    def end(self, name: str) -> None:
        self._open.pop()

    def text(self, data: str) -> None:
        pass


def records(
    archive: Archive, wanted: str | None, include_hidden: bool, bounds: Bounds, notes: list[str]
) -> Iterator[tuple[int, list[str]]]:
    """The rows of the list in an .xlsx workbook; see `workbook.records`.

    Args:
        archive: The file.
        wanted: The sheet that the operator names.
        include_hidden: Whether hidden rows and columns are read.
        bounds: How large it may be.
        notes: Takes what the operator should know.

    Raises:
        ListError: It cannot be read without a guess.
    """
    _refuse_other_kinds(archive)
    book = _only(_related(archive, ""), "officeDocument")
    parts = _related(archive, book)
    elements = _elements(archive, book)
    sheets = _sheets(elements, parts)
    sheet = choose(sheets, wanted, lambda sheet: holds_cells(archive, sheet.key))
    reading = Reading(
        texts=shared_texts(archive, _first(parts, "sharedStrings")),
        formats=_formats(archive, _first(parts, "styles")),
        epoch_1904=any(a.get("date1904") in YES for tag, a in elements if tag == "workbook/workbookPr"),
        never_calculated=any(
            a.get("fullCalcOnLoad") in YES for tag, a in elements if tag == "workbook/calcPr"
        ),
        grid=Grid(bounds),
    )
    handler = SheetHandler(reading)
    archive.parse(sheet.key, handler)
    handler.finish()
    yield from reading.grid.records(include_hidden)
    notes += reading.grid.notes


def _refuse_other_kinds(archive: Archive) -> None:
    names = archive.names
    if "xl/workbook.bin" in names:
        raise ListError("a binary workbook (.xlsb); save it as .xlsx")
    if any(name.endswith("vbaproject.bin") for name in names):
        raise ListError(MACROS)
    if not archive.holds("[Content_Types].xml") or not any(name.startswith("xl/") for name in names):
        raise ListError(NO_WORKBOOK)
    types = [attributes.get("ContentType", "") for _, attributes in _elements(archive, "[Content_Types].xml")]
    if any("macroenabled" in kind.casefold() or "macrosheet" in kind.casefold() for kind in types):
        raise ListError(MACROS)
    if not any("spreadsheetml" in kind for kind in types):
        raise ListError(NO_WORKBOOK)


def _elements(archive: Archive, part: str) -> list[tuple[str, dict[str, str]]]:
    handler = _Elements()
    archive.parse(part, handler)
    return handler.found


def _related(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """The parts that a part refers to: kind and name by id."""
    folder, name = posixpath.split(part)
    parts = {}
    for tag, attributes in _elements(archive, posixpath.join(folder, "_rels", name + ".rels")):
        if tag != "Relationships/Relationship" or attributes.get("TargetMode") == "External":
            continue
        target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
        kind = attributes.get("Type", "")
        kind = next((kind.removeprefix(root) for root in _ROOTS if kind.startswith(root)), kind)
        parts[attributes.get("Id", "")] = (kind, target)
    return parts


def _first(parts: dict[str, tuple[str, str]], wanted: str) -> str | None:
    return next((target for kind, target in parts.values() if kind == wanted), None)


def _only(parts: dict[str, tuple[str, str]], wanted: str) -> str:
    part = _first(parts, wanted)
    if part is None:
        raise ListError(NO_WORKBOOK)
    return part


def _sheets(elements: list[tuple[str, dict[str, str]]], parts: dict[str, tuple[str, str]]) -> list[Sheet]:
    sheets: list[Sheet] = []
    for tag, attributes in elements:
        if tag != "sheets/sheet":
            continue
        links = [
            attributes[root.rstrip("/") + " id"] for root in _ROOTS if root.rstrip("/") + " id" in attributes
        ]
        kind, target = parts.get(links[0] if links else "", ("", ""))
        if not kind:
            raise ListError(
                f"the sheet {quoted(attributes.get('name', ''))} is missing in the file; {DAMAGED}"
            )
        if re.search("macrosheet", kind, re.IGNORECASE):
            raise ListError(MACROS)
        if kind == "worksheet":
            is_visible = attributes.get("state", "visible") == "visible"
            if any(sheet.key == target for sheet in sheets):
                raise ListError(f"two sheets are the same part {quoted(target)}; {DAMAGED}")
            sheets.append(Sheet(attributes.get("name", ""), is_visible, target))
    return sheets


def _formats(archive: Archive, part: str | None) -> list[str]:
    """The format code of every cell style."""
    if part is None:
        return []
    elements = _elements(archive, part)
    codes = {str(number): code for number, code in _BUILT_IN.items()}
    codes |= {
        a.get("numFmtId", ""): a.get("formatCode", GENERAL) for tag, a in elements if tag == "numFmts/numFmt"
    }
    return [codes.get(a.get("numFmtId", ""), GENERAL) for tag, a in elements if tag == "cellXfs/xf"]
