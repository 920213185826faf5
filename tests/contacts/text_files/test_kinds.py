"""Kinds of list files: told by content, never by name; what is no list is refused with a cure."""

import codecs
import io
import struct
import zipfile
from pathlib import Path

import pytest

from campaign.contacts.files import kinds, limits
from campaign.contacts.files.source import opened
from campaign.errors import ListError
from tests.contacts.text_files.reading import write

ODS = "application/vnd.oasis.opendocument.spreadsheet"
COMPOUND = bytes.fromhex("D0CF11E0A1B11AE1")


def archive(*names: str, mimetype: str | None = None, packing: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive with these entries."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", packing) as file:
        if mimetype is not None:
            file.writestr("mimetype", mimetype)
        for name in names:
            file.writestr(name, "x")
    return content.getvalue()


def kind(folder: Path, content: str | bytes) -> str:
    """The kind of a list with this content, which is left at its first byte."""
    with opened(write(folder, content)) as source:
        found = kinds.kind_of(source)
        assert source.file.tell() == 0
        return found


def problem(folder: Path, content: str | bytes) -> str:
    """What is said about content that is no list."""
    with pytest.raises(ListError) as caught:
        kind(folder, content)
    text = str(caught.value)
    assert text.startswith(f"{folder / 'list'}: ")
    assert text.isprintable()
    return text.removeprefix(f"{folder / 'list'}: ")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("phone,name\n", "csv"),
        ("phone", "csv"),
        ("\n\n", "csv"),
        ("sep=;\nphone;name\n", "csv"),
        ("[phone],[name]\n", "csv"),
        ("{{phone}},{{name}}\n", "csv"),
        ("<phone>,<name>\n<1>,<2>\n", "csv"),
        ("ID;Phone\n1;+1\n", "csv"),
        ("PAR1,phone\nx,+1\n", "csv"),
        ("PK,phone\n1,+1\n", "csv"),
        ("a,b\n\0", "csv"),
        ("phone,name\n+1,a\x07\n", "csv"),
        ("Zoë,b\n".encode("cp1252"), "csv"),
        (codecs.BOM_UTF8 + b"phone\n", "csv"),
        (codecs.BOM_UTF16_LE + "phone\n".encode("utf-16-le"), "csv"),
        (codecs.BOM_UTF16_BE + "phone\n".encode("utf-16-be"), "csv"),
        (codecs.BOM_UTF32_LE + "phone\n".encode("utf-32-le"), "csv"),
        ("phone,name\n+1,a\n".encode("utf-16-le"), "csv"),
        ('{"phone": "+1"}\n', "jsonl"),
        ('\n  {"phone": "+1"}\n', "jsonl"),
        ("{phone: 1}\n", "jsonl"),
        (codecs.BOM_UTF8 + b'{"phone": "+1"}\n', "jsonl"),
        (codecs.BOM_UTF16_LE + '{"phone": "+1"}\n'.encode("utf-16-le"), "jsonl"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (archive("XL\\Workbook.xml"), "xlsx"),
        (archive("content.xml", mimetype=ODS), "ods"),
        (archive("content.xml", mimetype=ODS, packing=zipfile.ZIP_DEFLATED), "ods"),
        (b"PAR1\x15\x04data\0\0\0\0PAR1", "parquet"),
    ],
)
def test_kinds(tmp_path: Path, content: str | bytes, expected: str) -> None:
    """The content of a file says its kind, whatever encoding its text has."""
    assert kind(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("content", "what", "cure"),
    [
        (COMPOUND + b"\0" * 600, "old Office file, such as .xls", "save the list as .xlsx or CSV"),
        (COMPOUND + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "with a password", "remove the"),
        (
            COMPOUND + b"\0" * (2**20 - 20) + "EncryptedPackage".encode("utf-16-le") + b"\0" * 99,
            "with a password",
            "remove the password",
        ),
        (archive("xl/workbook.xml", "xl/vbaProject.bin"), ".xlsm", "save it as .xlsx"),
        (archive("xl/workbook.bin"), ".xlsb", "save it as .xlsx"),
        (archive("word/document.xml"), ".docx", "save the list as"),
        (archive("ppt/presentation.xml"), ".pptx", "save the list as"),
        (archive("Index/Document.iwa"), "Apple Numbers", "export it"),
        (archive("content.xml", mimetype=ODS[:-11] + "text"), "no spreadsheet", "save the list as"),
        (archive("content.xml", mimetype=ODS + "-template"), "no spreadsheet", "save the list as"),
        (archive("encrypted-package", mimetype=ODS), "with a password", "without a password"),
        (archive("list.csv"), "a zip archive", "unpack it"),
        (archive("list.csv", mimetype=ODS + "x" * 99), "a zip archive", "unpack it"),
        (archive("a", mimetype=ODS, packing=zipfile.ZIP_LZMA), "a zip archive", "unpack it"),
        (archive(), "a zip archive", "unpack it"),
        (archive("xl/workbook.xml")[:-10], "damaged", "save it as .xlsx"),
        # Named, as the archive holds the time: workers must agree on what there is to test.
        pytest.param(archive("xl/workbook.xml")[:40], "damaged", "save it as .xlsx", id="a cut archive"),
        ("<html><body>", "HTML or XML", "save it as .xlsx"),
        ("\n <!DOCTYPE html>", "HTML or XML", "save it as .xlsx"),
        ('<meta http-equiv="x"><table>', "HTML or XML", "save it as .xlsx"),
        ("<contacts>\n <contact>", "HTML or XML", "save it as .xlsx"),
        (codecs.BOM_UTF8 + b'<?xml version="1.0"?>', "HTML or XML", "save it as .xlsx"),
        (codecs.BOM_UTF16_LE + "<html><table>".encode("utf-16-le"), "HTML or XML", "save it as .xlsx"),
        ('[{"phone": "+1"}]', "a JSON array", "one object per line"),
        ('[\n  {"phone": "+1"}\n]', "a JSON array", "one object per line"),
        ("[]", "a JSON array", "one object per line"),
        ("[", "a JSON array", "one object per line"),
        (b"%PDF-1.7\n", "a PDF document", "save the list"),
        (b"\x1f\x8b\x08\0", "a gzip file", "unpack it"),
        (b"BZh91AY&SY", "a bzip2 file", "unpack it"),
        (b"\xfd7zXZ\0\0", "an xz file", "unpack it"),
        (b"\x28\xb5\x2f\xfd\0", "a zstd file", "unpack it"),
        (b"7z\xbc\xaf\x27\x1c\0", "a 7z archive", "unpack it"),
        (b"Rar!\x1a\x07\0", "a RAR archive", "unpack it"),
        (b"{\\rtf1 x}", "an RTF document", "save the list"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image", "save the list"),
        (b"\xff\xd8\xff\xe0", "a JPEG image", "save the list"),
        (b"GIF89a", "a GIF image", "save the list"),
        (b"SQLite format 3\0", "an SQLite database", "export the table"),
        (b"PARE\x15\0", "an encrypted Parquet file", "without encryption"),
        (b"PAR1\x15\x04data", "lacks its end", "copy it again"),
        (bytes(range(256)) * 4, "neither text nor a workbook", "save the list"),
        (b"\0" * 5000, "neither text nor a workbook", "save the list"),
    ],
)
def test_no_list(tmp_path: Path, content: str | bytes, what: str, cure: str) -> None:
    """What is no list is refused with one line that says what it is and what to do."""
    text = problem(tmp_path, content)
    assert text.startswith("this is ")
    assert what in text
    assert cure in text


def test_large_zip_directory(tmp_path: Path) -> None:
    """A zip directory far larger than that of a workbook is refused before it is read."""
    names = archive(*(f"{number:05}" + "x" * 200 for number in range(4500)), "xl/workbook.xml")
    assert "damaged" in problem(tmp_path, names)


def test_lying_zip_directory(tmp_path: Path) -> None:
    """A zip end record whose directory would be 4 GB is refused."""
    content = bytearray(archive("xl/workbook.xml"))
    struct.pack_into("<L", content, len(content) - 10, 0xFFFFFFF0)
    assert "damaged" in problem(tmp_path, bytes(content))


@pytest.mark.parametrize(
    ("start", "end"),
    [(b"PAR1\x15", b"PAR1"), (b"PK\x03\x04" + bytes(26), archive("xl/workbook.xml"))],
    ids=["parquet", "xlsx"],
)
def test_large_binary(tmp_path: Path, start: bytes, end: bytes) -> None:
    """A workbook or Parquet file over 200 MB is refused, with CSV as the way out."""
    path = write(tmp_path, start)
    with path.open("r+b") as file:
        file.seek(limits.BINARY_BYTES)
        file.write(end)
    with opened(path) as source, pytest.raises(ListError, match="larger than 200 MB; save the list as CSV"):
        kinds.kind_of(source)
