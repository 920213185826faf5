"""Cases of files that are no list, or none that is read: told by content, whatever their name says."""

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.contacts.corpus.cases import GOOD, Case, Refused
from tests.contacts.corpus.hazards import Hazard
from tests.contacts.corpus.hostile_cases import WORKBOOK
from tests.contacts.corpus.workbook_cases import pack_into
from tests.contacts.workbooks.books import ODS_TYPE, ods_parts, pack

COMPOUND = bytes.fromhex("D0CF11E0A1B11AE1")
SAVE = r"save the list as .xlsx or CSV \(UTF-8\)"


def zipped(**parts: str) -> Callable[[Path], object]:
    """An archive of these parts; two underscores stand for a slash, one for a dot."""
    named = {name.replace("__", "/").replace("_", "."): content for name, content in parts.items()}
    return partial(pack_into, parts=named)


def changed(part: str, *replacements: tuple[str, str]) -> Callable[[Path], object]:
    """The workbook with some words of one part replaced."""
    content = str(WORKBOOK[part])
    for old, new in replacements:
        assert old in content
        content = content.replace(old, new)
    return partial(pack_into, parts=WORKBOOK | {part: content})


def locked(path: Path) -> None:
    """An archive whose parts need a password."""
    pack(path, WORKBOOK)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)


def locked_document(path: Path) -> None:
    """An OpenDocument spreadsheet with a password."""
    manifest = (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry></m:manifest>'
    )
    pack(path, ods_parts("") | {"content.xml": b"\x8f\x01 noise", "META-INF/manifest.xml": manifest})


def cases() -> Iterator[Case]:
    """All cases of other kinds."""
    for name, content, line, suffix in _ARCHIVES:
        yield Case(name, Hazard.OTHER_KIND, content, Refused(line), suffix)
    for what, content, line in _BYTES:
        yield Case(what, Hazard.OTHER_KIND, content, Refused(f"this is {line}"))


_MACROS = "it contains macros; save it as .xlsx without macros"
_ARCHIVES: list[tuple[str, Any, str, str]] = [
    ("macros", partial(pack_into, parts=WORKBOOK | {"xl/vbaProject.bin": "x"}),
        r"this is a workbook with macros \(.xlsm\); save it as .xlsx", ".xlsx"),
    ("macros elsewhere", partial(pack_into,
        parts=WORKBOOK | {"xl/sub/vbaProject.bin": "x"}),
        _MACROS, ".xlsx"),
    ("macros by the content type", changed("[Content_Types].xml", (
        "openxmlformats-officedocument.spreadsheetml.sheet", "ms-excel.sheet.macroEnabled")), _MACROS,
        ".xlsx"),
    ("macros in a sheet", changed("xl/_rels/workbook.xml.rels", ("/worksheet",
        "/xlMacrosheet")),
        _MACROS, ".xlsx"),
    ("a binary workbook", zipped(xl__workbook_bin="x"),
        r"this is a binary workbook \(.xlsb\); save it as .xlsx", ".xlsx"),
    ("a workbook with a password",
        COMPOUND + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "this is a workbook with a password; remove the password and save it as .xlsx", ".xlsx"),
    ("an archive with a password", locked,
        "protected with a password; remove the password and save it again", ".xlsx"),
    ("ods: with a password", locked_document,
        "protected with a password; remove the password and save it again", ".ods"),
    ("an .xls", COMPOUND + b"\0" * 600,
        f"this is an old Office file, such as .xls; {SAVE}", ".xlsx"),
    ("HTML that is called .xlsx", "<html><table><tr><td>phone</td></tr></table></html>",
        r"this is HTML or XML; open it in a spreadsheet program and save it as .xlsx or CSV \(UTF-8\)",
        ".xlsx"),
    ("XML that is called .csv", '<?xml version="1.0"?><a/>',
        "this is HTML or XML; .* save it .*", ".csv"),
    ("a .docx", zipped(word__document_xml="<a/>"), f"this is a text document .*; {SAVE}",
        ".csv"),
    ("a .pptx", zipped(ppt__presentation_xml="<a/>"),
        f"this is a presentation .*; {SAVE}", ".csv"),
    ("a Numbers document", zipped(Index__Document_iwa="x"),
        "this is an Apple .*; export it as .*",
        ".csv"),
    ("an .odt", zipped(mimetype=ODS_TYPE.replace("spreadsheet", "text")),
        f"this is a document that is no spreadsheet; {SAVE}", ".csv"),
    ("a packed list", zipped(list_csv=f"phone\n{GOOD}\n"),
        "this is a zip archive; unpack it and pass the list that is in it", ".csv"),
]  # fmt: skip

_UNPACK = "unpack it and pass the list that is in it"
_BYTES: list[tuple[str, bytes, str]] = [
    ("a PDF", b"%PDF-1.7\n", f"a PDF document; {SAVE} where it was made"),
    ("a gzip file", zlib.compress(b"phone\n", wbits=31), f"a gzip file; {_UNPACK}"),
    ("a bzip2 file", b"BZh91AY&SY", f"a bzip2 file; {_UNPACK}"),
    ("an xz file", b"\xfd7zXZ\0\0", f"an xz file; {_UNPACK}"),
    ("a 7z archive", b"7z\xbc\xaf\x27\x1c\0", f"a 7z archive; {_UNPACK}"),
    ("a PNG", b"\x89PNG\r\n\x1a\n", f"a PNG image; {SAVE}"),
    ("a JPEG", b"\xff\xd8\xff\xe0", f"a JPEG image; {SAVE}"),
    ("an RTF", b"{\\rtf1 phone}", f"an RTF document; {SAVE}"),
    ("an SQLite database", b"SQLite format 3\0" + b"\0" * 99,
        r"an SQLite database; export the table as CSV \(UTF-8\)"),
    ("an encrypted Parquet file", b"PARE\x15\0", "an encrypted Parquet file; save it without encryption"),
    ("noise", bytes(range(256)) * 4, f"neither text nor a workbook that can be read; {SAVE}"),
]  # fmt: skip
