"""Calls that are still queued when hours close, in whole runs on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import anyio
import pytest
from sqlalchemy import select

from campaign.errors import ExitCode
from campaign.ledger import schema
from campaign.ledger.ledger import Connection
from campaign.models import Disposition, RowStatus
from campaign.simulator.faults import Fault
from campaign.simulator.people import Behaviour
from tests.calls.harness import FAST, Stage, numbers, simulated, wall_clock
from tests.support import NOON, make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
ANNA, BEN, CARA = numbers(3)
LONG_S = 100_000
"""Provider seconds: two hundred real ones."""
HOURS = {"days": {"mon-sun": "09:00-13:01"}, "closing_margin": "0s", "number_margin": "0s"}
REASON = "stopped, as its hours closed while it was queued"


def closing_in(stage: Stage, seconds: float, *, lead_s: float = 0.1) -> None:
    """Hours close so many seconds from now."""
    show = wall_clock()
    begins = show()
    ahead = NOON + timedelta(minutes=1) - timedelta(seconds=seconds) - begins
    stage.now = lambda: show() + ahead
    stage.settings = make_settings(pace=FAST, hours=HOURS)
    stage.timing = replace(stage.timing, closing_lead_s=lead_s)


def stops(connection: Connection) -> list[str]:
    """The calls that the journal says were stopped."""
    events = schema.events.c
    return list(connection.scalars(select(events.detail).where(events.event == "call.stopped")))


async def test_who_is_queued_at_closing_is_not_rung(stage: MakeStage) -> None:
    """Calls in the queue are stopped, each once; their rows end as unreached, and nothing is wrong."""
    spring = stage(f"queue={LONG_S}")
    await spring.enrol(ANNA, BEN)
    closing_in(spring, 1.0)

    report = await spring.run()

    assert report.exit_code is ExitCode.OK
    rows = await spring.rows()
    assert [(row.status, row.reason) for row in rows] == [(RowStatus.UNREACHED, REASON)] * 2
    assert {row.disposition for row in rows} == {Disposition.CANCELED}
    calls = spring.simulator.provider.calls
    assert [call.rings_at() for call in calls.values()] == [None, None]
    assert sorted(await spring.read(stops)) == sorted(calls)
    assert spring.dialled() == {ANNA: 1, BEN: 1}


async def test_who_talks_at_closing_is_left_to_talk(stage: MakeStage) -> None:
    """A connected call goes on beyond closing, to its own end."""
    talking = Behaviour(answer=1.0, talk_median_s=1500.0, talk_sigma=0.0, ring_s=1.0)
    spring = stage(simulator=simulated(behaviour=talking))
    await spring.enrol(ANNA)
    closing_in(spring, 1.0)

    await spring.run()

    [row] = await spring.rows()
    assert (row.status, row.disposition) == (RowStatus.COMPLETED, Disposition.ANSWERED)
    assert await spring.read(stops) == []
    [call] = spring.simulator.provider.calls.values()
    assert call.stopped_at is None


async def test_a_stop_that_fails_is_tried_again(stage: MakeStage) -> None:
    """A stop that was not taken, or whose reply was lost, is sent once more at the next look."""
    spring = stage(f"queue={LONG_S}", "status=503@stop#1")
    await spring.enrol(ANNA)
    closing_in(spring, 1.0)

    await spring.run()

    [row] = await spring.rows()
    assert (row.status, row.reason) == (RowStatus.UNREACHED, REASON)
    assert len(await spring.read(stops)) == 1


async def test_a_call_that_an_earlier_run_has_stopped(stage: MakeStage) -> None:
    """What was stopped before the run was cut off is known by the ledger, and not stopped again."""
    spring = stage(f"queue={LONG_S}")
    await spring.enrol(ANNA)
    closing_in(spring, 1.0)
    provider, faults = spring.simulator.provider, spring.simulator.faults

    async def take_the_key() -> None:
        while not any(call.stopped_at for call in provider.calls.values()):  # noqa: ASYNC110 - there is none
            await anyio.sleep(0.001)
        faults.faults += (Fault.parse("status=401@get"), Fault.parse("status=401@list"))

    report = await spring.run(alongside=take_the_key)
    assert report.exit_code is ExitCode.KEY_REFUSED
    assert len(await spring.read(stops)) == 1
    faults.faults = faults.faults[:1]
    await spring.run()

    [row] = await spring.rows()
    assert (row.status, row.reason) == (RowStatus.UNREACHED, REASON)
    assert len(await spring.read(stops)) == 1


async def test_calls_that_ring_in_time_are_not_stopped(stage: MakeStage) -> None:
    """A queue alone is no reason: what rings within hours takes its course."""
    spring = stage("queue=100")
    await spring.enrol(ANNA, BEN, CARA)
    closing_in(spring, 3000.0)

    await spring.run()

    assert await spring.read(stops) == []
    assert {row.reason for row in await spring.rows()}.isdisjoint({REASON})
