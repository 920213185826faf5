"""The list of calls, in four envelopes, by cursor and by offset, against the simulator."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

from campaign.models import E164, CallRequest, Habits
from campaign.oneinbox import wire
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError, KeyRefused, NotFound, OutcomeUnknown, Throttled, Unsupported
from campaign.oneinbox.listing import CallPage
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.server import running

pytestmark = pytest.mark.anyio

AGENT = "agt_test"
ENVELOPES = ("array", "items", "calls", "data")
NO_PARAMETERS = FaultPlan((Fault.parse("status=422@list#1"),))


def client_of(transport: httpx.AsyncBaseTransport, *, key: str = SIMULATOR_KEY) -> OneInbox:
    return OneInbox("http://127.0.0.1", SecretStr(key), transport=transport)


def talk_to(simulator: Simulator) -> OneInbox:
    return client_of(httpx.ASGITransport(app=simulator.app))


def answer(handler: Callable[[httpx.Request], httpx.Response]) -> OneInbox:
    return client_of(httpx.MockTransport(handler))


def with_calls(number: int, **options: Any) -> Simulator:
    """An account that has made so many calls, and some for another agent."""
    simulator = Simulator(**options)
    for at in range(number + 3):
        simulator.provider.place(
            agent_id=AGENT if at < number else "agt_other",
            to_number=f"+1202{at:07d}",
            from_number="+12025550100",
            variables={},
            metadata={},
        )
    return simulator


async def pages_of(client: OneInbox) -> list[CallPage]:
    async with client:
        return [page async for page in client.recent_calls(AGENT)]


async def pages_over(url: str) -> list[CallPage]:
    return await pages_of(OneInbox(url, SecretStr(SIMULATOR_KEY)))


def numbers(pages: list[CallPage]) -> set[str | None]:
    return {call.to_number for page in pages for call in page.calls}


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_envelopes(envelope: str) -> None:
    """The four envelopes hold the same calls; entries that are no calls are left out."""
    items = [{"id": "call_1"}, None, "call_2", {"status": "completed"}, {"id": "call_3"}]

    page = wire.parse_list(items if envelope == "array" else {envelope: items, "total": 9})

    assert page is not None
    assert [call.id for call in page.calls] == ["call_1", "call_3"]
    assert page.total == (None if envelope == "array" else 9)


@pytest.mark.parametrize("body", [None, {}, "[]", 17, {"items": None}, {"items": {}}, {"other": []}])
def test_what_is_no_list(body: Any) -> None:
    """What has no list of calls in it is no page, and not an empty one."""
    assert wire.parse_list(body) is None


@pytest.mark.parametrize("has_cursor", [True, False], ids=["cursor", "offset"])
@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 250])
async def test_every_call_is_seen(has_cursor: bool, number: int) -> None:
    """By cursor and by offset every call is seen, and only the last page says that it is the last."""
    simulator = with_calls(number, has_cursor=has_cursor)

    pages = await pages_of(talk_to(simulator))

    assert numbers(pages) >= {f"+1202{at:07d}" for at in range(number)}
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]


@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("number", [99, 250])
async def test_a_list_without_offsets(envelope: str, number: int) -> None:
    """The first generation repeats its first page: that ends the look, and may not be the whole list."""
    simulator = with_calls(number, generation="v1", envelope=envelope)

    pages = await pages_of(talk_to(simulator))

    assert not any(page.is_last for page in pages)
    assert len(pages) <= 2
    assert len(numbers(pages)) == min(number, 100)


@pytest.mark.parametrize("envelope", ENVELOPES[1:])
async def test_envelopes_by_offset(envelope: str) -> None:
    """Whatever the envelope is called, 250 calls are seen by offset."""
    pages = await pages_of(talk_to(with_calls(250, has_cursor=False, envelope=envelope)))

    assert len(numbers(pages)) == 250


async def test_calls_that_come_meanwhile_hide_none() -> None:
    """Calls placed between two pages move the list, and no older call is missed for that."""
    simulator = with_calls(250, has_cursor=False)
    seen: set[str | None] = set()

    async with talk_to(simulator) as client:
        async for page in client.recent_calls(AGENT):
            seen |= {call.to_number for call in page.calls}
            for _ in range(5):
                simulator.provider.place(
                    agent_id=AGENT, to_number="+19995550100", from_number="+1", variables={}, metadata={}
                )

    assert seen >= {f"+1202{at:07d}" for at in range(250)}


def test_over_real_http() -> None:
    """Over a socket the same 250 calls are seen."""
    simulator = with_calls(250)
    with running(simulator) as url:
        pages = anyio.run(pages_over, url)

    assert len(numbers(pages)) == 250


@pytest.mark.parametrize("status", [404, 405, 410])
async def test_an_account_without_a_list(status: int) -> None:
    """Where there is no list at all, that is said, and not taken for an empty one."""
    with pytest.raises(Unsupported):
        await pages_of(answer(lambda _request: httpx.Response(status, json={"detail": "Not Found"})))


@pytest.mark.parametrize("cursor_reply", [httpx.Response(422), httpx.Response(200, json={"id": "cursor"})])
async def test_the_cursor_list_may_be_taken_for_a_call(cursor_reply: httpx.Response) -> None:
    """Where the path of the cursor list means a call, the plain list is used, from then on at once."""
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path.endswith("/cursor"):
            return cursor_reply
        return httpx.Response(200, json=[{"id": "call_1"}])

    async with answer(handler) as client:
        for _ in range(2):
            pages = [page async for page in client.recent_calls(AGENT)]
            assert [call.id for call in pages[0].calls] == ["call_1"]

    assert asked == ["/v1/calls/cursor", *["/v1/calls"] * 4]


async def test_a_list_that_takes_no_parameters() -> None:
    """A list that refuses parameters is asked without, and its one page is not taken for the whole."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v1/calls":
            return httpx.Response(404)
        if request.url.query:
            return httpx.Response(422, json={"detail": "no such parameter"})
        return httpx.Response(200, json=[{"id": f"call_{at}"} for at in range(100)])

    pages = await pages_of(answer(handler))

    assert [(len(page.calls), page.is_last) for page in pages] == [(100, False)]


