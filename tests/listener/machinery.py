"""A listener on a real socket beside a real ledger, and plain clients for it."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread

from campaign.ledger import hints
from campaign.ledger.ledger import Ledger
from campaign.listener import service
from campaign.listener.app import PATH, Listener
from campaign.listener.intake import Intake
from tests.ledger.case import ANNA, BEN, CARA, Case, do, people, start
from tests.support import NOON

TOKEN = "token-4711"
URL = f"{PATH}{TOKEN}"
PATIENCE_S = 60.0


@dataclass
class Post:
    """Where events can be posted."""

    port: int
    intake: Intake
    case: Case

    async def say(self, head: str, body: bytes = b"", *, ends: bool = True) -> bytes:
        """Send these bytes on a connection of their own, and read all that comes back."""
        with anyio.fail_after(PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(head.encode() + body)
            if ends:
                writer.write_eof()
            try:
                return await reader.read()
            finally:
                writer.close()

    async def post(self, body: bytes, *, path: str = URL, **headers: str) -> int:
        """Post a body. Returns the status."""
        lines = [f"POST {path} HTTP/1.1", "Host: listener", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        said = await self.say("\r\n".join([*lines, "", ""]), body, ends=False)
        return int(said.split()[1])

    async def hints(self) -> list[str]:
        """The calls for which a run finds hints."""

        def read() -> list[str]:
            return [hint.call_id for hint in self.case.ledger.read(hints.news, 0, most=1000)]

        return await anyio.to_thread.run_sync(read)

    async def hinted(self, *call_ids: str) -> None:
        """Wait until there are hints for exactly these."""
        with anyio.fail_after(PATIENCE_S):
            while sorted(await self.hints()) != sorted(call_ids):  # noqa: ASYNC110 - another task writes
                await anyio.sleep(0.02)


def event(call_id: str, name: str = "call.ended", **more: Any) -> bytes:
    """The body of an event."""
    return json.dumps({"event": name, "call_id": call_id} | more).encode()


def signed(secret: str, body: bytes) -> str:
    """The value of the signature header."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def three_calls(ledger: Ledger) -> Case:
    """Anna's call goes on, Ben's is settled, Cara's results are awaited."""
    case = start(ledger, people(ANNA, BEN, CARA))
    do(ledger, hints.token, new=TOKEN, now=NOON)
    case.place(case.intend(ANNA), "call-1")
    case.whole_call(BEN, "call-2")
    case.place(case.intend(CARA), "call-3")
    case.end("call-3")
    return case


@asynccontextmanager
async def listening(ledger: Ledger, **options: Any) -> AsyncGenerator[Post, None]:
    """The whole service, for as long as the block lasts."""
    case = await anyio.to_thread.run_sync(three_calls, ledger)
    intake, stop = Intake(), anyio.Event()
    app = Listener(intake, token=TOKEN, **options)
    with service.listen("127.0.0.1", 0) as door:
        async with anyio.create_task_group() as group:
            group.start_soon(
                lambda: service.serve(
                    app,
                    intake,
                    door,
                    ledger,
                    check=lambda: None,
                    handle_signals=False,
                    report_s=0.05,
                    stop=stop,
                )
            )
            try:
                yield Post(door.getsockname()[1], intake, case)
            finally:
                stop.set()
