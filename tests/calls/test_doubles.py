"""Runs in which OneInbox acts twice on one request and answers with one call: both are followed, and no other
person is rung."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import anyio
import pytest
from sqlalchemy import select

from campaign.calls.report import RunReport
from campaign.errors import ExitCode
from campaign.ledger import breakers, doubles, schema, suppression
from campaign.ledger.ledger import Connection
from campaign.models import RowStatus
from campaign.simulator.app import Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour, Conversation
from campaign.simulator.provider import Provider, SimulatedCall
from tests.calls.harness import FAST, QUICK, Stage, numbers, simulated, wall_clock
from tests.calls.held_time import HeldClock
from tests.support import make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
TALKATIVE = Behaviour(answer=1.0, voicemail=0.0, busy=0.0, no_answer=0.0, talk_sigma=0.0)
NOBODY = Behaviour(answer=0.0, voicemail=0.0, busy=0.0, no_answer=1.0)


@dataclass(slots=True)
class Shy(Provider):
    """Its lists show the second call of a request only when somebody else's call has come so far."""

    shows: Callable[[], bool] = lambda: True

    def listed(self, agent_id: str | None, status: str | None = None) -> list[SimulatedCall]:
        """As in the simulator."""
        first = {call.metadata["campaign_attempt"]: call.id for call in reversed(list(self.calls.values()))}
        shown = Provider.listed(self, agent_id, status)
        return shown if self.shows() else [call for call in shown if call.id in first.values()]


def shy(*faults: str, behaviour: Behaviour = TALKATIVE) -> tuple[Simulator, Shy]:
    """An account with such lists."""
    provider = Shy(behaviour=behaviour, speed=500, monotonic=anyio.current_time, started_at=wall_clock()())
    plan = FaultPlan(tuple(Fault.parse(text) for text in faults))
    return Simulator(provider=provider, faults=plan), provider


def known_calls(connection: Connection) -> dict[str, tuple[str, float | None, bool]]:
    """By the id of each call that the ledger has: its token, how long it took, and whether it has settled."""
    rows = connection.execute(
        select(
            schema.calls.c.call_id,
            schema.attempts.c.token,
            schema.calls.c.duration_seconds,
            schema.calls.c.settled_at,
        ).join(schema.attempts)
    )
    return {row.call_id: (row.token, row.duration_seconds, row.settled_at is not None) for row in rows}


def events(connection: Connection) -> list[str]:
    """What was journalled, in order."""
    return list(connection.scalars(select(schema.events.c.event).order_by(schema.events.c.id)))


async def check_all_are_followed(spring: Stage) -> None:
    """The ledger has every call with the token that it carries, and they have settled with their length."""
    made = spring.simulator.provider.calls
    known = await spring.read(known_calls)
    assert {call_id: token for call_id, (token, _, _) in known.items()} == {
        call_id: call.metadata["campaign_attempt"] for call_id, call in made.items()
    }
    assert all(seconds is not None and is_settled for _, seconds, is_settled in known.values())


def has_stopped(report: RunReport, calls: int = 2) -> bool:
    """Whether the breaker says that one request has made so many calls."""
    return report.exit_code is ExitCode.API_UNAVAILABLE and f"{calls} calls of one request" in str(
        report.stop_error
    )


@pytest.mark.parametrize("max_live_calls", [1, 2, 8])
async def test_a_second_call_of_a_request_that_was_answered_stops_dialling(
    stage: MakeStage, max_live_calls: int
) -> None:
    """The list shows two calls where the reply named one: both are followed to their end, and the run stops,
    also where one call at a time would be looked at by itself."""
    spring = stage("duplicate#1")
    spring.settings = make_settings(pace={"calls_per_second": 20, "max_live_calls": max_live_calls})
    await spring.enrol(*numbers(40))
    report = await spring.run()
    assert has_stopped(report)
    assert spring.dialled()[numbers(1)[0]] == 2
    assert (await spring.statuses())[RowStatus.WAITING] >= 40 - 2 * max_live_calls
    await check_all_are_followed(spring)
    assert not {RowStatus.LIVE, RowStatus.SETTLING} & (await spring.statuses()).keys()


async def test_every_request_that_is_doubled_is_noticed(stage: MakeStage) -> None:
    """Several at once: nobody's second call is lost, and what is counted is what the ledger has."""
    spring = stage("duplicate")
    spring.settings = make_settings(pace={"calls_per_second": 500, "burst": 20, "max_live_calls": 20})
    await spring.enrol(*numbers(40))
    report = await spring.run()
    assert has_stopped(report)
    await check_all_are_followed(spring)
    assert report.outlay is not None
    assert report.outlay.spent.calls == len(spring.simulator.provider.dials)


