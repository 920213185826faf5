"""The child process: it dies alone, of whatever a file does to it, and takes nothing along."""

import gc
import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from campaign.contacts.files import workbook
from campaign.contacts.files.bounds import Bounds
from campaign.contacts.files.source import ReadOptions, opened
from campaign.errors import ListError
from tests.contacts.workbooks.books import pack, read, rows, text, value, xlsx_parts
from tests.support import children


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A workbook of 60,000 cells."""
    content = rows(*("".join(value(f"{c}{n}", n + 0.5) for c in "ABC") for n in range(1, 20_001)))
    return pack(tmp_path / "list.xlsx", xlsx_parts(content))


EARLIER: set[str] = set()


@pytest.fixture(autouse=True)
def others() -> None:
    """Whatever other tests have left running is none of this one's children."""
    EARLIER.clear()
    EARLIER.update(children())


def child_of_this_process() -> int:
    """The id of the only child."""
    [child] = children() - EARLIER
    return int(child)


def assert_no_child() -> None:
    """No child is left, neither running nor unreaped."""
    assert children() <= EARLIER


def test_wall_clock_limit(large: Path) -> None:
    """A child that takes too long is ended and reaped; the same file is read with more time."""
    with pytest.raises(ListError) as caught:
        read(large, bounds=Bounds(wall_seconds=0.02))
    assert str(caught.value) == f"{large}: reading it took longer than 0.02 seconds; save the list as CSV"
    assert_no_child()
    assert len(read(large)) == 20_000


def test_memory_limit(tmp_path: Path) -> None:
    """A child that takes too much memory ends in a line that says so, and the next file is read."""
    path = pack(tmp_path / "list.xlsx", xlsx_parts(rows(text("A1", "x" * 100_000_000))))
    with pytest.raises(ListError) as caught:
        read(path, bounds=Bounds(memory=120_000_000, ratio=10_000))
    assert str(caught.value) == f"{path}: reading it needed more than 120 MB of memory; save the list as CSV"
    assert_no_child()
    assert read(pack(path, xlsx_parts(rows(text("A1", "phone"))))) == [(1, ["phone"])]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "reading it needed more than 1,500 MB of memory"),
        (signal.SIGABRT, "reading it needed more than 1,500 MB of memory"),
        (signal.SIGSEGV, "reading it broke off, so it is damaged or unusual; save the list as CSV"),
    ],
)
def test_sudden_death(large: Path, number: signal.Signals, words: str) -> None:
    """Half of a list is never taken for the whole when the child dies from a signal."""
    with opened(large) as source:
        records = workbook.records(source, ReadOptions(), "xlsx")
        next(records)
        os.kill(child_of_this_process(), number)
        with pytest.raises(ListError, match=words):
            list(records)
    assert_no_child()


def test_cpu_limit(tmp_path: Path) -> None:
    """A child that computes too long is ended by the system."""
    content = rows(*("".join(value(f"{c}{n}", n + 0.5) for c in "ABCDEFGHIJ") for n in range(1, 25_001)))
    path = pack(tmp_path / "list.xlsx", xlsx_parts(content))
    with pytest.raises(
        ListError, match="reading it needed more than 1 seconds of computing; save the list as CSV"
    ):
        read(path, bounds=Bounds(cpu_seconds=1))
    assert_no_child()


def test_abandoned(large: Path) -> None:
    """Whoever stops reading leaves no child behind."""
    with opened(large) as source:
        records = workbook.records(source, ReadOptions(), "xlsx")
        assert next(records) == (1, ["1.5", "1.5", "1.5"])
        del records
        gc.collect()
        assert_no_child()


PARENT = """
import sys
from contextlib import suppress
from pathlib import Path
from campaign.contacts.files import workbook
from campaign.contacts.files.source import ReadOptions, opened
with opened(Path(sys.argv[1])) as source:
    records = workbook.records(source, ReadOptions(), "xlsx")
    next(records)
    print("reading", flush=True)
    sys.stdin.read()
"""


