"""A URL as the hook, on real sockets: one POST, one bounded reply, and no key."""

import json
from pathlib import Path

import anyio
import pytest

from campaign.hook.answer import Answer, HookFailed
from campaign.hook.ask import Question, ask
from campaign.settings import HookSettings
from tests.oneinbox import sockets
from tests.oneinbox.sockets import Handler, Server, answering, reply, serving

pytestmark = pytest.mark.anyio

QUESTION = Question("spring", 7, "+12025550143", {"customer_name": "Zoë"}, attempt=2)
PATIENCE_S = 120.0


def hook(server: Server, path: str = "/ask?token=x", limit: str = "60s") -> HookSettings:
    """The hook that a server is."""
    return HookSettings.model_validate({"url": server.url + path, "timeout": limit})


async def failure(handler: Handler, limit: str = "60s") -> str:
    """How asking a server fails; it is asked once."""
    with anyio.fail_after(PATIENCE_S):
        async with serving(handler) as server:
            with pytest.raises(HookFailed) as caught:
                await ask(hook(server, limit=limit), QUESTION)
            assert server.connections <= 1
            assert len(server.requests) <= 1
    return str(caught.value)


async def test_the_document_is_posted(monkeypatch: pytest.MonkeyPatch) -> None:
    """One POST of the document as JSON, with no key, no cookie and past every proxy of the environment."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("ONEINBOX_API_KEY", "oi_sk_canary")
    said = reply("200 OK", b'{"dial": false, "final": true, "reason": "has paid"}')
    async with serving(answering(said)) as server:
        answer = await ask(hook(server), QUESTION)
    assert answer == Answer(may_dial=False, reason="has paid", is_final=True)
    [request] = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /ask?token=x HTTP/1.1\r\n")
    assert json.loads(body) == {
        "campaign": "spring",
        "row": 7,
        "to_number": "+12025550143",
        "variables": {"customer_name": "Zoë"},
        "attempt": 2,
    }
    lower = head.lower()
    assert b"content-type: application/json" in lower
    for word in (b"authorization", b"cookie", b"oi_sk"):
        assert word not in lower


async def test_any_2xx_with_a_yes_is_one() -> None:
    """The status has to be good, and the body has to say it."""
    for status in ("200 OK", "201 Created", "299 Odd"):
        async with serving(answering(reply(status, b'{"dial": true}'))) as server:
            assert (await ask(hook(server), QUESTION)).may_dial


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (answering(reply("500 Oops", b'{"dial": true}')), "HTTP 500"),
        (answering(reply("404 Not Found", b'{"dial": true}')), "HTTP 404"),
        (answering(reply("429 Slow", b'{"dial": true}', "Retry-After: 1")), "HTTP 429"),
        (answering(reply("307 Elsewhere", b'{"dial": true}', "Location: /yes")), "HTTP 307"),
        (answering(reply("304 Same", b"", "Location: /yes")), "HTTP 304"),
        (answering(reply("204 Nothing", b"")), "its answer is not JSON"),
        (answering(reply("200 OK", b"")), "its answer is not JSON"),
        (answering(reply("200 OK", b'{"dial": "yes"}')), "its answer does not say dial: true or false"),
        (answering(reply("200 OK", b" " * 65_537)), "a reply of more than 64 kB"),
        (answering(reply("200 OK", b'{"dial": true}', length=99)), "no reply (RemoteProtocolError)"),
        (answering(b"SSH-2.0-OpenSSH\r\n\r\n"), "no reply (RemoteProtocolError)"),
        (sockets.close_after_acting, "no reply (RemoteProtocolError)"),
        (sockets.reset_half_way, "no reply (ReadError)"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
async def test_what_fails(handler: Handler, words: str) -> None:
    """Nothing but a whole reply with a good status is an answer; a redirect is not followed."""
    assert await failure(handler) == words


@pytest.mark.parametrize(
    "handler", [sockets.hang_before_reading, sockets.hang_after_acting, sockets.drip, sockets.drip_headers]
)
async def test_the_time_limit_is_a_total_one(handler: Handler) -> None:
    """A server that goes on for ever, byte by byte, is as good as silent."""
    assert await failure(handler, limit="0.5s") == "no answer within 0.5 s"


async def test_nobody_is_there() -> None:
    """A refused connection is a failure of the hook."""
    async with serving(sockets.close_at_once) as server:
        pass
    with pytest.raises(HookFailed, match=r"^no reply \(ConnectError\)$"):
        await ask(hook(server), QUESTION)


async def test_a_server_without_a_good_certificate() -> None:
    """Who cannot show that it is the one is not asked: the document does not reach it."""
    async with serving(sockets.speak_no_tls) as server:
        with pytest.raises(HookFailed, match=r"^no reply \(ConnectError\)$"):
            await ask(HookSettings(url=server.url.replace("http", "https")), QUESTION)
    assert not server.requests


def test_the_folder_changes_nothing(tmp_path: Path) -> None:
    """A URL stays as it is wherever the campaign file is."""
    settings = HookSettings(url="https://crm.example/ask?token=x").within(tmp_path)
    assert (settings.url, settings.name) == ("https://crm.example/ask?token=x", "https://crm.example/ask")
