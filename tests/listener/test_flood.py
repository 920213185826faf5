"""`campaign listen` under a flood: events as fast as they go, most of them not what they should be."""

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import anyio
import pytest

from campaign.ledger.ledger import Ledger
from campaign.listener.app import MOST_BYTES
from campaign.listener.intake import Intake
from tests.listener.machinery import URL, Post, event, signed, three_calls

pytestmark = pytest.mark.alone

LEAST_RATE = 500
"""Requests a second that the listener answers, whatever they are."""
WARM_UP = 400
SECRET = "whsec_4711"
AT_A_TIME = 12
MOST_GROWTH_MB = 16
PATIENCE_S = 240.0


@contextmanager
def listener(ledger: Path, log: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command as a process, and its port."""
    command = [sys.executable, "-m", "campaign", "listen", "--port", "0", "--ledger", str(ledger), *options]
    with log.open("wb") as said:
        process = subprocess.Popen(command, stderr=said, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE_S
        while not (port := re.search(r"port (\d+)", log.read_text(encoding="utf-8"))):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < until
            time.sleep(0.05)
        yield process, int(port[1])
    finally:
        process.kill()
        process.wait()


def memory_mb(process: subprocess.Popen[bytes]) -> float:
    """What it has in memory now."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


async def one(post: Post, rng: Random, secret: str | None) -> int:
    """One request of some kind, and the status that it gets; 0 when the connection is closed on it."""

    async def tell(body: bytes, by: str | None = secret) -> int:
        return await post.post(body, **({} if by is None else {"X_OneInbox_Signature": signed(by, body)}))

    try:
        match rng.randrange(8):
            case 0 | 1:
                names = ("call.ended", "transcript.final", "call.recording.available", "call.new")
                return await tell(event(rng.choice(("call-1", "call-2", "call-3")), rng.choice(names)))
            case 2:
                forged = event(f"forged-{rng.getrandbits(64):x}", x="y" * rng.randrange(20_000))
                return await tell(forged, "another secret" if secret else None)
            case 3:
                return await tell(b'{"event": ' + rng.randbytes(rng.randrange(5_000)))
            case 4:
                return await post.post(event("call-1"), path=f"/events/{rng.getrandbits(64):x}")
            case 5:
                head = f"POST {URL} HTTP/1.1\r\nHost: x\r\nContent-Length: {MOST_BYTES * 100}\r\n\r\n"
                return status_of(await post.say(head, bytes(10_000), ends=False))
            case 6:
                head = f"POST {URL} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                return status_of(await post.say(head, b"60000\r\n" + bytes(0x60000), ends=False))
            case _:
                return status_of(
                    await post.say(rng.choice(("\r\n\r\n", "GET / HTTP/9\r\n\r\n", "\x00" * 99)))
                )
    except ConnectionError:
        return 0


def status_of(said: bytes) -> int:
    """Of a reply, if there is one."""
    return int(said.split()[1]) if said.startswith(b"HTTP/1.1 ") else 0


async def flood(post: Post, number: int, seed: int, secret: str | None) -> Counter[int]:
    """So many requests, some of them at a time."""
    told, rng, free = Counter[int](), Random(seed), asyncio.Semaphore(AT_A_TIME)

    async def send() -> None:
        async with free:
            told[await one(post, rng, secret)] += 1

    with anyio.fail_after(PATIENCE_S):
        async with anyio.create_task_group() as group:
            for _ in range(number):
                group.start_soon(send)
    return told


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("events", "secret"), [(4_000, None), (2_000, SECRET)], ids=["unsigned", "signed"])
def test_a_flood_of_events_breaks_nothing(tmp_path: Path, events: int, secret: str | None) -> None:
    """Valid, repeated, reordered, forged, malformed and oversized, at 500 a second and more.

    No crash, no wrong state, flat memory.
    """
    path, said = tmp_path / "ledger.db", tmp_path / "said.log"
    kept = tmp_path / "secret"
    kept.write_text(SECRET)
    kept.chmod(0o600)
    options = ("--secret-file", str(kept)) if secret else ()
    with Ledger.open(str(path)) as ledger:
        case = three_calls(ledger)
        before = case.rows()
        with listener(path, said, *options) as (process, port):
            assert ledger.is_listened_to()
            post = Post(port, Intake(), case)
            anyio.run(flood, post, WARM_UP, 1, secret)
            at_first, began = memory_mb(process), time.monotonic()
            told = anyio.run(flood, post, events, 2, secret)
            rate, grown = events / (time.monotonic() - began), memory_mb(process) - at_first
            # For whoever asks.
            print(f"\n{rate:.0f} requests a second, {grown:+.1f} MB, statuses {dict(told)}")  # noqa: T201
            assert process.poll() is None
            assert sum(told.values()) == events
            assert told[204] > events / 5
            assert told[404] > events / 20
            assert told[400] > events / 20
            assert (told[401] > events / 20) is (secret is not None)
            assert set(told) <= {0, 204, 400, 401, 404, 413}
            assert rate >= LEAST_RATE
            assert grown < MOST_GROWTH_MB
            anyio.run(post.hinted, "call-1", "call-3")
            assert case.rows() == before
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0
        assert not ledger.is_listened_to()
    told_to_people = said.read_text(encoding="utf-8")
    assert "forged" not in told_to_people
    assert SECRET not in told_to_people
    assert "Traceback" not in told_to_people
