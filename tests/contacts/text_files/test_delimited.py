"""Delimited text: rows keep their numbers and cells; what could be misread is refused with its place."""

import tracemalloc
from itertools import islice
from pathlib import Path

import pytest

from campaign.contacts.files import delimited
from campaign.contacts.files.source import ReadOptions, opened
from campaign.errors import ListError
from tests.contacts.text_files.reading import problem, read, rows, write


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("phone,name\n+1,a\n+2,b\n", [(1, ["phone", "name"]), (2, ["+1", "a"]), (3, ["+2", "b"])]),
        ("phone,name\r\n+1,a\r\n", [(1, ["phone", "name"]), (2, ["+1", "a"])]),
        ("phone,name\r+1,a\r", [(1, ["phone", "name"]), (2, ["+1", "a"])]),
        (
            "phone,name\r\n+1,a\n+2,b\r+3,c",
            [(1, ["phone", "name"]), (2, ["+1", "a"]), (3, ["+2", "b"]), (4, ["+3", "c"])],
        ),
        ("phone,name", [(1, ["phone", "name"])]),
        ("phone\n+1\n", [(1, ["phone"]), (2, ["+1"])]),
        ("phone,\n+1,\n", [(1, ["phone", ""]), (2, ["+1", ""])]),
        ("phone,name\n,\n", [(1, ["phone", "name"]), (2, ["", ""])]),
        ('phone,name\n+1,"a\nb"\n+2,c\n', [(1, ["phone", "name"]), (2, ["+1", "a\nb"]), (3, ["+2", "c"])]),
        ('phone,name\r\n+1,"a\r\nb"\r\n', [(1, ["phone", "name"]), (2, ["+1", "a\r\nb"])]),
        ('"ph\none",name\n+1,a\n', [(1, ["ph\none", "name"]), (2, ["+1", "a"])]),
        ('phone,name\n+1,"a, ""b"""\n', [(1, ["phone", "name"]), (2, ["+1", 'a, "b"'])]),
        ('phone,name\n+1,5" pipe\n', [(1, ["phone", "name"]), (2, ["+1", '5" pipe'])]),
        ("phone,name\n+1,a\tb\n", [(1, ["phone", "name"]), (2, ["+1", "a\tb"])]),
        ("phone,name\n+1,a\u2028b\u2029c\n", [(1, ["phone", "name"]), (2, ["+1", "a\u2028b\u2029c"])]),
        ("phone,name\n 007 ,NA\n", [(1, ["phone", "name"]), (2, [" 007 ", "NA"])]),
    ],
    ids=[
        "plain", "windows", "old mac", "mixed line ends", "header only", "one column", "trailing comma",
        "separators only", "line end in quotes", "windows line end in quotes", "line end in header",
        "doubled quotes", "lone quote", "tab", "U+2028", "blanks kept",
    ],
)  # fmt: skip
def test_records(tmp_path: Path, content: str, expected: list[tuple[int, list[str]]]) -> None:
    """Each record comes with the row number that a spreadsheet shows, and with its cells as they are."""
    assert rows(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("content", "numbers", "notes"),
    [
        ("phone,name\n\n+1,a\n  \n\n+2,b\n\n", [1, 3, 6], ["4 blank lines are skipped"]),
        ("phone,name\r\n\r\n+1,a\r\n", [1, 3], ["1 blank line is skipped"]),
        ("phone,name\r\r+1,a\r", [1, 3], ["1 blank line is skipped"]),
        ("\n\nphone,name\n+1,a\n", [3, 4], ["2 blank lines are skipped"]),
        ("phone\n\n+1\n", [1, 3], ["1 blank line is skipped"]),
        ('phone\n" "\n+1\n', [1, 2, 3], []),
        ('phone\n""\n+1\n', [1, 2, 3], []),
        ("phone,name\n+1,a\n", [1, 2], []),
    ],
)
def test_blank_lines(tmp_path: Path, content: str, numbers: list[int], notes: list[str]) -> None:
    """Blank lines are skipped and noted, and still count as rows."""
    records, source = read(tmp_path, content)
    assert [number for number, _ in records] == numbers
    assert source.notes == notes


