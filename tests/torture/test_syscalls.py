"""A sample of the kills at system calls."""

import shutil
from pathlib import Path
from random import Random

import pytest

from tests.torture import syscalls
from tests.torture.syscalls import CallPoint
from tests.torture.tally import Effort

SHARE = 0.012


@pytest.mark.e2e
@pytest.mark.timeout(300)
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_a_sample_of_system_calls_leaves_nothing_doubled_or_lost(tmp_path: Path) -> None:
    """Killed as it enters a write, a flush or a send, a campaign goes on to its end."""
    tally = syscalls.run(Effort(tmp_path, share=SHARE, seed=2), stories=("plain", "lost replies"))
    assert tally.is_clean, tally
    assert tally.injected.total() == round(syscalls.KILLS * SHARE)


def test_kills_are_spread_over_all_calls() -> None:
    """Few kills strike in all parts of a run; enough of them strike every call as often as any other."""
    found = [CallPoint("plain", "write", nth) for nth in range(1, 11)]
    few = syscalls.spread(found, 5, Random(1))
    assert len({(point.nth + 1) // 2 for point in few}) == 5
    many = syscalls.spread(found, 25, Random(1))
    assert {many.count(point) for point in found} == {2, 3}


def test_every_call_of_a_rare_kind_is_struck() -> None:
    """There are few renames and flushes among thousands of other calls, and much hangs on them."""
    rare = [CallPoint("plain", "rename", nth) for nth in range(1, syscalls.RARE + 1)]
    found = [CallPoint("plain", "sendto", nth) for nth in range(1, 1001)] + rare
    chosen = syscalls.spread(found, 100, Random(1))
    assert len(chosen) == len(set(chosen)) == 100
    assert set(rare) <= set(chosen)
