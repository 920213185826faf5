"""Result files: the operator's list comes back whole in each format, as the old or the new complete file."""

import csv
import gc
import json
import os
import resource
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet
import pytest

from campaign.errors import OutputError
from campaign.models import RESULT_COLUMNS, ResultRow, RowStatus
from campaign.results import files
from campaign.results.workbook import CELL_LIMIT as LIMIT

FORMATS = (".csv", ".xlsx", ".jsonl", ".parquet")


def result(*cells: str, number: int = 2, **facts: Any) -> ResultRow:
    """A completed row with these cells."""
    return ResultRow(
        row_number=number, cells=cells, status=RowStatus.COMPLETED, reason="", attempts=1, **facts
    )


def read_back(path: Path) -> list[dict[str, Any]]:
    """The rows of a result file by column, with an empty cell as an empty text."""
    match path.suffix.lower():
        case ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                return [dict(row) for row in csv.DictReader(file, strict=True)]
        case ".xlsx":
            book = openpyxl.load_workbook(path)
            header, *lines = book.active.iter_rows(values_only=True)
            book.close()
            return [dict(zip(header, [cell or "" for cell in line], strict=True)) for line in lines]
        case ".parquet":
            with path.open("rb") as file:
                rows = pyarrow.parquet.read_table(file).to_pylist()
            return [{column: cell or "" for column, cell in row.items()} for row in rows]
        case _:
            rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            return [{column: cell or "" for column, cell in row.items()} for row in rows]


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """No file can grow beyond this size in the meantime."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("suffix", [*FORMATS, ".CSV", ".Xlsx"])
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    """Rows come back in order, with every cell and its exact text, and our columns behind them."""
    path = tmp_path / f"out{suffix}"
    texts = [
        "+15739693824",
        "007",
        "NA",
        'a, "b"\nc',
        "Zoë 日本 😀",
        " x ",
        "",
        "1e5",
        "http://x",
        "2026-01-02",
    ]
    rows = [result(text, f"n{n}", number=n, call_id=f"call_{n}") for n, text in enumerate(texts, start=2)]
    assert files.write(path, ["phone", "name"], iter(rows)) == len(texts)
    content = read_back(path)
    assert [row["phone"] for row in content] == texts
    assert [row["call_id"] for row in content] == [f"call_{n}" for n in range(2, len(texts) + 2)]
    assert all(list(row) == ["phone", "name", *RESULT_COLUMNS] for row in content)


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_rows(tmp_path: Path, suffix: str) -> None:
    """A result without rows is a complete file too."""
    path = tmp_path / f"out{suffix}"
    assert files.write(path, ["phone"], []) == 0
    assert read_back(path) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_formula(tmp_path: Path, suffix: str) -> None:
    """A text that looks like a formula is a text in every format; an E.164 number beside it stays intact."""
    path = tmp_path / f"out{suffix}"
    files.write(path, ["=head()", "phone"], [result("=1+1", "+15739693824", summary="@SUM(A1)")])
    mark = "'" if suffix == ".csv" else ""
    [row] = read_back(path)
    assert row[f"{mark}=head()"] == f"{mark}=1+1"
    assert row["phone"] == "+15739693824"
    assert row["call_summary"] == f"{mark}@SUM(A1)"


def test_workbook_cell_types(tmp_path: Path) -> None:
    """In a workbook texts are texts, however they look, and our numbers are numbers."""
    path = tmp_path / "out.xlsx"
    files.write(path, ["a", "b", "c"], [result("=1+1", "007", "http://x", duration_seconds=12.5)])
    book = openpyxl.load_workbook(path)
    header, cells = book.active.iter_rows()
    types = dict(zip([cell.value for cell in header], [cell.data_type for cell in cells], strict=True))
    book.close()
    assert (types["a"], types["b"], types["c"]) == ("s", "s", "s")
    assert (types["call_duration_seconds"], types["call_attempts"]) == ("n", "n")


@pytest.mark.parametrize("character", ["x", "é", "😀"])
def test_long_transcript(tmp_path: Path, character: str) -> None:
    """A transcript that is too long for a spreadsheet cell is cut there with words, and whole elsewhere."""
    text = character * (LIMIT + 1)
    paths = {suffix: tmp_path / f"out{suffix}" for suffix in FORMATS}
    for path in paths.values():
        files.write(path, ["note"], [result(text, transcript=text)])
    [cut] = read_back(paths[".xlsx"])
    for column in ("note", "call_transcript"):
        assert cut[column].startswith(character)
        assert cut[column].endswith("the whole text is in .csv and .jsonl results]")
        assert len(cut[column].encode("utf-16-le")) // 2 <= LIMIT
    for suffix in (".csv", ".jsonl", ".parquet"):
        [whole] = read_back(paths[suffix])
        assert (whole["note"], whole["call_transcript"]) == (text, text)


def test_transcript_that_just_fits(tmp_path: Path) -> None:
    """A transcript of exactly the length of a spreadsheet cell is not cut."""
    path = tmp_path / "out.xlsx"
    files.write(path, ["note"], [result("x", transcript="y" * LIMIT)])
    assert read_back(path)[0]["call_transcript"] == "y" * LIMIT


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_mode(tmp_path: Path, suffix: str, umask: int) -> None:
    """A result is readable by its owner only, whatever the umask and the old file's mode."""
    path = tmp_path / f"out{suffix}"
    path.touch(mode=0o644)
    before = os.umask(umask)
    try:
        files.write(path, ["phone"], [result("x")])
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def failing(error: BaseException) -> Iterator[ResultRow]:
    """Two rows, and then trouble."""
    yield result("new")
    yield result("new")
    raise error


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("error", [KeyError("bug"), KeyboardInterrupt(), OutputError("full")])
def test_trouble_midway(
    tmp_path: Path, suffix: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the rows end in trouble the old file stands as it was, and nothing is left beside it."""
    (tmp_path / "out").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    path = tmp_path / "out" / f"list{suffix}"
    path.write_text("old")
    with pytest.raises(type(error)):
        files.write(path, ["phone"], failing(error))
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]
    assert list((tmp_path / "temporary").iterdir()) == []


# One of the library's own files stays open, of which nobody but a test hears.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored (in.|while finalizing file) <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("suffix", FORMATS)
def test_full_disk(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the old file stands, the error names the output, and no conversation lies about."""
    (tmp_path / "out").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    path = tmp_path / "out" / f"list{suffix}"
    path.write_text("old")
    rows = [result(os.urandom(200).hex()) for _ in range(200)]
    with small_disk(4_000), pytest.raises(OutputError, match=rf"output .*list{suffix}: "):
        files.write(path, ["phone"], rows)
    gc.collect()
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_symlink(tmp_path: Path, suffix: str) -> None:
    """An output that is a link stays a link: what it points to is replaced."""
    (tmp_path / "shared").mkdir()
    target, link = tmp_path / "shared" / f"real{suffix}", tmp_path / f"out{suffix}"
    target.write_text("old")
    link.symlink_to(target)
    files.write(link, ["phone"], [result("x")])
    assert link.is_symlink()
    assert read_back(target)[0]["phone"] == "x"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("out.txt", "must end in .csv, .xlsx, .jsonl, .parquet"),
        ("out", "must end in .csv, .xlsx, .jsonl, .parquet"),
        ("none/out.csv", "does not exist; create it with mkdir -p"),
        ("plain/out.csv", "is not a folder"),
        ("folder.csv", "this is a folder"),
    ],
)
def test_impossible_output(tmp_path: Path, name: str, words: str) -> None:
    """An output that can never stand is found out before anybody is called, and again when writing."""
    (tmp_path / "plain").touch()
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OutputError) as checked:
        files.check_output(tmp_path / name)
    assert words in str(checked.value)
    assert str(tmp_path / name) in str(checked.value)
    with pytest.raises(OutputError):
        files.write(tmp_path / name, ["phone"], [result("x")])


def test_link_into_nothing(tmp_path: Path) -> None:
    """A link into a folder that does not exist cannot be written, which is not a bug of this program."""
    link = tmp_path / "out.csv"
    link.symlink_to(tmp_path / "none" / "real.csv")
    with pytest.raises(OutputError, match=r"out\.csv"):
        files.write(link, ["phone"], [result("x")])


@pytest.mark.parametrize("suffix", FORMATS)
def test_possible_output(tmp_path: Path, suffix: str) -> None:
    """Checking an output writes nothing."""
    files.check_output(tmp_path / f"out{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_aside_is_removed(tmp_path: Path) -> None:
    """Half-written results hold conversations: they go, and nothing else does."""
    output = tmp_path / "out[1].csv"
    (tmp_path / ".out[1].csv.abc123.new").write_text("half", encoding="utf-8")
    (tmp_path / ".out[1].csv.def456.newxyz.new").mkdir()
    kept = [tmp_path / ".other.csv.abc.new", tmp_path / ".out1.csv.abc.new", output]
    for path in kept:
        path.write_text("whole", encoding="utf-8")
    files.remove_leftovers(output)
    assert sorted(tmp_path.iterdir()) == sorted(kept)
