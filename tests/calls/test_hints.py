"""Whole runs beside a listener: what hints bring, and what they cannot do, in virtual time."""

from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import anyio
import pytest
from sqlalchemy import select

from campaign.calls.hearing import TRUSTED_AFTER, Hearing
from campaign.calls.timing import Timing
from campaign.errors import ExitCode, LedgerError
from campaign.ledger import hints, schema
from campaign.ledger.ledger import Connection, Ledger
from campaign.models import RowStatus
from campaign.simulator.app import Simulator
from campaign.simulator.faults import FaultPlan
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider
from tests.calls.harness import Stage, numbers, simulated, wall_clock
from tests.support import NOON, make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
PEOPLE = 24
REAL = replace(Timing(), api_patience_s=60.0, progress_s=3600.0)
"""Waits as the product has them; only the progress, which nobody reads here, is counted seldom."""
PACE = {"calls_per_second": 0.5, "max_live_calls": 50}
ANSWER = Behaviour(answer=1, voicemail=0, busy=0, no_answer=0, talk_median_s=120.0)


class Counting(FaultPlan):
    """Counts what the account is asked."""

    def strike(self, endpoint: str, number: str = "") -> dict[str, str | None]:
        asked[id(self)][endpoint] += 1
        return super().strike(endpoint, number)


asked: defaultdict[int, Counter[str]] = defaultdict(Counter)


def asked_of(stage: Stage) -> Counter[str]:
    """How often each endpoint of the account was asked."""
    return asked[id(stage.simulator.faults)]


def counting(*faults: str, behaviour: Behaviour = ANSWER) -> Simulator:
    """An account in whose seconds the run lives, and which counts."""
    simulator = simulated(*faults, behaviour=behaviour)
    simulator.provider.speed = 1.0
    simulator.faults = Counting(simulator.faults.faults)
    asked.pop(id(simulator.faults), None)
    return simulator


@pytest.fixture
def ledger(sqlite_location: str) -> Iterator[Ledger]:
    """One database is enough here: the verbs are tested on both."""
    with Ledger.open(sqlite_location) as opened:
        yield opened


@pytest.fixture
def staged(stage: MakeStage) -> MakeStage:
    """Runs that last for minutes."""

    def make(simulator: Any) -> Stage:
        made = stage(simulator=simulator)
        made.patience_s = 7200.0
        return made

    return make


@dataclass
class Post:
    """A listener as a run sees it: it leaves a hint when a call has ended, and when it has its results."""

    stage: Stage
    tells_of: Callable[[int], bool] = lambda _nth: True
    """Of which calls, by their order."""
    late_s: float = 0.3
    is_there: bool = True
    told: set[tuple[str, str]] = field(default_factory=set)

    async def alive(self) -> bool:
        return self.is_there

    async def run(self) -> None:
        """Leave hints for as long as the run lasts."""
        await self.stage.write(hints.token, new="token", now=NOON)
        while True:
            await anyio.sleep(self._quiet_s())
            if news := sorted({call_id for call_id, what in self._news()}):
                await anyio.sleep(self.late_s)
                await self.stage.write(hints.leave, news, self.stage.now())

    def _quiet_s(self) -> float:
        """Until there is something to tell, in seconds of the loop and of the account (see `counting`).

        A call that runs its course has nothing to tell in its first second. One that is stopped may be told
        of so late.
        """
        now = self.stage.simulator.provider.now()
        soonest_s = min((at - now for at, _ in self._untold()), default=1.0)
        return min(max(soonest_s, 0.001), 1.0)

    def _news(self) -> Iterator[tuple[str, str]]:
        now = self.stage.simulator.provider.now()
        for at, news in list(self._untold()):
            if now >= at:
                self.told.add(news)
                yield news

    def _untold(self) -> Iterator[tuple[float, tuple[str, str]]]:
        if not self.is_there:
            return
        for nth, call in enumerate(self.stage.simulator.provider.calls.values()):
            if self.tells_of(nth):
                for at, what in ((call.ends_at(), "end"), (call.results_at(), "results")):
                    if (call.id, what) not in self.told:
                        yield at, (call.id, what)


