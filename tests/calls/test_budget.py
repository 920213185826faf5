"""A budget over whole runs: in virtual time, with retries and deaths, and against the account's own quota."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest

from campaign.calls.report import RunReport
from campaign.calls.spending import Spending
from campaign.calls.timing import Timing
from campaign.errors import ExitCode
from campaign.ledger import campaigns
from campaign.ledger.scratch import ScratchLedger
from campaign.models import CallRequest, Intake, RowStatus
from campaign.oneinbox.errors import ApiError
from campaign.rehearsal.account import VirtualAccount
from campaign.rehearsal.clock import VirtualClock
from campaign.rehearsal.world import World
from campaign.rules.outlay import Terms
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider
from campaign.simulator.wire import duration_s
from tests.support import NOON, make_settings

PEOPLE = 30
PACE = {"calls_per_second": 2, "max_live_calls": 10}
MakeWorld = Callable[..., World]


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """In virtual time the ledger is in memory and belongs to the event loop."""


@pytest.fixture
def make_world(make_intake: Callable[..., Intake]) -> MakeWorld:
    """A campaign of some people, at the pace of two calls a second."""

    def make(
        *faults: str,
        start: timedelta = timedelta(),
        daily_quota: int | None = None,
        over_quota: int = 402,
        behaviour: Behaviour | None = None,
        **changes: Any,
    ) -> World:
        lines = ["phone,customer_name", *(f"+1202555{at:04d},Person {at}" for at in range(100, 100 + PEOPLE))]
        settings = make_settings(**{"pace": PACE, "call": {"max_duration": "10m"}, **changes})
        begin = partial(
            campaigns.start,
            name="spring",
            name_pattern="spring",
            agent_id=settings.agent_id,
            intake=make_intake(*lines, settings=settings),
            now=NOON,
        )
        clock = VirtualClock(NOON + start)
        ledger = ScratchLedger()
        [campaign_id] = ledger.transact([begin])
        return World(
            clock=clock,
            ledger=ledger,
            provider=Provider(
                behaviour=behaviour or Behaviour(),
                monotonic=clock.monotonic,
                started_at=NOON + start,
                daily_quota=daily_quota,
                over_quota=over_quota,
            ),
            settings=settings,
            campaign_id=campaign_id,
            rng=Random(1),
            timing=Timing(progress_s=3600.0),
            faults=FaultPlan(tuple(map(Fault.parse, faults))),
        )

    return make


def lived(world: World, **how: Any) -> RunReport:
    """A run that nobody has killed."""
    report = world.live(**how)
    assert report is not None
    return report


def minutes(world: World) -> float:
    """As the provider counts them."""
    return sum(map(duration_s, world.provider.calls.values())) / 60


@pytest.mark.parametrize(
    "budget",
    [
        {"minutes": 14},
        {"calls": 7},
        {"credits": 14},
        {"cents": 30, "cents_per_minute": 2},
    ],
)
def test_dialling_ends_when_the_budget_is_used_up(make_world: MakeWorld, budget: dict[str, float]) -> None:
    """It goes on while ended calls give room back, and ends with 75 and a line with the key to raise."""
    world = make_world(budget=budget)
    report = lived(world)
    name = next(iter(budget))
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert report.stop_notice.startswith(f"the budget of {budget[name]} {name} is used up: ")
    assert report.stop_notice.endswith(f"; raise budget.{name}")
    assert report.outlay is not None
    assert report.outlay.spent == report.outlay.committed
    assert report.outlay.committed.of(name) <= budget[name]
    assert report.outlay.with_next.of(name) > budget[name]
    assert report.outlay.committed.calls == len(world.provider.dials) < PEOPLE
    # Nobody is held row by row: whoever was not called waits as before.
    assert report.counts.keys() <= {RowStatus.COMPLETED, RowStatus.UNREACHED, RowStatus.WAITING}
    assert report.next_due is None


def test_a_raised_budget_goes_on_where_the_other_one_ended(make_world: MakeWorld) -> None:
    """What earlier runs have spent counts, and the campaign comes to its end when it is allowed to."""
    world = make_world(budget={"calls": 7})
    lived(world)
    assert lived(world).stop_notice.startswith("the budget of 7 calls is used up: 7 spent")
    assert len(world.provider.dials) == 7
    world.settings = make_settings(pace=PACE, budget={"calls": PEOPLE})
    assert lived(world).exit_code is ExitCode.OK
    assert len(world.provider.dials) == PEOPLE


def test_calls_that_overlap_cannot_pass_it_together(make_world: MakeWorld) -> None:
    """With room for two calls at their longest, two are live at a time, whatever the pace allows."""
    world = make_world(budget={"minutes": 20.5})
    lived(world)
    calls = list(world.provider.calls.values())
    for call in calls:
        assert sum(other.placed_at <= call.placed_at < other.ends_at() for other in calls) <= 2
    assert len(calls) > 4


def test_what_a_killed_run_has_left_live_counts(make_world: MakeWorld) -> None:
    """Killed with two calls on the line, the next run dials nobody until these have given room back."""
    world = make_world(budget={"minutes": 20}, behaviour=Behaviour(answer=1.0, talk_median_s=300.0))
    assert world.live(kill_after_s=30) is None
    left = [call for call in world.provider.calls.values() if call.ends_at() > world.provider.now()]
    assert len(left) == 2
    lived(world)
    later = [call for call in world.provider.calls.values() if call not in left]
    assert all(call.placed_at >= min(each.ends_at() for each in left) for call in later)
    assert minutes(world) <= 20


def test_a_lost_reply_keeps_its_room(make_world: MakeWorld) -> None:
    """A request whose fate stays unknown counts as a whole call, also for the runs after it."""
    world = make_world("drop#1", budget={"minutes": 15})
    report = lived(world)
    assert (len(world.provider.dials), report.counts[RowStatus.NEEDS_REVIEW]) == (0, 1)
    assert "0 spent, 10 set aside for calls that are not settled" in report.stop_notice
    assert lived(world).stop_notice == report.stop_notice


def test_who_was_not_called_gives_the_room_back(make_world: MakeWorld) -> None:
    """Refused and throttled requests cost nothing."""
    world = make_world(
        "refuse#1-5", "throttle=1#7-9", budget={"calls": PEOPLE - 5}, breaker={"same_refusals": 6}
    )
    assert lived(world).exit_code is ExitCode.OK
    assert len(world.provider.dials) == PEOPLE - 5


def test_the_agents_own_maximum_counts(make_world: MakeWorld) -> None:
    """When the agent ends calls after a minute, that much is set aside for each."""
    world = make_world(budget={"minutes": 3})
    world.longest_call_s = 60.0
    report = lived(world)
    assert len(world.provider.dials) > 2
    assert "the next call may take 1;" in report.stop_notice


def test_a_budget_too_small_for_one_call_calls_nobody(make_world: MakeWorld) -> None:
    """The line says how long a call may take."""
    world = make_world(budget={"minutes": 5})
    report = lived(world)
    assert report.stop_notice == (
        "the budget of 5 minutes is used up: 0 spent, the next call may take 10; raise budget.minutes"
    )
    assert not world.provider.dials


@pytest.mark.parametrize("seed", range(12))
def test_the_budget_holds_through_deaths_and_the_memory_is_true(make_world: MakeWorld, seed: int) -> None:
    """Under faults, retries and kills the provider never counts more, and memory and ledger agree."""
    rng = Random(seed)
    limit = rng.choice((11, 20, 33, 50))
    world = make_world(
        *rng.sample(("lose_reply%20", "throttle=2%20", "refuse%10", "drop%10", "act_then_status=502%10"), 2),
        budget={"minutes": limit},
        retry={"max_attempts": 2, "no_answer": ["2m"], "busy": ["1m"]},
        behaviour=Behaviour(talk_median_s=rng.choice((30.0, 120.0))),
    )
    world.rng = rng
    for _ in range(4):
        world.live(kill_after_s=rng.uniform(1, 200))
        assert minutes(world) <= limit
    report = lived(world)
    assert minutes(world) <= limit
    by_ledger = world.ledger.read(Spending.read, world.campaign_id, Terms(600.0)).outlay()
    assert report.outlay is not None
    assert report.outlay.committed.minutes == pytest.approx(by_ledger.committed.minutes)
    assert report.outlay.spent.minutes == pytest.approx(by_ledger.spent.minutes)


# The account's own quota.


@pytest.mark.parametrize("over_quota", [402, 403, 429])
def test_a_used_up_day_ends_the_run(make_world: MakeWorld, over_quota: int) -> None:
    """At noon nobody waits for midnight: exit 75, and a line that says when OneInbox counts anew."""
    world = make_world(daily_quota=12, over_quota=over_quota)
    report = lived(world)
    assert len(world.provider.dials) == 12
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert report.stop_notice == (
        "the OneInbox account's calls of today are used up: 12 of 12 made; it counts anew at 00:00 UTC"
    )
    assert report.next_due == NOON.replace(hour=0) + timedelta(days=1)
    assert report.counts[RowStatus.WAITING] == PEOPLE - 12
    assert world.provider.refused_by_quota == 0


def test_some_calls_are_left_to_others(make_world: MakeWorld) -> None:
    """`budget.reserve_calls` of the account's day are not this campaign's."""
    world = make_world(daily_quota=12, budget={"reserve_calls": 5})
    report = lived(world)
    assert len(world.provider.dials) == 7
    assert ", 5 left to others by budget.reserve_calls;" in report.stop_notice


def test_shortly_before_midnight_the_run_waits(make_world: MakeWorld) -> None:
    """Where the next day is near, the run goes on with it."""
    world = make_world(start=timedelta(hours=6, minutes=40), daily_quota=16)
    report = lived(world)
    assert report.exit_code is ExitCode.OK
    assert len(world.provider.dials) == PEOPLE
    assert world.clock.now() >= NOON.replace(hour=0) + timedelta(days=1)


@pytest.mark.parametrize("over_quota", [402, 403, 429])
def test_others_may_use_up_the_day(make_world: MakeWorld, over_quota: int) -> None:
    """When another program has made the calls meanwhile, a refusal is understood, and costs no row."""
    world = make_world(daily_quota=20, over_quota=over_quota)

    def others() -> None:
        world.provider.daily_quota = world.provider.made_today

    report = lived(world, meanwhile={4.0: others})
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert "calls of today are used up" in report.stop_notice
    assert report.counts.keys() <= {RowStatus.COMPLETED, RowStatus.UNREACHED, RowStatus.WAITING}


@pytest.mark.parametrize(
    "trouble", ["status=404@usage", "status=403@usage", "status=500@usage", "garble@usage"]
)
def test_an_account_that_does_not_tell_holds_nobody_back(make_world: MakeWorld, trouble: str) -> None:
    """Without a usable answer nothing is known, and the run goes on."""
    world = make_world(trouble)
    assert lived(world).exit_code is ExitCode.OK


def test_an_account_without_a_limit_holds_nobody_back(make_world: MakeWorld) -> None:
    """No daily limit is told: nothing to keep to."""
    world = make_world()
    assert lived(world).exit_code is ExitCode.OK
    assert world.faults._requests["usage"] == 1


def test_a_quota_that_cannot_be_asked_again_goes_as_far_as_it_is_known(make_world: MakeWorld) -> None:
    """Once known, a quota holds although the endpoint fails from then on."""
    world = make_world("status=500@usage#2-999", daily_quota=12)
    world.live(deadline=world.clock.now() + timedelta(minutes=20))
    assert len(world.provider.dials) <= 12
    assert world.provider.refused_by_quota == 0


def test_a_refusal_for_another_reason_stops_at_once(make_world: MakeWorld) -> None:
    """With calls left in the day, an empty wallet is what it was."""
    world = make_world("status=402@create#5-999", daily_quota=100)
    report = lived(world)
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert len(world.provider.dials) == 4


@pytest.mark.parametrize(("status", "exit_code"), [(401, 77), (402, 69), (403, 77)])
def test_nobody_is_dialled_while_the_quota_is_asked_about_a_refusal(
    make_world: MakeWorld, status: int, exit_code: int
) -> None:
    """Until it is known what a refusal means no request follows, at any pace, and the row is not lost."""
    world = make_world(
        f"status={status}@create#5-999",
        daily_quota=10_000,
        pace={"calls_per_second": 20, "burst": 3, "max_live_calls": 25, "stages": []},
    )
    sent: list[float] = []
    refused: list[float] = []

    class Noting(VirtualAccount):
        async def create_call(self, request: CallRequest, *last_check: Callable[[], object]) -> str:
            sent.append(world.clock.monotonic())
            try:
                return await super().create_call(request, *last_check)
            except ApiError:
                refused.append(world.clock.monotonic())
                raise

    world.account_of_a_life = Noting
    report = lived(world)
    assert report.exit_code == exit_code
    assert [at for at in sent if at > refused[0]] == []
    assert report.counts[RowStatus.WAITING] == PEOPLE - 4
