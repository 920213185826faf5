"""The run lock: one run per ledger, whoever dies and however."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from campaign.errors import LedgerError, NotFinishedError
from campaign.ledger.ledger import Ledger

HOLDER = """
import sys
from campaign.ledger.ledger import Ledger
with Ledger.open(sys.argv[1]) as ledger, ledger.run_lock("nightly"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(location: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, location],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_told_who_holds_the_lock(ledger: Ledger, ledger_location: str) -> None:
    """While a run lives, a second one gets NotFinishedError with the holder's process, in one line."""
    with (
        holder(ledger_location) as process,
        pytest.raises(NotFinishedError, match=rf"^[^\n]*process {process.pid}\b[^\n]*$"),
        ledger.run_lock("spring"),
    ):
        pytest.fail("the lock was given twice")


def test_the_holders_campaign_is_named(sqlite_location: str) -> None:
    """Beside a SQLite ledger the holder is told with its campaign and host."""
    with (
        Ledger.open(sqlite_location) as ledger,
        holder(sqlite_location),
        pytest.raises(NotFinishedError, match=rf"nightly, process .* on {os.uname().nodename}, since "),
        ledger.run_lock("spring"),
    ):
        pytest.fail("the lock was given twice")


def test_a_killed_holder_frees_the_lock(sqlite_location: str) -> None:
    """After SIGKILL of the holder the next run gets the lock at once."""
    with holder(sqlite_location) as process:
        process.kill()
        process.wait()
        with Ledger.open(sqlite_location) as ledger, ledger.run_lock("spring"):
            pass


def test_a_second_ledger_of_the_same_process_is_refused(ledger: Ledger, ledger_location: str) -> None:
    """Two runs in one process exclude each other as two processes do."""
    with (
        Ledger.open(ledger_location) as other,
        ledger.run_lock("spring"),
        pytest.raises(NotFinishedError),
        other.run_lock("summer"),
    ):
        pytest.fail("the lock was given twice")


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
def test_the_lock_is_free_when_the_run_is_over(
    ledger: Ledger, ledger_location: str, error: type[Exception] | None
) -> None:
    """A run that has ended, well or badly, leaves the lock to the next, though its ledger is still open."""
    with Ledger.open(ledger_location) as other:
        try:
            with ledger.run_lock("spring"):
                if error is not None:
                    raise error
        except ZeroDivisionError:
            pass
        with other.run_lock("summer"):
            pass


def test_a_lock_file_that_cannot_be_made(sqlite_location: str) -> None:
    """A lock file that is a link is not followed; that is a LedgerError in one line."""
    with Ledger.open(sqlite_location) as ledger:
        Path(sqlite_location + ".lock").symlink_to("/dev/null")

        with pytest.raises(LedgerError, match=r"^lock file [^\n]+$"), ledger.run_lock("spring"):
            pytest.fail("the lock was given")


def test_writing_goes_on_under_the_lock(ledger: Ledger, ledger_location: str) -> None:
    """The lock keeps a second run out, not the readers and writers of the first."""
    with ledger.run_lock("spring"), Ledger.open(ledger_location) as other:
        assert (
            ledger.write(lambda connection: connection.exec_driver_sql("SELECT 1").scalar()).result(10) == 1
        )
        assert other.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar()) == 1
