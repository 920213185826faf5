"""Encodings: marked, UTF-8, or named by the operator; never guessed."""

import codecs
from pathlib import Path

import pytest

from campaign.errors import UsageError
from tests.contacts.text_files.reading import problem, rows

LIST = "phone,name\n+12025550123,Zoë 日本 😀\n"
CELLS = [(1, ["phone", "name"]), (2, ["+12025550123", "Zoë 日本 😀"])]


@pytest.mark.parametrize(
    "content",
    [
        LIST.encode(),
        codecs.BOM_UTF8 + LIST.encode(),
        codecs.BOM_UTF8 * 2 + LIST.encode(),
        codecs.BOM_UTF16_LE + LIST.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + LIST.encode("utf-16-be"),
    ],
    ids=["utf-8", "utf-8 marked", "utf-8 marked twice", "utf-16-le", "utf-16-be"],
)
def test_what_the_file_says(tmp_path: Path, content: bytes) -> None:
    """A byte order mark decides the encoding and is no part of the first header; without one it is UTF-8."""
    assert rows(tmp_path, content) == CELLS


def test_marked_and_quoted_header(tmp_path: Path) -> None:
    """A quoted header after a byte order mark is quoted."""
    content = codecs.BOM_UTF8 + b'"phone","a,b"\r\n"+1","x"\r\n'
    assert rows(tmp_path, content) == [(1, ["phone", "a,b"]), (2, ["+1", "x"])]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (LIST.encode(), "utf8"),
        (LIST.encode(), "UTF-8-SIG"),
        (codecs.BOM_UTF8 + LIST.encode(), "utf-8"),
        (codecs.BOM_UTF8 + LIST.encode(), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + LIST.encode("utf-16-le"), "utf-16"),
        (codecs.BOM_UTF16_BE + LIST.encode("utf-16-be"), "utf_16_be"),
        (LIST.encode("utf-16-le"), "utf-16-le"),
        (LIST.encode("utf-16-be"), "utf-16-be"),
        (LIST.encode("gb18030"), "gb18030"),
        (LIST.encode("utf-7"), "utf-7"),
    ],
)
def test_what_the_operator_says(tmp_path: Path, content: bytes, encoding: str) -> None:
    """A list is decoded as --encoding says, with or without a mark that agrees."""
    assert rows(tmp_path, content, encoding=encoding) == CELLS


def test_cp1252(tmp_path: Path) -> None:
    """Text in cp1252 is refused with the place and the option that reads it, and is read with that option."""
    content = "phone,name\r\n+1,Bo\r\n+2,Zoë\r\n".encode("cp1252")
    assert problem(tmp_path, content) == (
        "line 3, character 6: byte 0xEB is not utf-8 text; save the list as CSV (UTF-8), "
        "or name its encoding, for example --encoding cp1252"
    )
    assert rows(tmp_path, content, encoding="cp1252")[2] == (3, ["+2", "Zoë"])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", [0, 30_000])
def test_place_of_a_bad_byte(tmp_path: Path, end: str, before: int) -> None:
    """The line and character of bytes that cannot be decoded are right wherever they stand in the file."""
    content = f"name{end}".encode() + f"Zoë{end}".encode() * before + b"Zo\xff"
    assert problem(tmp_path, content).startswith(
        f"line {before + 2}, character 3: byte 0xFF is not utf-8 text;"
    )


def test_cut_off_character(tmp_path: Path) -> None:
    """A character that the end of the file cuts in two is refused."""
    assert "line 2, character 1: byte 0xC3 is not utf-8" in problem(tmp_path, b"name\n\xc3")
    assert "is not utf-16-le text" in problem(tmp_path, codecs.BOM_UTF16_LE + b"n\0a")


def test_operator_named_the_wrong_one(tmp_path: Path) -> None:
    """Bytes that the named encoding does not have are refused; another encoding is asked for."""
    text = problem(tmp_path, b"name\nZo\x81", encoding="cp1252")
    assert text == (
        "line 2, character 3: byte 0x81 is not cp1252 text; save the list as CSV (UTF-8), "
        "or pass another --encoding"
    )


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_unmarked_utf16(tmp_path: Path, codec: str) -> None:
    """UTF-16 without a mark is recognised, and the option that reads it is named."""
    assert problem(tmp_path, LIST.encode(codec)).endswith(f"or pass --encoding {codec}")


@pytest.mark.parametrize("named", ["utf-16", "utf-32"])
def test_order_is_not_guessed(tmp_path: Path, named: str) -> None:
    """UTF-16 without mark and without byte order is refused, since either order would give some text."""
    assert problem(tmp_path, LIST.encode("utf-16-le"), encoding=named).endswith(f"{named}-le or {named}-be")


@pytest.mark.parametrize("codec", ["utf-32-le", "utf-32-be"])
def test_utf32(tmp_path: Path, codec: str) -> None:
    """UTF-32 is refused, and not taken for UTF-16."""
    content = ("\ufeff" + LIST).encode(codec)
    assert problem(tmp_path, content) == "this is UTF-32 text; save it as CSV (UTF-8)"


@pytest.mark.parametrize(
    ("mark", "codec", "named"),
    [
        (codecs.BOM_UTF8, "utf-8", "cp1252"),
        (codecs.BOM_UTF8, "utf-8", "utf-16-le"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-be"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-8"),
    ],
)
def test_contradiction(tmp_path: Path, mark: bytes, codec: str, named: str) -> None:
    """A mark that contradicts --encoding is refused."""
    assert problem(tmp_path, mark + LIST.encode(codec), encoding=named) == (
        f"the byte order mark says {codec}, but --encoding says {named}; leave --encoding out"
    )


@pytest.mark.parametrize(
    "name",
    [
        "",
        "hex",
        "zlib",
        "base64",
        "rot13",
        "idna",
        "punycode",
        "undefined",
        "unicode_escape",
        "nonsense",
        "a\0b",
        "é",
    ],
)
def test_no_text_encoding(tmp_path: Path, name: str) -> None:
    """A name that is no text encoding is a mistake on the command line."""
    assert "--encoding" in problem(tmp_path, LIST, expected=UsageError, encoding=name)


def test_dos_end_of_file(tmp_path: Path) -> None:
    """The end-of-file character of DOS is ignored at the very end, and refused elsewhere."""
    assert rows(tmp_path, "phone,name\n+1,a\n\x1a") == [(1, ["phone", "name"]), (2, ["+1", "a"])]
    assert rows(tmp_path, "phone,name\n+1,a\x1a") == [(1, ["phone", "name"]), (2, ["+1", "a"])]
    assert "U+001A" in problem(tmp_path, "phone,name\n+1,a\x1a\n")
    assert "U+001A" in problem(tmp_path, "phone,name\n+1,a\x1a\x1a")


def test_line_without_end(tmp_path: Path) -> None:
    """A line may have 1,000,000 characters, and not one more."""
    assert "column 1" in problem(tmp_path, "name\n" + "x" * 1_000_000 + "\nb\n")
    assert problem(tmp_path, "name\na\n" + "x" * 1_000_001 + "\nb\n").startswith(
        "line 3 is longer than 1,000,000 characters"
    )
    assert problem(tmp_path, "x" * 3_000_000).startswith("line 1 is longer than 1,000,000 characters")
