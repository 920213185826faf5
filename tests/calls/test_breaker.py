"""Runs on both databases in which something is wrong for everybody, or for all of one kind."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import anyio
import pytest
from sqlalchemy import Connection, select

from campaign.calls import breaker
from campaign.calls.runner import utc_now
from campaign.errors import ExitCode
from campaign.ledger import breakers, schema
from campaign.ledger.breakers import BreakerRecord
from campaign.models import E164, CallRequest, RowStatus
from campaign.oneinbox.errors import AccountRefused, CountryRefused, KeyRefused, Part, SetupRefused
from campaign.simulator.app import Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour, Conversation
from campaign.simulator.provider import Provider, SimulatedCall
from tests.calls.harness import FAST, IMPATIENT, QUICK, Stage, numbers, simulated, wall_clock
from tests.support import make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
GOOD = Behaviour(answer=0.5, voicemail=0.5, busy=0.0, no_answer=0.0)


def slowly(**changes: Any) -> Any:
    """A few calls at a time, so that a run can be stopped in its middle."""
    return make_settings(pace={"calls_per_second": 100, "max_live_calls": 2}, **changes)


async def still_open(stage: Stage) -> list[BreakerRecord]:
    """What the ledger has open for the campaign."""
    return await stage.read(breakers.open_breakers, stage.campaign_id)


async def reset(stage: Stage) -> None:
    """As `campaign resume` does."""
    await stage.write(breakers.reset, stage.campaign_id, who="op", reason="mended", now=stage.now())


@pytest.mark.parametrize(
    ("fault", "exit_code"),
    [
        ("status=401", ExitCode.KEY_REFUSED),
        ("status=402", ExitCode.API_UNAVAILABLE),
        ("refuse_setup=carrier", ExitCode.CONFIG),
    ],
)
async def test_what_a_human_has_to_close_stays_open_until_then(
    stage: MakeStage, fault: str, exit_code: ExitCode
) -> None:
    """The next run dials nobody and says so with 69; after the reset everybody is called once."""
    spring = stage(f"{fault}#3-9999")
    spring.settings = slowly()
    spring.ledger_flag = " --ledger /srv/ledger.db"
    await spring.enrol(*numbers(8))
    report = await spring.run()
    assert report.exit_code is exit_code
    cure = "then `campaign resume spring --reason TEXT --ledger /srv/ledger.db`"
    assert str(report.stop_error).endswith(cure)
    assert len(spring.dialled()) == 2
    # What was live is followed to its end: OneInbox still answers GETs.
    assert not (await spring.statuses())[RowStatus.LIVE]

    spring.simulator.faults.faults = ()
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "dialling was stopped" in str(report.stop_error)
    assert str(report.stop_error).endswith(cure)
    assert len(spring.dialled()) == 2
    [known] = await still_open(spring)
    assert known.evidence["requests before it"] in (1, 2)

    await reset(spring)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(8), 1)


async def test_what_is_wrong_with_the_account_holds_other_campaigns(stage: MakeStage) -> None:
    """A refused key is refused for all; what is wrong with one campaign's set-up is not."""
    spring = stage("status=401#1", "refuse_setup=agent#2")
    spring.settings = slowly()
    await spring.enrol(*numbers(2), name="first")
    assert (await spring.run()).exit_code is ExitCode.KEY_REFUSED
    first = spring.campaign_id
    await spring.enrol("+13125550199", name="second")
    assert (await spring.run()).exit_code is ExitCode.API_UNAVAILABLE
    assert [each.campaign for each in await still_open(spring)] == ["first"]
    await reset(spring)
    assert (await spring.run()).exit_code is ExitCode.CONFIG
    spring.campaign_id = first
    assert (await spring.run()).exit_code is ExitCode.OK


