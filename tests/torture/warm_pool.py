"""Warm processes: they have the whole product loaded, and may fork lives, as they have no thread or loop."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from tests import forks
from tests.e2e.machinery import people
from tests.torture.accounts import Account, Accounts
from tests.torture.lives import LIMIT_S, warm_up
from tests.torture.step import Place
from tests.torture.tally import Effort, Tally

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_S = 3600.0
"""No suite takes so long."""


def in_warmed_processes(
    work: Callable[[T], Tally], cases: Sequence[T], effort: Effort, oracle: Accounts, *, at_a_time: int
) -> list[Tally]:
    """Do the work for each case in processes that may fork lives: warmed, and without threads or loops."""
    return in_own_group(LONGEST_S, _share_out, work, cases, effort.folder, oracle.port, at_a_time)


def in_own_group(limit_s: float, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do the work in a new process, and end it with all that it has started should it take too long.

    Raises:
        TimeoutError: It took longer than `limit_s` seconds. Nothing of it is left.
    """
    parent = forks.pool(1)
    leader = parent.submit(_lead).result(LIMIT_S)
    try:
        done = parent.submit(work, *args, **kwargs).result(limit_s)
    except BaseException:
        os.killpg(leader, signal.SIGKILL)
        parent.shutdown(wait=False, cancel_futures=True)
        raise
    parent.shutdown()
    return done


def _lead() -> int:
    """Begin a process group, in which all that this process starts will be."""
    os.setpgid(0, 0)
    return os.getpid()


def _share_out(
    work: Callable[[T], Tally], cases: Sequence[T], folder: Path, port: int, at_a_time: int
) -> list[Tally]:
    own = folder / "warm"
    own.mkdir()
    Accounts(port).open("warm", Account())
    warm_up(Place(own, Accounts(port).url("warm"), str(own / "ledger.db")), people(2))
    with ProcessPoolExecutor(at_a_time, multiprocessing.get_context("fork")) as pool:
        return list(pool.map(work, cases))
