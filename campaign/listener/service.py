"""The service: the web server, and the relay that turns what came in into hints, for as long as it runs."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import anyio
import anyio.to_thread
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from campaign.errors import UsageError
from campaign.ledger import hints
from campaign.ledger.ledger import Ledger
from campaign.listener.intake import Intake
from campaign.logs import get_logger

log = get_logger(__name__)

FLUSH_S = 0.25
"""Hints are left so often at most, all that have come by then in one commit."""
CHECK_S = 5.0
REPORT_S = 60.0
HEAD_S = 10.0
"""The head of a request has to be here so soon after its connection."""
MOST_CONNECTIONS = 64
"""At a time; each holds at most one event."""
BATCH_IDS = 500
"""So many ids are looked up at a time; databases limit the values of one statement."""


class ImpatientProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, for whoever comes to the point: uvicorn itself waits for a head for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._impatience = asyncio.get_running_loop().call_later(HEAD_S, self._lose_patience)

    def connection_lost(self, exc: Exception | None) -> None:
        self._impatience.cancel()
        super().connection_lost(exc)

    def _lose_patience(self) -> None:
        if self.cycle is None:
            self.transport.close()


class _Server(uvicorn.Server):
    """Signals belong to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket to serve on; port 0 takes a free one. Raises UsageError when it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(
            f"--host {host}: {error.strerror}; name an address of this machine, like 127.0.0.1"
        ) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"--host {host} --port {port}: {error.strerror}; choose another with --port"
        ) from error
    return listener


async def serve(
    app: ASGIApp,
    intake: Intake,
    listener: socket.socket,
    ledger: Ledger,
    *,
    check: Callable[[], None],
    handle_signals: bool = True,
    report_s: float = REPORT_S,
    stop: anyio.Event | None = None,
) -> None:
    """Take events and leave hints until a signal comes, or `stop` is set.

    Args:
        app: What answers.
        intake: Where it puts what has come.
        listener: Where it answers.
        ledger: Where hints are left; it has a token.
        check: Raises LedgerError when nobody would find them there.
        handle_signals: Whether SIGINT, SIGTERM and SIGHUP end it.
        report_s: What has come is logged so often, if anything has.
        stop: Ends it.

    Raises, possibly within an exception group:
        LedgerError: Hints cannot be left any more.
    """
    server = _Server(uvicorn.Config(app, **_settings()))

    async def until(wanted: Awaitable[Any]) -> None:
        await wanted
        server.should_exit = True

    async with anyio.create_task_group() as group:
        group.start_soon(_relay, intake, ledger)
        group.start_soon(_check, check)
        group.start_soon(_report, intake, report_s)
        if handle_signals:
            group.start_soon(until, _signal())
        if stop is not None:
            group.start_soon(until, stop.wait())
        await server.serve(sockets=[listener])
        group.cancel_scope.cancel()
    # What was answered before the end reaches the ledger, too; nobody else looks it up any more.
    await flush(intake, ledger)


def _settings() -> dict[str, Any]:
    return {
        "http": ImpatientProtocol,
        "ws": "none",
        "lifespan": "off",
        # An access log would have the token in it.
        "access_log": False,
        "log_config": None,
        "log_level": "critical",
        "server_header": False,
        "date_header": False,
        "limit_concurrency": MOST_CONNECTIONS,
        "timeout_keep_alive": 5,
        "timeout_graceful_shutdown": 2,
    }


async def _signal() -> None:
    numbers = [signal.SIGINT, signal.SIGTERM]
    # Under nohup a hang-up is ignored, and stays so.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    with anyio.open_signal_receiver(*numbers) as signals:
        async for _ in signals:
            return


async def _relay(intake: Intake, ledger: Ledger) -> None:
    while True:
        await anyio.sleep(FLUSH_S)
        await flush(intake, ledger)


async def flush(intake: Intake, ledger: Ledger) -> None:
    """Look up what has come, and leave hints for what a run waits for."""
    due = intake.due(monotonic())
    for at in range(0, len(due), BATCH_IDS):
        batch = due[at : at + BATCH_IDS]
        known = await anyio.to_thread.run_sync(ledger.read, hints.awaited, batch)
        if awaited := [call_id for call_id, is_awaited in known.items() if is_awaited]:
            answer = ledger.write(hints.leave, awaited, datetime.now(UTC))
            await asyncio.wrap_future(answer)
        intake.looked_up(batch, known, monotonic())


async def _check(check: Callable[[], None]) -> None:
    while True:
        await anyio.sleep(CHECK_S)
        await anyio.to_thread.run_sync(check)


async def _report(intake: Intake, report_s: float) -> None:
    told: dict[str, int] = {}
    while True:
        await anyio.sleep(report_s)
        now = intake.counts.told()
        if now != told:
            log.info("listener.events", **now)
            told = now
