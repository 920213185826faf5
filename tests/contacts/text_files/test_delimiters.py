"""Delimiters: stated by the file, by the operator, or plain to see; otherwise asked for."""

from pathlib import Path

import pytest

from campaign.errors import UsageError
from tests.contacts.text_files.reading import problem, read


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "template",
    ["a{0}b\n1{0}2\n", "a{0}b", '"a"{0}"b"\n1{0}2\n', '\n"x,;|\ty"{0}b\n1{0}2\n', '"x ""{0}"""{0}b\n1{0}2\n'],
)
def test_only_one_in_the_header(tmp_path: Path, delimiter: str, template: str) -> None:
    """The only candidate that the header has outside quotes separates the cells."""
    records, source = read(tmp_path, template.format(delimiter))
    assert source.delimiter == delimiter
    assert all(len(cells) == 2 for _, cells in records)


@pytest.mark.parametrize("content", ["phone\n+1\n", '"a,b;c"\n+1\n', "phone\n+1;2|3\n", "first name\nAnn\n"])
def test_one_column(tmp_path: Path, content: str) -> None:
    """Where the header has no candidate there is one column, and results are written with a comma."""
    records, source = read(tmp_path, content)
    assert source.delimiter == ","
    assert all(len(cells) == 1 for _, cells in records)


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("phone;name, first\n+1;Ann\n", ";"),
        ("phone,size|weight\n+1,3\n", ","),
        ('phone;a,b\n+1;"x;y"\n', ";"),
        ('phone;a,b\n+1;"x\ny"\n\n+2;z\n', ";"),
        ('phone\ta,b\n"+1"\t"x, y"\n', "\t"),
        ("a,b|c\n" + "1,2|3\n" * 198 + "1,2\n", ","),
    ],
)
def test_unanimous(tmp_path: Path, content: str, delimiter: str) -> None:
    """Of several candidates in the header, the one that gives every first record the same width is taken."""
    assert read(tmp_path, content)[1].delimiter == delimiter


@pytest.mark.parametrize(
    "content",
    [
        "a,b;c\n",
        "a,b;c\n1,2;3\n",
        "a,b;c\n1,2\n3;4\n",
        "a,b;c\n" + "1,2;3\n" * 199 + "1,2\n",
        'a,b;c\n"1\n' + '2,"\n",' * 2_000_000,
    ],
    ids=["header only", "both fit", "none fits", "after the sample", "endless record"],
)
def test_ambiguous(tmp_path: Path, content: str) -> None:
    """Where several candidates fit, or none, the operator is asked."""
    assert problem(tmp_path, content) == (
        "a comma or a semicolon may separate the cells, and the first rows do not decide it; "
        "say which with --delimiter"
    )


@pytest.mark.parametrize(
    ("option", "delimiter"),
    [(",", ","), (";", ";"), ("tab", "\t"), ("\\t", "\t"), ("\t", "\t"), ("^", "^"), (":", ":")],
)
def test_option(tmp_path: Path, option: str, delimiter: str) -> None:
    """The operator's delimiter is taken, and what looks like one besides belongs to the cells."""
    records, source = read(tmp_path, f"x|y{delimiter}b\n1|2{delimiter}3\n", delimiter=option)
    assert source.delimiter == delimiter
    assert records == [(1, ["x|y", "b"]), (2, ["1|2", "3"])]


@pytest.mark.parametrize(
    "option", ["", ",,", "comma", '"', "\n", "\r", "\0", "a", "7", "+", "\ud800", "TAB;"]
)
def test_no_delimiter(tmp_path: Path, option: str) -> None:
    """What cannot separate cells is a mistake on the command line."""
    assert "--delimiter" in problem(tmp_path, "a,b\n", expected=UsageError, delimiter=option)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^"])
@pytest.mark.parametrize("line", ["sep={}", '"sep={}"', "SEP={}", "\ufeffsep={}", '\ufeff"sep={}"'])
def test_sep_line(tmp_path: Path, line: str, delimiter: str, end: str) -> None:
    """A first line `sep=` states the delimiter, and is not counted as a row."""
    content = f"{line.format(delimiter)}{end}x,y;z{delimiter}b{end}{end}1{delimiter}2{end}"
    if delimiter in ",;":
        content = content.replace("x,y;z", "x")
    records, source = read(tmp_path, content)
    assert source.delimiter == delimiter
    assert [number for number, _ in records] == [1, 3]
    assert records[1][1] == ["1", "2"]


@pytest.mark.parametrize("line", ["sep=", "sep=ab", "sep=;;", "sep=a", "sep=\x07", 'sep="'])
def test_broken_sep_line(tmp_path: Path, line: str) -> None:
    """A `sep=` line that names no delimiter is refused."""
    assert problem(tmp_path, f"{line}\na;b\n").startswith(
        "line 1: sep= must be followed by the one character"
    )


def test_sep_line_and_option(tmp_path: Path) -> None:
    """A `sep=` line and --delimiter may agree, and must not contradict each other."""
    assert read(tmp_path, "sep=;\na;b\n", delimiter=";")[0] == [(1, ["a", "b"])]
    assert problem(tmp_path, "sep=;\na;b\n", delimiter="tab") == (
        "line 1 says that a semicolon separates the cells, but --delimiter says a tab; "
        "leave --delimiter out, or remove line 1"
    )
    assert "leave --delimiter out" in problem(tmp_path, "sep=;\na;b\n", delimiter=",")


def test_sep_later_is_a_cell(tmp_path: Path) -> None:
    """Only the first line can state the delimiter."""
    assert read(tmp_path, "a\nsep=;\n")[0] == [(1, ["a"]), (2, ["sep=;"])]
