"""Replies of any size and of the oddest JSON: only so much is read, and what stays unclear is in doubt."""

import asyncio
import gzip
import json
import tracemalloc
import zlib
from bisect import bisect_left
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

from campaign.oneinbox import replies, wire
from campaign.oneinbox.client import CLOSE_DEADLINE_S, OneInbox
from campaign.oneinbox.errors import ApiError, KeyRefused, OutcomeUnknown, Refused
from campaign.rehearsal.clock import VirtualClock, VirtualLoop
from tests.oneinbox import sockets
from tests.oneinbox.sockets import CREATED, Handler, Server, Wire, answering, reply, serving
from tests.oneinbox.test_classification import REQUEST
from tests.support import NOON

pytestmark = pytest.mark.anyio

MEGABYTE = 1_000_000
LARGEST = CREATED[:-1] + b" " * (replies.MAX_REPLY_BYTES - len(CREATED)) + b"}"


def opened(server: Server) -> OneInbox:
    """The real client of this server."""
    return OneInbox(server.url, SecretStr("oi_sk_test"), create_deadline_s=60)


async def end_of(act: Callable[[OneInbox], Any], handler: Handler) -> Any:
    """What came of one request to this server: a value, or the error."""
    with anyio.fail_after(100):
        async with serving(handler) as server, opened(server) as client:
            try:
                return await act(client)
            except ApiError as error:
                return error


async def dial(client: OneInbox) -> str:
    """Dial once."""
    return await client.create_call(REQUEST)


async def get(client: OneInbox) -> Any:
    """Ask for the call of `CREATED`."""
    return await client.get_call("call_1")


def flooding(status: str, *headers: str, piece: bytes = b" " * 65_536) -> Handler:
    """A head, and then a body without end, for as long as it is read."""

    async def handler(wire: Wire) -> None:
        await wire.request()
        head = "\r\n".join((f"HTTP/1.1 {status}", "Transfer-Encoding: chunked", *headers, "", ""))
        await wire.send(head.encode())
        while not wire.server.released.is_set():
            await wire.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    return handler


@pytest.mark.parametrize("act", [dial, get])
@pytest.mark.parametrize("status", ["201 Created", "422 Unprocessable", "500 Oops", "429 Slow", "401 No"])
async def test_a_flood_is_cut_off(act: Callable[[OneInbox], Any], status: str) -> None:
    """A reply without end is read up to its limit and is in doubt, whatever its status says."""
    tracemalloc.start()
    end = await end_of(act, flooding(status))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert type(end) is OutcomeUnknown
    assert "more than 5 MB" in str(end)
    assert peak < 25 * MEGABYTE


@pytest.mark.parametrize("act", [dial, get])
@pytest.mark.parametrize(("coding", "wbits"), [("gzip", 31), ("deflate", 15)])
async def test_a_bomb_does_not_go_off(act: Callable[[OneInbox], Any], coding: str, wbits: int) -> None:
    """A small reply that unpacks to 500 MB takes no more memory than one of 5 MB."""
    packer = zlib.compressobj(wbits=wbits)
    bomb = b"".join(packer.compress(b" " * MEGABYTE) for _ in range(500)) + packer.flush()
    tracemalloc.start()
    end = await end_of(act, answering(reply("201 Created", bomb, f"Content-Encoding: {coding}")))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert type(end) is OutcomeUnknown
    assert peak < 25 * MEGABYTE


async def test_the_largest_reply_is_read() -> None:
    """A reply of exactly the limit is a reply like any other; one byte more is none."""
    assert await end_of(dial, answering(reply(body=LARGEST))) == "call_1"
    assert type(await end_of(dial, answering(reply(body=LARGEST + b" ")))) is OutcomeUnknown


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP"])
async def test_a_packed_reply_is_understood_though_not_asked_for(coding: str) -> None:
    """No packing is asked for, and what comes packed all the same is read."""
    packed = answering(reply("201 Created", gzip.compress(CREATED), f"Content-Encoding: {coding}"))
    assert await end_of(dial, packed) == "call_1"
    async with serving(sockets.keep_alive) as server, opened(server) as client:
        await client.create_call(REQUEST)
        await client.get_call("call_1")
    for request in server.requests:
        assert b"accept-encoding: identity\r\n" in request.lower()


async def test_a_status_counts_though_its_packing_is_unknown() -> None:
    """A refusal whose words nobody can read is a refusal."""
    unreadable = reply("401 Unauthorized", b"\x8b\x00", "Content-Encoding: br")
    assert type(await end_of(dial, answering(unreadable))) is KeyRefused


@pytest.mark.parametrize("act", [dial, get])
@pytest.mark.parametrize(
    "headers",
    [
        [f"X-{at}: {'y' * 1000}" for at in range(2000)],
        ["X-Long: " + "y" * 200_000],
        ["X: y"] * 100_000,
    ],
    ids=["2 MB of lines", "one long line", "many short lines"],
)
async def test_a_flood_of_headers_is_in_doubt(act: Callable[[OneInbox], Any], headers: list[str]) -> None:
    """A head beyond all measure is no usable reply; or it is read, where it is within the library's."""
    end = await end_of(act, answering(reply("201 Created", CREATED, *headers)))
    assert type(end) is OutcomeUnknown
    assert len(str(end)) < 200


