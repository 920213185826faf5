"""Reading any list: its source, its kind and options, its headings, and the end that it may have lost."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from campaign.contacts.files import headings, limits
from campaign.contacts.files.reading import Record, open_list
from campaign.contacts.files.source import ReadOptions, opened
from campaign.errors import CampaignError, InputMissingError, ListError, UsageError
from tests.contacts.workbooks.books import ods_parts, ods_row, ods_text, pack, rows, text, xlsx_parts
from tests.e2e.machinery import COMMAND
from tests.support import children

PLAIN = "phone,name\n+12025550143,Ann\n"


def read(path: Path, options: ReadOptions | None = None) -> tuple[str, tuple[str, ...], list[Record]]:
    """The kind of a list, its headings and its rows."""
    with open_list(path, options or ReadOptions()) as file:
        return file.kind, file.headings, list(file.records)


def write(folder: Path, content: str | bytes = PLAIN, name: str = "list.csv") -> Path:
    """A list with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def line_of(kind: type[CampaignError], path: Path, options: ReadOptions | None = None) -> str:
    """The one line that is said about a list which is not read."""
    with pytest.raises(kind) as caught:
        read(path, options)
    assert str(caught.value).isprintable()
    return str(caught.value)


def of_kind(folder: Path, kind: str) -> Path:
    """A small list of one row."""
    path = folder / f"list.{kind}"
    match kind:
        case "csv":
            path.write_text(PLAIN)
        case "jsonl":
            path.write_text('{"phone": "+12025550143"}\n')
        case "xlsx":
            pack(path, xlsx_parts(rows(text("A1", "phone"), text("A2", "+12025550143"))))
        case "ods":
            cells = ods_row(ods_text("phone")) + ods_row(ods_text("+12025550143"))
            pack(path, ods_parts(f'<table:table table:name="Sheet1">{cells}</table:table>'))
        case "parquet":
            import pyarrow as pa
            import pyarrow.parquet

            pa.parquet.write_table(pa.table({"phone": ["+12025550143"]}), path)
    return path


KINDS = ("csv", "jsonl", "xlsx", "ods", "parquet")
CALLED = ("CSV", "JSON Lines", "an .xlsx workbook", "an .ods workbook", "Parquet")
FITTING: dict[str, tuple[ReadOptions, tuple[str, ...], str]] = {
    "--encoding": (ReadOptions(encoding="utf-8"), ("csv", "jsonl"), "tells its encoding itself"),
    "--delimiter": (ReadOptions(delimiter=","), ("csv",), "has no delimiters"),
    "--sheet": (ReadOptions(sheet="Sheet1"), ("xlsx", "ods"), "has no sheets"),
    "--include-hidden": (ReadOptions(include_hidden=True), ("xlsx", "ods"), "has no hidden rows"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("option", FITTING)
def test_an_option_that_does_not_fit_the_kind_is_refused(tmp_path: Path, option: str, kind: str) -> None:
    """An option that would be ignored is a mistake on the command line, and one that fits is taken."""
    options, fits, because = FITTING[option]
    path = of_kind(tmp_path, kind)
    if kind in fits:
        assert read(path, options)[0] == kind
        return
    called = dict(zip(KINDS, CALLED, strict=True))[kind]
    assert line_of(UsageError, path, options) == f"{path} is {called} and {because}; leave out {option}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_name_says_nothing(tmp_path: Path, kind: str) -> None:
    """A list is known by its content: under another name it is read alike."""
    path = of_kind(tmp_path, kind)
    found = read(path)
    assert found == read(path.rename(tmp_path / "list.xls"))
    assert found[2][0][1][0] == "+12025550143"


def test_the_fingerprint_is_that_of_the_bytes(tmp_path: Path) -> None:
    """The fingerprint of a list is the SHA-256 of the very bytes, its mark among them."""
    content = b"\xef\xbb\xbfphone\n+12025550143\n"
    with opened(write(tmp_path, content)) as source:
        assert source.fingerprint == hashlib.sha256(content).hexdigest()
        assert source.size == len(content)


def missing(folder: Path) -> Path:
    """A path without a file."""
    return folder / "nowhere.csv"


def folder_itself(folder: Path) -> Path:
    """A folder."""
    return folder


def pipe(folder: Path) -> Path:
    """A named pipe without a writer."""
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def device(folder: Path) -> Path:
    """A device that never ends."""
    return Path("/dev/zero")


def dangling(folder: Path) -> Path:
    """A link to nothing."""
    (folder / "link").symlink_to(folder / "nowhere")
    return folder / "link"


def below_a_file(folder: Path) -> Path:
    """A path through a file."""
    return write(folder) / "list.csv"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (missing, "no such file; check its path"),
        (folder_itself, "not a regular file; name a file, or pass CSV on standard input with -"),
        (pipe, "not a regular file; name a file, or pass CSV on standard input with -"),
        (device, "not a regular file; name a file, or pass CSV on standard input with -"),
        (dangling, "no such file; check its path"),
        (below_a_file, "Not a directory; check its path and its permissions"),
    ],
)
def test_what_is_no_file_is_a_missing_input(
    tmp_path: Path, place: Callable[[Path], Path], words: str
) -> None:
    """What is no regular file is refused at once, also where reading would wait or never end."""
    path = place(tmp_path)
    assert line_of(InputMissingError, path) == f"contact list {path}: {words}"


