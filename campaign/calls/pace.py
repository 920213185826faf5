"""Pace: when the next call may start. Starts in any window T stay at or below burst + rate x T.

The rate halves when OneInbox answers 429 and recovers slowly, always under the configured ceiling. There is
no credit at the start, so that a crash loop cannot dial faster, and none beyond the burst after a stall.
"""

import random
from typing import Protocol

import anyio
import anyio.lowlevel
from aiolimiter import AsyncLimiter

from campaign.settings import PaceSettings

RECOVERY_S = 30.0
RECOVERY_SHARE = 0.1
JITTER = 0.1

# Timers of the event loop are up to a millisecond late. Where the gap between two starts is short, that
# would cost several percent of the rate, so the last moment is waited for by yielding.
_COARSE_TIMER_S = 0.0015
_SHORT_GAP_S = 0.1


class Pace(Protocol):
    """What the dispatcher asks before each dial."""

    async def start(self, from_number: str = "") -> None:
        """Wait until one more call may start, and take that start, for this number too."""

    async def draw_near(self, lead_s: float) -> None:
        """Wait until one more call may start within so many seconds, if nobody else takes that start."""

    def turn_in(self, from_number: str) -> float:
        """Seconds until one more call may start with this number; 0 when it may now."""

    def gap_of(self, from_number: str) -> float:
        """Seconds between two starts with this number; 0 when it has no pace of its own."""

    def pause(self, seconds: float) -> None:
        """Start nothing for so long."""

    def throttle(self) -> None:
        """OneInbox found us too fast: be slower from now on."""

    @property
    def paused_for(self) -> float:
        """Seconds left of a pause; 0 when there is none."""

    @property
    def rate(self) -> float:
        """Call starts per second at present."""


class LocalPace:
    """The pace of one process."""

    def __init__(
        self, settings: PaceSettings, *, rng: random.Random, per_number: float | None = None
    ) -> None:
        """Start without any credit.

        Args:
            settings: For all numbers together.
            rng: Source of jitter.
            per_number: Call starts per second with one from number; None for no such limit.
        """
        self._number_gap_s = 1 / per_number if per_number is not None else 0.0
        self._last_of: dict[str, float] = {}
        """The last start with each from number, or when it was first asked for."""
        self._ceiling = settings.calls_per_second
        self._burst = settings.burst
        self._rng = rng
        self._rate = self._ceiling
        self._limiter: AsyncLimiter | None = None
        self._last_start = 0.0
        self._paused_until = 0.0
        self._clean_since = 0.0

    async def start(self, from_number: str = "") -> None:
        """Wait until one more call may start, and take that start, for this number too."""
        while True:
            await self._sit_out_pause()
            self._recover()
            limiter = self._limiter or await self._exhausted_limiter()
            await self._wait_for(limiter)
            if self.paused_for == 0 and limiter is self._limiter:
                await limiter.acquire()
                self._last_start = self._last_of[from_number] = anyio.current_time()
                return

    async def draw_near(self, lead_s: float) -> None:
        """Wait until one more call may start within so many seconds, if nobody else takes that start."""
        while True:
            await self._sit_out_pause()
            self._recover()
            limiter = self._limiter or await self._exhausted_limiter()
            left = self._last_start + 1 / self._rate - anyio.current_time()
            if limiter.has_capacity() or left <= lead_s:
                return
            await anyio.sleep(left - lead_s)

    def turn_in(self, from_number: str) -> float:
        """Seconds until one more call may start with this number; 0 when it may now."""
        if not self._number_gap_s:
            return 0.0
        now = anyio.current_time()
        return max(self._last_of.setdefault(from_number, now) + self._number_gap_s - now, 0.0)

    def gap_of(self, _from_number: str) -> float:
        """Seconds between two starts with this number; 0 when it has no pace of its own."""
        return self._number_gap_s

    def pause(self, seconds: float) -> None:
        """Start nothing for so long, and a little longer, so that parallel workers do not return together."""
        jittered = seconds * (1 + self._rng.uniform(0, JITTER))
        self._paused_until = max(self._paused_until, anyio.current_time() + jittered)
        self._limiter = None

    def throttle(self) -> None:
        """Halve the rate. Several replies to one burst of requests count once."""
        if self.paused_for == 0:
            self._rate = max(self._rate / 2, self._ceiling / 64)
            self._limiter = None

    @property
    def paused_for(self) -> float:
        """Seconds left of a pause; 0 when there is none."""
        return max(self._paused_until - anyio.current_time(), 0.0)

    @property
    def rate(self) -> float:
        """Call starts per second at present."""
        return self._rate

    async def _sit_out_pause(self) -> None:
        while (left := self.paused_for) > 0:
            await anyio.sleep(left)
            self._clean_since = anyio.current_time()

    def _recover(self) -> None:
        now = anyio.current_time()
        if self._rate < self._ceiling and now - self._clean_since >= RECOVERY_S:
            self._rate = min(self._rate + self._ceiling * RECOVERY_SHARE, self._ceiling)
            self._clean_since = now
            self._limiter = None

    async def _exhausted_limiter(self) -> AsyncLimiter:
        """A limiter for the present rate whose burst is used up already."""
        limiter = AsyncLimiter(self._burst, self._burst / self._rate)
        await limiter.acquire(self._burst)
        self._limiter = limiter
        self._last_start = anyio.current_time()
        return limiter

    async def _wait_for(self, limiter: AsyncLimiter) -> None:
        gap = 1 / self._rate
        while not limiter.has_capacity():
            left = self._last_start + gap - anyio.current_time()
            if gap > _SHORT_GAP_S:
                await anyio.sleep(max(left, _COARSE_TIMER_S))
            elif left > _COARSE_TIMER_S:
                await anyio.sleep(left - _COARSE_TIMER_S)
            else:
                await anyio.lowlevel.checkpoint()
