"""A TCP proxy that harms one connection at one byte: what a network can do to client and OneInbox."""

import asyncio
import re
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from urllib.parse import urlsplit

from tests.oneinbox.sockets import Wire, serving

CHUNK = 65_536


class Mode(StrEnum):
    """What happens to the connection."""

    CUT = "cut"
    """Both sides are told goodbye."""
    RESET = "reset"
    """Both sides get a reset."""
    STALL = "stalled"
    """Nothing passes any more, and nobody is told."""
    GARBLE = "garbled"
    """One bit of one byte is turned over, and all else passes."""


class Side(StrEnum):
    """Whose bytes are counted."""

    REQUEST = "request"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault: what happens, and when."""

    mode: Mode
    side: Side
    at: int
    """So many bytes of this side pass untouched."""
    bit: int = 0
    """The bit that is turned over, 0 to 7."""
    verb: str = ""
    """Only connections whose first request begins with this, like `POST`."""
    nth: int = 0
    """Which of those connections, counted from 0."""

    def __str__(self) -> str:
        where = f"{self.side} {self.mode} at byte {self.at}"
        bit = f" bit {self.bit}" if self.mode is Mode.GARBLE else ""
        return f"{where}{bit} of {self.verb or 'any'} connection {self.nth}"


Passed = Mapping[Side, bytes]
"""What a connection has carried."""


def drawn(rng: Random, modes: Sequence[Mode], passed: Passed, verb: str = "", nth: int = 0) -> Strike:
    """Any of these harms at any byte."""
    side = rng.choice(list(Side))
    return Strike(rng.choice(modes), side, rng.randrange(len(passed[side])), rng.randrange(8), verb, nth)


def unlike(at: int) -> str:
    """A word for this index that no changed bit turns into the word of another."""
    return uuid.uuid5(uuid.NAMESPACE_OID, str(at)).hex


def differ_in_one_bit(one: str, other: str) -> bool:
    """Whether a garbled line may have made one of these texts of the other."""
    first, second = one.encode(), other.encode()
    if len(first) != len(second):
        return False
    return sum((left ^ right).bit_count() for left, right in zip(first, second, strict=True)) == 1


@dataclass
class Proxy:
    """A proxy that is listening. Give it a `strike`, and look whether it `has_struck`."""

    upstream: str
    """Base URL of the real server."""
    url: str = ""
    """Its own base URL."""
    strike: Strike | None = None
    has_struck: bool = False
    passed: dict[Side, bytes] = field(default_factory=dict)
    """What the latest connection has carried so far, after the harm."""
    _matched: int = 0
    """Connections of the strike's verb so far."""

    def aim(self, strike: Strike | None) -> None:
        """Harm a connection that begins from now on, or none."""
        self.strike, self.has_struck, self.passed = strike, False, {}
        self._matched = 0

    @property
    def has_whole_reply(self) -> bool:
        """Whether the latest connection has carried its reply to the end, as long as that says it is."""
        head, end, body = self.passed.get(Side.REPLY, b"").partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\ncontent-length: *(\d+)\r\n", head + b"\r\n")
        return bool(end) and length is not None and len(body) >= int(length[1])

    def take(self, first: bytes) -> Strike | None:
        """The strike, when it is meant for a connection that begins with these bytes."""
        strike = self.strike
        if strike is None or not first.startswith(strike.verb.encode()):
            return None
        self._matched += 1
        return strike if self._matched == strike.nth + 1 else None


@asynccontextmanager
async def proxying(upstream: str) -> AsyncGenerator[Proxy, None]:
    """Listen on a free port and pass everything on to the server at this base URL."""
    proxy = Proxy(upstream)

    async def passing(wire: Wire) -> None:
        first = await wire.reader.read(CHUNK)
        if first:
            await _Passage(proxy, wire, proxy.take(first)).carry(first)

    async with serving(passing) as server:
        proxy.url = server.url
        yield proxy


class _Passage:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, client: Wire, strike: Strike | None) -> None:
        self._proxy = proxy
        self._client = client
        self._strike = strike
        self._passed = proxy.passed = {Side.REQUEST: b"", Side.REPLY: b""}

    async def carry(self, first: bytes) -> None:
        """Pass on what comes from either side until one is done or the strike ends it."""
        address = urlsplit(self._proxy.upstream)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        server = Wire(self._client.server, reader, writer)
        both_ways = [
            asyncio.create_task(self._pump(self._client, server, Side.REQUEST, first)),
            asyncio.create_task(self._pump(server, self._client, Side.REPLY, b"")),
        ]
        try:
            await asyncio.wait(both_ways, return_when=asyncio.FIRST_COMPLETED)
            for way in both_ways:
                way.cancel()
            await asyncio.gather(*both_ways, return_exceptions=True)
            await self._end(server)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _pump(self, source: Wire, target: Wire, side: Side, data: bytes) -> None:
        """Pass on one side's bytes; return at their end, or when the strike has ended the connection."""
        data = data or await source.reader.read(CHUNK)
        while data:
            whole = self._harmed(data, side)
            self._passed[side] += whole
            await target.send(whole)
            if self._is_over:
                return
            data = await source.reader.read(CHUNK)

    def _harmed(self, data: bytes, side: Side) -> bytes:
        """What passes of these bytes."""
        strike = self._strike
        if strike is None or strike.side is not side or self._proxy.has_struck:
            return data
        at = strike.at - len(self._passed[side])
        if strike.mode is not Mode.GARBLE and at <= len(data):
            self._proxy.has_struck = True
            return data[:at]
        if strike.mode is Mode.GARBLE and at < len(data):
            self._proxy.has_struck = True
            return data[:at] + bytes([data[at] ^ 1 << strike.bit]) + data[at + 1 :]
        return data

    @property
    def _is_over(self) -> bool:
        strike = self._strike
        return strike is not None and self._proxy.has_struck and strike.mode is not Mode.GARBLE

    async def _end(self, server: Wire) -> None:
        """Leave the two sides as the strike wants them."""
        if not self._is_over or self._strike is None:
            return
        if self._strike.mode is Mode.STALL:
            # The client's own deadline ends this; what it still sends goes nowhere.
            while await self._client.reader.read(CHUNK):
                pass
        elif self._strike.mode is Mode.RESET:
            self._client.reset()
            server.reset()