async def test_a_call_whose_reply_has_not_come_yet_is_no_second_one(stage: MakeStage) -> None:
    """A list that shows a call before its reply is there, or before a doubt is settled, proves nothing."""
    spring = stage("stall=0.2#2-4", "lose_reply#5")
    spring.settings = make_settings(pace={"calls_per_second": 500, "burst": 20, "max_live_calls": 20})
    await spring.enrol(*numbers(12))
    assert (await spring.run()).exit_code is ExitCode.OK


async def test_a_second_call_is_found_after_a_doubt_was_settled(stage: MakeStage) -> None:
    """The look that settles a doubt has shown one call; when another one turns up, it is followed as well."""
    spring = stage()
    spring.simulator, provider = shy("duplicate#1", "lose_reply#1")
    spring.settings = make_settings(pace={"calls_per_second": 500, "max_live_calls": 1})
    spring.timing = replace(QUICK, doubles_look_s=0.05)
    await spring.enrol(*numbers(5))
    provider.shows = lambda: len(spring.dialled()) > 1
    assert has_stopped(await spring.run())
    await check_all_are_followed(spring)


async def test_a_second_call_of_a_call_that_has_ended_makes_the_row_live_again(stage: MakeStage) -> None:
    """While results of the first call are awaited another one turns up: the row is over when both are."""
    spring = stage()
    slow = replace(TALKATIVE, results_late_s=10_000.0)
    spring.simulator, provider = shy("duplicate#1", behaviour=slow)
    spring.settings = make_settings(pace={"calls_per_second": 500, "max_live_calls": 1})
    spring.timing = replace(QUICK, doubles_look_s=0.05, results_wait_s=2.0)
    await spring.enrol(*numbers(5))
    provider.shows = lambda: len(spring.dialled()) > 1
    assert has_stopped(await spring.run())
    await check_all_are_followed(spring)
    told = await spring.read(events)
    assert told[told.index("call.doubled") :].count("call.ended") == 2
    assert "call.live_again" in told


async def test_a_second_call_of_an_attempt_that_is_over_is_kept_with_its_wish(stage: MakeStage) -> None:
    """When it turns up after the first one has settled, its id, its length and what was asked are kept."""
    spring = stage()
    angry = replace(TALKATIVE, replies=("Please stop calling me.",))
    spring.simulator, provider = shy("duplicate#1", behaviour=angry)
    spring.settings = make_settings(pace={"calls_per_second": 500, "max_live_calls": 1})
    spring.timing = replace(QUICK, doubles_look_s=0.05)
    await spring.enrol(*numbers(5))
    provider.shows = lambda: len(spring.dialled()) > 2
    report = await spring.run()
    assert has_stopped(report)
    await check_all_are_followed(spring)
    assert "call.late_results" in await spring.read(events)
    assert (await spring.read(suppression.suppressed)).keys() == set(numbers(3))
    assert report.outlay is not None
    assert report.outlay.spent.calls == 4


def turned_away(stage: MakeStage, status: int, *faults: str, behaviour: Behaviour) -> Stage:
    """OneInbox acts on the second request, and something on the way answers with this status."""
    spring = stage(simulator=simulated(f"act_then_status={status}#2", *faults, behaviour=behaviour))
    spring.settings = make_settings(pace={"calls_per_second": 50, "max_live_calls": 2})
    # After a 429 all wait until the pause is over, and by then a list has shown the call.
    spring.timing = replace(QUICK, doubles_look_s=0.05, backoff_s=0.2)
    return spring


@pytest.mark.parametrize(
    ("status", "left", "reason"),
    [
        (422, RowStatus.COMPLETED, "asked not to be called again"),
        (429, RowStatus.WAITING, "OneInbox turned the request away, and the call found later"),
    ],
)
async def test_a_call_of_a_request_that_was_turned_away_stops_dialling(
    stage: MakeStage, status: int, left: RowStatus, reason: str
) -> None:
    """A gateway says no after OneInbox has acted: a list shows the call, and what was asked in it counts."""
    angry = replace(TALKATIVE, replies=("Please stop calling me.",))
    spring = turned_away(stage, status, behaviour=angry)
    await spring.enrol(*numbers(40))

    report = await spring.run()

    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "1 call of a request that it had turned away (row 3)" in str(report.stop_error)
    await check_all_are_followed(spring)
    second = numbers(2)[1]
    assert spring.dialled()[second] == 1
    assert second in await spring.read(suppression.suppressed)
    [row] = [row for row in await spring.rows() if row.to_number == second]
    assert (row.status, row.attempts) == (left, 1)
    assert row.reason.startswith(reason)
    assert "call.made_after_all" in await spring.read(events)
    assert report.outlay is not None
    assert report.outlay.spent.calls == len(spring.simulator.provider.dials)