@pytest.mark.parametrize(
    ("fault", "dials"), [("refuse_setup=agent", 0), ("refuse_country=44", 2), ("refuse#1-3", 0)]
)
async def test_the_next_nights_of_the_same_name_are_held_as_well(
    stage: MakeStage, fault: str, dials: int
) -> None:
    """Until a human has closed it for any of them; a campaign of another name is not concerned."""
    abroad, home = ["+442079460001", "+442079460002", "+442079460003"], numbers(2)
    night = stage(fault)
    night.settings = slowly(contacts={"countries": ["US", "GB"]}, breaker={"same_refusals": 3})
    await night.enrol(*abroad, name="night-2026-06-02", pattern="night-{date}")
    assert (await night.run()).exit_code in (ExitCode.CONFIG, ExitCode.API_UNAVAILABLE)
    assert not night.dialled()
    monday = night.campaign_id
    # So a plan for the next night knows it.
    assert await night.read(breakers.open_breakers, None, name_pattern="night-{date}")
    assert not await night.read(breakers.open_breakers, None, name_pattern="autumn-{date}")

    night.simulator.faults.faults = ()
    await night.enrol(*abroad, *home, name="night-2026-06-03", pattern="night-{date}")
    assert (await night.run()).exit_code is ExitCode.API_UNAVAILABLE
    assert sum(night.dialled().values()) == dials
    [known] = await still_open(night)
    assert known.campaign == "night-2026-06-02"

    await night.enrol("+13125550199", name="autumn")
    assert (await night.run()).exit_code is ExitCode.OK

    await reset(night)
    night.campaign_id = monday + 1
    assert len(await still_open(night)) == 1
    await reset(night)
    assert (await night.run()).exit_code is ExitCode.OK
    assert night.dialled() == dict.fromkeys([*abroad, *home, "+13125550199"], 1)


async def test_one_country_stops_and_the_others_go_on(stage: MakeStage) -> None:
    """Rows of the country wait with the reason, everybody else is called, and the end is 69."""
    spring = stage("refuse_country=44")
    spring.settings = slowly(contacts={"countries": ["US", "GB"]})
    abroad = ["+442079460001", "+442079460002"]
    await spring.enrol(abroad[0], *numbers(4), abroad[1])
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert spring.dialled() == dict.fromkeys(numbers(4), 1)
    waiting = {row.to_number: row.reason for row in await spring.rows() if row.status is RowStatus.WAITING}
    assert set(waiting) == set(abroad)
    assert all("calls to GB are refused" in reason for reason in waiting.values())
    [known] = await still_open(spring)
    assert (known.scope, known.subject, known.needs_reset) == ("country", "GB", True)


async def test_calls_that_fail_stop_the_campaign_and_the_next_run_begins_anew(stage: MakeStage) -> None:
    """Money is not spent on a broken campaign; the next run starts closed, with one call first."""
    spring = stage(simulator=simulated("fail_call=llm_error#1-9999", behaviour=GOOD))
    spring.settings = make_settings(pace={"calls_per_second": 100, "max_live_calls": 4})
    await spring.enrol(*numbers(60))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "calls have failed (the agent: llm_error)" in str(report.stop_error)
    dials = len(spring.simulator.provider.dials)
    assert 20 <= dials <= 24
    assert not [each for each in await still_open(spring) if each.needs_reset]

    spring.settings = make_settings(pace={"calls_per_second": 100, "max_live_calls": 4, "stages": [1, 5]})
    report = await spring.run()
    assert "the first 3 calls have all failed" in str(report.stop_error)
    assert len(spring.simulator.provider.dials) == dials + 3


@dataclass(slots=True)
class Breaking(Provider):
    """An account whose agent breaks every conversation off after some seconds."""

    after_s: float = 1.0

    def place(self, **request: Any) -> SimulatedCall:
        """As it is, but for its course."""
        # Named, as a class with slots is made anew and no `super()` knows it.
        call = Provider.place(self, **request)
        call.failure = "llm_timeout"
        call.conversation = Conversation(
            "answered", 4.0, 4.0 + self.after_s, 5.0 + self.after_s, (), None, None
        )
        return call


