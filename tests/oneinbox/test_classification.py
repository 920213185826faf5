"""The dialling client on real sockets, fault by fault: what may have rung somebody is never called safe."""

import gzip
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from anyio.abc import TaskStatus
from pydantic import SecretStr

from campaign.models import E164, CallRequest
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError, NotSent, OutcomeUnknown, Throttled
from tests.oneinbox import sockets
from tests.oneinbox.sockets import CREATED, Handler, Server, answering, reply, serving

pytestmark = pytest.mark.anyio

PATIENCE_S = 60.0
"""What ends by itself has so long, as a machine may be slow."""
DEADLINES_S = (0.5, 5.0, 30.0)
"""For what does not end by itself. A short one may pass even before the server has done what it does."""
REQUEST = CallRequest(
    agent_id="agt_test",
    to_number=E164("+12025550111"),
    from_number="+12025550100",
    variables={"name": "Anna"},
    metadata={"campaign_attempt": "token"},
)


@asynccontextmanager
async def dialling(
    url: str, *, deadline_s: float = PATIENCE_S, proxy: str | None = None
) -> AsyncGenerator[OneInbox, None]:
    """The real client, guarded so that a hang fails the test."""
    with anyio.fail_after(2 * PATIENCE_S):
        async with OneInbox(
            url, SecretStr("oi_sk_test"), create_deadline_s=deadline_s, proxy=proxy
        ) as client:
            yield client


async def dial(url: str, *, deadline_s: float = PATIENCE_S, proxy: str | None = None) -> ApiError | str:
    """Dial once; the error, or the id."""
    async with dialling(url, deadline_s=deadline_s, proxy=proxy) as client:
        try:
            return await client.create_call(REQUEST)
        except ApiError as error:
            return error


def assert_sent_at_most_once(server: Server) -> None:
    assert server.connections == 1
    assert len(server.requests) <= 1


