"""The pace: exact for every window, on the event loop's own clock, which no machine can slow down here."""

import asyncio
from itertools import pairwise
from random import Random

import anyio
import pytest

from campaign.calls.pace import LocalPace
from campaign.settings import PaceSettings

pytestmark = pytest.mark.anyio


async def starts(pace: LocalPace, number: int) -> list[float]:
    """When so many calls start."""
    times = []
    for _ in range(number):
        await pace.start()
        times.append(anyio.current_time())
    return times


def excess(times: list[float], rate: float) -> float:
    """The burst that these starts needed: the most by which a window holds more than rate x T."""
    return max(
        last - first + 1 - rate * (times[last] - times[first])
        for first in range(len(times))
        for last in range(first, len(times))
    )


RATES = [(50, 1), (50, 5), (200, 1), (200, 10), (500, 10)]


@pytest.mark.parametrize(("rate", "burst"), RATES)
async def test_no_window_holds_more_than_burst_plus_rate_times_its_length(rate: float, burst: int) -> None:
    """Starts in any window T stay at or below burst + rate x T."""
    pace = LocalPace(PaceSettings(calls_per_second=rate, burst=burst), rng=Random(1))
    times = await starts(pace, 120)
    # Reading the clock after each start adds its own error, of a turn of the loop.
    assert excess(times, rate) <= burst + 0.02 * rate / 50


@pytest.mark.alone
@pytest.mark.parametrize(("rate", "burst"), RATES)
def test_the_rate_is_held(rate: float, burst: int) -> None:
    """Timers of the event loop are late by up to a millisecond, and cost less than a tenth of the rate.

    In real time; the best of three measurements counts, as machines are noisy.
    """
    assert any(asyncio.run(measured_rate(rate, burst)) >= 0.9 * rate for _ in range(3))


async def measured_rate(rate: float, burst: int) -> float:
    """Starts per second."""
    times = await starts(LocalPace(PaceSettings(calls_per_second=rate, burst=burst), rng=Random(1)), 120)
    return (len(times) - 1) / (times[-1] - times[0])


async def test_there_is_no_credit_at_the_start() -> None:
    """A run that is started again and again does not dial faster than the rate."""
    times = []
    for _ in range(5):
        pace = LocalPace(PaceSettings(calls_per_second=50, burst=4), rng=Random(1))
        times += await starts(pace, 1)
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.018


async def test_there_is_no_catching_up_after_a_stall() -> None:
    """After a long silence at most the burst goes out at once."""
    pace = LocalPace(PaceSettings(calls_per_second=100, burst=3), rng=Random(1))
    await starts(pace, 3)
    await anyio.sleep(0.3)
    times = await starts(pace, 20)
    assert excess(times, 100) <= 3.05


async def test_a_pause_stops_every_start_and_has_jitter() -> None:
    """Nothing starts before the pause is over, also not what was waiting already."""
    pace = LocalPace(PaceSettings(calls_per_second=100), rng=Random(1))
    await starts(pace, 2)
    before = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pace.start)
        tasks.start_soon(pace.start)
        pace.pause(0.2)
        assert 0.2 <= pace.paused_for <= 0.22
    assert anyio.current_time() - before >= 0.2


async def test_the_rate_halves_once_per_burst_of_429() -> None:
    """Several 429 replies to requests that were in flight together count once."""
    pace = LocalPace(PaceSettings(calls_per_second=80), rng=Random(1))
    for _ in range(3):
        pace.throttle()
        pace.pause(0.05)
    assert pace.rate == 40
    await pace.start()
    pace.throttle()
    assert pace.rate == 20


async def test_a_start_draws_near() -> None:
    """Who needs some time before a start hears of it so much earlier, and takes nothing from the pace."""
    pace = LocalPace(PaceSettings(calls_per_second=0.1), rng=Random(1))
    began = anyio.current_time()
    await pace.draw_near(3.0)
    assert anyio.current_time() - began == pytest.approx(7.0, abs=0.01)
    await pace.draw_near(60.0)
    await pace.start()
    assert anyio.current_time() - began == pytest.approx(10.0, abs=0.01)


async def test_no_start_draws_near_in_a_pause() -> None:
    """While OneInbox has asked to wait, nothing is prepared."""
    pace = LocalPace(PaceSettings(calls_per_second=100), rng=Random(1))
    pace.pause(600)
    began = anyio.current_time()
    await pace.draw_near(5.0)
    assert anyio.current_time() - began >= 600