@pytest.mark.parametrize(
    ("options", "habits"),
    [
        ({}, Habits(cursor_list=True)),
        ({"has_cursor": False}, Habits(cursor_list=False, offset_list=True)),
        ({"generation": "v1"}, Habits(cursor_list=False, offset_list=True)),
        ({"faults": FaultPlan((Fault.parse("status=503@list"),))}, Habits()),
        ({"faults": FaultPlan((Fault.parse("status=404@list"),))}, Habits()),
        ({"has_cursor": False, "faults": NO_PARAMETERS}, Habits(cursor_list=False, offset_list=False)),
    ],
    ids=["cursor", "no cursor", "first generation", "down", "no list", "no parameters"],
)
async def test_what_a_list_understands_is_remembered(options: dict[str, Any], habits: Habits) -> None:
    """That something is missing counts only when the list works without it; it is not tried again then."""
    simulator = with_calls(3, **options)
    client = talk_to(simulator)
    with suppress(ApiError):
        await pages_of(client)
    assert client.habits == habits
    paths: list[str] = []

    async def remember(request: httpx.Request) -> None:
        paths.append(f"{request.url.path}{'?' if request.url.query else ''}")

    again = OneInbox(
        "http://127.0.0.1",
        SecretStr(SIMULATOR_KEY),
        transport=httpx.ASGITransport(app=with_calls(3, **{**options, "faults": FaultPlan()}).app),
        habits=habits,
    )
    again._asker.event_hooks["request"].append(remember)
    assert (await pages_of(again))[0].calls
    cursor = "/v1/calls/cursor?"
    assert (paths[0] == cursor) is (habits.cursor_list is not False)
    assert ("/v1/calls" in paths) is (habits.offset_list is False)


async def test_a_cursor_that_never_moves() -> None:
    """A server that repeats one cursor for ever ends the look, and its list is not called whole."""
    body = {"items": [{"id": "call_1"}], "next_cursor": "same", "has_more": True}

    pages = await pages_of(answer(lambda _request: httpx.Response(200, json=body)))

    assert [page.is_last for page in pages] == [False, False]


@pytest.mark.parametrize(
    ("fault", "error"), [("status=503@list", OutcomeUnknown), ("throttle=3@list", Throttled)]
)
async def test_a_page_that_fails_is_an_error(fault: str, error: type[Exception]) -> None:
    """A list that breaks off is never taken for one that ends."""
    plan = FaultPlan((Fault.parse(f"{fault}#2"),))

    with pytest.raises(error):
        await pages_of(talk_to(with_calls(250, faults=plan)))


async def test_get_and_stop() -> None:
    """One call is read by its id, and hanging up is a POST."""
    simulator = Simulator()
    async with talk_to(simulator) as client:
        call_id = await client.create_call(
            CallRequest(AGENT, E164("+12025550111"), "+12025550100", {"name": "Anna"}, {"key": "token"})
        )
        call = await client.get_call(call_id)
        assert (call.id, call.to_number, call.has_ended) == (call_id, "+12025550111", False)
        assert call.metadata["key"] == "token"

        stopped = await client.stop_call(call_id)
        assert stopped is not None
        assert (stopped.has_ended, stopped.end_reason) == (True, "api_stop")
        with pytest.raises(NotFound):
            await client.get_call("call_nobody_knows")


async def test_stop_is_a_post_and_ids_are_quoted() -> None:
    """An id is opaque: whatever is in it, it stays one part of the path."""
    asked: list[tuple[str, bytes]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.raw_path))
        return httpx.Response(200, json={"id": "a/../b?c"})

    async with answer(handler) as client:
        await client.get_call("a/../b?c")
        await client.stop_call("a/../b?c")

    assert asked == [("GET", b"/v1/calls/a%2F..%2Fb%3Fc"), ("POST", b"/v1/calls/a%2F..%2Fb%3Fc/stop")]


async def test_another_call_is_no_answer() -> None:
    """A reply about another call than the one asked for is not believed."""
    async with answer(lambda _request: httpx.Response(200, json={"id": "call_2"})) as client:
        with pytest.raises(OutcomeUnknown):
            await client.get_call("call_1")


async def test_a_wrong_key() -> None:
    """A wrong key is told from every other trouble."""
    client = client_of(httpx.ASGITransport(app=Simulator().app), key="oi_sk_wrong")
    with pytest.raises(KeyRefused):
        await pages_of(client)


async def test_a_stop_is_never_redirected() -> None:
    """Neither the request nor the key goes anywhere else."""
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/v1/calls/c/stop"})

    async with OneInbox(
        "http://simulator", SecretStr(SIMULATOR_KEY), transport=httpx.MockTransport(handler)
    ) as client:
        with pytest.raises(OutcomeUnknown):
            await client.stop_call("c")
    assert asked == ["simulator"]
