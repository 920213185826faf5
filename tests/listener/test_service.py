"""The listener on a real socket, with a real ledger behind it: what it takes, and what it turns away."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import anyio.to_thread
import pytest

from campaign.errors import LedgerError, UsageError
from campaign.ledger import hints
from campaign.ledger.ledger import Ledger
from campaign.listener import service
from campaign.listener.app import MOST_BYTES, Listener
from campaign.listener.intake import Intake
from campaign.models import RowStatus
from tests.listener.machinery import TOKEN, URL, event, listening, signed

pytestmark = pytest.mark.anyio

SECRET = "whsec_4711"


@pytest.fixture
def ledger(sqlite_location: str) -> Iterator[Ledger]:
    """One database is enough here: the verbs are tested on both."""
    with Ledger.open(sqlite_location) as opened:
        yield opened


async def test_an_event_becomes_a_hint_and_nothing_else(ledger: Ledger) -> None:
    """What it says of the call's end reaches no row."""
    async with listening(ledger) as post:
        before = await anyio.to_thread.run_sync(post.case.rows)
        assert await post.post(event("call-1", status="completed", transcript="agent: hello")) == 204
        await post.hinted("call-1")
        assert await anyio.to_thread.run_sync(post.case.rows) == before
        assert before[0].status is RowStatus.LIVE


async def test_repeated_reordered_and_unknown_events_are_taken(ledger: Ledger) -> None:
    """Each is answered with 204, and a call has one hint."""
    async with listening(ledger) as post:
        for name in ("transcript.final", "call.ended", "call.ended", "call.brand_new", "call.started"):
            for call_id in ("call-3", "call-1", "nobody's"):
                assert await post.post(event(call_id, name)) == 204
        await post.hinted("call-1", "call-3")
        assert post.intake.counts.events == 15


async def test_events_of_calls_that_are_over_or_unknown_write_nothing(ledger: Ledger) -> None:
    """They are counted."""
    async with listening(ledger) as post:
        for call_id in ("call-2", "forged"):
            assert await post.post(event(call_id)) == 204
        assert await post.post(b'{"event": "webhook.test"}') == 204
        with anyio.fail_after(60):
            while not (post.intake.counts.over and post.intake.counts.unknown):  # noqa: ASYNC110 - counters
                await anyio.sleep(0.05)
        assert await post.hints() == []
    assert post.intake.counts.told() == {"events": 3, "over": 1, "unknown": 1, "other": 1}


ELSEWHERE = ("/", "/events/", "/events", f"{URL}x", f"{URL}/", URL[:-1], URL.upper(), f"/x{URL}")


@pytest.mark.parametrize("path", [*ELSEWHERE, "/events/%74oken-4711"])
async def test_any_other_path_is_not_found(ledger: Ledger, path: str) -> None:
    """With an empty body: whoever tries learns nothing, not even by which letter they failed."""
    async with listening(ledger) as post:
        assert await post.post(event("call-1"), path=path) == 404
        said = await post.say(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert said.endswith(b"\r\n\r\n")
        assert b"uvicorn" not in said
        assert post.intake.counts.elsewhere == 2
        assert await post.post(event("call-1"), path=f"{URL}?from=oneinbox") == 204


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
async def test_another_method_is_not_allowed(ledger: Ledger, method: str) -> None:
    """405, and which one is."""
    async with listening(ledger) as post:
        said = await post.say(f"{method} {URL} HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 405")
    assert b"allow: POST" in said


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(ledger: Ledger) -> None:
    """By what is announced, without waiting for a byte of it."""
    async with listening(ledger) as post:
        head = f"POST {URL} HTTP/1.1\r\nHost: x\r\nContent-Length: {MOST_BYTES + 1}\r\n\r\n"
        assert (await post.say(head, ends=False)).startswith(b"HTTP/1.1 413")
        exactly = event("call-1") + b" " * (MOST_BYTES - len(event("call-1")))
        assert await post.post(exactly) == 204
    assert post.intake.counts.too_large == 1


async def test_a_body_without_a_size_is_read_up_to_the_limit(ledger: Ledger) -> None:
    """Then 413, however much more would come."""
    async with listening(ledger, most_bytes=1000) as post:
        head = f"POST {URL} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        small = event("call-1")
        whole = b"%x\r\n%b\r\n0\r\n\r\n" % (len(small), small)
        assert (await post.say(head, whole, ends=False)).startswith(b"HTTP/1.1 204")
        assert (await post.say(head, b"3e9\r\n" + bytes(1001) + b"\r\n", ends=False)).startswith(
            b"HTTP/1.1 413"
        )


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"<html>", b"\xff", b"[" * 50_000])
async def test_what_is_no_event_is_refused(ledger: Ledger, body: bytes) -> None:
    """400, and counted."""
    async with listening(ledger) as post:
        assert await post.post(body) == 400
        assert post.intake.counts.malformed == 1


