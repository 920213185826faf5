"""Runs in which OneInbox's list shows the call of a lost reply only after its row was left to a human."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import anyio
import pytest
from sqlalchemy import Connection, select

from campaign.errors import ExitCode, UsageError
from campaign.ledger import in_review, review, schema, suppression
from campaign.ledger.review import Decision, Ruling
from campaign.models import Disposition, ResultRow, RowStatus
from campaign.simulator.app import Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider, SimulatedCall
from tests.calls.harness import FAST, QUICK, Stage, numbers, simulated, wall_clock
from tests.calls.held_time import HeldClock
from tests.support import make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
ANNA, BEN = numbers(2)
TALKATIVE = Behaviour(answer=1.0, voicemail=0.0, busy=0.0, no_answer=0.0, talk_sigma=0.0)
LAG_S = 2.0
"""The list shows a call so long after it was placed: the wait for it has been over for some time."""


@dataclass(slots=True)
class Forgetful(Provider):
    """Its lists show the first call only when so many others have come."""

    shows_after: int = 20

    def listed(self, agent_id: str | None, status: str | None = None) -> list[SimulatedCall]:
        """As in the simulator."""
        shown = Provider.listed(self, agent_id, status)
        return shown if len(self.dials) > self.shows_after else [c for c in shown if c.to_number != ANNA]


def forgetful() -> Simulator:
    """An account that loses the first reply, and has such lists."""
    provider = Forgetful(
        behaviour=TALKATIVE, speed=500, monotonic=anyio.current_time, started_at=wall_clock()()
    )
    return Simulator(provider=provider, faults=FaultPlan((Fault.parse("lose_reply#1"),)))


def lagging(*faults: str, **changes: Any) -> Simulator:
    """An account that loses the first reply, and shows calls late."""
    return simulated("lose_reply#1", *faults, behaviour=replace(TALKATIVE, **changes), lag_s=LAG_S)


async def left_to_a_human(spring: Stage, clock: HeldClock) -> None:
    """Anna's call is in review, and the list shows it by now."""
    assert (await spring.run()).exit_code is ExitCode.NEEDS_REVIEW
    assert (await anna(spring)).status is RowStatus.NEEDS_REVIEW
    clock.advance(60.0)


async def anna(spring: Stage) -> ResultRow:
    """Her row."""
    return next(row for row in await spring.rows() if row.to_number == ANNA)


async def decide(spring: Stage, decision: Decision, *rows: int) -> None:
    """A human rules on these rows, or on all that are in review."""
    ruling = Ruling(decision, "asked around", "op", spring.now())
    await spring.write(review.decide, spring.campaign_id, rows or None, ruling)


def events(connection: Connection) -> list[str]:
    """What was journalled, in order."""
    return list(connection.scalars(select(schema.events.c.event).order_by(schema.events.c.id)))


def lists_read(spring: Stage) -> int:
    """How many pages of lists were asked for."""
    return spring.simulator.faults._requests["list"]


async def test_a_page_that_is_read_anyway_shows_the_call(stage: MakeStage) -> None:
    """The row gets its result by itself, nobody is dialled twice, and dialling goes on."""
    spring = stage(simulator=forgetful())
    spring.settings = make_settings(pace={"calls_per_second": 20, "max_live_calls": 8})
    spring.timing = replace(QUICK, doubles_look_s=0.2)
    await spring.enrol(*numbers(30))
    assert (await spring.run()).exit_code is ExitCode.OK
    row = await anna(spring)
    assert (row.status, row.disposition) == (RowStatus.COMPLETED, Disposition.ANSWERED)
    assert spring.simulator.provider.calls[str(row.call_id)].to_number == ANNA
    assert row.transcript
    assert spring.dialled() == dict.fromkeys(numbers(30), 1)
    told = await spring.read(events)
    assert told.index("call.needs_review") < told.index("call.found")
    assert "call.doubled" not in told


async def test_a_run_that_has_nothing_else_to_do_looks_before_a_human_is_asked(
    stage: MakeStage, clock: HeldClock
) -> None:
    """The list is read once at its start, and the row gets its result."""
    spring = stage(simulator=lagging())
    await spring.enrol(ANNA)
    await left_to_a_human(spring, clock)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert (await anna(spring)).status is RowStatus.COMPLETED
    assert spring.dialled() == {ANNA: 1}
    with pytest.raises(UsageError, match="not in review"):
        await decide(spring, Decision.NOT_CALLED, 2)


