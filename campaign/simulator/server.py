"""The simulator on a loopback port, over real HTTP."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from campaign.errors import UsageError
from campaign.simulator.answers import CLOSE_CONNECTION
from campaign.simulator.app import Simulator

HOST = "127.0.0.1"


class ClosableProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, where an application can also close the connection without a reply."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        application = self.app

        async def with_close(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[CLOSE_CONNECTION] = _closer(transport)
            await application(scope, receive, send)

        self.app = with_close


def _closer(transport: asyncio.Transport) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        transport.close()

    return close


def listen(port: int) -> socket.socket:
    """A socket on the loopback interface; port 0 takes a free one. Raises UsageError when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise UsageError(f"port {port}: {error.strerror}; choose another with --port") from error
    listener.listen(1024)
    return listener


def url_of(listener: socket.socket) -> str:
    """The base URL that a client uses."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


def serve(simulator: Simulator, listener: socket.socket) -> None:
    """Serve until a signal ends it."""
    _server(simulator.app).run(sockets=[listener])


@contextlib.contextmanager
def running(simulator: Simulator, port: int = 0) -> Iterator[str]:
    """Serve in a thread of this process, and give the base URL."""
    listener = listen(port)
    server = _server(simulator.app)
    # Signals belong to the run, not to the simulator inside it: a server in a thread installs none.
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="simulator", daemon=True
    )
    thread.start()
    try:
        # The socket listens already, so a request that comes before the server is ready only waits.
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


def _server(app: ASGIApp) -> uvicorn.Server:
    config: dict[str, Any] = {
        "http": ClosableProtocol,
        "ws": "none",
        "lifespan": "off",
        "log_config": None,
        "log_level": "critical",
        "access_log": False,
        # The application tells its own clock.
        "date_header": False,
        "timeout_graceful_shutdown": 1,
        "timeout_keep_alive": 30,
    }
    return uvicorn.Server(uvicorn.Config(app, **config))