async def test_a_request_that_is_listed_as_a_call_never_made_stops_nothing(stage: MakeStage) -> None:
    """OneInbox keeps what it has turned away among its failed calls: nobody was rung."""
    faults = ("act_then_status=422#2", "fail_call=invalid_number#2")
    spring = stage(simulator=simulated(*faults, behaviour=TALKATIVE))
    spring.timing = replace(QUICK, doubles_look_s=0.05)
    await spring.enrol(*numbers(6))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert await spring.statuses() == {RowStatus.COMPLETED: 5, RowStatus.REFUSED: 1}


async def test_the_call_of_a_throttled_request_ends_its_row_when_it_is_read(stage: MakeStage) -> None:
    """Until then the row waits, for no human and with no run: the next one asks again."""
    spring = turned_away(stage, 429, "status=503@get", behaviour=NOBODY)
    people = numbers(3)
    await spring.enrol(*people)
    assert (await spring.run()).exit_code is ExitCode.API_UNAVAILABLE
    await spring.write(breakers.reset, spring.campaign_id, who="op", reason="mended", now=spring.now())
    spring.timing = replace(spring.timing, longest_idle_s=3600.0)

    report = await spring.run()
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert report.elapsed_s < 300
    [row] = [row for row in await spring.rows() if row.to_number == people[1]]
    assert (row.status, row.reason) == (RowStatus.WAITING, "how an earlier call ended is not read yet")

    spring.simulator.faults.faults = ()
    assert (await spring.run()).exit_code is ExitCode.OK
    assert await spring.statuses() == {RowStatus.UNREACHED: 3}
    assert spring.dialled() == dict.fromkeys(people, 1)


@pytest.mark.parametrize(
    ("end_reason", "left"), [("no_answer", RowStatus.WAITING), ("invalid_number", RowStatus.UNREACHED)]
)
async def test_a_throttled_request_that_is_listed_as_a_failed_call_was_a_try(
    stage: MakeStage, end_reason: str, left: RowStatus
) -> None:
    """Nobody can tell whether the phone has rung, so the person is not dialled at once. It stops nothing."""
    spring = turned_away(stage, 429, f"fail_call={end_reason}#2", behaviour=TALKATIVE)
    pace = {"calls_per_second": 50, "max_live_calls": 2}
    spring.settings = make_settings(pace=pace, retry={"max_attempts": 2, "no_answer": ["2h"]})
    spring.timing = replace(spring.timing, longest_idle_s=3600.0)
    people = numbers(8)
    await spring.enrol(*people)
    # The first run reads at its end how that call went.
    reports = [await spring.run() for _ in range(2)]
    assert all(report.elapsed_s < 300 for report in reports)
    assert await spring.statuses() == {RowStatus.COMPLETED: 7, left: 1}
    assert spring.dialled() == dict.fromkeys(people, 1)
    due = reports[-1].next_due
    assert (due is not None) == (left is RowStatus.WAITING)
    assert due is None or due - spring.now() > timedelta(minutes=110)


async def test_many_throttled_requests_that_are_listed_as_failed_calls_stop_the_run(stage: MakeStage) -> None:
    """Each uses up a try of its row, so they are calls that fail to the breaker."""
    spring = turned_away(stage, 429, behaviour=TALKATIVE)
    throttled = [f"#{at}-{at + 3}" for at in range(2, 200, 5)]
    faults = [
        f"{kind}{at}" for kind in ("act_then_status=429", "fail_call=carrier_error") for at in throttled
    ]
    spring.simulator.faults.faults = tuple(map(Fault.parse, faults))
    await spring.enrol(*numbers(60))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "16 of the last 20 calls have failed" in str(report.stop_error)


@dataclass(slots=True)
class Reticent(Provider):
    """Its lists write numbers in a way of their own, and are empty for a time."""

    shows: bool = True

    def listed(self, agent_id: str | None, status: str | None = None) -> list[SimulatedCall]:
        """As in the simulator, but for that."""
        shown = Provider.listed(self, agent_id, status) if self.shows else []
        return [replace(call, to_number="sip:anna@example.org", from_number="") for call in shown]


def reticent(spring: Stage, *faults: str) -> Reticent:
    """Give the stage such an account."""
    provider = Reticent(behaviour=TALKATIVE, speed=500, monotonic=anyio.current_time, started_at=spring.now())
    plan = FaultPlan(tuple(map(Fault.parse, faults)))
    spring.simulator = Simulator(provider=provider, faults=plan)
    return provider


