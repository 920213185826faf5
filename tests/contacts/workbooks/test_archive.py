"""Hostile and mistaken archives: each gets one line, at a bounded cost."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from campaign.contacts.files.bounds import Bounds
from campaign.errors import ListError
from tests.contacts.workbooks.books import SHEET_PART, ods_parts, pack, read, rows, text, xlsx_parts

GOOD = xlsx_parts(rows(text("A1", "phone")))


def refusal(path: Path, bounds: Bounds | None = None) -> str:
    """The one line that a file is refused with."""
    with pytest.raises(ListError) as caught:
        read(path, bounds=bounds)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def letters(millions: int) -> bytes:
    """A deflated stream of so many million letters."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    million = deflate.compress(b"x" * 1_000_000) + deflate.flush(zlib.Z_FULL_FLUSH)
    return million * millions + deflate.flush()


def append_stream(path: Path, name: str, packed: bytes, size: int) -> None:
    """Put a part into an archive whose content is deflated already, with any size that one likes to claim."""
    with zipfile.ZipFile(path, "a") as archive:
        part = zipfile.ZipInfo(name)
        part.compress_type = zipfile.ZIP_DEFLATED
        part.CRC, part.compress_size, part.file_size = 0, len(packed), size
        assert archive.fp is not None
        archive.fp.seek(archive.start_dir)
        part.header_offset = archive.fp.tell()
        archive.fp.write(part.FileHeader() + packed)
        archive.start_dir = archive.fp.tell()
        archive.filelist.append(part)
        archive.NameToInfo[name] = part
        archive._didModify = True  # type: ignore[attr-defined]


def without(name: str) -> dict[str, str | bytes]:
    """The good workbook without one part."""
    return {part: content for part, content in GOOD.items() if part != name}


def test_text_of_a_gigabyte(tmp_path: Path) -> None:
    """A megabyte that unpacks to one text of a gigabyte is refused while it is unpacked."""
    path = pack(tmp_path / "list.xlsx", without("xl/texts.xml"))
    append_stream(path, "xl/texts.xml", letters(1_000), 1_000_000_000)
    assert path.stat().st_size < 2_000_000
    line = refusal(path, Bounds(memory=300_000_000, cpu_seconds=3))
    assert "its part 'xl/texts.xml' unpacks to more than 200 times its size" in line


def test_lying_size(tmp_path: Path) -> None:
    """A part that claims to be small is measured by what it is."""
    path = pack(tmp_path / "list.xlsx", GOOD)
    append_stream(path, "xl/more.xml", letters(1_000), 100)
    assert "more than 200 times its size" in refusal(path)


@pytest.mark.parametrize("claimed", [999_999, 1_000_001])
def test_wrong_size(tmp_path: Path, claimed: int) -> None:
    """A part whose size is not the one in the directory is refused, however small."""
    path = pack(tmp_path / "list.xlsx", GOOD)
    append_stream(path, "xl/more.xml", letters(1), claimed)
    assert "the part 'xl/more.xml' has another size than the archive says" in refusal(path)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Bounds(parts=6), "it holds 8 parts, more than 6"),
        (Bounds(part_bytes=1_000_000), "its part 'xl/media/1.png' unpacks to more than 1 MB"),
        (Bounds(unpacked_bytes=2_000_000), "unpacked it is larger than 2 MB"),
    ],
)
def test_bounds(tmp_path: Path, bounds: Bounds, words: str) -> None:
    """The number of parts, the size of each and of all are bounded, also of those that are never read."""
    path = pack(tmp_path / "list.xlsx", GOOD | {"xl/media/1.png": b"\0" * 2_500_000})
    assert words in refusal(path, bounds)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", [SHEET_PART, SHEET_PART.upper()])
def test_duplicate_parts(tmp_path: Path, name: str) -> None:
    """A part that occurs twice could be read differently by every program."""
    path = pack(tmp_path / "list.xlsx", GOOD)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, GOOD[SHEET_PART])
    assert f"the part '{name}' occurs twice" in refusal(path)


@pytest.mark.parametrize("change", [str.upper, lambda name: name.replace("/", "\\")])
def test_other_names(tmp_path: Path, change: Callable[[str], str]) -> None:
    """Letter case and the kind of slash make no other part, as for spreadsheet programs."""
    parts = {change(name): content for name, content in GOOD.items()}
    assert read(pack(tmp_path / "list.xlsx", parts)) == [(1, ["phone"])]


