"""What runs learn of their account, and what they make of it: in whole runs on both databases."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from campaign.calls.acquaintance import Acquaintance
from campaign.errors import ExitCode
from campaign.ledger import learnt
from campaign.models import TOKEN_KEY, Call, Habits, RowStatus
from campaign.simulator.people import Behaviour
from tests.calls.harness import FAST, Stage, numbers, simulated
from tests.support import make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
URL = "http://simulator"
CAPS = {"per_number": {"calls": 9, "within": "1h"}}
PEOPLE = 12
"""So many that a list page costs less than single looks."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of all requests, in their order."""
    paths: list[str] = []
    handle = httpx.ASGITransport.handle_async_request

    async def remember(self: httpx.ASGITransport, request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        return await handle(self, request)

    monkeypatch.setattr(httpx.ASGITransport, "handle_async_request", remember)
    return paths


async def campaign(stage: MakeStage, *faults: str, name: str = "spring", **options: Any) -> Stage:
    """One that remembers what it learns of its account."""
    made = stage(simulator=options.get("simulator") or simulated(*faults, **options))
    made.remembers = True
    made.settings = make_settings(pace=FAST, caps=CAPS)
    await made.enrol(*numbers(PEOPLE), name=name)
    return made


async def habits(stage: Stage) -> Habits:
    """What the ledger knows."""
    return await stage.read(learnt.habits, URL, stage.now())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"generation": "v3"}, Habits(cursor_list=True, offset_list=None, echoes_token=True)),
        ({"generation": "v3", "has_cursor": False}, Habits(False, True, True)),
        ({"generation": "v2"}, Habits(False, True, False)),
        ({"generation": "v1"}, Habits(False, True, False)),
    ],
    ids=["v3", "v3 without cursor", "v2", "v1"],
)
async def test_a_run_learns_how_its_account_behaves(
    stage: MakeStage, options: dict[str, Any], expected: Habits
) -> None:
    """By what it has seen anyway, without a request of its own."""
    spring = await campaign(stage, **options)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert await habits(spring) == expected


async def test_what_is_known_is_not_tried_again(stage: MakeStage, asked: list[str]) -> None:
    """A list without a cursor is asked for one once, and again when that is long ago."""
    cursor = "/v1/calls/cursor"
    spring = await campaign(stage, generation="v1")
    await spring.run()
    assert asked.count(cursor) == 1
    summer = await campaign(stage, simulator=spring.simulator, name="summer")
    assert (await summer.run()).exit_code is ExitCode.OK
    assert asked.count(cursor) == 1
    show = summer.now
    autumn = await campaign(stage, simulator=spring.simulator, name="autumn")
    autumn.now = lambda: show() + timedelta(days=8)
    await autumn.run()
    assert asked.count(cursor) == 2


async def test_an_account_that_has_changed_is_known_as_it_is_now(stage: MakeStage) -> None:
    """What a run sees counts more than what was known."""
    await (await campaign(stage, generation="v1")).run()
    summer = await campaign(stage, name="summer")
    assert (await habits(summer)).echoes_token is False
    assert (await summer.run()).exit_code is ExitCode.OK
    assert (await habits(summer)).echoes_token is True


async def test_where_nothing_is_remembered_nothing_is_kept(stage: MakeStage) -> None:
    """As for a run without an account of its own."""
    spring = await campaign(stage)
    spring.remembers = False
    await spring.run()
    assert await habits(spring) == Habits()


@pytest.mark.parametrize("known", [True, False, None])
@pytest.mark.parametrize("generation", ["v1", "v3"])
async def test_whatever_is_known_nobody_is_called_twice(
    stage: MakeStage, generation: str, known: bool | None
) -> None:
    """Also when it is wrong: a call in doubt is found, or left to a human, and never dialled again."""
    spring = await campaign(stage, "lose_reply#2-3", generation=generation)
    facts = {} if known is None else {"echoes_token": known, "cursor_list": known, "offset_list": known}
    if facts:
        await spring.write(learnt.keep, URL, facts, spring.now())
    report = await spring.run()
    assert report.exit_code in (ExitCode.OK, ExitCode.NEEDS_REVIEW)
    assert spring.dialled() == dict.fromkeys(numbers(PEOPLE), 1)
    # Found by number where the list shows no tokens, unless it was said to show them.
    by_hand = 2 if generation == "v1" and known else 0
    assert (await spring.statuses())[RowStatus.NEEDS_REVIEW] in {by_hand, 0}


async def test_a_human_is_told_how_the_call_was_looked_for(stage: MakeStage) -> None:
    """A list that shows tokens and not this one makes it likelier that nobody was called."""
    spring = await campaign(stage, "drop#6", behaviour=Behaviour(answer=1))
    assert (await spring.run()).exit_code is ExitCode.NEEDS_REVIEW
    [reason] = [row.reason for row in await spring.rows() if row.status is RowStatus.NEEDS_REVIEW]
    assert "by the token that it shows of other calls" in reason


def test_one_call_with_its_token_proves_that_tokens_come_back() -> None:
    """One without may be of an older version; what was seen is news only when it was not known."""
    with_token = Call(id="a", status="", has_ended=False, metadata={TOKEN_KEY: "t"})
    without = Call(id="b", status="", has_ended=False)
    account = Acquaintance(URL)
    assert account.echoes_token is None
    account.listed([without])
    assert account.echoes_token is False
    account.listed([with_token])
    account.listed([without])
    assert account.echoes_token is True
    assert account.news() == {"echoes_token": True}
    known = Acquaintance(URL, Habits(echoes_token=True), lambda: Habits(cursor_list=False))
    assert known.echoes_token is True
    assert known.news() == {"cursor_list": False}
    known.listed([with_token])
    assert known.news() == {"cursor_list": False}
    known = Acquaintance(URL, Habits(echoes_token=True))
    known.listed([without])
    assert known.news() == {"echoes_token": False}