def append(path: Path) -> None:
    """Add a row to a list."""
    with path.open("a") as more:
        more.write("+12025550144,Bob\n")


def rewrite(path: Path) -> None:
    """Change a list without changing its size, within the same second."""
    stamp = path.stat().st_mtime_ns
    path.write_text(PLAIN.replace("3", "4"))
    os.utime(path, ns=(stamp, stamp + 1))


def read_while(path: Path, change: Callable[[Path], None]) -> None:
    """Change a list between the reading of its header and of its rows."""
    with open_list(path, ReadOptions()) as file:
        change(path)
        list(file.records)


def rewrite_secretly(path: Path) -> None:
    """Change a list without changing its size or its time."""
    stamp = path.stat().st_mtime_ns
    path.write_text(PLAIN.replace("3", "4"))
    os.utime(path, ns=(stamp, stamp))


@pytest.mark.parametrize("change", [append, rewrite, rewrite_secretly])
def test_a_list_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """Rows of two states of one file are no list."""
    with pytest.raises(ListError, match="it was changed while it was read; run again when it is complete"):
        read_while(write(tmp_path), change)


def test_a_list_that_is_replaced_while_it_is_read_is_the_old_one(tmp_path: Path) -> None:
    """Another file in the place of the list changes nothing: the list is opened once."""
    path = write(tmp_path)
    with open_list(path, ReadOptions()) as file:
        write(tmp_path, "phone\n+1\n", "other.csv").replace(path)
        assert list(file.records) == [(2, ["+12025550143", "Ann"])]


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_who_stops_early_leaves_nothing_behind(tmp_path: Path, kind: str) -> None:
    """A reader that is left in the middle, as when a column is missing, ends its child and closes "
    "its file."""
    before, path = children(), of_kind(tmp_path, kind)

    def stop_early() -> None:
        with open_list(path, ReadOptions()):
            assert children() > before
            raise KeyError

    with pytest.raises(KeyError):
        stop_early()
    assert children() == before


@pytest.mark.parametrize("count", sorted(limits.CUT_OFF_ROWS))
@pytest.mark.parametrize("over", [-1, 0, 1])
def test_exactly_the_rows_of_a_spreadsheet(tmp_path: Path, count: int, over: int) -> None:
    """A list of exactly as many rows as a spreadsheet format holds has probably lost some."""
    path = write(tmp_path, "phone\n" + "\n" * (count + over - 2) + "+12025550143\n")
    if over:
        assert read(path)[2] == [(count + over, ["+12025550143"])]
        return
    assert line_of(ListError, path) == (
        f"{path}: it has exactly {count:,} rows, the most that a spreadsheet format holds, so its end was "
        "probably cut off; export it again in parts, or, if nothing is missing, remove or add one row"
    )


def test_no_spreadsheet_has_cut_off_parquet(tmp_path: Path) -> None:
    """Parquet files come from programs: any number of rows may be all."""
    import pyarrow as pa
    import pyarrow.parquet

    path = tmp_path / "list.parquet"
    pa.parquet.write_table(pa.table({"phone": ["+12025550143"] * 65_535}), path)
    assert len(read(path)[2]) == 65_535


def test_no_spreadsheet_has_cut_off_json_lines(tmp_path: Path) -> None:
    """JSON Lines come from programs: any number of them may be all."""
    row = '{"phone": "+12025550143"}\n'
    path = write(tmp_path, row + "\n" * 65_534 + row)
    assert read(path) == ("jsonl", ("phone",), [(1, ["+12025550143"]), (65_536, ["+12025550143"])])


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ([" phone ", "\ufeffname\u200b", "\u202aid\u202c\xa0"], ("phone", "name", "id")),
        (["phone", "", " ", "\u200b"], ("phone", "", "", "")),
        (["phone", "first name", "first_name"], ("phone", "first name", "first_name")),
        (["phone", "line\nend"], ("phone", "line\nend")),
        (["phone", "2026", "12-34"], ("phone", "2026", "12-34")),
    ],
)
def test_headings(cells: list[str], names: tuple[str, ...]) -> None:
    """Names lose the blanks and marks at their ends, and nothing else; columns without a name keep none."""
    assert headings.check("list", cells) == names