def test_encrypted_parts(tmp_path: Path) -> None:
    """An archive with a password is called so."""
    path = pack(tmp_path / "list.xlsx", GOOD)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 8] |= 1
    path.write_bytes(content)
    assert "protected with a password" in refusal(path)


LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(10)
)


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("attack", ["laughs", "file"])
def test_entities(tmp_path: Path, kind: str, encoding: str, attack: str) -> None:
    """No part may declare entities: neither a billion laughs nor the content of another file comes out."""
    canary = tmp_path / "canary.txt"
    canary.write_text("CANARY")
    doctype = (
        LAUGHS + "]>" if attack == "laughs" else f"<!DOCTYPE x [<!ENTITY k SYSTEM '{canary.as_uri()}'>]>"
    )
    if kind == "xlsx":
        parts, name = xlsx_parts(rows(text("A1", "&k;"))), SHEET_PART
    else:
        cell = "<table:table-cell><text:p>&k;</text:p></table:table-cell>"
        parts, name = (
            ods_parts(f"<table:table><table:table-row>{cell}</table:table-row></table:table>"),
            "content.xml",
        )
    parts[name] = f"<?xml version='1.0' encoding='{encoding}'?>{doctype}{parts[name]!s}".encode(encoding)
    line = refusal(pack(tmp_path / f"list.{kind}", parts))
    assert "it declares XML entities, as no spreadsheet program does" in line
    assert "CANARY" not in line


def kinds() -> Iterator[tuple[dict[str, str | bytes], str]]:
    """Archives that are no plain workbook, and what they are refused with."""
    types = str(GOOD["[Content_Types].xml"])
    macro = types.replace("openxmlformats-officedocument.spreadsheetml.sheet", "ms-excel.sheet.macroEnabled")
    word = types.replace("spreadsheetml.sheet", "wordprocessingml.document")
    links = str(GOOD["xl/_rels/workbook.xml.rels"])
    old_macro = links.replace("/worksheet'", "/xlMacrosheet'").replace('/worksheet"', '/xlMacrosheet"')
    yield GOOD | {"xl/vbaProject.bin": b"x"}, "it contains macros; save it as .xlsx without macros"
    yield GOOD | {"[Content_Types].xml": macro}, "it contains macros"
    yield GOOD | {"xl/_rels/workbook.xml.rels": old_macro}, "it contains macros"
    yield GOOD | {"xl/workbook.bin": b"x"}, "a binary workbook (.xlsb); save it as .xlsx"
    yield {"[Content_Types].xml": word, "word/document.xml": "<a/>"}, "a zip archive, but no workbook"
    yield {"notes.txt": "hello"}, "a zip archive, but no workbook"
    yield without(SHEET_PART), "it lacks 'xl/worksheets/sheet1.xml'"
    yield without("xl/_rels/workbook.xml.rels"), "it lacks 'xl/_rels/workbook.xml.rels'"
    yield GOOD | {"_rels/.rels": "not XML"}, "damaged"


@pytest.mark.parametrize(("parts", "words"), list(kinds()))
def test_other_kinds(tmp_path: Path, parts: dict[str, str | bytes], words: str) -> None:
    """What is no plain workbook is named for what it is."""
    assert words in refusal(pack(tmp_path / "list.xlsx", parts))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an old .xls workbook, or one with a password"),
        (b"PK\x03\x04 and then nothing", "the workbook is damaged"),
        (b"<html><table></table></html>", "the workbook is damaged"),
    ],
)
def test_no_archive(tmp_path: Path, content: bytes, words: str) -> None:
    """What only has the name of a workbook is refused."""
    path = tmp_path / "list.xlsx"
    path.write_bytes(content)
    assert words in refusal(path)


def test_cut_off(tmp_path: Path) -> None:
    """Every piece of a workbook that was cut off is refused."""
    path = pack(tmp_path / "whole.xlsx", GOOD)
    content = path.read_bytes()
    for part in (1, 2, 3):
        piece = tmp_path / f"{part}.xlsx"
        piece.write_bytes(content[: len(content) * part // 4])
        refusal(piece)


def test_broken_streams(tmp_path: Path) -> None:
    """A part whose bytes were changed, or whose place is wrong, is refused."""
    path = pack(tmp_path / "list.xlsx", GOOD)
    content = bytearray(path.read_bytes())
    sheet = content.index(b"worksheets/sheet1.xml") + len("worksheets/sheet1.xml")
    flipped = content.copy()
    flipped[sheet + 5] ^= 0xFF
    path.write_bytes(flipped)
    assert "damaged" in refusal(path)
    entry = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, entry + 42, 7)
    path.write_bytes(content)
    assert "damaged" in refusal(path)
