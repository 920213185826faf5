"""A door in front of the accounts: it lets so many connections through, and then nobody can connect."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from campaign.simulator import server

_PIECE = 65_536


@contextmanager
def door(port: int, connections: int) -> Iterator[int]:
    """A port that leads to `port` for the first connections, in a forked process of its own."""
    listener = server.listen(0)
    own_port: int = listener.getsockname()[1]
    pid = os.fork()
    if pid == 0:
        try:
            asyncio.run(_let_through(listener, port, connections))
        finally:
            os._exit(1)
    listener.close()
    try:
        yield own_port
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


async def _let_through(listener: socket.socket, port: int, connections: int) -> None:
    loop = asyncio.get_running_loop()
    listener.setblocking(False)
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            accepted, _address = await loop.sock_accept(listener)
            reader, writer = await asyncio.open_connection(sock=accepted)
            inner_reader, inner_writer = await asyncio.open_connection(server.HOST, port)
            group.create_task(_copy(reader, inner_writer))
            group.create_task(_copy(inner_reader, writer))
        listener.close()
        # Until the process is ended: a connection that is open stays open.
        await asyncio.Event().wait()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()
