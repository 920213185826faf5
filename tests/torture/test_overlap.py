"""A sample of the overlapping starts, and proof that the suite can fail."""

import fcntl
import os
import select
import signal
from functools import partial
from pathlib import Path

import pytest

from campaign.errors import ExitCode
from tests.torture.house import accounts
from tests.torture.overlap import (
    Campaign,
    Case,
    attempt,
    cases_of,
    end_of,
    run,
)
from tests.torture.step import Place
from tests.torture.tally import Effort
from tests.torture.warm_pool import in_own_group, in_warmed_processes


def test_nobody_is_called_twice_whoever_wins(tmp_path: Path) -> None:
    """Runs that overlap, some of them killed, call everybody once; copies of their ledger are refused."""
    tally = run(Effort(tmp_path, share=0.03))

    assert tally.is_clean, tally.failures
    assert tally.injected["overlapping starts"] == 30
    assert tally.injected["copied ledgers"] >= 4
    kept_out = tally.injected["starts kept out"]
    assert 0 < kept_out < tally.injected["starts known to have met another"] <= 30


def give_the_lock_to_everybody() -> None:
    """From now on a lock keeps nobody out, in this process."""
    fcntl.flock = lambda *_: None


@pytest.mark.alone
def test_a_program_without_its_lock_is_found_out(tmp_path: Path) -> None:
    """When the lock keeps nobody out, the suite says so."""
    effort = Effort(tmp_path)
    # Spoilt runs may wait for each other's calls for a quarter of an hour; those of this case mostly do not.
    case = Case(seed=1, number=1, starts=5, sabotage=give_the_lock_to_everybody, limit_s=20.0)
    with accounts() as oracle:
        work = partial(attempt, tmp_path, oracle.port)
        (tally,) = in_warmed_processes(work, [case], effort, oracle, at_a_time=1)

    assert not tally.is_clean
    # That a run takes too long is no proof, nor is what comes of that.
    assert [line for line in tally.failures if f"ended with {ExitCode.BUG}: " in line]


@pytest.mark.parametrize("starts", range(2, 40))
def test_no_case_has_one_start_alone(starts: int) -> None:
    """However many starts there are, each case has some that can overlap, and no start is left out."""
    sizes = [case.starts for case in cases_of(1, starts)]

    assert min(sizes) >= 2
    assert sum(sizes) == starts


def wait_for_ever(fifo: Path) -> None:
    """Two processes that do not end, and hold on to a pipe."""
    os.write(os.open(fifo, os.O_WRONLY), b"here")
    os.fork()
    signal.pause()


@pytest.mark.alone
def test_work_that_takes_too_long_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    """A suite that hangs is over at its limit, and leaves no process behind."""
    os.mkfifo(fifo := tmp_path / "fifo")
    with os.fdopen(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        with pytest.raises(TimeoutError):
            in_own_group(2.0, wait_for_ever, fifo)

        assert pipe.read() == b"here"
        os.set_blocking(pipe.fileno(), True)
        # Only when nobody holds it any more is there an end to be read.
        assert select.select([pipe], [], [], 10.0)[0]
        assert pipe.read() == b""


def fail() -> None:
    """What a broken suite does."""
    raise ValueError("this preparation fails")


def test_a_life_whose_preparation_fails_ends(tmp_path: Path) -> None:
    """What is to happen before a life may fail; the forked process ends, and says why."""
    campaign = Campaign(Place(tmp_path, "", ""), [], tmp_path, tmp_path, {})

    life = campaign.start("struck", before=fail)

    assert end_of(life) == 70
    assert "this preparation fails" in life.said