def nested(depth: int, inside: str = "1") -> bytes:
    """A reply with a list in a list in a list."""
    return f'{{"id": "call_1", "metadata": {"[" * depth}{inside}{"]" * depth}}}'.encode()


ODD_CREATED: dict[str, tuple[bytes, str | None]] = {
    "not a number": (b'{"id": NaN}', None),
    "infinite": (b'{"id": Infinity}', None),
    "a fraction": (b'{"id": 1.5}', None),
    "a number": (b'{"id": 15}', "15"),
    "a huge number": (b'{"id": ' + b"9" * 5000 + b"}", None),
    "blank": (b'{"id": "  "}', None),
    "NUL inside": (b'{"id": "call\\u00001"}', None),
    "line break inside": (b'{"id": "call\\n1"}', None),
    "lone surrogate": (b'{"id": "call\\ud8001"}', None),
    "too long": (b'{"id": "' + b"x" * 201 + b'"}', None),
    "two different ids": (b'{"id": "call_1", "id": "call_2"}', None),
    "the same id twice": (b'{"id": "call_1", "id": "call_1"}', "call_1"),
    "two ids, one below": (b'{"id": "call_1", "metadata": {"id": "x"}}', "call_1"),
    "NaN elsewhere": (b'{"id": "call_1", "cost_cents": NaN, "duration_seconds": -Infinity}', "call_1"),
    "a huge number elsewhere": (b'{"id": "call_1", "cost_cents": ' + b"9" * 4000 + b"}", "call_1"),
    "deep": (nested(500), "call_1"),
    "too deep": (nested(2_000_000), None),
    "NUL elsewhere": (b'{"id": "call_1", "status": "a\\u0000b", "metadata": {"\\u0000": 1}}', "call_1"),
}


@pytest.mark.parametrize("odd", ODD_CREATED)
async def test_odd_json_of_a_create_call(odd: str) -> None:
    """One clear id is the call's id, whatever stands around it; without one the call is in doubt."""
    body, call_id = ODD_CREATED[odd]
    end = await end_of(dial, answering(reply(body=body)))
    if call_id is None:
        assert type(end) is OutcomeUnknown
    else:
        assert end == call_id


@pytest.mark.parametrize("depth", [10, 300, *range(900, 1000, 10), 50_000, 2_000_000])
async def test_a_refusal_is_one_however_deep_its_detail(depth: int) -> None:
    """What a refusal says may be unreadable; that it is one is clear."""
    detail = b'{"detail": ' + b"[" * depth + b"]" * depth + b"}"
    end = await end_of(dial, answering(reply("422 Unprocessable", detail)))
    assert type(end) is Refused


def test_a_call_with_a_deep_message_is_read() -> None:
    """A message nested as deep as JSON can be read costs its own inside, and not the call."""

    def body_of(depth: int) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(
            b'{"id": "call_1", "messages": [{"in": ' + b"[" * depth + b"]" * depth + b"}]}"
        )
        return body

    def cannot_be_read(depth: int) -> bool:
        try:
            body_of(depth)
        except RecursionError:
            return True
        return False

    # Pythons before 3.14 read about a thousand, later ones as many as the stack has room for.
    limit = bisect_left(range(2_000_000), 1, key=cannot_be_read)
    assert limit > 500
    for depth in (*range(5, min(limit, 1_000), 5), *range(max(limit - 300, 5), limit - 50, 5)):
        assert wire.parse_call(body_of(depth)) is not None, f"lost at depth {depth}"


class NeverCloses(httpx.AsyncBaseTransport):
    """A network whose connections do not come to an end."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        return httpx.Response(201, content=CREATED)

    async def aclose(self) -> None:
        """Hang."""
        await anyio.sleep_forever()


def test_closing_takes_no_longer_than_its_deadline() -> None:
    """A client whose connections cannot be closed is left all the same."""
    clock = VirtualClock(NOON)

    async def main() -> str:
        transport = NeverCloses()
        async with OneInbox("http://onein.box", SecretStr("oi_sk_test"), transport=transport) as client:
            return await client.create_call(REQUEST)

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        assert runner.run(main()) == "call_1"
    assert CLOSE_DEADLINE_S <= clock.monotonic() < CLOSE_DEADLINE_S + 1


async def test_a_page_of_long_conversations_is_read() -> None:
    """A hundred calls of which each is long make a page larger than any single call may be."""
    call = {"id": "call_1", "status": "completed", "transcript": "x" * (replies.MAX_REPLY_BYTES + 1)}
    page = json.dumps({"items": [call], "has_more": False, "next_cursor": None}).encode()

    async def first_page(api: OneInbox) -> int:
        async with aclosing(api.recent_calls("agt_test")) as pages:
            return len((await anext(pages)).calls)

    assert await end_of(first_page, answering(reply("200 OK", page))) == 1
