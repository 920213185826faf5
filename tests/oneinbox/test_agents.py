"""Agents: read in any generation from the simulator and from odd replies, over real sockets too."""

import json
import socket
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

from campaign.models import Agent
from campaign.oneinbox import wire
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import (
    ApiError,
    KeyRefused,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Throttled,
    Unsupported,
)
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.server import running
from tests.oneinbox import sockets
from tests.oneinbox.sockets import Handler, answering, reply, serving

UNKNOWN: dict[str, Any] = {
    "name": None,
    "first_message": None,
    "max_duration_seconds": None,
    "voicemail_detection": None,
    "enable_recording": None,
}


async def ask(url: str, agent_id: str = "agt_1", key: str = SIMULATOR_KEY) -> Agent:
    """What the client makes of one agent."""
    async with OneInbox(url, SecretStr(key)) as client:
        return await client.get_agent(agent_id)


async def failure(handler: Handler) -> ApiError:
    """How asking a server that does this ends."""
    async with serving(handler) as server:
        with pytest.raises(ApiError) as caught:
            await ask(server.url)
    return caught.value


@pytest.mark.parametrize("generation", ["v1", "v3"])
def test_both_generations(generation: str) -> None:
    """An agent of the simulator is read whole over HTTP; what a generation lacks is unknown, not false."""
    simulator = Simulator(
        generation=generation, first_message="Hello {{ name }}", agents=frozenset({"agt_1"})
    )
    with running(simulator) as url:
        assert anyio.run(ask, url) == Agent(
            id="agt_1",
            name="Simulated agent",
            first_message="Hello {{ name }}",
            max_duration_seconds=600,
            voicemail_detection=False if generation == "v3" else None,
            enable_recording=False,
        )


def test_no_such_agent() -> None:
    """An agent that does not exist, and a key that may not ask, are told apart."""
    with running(Simulator(agents=frozenset({"agt_1"}))) as url:
        with pytest.raises(NotFound, match="Agent not found"):
            anyio.run(ask, url, "agt_2")
        with pytest.raises(KeyRefused):
            anyio.run(ask, url, "agt_1", "oi_sk_wrong")


@pytest.mark.parametrize("kind", ["drop", "lose_reply", "cut", "garble", "no_id"])
def test_faults_of_the_simulator(kind: str) -> None:
    """A reply that is lost or broken gives no agent, and an error after which one may ask again."""
    simulator = Simulator(faults=FaultPlan((Fault(kind, endpoint="agent"),)))
    with running(simulator) as url, pytest.raises((NotSent, OutcomeUnknown)):
        anyio.run(ask, url)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("401 Unauthorized", KeyRefused),
        ("403 Forbidden", KeyRefused),
        ("404 Not Found", NotFound),
        ("410 Gone", NotFound),
        ("405 Method Not Allowed", Unsupported),
        ("422 Unprocessable", Unsupported),
        ("429 Too Many Requests", Throttled),
        ("302 Found", OutcomeUnknown),
        ("500 Internal Server Error", OutcomeUnknown),
        ("503 Service Unavailable", OutcomeUnknown),
    ],
)
async def test_statuses(status: str, kind: type[ApiError]) -> None:
    """Every kind of refusal has its error, as for a call."""
    assert type(await failure(answering(reply(status, b"{}")))) is kind


@pytest.mark.anyio
@pytest.mark.parametrize(
    "handler", [sockets.close_at_once, sockets.reset_after_acting, sockets.reset_half_way]
)
async def test_broken_connections(handler: Handler) -> None:
    """A connection that breaks gives no agent, and an error after which one may ask again."""
    assert type(await failure(handler)) in (NotSent, OutcomeUnknown)


@pytest.mark.anyio
async def test_nobody_listens() -> None:
    """A port at which nobody listens is told as a request that never left."""
    with socket.socket() as taken:
        taken.bind((sockets.HOST, 0))
        with pytest.raises(NotSent):
            await ask(f"http://{sockets.HOST}:{taken.getsockname()[1]}")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"id": null}',
        b'{"id": "agt_2"}',
        b'{"data": {"id": "agt_1"}}',
    ],
)
async def test_what_is_not_the_agent(body: bytes) -> None:
    """A good status with anything but the agent that was asked for is no answer."""
    assert type(await failure(answering(reply("200 OK", body)))) is OutcomeUnknown