async def test_a_run_of_another_campaign_finds_it(stage: MakeStage, clock: HeldClock) -> None:
    """Where the name has a date no other run would: the older row gets its result, and a wish is heeded."""
    spring = stage(simulator=lagging(replies=("Please stop calling me.",)))
    await spring.enrol(ANNA, name="night-1")
    await left_to_a_human(spring, clock)
    first_night = spring.campaign_id
    await spring.enrol(BEN, name="night-2")
    assert (await spring.run()).exit_code is ExitCode.OK
    spring.campaign_id = first_night
    assert (await anna(spring)).status is RowStatus.COMPLETED
    assert ANNA in await spring.read(suppression.suppressed)
    assert spring.dialled() == {ANNA: 1, BEN: 1}


async def test_a_single_call_finds_it(stage: MakeStage, clock: HeldClock) -> None:
    """It does not follow the calls that others have left, and yet looks for those that nobody knows."""
    spring = stage(simulator=lagging())
    await spring.enrol(ANNA, name="night-1")
    await left_to_a_human(spring, clock)
    first_night = spring.campaign_id
    await spring.enrol(BEN, name="call")
    assert (await spring.run(follow_others=False)).exit_code is ExitCode.OK
    spring.campaign_id = first_night
    assert (await anna(spring)).status is RowStatus.COMPLETED
    assert spring.dialled() == {ANNA: 1, BEN: 1}


async def test_a_call_that_is_found_and_does_not_end_cannot_be_marked_as_not_called(
    stage: MakeStage, clock: HeldClock
) -> None:
    """It is followed for as long as any other, and then the human is told which one it is."""
    spring = stage(simulator=lagging("never_end#1"))
    spring.settings = make_settings(pace=FAST, call={"max_duration": "5s"})
    await spring.enrol(ANNA)
    await left_to_a_human(spring, clock)
    began = spring.steady()
    assert (await spring.run()).exit_code is ExitCode.NEEDS_REVIEW
    assert spring.steady() - began > 5.0
    [row] = await spring.read(in_review.rows_in_review, spring.campaign_id)
    [call] = row.calls
    assert call.call_id in spring.simulator.provider.calls
    assert (
        row.reason == f"the reply was lost, and the call found later: {call.call_id}; look it up at OneInbox"
    )
    with pytest.raises(UsageError, match=f"OneInbox made call {call.call_id}"):
        await decide(spring, Decision.NOT_CALLED)


async def test_two_calls_of_a_lost_reply_that_are_found_late_stop_dialling(
    stage: MakeStage, clock: HeldClock
) -> None:
    """Both are followed, as they are when a doubt is settled in time."""
    spring = stage(simulator=lagging("duplicate#1"))
    await spring.enrol(ANNA)
    await left_to_a_human(spring, clock)
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "2 calls of one request" in str(report.stop_error)
    await spring.run()
    assert (await anna(spring)).status is RowStatus.COMPLETED
    assert (await spring.read(events)).count("call.found") == 2


@pytest.mark.parametrize("decision", Decision)
async def test_what_a_human_has_decided_stands(
    stage: MakeStage, clock: HeldClock, decision: Decision
) -> None:
    """Pages that show the call afterwards change nothing."""
    spring = stage(simulator=lagging(talk_median_s=1500.0))
    await spring.enrol(ANNA)
    await left_to_a_human(spring, clock)
    await decide(spring, decision)
    decided, first = await anna(spring), spring.campaign_id
    await spring.enrol(BEN, name="summer")
    before = lists_read(spring)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert lists_read(spring) > before + 1
    spring.campaign_id = first
    assert await anna(spring) == decided
    assert "call.found" not in await spring.read(events)


async def test_a_list_that_fails_leaves_the_row_to_its_human(stage: MakeStage, clock: HeldClock) -> None:
    """A run that has nothing else to do ends as before; the next one looks again."""
    spring = stage(simulator=lagging())
    await spring.enrol(ANNA)
    await left_to_a_human(spring, clock)
    spring.simulator.faults.faults += (Fault.parse("status=503@list"),)
    assert (await spring.run()).exit_code is ExitCode.NEEDS_REVIEW
    spring.simulator.faults.faults = ()
    assert (await spring.run()).exit_code is ExitCode.OK


async def test_after_a_day_nobody_looks_any_more(stage: MakeStage, clock: HeldClock) -> None:
    """However long a human takes, runs do not page through older and older calls."""
    spring = stage(simulator=lagging())
    await spring.enrol(ANNA)
    await left_to_a_human(spring, clock)
    clock.advance(24 * 3600.0)
    before = lists_read(spring)
    assert (await spring.run()).exit_code is ExitCode.NEEDS_REVIEW
    assert lists_read(spring) == before
