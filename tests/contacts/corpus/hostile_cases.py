"""Cases of files that attack their reader, or that are damaged."""

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl

from tests.contacts.corpus.cases import GOOD, Case, Refused
from tests.contacts.corpus.hazards import Hazard
from tests.contacts.corpus.workbook_cases import HEAD, further_row, pack_into
from tests.contacts.workbooks.books import (
    SHEET_PART,
    ods_parts,
    ods_row,
    ods_text,
    pack,
    rows,
    text,
    value,
    xlsx_parts,
)
from tests.contacts.workbooks.test_archive import append_stream

WORKBOOK = xlsx_parts(rows(HEAD, text("A2", GOOD)))
CSV = "save the list as CSV instead"
LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(10)
)
OUTSIDE = "<!DOCTYPE x [<!ENTITY k SYSTEM 'file:///etc/hostname'>"


def inflating(
    path: Path, part: str, start: bytes, block: bytes, times: int, claimed: int | None = None
) -> None:
    """The workbook with one part that repeats a block: packed once, it is written so often."""
    pack(path, {name: content for name, content in WORKBOOK.items() if name != part})
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflate.compress(start) + deflate.flush(zlib.Z_FULL_FLUSH)
    again = deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH)
    size = len(start) + times * len(block)
    append_stream(path, part, packed + again * times + deflate.flush(), claimed or size)


def gigabyte(path: Path, claimed: int | None = None) -> None:
    """A workbook of a megabyte whose one shared text has a gigabyte."""
    inflating(path, "xl/texts.xml", b"<sst><si><t>", b"x" * 1_000_000, 1_000, claimed)


def many_rows(path: Path, noise: int) -> None:
    """8,000,000 rows of numbers; the more noise in them, the less they pack."""
    draw = random.Random(3)
    block = b"".join(
        b"<row><c><v>%d</v></c></row>" % (draw.randrange(10**10, 10**11) if n < noise else 14155551234)
        for n in range(10_000)
    )
    inflating(path, SHEET_PART, b"<worksheet><sheetData>", block, 800)


def shared(path: Path) -> None:
    """One text of 30,000 characters in so many cells that the list would have 600 million."""
    cells = (value(f"A{n}", 0, 't="s"') for n in range(2, 20_000))
    pack(path, xlsx_parts(rows(HEAD, *cells), shared=f"<si><t>{'x' * 30_000}</t></si>"))


def twice(path: Path) -> None:
    """An archive with two sheets of one name, but for capitals."""
    pack(path, WORKBOOK | {SHEET_PART.upper(): WORKBOOK[SHEET_PART]})


def cut(path: Path, keep: float) -> None:
    """The start of a workbook that a spreadsheet library wrote."""
    whole = io.BytesIO()
    workbook = openpyxl.Workbook()
    workbook.active.append(["phone"])
    workbook.active.append([GOOD])
    workbook.save(whole)
    workbook.close()
    content = whole.getvalue()
    path.write_bytes(content[: int(len(content) * keep)])


def flipped(path: Path) -> None:
    """A workbook with a changed byte within its sheet."""
    pack(path, WORKBOOK)
    content = bytearray(path.read_bytes())
    content[content.index(SHEET_PART.encode()) + len(SHEET_PART) + 5] ^= 0xFF
    path.write_bytes(content)


def large_directory(path: Path) -> None:
    """An archive that claims a directory of four gigabytes."""
    pack(path, WORKBOOK)
    content = bytearray(path.read_bytes())
    struct.pack_into("<L", content, len(content) - 10, 0xFFFFFFF0)
    path.write_bytes(content)


def declared(doctype: str, encoding: str = "utf-8") -> Callable[[Path], object]:
    """The workbook with entities declared in its sheet, and one used."""
    sheet = str(WORKBOOK[SHEET_PART]).replace(GOOD, "&k;")
    content = f"<?xml version='1.0' encoding='{encoding}'?>{doctype}]>{sheet}".encode(encoding)
    return partial(pack_into, parts=WORKBOOK | {SHEET_PART: content})


def declared_ods(path: Path) -> None:
    """A document with a billion laughs."""
    parts = ods_parts(f"<table:table>{ods_row(ods_text('&k;'))}</table:table>")
    pack(path, parts | {"content.xml": f"{LAUGHS}]>{parts['content.xml']!s}"})


