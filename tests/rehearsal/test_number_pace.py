"""From numbers with a pace and a day of their own, in virtual time."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from campaign.contacts.intake import take_in
from campaign.errors import ExitCode
from campaign.ledger import campaigns
from campaign.ledger.scratch import ScratchLedger
from campaign.rehearsal.clock import VirtualClock
from campaign.rehearsal.world import World
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider
from tests.support import NOON, make_settings

SLOW, OTHER = "+12025550100", "+12025550101"
FAST = {"calls_per_second": 50, "burst": 5, "max_live_calls": 100}
LATE_S = 0.5
"""Flushes and requests of a rehearsal take so long at the most between a start and its arrival."""


def world(folder: Path, lines: Sequence[str], **settings: Any) -> World:
    """A campaign of these rows: the number that is called, and the number that calls."""
    chosen = make_settings(from_numbers=[SLOW, OTHER], **settings)
    path = folder / "list.csv"
    path.write_text("\n".join(["phone,from_number", *lines]) + "\n", encoding="utf-8")
    clock, ledger = VirtualClock(NOON), ScratchLedger()
    start = partial(
        campaigns.start,
        name="spring",
        name_pattern="spring",
        agent_id="agt_test",
        intake=take_in(path, chosen),
        now=NOON,
    )
    [campaign_id] = ledger.transact([start])
    provider = Provider(behaviour=Behaviour(), seed=1, monotonic=clock.monotonic, started_at=NOON)
    return World(
        clock=clock,
        ledger=ledger,
        provider=provider,
        settings=chosen,
        campaign_id=campaign_id,
        rng=Random(1),
    )


def starts(of: World, number: str) -> list[float]:
    """When calls with this number arrived, in virtual seconds."""
    calls = of.provider.calls
    return [dial.at for dial in of.provider.dials if calls[dial.call_id].from_number == number]


def people(count: int, number: str) -> list[str]:
    area = 202 if number == SLOW else 212
    return [f"+1{area}5550{at:03d},{number}" for at in range(100, 100 + count)]


def test_a_slow_number_holds_up_nobody_else(tmp_path: Path) -> None:
    """Its people come first in the list and wait for their turns; those of the other number are called."""
    lines = [*people(210, SLOW), *people(3, OTHER)]
    spring = world(tmp_path, lines, pace=FAST, from_number_limits={"calls_per_second": 0.2})

    report = spring.live()

    assert report is not None
    assert report.exit_code is ExitCode.OK
    slow, other = starts(spring, SLOW), starts(spring, OTHER)
    assert (len(slow), len(other)) == (210, 3)
    assert min(then - before for before, then in pairwise(slow)) >= 5 - LATE_S
    assert min(then - before for before, then in pairwise(other)) >= 5 - LATE_S
    assert max(other) < slow[4]
    # Hardly a turn is missed.
    assert slow[-1] - slow[0] < 209 * 5 * 1.05


def test_a_crash_loop_is_no_faster(tmp_path: Path) -> None:
    """However often a run is killed, the calls of a number keep their gap."""
    spring = world(tmp_path, people(40, SLOW), pace=FAST, from_number_limits={"calls_per_second": 0.5})
    for kill_after_s in (0.5, 3.0, 2.1, 7.0, 2.05):
        assert spring.live(kill_after_s=kill_after_s) is None
    report = spring.live()

    assert report is not None
    slow = starts(spring, SLOW)
    assert len(slow) >= 35
    assert min(then - before for before, then in pairwise(slow)) >= 2 - LATE_S


@pytest.mark.parametrize("burst", [1, 5])
def test_a_day_is_used_to_its_last_call(tmp_path: Path, burst: int) -> None:
    """Calls that start together share what is left of the day; on the next day the others are called."""
    spring = world(
        tmp_path,
        people(12, SLOW),
        pace={**FAST, "burst": burst},
        from_number_limits={"per_day": 7, "timezone": "America/New_York"},
    )
    report = spring.live()
    assert report is not None
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert len(starts(spring, SLOW)) == 7
    assert report.next_due == NOON + timedelta(hours=11)

    spring.clock.advance(11 * 3600)
    report = spring.live()

    assert report is not None
    assert report.exit_code is ExitCode.OK
    assert len(starts(spring, SLOW)) == 12
