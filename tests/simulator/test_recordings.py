"""Recordings of the simulated account: links that are signed, that expire, and that need no key."""

import math

import httpx
import pytest

from campaign.simulator import events, recordings
from campaign.simulator.app import Simulator
from campaign.simulator.people import Behaviour
from tests.simulator.machinery import HEADERS, Clock, account, create, get

pytestmark = pytest.mark.anyio

NOBODY = Behaviour(answer=0, voicemail=0, busy=0, no_answer=1)


async def fetch(simulator: Simulator, link: str, **headers: str) -> httpx.Response:
    """What anybody gets who has the link."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=simulator.app)) as client:
        return await client.get(link, headers=headers)


async def ended_call(simulator: Simulator, clock: Clock) -> str:
    """The id of a call that is over, recording and all."""
    _, call = await create(simulator)
    clock.seconds += 10_000
    return str(call["id"])


@pytest.mark.parametrize("generation", ["v2", "v3"])
async def test_the_link_of_an_answered_call_leads_to_its_recording(generation: str) -> None:
    """It comes later than the other results, and each call sounds otherwise."""
    clock = Clock()
    simulator = account(generation=generation, clock=clock, records=True)
    _, call = await create(simulator)
    course = simulator.provider.calls[call["id"]].conversation
    clock.seconds = 100 + course.results_after_s + 0.01
    results = await get(simulator, f"/v1/calls/{call['id']}")
    assert results["messages"]
    assert results["recording_url"] is None
    clock.seconds += 100
    link = (await get(simulator, f"/v1/calls/{call['id']}"))["recording_url"]
    reply = await fetch(simulator, link)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "audio/wav")
    assert reply.content == recordings.content(simulator.provider.calls[call["id"]])
    assert reply.content.startswith(b"RIFF")
    other = await ended_call(simulator, clock)
    assert recordings.content(simulator.provider.calls[other]) != reply.content


@pytest.mark.parametrize(
    ("generation", "records", "behaviour"),
    [("v1", True, None), ("v3", False, None), ("v3", True, NOBODY)],
    ids=["first generation", "agent that does not record", "nobody at home"],
)
async def test_no_link_where_nothing_is_recorded(
    generation: str, records: bool, behaviour: Behaviour | None
) -> None:
    """The first generation shows none; nor is there one without a conversation."""
    clock = Clock()
    people = {"behaviour": behaviour} if behaviour else {}
    simulator = account(generation=generation, clock=clock, records=records, **people)
    call_id = await ended_call(simulator, clock)
    assert (await get(simulator, f"/v1/calls/{call_id}")).get("recording_url") is None
    assert (await get(simulator, "/v1/agents/agt_test"))["enable_recording"] is records


async def test_a_call_that_never_ends_has_no_link() -> None:
    """Its recording would be there after its end; nor is it ever told of."""
    clock = Clock()
    simulator = account("never_end", clock=clock, records=True)
    call_id = await ended_call(simulator, clock)
    assert (await get(simulator, f"/v1/calls/{call_id}"))["recording_url"] is None
    told = {name: at for at, name in events.course(simulator.provider.calls[call_id], "v3")}
    assert told[events.RECORDED] == told[events.ENDED] == math.inf


async def test_a_link_expires_and_is_renewed_by_asking_again() -> None:
    """After its life 403, and the next look at the call has a fresh one."""
    clock = Clock()
    simulator = account(clock=clock, records=True)
    call_id = await ended_call(simulator, clock)
    old = (await get(simulator, f"/v1/calls/{call_id}"))["recording_url"]
    clock.seconds += 4 * 3600 + 1
    assert (await fetch(simulator, old)).status_code == 403
    new = (await get(simulator, f"/v1/calls/{call_id}"))["recording_url"]
    assert new != old
    assert (await fetch(simulator, new)).status_code == 200


async def test_a_link_that_was_changed_is_refused() -> None:
    """Neither for longer nor for another call."""
    clock = Clock()
    simulator = account(clock=clock, records=True)
    call_id, other = [await ended_call(simulator, clock) for _ in range(2)]
    link = (await get(simulator, f"/v1/calls/{call_id}"))["recording_url"]
    assert (await fetch(simulator, link.replace("expires=", "expires=9"))).status_code == 403
    assert (await fetch(simulator, link.replace(call_id, other))).status_code == 403
    assert (await fetch(simulator, link.replace(call_id, "nobody"))).status_code == 404


async def test_who_brings_the_key_along_is_counted() -> None:
    """A file store has no business to know it."""
    clock = Clock()
    simulator = account(clock=clock, records=True)
    call_id = await ended_call(simulator, clock)
    link = (await get(simulator, f"/v1/calls/{call_id}"))["recording_url"]
    assert (await fetch(simulator, link, **HEADERS)).status_code == 400
    assert (simulator.store.with_key, simulator.store.fetched) == (1, 0)


async def test_faults_strike_the_store() -> None:
    """A status, then nothing wrong."""
    clock = Clock()
    simulator = account("status=503@recording#1", clock=clock, records=True)
    call_id = await ended_call(simulator, clock)
    link = (await get(simulator, f"/v1/calls/{call_id}"))["recording_url"]
    assert [(await fetch(simulator, link)).status_code for _ in range(2)] == [503, 200]