@pytest.mark.parametrize("after_s", [1.0, 40.0])
async def test_calls_that_break_in_an_unknown_way_stop_the_campaign(stage: MakeStage, after_s: float) -> None:
    """They count as completed and cost money; no word of theirs stands in a list."""
    spring = stage(
        simulator=Simulator(
            provider=Breaking(
                speed=500, monotonic=anyio.current_time, started_at=wall_clock()(), after_s=after_s
            )
        )
    )
    spring.settings = make_settings(pace={"calls_per_second": 100, "max_live_calls": 4})
    await spring.enrol(*numbers(60))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "the agent: llm_timeout" in str(report.stop_error)
    assert len(spring.simulator.provider.dials) <= 24


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (KeyRefused, "HTTP 401, the key was refused"),
        (AccountRefused, "HTTP 401, the account cannot pay"),
        (CountryRefused, "HTTP 401, calls to US are refused"),
        (SetupRefused, "HTTP 401 about the set-up"),
        (partial(SetupRefused, about=Part.AGENT), "HTTP 401 about the agent"),
        (partial(SetupRefused, about=Part.FROM_NUMBER), "HTTP 401 about the from number"),
    ],
)
def test_what_a_reply_says_of_a_person_is_no_cause(error: Callable[[str], Any], cause: str) -> None:
    """A cause is told on the terminal, in `status` and with other rows; a reply may repeat a name."""
    refused = error("HTTP 401: no call for Zenobia Quast: refused")
    request = CallRequest("agt", E164(numbers(1)[0]), "+12025550100", {"name": "Zenobia Quast"}, {})
    denied = breaker.denial(refused, request)
    assert denied.cause == cause
    if not isinstance(refused, CountryRefused):
        assert "Zenobia" not in str(refused.stop_reason())


async def test_what_oneinbox_says_of_failed_calls_names_no_number(stage: MakeStage) -> None:
    """The line for people quotes the end reason, which may hold the number of a person."""
    spring = stage(simulator=simulated(behaviour=GOOD))
    spring.simulator.faults = FaultPlan((Fault("fail_call", f"llm_error of {numbers(1)[0]}"),))
    spring.settings = make_settings(pace={"calls_per_second": 100, "max_live_calls": 4})
    await spring.enrol(*numbers(30))
    report = await spring.run()
    assert "(the agent: llm_error of [number …00])" in str(report.stop_error)
    [kept] = await still_open(spring)
    assert numbers(1)[0] not in kept.cause


async def test_a_campaign_starts_with_few_calls(stage: MakeStage) -> None:
    """One call, then two, then the rest; what is waited for is said, and the next run does not begin anew."""
    spring = stage(simulator=simulated(behaviour=GOOD))
    spring.settings = make_settings(pace=FAST | {"stages": [1, 2]})
    spring.timing = replace(QUICK, progress_s=0.01)
    await spring.enrol(*numbers(12))
    most: dict[int, int] = {}

    async def watch() -> None:
        provider = spring.simulator.provider
        while True:
            now = provider.now()
            ended = sum(call.has_ended(now) for call in provider.calls.values())
            most[ended] = max(most.get(ended, 0), len(provider.calls))
            await anyio.sleep(0.001)

    assert (await spring.run(alongside=watch)).exit_code is ExitCode.OK
    assert most[0] == 1
    assert max(dials for ended, dials in most.items() if ended < 3) <= 3
    assert "first calls: 0 of 1 ended" in {each.waiting_for for each in spring.progress}
    assert spring.dialled() == dict.fromkeys(numbers(12), 1)


async def test_a_stage_in_which_most_calls_fail_is_the_last_one(stage: MakeStage) -> None:
    """One good call among five does not let the rest of the list follow."""
    spring = stage(simulator=simulated("fail_call=llm_error#2-5", behaviour=GOOD))
    spring.settings = make_settings(pace=FAST | {"stages": [1, 5]})
    await spring.enrol(*numbers(12))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "4 of 5 first calls have failed (the agent: llm_error)" in str(report.stop_error)
    assert len(spring.dialled()) == 6


async def test_a_list_smaller_than_its_stages_comes_to_its_end(stage: MakeStage) -> None:
    """So do rows that come back for another try, and a call of the stage that is never connected."""
    nobody = Behaviour(answer=0, voicemail=0, busy=0, no_answer=1)
    spring = stage(simulator=simulated("never_end#2", behaviour=nobody))
    spring.settings = make_settings(
        pace=FAST | {"stages": [1, 5, 25]},
        call={"max_duration": "0.5s"},
        retry={"max_attempts": 2, "no_answer": ["0.1s"]},
    )
    await spring.enrol(*numbers(3))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert sorted(spring.dialled().values()) == [1, 2, 2]


