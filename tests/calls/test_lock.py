"""A run and its lock: by a lock that is lost nobody is dialled."""

from collections.abc import Callable, Iterator

import anyio
import anyio.to_thread
import pytest

from campaign.errors import LedgerError
from campaign.ledger.ledger import Ledger, RunLock
from campaign.models import RowStatus
from tests.calls.harness import Stage, held, numbers
from tests.ledger.test_lock import lose_lock

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]


@pytest.fixture
def lock(ledger: Ledger) -> Iterator[RunLock]:
    """The run lock of the ledger."""
    with ledger.run_lock("campaign spring") as held_lock:
        yield held_lock


async def beside(work: Callable[[], None]) -> None:
    """Do it in a thread; no time passes meanwhile."""
    with held():
        await anyio.to_thread.run_sync(work)


async def test_a_lock_that_was_lost_before_the_run_is_noticed_before_anything_is_done(
    stage: MakeStage, lock: RunLock, ledger_location: str
) -> None:
    """Nobody is dialled, nothing is written into the ledger, and the run ends with a LedgerError."""
    spring = stage()
    await spring.enrol(*numbers(30))
    await beside(lambda: lose_lock(ledger_location))
    with pytest.raises(ExceptionGroup) as caught:
        await spring.run(check_lock=lambda: beside(lock.check))
    assert caught.group_contains(LedgerError, match="nothing more is dialled")
    assert not spring.dialled()
    assert await spring.statuses() == {RowStatus.WAITING: 30}
