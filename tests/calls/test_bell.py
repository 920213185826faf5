"""The bell by which tasks of a run wake each other."""

import anyio
import pytest

from campaign.calls.run import Bell

pytestmark = pytest.mark.anyio


async def test_a_ring_wakes_all_who_wait() -> None:
    """Also those who have waited before, when another one has lost patience meanwhile."""
    bell, woken = Bell(), []

    async def wait(name: str, at_most_s: float) -> None:
        await bell.wait(at_most_s)
        woken.append((name, anyio.current_time() - began))

    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, "impatient", 1.0)
        tasks.start_soon(wait, "first", 600.0)
        tasks.start_soon(wait, "second", 600.0)
        await anyio.sleep(5.0)
        bell.ring()
    assert [(name, round(at)) for name, at in woken] == [("impatient", 1), ("first", 5), ("second", 5)]


async def test_a_ring_while_nobody_waits_is_kept_once() -> None:
    """The next one that waits goes on at once, and the one after that waits."""
    bell, began = Bell(), anyio.current_time()
    bell.ring()
    await bell.wait(600.0)
    assert anyio.current_time() - began < 0.1
    await bell.wait(7.0)
    assert anyio.current_time() - began >= 7.0
