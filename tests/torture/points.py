"""Kill points: the lines of function bodies, and a tracer that ends the process at one of them.

Module-level lines run at import, before anything is open, and are no kill points.
"""

import dis
import os
import signal
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from tests.torture.arming import arm

PRODUCT = Path(__file__).parents[2] / "campaign"
KILLED_FOLDERS = ("calls", "ledger", "oneinbox", "results")
"""Where processes are killed."""
COVERED = ("calls/", "ledger/", "oneinbox/client.py", "oneinbox/listing.py")
"""Of these every line is to be a kill point."""

LINE, SUSPEND, RESUME = "line", "suspend", "resume"

_SUSPENDS = CO_COROUTINE | CO_ASYNC_GENERATOR
# What the interpreter does at the `def` line before the body begins.
_ENTRY = frozenset({"RESUME", "MAKE_CELL", "COPY_FREE_VARS", "RETURN_GENERATOR", "POP_TOP", "CACHE", "NOP"})


class Point(NamedTuple):
    """A place at which a process can be killed: about to run a line, or on either side of a wait."""

    file: str
    """Below the product's folder."""
    line: int
    event: str = LINE

    @property
    def place(self) -> str:
        """For people."""
        return f"{self.file}:{self.line}"


EXCUSED: Mapping[tuple[str, str], str] = {
    ("calls/pace.py", "Pace."): "declares what a pace does, and does nothing",
    ("calls/ports.py", "AsyncLedger."): "declares what a ledger does, and does nothing",
    ("calls/ports.py", "CallsApi."): "declares what OneInbox does, and does nothing",
    ("ledger/direct.py", ""): "a rehearsal's way to its ledger in memory",
    ("ledger/generation.py", "inode_version"): "goes on like this on file systems without versions only",
    ("ledger/lock.py", "RunLock."): "declares what a lock does, and does nothing",
    ("ledger/peek.py", "<genexpr>"): "runs at import",
    ("ledger/schema.py", "_one_of"): "runs at import",
    ("ledger/tried.py", "_query"): "runs at import",
    ("ledger/scratch.py", ""): "a rehearsal's ledger in memory, of which a kill leaves nothing",
}
"""Lines that cannot be a kill point, by file and the beginning of the function's name, and why."""


def is_excused(point: Point, function: str) -> bool:
    """Whether this line is among those that cannot be a kill point."""
    return any(point.file == file and function.startswith(name) for file, name in EXCUSED)


def lines_of_functions(files: Collection[str] = COVERED) -> dict[Point, str]:
    """Every line of a function's body below these places, with the function's name."""
    found: dict[Point, str] = {}
    for path in sorted(PRODUCT.rglob("*.py")):
        file = path.relative_to(PRODUCT).as_posix()
        if file.startswith(tuple(files)):
            code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
            for function in _functions(code):
                name = function.co_qualname
                found |= {Point(file, line): name for line in _lines(function)}
    return found


def due_lines() -> set[Point]:
    """Every line that is to be a kill point."""
    return {point for point, function in lines_of_functions().items() if not is_excused(point, function)}


def _functions(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            # A class runs at import, like the module around it; annotations when they are asked for.
            if constant.co_flags & CO_OPTIMIZED and constant.co_name != "__annotate__":
                yield constant
            yield from _functions(constant)


def _lines(function: CodeType) -> set[int]:
    return {
        instruction.positions.lineno
        for instruction in dis.get_instructions(function)
        if instruction.positions is not None
        and instruction.positions.lineno is not None
        and not (instruction.positions.lineno == function.co_firstlineno and instruction.opname in _ENTRY)
    }


Action = Callable[[], None]
Tracer = Callable[[FrameType, str, Any], Any]


def record(actions: Mapping[str, Action] | None = None) -> Callable[[], list[tuple[str, int, str, int]]]:
    """From now on count every point that this process passes.

    Returns:
        What tells the points so far, as file, line, event and how often.
    """
    # Not by points: to make one for each line that is passed takes longer than to run the line.
    passed: dict[tuple[str, int, str], int] = defaultdict(int)
    wanted = tuple(str(PRODUCT / folder) for folder in KILLED_FOLDERS)
    cut = len(str(PRODUCT)) + 1

    def within(frame: FrameType, event: str, _argument: Any) -> Tracer:
        kind = LINE if event == "line" else event_of(frame, event)
        if kind:
            passed[frame.f_code.co_filename, frame.f_lineno, kind] += 1
        return within

    def entered(frame: FrameType, event: str, argument: Any) -> Tracer | None:
        return within(frame, event, argument) if frame.f_code.co_filename.startswith(wanted) else None

    _trace(entered, actions or {})
    return lambda: [(path[cut:], line, kind, often) for (path, line, kind), often in dict(passed).items()]


def kill_at(point: Point, nth: int, actions: Mapping[str, Action] | None = None) -> None:
    """From now on this process kills itself when it passes a point for the nth time.

    Nothing is traced until a function with that line begins, if only the kill is wanted.
    """
    left = nth
    file = str(PRODUCT / point.file)

    def within(frame: FrameType, event: str, _argument: Any) -> Tracer:
        nonlocal left
        if frame.f_lineno == point.line and event_of(frame, event) == point.event:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return within

    def entered(frame: FrameType, event: str, argument: Any) -> Tracer | None:
        return within(frame, event, argument) if frame.f_code.co_filename == file else None

    def begins() -> None:
        _trace(entered, {})
        sys._getframe(1).f_trace = within

    module = ".".join((PRODUCT.name, *Path(point.file).with_suffix("").parts))
    if actions or not arm(PRODUCT / point.file, module, point.line, begins):
        _trace(entered, actions or {})


def act(actions: Mapping[str, Action]) -> None:
    """From now on do something whenever a function of the product is entered for the nth time."""
    if actions:
        _trace(lambda _frame, _event, _argument: None, actions)


def event_of(frame: FrameType, event: str) -> str:
    """What an event of the interpreter means for us; empty for nothing."""
    if event == "line":
        return LINE
    if not frame.f_code.co_flags & _SUSPENDS:
        return ""
    if event == "return":
        return SUSPEND if frame.f_lasti in _waits(frame.f_code) else ""
    return RESUME if event == "call" and frame.f_lineno != frame.f_code.co_firstlineno else ""


@cache
def _waits(function: CodeType) -> frozenset[int]:
    """Where a coroutine gives way; at any other instruction that it leaves it ends."""
    code = function.co_code
    # Each instruction has two bytes. Every life asks anew, and to disassemble them takes ten times as long.
    return frozenset(at for at in range(0, len(code), 2) if code[at] == dis.opmap["YIELD_VALUE"])


def _trace(tracer: Tracer, actions: Mapping[str, Action]) -> None:
    """Put a tracer into this and all later threads; `function#nth` entered sets an action off."""
    entries: Counter[str] = Counter()
    names = {key.partition("#")[0] for key in actions}
    product = str(PRODUCT)

    def with_actions(frame: FrameType, event: str, argument: Any) -> Any:
        name = frame.f_code.co_name
        if name in names and event == "call" and frame.f_code.co_filename.startswith(product):
            entries[name] += 1
            if action := actions.get(f"{name}#{entries[name]}"):
                action()
        return tracer(frame, event, argument)

    chosen = with_actions if actions else tracer
    threading.settrace(chosen)
    sys.settrace(chosen)


def stop() -> None:
    """Trace no longer in this thread, nor in threads that start from now on."""
    sys.settrace(None)
    threading.settrace(None)
