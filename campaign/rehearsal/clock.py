"""Virtual time: an event loop whose clock jumps to the next timer when nobody has anything to do."""

import asyncio
import math
import selectors
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

STEP_S = 2e-5
"""One turn of the loop takes so long, as it does on a real machine: who waits by yielding waits for that."""


class DeadlockError(Exception):
    """Every task waits, and nothing will ever wake one."""


class EndlessError(Exception):
    """What runs in the loop has not ended by the time that it was given."""


class VirtualClock:
    """One clock for a whole world: it goes on from one life of a process to the next."""

    def __init__(self, start: datetime) -> None:
        """Start the wall clock at an aware datetime, and the steady one at zero."""
        self._start = start
        self._seconds = 0.0
        self._stepped_s = 0.0

    def monotonic(self) -> float:
        """Seconds since the start, never set back."""
        return self._seconds

    def now(self) -> datetime:
        """The wall clock, as the machine that runs the campaign shows it."""
        return self._start + timedelta(seconds=self._seconds + self._stepped_s)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._seconds += seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock forward or back, as NTP or a person does."""
        self._stepped_s += seconds


class _JumpingSelector(selectors.BaseSelector):
    """Looks for what is ready at once. Waiting is what moves the clock."""

    def __init__(self, clock: VirtualClock, longest_s: float) -> None:
        self._clock = clock
        self._ends_at = clock.monotonic() + longest_s
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise DeadlockError
        if self._clock.monotonic() > self._ends_at:
            # Once, so that what still runs can be cancelled.
            self._ends_at = math.inf
            raise EndlessError
        self._clock.advance(max(timeout, STEP_S))
        return self._real.select(0)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time. What runs in it must not use threads or sockets.

    It raises DeadlockError when nobody will ever be woken, and EndlessError when it has run for longer than
    `longest_s` virtual seconds.
    """

    def __init__(self, clock: VirtualClock, *, longest_s: float = math.inf) -> None:
        self._virtual = clock
        super().__init__(_JumpingSelector(clock, longest_s))

    def time(self) -> float:
        """The clock of every timer."""
        return self._virtual.monotonic()