ENDLESS = (sockets.hang_before_reading, sockets.hang_after_acting, sockets.drip, sockets.drip_headers)
FAULTS: dict[str, tuple[Handler, bool]] = {
    "closed before reading": (sockets.close_at_once, False),
    "closed after the head": (sockets.close_after_head, False),
    "closed after acting": (sockets.close_after_acting, True),
    "reset before reading": (sockets.reset_at_once, False),
    "reset after acting": (sockets.reset_after_acting, True),
    "reset in the reply": (sockets.reset_half_way, True),
    "hangs before reading": (sockets.hang_before_reading, False),
    "hangs after acting": (sockets.hang_after_acting, True),
    "truncated status line": (answering(b"HTTP/1.1 2"), True),
    "truncated head": (answering(b"HTTP/1.1 201 Created\r\nContent-Le"), True),
    "truncated body": (answering(reply(length=1000)), True),
    "truncated chunk": (
        answering(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n27\r\n" + CREATED[:9]),
        True,
    ),
    "garbage": (answering(b"\x00\xff\x17 this is not HTTP\r\n\r\n"), True),
    "two lengths": (answering(reply("201 Created", CREATED, "Content-Length: 5")), True),
    "broken gzip": (answering(reply("201 Created", b"no gzip", "Content-Encoding: gzip")), True),
    "cut gzip": (
        answering(reply("201 Created", gzip.compress(CREATED)[:20], "Content-Encoding: gzip")),
        True,
    ),
    "not JSON": (answering(reply(body=b"<html>It works!</html>")), True),
    "not UTF-8": (answering(reply(body=b'{"id": "\xff"}')), True),
    "empty 201": (answering(reply(body=b"")), True),
    "204": (answering(b"HTTP/1.1 204 No Content\r\n\r\n"), True),
    "no id": (answering(reply(body=b'{"status": "initiated"}')), True),
    "null id": (answering(reply(body=b'{"id": null}')), True),
    "a list": (answering(reply(body=b"[" + CREATED + b"]")), True),
    "too deep": (answering(reply(body=b"[" * 100_000)), True),
    "only an interim reply": (answering(b"HTTP/1.1 100 Continue\r\n\r\n"), True),
    "dripped body": (sockets.drip, True),
    "dripped head": (sockets.drip_headers, True),
    "bad gateway page": (answering(reply("502 Bad Gateway", b"<html>Bad gateway</html>")), True),
    **{
        f"{status}": (answering(reply(f"{status} Whatever", b'{"detail": "later"}')), True)
        for status in (300, 304, 408, 409, 425, 499, 500, 503, 504, 599)
    },
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_request_that_left_is_in_doubt(fault: str) -> None:
    """Once a connection stood, whatever goes wrong leaves the outcome unknown, after one request at most."""
    handler, has_acted = FAULTS[fault]
    for deadline_s in DEADLINES_S if handler in ENDLESS else (PATIENCE_S,):
        async with serving(handler) as server:
            end = await dial(server.url, deadline_s=deadline_s)
        if server.connections and len(server.requests) == has_acted:
            break

    assert type(end) is OutcomeUnknown
    assert_sent_at_most_once(server)
    assert bool(server.requests) == has_acted


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    """A redirect is in doubt, and its target hears nothing of the request."""
    async with serving(sockets.keep_alive) as target:
        away = answering(reply(f"{status} Elsewhere", b"", f"Location: {target.url}/v1/calls"))
        async with serving(away) as server:
            end = await dial(server.url)

            assert type(end) is OutcomeUnknown
            assert_sent_at_most_once(server)
            assert target.connections == 0


async def test_a_refused_port_was_not_sent() -> None:
    """Where nobody listens, nothing was sent."""
    async with serving(sockets.keep_alive) as server:
        pass

    assert type(await dial(server.url)) is NotSent
    assert server.connections == 0


async def test_an_unknown_host_was_not_sent() -> None:
    """A name that nobody resolves gets no request."""
    assert type(await dial("http://nowhere.invalid")) is NotSent


@pytest.mark.parametrize("handler", [sockets.speak_no_tls, sockets.close_at_once, sockets.reset_at_once])
async def test_a_failed_handshake_was_not_sent(handler: Handler) -> None:
    """Where TLS fails, no byte of the request was sent."""
    async with serving(handler) as server:
        end = await dial(server.url.replace("http:", "https:"))

        assert type(end) is NotSent
        assert (server.connections, server.requests) == (1, [])


async def test_a_refused_tunnel_was_not_sent() -> None:
    """Where the proxy opens no tunnel, OneInbox never heard of the request."""
    async with serving(sockets.refuse_tunnel) as proxy:
        end = await dial("https://api.example.invalid", proxy=proxy.url)

        assert type(end) is NotSent
        assert (proxy.connections, proxy.requests) == (1, [])


async def test_throttled() -> None:
    """A 429 says that the request was not accepted, and how long to wait."""
    async with serving(answering(reply("429 Too Many Requests", b"{}", "Retry-After: 17"))) as server:
        end = await dial(server.url)

        assert isinstance(end, Throttled)
        assert end.retry_after_s == 17
        assert_sent_at_most_once(server)


async def test_each_dial_has_its_own_connection() -> None:
    """No dial uses a connection that was open before, though the server would keep it."""
    async with serving(sockets.keep_alive) as server:
        async with dialling(server.url) as client:
            ids = [await client.create_call(REQUEST) for _ in range(3)]

        assert ids == ["call_1"] * 3
        assert (server.connections, len(server.requests)) == (3, 3)


async def test_what_is_sent() -> None:
    """The request is one POST with the key and all that the call needs, and no number stands in its URL."""
    async with serving(sockets.keep_alive) as server:
        assert await dial(server.url) == "call_1"

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/calls HTTP/1.1\r\n")
    assert b"authorization: bearer oi_sk_test" in head.lower()
    assert httpx.Response(200, content=body).json() == {
        "agent_id": "agt_test",
        "to_number": "+12025550111",
        "from_number": "+12025550100",
        "variables": {"name": "Anna"},
        "metadata": {"campaign_attempt": "token"},
    }


async def test_cancellation_passes_through() -> None:
    """A dial that is cancelled ends as a cancellation and not as an error that somebody could handle."""
    arrived = anyio.Event()

    async def handler(wire: sockets.Wire) -> None:
        await wire.request()
        arrived.set()
        await wire.server.released.wait()

    ends: list[str] = []

    async def run(url: str, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        async with dialling(url) as client:
            task_status.started()
            try:
                await client.create_call(REQUEST)
            except ApiError:
                ends.append("error")
            except anyio.get_cancelled_exc_class():
                ends.append("cancelled")
                raise

    async with serving(handler) as server:
        async with anyio.create_task_group() as tasks:
            await tasks.start(run, server.url)
            with anyio.fail_after(PATIENCE_S):
                await arrived.wait()
            tasks.cancel_scope.cancel()

        assert ends == ["cancelled"]
        assert_sent_at_most_once(server)


async def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is never sent to a proxy that only the environment names."""
    async with serving(sockets.keep_alive) as server, serving(sockets.keep_alive) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)

        assert await dial(server.url) == "call_1"
        assert (server.connections, proxy.connections) == (1, 0)


async def test_the_last_check_is_made_when_the_connection_stands() -> None:
    """Right before the first byte it may still say no: then the server never hears of a person."""
    order: list[str] = []

    async def accept(wire: sockets.Wire) -> None:
        order.append("connected" if await wire.reader.read(1) == b"" else "a byte has come")

    def check() -> None:
        order.append("asked")
        raise NotSent("the moment has passed")

    async with serving(accept) as server, dialling(server.url) as client:
        with pytest.raises(NotSent, match="the moment has passed"):
            await client.create_call(REQUEST, check)
    assert order == ["asked", "connected"]


async def test_the_last_check_lets_a_request_go() -> None:
    """It is asked once, and the request is sent as without it."""
    asked: list[None] = []
    async with serving(answering(reply())) as server, dialling(server.url) as client:
        assert await client.create_call(REQUEST, lambda: asked.append(None)) == "call_1"
    assert len(asked) == 1
    assert_sent_at_most_once(server)