async def test_whom_a_failed_call_was_to_is_known_by_the_ledger(stage: MakeStage) -> None:
    """Lists may write numbers anyhow, or not at all."""
    spring = turned_away(stage, 429, behaviour=TALKATIVE)
    reticent(spring, "act_then_status=429#2", "fail_call=no_answer#2")
    people = numbers(8)
    await spring.enrol(*people)
    for _ in range(2):
        assert (await spring.run()).exit_code in {ExitCode.OK, ExitCode.NOT_FINISHED}
    assert await spring.statuses() == {RowStatus.COMPLETED: 7, RowStatus.UNREACHED: 1}
    assert spring.dialled() == dict.fromkeys(people, 1)


async def test_calls_of_another_campaign_that_have_failed_do_not_stop_this_one(stage: MakeStage) -> None:
    """Last night's throttled requests, which the first page of tonight shows, say nothing of tonight's."""
    spring = turned_away(stage, 429, behaviour=TALKATIVE)
    throttled = range(2, 48, 2)
    faults = (f"act_then_status=429#{at}" for at in throttled)
    provider = reticent(spring, *faults, *(f"fail_call=carrier_error#{at}" for at in throttled))
    provider.shows, spring.patience_s = False, 3600.0
    await spring.enrol(*numbers(24), name="night-1")
    assert (await spring.run()).exit_code is ExitCode.OK
    assert len(provider.calls) > 44

    provider.shows = True
    await spring.enrol(*numbers(40)[30:], name="night-2")
    report = await spring.run()

    assert report.exit_code is ExitCode.OK
    assert (await spring.read(events)).count("call.made_after_all") > 20


async def test_a_second_call_that_an_earlier_run_has_not_seen_is_found_before_anybody_is_dialled(
    stage: MakeStage, clock: HeldClock
) -> None:
    """The next run's first page shows it, though nothing is followed and nobody is due."""
    spring = stage()
    spring.simulator, provider = shy("duplicate#1", behaviour=NOBODY)
    provider.shows = lambda: False
    spring.settings = make_settings(pace=FAST, retry={"max_attempts": 2, "no_answer": ["2h"]})
    spring.timing = replace(QUICK, longest_idle_s=0.0)
    [anna] = numbers(1)
    await spring.enrol(anna)
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED

    clock.advance(3600.0)
    provider.shows = lambda: True
    assert has_stopped(await spring.run())

    await check_all_are_followed(spring)
    assert spring.dialled() == {anna: 2}


async def test_a_double_that_was_told_once_does_not_stop_the_next_run(stage: MakeStage) -> None:
    """When a human has closed the breaker, calls that are known hold nobody up."""
    spring = stage("duplicate#1")
    await spring.enrol(*numbers(60))
    assert has_stopped(await spring.run())
    await spring.write(breakers.reset, spring.campaign_id, who="op", reason="mended", now=spring.now())
    assert (await spring.run()).exit_code is ExitCode.OK
    assert sum(spring.dialled().values()) == 61


async def test_a_second_call_of_a_call_that_a_run_does_not_follow_holds_nothing_up(stage: MakeStage) -> None:
    """A single call leaves others' calls to the next run; a second one that turns up is on record then."""
    spring = stage()
    spring.simulator, provider = shy("duplicate#1")
    provider.shows = lambda: False
    await spring.enrol(numbers(1)[0], name="night-1")
    await spring.run(follow=False)

    provider.shows = lambda: True
    await spring.enrol(numbers(2)[1], name="call")
    assert has_stopped(await spring.run(follow_others=False))

    await spring.write(
        breakers.reset, campaign_id=spring.campaign_id, who="op", reason="told", now=spring.now()
    )
    assert (await spring.run()).exit_code is ExitCode.OK
    await check_all_are_followed(spring)


@pytest.mark.parametrize("is_on", [True, False])
async def test_nobody_is_dialled_again_while_another_call_of_theirs_is_on(
    stage: MakeStage, clock: HeldClock, is_on: bool
) -> None:
    """The first call of a request has rung in vain, and the second one is found when the next try is due."""
    spring = stage(simulator=simulated(behaviour=NOBODY))
    spring.settings = make_settings(pace=FAST, retry={"max_attempts": 2, "no_answer": ["2h"]})
    spring.timing = replace(QUICK, longest_idle_s=10.0)
    [anna] = numbers(1)
    await spring.enrol(anna)
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    provider = spring.simulator.provider
    [first] = provider.calls.values()

    clock.advance(7_300.0)
    further = provider.place(
        agent_id=first.agent_id, to_number=anna, from_number=first.from_number, variables={}, metadata={}
    )
    if is_on:
        lasts_s = 1e6
        further.conversation = Conversation("answered", 5.0, lasts_s, lasts_s, (), None, None)
    else:
        clock.advance(60.0)
    await spring.write(doubles.record_doubles, 1, [further.id], spring.now())
    report = await spring.run()

    assert spring.dialled() == {anna: 2 if is_on else 3}
    assert report.exit_code is (ExitCode.NOT_FINISHED if is_on else ExitCode.OK)
