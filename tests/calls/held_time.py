"""Time of a run in a test: it jumps to the next timer, and is held while a thread works on the ledger.

However slow the disk, the database server or the machine is, a run sees the same times. What waits for a
timer takes no real time.
"""

import asyncio
import selectors
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from campaign.rehearsal.clock import TURN_S, VirtualClock

PATIENCE_S = 60.0
"""Real seconds for which a thread waits that has been promised an end."""


class HeldClock(VirtualClock):
    """Goes on whenever its loop waits, but not while somebody holds it."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._holders = 0
        self._hanging = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_held(self) -> bool:
        """Whether no time passes at present."""
        return self._holders > 0 and self._hanging == 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """For a task that waits for a thread: no time passes meanwhile."""
        self._holders += 1
        try:
            yield
        finally:
            self._holders -= 1

    def hang(self, seconds: float) -> None:
        """For a thread: hang for exactly so long. Time passes, whoever holds it."""
        over = threading.Event()

        def begin() -> None:
            self._hanging += 1
            asyncio.get_running_loop().call_later(seconds, end)

        def end() -> None:
            self._hanging -= 1
            over.set()

        assert self._loop is not None
        self._loop.call_soon_threadsafe(begin)
        assert over.wait(PATIENCE_S), "the event loop has ended before the hang"

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """An event loop in this time."""
        self._loop = HeldLoop(self)
        return self._loop


class HeldSelector(selectors.DefaultSelector):
    """Jumps over a wait, unless a thread is waited for."""

    def __init__(self, clock: HeldClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select()
        if self._clock.is_held:
            return super().select(None if timeout > 0 else 0)
        self._clock.advance(max(timeout, TURN_S))
        return super().select(0)


class HeldLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers go by a clock that may be held."""

    def __init__(self, clock: HeldClock) -> None:
        self.clock = clock
        super().__init__(HeldSelector(clock))

    def time(self) -> float:
        """The clock of every timer."""
        return self.clock.monotonic()


def clock_of_loop() -> HeldClock | None:
    """The clock of the running event loop, unless it goes by real time."""
    loop = asyncio.get_running_loop()
    return loop.clock if isinstance(loop, HeldLoop) else None