def test_parent_killed(large: Path) -> None:
    """A child whose parent was killed ends too, even while nothing of its own can run."""
    program = [sys.executable, "-c", PARENT, str(large)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"reading\n"
        child = int(Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text())
        end = os.pidfd_open(child)
        os.kill(child, signal.SIGSTOP)
        parent.kill()
    try:
        assert select.select([end], [], [], 5)[0]
    finally:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(end, signal.SIGKILL)
        os.close(end)


WATCHER = """
import os, signal, sys
from campaign.contacts.files.child import end_with_parent
end_with_parent(os.getppid(), int(sys.argv[1]))
signal.pause()
"""


def test_end_of_the_pipe() -> None:
    """Without help from the kernel, the end of a pipe tells the child that its parent is gone."""
    watched, held = os.pipe()
    program = [sys.executable, "-c", WATCHER, str(watched)]
    with subprocess.Popen(program, pass_fds=(watched,)) as child:
        os.close(watched)
        os.close(held)
        assert child.wait(10) == 1


@pytest.mark.parametrize(
    "said",
    [
        '[1,["a"]]\n[1,["b"]]',
        '[1,["a"]]\n[2,["a","b"]]',
        "[1,[2]]",
        '[true,["a"]]',
        "[1]",
        '"nonsense"',
        '{"end":1}',
    ],
)
def test_what_is_no_record(said: str) -> None:
    """What a child says is believed only in the shape of rows: increasing, of text, of one width."""
    with pytest.raises(ListError, match="reading it broke off"):
        list(workbook.checked((json.loads(line) for line in said.split("\n")), "list", []))


def test_output_limit(large: Path) -> None:
    """A child that says more than any list holds is ended."""
    with pytest.raises(ListError, match="it holds more than 0 MB of text; save the list as CSV, which may"):
        read(large, bounds=Bounds(output_bytes=100_000))


def test_position(tmp_path: Path) -> None:
    """The open file is at the same place afterwards, so that others can read it, and it can be read twice."""
    path = pack(tmp_path / "list.xlsx", xlsx_parts(rows(text("A1", "phone"))))
    with opened(path) as source:
        first = list(workbook.records(source, ReadOptions(), "xlsx"))
        assert source.file.read(2) == b"PK"
        assert list(workbook.records(source, ReadOptions(), "xlsx")) == first


def test_notes(tmp_path: Path) -> None:
    """What the operator should know reaches the source."""
    content = rows(text("A1", "phone"), text("A2", "+1"), attributes={2: 'hidden="1"'})
    path = pack(tmp_path / "list.xlsx", xlsx_parts(content))
    with opened(path) as source:
        list(workbook.records(source, ReadOptions(include_hidden=True), "xlsx"))
        assert source.notes == ["1 hidden row is read too"]


def test_renamed_while_open(tmp_path: Path) -> None:
    """The file that was opened is read, whatever has its name by now."""
    path = pack(tmp_path / "list.xlsx", xlsx_parts(rows(text("A1", "phone"))))
    with opened(path) as source:
        path.rename(tmp_path / "old.xlsx")
        assert list(workbook.records(source, ReadOptions(), "xlsx")) == [(1, ["phone"])]


def test_environment(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child knows neither the key nor anything else of the environment, and no other open file."""
    monkeypatch.setenv("ONEINBOX_API_KEY", "oi_sk_canary")
    with opened(large) as source:
        records = workbook.records(source, ReadOptions(), "xlsx")
        next(records)
        child = child_of_this_process()
        environment = Path(f"/proc/{child}/environ").read_bytes()
        limits = Path(f"/proc/{child}/limits").read_text()
        opened_files = {entry.name: entry.readlink() for entry in Path(f"/proc/{child}/fd").iterdir()}
        del records
    names = {entry.partition(b"=")[0].decode() for entry in environment.split(b"\0") if entry}
    assert b"canary" not in environment
    assert names <= {
        "PYTHONPATH", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "ARROW_DEFAULT_MEMORY_POOL",
        "MALLOC_ARENA_MAX", "LD_LIBRARY_PATH", "PYTHONHOME",
    }  # fmt: skip
    assert {"0", "1", "2"} <= opened_files.keys()
    # A library may keep its own file open.
    assert len([file for file in opened_files.values() if ".so" not in file.suffixes]) <= 4
    lines = {line[:25].strip(): line[25:].split()[0] for line in limits.splitlines()}
    assert lines["Max address space"] == "1500000000"
    assert (lines["Max cpu time"], lines["Max file size"], lines["Max core file size"]) == ("60", "0", "0")


def test_too_large(tmp_path: Path) -> None:
    """A file beyond the size of any list is refused before a child starts."""
    path = tmp_path / "list.xlsx"
    with path.open("wb") as file:
        file.truncate(200_000_001)
    with pytest.raises(ListError, match="larger than 200 MB; save the list as CSV"):
        read(path)