async def test_people_who_ask_not_to_be_called_stop_the_campaign(stage: MakeStage) -> None:
    """More than a fifth of ten conversations: a human has to look."""
    angry = Behaviour(answer=1.0, voicemail=0, busy=0, no_answer=0, replies=("Stop calling me.",))
    spring = stage(simulator=simulated(behaviour=angry))
    spring.settings = slowly()
    await spring.enrol(*numbers(40))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "people asked not to be called again" in str(report.stop_error)
    assert len(spring.dialled()) < 40


async def test_a_clock_that_is_set_stops_dialling(stage: MakeStage) -> None:
    """A step against the steady clock; a machine that sleeps moves both, and goes on."""
    spring = stage(simulator=simulated(behaviour=GOOD))
    spring.settings = make_settings(pace={"calls_per_second": 20, "max_live_calls": 2})
    await spring.enrol(*numbers(30))

    def stepped() -> Any:
        hour = timedelta(hours=1) if len(spring.simulator.provider.dials) > 2 else timedelta()
        return utc_now() + hour

    spring.now = stepped
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "was set forward by 60 minutes" in str(report.stop_error)
    assert len(spring.dialled()) <= 5


@pytest.mark.parametrize(
    ("theirs_ahead_s", "told"),
    [(-86_400.0, "1,440 minutes ahead of OneInbox's"), (3600.0, "60 minutes behind OneInbox's")],
)
async def test_by_a_clock_that_differs_from_oneinboxs_nobody_is_called(
    stage: MakeStage, theirs_ahead_s: float, told: str
) -> None:
    """Every row waits as before; when the clock is right the next run calls, and no human has to say so."""
    spring = stage()
    spring.simulator.clock_ahead_s = theirs_ahead_s
    await spring.enrol(*numbers(30))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert f"the clock of this machine is {told}" in str(report.stop_error)
    assert "campaign resume" not in str(report.stop_error)
    assert not spring.dialled()
    assert await spring.statuses() == {RowStatus.WAITING: 30}
    assert await still_open(spring) == []

    spring.simulator.clock_ahead_s = 0.0
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(30), 1)


@pytest.mark.parametrize("fault", ["status=501@list#1-9", "throttle=1@list#1", "status=404@list#1-9"])
async def test_a_clock_is_known_to_be_wrong_by_any_reply(stage: MakeStage, fault: str) -> None:
    """Where the list cannot be had, the reply that says so tells the time as well."""
    spring = stage(fault)
    spring.simulator.clock_ahead_s = 3600.0
    await spring.enrol(*numbers(3))
    assert (await spring.run()).exit_code is ExitCode.API_UNAVAILABLE
    assert not spring.dialled()


async def test_clocks_that_differ_by_little_stop_nothing(stage: MakeStage) -> None:
    """A `Date` has whole seconds, replies travel, and `breaker.clock_jump` says how much is too much."""
    spring = stage()
    spring.simulator.clock_ahead_s = -240.0
    await spring.enrol(*numbers(3))
    assert (await spring.run()).exit_code is ExitCode.OK
    spring.settings = make_settings(pace=FAST, breaker={"clock_jump": "2h"})
    spring.simulator.clock_ahead_s = 3600.0
    await spring.enrol(*numbers(6)[3:], name="autumn")
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(6), 1)


async def test_want_of_answers_is_ended_by_a_get(stage: MakeStage) -> None:
    """While GETs fail no dial goes out; when one is answered, dialling goes on and everybody is called."""
    spring = stage("lose_reply#1-12", "status=503@list#9-14")
    spring.settings = make_settings(pace=FAST)
    await spring.enrol(*numbers(30))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(30), 1)

    def events(connection: Connection) -> list[str]:
        table = schema.events.c
        told = select(table.event).where(table.event.like("breaker.%")).order_by(table.id)
        return list(connection.scalars(told))

    assert await spring.read(events) == ["breaker.opened", "breaker.closed"]
    assert await still_open(spring) == []


async def test_a_provider_that_stays_away_ends_the_run(stage: MakeStage) -> None:
    """When no GET is answered for long, the run ends with 69."""
    spring = stage("status=503#4-9999", "status=503@list#4-9999", "status=503@get")
    spring.timing = IMPATIENT
    spring.settings = make_settings(pace=FAST)
    await spring.enrol(*numbers(30))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert (await spring.statuses())[RowStatus.WAITING] > 15
