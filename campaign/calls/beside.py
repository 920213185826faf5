"""Beside the loop: work that may hang, like a read from a network disk, in a thread that nobody waits for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def run_beside(work: Callable[[], T]) -> T:
    """Run work in a thread of its own. Who stops waiting leaves it behind, as the end of the process does."""
    outcome: Future[T] = Future()
    outcome.set_running_or_notify_cancel()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    Thread(target=run, name="beside", daemon=True).start()
    return await asyncio.wrap_future(outcome)
