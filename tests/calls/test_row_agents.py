"""Rows with an agent of their own: it calls them, its list shows their calls, and its faults are theirs."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select

from campaign.errors import ExitCode
from campaign.ledger import schema
from campaign.models import RowStatus
from campaign.settings import CampaignSettings
from campaign.simulator.answers import ReplyLostError
from campaign.simulator.people import Behaviour
from tests.calls.harness import FAST, QUICK, Stage, numbers, simulated
from tests.support import make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
ONE_LINE = FAST | {"max_live_calls": 1}


def with_agents(**changes: object) -> CampaignSettings:
    """A campaign whose list says which agent calls."""
    return make_settings(**{"contacts": {"agent_id": "agent", "countries": ["US"]}, "pace": FAST, **changes})


def lines(*agents: str) -> list[str]:
    """A list with one row for each agent."""
    people = numbers(len(agents))
    return [
        "phone,agent,name",
        *(f"{number},{agent},Ann" for number, agent in zip(people, agents, strict=True)),
    ]


def agents_of(stage: Stage) -> list[str]:
    """The agent of each call that was really made, in the list's order."""
    calls = stage.simulator.provider.calls.values()
    return [call.agent_id for call in sorted(calls, key=lambda call: call.to_number)]


async def test_the_agent_of_the_row_calls(stage: MakeStage) -> None:
    """Rows without one are called by the campaign's; the ledger knows which agent made each attempt."""
    spring = stage()
    spring.settings = with_agents()
    await spring.enrol_cells(*lines("agt_b", "", "agt_c", "agt_b"))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert agents_of(spring) == ["agt_b", "agt_test", "agt_c", "agt_b"]
    attempts = schema.attempts.c
    query = select(attempts.agent_id).order_by(attempts.to_number)
    assert await spring.read(lambda connection: connection.scalars(query).all()) == agents_of(spring)
    assert (
        await spring.statuses() == {RowStatus.COMPLETED: 4}
        or not (await spring.statuses())[RowStatus.REFUSED]
    )


async def test_each_agent_is_followed_in_its_own_list(stage: MakeStage) -> None:
    """Calls of each agent are seen on its pages, as those of the campaign's agent are."""
    spring = stage(simulator=simulated(behaviour=Behaviour(answer=1, voicemail=0, busy=0, no_answer=0)))
    spring.settings = with_agents(pace=FAST | {"max_live_calls": 200})
    lists: Counter[str] = Counter()
    looks = 0
    application: Any = spring.simulator.app

    async def noticing(scope: Any, receive: Any, send: Any) -> None:
        nonlocal looks
        if scope["path"] == "/v1/calls/cursor":
            lists[parse_qs(scope["query_string"].decode())["agent_id"][0]] += 1
        elif scope["method"] == "GET":
            looks += scope["path"].startswith("/v1/calls/")
        await application(scope, receive, send)

    spring.simulator.app = noticing  # type: ignore[assignment]
    await spring.enrol_cells(*lines(*["agt_b"] * 40, *[""] * 40, *["agt_c"] * 40))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert set(lists) == {"agt_b", "agt_test", "agt_c"}
    assert min(lists.values()) > 2
    # Looked at one by one, each of the calls would be asked for again and again.
    assert looks < 3 * 120


async def test_a_lost_reply_is_found_in_the_list_of_its_agent(stage: MakeStage) -> None:
    """A call in doubt is adopted and not dialled again, whichever agent made it."""
    spring = stage("lose_reply#1-2")
    spring.settings = with_agents()
    await spring.enrol_cells(*lines("agt_b", "agt_c", ""))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(3), 1)
    assert not (await spring.statuses())[RowStatus.NEEDS_REVIEW]


async def test_the_list_of_one_agent_does_not_make_up_for_anothers(stage: MakeStage) -> None:
    """Doubts that cannot be looked for end the run at last, though others can all the time."""
    spring = stage("drop#1-2")
    spring.settings = with_agents(pace=FAST | {"max_live_calls": 2})
    spring.timing = replace(QUICK, doubt_wait_s=40.0, api_patience_s=5.0)
    application: Any = spring.simulator.app

    async def failing(scope: Any, receive: Any, send: Any) -> None:
        if b"agent_id=agt_b" in scope["query_string"]:
            raise ReplyLostError
        await application(scope, receive, send)

    spring.simulator.app = failing  # type: ignore[assignment]
    await spring.enrol_cells(*lines("agt_b", "agt_c"))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert str(report.stop_error).startswith("calls in doubt cannot be looked up: ")


async def test_an_unknown_agent_refuses_its_row_alone(stage: MakeStage) -> None:
    """OneInbox does not know it: that row is done, and the others are called."""
    spring = stage(simulator=simulated(agents=frozenset({"agt_test", "agt_b"})))
    spring.settings = with_agents(pace=ONE_LINE)
    await spring.enrol_cells(*lines("", "agt_gone", "agt_b", "agt_gone", ""))
    report = await spring.run()
    assert report.exit_code is ExitCode.OK
    assert report.openings == ()
    rows = await spring.rows()
    assert [row.status is RowStatus.REFUSED for row in rows] == [False, True, False, True, False]
    assert rows[1].error == "HTTP 404: Agent not found"


async def test_unknown_agents_one_after_the_other_burn_no_list(stage: MakeStage) -> None:
    """After three of them in a row dialling stops, in one line, and those rows wait again."""
    spring = stage(simulator=simulated(agents=frozenset({"agt_test"})))
    spring.settings = with_agents(pace=ONE_LINE)
    await spring.enrol_cells(*lines("", *["agt_gone"] * 6))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "OneInbox refused 3 rows in a row, for agent_id, the last with HTTP 404" in str(report.stop_error)
    assert (await spring.statuses())[RowStatus.WAITING] == 6


async def test_an_unknown_agent_of_the_campaign_stops_it(stage: MakeStage) -> None:
    """What rows without an agent of their own share is wrong for all of them, also where a row names it."""
    spring = stage(simulator=simulated(agents=frozenset({"agt_b"})))
    spring.settings = with_agents(pace=ONE_LINE)
    await spring.enrol_cells(*lines("agt_test", "agt_b"))
    assert (await spring.run()).exit_code is ExitCode.CONFIG
    assert not spring.dialled()


async def test_each_agent_says_its_own_words(stage: MakeStage) -> None:
    """Who has no value for what their agent says is not dialled; what others say is nothing to them."""
    spring = stage()
    spring.settings = with_agents()
    spring.spoken, spring.spoken_by = ("city",), {"agt_b": ("name",), "agt_c": ("street",)}
    await spring.enrol_cells(*lines("agt_b", "agt_c", "", "agt_d"))
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    assert spring.dialled() == {numbers(1)[0]: 1, numbers(4)[3]: 1}
    assert [row.reason for row in await spring.rows() if row.status is RowStatus.WAITING] == [
        "no value for street, which the agent says",
        "no value for city, which the agent says",
    ]


async def test_an_amended_list_may_give_another_agent(stage: MakeStage) -> None:
    """Who waits is called by the agent that the latest list names."""
    spring = stage()
    spring.settings = with_agents()
    await spring.enrol_cells(*lines("agt_b", "agt_b"))
    await spring.amend_cells(*lines("agt_c", ""))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert agents_of(spring) == ["agt_c", "agt_test"]
