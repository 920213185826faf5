"""Every malformed file of the corpus through the installed command: one line, exit 65, and no harm done."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contacts.corpus.cases import Case
from tests.contacts.corpus.collection import REFUSED
from tests.e2e.machinery import COMMAND, PATIENCE_S

pytestmark = pytest.mark.e2e

MEMORY = 400_000_000
"""Bytes that the command and the child that reads for it may each have had at most."""

WATCHER = """
import ctypes, json, os, sys
if sys.platform == "linux":
    # Whatever the command leaves behind becomes a child of this process (PR_SET_CHILD_SUBREAPER).
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
try:
    os.waitpid(-1, os.WNOHANG)
    left_over = True
except ChildProcessError:
    left_over = False
unit = 1 if sys.platform == "darwin" else 1024
with open(os.environ["WATCHER_REPORT"], "w") as file:
    json.dump([os.waitstatus_to_exitcode(status), usage.ru_maxrss * unit, left_over], file)
"""
"""Starts a command and tells how it ended. It is small, since a process counts its parent's memory "
        "as its own."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    """The exit code; negative for a signal."""
    memory: int
    """Bytes that it, or a child of it, had at most."""
    left_over: bool
    """Whether a child outlived it."""
    stdout: str
    stderr: str


def watched(folder: Path, outside: Path, *command: str) -> Ended:
    """Run a command in a folder. Temporary files, state and the report go outside of it."""
    report, temporary = outside / "report.json", outside / "tmp"
    temporary.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "ONEINBOX_API_KEY": "",
        "TMPDIR": str(temporary),
        "WATCHER_REPORT": str(report),
    }
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", WATCHER, *command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert list(temporary.iterdir()) == []
    code, memory, left_over = json.loads(report.read_text())
    return Ended(code, memory, left_over, ended.stdout, ended.stderr)


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """The files of a folder, with their sizes and the time of their last change."""
    return {path.name: (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.iterdir()}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_malformed_file_gets_one_line(tmp_path: Path, case: Case) -> None:
    """Exit 65 and one line; nothing written, no child left behind, and the memory bounded."""
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    path = case.write(folder)
    flags = case.flags()
    if case.contacts:
        (folder / "campaign.yaml").write_text(case.campaign_file())
        flags += ["--config", "campaign.yaml"]
    before = listing(folder)
    ended = watched(
        folder,
        outside,
        *COMMAND,
        "validate",
        path.name,
        "--rejects",
        "out.csv",
        "--fixed",
        "fixed.csv",
        *flags,
    )
    assert ended.code == 65, ended.stderr
    [line] = ended.stderr.splitlines()
    assert line.startswith("campaign: ")
    assert ended.stdout == ""
    assert listing(folder) == before
    assert not ended.left_over
    assert ended.memory < MEMORY
