"""Webhooks of the simulated account: who is told what of a call, over real sockets on this machine."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest

from campaign.simulator.app import Simulator
from campaign.simulator.courier import SIGNATURE
from campaign.simulator.people import Behaviour
from tests.oneinbox.sockets import Wire, reply, serving
from tests.simulator.machinery import Clock, account, create, get, talk_to

pytestmark = pytest.mark.anyio

PATH = "/v1/webhooks"
ALL = ["call.started", "call.ended", "transcript.final"]
COURSE = {"v1": ALL, "v2": [*ALL, "call.analyzed"], "v3": ALL}
"""What is told of a call that was answered, where everything is asked for."""
NOBODY = Behaviour(answer=0, voicemail=0, busy=0, no_answer=1)
PATIENCE_S = 60.0


@dataclass
class Mailbox:
    """A receiver on this machine, and what has come there."""

    url: str
    statuses: list[int] = field(default_factory=list)
    """How the first deliveries are answered; the others with 200."""
    letters: asyncio.Queue[tuple[dict[str, str], bytes]] = field(default_factory=asyncio.Queue)

    async def next(self) -> tuple[dict[str, str], bytes]:
        """Head and body of the next delivery."""
        with anyio.fail_after(PATIENCE_S):
            return await self.letters.get()

    async def events(self, number: int) -> list[str]:
        """What the next deliveries are about."""
        return [json.loads((await self.next())[1])["event"] for _ in range(number)]


@asynccontextmanager
async def mailbox(*statuses: int) -> AsyncGenerator[Mailbox, None]:
    """A receiver for as long as the block lasts."""
    box = Mailbox("", list(statuses))

    async def handler(wire: Wire) -> None:
        head, _, body = (await wire.request()).partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")[1:]
        headers = dict(line.lower().split(": ", 1) for line in lines)
        box.letters.put_nowait((headers, body))
        status = box.statuses.pop(0) if box.statuses else 200
        await wire.send(reply(f"{status} Said", b"thanks"))

    async with serving(handler) as server:
        box.url = f"{server.url}/events?from=oneinbox"
        yield box


async def hook(simulator: Simulator, url: str, events: list[str], **fields: Any) -> dict[str, Any]:
    """Register a webhook."""
    async with talk_to(simulator) as client:
        made = await client.post(PATH, json={"name": "events", "url": url, "events": events} | fields)
        assert made.status_code == 201, made.text
        shown: dict[str, Any] = made.json()
        return shown


@pytest.mark.parametrize("generation", ["v1", "v2", "v3"])
async def test_the_course_of_a_call(generation: str) -> None:
    """Each event comes when it happens, once, flat, and without what a generation does not know."""
    clock = Clock()
    simulator = account(generation=generation, clock=clock)
    async with mailbox() as box:
        await hook(simulator, box.url, COURSE[generation])
        _, call = await create(simulator)
        course = simulator.provider.calls[call["id"]].conversation
        assert course.connects_after_s is not None
        told = []
        for passed in (course.connects_after_s, course.ends_after_s, course.results_after_s):
            clock.seconds = 100 + passed + 0.001
            told.append(json.loads((await box.next())[1]))
        if generation == "v2":
            analyzed = json.loads((await box.next())[1])
            assert (analyzed["event"], analyzed["summary"]) == ("call.analyzed", course.summary)
    started, ended, transcript = told
    assert [event["event"] for event in told] == ALL
    assert started.keys() == {"event", "call_id", "agent_id", "to_number", "from_number", "created_at"}
    assert (started["call_id"], started["to_number"]) == (call["id"], "+12025550111")
    assert ended["status"] == "completed"
    assert ended["duration_seconds"] > 0
    assert ended.get("outcome") == (None if generation == "v1" else course.outcome)
    assert transcript["messages"][0]["content"].startswith("Hello Dana")


@pytest.mark.parametrize(("generation", "event"), [("v1", "call.ended"), ("v3", "call.failed")])
async def test_nobody_answers(generation: str, event: str) -> None:
    """Where there is an event for it a call fails that was never answered, else it just ends."""
    clock = Clock()
    simulator = account(generation=generation, clock=clock, behaviour=NOBODY)
    async with mailbox() as box:
        await hook(simulator, box.url, ["call.started", event])
        await create(simulator)
        clock.seconds += 10_000
        told = json.loads((await box.next())[1])
    assert (told["event"], told["status"]) == (event, "no_answer")
    assert [record["event"] for record in simulator.webhooks.courier.deliveries] == [event]


@pytest.mark.parametrize("generation", ["v1", "v2", "v3"])
async def test_the_address_of_one_call(generation: str) -> None:
    """It is told all of this call and of no other; in the first generation in place of the others."""
    clock = Clock()
    simulator = account(generation=generation, clock=clock)
    async with mailbox() as own, mailbox() as others:
        await hook(simulator, others.url, ["call.started"])
        for webhook_url in (own.url, None):
            await create(simulator, webhook_url=webhook_url)
        clock.seconds += 10_000
        assert sorted(await own.events(len(COURSE[generation]))) == sorted(COURSE[generation])
        assert await others.events(1 if generation == "v1" else 2)
        assert own.letters.empty()
        assert others.letters.empty()


async def test_without_anybody_to_tell() -> None:
    """No call is followed that nobody wants to know of, and an address that is no text refuses the call."""
    simulator = account()
    await create(simulator)
    assert simulator.webhooks.courier.followed == {}
    assert (await create(simulator, webhook_url=17))[0] == 422


async def test_a_webhook_that_comes_late_or_is_switched_off() -> None:
    """It is told of calls that are live, but not of what was before, and of nothing while it is disabled."""
    clock = Clock()
    simulator = account(clock=clock)
    _, call = await create(simulator)
    course = simulator.provider.calls[call["id"]].conversation
    assert course.connects_after_s is not None
    clock.seconds += course.connects_after_s + 0.001
    async with mailbox() as box:
        webhook = await hook(simulator, box.url, ALL)
        clock.seconds = 100 + course.ends_after_s + 0.001
        assert await box.events(1) == ["call.ended"]
        async with talk_to(simulator) as client:
            await client.patch(f"{PATH}/{webhook['id']}", json={"status": "disabled"})
        clock.seconds += 10_000
        await simulator.webhooks.courier.followed[call["id"]]
        assert box.letters.empty()


@pytest.mark.parametrize("generation", ["v1", "v2", "v3"])
async def test_signatures(generation: str) -> None:
    """With a secret every event is signed over its very bytes; without one only where the API makes one."""
    clock = Clock()
    for secret in ("sesame", None):
        simulator = account(generation=generation, clock=clock, webhook_secret=secret)
        async with mailbox() as box:
            webhook = await hook(simulator, box.url, ["call.started"])
            await create(simulator)
            clock.seconds += 10_000
            headers, body = await box.next()
        known = secret or webhook.get("secret")
        expected = known and "sha256=" + hmac.new(known.encode(), body, hashlib.sha256).hexdigest()
        assert headers.get(SIGNATURE.lower()) == expected
        assert (known is not None) == (generation == "v3" or secret is not None)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("repeat@event#1", ["call.started", "call.started", "call.ended", "transcript.final"]),
        ("reorder@event#1", ["call.ended", "call.started", "transcript.final"]),
        ("reorder@event#2", ["call.started", "transcript.final", "call.ended"]),
        ("reorder@event#3", ["call.started", "call.ended", "transcript.final"]),
        ("drop@event#2", ["call.started", "transcript.final"]),
        ("repeat@event#1~0999", ALL),
    ],
)
async def test_faults(fault: str, told: list[str]) -> None:
    """Events are repeated, reordered and lost as asked for."""
    clock = Clock()
    simulator = account(fault, clock=clock)
    async with mailbox() as box:
        await hook(simulator, box.url, ALL)
        _, call = await create(simulator)
        clock.seconds += 10_000
        assert await box.events(len(told)) == told
        await simulator.webhooks.courier.followed[call["id"]]
        assert box.letters.empty()


async def test_a_garbled_event() -> None:
    """It is not JSON."""
    clock = Clock()
    simulator = account("garble@event", clock=clock)
    async with mailbox() as box:
        await hook(simulator, box.url, ["call.started"])
        await create(simulator)
        clock.seconds += 10_000
        assert (await box.next())[1] == b"<html>event</html>"


async def test_what_is_not_taken_is_tried_again() -> None:
    """Three times at most, before the call's next event; every attempt is on record, the newest first."""
    clock = Clock()
    simulator = account(clock=clock, retry_s=0.0)
    async with mailbox(500, 404, 503, 500) as box:
        webhook = await hook(simulator, box.url, ["call.started", "call.ended"])
        _, call = await create(simulator)
        clock.seconds += 10_000
        assert await box.events(5) == ["call.started"] * 3 + ["call.ended"] * 2
        await simulator.webhooks.courier.followed[call["id"]]
    listed = await get(simulator, f"{PATH}/{webhook['id']}/deliveries")
    assert listed["total"] == 5
    shown = [(item["event"], item["attempt"], item["response_status"]) for item in listed["items"]]
    assert shown[:2] == [("call.ended", 2, 200), ("call.ended", 1, 500)]
    assert [status for _, _, status in shown[2:]] == [503, 404, 500]
    assert listed["items"][0]["response_body"] == "thanks"
    page = await get(simulator, f"{PATH}/{webhook['id']}/deliveries", limit=1, offset=1)
    assert [item["attempt"] for item in page["items"]] == [1]


