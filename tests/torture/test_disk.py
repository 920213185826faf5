"""A sample of the faults of the disk, and proof that the suite can fail."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError

from campaign.errors import ExitCode
from campaign.ledger import writer
from tests.torture import disk
from tests.torture.disk import Case, attempt, has_strace
from tests.torture.house import accounts
from tests.torture.strikes import Fault, events_of, failed_commit
from tests.torture.tally import Effort, Tally
from tests.torture.warm_pool import in_warmed_processes

RECORD = """\
7 pwrite64(5</home/ann/ledger.db-wal>, "\\0\\0"..., 24, 4152) = 24
8 fdatasync(5</home/ann/ledger.db-wal> <unfinished ...>
7 sendto(12<socket:[9]>, "POST /v1/calls HTTP/1.1\\r\\n", 160, 0, NULL, 0) = 160
8 <... fdatasync resumed>)         = -1 EIO (Input/output error) (INJECTED)
7 fsync(6</home/ann/.results.csv.x1.new>) = -1 ENOSPC (No space left on device) (INJECTED)
7 +++ exited with 74 +++
"""


@pytest.mark.e2e
def test_a_failing_disk_stops_dialling_and_loses_nothing(tmp_path: Path) -> None:
    """A run that meets a fault says so in one line and stops; the next runs finish without any harm."""
    tally = disk.run(Effort(tmp_path, share=0.01))

    assert tally.is_clean, tally.failures
    assert tally.injected.total() >= (5 if has_strace else 1)


class Careless(writer.Writer):
    """A writer that answers before anything is on disk, and forgets that a commit has failed."""

    def _commit(self, batch: list[Any]) -> None:
        with suppress(SQLAlchemyError), self._engine.begin() as connection:
            for work in batch:
                try:
                    work.answer.set_result(work.do(connection))
                except Exception as error:
                    work.answer.set_exception(error)


def be_careless() -> None:
    """From now on a failed commit is nobody's business, in this process."""
    from campaign.ledger import ledger

    ledger.Writer = Careless  # type: ignore[attr-defined]


class Retrying(writer.Writer):
    """A writer that commits once more what could not be flushed, as if the pages were still there."""

    def _commit(self, batch: list[Any]) -> None:
        assert self._generation is not None
        for _ in range(3):
            with suppress(SQLAlchemyError):
                with self._engine.begin() as connection:
                    mark = self._generation.advance(connection)
                    outcomes = [
                        writer._attempt(work, connection, connection.begin_nested()) for work in batch
                    ]
                break
        self._record(mark)
        for work, result, problem in outcomes:
            work.answer.set_exception(problem) if problem else work.answer.set_result(result)


def retry_commits() -> None:
    """From now on a commit that has failed is made again, in this process."""
    from campaign.ledger import ledger

    ledger.Writer = Retrying  # type: ignore[attr-defined]


def give_up() -> None:
    """End this process before it has begun."""
    os._exit(ExitCode.BUG)


def write_no_results() -> None:
    """From now on there are no result files, in this process."""
    from campaign.cli import job

    job.write_results = lambda *_: 0


def found(folder: Path, cases: Sequence[Case]) -> Tally:
    """What the suite says of these cases, together."""
    total = Tally()
    with accounts() as oracle:
        work = partial(attempt, folder, oracle.port)
        for tally in in_warmed_processes(work, cases, Effort(folder), oracle, at_a_time=2):
            total.add(tally)
    return total


@pytest.mark.e2e
@pytest.mark.skipif(not has_strace, reason="strace is not installed")
@pytest.mark.parametrize(
    ("sabotage", "faults", "finding"),
    [
        pytest.param(
            be_careless,
            [Fault("EIO", "pwrite64", 200)],
            "a commit failed, and the exit code is",
            id="overlooks a failed commit",
        ),
        pytest.param(
            retry_commits,
            # Of three flushes in a row one at least is of the log, and not of the folder.
            [Fault("EIO", "fdatasync", number) for number in (15, 16, 17)],
            "a commit failed, and the exit code is 0",
            id="commits again after a failed flush",
        ),
        pytest.param(
            write_no_results,
            [Fault("EIO", "rename", 900)],
            "without a result file",
            id="writes no result",
        ),
    ],
)
def test_a_program_that_makes_light_of_a_fault_is_found_out(
    tmp_path: Path, sabotage: Callable[[], object], faults: Sequence[Fault], finding: str
) -> None:
    """A run that goes on although a commit has failed, or leaves no result, does not pass."""
    cases = [
        Case(1, number, by_strace=True, fault=fault, sabotage=sabotage) for number, fault in enumerate(faults)
    ]

    tally = found(tmp_path, cases)

    assert any(finding in failure for failure in tally.failures), tally.failures


def test_a_record_is_read_call_by_call() -> None:
    """Each call is known with its thread, its file and whether it was made to fail, also in two parts."""
    events = list(events_of(RECORD))

    assert [(event.thread, event.call, event.struck) for event in events] == [
        ("7", "pwrite64", False),
        ("7", "sendto", False),
        ("8", "fdatasync", True),
        ("7", "fsync", True),
    ]
    assert [event.on_ledger for event in events] == [True, False, True, False]
    assert [event.is_dial for event in events] == [False, True, False, False]
    assert events[3].on_results


LOG, FOLDER = "5</home/ann/ledger.db-wal>", "6</home/ann/disk1>"


@pytest.mark.parametrize(
    ("lines", "at"),
    [
        pytest.param([f"8 pwrite64({LOG}, 1) = -1 EIO (INJECTED)"], 0, id="a write to the log"),
        pytest.param(
            [f"8 pwrite64({LOG}, 1) = 1", f"8 fdatasync({LOG}) = -1 EIO (INJECTED)"], 1, id="its flush"
        ),
        pytest.param(
            [
                f"8 pwrite64({LOG}, 1) = 1",
                f"8 fdatasync({LOG}) = 0",
                f"8 fdatasync({LOG}) = -1 EIO (INJECTED)",
            ],
            None,
            id="the flush of a checkpoint",
        ),
        pytest.param(
            [f"7 pwrite64({LOG}, 1) = 1", f"8 fdatasync({LOG}) = -1 EIO (INJECTED)"],
            None,
            id="a flush by another thread",
        ),
        pytest.param(
            [f"8 pwrite64({LOG}, 1) = 1", f"8 fdatasync({FOLDER}) = -1 EIO (INJECTED)"],
            None,
            id="the flush of the folder",
        ),
    ],
)
def test_a_failed_commit_is_told_from_other_failures(lines: Sequence[str], at: int | None) -> None:
    """A commit has failed where a write to the log failed, or the flush of what its thread has written."""
    assert failed_commit(list(events_of("\n".join(lines)))) == at


def test_the_folder_that_a_program_works_in_is_no_file_of_its_own() -> None:
    """An open of some other file, relative to a folder of ours, is not taken for a fault of ours."""
    (event,) = events_of('7 openat(AT_FDCWD</home/ann/disk1>, "/etc/hosts", O_RDONLY) = -1 EIO (INJECTED)')

    assert event.struck
    assert not event.has_struck


@pytest.mark.e2e
def test_a_limit_judges_every_run(tmp_path: Path) -> None:
    """A run under a limit on file sizes that neither finishes nor stops as it should is found out."""
    tally = found(tmp_path, [Case(1, 0, by_strace=False, sabotage=give_up)])

    assert any("exit code 70" in failure for failure in tally.failures), tally.failures
