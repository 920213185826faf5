"""Real servers on the loopback interface that do one thing wrong, and count what they were asked."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
CERTIFICATE = Path(__file__).with_name("recordings_example.pem")
"""Of recordings.example, for which no authority vouches."""
CREATED = b'{"id": "call_1", "status": "initiated"}'


@dataclass
class Server:
    """What a faulty server has seen."""

    port: int = 0
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    """Every whole request, head and body."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the test is over, for handlers that hang."""

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


@dataclass
class Wire:
    """One connection, as a handler uses it."""

    server: Server
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def head(self) -> bytes:
        """Read the head of a request and leave its body unread."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def request(self) -> bytes:
        """Read a whole request, and count it."""
        head = await self.head()
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        request = head + await self.reader.readexactly(length)
        self.server.requests.append(request)
        return request

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Close with a reset in place of a goodbye."""
        plain: socket.socket = self.writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Handler = Callable[[Wire], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler, port: int = 0) -> AsyncGenerator[Server, None]:
    """Run `handler` for each connection; afterwards all are closed and every handler has ended.

    Who is let in only at the end, like a client that has long given up, is neither counted nor handled.
    """
    seen = Server()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            if not seen.released.is_set():
                seen.connections += 1
                await handler(Wire(seen, reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass  # The client went away first.
        finally:
            writer.close()

    server = await asyncio.start_server(connected, HOST, port)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        seen.released.set()
        try:
            await _let_in_all(seen)
        finally:
            server.close()
            await asyncio.gather(*tasks)
            await server.wait_closed()


async def _let_in_all(server: Server) -> None:
    """Return when every connection so far has its task, which closes it."""
    reader, writer = await asyncio.open_connection(HOST, server.port)
    # Connections are let in one after the other: when this one is closed, all before it have their tasks.
    await reader.read()
    writer.close()
    await writer.wait_closed()


def reply(
    status: str = "201 Created", body: bytes = CREATED, *headers: str, length: int | None = None
) -> bytes:
    """The bytes of a reply."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers)
    return "\r\n".join((*lines, "", "")).encode() + body


def answering(data: bytes) -> Handler:
    """Read the whole request, then send these bytes and close."""

    async def handler(wire: Wire) -> None:
        await wire.request()
        await wire.send(data)

    return handler


async def close_at_once(wire: Wire) -> None:
    """Close before anything was read."""


async def close_after_head(wire: Wire) -> None:
    """Close when the head was read, and the body not."""
    await wire.head()


async def close_after_acting(wire: Wire) -> None:
    """Read everything, as a server that places the call, and close without a byte."""
    await wire.request()


async def reset_at_once(wire: Wire) -> None:
    """Reset before anything was read."""
    wire.reset()


async def reset_after_acting(wire: Wire) -> None:
    """Read everything, and reset."""
    await wire.request()
    wire.reset()


async def hang_before_reading(wire: Wire) -> None:
    """Neither read nor answer."""
    await wire.server.released.wait()


async def hang_after_acting(wire: Wire) -> None:
    """Read everything, and never answer."""
    await wire.request()
    await wire.server.released.wait()


async def reset_half_way(wire: Wire) -> None:
    """Answer half, then reset."""
    await wire.request()
    await wire.send(reply(length=1000))
    wire.reset()


async def drip(wire: Wire) -> None:
    """Answer byte by byte, each well within any read timeout, and never come to an end."""
    await wire.request()
    await wire.send(reply(body=b"", length=10**6))
    while not wire.server.released.is_set():
        await wire.send(b" ")
        await asyncio.sleep(0.02)


async def drip_headers(wire: Wire) -> None:
    """Answer with ever more header lines."""
    await wire.request()
    await wire.send(b"HTTP/1.1 201 Created\r\n")
    while not wire.server.released.is_set():
        await wire.send(b"X-More: 1\r\n")
        await asyncio.sleep(0.02)


async def refuse_tunnel(wire: Wire) -> None:
    """A proxy that allows no tunnel."""
    head = await wire.head()
    assert head.startswith(b"CONNECT ")
    await wire.send(reply("403 Forbidden", b""))


async def speak_no_tls(wire: Wire) -> None:
    """Answer a TLS greeting with plain HTTP."""
    await wire.reader.read(1)
    await wire.send(reply("400 Bad Request", b""))


async def keep_alive(wire: Wire) -> None:
    """A good server that keeps its connections open for more requests."""
    while True:
        await wire.request()
        await wire.send(reply("201 Created", CREATED, "Connection: keep-alive"))


@asynccontextmanager
async def tls_server(handler: Handler) -> AsyncGenerator[Server, None]:
    """As `serving`, with the certificate of recordings.example."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    seen = Server()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        await handler(Wire(seen, reader, writer))
        writer.close()

    server = await asyncio.start_server(connected, HOST, 0, ssl=context)
    seen.port = server.sockets[0].getsockname()[1]
    async with server:
        yield seen