@pytest.mark.parametrize("content", ["\n", "\n \n\r\n", b"\xef\xbb\xbf", "\x1a", "sep=;\n"])
def test_nothing_but_blank_lines(tmp_path: Path, content: str | bytes) -> None:
    """A list without any filled line is refused."""
    assert problem(tmp_path, content) == "there are only blank lines; the first line must name the columns"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "phone,name,note,id\n+1,a,b\n",
            "line 2 has 3 cells, but the header has 4 (after column 3 ('note')); "
            "a cell or a separator is missing",
        ),
        (
            "phone,name\n+1,a\n+1\n",
            "line 3 has 1 cell, but the header has 2 (after column 1 ('phone')); "
            "a cell or a separator is missing",
        ),
        (
            "phone,name\n+1,Smith, Ann\n",
            "line 2 has 3 cells, but the header has 2 (after column 2 ('name')); "
            "put cells that contain a comma in quotes",
        ),
        (
            "phone;name\n+1;a;b\n",
            "line 2 has 3 cells, but the header has 2 (after column 2 ('name')); "
            "put cells that contain a semicolon in quotes",
        ),
        (
            "phone,name\n+1,a,\n+2,b,\n",
            "line 2 has 3 cells, but the header has 2 (after column 2 ('name')); "
            "remove the separators at its end, or name these columns in the header",
        ),
        (
            'phone,name\n\n+1,"a\r\nb\rc"\n+2\n',
            "line 6 has 1 cell, but the header has 2 (after column 1 ('phone')); "
            "a cell or a separator is missing",
        ),
        (
            'sep=,\nphone,name\n+1,"a\n\nb"\n+2\n',
            "line 6 has 1 cell, but the header has 2 (after column 1 ('phone')); "
            "a cell or a separator is missing",
        ),
        (
            f'{"n" * 60},"a\nb"\n+1\n',
            f"line 3 has 1 cell, but the header has 2 (after column 1 ('{'n' * 40}…')); "
            "a cell or a separator is missing",
        ),
    ],
)
def test_width(tmp_path: Path, content: str, said: str) -> None:
    """Every record has the width of the header; the error names the physical line and the likely cause."""
    assert problem(tmp_path, content) == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('phone,name\n+1,a\n+2,"b\n+3,\n', "line 3, column 2 ('name'): a quote opens this cell and is never"),
        ('phone,name\n"+1,a\n"+2","b"\n', "line 2, column 1 ('phone'): text after a closing quote"),
        ('phone,name\n+1,"5" pipe"\n', "line 2, column 2 ('name'): text after a closing quote"),
        ('phone,name\n"a\n\nb",x\n+1,"c\nd"e\n', "line 5, column 2 ('name'): text after a closing quote"),
        ('sep=;\nphone;name\n+1;"a\n', "line 3, column 2 ('name'): a quote opens this cell and is never"),
        ('phone,"name\n+1,a\n', "line 1, column 2: a quote opens this cell and is never"),
        ('a,b\n+1,x,"y\n', "line 2, column 3: a quote opens this cell and is never"),
        ('phone,name\n"a""b",\n"+1""\n', "line 3, column 1 ('phone'): a quote opens this cell and is never"),
        (
            'phone,name\n+1,"a\n' + "+2,b\n" * 60_000,
            "line 2, column 2 ('name'): this cell is longer than 200,000 characters; close its quote",
        ),
        (
            'phone,name\n+1,"a\n' + "+2,b\n" * 1_000_000,
            "line 2, column 2 ('name'): this cell is longer than 200,000 characters; close its quote",
        ),
    ],
)  # fmt: skip
def test_quotes(tmp_path: Path, content: str, said: str) -> None:
    """A quote that is not closed, or closed too early, is refused at the line where its record starts."""
    assert problem(tmp_path, content).startswith(said)


@pytest.mark.parametrize(
    "character",
    [0x00, 0x01, 0x07, 0x08, 0x0B, 0x0C, 0x0E, 0x1A, 0x1B, 0x1F, 0x7F, 0x80, 0x85, 0x9F, 0xFFFE, 0xFFFF],
)
def test_characters(tmp_path: Path, character: int) -> None:
    """Control and non-characters are refused with line, column and number, in quotes and outside."""
    kind = "character" if character > 0xFF else "control character"
    said = f"the {kind} U+{character:04X} does not belong in a list; remove it"
    bad = chr(character)
    assert problem(tmp_path, f"phone,name\n+1,a\n+1,a{bad}b\n") == f"line 3, column 2 ('name'): {said}"
    assert problem(tmp_path, f'phone,name\n+1,"a\nb{bad}"\n') == f"line 3, column 2 ('name'): {said}"
    assert problem(tmp_path, f"phone,na{bad}me\n+1,a\n") == f"line 1, column 2: {said}"
    assert problem(tmp_path, f"sep=;\nphone;name\n+{bad}1;a\n") == f"line 3, column 1 ('phone'): {said}"


@pytest.mark.parametrize("character", ["\t", " ", "~", "\xa0", "\u200b", "\ufeff", "\ue000", "\ufffd", "😀"])
def test_other_characters(tmp_path: Path, character: str) -> None:
    """Characters that only look unusual stay in their cells."""
    assert rows(tmp_path, f"phone,name\n+1,a{character}b\n")[1] == (2, ["+1", f"a{character}b"])


