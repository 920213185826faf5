"""Virtual time: an event loop whose clock jumps to the next timer when nobody has anything to do."""

import asyncio
import math
from datetime import datetime, timedelta

TURN_S = 2e-5
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


class _Jump:
    """Stands where a loop waits for files. Nothing is ever ready but timers, and waiting moves the clock."""

    def __init__(self, clock: VirtualClock, longest_s: float, turn_s: float) -> None:
        self._clock = clock
        self._turn_s = turn_s
        self._ends_at = clock.monotonic() + longest_s

    def select(self, timeout: float | None = None) -> tuple[()]:
        if timeout is None:
            raise DeadlockError
        if self._clock.monotonic() > self._ends_at:
            # Once, so that what still runs can be cancelled.
            self._ends_at = math.inf
            raise EndlessError
        self._clock.advance(timeout if timeout > self._turn_s else self._turn_s)
        return ()


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop in virtual time. What runs in it must not use threads or sockets.

    It raises DeadlockError when nobody will ever be woken, and EndlessError when it has run for longer than
    `longest_s` virtual seconds. `turn_s` says how long a turn takes at least.
    """

    def __init__(self, clock: VirtualClock, *, longest_s: float = math.inf, turn_s: float = TURN_S) -> None:
        super().__init__()
        self._virtual = clock
        self._selector = _Jump(clock, longest_s, turn_s)

    def time(self) -> float:
        """The clock of every timer."""
        return self._virtual.monotonic()

    def _process_events(self, event_list: object) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """A loop that never sleeps need not be woken."""
