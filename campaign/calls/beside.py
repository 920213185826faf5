"""Work that may hang for ever, like a write to a disk that has gone: the run and its process outlive it."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

import anyio

P = ParamSpec("P")
T = TypeVar("T")


async def in_daemon(longest_s: float, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Do it in a thread of its own, which the end of the process does not wait for.

    Args:
        longest_s: After so many seconds it is left behind.
        work: What is done.
        args: For it.
        kwargs: For it.

    Raises:
        TimeoutError: It takes longer. Whatever else the work raises comes through.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def tell(settle: Callable[[], None]) -> None:
        if not answer.done():
            settle()

    def do() -> None:
        settle: Callable[[], None]
        try:
            settle = partial(answer.set_result, work(*args, **kwargs))
        except BaseException as error:
            settle = partial(answer.set_exception, error)
        # The loop may have ended meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, settle)

    threading.Thread(target=do, name="beside", daemon=True).start()
    with anyio.fail_after(longest_s):
        return await answer