def test_lone_surrogate(tmp_path: Path) -> None:
    """Half a surrogate pair is refused, whether the encoding lets it through or not."""
    assert "is not utf-16-le text" in problem(tmp_path, b"\xff\xfe" + b"a\0\n\0" + b"\x00\xd8" + b"\n\0")
    assert "character U+D800 does not belong" in problem(tmp_path, "a\n+2AA-\n", encoding="utf-7")


def test_bad_character_far_down(tmp_path: Path) -> None:
    """A control character far down is placed rightly, line ends in cells counted."""
    content = "phone,name\n" + '+12025550123,"Ann\nLee"\n' * 40_000 + "+1,b\x07\n" + "+2,c\n" * 9
    assert problem(tmp_path, content).startswith(
        "line 80002, column 2 ('name'): the control character U+0007"
    )


def test_rows_before_the_fault(tmp_path: Path) -> None:
    """What is wrong far down stops the reading there, after the rows before it were given."""
    path = write(tmp_path, "phone,name\n" + "+1,a\n" * 50_000 + "+2\n")
    with opened(path) as source:
        records = delimited.records(source, ReadOptions())
        assert sum(1 for _ in islice(records, 50_001)) == 50_001
        with pytest.raises(ListError, match="line 50002 has 1 cell"):
            next(records)


def test_the_end_of_a_block(tmp_path: Path) -> None:
    """Line ends and characters that fall on the border of two blocks are read as elsewhere."""
    for end in ("\n", "\r\n", "\r"):
        for shift in range(13):
            content = f"{'h' * (1 + shift)}{end}" + f"Zoë日😀{end}" * 6_000
            records, source = read(tmp_path, content)
            assert [number for number, _ in records] == list(range(1, 6_002))
            assert all(cells == ["Zoë日😀"] for _, cells in records[1:])
            assert source.notes == []


def test_cell_limit(tmp_path: Path) -> None:
    """A cell may have 200,000 characters; one more is refused at its place, quoted or not."""
    longest = "x" * 200_000
    assert rows(tmp_path, f'a,b\n{longest},"{longest[:-1]}"""\n')[1] == (2, [longest, longest[:-1] + '"'])
    assert problem(tmp_path, f"a,b\n1,{'x' * 250_000}\n") == (
        "line 2, column 2 ('b'): this cell is longer than 200,000 characters; shorten it"
    )
    assert problem(tmp_path, f'a,b\n1,"{longest}y"\n').startswith(
        "line 2, column 2 ('b'): this cell is longer"
    )
    assert problem(tmp_path, f'a,b\n1,{longest}""\n').startswith(
        "line 2, column 2 ('b'): this cell is longer"
    )
    assert problem(tmp_path, f"{longest}y,b\n").startswith("line 1, column 1: this cell is longer")


def test_column_limit(tmp_path: Path) -> None:
    """A list may have 500 columns, and not 501."""
    assert len(rows(tmp_path, ",".join(f"c{n}" for n in range(500)))[0][1]) == 500
    assert problem(tmp_path, ",".join("c" * 600)).startswith("line 1 names 600 columns; at most 500")
    assert problem(tmp_path, ",".join("c" * 501)).startswith("line 1 names 501 columns; at most 500")


def test_row_limit(tmp_path: Path) -> None:
    """A list may have 5,000,000 rows under its header, blank ones counted, and not one more."""
    assert len(rows(tmp_path, "a\n" + "\n" * 4_999_999 + "b")) == 2
    assert problem(tmp_path, "a\n" + "\n" * 5_000_000 + "b\n").startswith("more than 5,000,000 rows")


def test_endless_record(tmp_path: Path) -> None:
    """A record whose quotes take in line after line is refused before it fills the memory."""
    content = "a,b\n" + '"\n",' * 2_000_000
    path = write(tmp_path, content)
    del content
    tracemalloc.start()
    try:
        with (
            opened(path) as source,
            pytest.raises(ListError, match=r"line 2: .*1,000,000 characters"),
        ):
            list(delimited.records(source, ReadOptions()))
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def test_memory_stays_flat(tmp_path: Path) -> None:
    """However long a list is, its reading takes a few megabytes."""
    path = write(tmp_path, "phone,name\n" + "+12025550123,Name Surname\n" * 100_000)
    with opened(path) as source:
        tracemalloc.start()
        try:
            assert sum(1 for _ in delimited.records(source, ReadOptions())) == 100_001
            assert tracemalloc.get_traced_memory()[1] < 3_000_000
        finally:
            tracemalloc.stop()
