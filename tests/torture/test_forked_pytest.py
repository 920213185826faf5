"""Pytest forked for one build after another: what it tells, and that nothing of it goes on."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.machinery import wait_until
from tests.torture.forked_pytest import Ended, ForkedPytest

pytestmark = pytest.mark.e2e

ASKS_THE_PRODUCT = """
import campaign
def test_it():
    assert campaign.name == "sound"
"""
LEAVES_A_PROCESS = """
import subprocess
def test_it():
    print("left", subprocess.Popen(["sleep", "600"]).pid)
"""
HANGS = """
import signal
def test_it():
    signal.pause()
"""


@pytest.fixture(scope="module")
def forked() -> Iterator[ForkedPytest]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    with ForkedPytest(environment) as process:
        yield process


def ending_of(forked: ForkedPytest, build: Path, test: str, *, limit_s: float = 60.0) -> Ended:
    """How pytest ends in a build that has this one test."""
    build.mkdir(exist_ok=True)
    (build / "test_it.py").write_text(test, encoding="utf-8")
    arguments = ["-q", "-s", "-p", "no:cacheprovider", "test_it.py"]
    return forked.run(build, arguments, output=build / "said", limit_s=limit_s)


def is_alive(pid: int) -> bool:
    """Whether it still runs; one that only waits to be buried does not."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_each_build_brings_its_own_modules(forked: ForkedPytest, tmp_path: Path) -> None:
    """Of two builds with a module of one name each is tested with its own, whatever was loaded before."""
    ends = []
    for name in ("sound", "broken"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "campaign.py").write_text(f"name = {name!r}", encoding="utf-8")
        ended = ending_of(forked, tmp_path / name, ASKS_THE_PRODUCT)
        ends.append((ended.exit_code, ended.has_hung, ended.said.splitlines()[-1].partition(" in ")[0]))
    assert ends == [(0, False, "1 passed"), (1, False, "1 failed")]


def test_what_hangs_is_ended(forked: ForkedPytest, tmp_path: Path) -> None:
    """A build whose tests take too long is killed, and the next one is tested as ever."""
    ended = ending_of(forked, tmp_path / "hangs", HANGS, limit_s=2.0)
    assert (ended.exit_code, ended.has_hung) == (-signal.SIGKILL, True)
    assert ending_of(forked, tmp_path / "next", "def test_it(): pass\n").exit_code == 0


def test_what_a_build_has_started_ends_with_it(forked: ForkedPytest, tmp_path: Path) -> None:
    """A process that a test leaves behind is killed, so that it disturbs no later build."""
    ended = ending_of(forked, tmp_path / "leaves", LEAVES_A_PROCESS)
    assert (ended.exit_code, ended.has_hung) == (0, False)
    left = int(ended.said.partition("left ")[2].split()[0])
    wait_until(lambda: not is_alive(left))


def test_a_run_that_does_not_come_to_pytest_is_no_failed_test(forked: ForkedPytest, tmp_path: Path) -> None:
    """Exit code 1 says that tests have failed; what keeps pytest from starting has another one."""
    ended = forked.run(tmp_path / "nowhere", [], output=tmp_path / "said", limit_s=60.0)
    assert ended.exit_code == 70
    assert "FileNotFoundError" in ended.said


def test_a_process_that_has_died_is_told(tmp_path: Path) -> None:
    """Where nothing can be forked any more, that is said, and no test counts as failed."""
    with ForkedPytest({"PATH": os.environ["PATH"], "PYTHONHOME": str(tmp_path)}) as process:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="has ended"):
                process.run(tmp_path, [], output=tmp_path / "said", limit_s=60.0)