class HeldLedger(Ledger):
    """A ledger of which the first look for calls takes until it is let go, or another has been made."""

    def read(self, verb: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        answer = super().read(verb, *args, **kwargs)
        if verb is hints.awaited:
            self.looks += 1
            self.begun.set()
            if self.looks == 1:
                self.others.wait(2)
            else:
                self.others.set()
        return answer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.looks = 0
        self.begun, self.others = threading.Event(), threading.Event()


@pytest.fixture
def held_ledger(sqlite_location: str) -> Iterator[HeldLedger]:
    """Opened before there is an event loop."""
    with HeldLedger.open(sqlite_location) as opened:
        yield opened


async def test_the_last_look_waits_for_one_that_is_under_way(held_ledger: HeldLedger) -> None:
    """Who is told to end while the ledger is slow looks each event up once, and ends well."""
    async with listening(held_ledger) as post:
        assert await post.post(event("call-2")) == 204
        assert await anyio.to_thread.run_sync(held_ledger.begun.wait, 60)
    assert (held_ledger.looks, post.intake.counts.over) == (1, 1)


async def test_whoever_is_too_slow_is_let_go(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the head or with the body: no connection is held open for long."""
    monkeypatch.setattr(service, "HEAD_S", 0.2)
    async with listening(ledger, body_s=0.2) as post:
        assert await post.say(f"POST {URL} HTT", ends=False) == b""
        half = f"POST {URL} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"
        assert (await post.say(half, ends=False)).startswith(b"HTTP/1.1 408")
        assert post.intake.counts.too_slow == 1
        assert await post.post(event("call-1")) == 204


async def test_whoever_hangs_up_half_way_leaves_nothing(ledger: Ledger) -> None:
    """Half an event is none."""
    async with listening(ledger) as post:
        head = f"POST {URL} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
        await post.say(head, event("call-1"))
        assert await post.post(event("call-3")) == 204
        await post.hinted("call-3")
        assert post.intake.counts.events == 1


async def test_with_a_secret_only_signed_events_are_taken(ledger: Ledger) -> None:
    """401 for the others, whatever they say."""
    async with listening(ledger, secret=SECRET) as post:
        body = event("call-1")
        assert await post.post(body) == 401
        assert await post.post(body, X_OneInbox_Signature=signed("another", body)) == 401
        assert await post.post(body + b" ", X_OneInbox_Signature=signed(SECRET, body)) == 401
        assert await post.post(b"{", X_OneInbox_Signature="sha256=") == 401
        assert await post.post(body, X_OneInbox_Signature=signed(SECRET, body)) == 204
        await post.hinted("call-1")
        assert post.intake.counts.unsigned == 4


async def test_the_header_of_the_signature_can_be_named(ledger: Ledger) -> None:
    """No documentation says what it is called."""
    async with listening(ledger, secret=SECRET, header="X-Signature") as post:
        body = event("call-1")
        assert await post.post(body, X_OneInbox_Signature=signed(SECRET, body)) == 401
        assert await post.post(body, x_signature=signed(SECRET, body)) == 204


async def test_what_was_answered_before_the_end_is_in_the_ledger(ledger: Ledger) -> None:
    """A listener that is stopped takes nothing with it."""
    async with listening(ledger) as post:
        assert await post.post(event("call-1")) == 204
    assert await post.hints() == ["call-1"]


async def test_a_full_intake_says_come_again(ledger: Ledger) -> None:
    """503 makes OneInbox try again later."""
    async with listening(ledger) as post:
        post.intake.most_ids = 0
        assert await post.post(event("call-1")) == 503
        post.intake.most_ids = 10
        assert await post.post(event("call-1")) == 204


async def test_counts_are_logged_and_nothing_of_anybody(
    ledger: Ledger, capfd: pytest.CaptureFixture[str]
) -> None:
    """No number, transcript, id or token."""
    async with listening(ledger) as post:
        body = event("call-1", to_number="+12025550143", transcript="agent: secret words")
        assert await post.post(body) == 204
        assert await post.post(event("x"), path="/elsewhere") == 404
        await post.hinted("call-1")
        await anyio.sleep(0.2)
    said = "".join(capfd.readouterr())
    assert "listener.events" in said
    for private in ("2025550143", "secret words", "call-1", TOKEN):
        assert private not in said


async def test_a_ledger_that_cannot_be_written_ends_the_listener(ledger: Ledger) -> None:
    """Hints that reach nobody are no service: whoever supervises it starts it again."""

    async def without_ledger() -> None:
        async with listening(ledger) as post:
            await anyio.to_thread.run_sync(ledger.close)
            await post.post(event("call-1"))
            await anyio.sleep(60)

    with pytest.raises(ExceptionGroup) as failure:
        await without_ledger()
    assert failure.group_contains(LedgerError)


async def test_a_check_that_fails_ends_the_listener(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the ledger was replaced."""
    monkeypatch.setattr(service, "CHECK_S", 0.01)
    intake = Intake()
    app = Listener(intake, token=TOKEN)

    def gone() -> None:
        raise LedgerError("gone")

    with service.listen("127.0.0.1", 0) as door, pytest.raises(ExceptionGroup) as failure:
        await service.serve(app, intake, door, ledger, check=gone, handle_signals=False)
    assert failure.group_contains(LedgerError)


def test_a_port_that_is_taken_is_told() -> None:
    """And an address that this machine does not have."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(UsageError, match="choose another with --port"),
    ):
        service.listen("127.0.0.1", taken.getsockname()[1])
    for host in ("192.0.2.1", "nowhere.invalid"):
        with pytest.raises(UsageError, match=f"--host {re.escape(host)}"):
            service.listen(host, 0)