@pytest.mark.anyio
async def test_the_request() -> None:
    """The id is quoted into the path, and the key goes along."""
    agent_id = "agt/1 ?é"
    async with serving(answering(reply("200 OK", json.dumps({"id": agent_id}).encode()))) as server:
        assert await ask(server.url, agent_id) == Agent(id=agent_id)
    [request] = server.requests
    assert request.startswith(b"GET /v1/agents/agt%2F1%20%3F%C3%A9 HTTP/1.1\r\n")
    assert f"authorization: bearer {SIMULATOR_KEY}".encode() in request.lower()


@pytest.mark.anyio
async def test_the_asking_client_is_used() -> None:
    """Agents are asked for on kept connections, which dialling never uses."""
    async with (
        serving(sockets.keep_alive) as server,
        OneInbox(server.url, SecretStr(SIMULATOR_KEY)) as client,
    ):
        for _ in range(3):
            assert await client.get_agent("call_1") == Agent(id="call_1")
    assert (server.connections, len(server.requests)) == (1, 3)


@pytest.mark.anyio
async def test_an_id_in_capitals() -> None:
    """A UUID that the operator wrote in capitals is the agent that the server writes in small letters."""
    body = httpx.Response(200, json={"id": "7b0f7a52-90c3"})
    transport = httpx.MockTransport(lambda request: body)
    async with OneInbox("http://127.0.0.1", SecretStr(SIMULATOR_KEY), transport=transport) as client:
        assert (await client.get_agent("7B0F7A52-90C3")).id == "7b0f7a52-90c3"


@pytest.mark.parametrize(
    ("odd", "read"),
    [
        ({}, {}),
        (dict.fromkeys(UNKNOWN), {}),
        ({"name": ["x"], "first_message": {"text": "x"}, "enable_recording": "yes"}, {}),
        ({"voicemail_detection": {"enabled": True}, "enable_recording": 1}, {}),
        ({"max_duration_seconds": "600"}, {"max_duration_seconds": 600.0}),
        ({"max_duration_seconds": "long"}, {}),
        ({"max_duration_seconds": True}, {}),
        ({"max_duration_seconds": float("nan")}, {}),
        ({"name": 17, "first_message": "a\x00b\r\n"}, {"name": "17", "first_message": "a\ufffdb\n"}),
        ({"first_message": ""}, {}),
        ({"voicemail_detection": True, "enable_recording": False},) * 2,
    ],
)
def test_odd_fields(odd: dict[str, Any], read: dict[str, Any]) -> None:
    """No value of a field can make an agent unreadable; what is not understood is unknown."""
    assert wire.parse_agent({"id": "agt_1"} | odd) == Agent(**{"id": "agt_1"} | UNKNOWN | read)


@pytest.mark.parametrize("body", [None, [], "agt_1", 17, {"id": ""}, {"id": {}}, {"id": "x" * 201}])
def test_what_is_no_agent(body: Any) -> None:
    """Without a usable id there is no agent."""
    assert wire.parse_agent(body) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (None, ()),
        ("", ()),
        ("Hello, is this a good time?", ()),
        ("Hello {{name}}", ("name",)),
        ("Hello {{ name }}, {{\tname\n}}", ("name",)),
        ("{{b}} {{a}} {{b}} {{B}}", ("b", "a", "B")),
        ("{{a}}{{b}}", ("a", "b")),
        ("{{first name}} {{ order-id }} {{to.city}} {{_x1}}", ("first name", "order-id", "to.city", "_x1")),
        ("{{Straße}} {{名前}}", ("Straße", "名前")),
        ("{{{name}}}", ("name",)),
        ("{name} { {name} } {{name} {name}}", ()),
        ("{{}} {{ }} {{a | upper}} {{#if a}} {{'a'}} {{a\nb}}", ()),
        ("{{ open {{name}}", ("name",)),
    ],
)  # fmt: skip
def test_placeholders(text: str | None, names: tuple[str, ...]) -> None:
    """The names in double braces are told once each, in order of appearance; nothing else is a name."""
    assert Agent(id="agt_1", first_message=text).placeholders == names


def test_placeholders_of_hostile_text() -> None:
    """A long text of braces and blanks takes no time to read."""
    text = "{{ a " + "b " * 50_000 + "{" * 50_000 + "{{x}}"
    assert Agent(id="agt_1", first_message=text).placeholders == ("x",)
