"""Work that may hang is not waited for longer than somebody wishes to."""

import threading

import anyio
import anyio.to_thread
import pytest

from campaign.calls.beside import run_beside

pytestmark = pytest.mark.anyio
PATIENCE_S = 60.0


async def test_what_comes_of_the_work_comes_back() -> None:
    """A result, or the error."""
    assert await run_beside(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await run_beside(lambda: 1 // 0)


async def test_work_that_hangs_is_left_behind() -> None:
    """Who waits for it may stop at any time; what it comes to later is nobody's."""
    goes_on, is_over = threading.Event(), threading.Event()

    def hang() -> None:
        goes_on.wait(PATIENCE_S)
        is_over.set()

    with anyio.move_on_after(0.1) as scope:
        await run_beside(hang)
    assert scope.cancelled_caught
    goes_on.set()
    assert await anyio.to_thread.run_sync(is_over.wait, PATIENCE_S)