async def run(
    stage: Stage,
    post: Post | None,
    also: Callable[[], Coroutine[Any, Any, None]] | None = None,
    *,
    name: str = "spring",
    **settings: Any,
) -> Any:
    """One run, with or without a listener beside it."""
    stage.settings, stage.timing = make_settings(**{"pace": PACE, **settings}), REAL
    await stage.enrol(*numbers(PEOPLE), name=name)
    if post is None:
        return await stage.run()
    stage.is_listened_to = post.alive

    async def alongside() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(post.run)
            if also is not None:
                group.start_soon(also)

    return await stage.run(alongside=alongside)


def ended_at(connection: Connection) -> dict[str, Any]:
    """When the ledger heard of each call's end."""
    calls, events = schema.calls.c, schema.events.c
    query = select(calls.call_id, events.at).where(
        events.attempt_id == calls.attempt_id, events.event == "call.ended"
    )
    return {row.call_id: row.at for row in connection.execute(query)}


async def delays(stage: Stage) -> list[float]:
    """Seconds from the end of each call to the ledger, in their order."""
    provider: Provider = stage.simulator.provider
    known = await stage.read(ended_at)
    return [
        (known[call.id] - provider.clock_time(call.ends_at())).total_seconds()
        for call in provider.calls.values()
    ]


async def test_a_finished_call_is_in_the_ledger_within_two_seconds(staged: MakeStage) -> None:
    """With a listener that takes a third of a second; without one a call may have ended ten seconds ago."""
    spring = staged(counting())
    assert (await run(spring, Post(spring))).exit_code is ExitCode.OK
    assert max(await delays(spring)) < 2.0
    assert await spring.statuses() == {RowStatus.COMPLETED: PEOPLE}


async def test_with_events_looking_falls_to_the_safety_net(staged: MakeStage) -> None:
    """With calls of some minutes less than half of the requests are left, and nothing is seen late."""
    long = replace(ANSWER, talk_median_s=360.0)
    alone, told = staged(counting(behaviour=long)), staged(counting(behaviour=long))
    few_lines = {**PACE, "max_live_calls": 4}
    await run(alone, None, pace=few_lines)
    assert max(await delays(alone)) > 2.0
    post = Post(told)
    report = await run(
        told, post, name="summer", pace=few_lines, caps={"per_number": {"calls": 9, "within": "1h"}}
    )
    assert report.exit_code is ExitCode.OK
    assert max(await delays(told)) < 2.0
    without, with_events = asked_of(alone), asked_of(told)
    assert with_events["get"] + with_events["list"] < (without["get"] + without["list"]) / 2


async def test_when_the_listener_goes_looks_are_frequent_at_once(staged: MakeStage) -> None:
    """No end is seen later than it would be without a listener."""
    spring = staged(counting())
    post = Post(spring)

    async def go_away() -> None:
        await anyio.sleep(100)
        assert len(post.told) > 2 * TRUSTED_AFTER
        post.is_there = False

    assert (await run(spring, post, go_away)).exit_code is ExitCode.OK
    assert max(await delays(spring)) <= REAL.look_max_s + 0.5


async def test_when_events_stay_away_trust_is_lost_at_the_first_call(staged: MakeStage) -> None:
    """One call may be seen late, by the safety net; all later ones are looked for as without events."""
    spring = staged(counting())
    assert (await run(spring, Post(spring, tells_of=lambda nth: nth < 8))).exit_code is ExitCode.OK
    late = [delay for delay in await delays(spring) if delay > REAL.look_max_s + 0.5]
    assert len(late) <= PEOPLE / 4
    assert max(await delays(spring)) <= REAL.net_look_s + REAL.look_max_s


