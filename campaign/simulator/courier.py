"""The courier: posts the events of calls to webhooks on this machine in their order, and keeps every attempt.

What is not answered with 2xx is tried again, before the call's next event. Faults of the endpoint `event`
make it lose, repeat, garble or reorder events.
"""

import asyncio
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from campaign.settings import LOOPBACK
from campaign.simulator import events
from campaign.simulator.answers import Account, Struck, now_stamp
from campaign.simulator.provider import Provider, SimulatedCall

SIGNATURE = "X-OneInbox-Signature"
"""Header with `sha256=` and the HMAC-SHA256 of the body in hex. No documentation names one."""
ATTEMPTS = 3
PATIENCE_S = 5.0
LOOK_S = 0.1
"""Calls may be stopped, and clocks moved: no longer than this passes without a look."""

_MOST_BYTES = 1000


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where events go."""

    url: str
    secret: str | None = field(repr=False)
    """Signs them; None leaves them unsigned."""
    webhook_id: str | None = None
    """None when the call itself named the address."""


class CourierAccount(Account, Protocol):
    """What the courier depends on."""

    provider: Provider
    retry_s: float


@dataclass(slots=True)
class Courier:
    """Brings the events of one account's calls."""

    account: CourierAccount
    receivers: Callable[[SimulatedCall, str], Iterable[Receiver]]
    """Who wants to know of an event of a call."""
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    """Every attempt, the oldest first."""
    followed: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """The tasks that tell of calls, by the ids of these. One ends when there is no more to tell."""

    def follow(self, call: SimulatedCall) -> None:
        """Tell what happens to this call from now on. Needs a running event loop."""
        if call.id not in self.followed:
            now = self.account.provider.now()
            self.followed[call.id] = asyncio.get_running_loop().create_task(self._follow(call, now))

    async def _follow(self, call: SimulatedCall, since: float) -> None:
        provider, generation = self.account.provider, self.account.generation
        told = {name for at, name in events.course(call, generation) if at < since}
        held: tuple[str, dict[str, Any]] | None = None
        while due := [part for part in events.course(call, generation) if part[1] not in told]:
            at, name = due[0]
            wait_s = (at - provider.now()) / provider.speed
            if wait_s > 0:
                await asyncio.sleep(min(wait_s, LOOK_S))
                continue
            told.add(name)
            struck = self.account.faults.strike("event", call.to_number)
            body = events.payload(provider, call, name, at, generation)
            if "reorder" in struck and held is None and len(due) > 1:
                held = (name, body)
                continue
            await self._tell(call, name, body, struck)
            if held is not None:
                await self._tell(call, *held, {})
                held = None
        if held is not None:
            # It was stopped meanwhile, and nothing came after.
            await self._tell(call, *held, {})

    async def _tell(self, call: SimulatedCall, name: str, body: dict[str, Any], struck: Struck) -> None:
        if "drop" in struck:
            return
        for receiver in self.receivers(call, name):
            for _ in range(2 if "repeat" in struck else 1):
                await self.deliver(receiver, body, is_garbled="garble" in struck)

    async def deliver(
        self, receiver: Receiver, body: dict[str, Any], *, attempts: int = ATTEMPTS, is_garbled: bool = False
    ) -> dict[str, Any]:
        """Post one event, as often as it takes or as it may be tried; the record of the last attempt."""
        content = b"<html>event</html>" if is_garbled else json.dumps(body).encode()
        for attempt in range(1, attempts + 1):
            record: dict[str, Any] = {
                "id": str(uuid.uuid4()),
                "webhook_id": receiver.webhook_id,
                "event": body["event"],
                "status": "pending",
                "attempt": attempt,
                "response_status": None,
                "response_body": None,
                "error": None,
                "next_retry_at": None,
                "completed_at": None,
                "created_at": now_stamp(),
            }
            self.deliveries.append(record)
            try:
                status, said = await _post(receiver, content)
                record |= {"response_status": status, "response_body": said}
            except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError) as error:
                status = 0
                record["error"] = str(error) or type(error).__name__
            was_taken = 200 <= status < 300
            record |= {"status": "succeeded" if was_taken else "failed", "completed_at": now_stamp()}
            if was_taken:
                break
            if attempt < attempts:
                await asyncio.sleep(self.account.retry_s * attempt)
        return record


async def _post(receiver: Receiver, content: bytes) -> tuple[int, str]:
    """Status and beginning of the reply. Raises ValueError when the address is not on this machine."""
    parts = urlsplit(receiver.url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise ValueError("the simulator posts to this machine only, over plain http")
    headers = [
        f"POST {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        "Connection: close",
    ]
    if receiver.secret is not None:
        digest = hmac.new(receiver.secret.encode(), content, hashlib.sha256).hexdigest()
        headers.append(f"{SIGNATURE}: sha256={digest}")
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        try:
            writer.write("\r\n".join([*headers, "", ""]).encode() + content)
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            said = await reader.read(_MOST_BYTES)
        finally:
            writer.close()
    return int(head.split(" ", 2)[1]), said.decode("utf-8", "replace")
