"""A full disk under what a command says and writes: the right exit code, one line, no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.e2e.machinery import COMMAND, PATIENCE_S, lay_out, people, simulator

pytestmark = pytest.mark.e2e

WRITE_TOO_MUCH = """
import gc, resource, sys
from pathlib import Path
from campaign.results.files import write_table
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write_table(Path(sys.argv[1]), ["a", "b"], ((f"{at} {at * 7919}", str(at)) for at in range(5000)))
except Exception as error:
    print(f"{type(error).__name__}: {error}")
gc.collect()
"""


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl", ".parquet"])
def test_a_result_that_does_not_fit_is_one_error(tmp_path: Path, suffix: str) -> None:
    """Whatever the format: the trouble in plain words, nothing left behind, and no noise afterwards."""
    path = tmp_path / f"results{suffix}"
    ended = subprocess.run(
        [sys.executable, "-c", WRITE_TOO_MUCH, path],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    cure = "make room or mend its disk, or name another file; an older one stands as it was"
    assert ended.stdout == f"OutputError: output {path}: File too large; {cure}\n"
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_an_exit_code_does_not_need_a_stderr(tmp_path: Path) -> None:
    """With the log on a full disk the exit code still says what happened."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*COMMAND, "status", "spring", "--ledger", tmp_path / "none.db"],
            stderr=full,
            timeout=PATIENCE_S,
            check=False,
        )
    assert ended.returncode == 74


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_data_that_nobody_takes_is_an_error(tmp_path: Path, form: list[str]) -> None:
    """What cannot be written to standard output ends with 73 and one line."""
    ended = warm.run("validate", _list(tmp_path), *form, stdout="/dev/full")
    assert (ended.returncode, ended.stderr) == (
        73, "campaign: standard output cannot be written: No space left on device\n",
    )  # fmt: skip


def _list(folder: Path) -> Path:
    path = folder / "list.csv"
    path.write_text("phone\n+12025550100\n", encoding="utf-8")
    return path


def test_a_run_does_not_need_its_log(tmp_path: Path) -> None:
    """With the log on a full disk and a lost reply to tell of, everybody is still called once."""
    with simulator(tmp_path, "--speed", "60", "--fault", "lose_reply#3") as oracle:
        place = lay_out(tmp_path, oracle, people(8), impatient=True)
        with Path("/dev/full").open("wb") as full:
            ended = subprocess.run(
                place.command(), env=place.environment(), stdout=subprocess.DEVNULL, stderr=full,
                timeout=PATIENCE_S, check=False,
            )  # fmt: skip
        assert ended.returncode == 0
        assert oracle.dials_by_number() == {row["phone"]: 1 for row in people(8)}
        assert {row["call_status"] for row in place.results()} <= {"completed", "unreached"}