def far_cell(place: str) -> Callable[[Path], object]:
    """A workbook with a text in A1 and one far away."""
    return further_row(int(place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")), text(place, "x"), HEAD)


def repeated(row: str, cell: str) -> Callable[[Path], object]:
    """A document whose only row or cell repeats itself."""
    return partial(
        pack_into, parts=ods_parts(f"<table:table>{ods_row(ods_text('x', cell), more=row)}</table:table>")
    )


def cases() -> Iterator[Case]:
    """All cases of hostile files."""
    for why, name, content, line, suffix in _ATTACKS:
        yield Case(name, why, content, Refused(line), suffix)


_FAR = r"cell {} is far outside any contact list \(.*\); clear it, or save the list as CSV"
_RATIO = f"its part '{{}}' unpacks to more than 200 times its size, as no contact list does; {CSV}"
_ENTITIES = f"it declares XML entities, as no spreadsheet program does; {CSV}"
_DAMAGED = "this is a damaged zip file or workbook; open it in a spreadsheet program and save it as .xlsx"
_ATTACKS: list[tuple[Hazard, str, Any, str, str]] = [
    (Hazard.CORNER, "a cell at XFD1048576", far_cell("XFD1048576"), _FAR.format("XFD1048576"), ".xlsx"),
    (Hazard.CORNER, "a cell at ZZ1048576", far_cell("ZZ1048576"), _FAR.format("ZZ1048576"), ".xlsx"),
    (Hazard.CORNER, "ods: a row of 1,048,576 times 500 cells", repeated(
        'table:number-rows-repeated="1048576"', 'table:number-columns-repeated="500"'),
        _FAR.format("SF1048576"), ".ods"),
    (Hazard.CORNER, "ods: a cell that repeats itself without end", repeated(
        "", 'table:number-columns-repeated="99999999999999"'), _FAR.format(r"\w+1"), ".ods"),
    (Hazard.MILLIONS, "8,000,000 rows that are alike", partial(many_rows, noise=0),
        _RATIO.format(SHEET_PART), ".xlsx"),
    (Hazard.MILLIONS, "8,000,000 rows that differ", partial(many_rows, noise=300),
        f"its part '{SHEET_PART}' unpacks to more than 200 MB; {CSV}", ".xlsx"),
    (Hazard.GIGABYTE, "a text of 1 GB", gigabyte, _RATIO.format("xl/texts.xml"), ".xlsx"),
    (Hazard.GIGABYTE, "a text of 1 GB that claims to be small", partial(gigabyte, claimed=100),
        _RATIO.format("xl/texts.xml"), ".xlsx"),
    (Hazard.GIGABYTE, "one text in 20,000 cells", shared,
        "up to row 3335 its cells hold more than 100,000,000 characters; split the list into several files",
        ".xlsx"),
    (Hazard.GIGABYTE, "2,001 parts", partial(pack_into, parts=WORKBOOK | {f"x{n}": "" for n in range(1994)}),
        f"it holds 2,001 parts, more than 2,000; {CSV}", ".xlsx"),
    (Hazard.LAUGHS, "a billion laughs in a sheet", declared(LAUGHS), _ENTITIES, ".xlsx"),
    (Hazard.LAUGHS, "a billion laughs in the shared texts", partial(pack_into, parts=WORKBOOK | {
        "xl/texts.xml": f"{LAUGHS}]><sst><si><t>&k;</t></si></sst>"}), _ENTITIES, ".xlsx"),
    (Hazard.LAUGHS, "a billion laughs in UTF-16", declared(LAUGHS, "utf-16"), _ENTITIES, ".xlsx"),
    (Hazard.LAUGHS, "ods: a billion laughs", declared_ods, _ENTITIES, ".ods"),
    (Hazard.XXE, "an entity that names a file", declared(OUTSIDE), _ENTITIES, ".xlsx"),
    (Hazard.XXE, "a document type from elsewhere", declared("<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x' ["),
        _ENTITIES,
        ".xlsx"),
    (Hazard.DAMAGED, "two parts of one name", twice,
        "the part '.*' occurs twice; the workbook is damaged; .*", ".xlsx"),
    (Hazard.DAMAGED, "a part that is not the size it claims", partial(
        inflating, part="xl/more.xml", start=b"", block=b"x" * 1000, times=5, claimed=4_999),
        "the part 'xl/more.xml' has another size than the archive says; the workbook is damaged; .*",
        ".xlsx"),
    (Hazard.DAMAGED, "a quarter of a workbook", partial(cut, keep=0.25), _DAMAGED, ".xlsx"),
    (Hazard.DAMAGED, "nearly all of a workbook", partial(cut, keep=0.99), _DAMAGED, ".xlsx"),
    (Hazard.DAMAGED, "a changed byte in a sheet", flipped, "the workbook is damaged; .*", ".xlsx"),
    (Hazard.DAMAGED, "an archive directory of 4 GB", large_directory, _DAMAGED, ".xlsx"),
    (Hazard.DAMAGED, "the first bytes of an archive", b"PK\x03\x04 and nothing", _DAMAGED, ".xlsx"),
    (Hazard.DAMAGED, "parquet: noise between its marks", b"PAR1 no such thing PAR1",
        "not a Parquet file that can be read; write it again, or save the list as CSV", ".parquet"),
    (Hazard.DAMAGED, "parquet: without its end", b"PAR1\x15\x04" + b"\0" * 40,
        "this is a Parquet file that lacks its end; copy it again", ".parquet"),
]  # fmt: skip
