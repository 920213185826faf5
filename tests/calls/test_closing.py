"""Calls that are still queued when hours close, in whole runs on both databases."""

import os
import signal
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
REASON = "stopped while it was queued, so that it would not ring after hours"


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


async def test_the_queued_call_of_another_campaign_is_stopped(stage: MakeStage) -> None:
    """The instant of closing is kept with the attempt, so a run that knows nothing of its hours can tell."""
    spring = stage(f"queue={LONG_S}#1-2")
    await spring.enrol(ANNA, BEN)
    closing_in(spring, 3.0)
    with anyio.move_on_after(0.6):
        await spring.run()
    left_over = spring.campaign_id
    assert spring.dialled() == {ANNA: 1, BEN: 1}

    at_any_hour = make_settings(pace=FAST, hours={"days": {"mon-sun": "00:00-24:00"}})
    spring.settings = at_any_hour
    await spring.enrol("+13125550199", name="summer")
    report = await spring.run()

    assert report.exit_code is ExitCode.OK
    spring.campaign_id = left_over
    assert [(row.status, row.reason) for row in await spring.rows()] == [(RowStatus.UNREACHED, REASON)] * 2
    provider = spring.simulator.provider
    assert [call.rings_at() is None for call in provider.calls.values()] == [True, True, False]
    closes = (NOON + timedelta(minutes=1) - provider.started_at).total_seconds() * provider.speed
    assert all((call.stopped_at or 0) < closes for call in provider.calls.values())


async def test_hours_that_never_close_need_nobody(stage: MakeStage) -> None:
    """A call of another campaign is left in its queue when it may be rung at any time, or nobody knows."""
    spring = stage("queue=100#1-2")
    spring.settings = make_settings(pace=FAST, hours={"days": {"mon-sun": "00:00-24:00"}})
    await spring.enrol(ANNA)
    with anyio.move_on_after(0.05):
        await spring.run()
    await spring.enrol(BEN, name="summer")
    assert (await spring.run()).exit_code is ExitCode.OK
    assert await spring.read(stops) == []


async def signal_soon() -> None:
    """A drain, as soon as somebody was dialled."""
    await anyio.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


async def test_a_drained_run_leaves_nobody_in_the_queue(stage: MakeStage) -> None:
    """It waits until calls are connected or over, and stops those that are not; talks go on by themselves."""
    talking = Behaviour(answer=1.0, talk_median_s=50_000.0, talk_sigma=0.0, ring_s=1.0)
    spring = stage(simulator=simulated(f"queue={LONG_S}#1", "queue=500#2", behaviour=talking))
    await spring.enrol(ANNA, BEN, CARA)
    closing_in(spring, 3000.0)
    spring.timing = replace(spring.timing, drain_s=3.0)
    spring.handle_signals = True

    report = await spring.run(alongside=signal_soon)

    assert report.exit_code is ExitCode.NOT_FINISHED
    anna, ben, cara = spring.simulator.provider.calls.values()
    assert await spring.read(stops) == [anna.id]
    assert anna.rings_at() is None
    assert (ben.stopped_at, cara.stopped_at) == (None, None)
    assert {row.status for row in (await spring.rows())[1:]} == {RowStatus.LIVE}

    spring.handle_signals = False
    with anyio.move_on_after(1.0):
        await spring.run()
    [row, *_] = await spring.rows()
    assert (row.status, row.reason) == (RowStatus.UNREACHED, REASON)


async def test_a_drain_is_counted_from_its_signal(stage: MakeStage) -> None:
    """A request that hangs meanwhile does not add to it: the run ends before a service manager kills it."""
    spring = stage(f"queue={LONG_S}#1", "stall=1000#2")
    await spring.enrol(ANNA, BEN)
    closing_in(spring, 3000.0)
    # The request may take for 0.3 s.
    spring.timing = replace(spring.timing, drain_s=0.4)
    spring.handle_signals = True
    signalled_at = 0.0

    async def signal_while_it_hangs() -> None:
        nonlocal signalled_at
        while len(spring.simulator.provider.dials) < 2:  # noqa: ASYNC110 - the provider knows no bell
            await anyio.sleep(0.01)
        signalled_at = anyio.current_time()
        os.kill(os.getpid(), signal.SIGTERM)

    assert (await spring.run(alongside=signal_while_it_hangs)).exit_code is ExitCode.NOT_FINISHED

    assert 0.4 <= anyio.current_time() - signalled_at < 0.6
    [anna, _ben] = spring.simulator.provider.calls.values()
    assert await spring.read(stops) == [anna.id]


async def test_a_drain_is_short_where_hours_never_close(stage: MakeStage) -> None:
    """What is queued then is left to the next run, whenever that comes."""
    spring = stage(f"queue={LONG_S}")
    spring.settings = make_settings(pace=FAST, hours={"days": {"mon-sun": "00:00-24:00"}})
    await spring.enrol(ANNA)
    spring.handle_signals = True
    before = anyio.current_time()
    assert (await spring.run(alongside=signal_soon)).exit_code is ExitCode.NOT_FINISHED
    assert anyio.current_time() - before < spring.timing.drain_s
    assert await spring.read(stops) == []


async def test_who_is_queued_for_longer_than_a_call_may_last_is_stopped(stage: MakeStage) -> None:
    """Nobody follows such a call any more, so nobody would stop it at closing; no human has to look it up."""
    spring = stage(f"queue={LONG_S}")
    spring.settings = make_settings(pace=FAST, call={"max_duration": "0.5s"})
    await spring.enrol(ANNA)
    assert (await spring.run()).exit_code is ExitCode.OK
    [row] = await spring.rows()
    assert (row.status, row.reason) == (RowStatus.UNREACHED, REASON)
    [call] = spring.simulator.provider.calls.values()
    assert call.rings_at() is None


async def test_calls_that_ring_in_time_are_not_stopped(stage: MakeStage) -> None:
    """A queue alone is no reason: what rings within hours takes its course."""
    spring = stage("queue=100")
    await spring.enrol(ANNA, BEN, CARA)
    closing_in(spring, 3000.0)

    await spring.run()

    assert await spring.read(stops) == []
    assert {row.reason for row in await spring.rows()}.isdisjoint({REASON})