async def test_forged_hints_cost_one_look_a_second_for_each_live_call(staged: MakeStage) -> None:
    """Hints for a call that goes on are harmless and bounded; hints for no call at all cause nothing."""
    spring = staged(counting("never_end#1", behaviour=replace(ANSWER, talk_median_s=5.0)))
    spring.settings, spring.timing = make_settings(pace=PACE, call={"max_duration": "60s"}), REAL
    await spring.enrol(*numbers(1))

    async def alive() -> bool:
        return True

    async def forge() -> None:
        await spring.write(hints.token, new="token", now=NOON)
        while True:
            await anyio.sleep(0.25)
            if calls := list(spring.simulator.provider.calls):
                await spring.write(hints.leave, calls, spring.now())

    spring.is_listened_to = alive
    began = anyio.current_time()
    report = await spring.run(alongside=forge)
    assert report.exit_code is ExitCode.NEEDS_REVIEW
    assert spring.dialled() == {numbers(1)[0]: 1}
    assert asked_of(spring)["get"] <= anyio.current_time() - began + 2


async def test_a_hint_is_not_a_result(staged: MakeStage) -> None:
    """A call that is said to have ended and has not goes on, and ends when it does."""
    spring = staged(counting())

    async def lie() -> None:
        while True:
            await anyio.sleep(1)
            if calls := list(spring.simulator.provider.calls):
                await spring.write(hints.leave, calls, spring.now())

    assert (await run(spring, Post(spring), lie)).exit_code is ExitCode.OK
    assert min(await delays(spring)) >= 0
    assert await spring.statuses() == {RowStatus.COMPLETED: PEOPLE}
    assert all(row.transcript for row in await spring.rows())


@pytest.mark.parametrize("closes_after_s", [400, 420, 440])
async def test_who_is_queued_is_looked_at_as_ever(staged: MakeStage, closes_after_s: float) -> None:
    """However well events tell of ends: who would be rung just after closing is taken out of the queue."""
    few = 8
    placed_s = (few - 1) / PACE["calls_per_second"]
    spring = staged(counting(f"queue={closes_after_s + 8 - placed_s:.0f}#{few}"))
    show = wall_clock()
    ahead = NOON + timedelta(minutes=1) - timedelta(seconds=closes_after_s) - show()
    spring.now = lambda: show() + ahead
    post = Post(spring)
    hours = {"days": {"mon-sun": "09:00-13:01"}, "closing_margin": "0s", "number_margin": "0s"}
    spring.settings, spring.timing = make_settings(pace=PACE, hours=hours), REAL
    await spring.enrol(*numbers(few))
    spring.is_listened_to = post.alive
    await spring.run(alongside=post.run)
    assert len(post.told) > 2 * TRUSTED_AFTER
    [queued] = [call for call in spring.simulator.provider.calls.values() if call.queued_s]
    assert queued.rings_at() is None


async def test_a_ledger_that_cannot_say_whether_anybody_listens_ends_the_run(staged: MakeStage) -> None:
    """It is the ledger that could not be read."""
    spring = staged(counting())
    spring.settings = make_settings(pace=PACE)
    await spring.enrol(*numbers(2))

    async def broken() -> bool:
        raise LedgerError("gone")

    spring.is_listened_to = broken
    with pytest.raises(ExceptionGroup) as failure:
        await spring.run()
    assert failure.group_contains(LedgerError)


def test_trust_takes_some_calls_in_a_row_and_is_lost_by_one() -> None:
    """A listener alone is not enough; nor are calls that were told of while none is there."""
    hearing = Hearing()
    for _ in range(TRUSTED_AFTER):
        assert not hearing.over(was_told=True)
    assert not hearing.is_trusted
    assert not hearing.listened_to(True)
    assert hearing.is_trusted
    assert hearing.over(was_told=False)
    assert not hearing.over(was_told=False)
    for _ in range(TRUSTED_AFTER - 1):
        hearing.over(was_told=True)
        assert not hearing.is_trusted
    hearing.over(was_told=True)
    assert hearing.listened_to(False)
    assert not hearing.listened_to(False)
