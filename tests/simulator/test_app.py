"""The simulated API in process: what it answers, and what it counts."""

import json
from pathlib import Path

import anyio
import pytest

from campaign.simulator.people import Behaviour
from tests.simulator.machinery import Clock, account, create, get, talk_to

pytestmark = pytest.mark.anyio


async def test_third_generation() -> None:
    """A v3 call has a UUID, the whole object from the start, and at its end messages, text and analysis."""
    clock = Clock()
    simulator = account(clock=clock)

    status, created = await create(simulator)
    assert (status, created["status"], created["messages"], created["transcript"]) == (
        201,
        "initiated",
        [],
        None,
    )
    assert (len(created["id"]), created["to_number"]) == (36, "+12025550111")

    clock.seconds += 10_000
    ended = await get(simulator, f"/v1/calls/{created['id']}")
    assert ended.keys() == created.keys()
    assert (ended["status"], ended["metadata"]["campaign_attempt"]) == ("completed", "token")
    assert "concurrency_at_dispatch" in ended["metadata"]
    assert ended["messages"][0]["role"] == "agent"
    assert ended["transcript"].startswith("agent: Hello Dana")
    assert ended["analysis"]["outcome"] == ended["outcome"]


async def test_first_generation() -> None:
    """A v1 call has a short id, a transcript of turns, no metadata, and an integer duration."""
    clock = Clock()
    simulator = account(clock=clock, generation="v1")

    status, created = await create(simulator)
    assert (status, created["id"], created["status"]) == (201, "call_000001", "initiated")
    assert not created.keys() & {"metadata", "messages", "analysis", "agent_id"}

    clock.seconds += 10_000
    ended = await get(simulator, "/v1/calls/call_000001")
    assert isinstance(ended["duration_seconds"], int)
    assert [turn["role"] for turn in ended["transcript"]] == ["agent", "user", "agent", "user"]


async def test_second_generation() -> None:
    """A v2 call has messages beside the older list of turns, analysis, and one of five statuses."""
    clock = Clock()
    simulator = account(clock=clock, generation="v2")
    busy = account(
        clock=clock, generation="v2", behaviour=Behaviour(answer=0, voicemail=0, busy=1, no_answer=0)
    )
    status, created = await create(simulator)
    _, unreached = await create(busy)
    assert (status, created["id"], created["variables"]) == (201, "call_000001", {"customer_name": "Dana"})
    assert "campaign_attempt" not in created["metadata"]
    assert not created.keys() & {"room_name", "updated_at"}

    clock.seconds += 10_000
    ended = await get(simulator, "/v1/calls/call_000001")
    assert [turn["role"] for turn in ended["transcript"]] == ["agent", "user", "agent", "user"]
    assert (len(ended["messages"]), ended["analysis"]["outcome"]) == (6, ended["outcome"])
    missed = await get(busy, f"/v1/calls/{unreached['id']}")
    assert (missed["status"], missed["end_reason"]) == ("failed", "busy")


async def test_only_texts_are_variables_in_the_first_generation() -> None:
    """Whatever else is refused there, and taken later."""
    for generation, status in (("v1", 422), ("v2", 201), ("v3", 201)):
        assert (await create(account(generation=generation), variables={"n": 17}))[0] == status
        assert (await create(account(generation=generation), variables=[]))[0] == 422


@pytest.mark.parametrize("generation", ["v1", "v2", "v3"])
async def test_results_come_late(generation: str) -> None:
    """A call has ended for a while before what was said in it appears."""
    clock = Clock()
    simulator = account(clock=clock, generation=generation)
    _, created = await create(simulator)
    (call,) = simulator.provider.calls.values()

    clock.seconds += call.conversation.ends_after_s + 0.001
    ended = await get(simulator, f"/v1/calls/{created['id']}")
    clock.seconds += call.conversation.results_after_s - call.conversation.ends_after_s
    settled = await get(simulator, f"/v1/calls/{created['id']}")

    assert (ended["status"], bool(ended["transcript"])) == ("completed", False)
    assert (settled["status"], bool(settled["transcript"])) == ("completed", True)


async def test_a_call_takes_its_course() -> None:
    """A call rings, is talked in, and ends, each at its time of the provider's faster clock."""
    clock = Clock()
    simulator = account(clock=clock, speed=10)
    _, created = await create(simulator)
    course = next(iter(simulator.provider.calls.values())).conversation
    assert course.connects_after_s is not None

    statuses = []
    for passed in (0, course.connects_after_s, course.ends_after_s):
        clock.seconds = 100 + passed / 10 + 0.001
        statuses.append((await get(simulator, f"/v1/calls/{created['id']}"))["status"])

    assert statuses == ["initiated", "in_progress", "completed"]


async def test_a_lagging_list() -> None:
    """A call is in no list before the lag is over, though it can be read by its id."""
    clock = Clock()
    simulator = account(clock=clock, list_lag_s=5, speed=60)
    _, created = await create(simulator)

    for seconds, expected in ((0, 0), (4.9, 0), (5.1, 1)):
        clock.seconds = 100 + seconds
        for path in ("/v1/calls", "/v1/calls/cursor"):
            assert len((await get(simulator, path, agent_id="agt_test"))["items"]) == expected
    assert (await get(simulator, f"/v1/calls/{created['id']}"))["id"] == created["id"]


async def test_stop_hangs_up_once() -> None:
    """Stopping ends a live call, and does nothing to one that has ended."""
    clock = Clock()
    simulator = account("never_end", clock=clock)
    _, created = await create(simulator)
    clock.seconds += 100_000
    assert (await get(simulator, f"/v1/calls/{created['id']}"))["ended_at"] is None

    async with talk_to(simulator) as client:
        stopped = (await client.post(f"/v1/calls/{created['id']}/stop")).json()
        clock.seconds += 60
        again = (await client.post(f"/v1/calls/{created['id']}/stop")).json()

    assert (stopped["status"], stopped["end_reason"]) == ("completed", "api_stop")
    assert again["ended_at"] == stopped["ended_at"]


async def test_statuses_that_nobody_has_documented() -> None:
    """A call may end in a status of its own, and busy lines are told as such."""
    clock = Clock()
    odd = account("odd_status=vanished", clock=clock)
    busy = account(clock=clock, behaviour=Behaviour(answer=0, voicemail=0, busy=1, no_answer=0))
    ids = [(await create(simulator))[1]["id"] for simulator in (odd, busy)]
    clock.seconds += 10_000

    statuses = [
        (await get(simulator, f"/v1/calls/{call_id}"))["status"]
        for simulator, call_id in zip((odd, busy), ids, strict=True)
    ]

    assert statuses == ["vanished", "busy"]


def test_judges_in_other_processes(tmp_path: Path) -> None:
    """Each dial is told over HTTP and in the dial log, with its number and order."""
    log = tmp_path / "dials.jsonl"
    simulator = account(dial_log=log)
    for at in range(3):
        simulator.provider.place(
            agent_id="agt_test", to_number=f"+1{at}", from_number="+1", variables={}, metadata={"at": at}
        )

    told = anyio.run(get, simulator, "/simulator/dials")
    written = [json.loads(line) for line in log.read_text().splitlines()]

    assert [(dial["sequence"], dial["to_number"]) for dial in told] == [(1, "+10"), (2, "+11"), (3, "+12")]
    assert [line["metadata"] for line in written] == [{"at": 0}, {"at": 1}, {"at": 2}]
