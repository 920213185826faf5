"""Virtual time: it jumps, it never stands still, and it knows when nothing will ever happen again."""

import asyncio
import time
from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest

from campaign.rehearsal.clock import DeadlockError, EndlessError, VirtualClock, VirtualLoop
from tests.support import NOON


def run(clock: VirtualClock, main: object) -> object:
    """Run a coroutine function to its end in virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(main())  # type: ignore[operator]


def test_a_night_passes_in_an_instant() -> None:
    """Ten hours of waiting take no real time, and both clocks show them."""
    clock = VirtualClock(NOON)

    async def main() -> None:
        await anyio.sleep(36_000)

    started = time.monotonic()
    run(clock, main)
    assert time.monotonic() - started < 5
    assert clock.monotonic() == pytest.approx(36_000, abs=1)
    assert clock.now() - NOON == timedelta(seconds=clock.monotonic())


def test_timers_go_off_in_their_order() -> None:
    """Who waits shorter is first, whoever began first."""
    clock, order = VirtualClock(NOON), []

    async def wait(seconds: float) -> None:
        await anyio.sleep(seconds)
        order.append(seconds)

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for seconds in (3600.0, 0.5, 20.0):
                tasks.start_soon(wait, seconds)

    run(clock, main)
    assert order == [0.5, 20.0, 3600.0]


def test_who_waits_by_yielding_sees_time_pass() -> None:
    """A loop that only yields until a moment has come ends, as on a real machine."""
    clock = VirtualClock(NOON)

    async def main() -> None:
        until = anyio.current_time() + 0.01
        while anyio.current_time() < until:
            await anyio.lowlevel.checkpoint()

    run(clock, main)
    assert clock.monotonic() >= 0.01


def test_a_wait_that_nobody_ends_is_told() -> None:
    """Where no timer is left, waiting for ever is an error and not a hang."""

    async def main() -> None:
        await anyio.Event().wait()

    with pytest.raises(DeadlockError):
        run(VirtualClock(NOON), main)


def test_what_never_ends_is_told() -> None:
    """Who goes on sleeping is ended when the time that was given is over."""
    clock = VirtualClock(NOON)

    async def main() -> None:
        for _ in range(1_000):
            await anyio.sleep(60)

    with (
        asyncio.Runner(loop_factory=lambda: VirtualLoop(clock, longest_s=3600)) as runner,
        pytest.raises(EndlessError),
    ):
        runner.run(main())
    assert 3600 < clock.monotonic() < 3700


def test_setting_the_wall_clock_leaves_the_steady_one_alone() -> None:
    """As when NTP or a person sets a machine's clock."""
    clock = VirtualClock(NOON)
    clock.advance(10)
    clock.step(-3600)
    assert clock.monotonic() == 10
    assert clock.now() == NOON + timedelta(seconds=10 - 3600)
