"""A run and its lock: by a lock that is lost nobody is dialled."""

from collections.abc import Callable, Iterator

import anyio
import anyio.to_thread
import pytest
from sqlalchemy import Connection, select

from campaign.errors import ExitCode, LedgerError
from campaign.ledger import schema
from campaign.ledger.ledger import Ledger, RunLock
from campaign.models import RowStatus
from tests.calls.harness import Stage, held, numbers
from tests.ledger.test_lock import end_lock_session, lose_lock
from tests.support import make_settings

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


@pytest.mark.parametrize("ledger_location", ["postgresql"], indirect=True)
async def test_a_run_whose_lock_another_run_has_taken_dials_nobody_more(
    stage: MakeStage, lock: RunLock, ledger_location: str
) -> None:
    """Before it has looked whether its session is there, its next intent is refused; it ends with 74."""
    spring = stage()
    spring.settings = make_settings(pace={"calls_per_second": 5, "max_live_calls": 50, "stages": []})
    known: list[int] = []

    def take_lock() -> None:
        end_lock_session(ledger_location)
        with Ledger.open(ledger_location) as other, other.run_lock("campaign autumn"):
            known.extend(other.read(intents))

    async def take_lock_after_some_dials() -> None:
        while len(spring.simulator.provider.dials) < 3:  # noqa: ASYNC110 - the simulator tells nobody
            await anyio.sleep(0.05)
        await beside(take_lock)

    await spring.enrol(*numbers(30))
    report = await spring.run(epoch=lock.epoch, alongside=take_lock_after_some_dials)
    assert report.exit_code is ExitCode.LEDGER
    assert "another run has taken the ledger's lock" in str(report.stop_error)
    # Whoever has the lock knows of every call that was made.
    assert await spring.read(intents) == known
    assert 3 <= len(spring.dialled()) <= len(known) < 30


def intents(connection: Connection) -> list[int]:
    """The ids of all attempts."""
    return list(connection.scalars(select(schema.attempts.c.id).order_by(schema.attempts.c.id)))
