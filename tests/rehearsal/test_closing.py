"""A carrier whose queue is backed up at closing: nobody is rung after hours, by the provider's own log."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest

from campaign.contacts.intake import take_in
from campaign.ledger import campaigns
from campaign.ledger.scratch import ScratchLedger
from campaign.models import FINAL_STATUSES
from campaign.rehearsal.account import Line, VirtualAccount
from campaign.rehearsal.clock import VirtualClock
from campaign.rehearsal.world import World
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider
from tests.support import NOON, make_settings

PEOPLE = 40


class CountingAccount(VirtualAccount):
    """Counts the stops that were answered, across the lives of the process."""

    stops: list[str]

    async def stop_call(self, call_id: str) -> None:
        """As it is, with a note of it."""
        await super().stop_call(call_id)
        self.stops.append(call_id)


def _world(folder: Path, rng: Random, generation: str) -> World:
    # The windows close at 13:04 in New York, which is 12:04 in Chicago.
    settings = make_settings(
        pace={"calls_per_second": 2, "burst": 2, "max_live_calls": 30},
        hours={"days": {"mon-sun": "09:00-13:04"}, "closing_margin": rng.choice(["0s", "1m"])},
        contacts={"timezone": "tz"},
    )
    path = folder / "list.csv"
    zones = [rng.choice(["America/New_York", "America/Halifax"]) for _ in range(PEOPLE)]
    lines = [f"+1202555{at:04d},{zone}" for at, zone in enumerate(zones, start=100)]
    path.write_text("\n".join(["phone,tz", *lines]) + "\n", encoding="utf-8")
    clock, ledger = VirtualClock(NOON), ScratchLedger()
    start = partial(
        campaigns.start,
        name="spring",
        name_pattern="spring",
        agent_id="agt_test",
        intake=take_in(path, settings),
        now=NOON,
    )
    [campaign_id] = ledger.transact([start])
    queues = [f"queue={seconds}%30" for seconds in (20, 120, 200, 900)]
    faults = [*queues, *rng.sample(["status=503@stop%30", "drop@stop%20", "throttle@get%10"], 1)]
    return World(
        clock=clock,
        ledger=ledger,
        provider=Provider(
            behaviour=Behaviour(), seed=rng.randrange(1000), monotonic=clock.monotonic, started_at=NOON
        ),
        settings=settings,
        campaign_id=campaign_id,
        rng=rng,
        faults=FaultPlan(tuple(map(Fault.parse, faults)), seed=rng.randrange(1000)),
        line=Line(generation=generation),
        account_of_a_life=CountingAccount,
    )


@pytest.mark.parametrize("generation", ["v1", "v3"])
@pytest.mark.parametrize("seed", range(12))
def test_nobody_is_rung_after_hours(tmp_path: Path, seed: int, generation: str) -> None:
    """Under a backed-up queue, with stops that fail and a process that is killed in the middle of it."""
    rng = Random(seed)
    CountingAccount.stops = []
    world = _world(tmp_path, rng, generation)
    if seed % 2:
        world.live(kill_after_s=rng.uniform(60, 215))
    report = world.live()

    assert report is not None
    closes = (NOON + timedelta(minutes=4) - world.provider.started_at).total_seconds()
    rung = [at for call in world.provider.calls.values() if (at := call.rings_at()) is not None]
    stopped = [call for call in world.provider.calls.values() if call.stopped_at is not None]
    assert rung, "nobody was rung at all"
    assert stopped, "nobody was queued at closing"
    assert max(rung) < closes
    for call in stopped:
        assert call.stopped_at is not None
        assert call.conversation.connects_after_s is None, "somebody who talked was cut off"
    # A stop whose end is not on disk when the process is killed may be repeated, and does nothing then.
    assert len(set(CountingAccount.stops)) == len(stopped)
    assert len(CountingAccount.stops) == len(stopped)
    assert report.counts.keys() <= FINAL_STATUSES | {"waiting"}
    assert sum(report.counts.values()) == PEOPLE


@pytest.mark.parametrize("seed", range(6))
def test_nobody_is_rung_after_hours_by_the_run_of_another_campaign(tmp_path: Path, seed: int) -> None:
    """It follows what a killed run has left, with hours of its own that never close."""
    rng = Random(seed)
    CountingAccount.stops = []
    world = _world(tmp_path, rng, "v3")
    world.live(kill_after_s=rng.uniform(60, 180))
    left = dict(world.provider.calls)
    world.settings = make_settings(pace={"calls_per_second": 2, "max_live_calls": 5})
    path = tmp_path / "summer.csv"
    path.write_text("phone\n+13125550199\n", encoding="utf-8")
    start = partial(
        campaigns.start,
        name="summer",
        name_pattern="summer",
        agent_id="agt_test",
        intake=take_in(path, world.settings),
        now=NOON,
    )
    [world.campaign_id] = world.ledger.transact([start])
    world.live()

    closes = (NOON + timedelta(minutes=4) - world.provider.started_at).total_seconds()
    rung = [at for call in left.values() if (at := call.rings_at()) is not None]
    assert max(rung) < closes
    assert any(call.stopped_at is not None for call in left.values()), "nobody was queued at closing"


@pytest.mark.parametrize("fault", ["throttle=3600@get#1-3", "throttle=3600@list#3-4"])
def test_a_pause_of_an_hour_stops_no_stop(tmp_path: Path, fault: str) -> None:
    """OneInbox asks to be left alone for longer than hours last: queued calls are still stopped in time."""
    rng = Random(3)
    CountingAccount.stops = []
    world = _world(tmp_path, rng, "v3")
    faults = ("queue=1800", fault, "throttle=3600@get#5-6", "status=503@stop#1")
    world.faults = FaultPlan(tuple(map(Fault.parse, faults)))
    world.live(deadline=NOON + timedelta(hours=2))

    calls = list(world.provider.calls.values())
    assert calls
    assert [call.rings_at() for call in calls] == [None] * len(calls)
    # Nothing but what the stops need was asked meanwhile.
    assert world.faults._requests["get"] + world.faults._requests["list"] < 5 * len(calls)
