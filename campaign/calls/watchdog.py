"""The watchdog: a thread beside the event loop that ends a process which hangs, and shows where it hangs.

A process that hangs keeps the ledger's lock, so no later run could go on. To end it at any instant is safe,
as the ledger knows whom a request may have reached.
"""

import faulthandler
import math
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from traceback import walk_stack
from typing import Self

import anyio

from campaign.calls.stall import AwakeClock
from campaign.calls.timing import Timing
from campaign.errors import CampaignError

STDERR = 2
TELL_S = 5.0
"""Whoever reads stderr may hang as well, and is waited for no longer than this."""
DEAF_SHARE = 1.25
"""So much more than the limit in processor time shows that this thread cannot run."""
SHOW_CURSOR = "\x1b[?25h"
"""The live view on a terminal hides it."""


class Watchdog:
    """Ends the process with `os._exit` when it gives no sign of life for as long as it is allowed to.

    Use it as a context manager; outside of that it watches nothing. Three things can end the process:

    - A part of the work shows no sign of life for longer than its limit: stacks, one line, exit 70.
    - The run itself found that it has stalled (`end`) and has not come to its end after `hang_s`: stacks, the
      line and the exit code of that error.
    - This thread cannot run, since another one holds the interpreter and computes: the kernel counts the
      processor time, and SIGPROF makes faulthandler write the stacks and end the process (exit 155 in a
      shell). A timer of real time would also end a sound process that was stopped for a while.

    Stacks hold file names, line numbers and names of functions, and no values: nothing of a person leaks.
    """

    def __init__(self, timing: Timing | None = None) -> None:
        """Prepare; nothing is limited before `allow`."""
        timing = timing or Timing()
        self._beat_s = timing.beat_s
        self._hang_s = timing.hang_s
        self._part = ""
        self._limit_s = math.inf
        self._signs = 0
        self._error: CampaignError | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        faulthandler.register(signal.SIGPROF, file=STDERR, all_threads=True, chain=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.unregister(signal.SIGPROF)

    def allow(self, part: str, limit_s: float) -> None:
        """A part of the work begins, and may go on for so many seconds without a sign of life."""
        if self._error is None:
            self._part, self._limit_s = part, limit_s
            self._signs += 1

    def beat(self) -> None:
        """A sign of life."""
        if self._error is None:
            self._signs += 1

    async def follow_loop(self) -> None:
        """Give signs of life for as long as the event loop runs; it may be blocked for `hang_s`."""
        self.allow("the event loop", self._hang_s)
        while True:
            await anyio.sleep(self._beat_s)
            self.beat()

    def end(self, error: CampaignError) -> None:
        """The run has stalled for this reason: it ends within `hang_s`, by itself or not."""
        self.allow("the end of a stalled run", self._hang_s)
        self._error = error

    def _watch(self) -> None:
        clock = AwakeClock(time.monotonic(), step_s=2 * self._beat_s)
        signs, heard_at = self._signs, 0.0
        while not self._over.wait(self._beat_s):
            at = clock.read(time.monotonic())
            if self._signs != signs:
                signs, heard_at = self._signs, at
            if at - heard_at > self._limit_s:
                self._end_process(at - heard_at)
            is_limited = math.isfinite(self._limit_s)
            signal.setitimer(signal.ITIMER_PROF, self._limit_s * DEAF_SHARE if is_limited else 0)

    def _end_process(self, silent_s: float) -> None:
        error = self._error
        if error is None:
            error = CampaignError(
                f"a fault in this program: {self._part} has hung for {silent_s:.0f} s, its stacks are above; "
                "what was done so far is in the ledger, run the same command again"
            )
        try:
            text = f"{SHOW_CURSOR if os.isatty(STDERR) else ''}{_stacks()}campaign: {error}\n"
            teller = threading.Thread(target=_tell, args=(text,), daemon=True)
            teller.start()
            teller.join(TELL_S)
        finally:
            os._exit(error.exit_code)


def _stacks() -> str:
    """Where every thread stands. While faulthandler writes, to a full pipe for one, no other thread runs."""
    lines = []
    for thread, frame in sys._current_frames().items():
        lines.append(f"Thread {thread:#x} (most recent call first):")
        lines += [
            f'  File "{place.f_code.co_filename}", line {number} in {place.f_code.co_name}'
            for place, number in walk_stack(frame)
        ]
    return "\n".join([*lines, ""])


def _tell(text: str) -> None:
    # Straight to the descriptor: logging and the live view have locks, which a hanging thread may hold.
    rest = memoryview(text.encode(errors="replace"))
    with suppress(OSError):
        while rest:
            rest = rest[os.write(STDERR, rest) :]