@pytest.mark.parametrize(
    "other",
    ["Phone", "PHONE ", "ｐｈｏｎｅ", "pho\u200bne", "pho\xadne", "\u2066phone\u2069", "phone\xa0"],
    ids=ascii,
)
def test_headings_that_look_alike(other: str) -> None:
    """Two names that people take for the same are refused, and both columns are named."""
    with pytest.raises(ListError, match=r"list: columns B and AA are both named .*; give each its own name"):
        headings.check("list", ["x", "phone", *(f"c{n}" for n in range(24)), other])


def test_alike_with_blanks_between() -> None:
    """How many blanks stand between words makes no other name."""
    with pytest.raises(ListError, match=r"alike \('First  Name'\); give each its own name"):
        headings.check("list", ["First  Name", "first\xa0name"])


@pytest.mark.parametrize("cells", [[], [""], [" ", "\u200b"]])
def test_blank_headings(cells: list[str]) -> None:
    """A first row without any name is refused."""
    with pytest.raises(ListError, match="the first line must name the columns, but it is blank"):
        headings.check("list", cells)


@pytest.mark.parametrize(
    "cell",
    ["+12025550143", "(202) 555-0143", "14155551234.0", "030 123456", "tel:+12025550143", "+12025550143 x5"],
)
def test_data_in_place_of_headings(cell: str) -> None:
    """A number where the names should be means that the header is missing: its row would be lost."""
    with pytest.raises(ListError, match=r"the first line holds data \(B looks like a phone number\); put a"):
        headings.check("list", ["Ann", cell])


PROGRAM = """
import json
from pathlib import Path
from campaign.contacts.files.reading import open_list
from campaign.contacts.files.source import ReadOptions
with open_list(Path("-"), ReadOptions()) as file:
    print(json.dumps([file.source.name, file.kind, list(file.records)]))
"""


@pytest.mark.parametrize("kind", KINDS)
def test_standard_input(tmp_path: Path, kind: str) -> None:
    """A list of any kind may come through a pipe, in pieces."""
    content = of_kind(tmp_path, kind).read_bytes()
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        assert process.stdin is not None
        for at in range(0, len(content), 100):
            process.stdin.write(content[at : at + 100])
            process.stdin.flush()
        said, _ = process.communicate()
    assert process.returncode == 0
    name, found, records = json.loads(said)
    assert (name, found) == ("standard input", kind)
    assert [cells[0] for _, cells in records] == ["+12025550143"]


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("arguments", "content", "code", "words"),
    [
        (["-"], PLAIN, 0, ""),
        (["-"], "", 65, "campaign: standard input: the file is empty; the first line must name the columns"),
        (
            ["-"],
            "phone\n+1\n\0",
            65,
            "campaign: standard input: line 3, column 1 ('phone'): the control char",
        ),
        (
            ["/dev/stdin"],
            PLAIN,
            66,
            "campaign: contact list /dev/stdin: not a regular file; name a file, or ",
        ),
        (
            ["-", "--sheet", "a"],
            PLAIN,
            64,
            "campaign: standard input is CSV and has no sheets; leave out --sheet\n",
        ),
    ],
)
def test_standard_input_of_the_command(arguments: list[str], content: str, code: int, words: str) -> None:
    """`-` is a list like any other for the installed command; trouble with it is one line."""
    ended = subprocess.run(
        [*COMMAND, "validate", *arguments],
        input=content,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.returncode == code, ended.stderr
    assert ended.stderr.startswith(words)
    assert ended.stderr.count("\n") == (1 if code else 0)


@pytest.mark.e2e
def test_a_pipe_with_a_writer_is_refused_too(tmp_path: Path) -> None:
    """A named pipe cannot be read twice, so it is refused, and its writer is not left waiting."""
    path = pipe(tmp_path)
    writer = threading.Thread(target=_write_to_pipe, args=(path,))
    writer.start()
    ended = subprocess.run(
        [*COMMAND, "validate", str(path)], capture_output=True, text=True, timeout=200, check=False
    )
    writer.join(60)
    assert not writer.is_alive()
    assert ended.returncode == 66
    assert "not a regular file" in ended.stderr


def _write_to_pipe(path: Path) -> None:
    try:
        with path.open("w") as file:
            file.write(PLAIN)
    except BrokenPipeError:
        pass
