"""Lives: one process of one small campaign, forked from a warmed parent, killed or not.

The product runs as it is: the command line's own path from the list to the result file, a real ledger, real
HTTP. Only its waits are short.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaign.errors import ExitCode
from campaign.ledger import results
from tests.compiled import share_compiled_statements
from tests.torture.child import be, run_program, take_environment
from tests.torture.step import Kill, Place, Row, Step
from tests.torture.tracing import Gate, held_by_strace

LIMIT_S = 600.0
"""No life of these campaigns lasts so long, however busy the machine is with other things."""
HUNG = -1
"""The exit code of a life that was ended because it took too long."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a life ended."""

    exit_code: int
    """Negative for a signal, as `subprocess` has it; HUNG when it took too long."""
    seconds: float
    processor_s: float
    """So much of that a processor has worked."""

    @property
    def was_killed(self) -> bool:
        """Whether SIGKILL ended it, and not our own limit."""
        return self.exit_code == -signal.SIGKILL

    @property
    def has_crashed(self) -> bool:
        """Whether it left requests in the middle: killed, ended by the watchdog, or told twice to leave."""
        return self.was_killed or self.exit_code in (ExitCode.BUG, ExitCode.INTERRUPTED)


def live(
    place: Place,
    step: Step,
    rows: Sequence[Row],
    settings: Mapping[str, Any],
    *,
    kill: Kill | None = None,
    passed: Path | None = None,
    strace: Sequence[str] = (),
    name: str = "life",
) -> Ended:
    """Fork, run one life, and wait for its end. The caller has no thread and no event loop.

    Args:
        place: Where.
        step: What it does.
        rows: The story's list.
        settings: The story's campaign file.
        kill: How it is to be killed, if at all.
        passed: Where the points that it passes are written, if anywhere.
        strace: Options of strace, which then has hold of it before it begins.
        name: Of the file with what it says.
    """
    listed, config = place.lay_out(step, step.rows or rows, settings)
    started = time.monotonic()
    ends, held = os.pipe()
    gate = Gate() if strace else None
    pid = os.fork()
    if pid == 0:
        os.close(ends)
        if gate is not None:
            gate.wait()
        be(place, step, listed, config, kill, passed, place.folder / f"{name}.log")
    os.close(held)
    with held_by_strace(pid, strace, gate) if gate else nullcontext():
        try:
            limit_s = kill.after_s if kill and kill.after_s is not None else LIMIT_S
            # The other end closes with the process, however it dies.
            is_over = bool(select.select([ends], [], [], limit_s)[0])
        finally:
            os.close(ends)
        if not is_over:
            os.kill(pid, signal.SIGKILL)
        _, status, used = os.wait4(pid, 0)
    exit_code = os.waitstatus_to_exitcode(status)
    if not is_over and limit_s == LIMIT_S and exit_code == -signal.SIGKILL:
        exit_code = HUNG
    return Ended(exit_code, time.monotonic() - started, used.ru_utime + used.ru_stime)


def warm_up(place: Place, rows: Sequence[Row]) -> None:
    """Live once in this very process, so that no child has to load and prepare what this one has.

    No thread and no event loop is left of it.
    """
    listed, config = place.lay_out(Step(), rows, {})
    share_compiled_statements()
    take_environment(place)
    with (
        Path(os.devnull).open("w") as nowhere,
        redirect_stderr(nowhere),
        redirect_stdout(nowhere),
        suppress(SystemExit),
    ):
        run_program(place, Step(), listed, config)
    # Its lines are kill points: every life is to build it by itself.
    results._rows.cache_clear()
    for thread in threading.enumerate():
        # A worker of the event loop is told to end, and not waited for.
        if thread is not threading.main_thread():
            thread.join(LIMIT_S)
    assert threading.active_count() == 1