@pytest.mark.parametrize("url", ["https://127.0.0.1/x", "http://example.com/x", "http://127.0.0.1:1/x"])
async def test_addresses_elsewhere(url: str) -> None:
    """Nothing leaves this machine: what cannot be posted is on record as failed."""
    clock = Clock()
    simulator = account(clock=clock, retry_s=0.0)
    webhook = await hook(simulator, url, ["call.started"])
    _, call = await create(simulator)
    clock.seconds += 10_000
    with anyio.fail_after(PATIENCE_S):
        await simulator.webhooks.courier.followed[call["id"]]
    [first, *_] = (await get(simulator, f"{PATH}/{webhook['id']}/deliveries"))["items"]
    assert (first["status"], first["response_status"]) == ("failed", None)
    assert first["error"]


@pytest.mark.parametrize("generation", ["v1", "v2", "v3"])
async def test_webhooks_are_kept(generation: str) -> None:
    """They are listed, read, tested, changed and removed; deliveries are told by the newest generation."""
    simulator = account(generation=generation)
    async with mailbox(200, 500) as box, talk_to(simulator) as client:
        webhook = await hook(simulator, box.url, ["call.ended"])
        assert ("secret" in webhook) == (generation == "v3")
        one = f"{PATH}/{webhook['id']}"
        assert (await client.get(PATH)).json()["items"] == [webhook]
        assert (await client.get(one)).json() == webhook
        tests = [(await client.post(f"{one}/test")).json() for _ in range(2)]
        assert [(test["success"], test["response_status"]) for test in tests] == [(True, 200), (False, 500)]
        assert await box.events(2) == ["webhook.test"] * 2
        changed = (await client.patch(one, json={"name": "new", "events": ["call.started"]})).json()
        assert (changed["name"], changed["events"]) == ("new", ["call.started"])
        deliveries = await client.get(f"{one}/deliveries")
        assert deliveries.status_code == (200 if generation == "v3" else 404)
        assert (await client.delete(one)).status_code == 204
        assert [(await client.request(method, one)).status_code for method in ("GET", "PATCH")] == [404, 404]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "x" * 256},
        {"url": None},
        {"url": "ftp://127.0.0.1/"},
        {"events": []},
        {"events": None},
        {"events": ["call.ended"] * 21},
        {"events": ["call.exploded"]},
        {"events": ["call.analyzed"]},
    ],
)
async def test_what_is_no_webhook(fields: dict[str, Any]) -> None:
    """Names, addresses and events have the forms that the newest generation documents."""
    simulator = account()
    loopback = "http://127.0.0.1:1/"
    body = {"name": "events", "url": loopback, "events": ["call.ended"]}
    async with talk_to(simulator) as client:
        assert (await client.post(PATH, json=body | fields)).status_code == 422
    assert simulator.webhooks.known == {}
