"""CSV lists: every cell is text, every row keeps its number, every broken file says where it is broken."""

import hashlib
from pathlib import Path

import pytest

from campaign.contacts import files
from campaign.contacts.files import ListFile
from campaign.errors import InputMissingError, ListError


def read(folder: Path, content: str | bytes) -> ListFile:
    """Write a list as it stands here, and read it."""
    path = folder / "list.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return files.read(path)


def problem(folder: Path, content: str | bytes) -> str:
    """What is said about a list that cannot be used, without its folder."""
    with pytest.raises(ListError) as caught:
        read(folder, content)
    text = str(caught.value)
    assert text.startswith(f"{folder / 'list.csv'}: ")
    assert "\n" not in text
    return text.removeprefix(f"{folder / 'list.csv'}: ")


@pytest.mark.parametrize(
    "cell",
    [
        "007", "+15739693824", "015739693824", "NA", "N/A", "nan", "null", "None", "#N/A", "-", "TRUE", "1e5",
        "15739693824.0", "1.50", "  padded  ", "2026-01-02", "Zoë", "日本", "=1+1", "123456789012345678901",
    ],
)  # fmt: skip
def test_cells_stay_text(tmp_path: Path, cell: str) -> None:
    """A cell is the text that the file has: no number, no date, no missing value is made of it."""
    assert read(tmp_path, f"phone,name\n{cell},x\n+1,{cell}\n").rows[0].cells == (cell, "x")
    assert read(tmp_path, f"phone,name\n{cell},x\n+1,{cell}\n").rows[1].cells == ("+1", cell)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("phone,name\n+1,a\n+2,b\n", [(2, ("+1", "a")), (3, ("+2", "b"))]),
        ("phone,name\n\n+1,a\n,\n  ,\t\n+2,b\n\n", [(3, ("+1", "a")), (6, ("+2", "b"))]),
        ("phone\n\n+1\n\n\n+2", [(3, ("+1",)), (6, ("+2",))]),
        ("phone,name\r\n+1,a\r\n\r\n+2,b\r\n", [(2, ("+1", "a")), (4, ("+2", "b"))]),
        ('phone,name\n+1,"a\nb"\n+2,c\n', [(2, ("+1", "a\nb")), (3, ("+2", "c"))]),
        ('phone,name\n+1,"a, ""b"""\n', [(2, ("+1", 'a, "b"'))]),
        ("phone,name,note\n+1\n+2,b\n", [(2, ("+1", "", "")), (3, ("+2", "b", ""))]),
        ("phone,\n+1,a\n", [(2, ("+1", "a"))]),
    ],
)
def test_rows_keep_their_numbers(
    tmp_path: Path, content: str, rows: list[tuple[int, tuple[str, ...]]]
) -> None:
    """A row is numbered as a spreadsheet shows it, blank lines and quoted line ends counted."""
    assert [(row.number, row.cells) for row in read(tmp_path, content).rows] == rows


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_byte_order_mark(tmp_path: Path, mark: bytes) -> None:
    """A byte order mark is no part of the first header."""
    assert read(tmp_path, mark + b"phone,name\n+1,a\n").headers == ("phone", "name")


def test_headers_are_stripped(tmp_path: Path) -> None:
    """Blanks around a header are no part of its name."""
    assert read(tmp_path, ' phone ,"name "\n+1,a\n').headers == ("phone", "name")


def test_fingerprint(tmp_path: Path) -> None:
    """The fingerprint is the SHA-256 of the bytes."""
    content = b"\xef\xbb\xbfphone\n+1\n"
    assert read(tmp_path, content).fingerprint == hashlib.sha256(content).hexdigest()


def test_longer_than_a_chunk(tmp_path: Path) -> None:
    """A list of more rows than are read at once has every row, each under its own number."""
    count = files.CHUNK_ROWS + 3
    rows = read(tmp_path, "phone\n" + "".join(f"+{n}\n" for n in range(2, count + 2))).rows
    assert len(rows) == count
    assert all(row.cells == (f"+{row.number}",) for row in rows)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"\n", "the first line must name the columns"),
        (b",,\n+1,a,b\n", "the first line must name the columns, but it is blank"),
        (b"phone,name", "there is a header, but no row below it"),
        (b"phone,name\n\n , \n,\n", "there is a header, but no row below it"),
        (b"phone,name,phone\n+1,a,+2\n", "two columns are named 'phone'; give each its own name"),
        (b"phone,name,Phone \n+1,a,+2\n", "two columns are named 'Phone'"),
        (b"phone,name\n+1,a\n+2,b,c\n", "line 3 has 3 cells, but the header has 2"),
        (b"phone,name\n+1,Doe, Ann,x\n", "line 2 has 4 cells, but the header has 2"),
        (b'phone,name\n+1,"a\nb"\n+2,b,c\n', "line 4 has 3 cells, but the header has 2"),
        (b'phone,name\n+1,a\n+2,"b\n+3,c\n', "line 3 has a quote that is never closed"),
        ("phone,name\n+1,a\n+2,Jörg\n".encode("latin-1"), "not UTF-8 text (near line 3)"),
        ("phone,name\n+1,a\n".encode("utf-16"), "neither UTF-8 text nor an .xlsx workbook"),
    ],
)
def test_unusable(tmp_path: Path, content: bytes, words: str) -> None:
    """A list that cannot be used is refused as a whole, in one line that says where and what."""
    assert words in problem(tmp_path, content)


def test_quote_that_the_next_quote_seems_to_close(tmp_path: Path) -> None:
    """A quote that was never closed swallows no rows, even when a later line has a quote too."""
    content = 'phone,name\n+1,"Ann\n+2,Bob\n+3,"Cy\n'
    assert "line 2 has a quote that is never closed" in problem(tmp_path, content)


@pytest.mark.parametrize("rows", [5_000, files.CHUNK_ROWS + 5_000])
@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"+1,a,b\n", "line {} has 3 cells"),
        (b'+1,"a\n', "line {} has a quote"),
        (b"+1,\xf6\n", "(near line {})"),
    ],
)
def test_problem_far_down(tmp_path: Path, rows: int, line: bytes, words: str) -> None:
    """The line is named also when it is far down a long list."""
    content = b"phone,name\n" + b"+1,abc\n" * rows + line + b"+1,abc\n" * 10
    assert words.format(rows + 2) in problem(tmp_path, content)


def test_empty_headers(tmp_path: Path) -> None:
    """Several columns without a name are not duplicates of each other."""
    assert read(tmp_path, "phone,,\n+1,a,b\n").headers == ("phone", "", "")


def test_missing_file(tmp_path: Path) -> None:
    """A list that is not there is a missing input, and is named."""
    with pytest.raises(InputMissingError, match=r"contact list .*nowhere\.csv: no such file"):
        files.read(tmp_path / "nowhere.csv")


def test_folder(tmp_path: Path) -> None:
    """A folder is not a list."""
    with pytest.raises(InputMissingError, match="this is not a file"):
        files.read(tmp_path)
