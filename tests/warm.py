"""The command in a process that is forked from one which has loaded it: a start costs a tenth of a cold one.

It is a process of its own all the same, with its own exit code, environment and files. What a start does by
itself, and what a process does about a signal, is tested with the installed command. SIGKILL asks no process;
the installed command is killed by it once all the same.
"""

import ctypes
import json
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NoReturn

from campaign.cli import main
from tests.command_line import make_once
from tests.e2e import impatient
from tests.forks import loaded, take_over

make_once()

PATIENCE_S = 90.0
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run, where, and which files take what it says."""

    arguments: tuple[str, ...]
    folder: str
    environment: Mapping[str, str]
    stdout: str
    stderr: str
    is_impatient: bool = False
    """Whether it waits shorter than the product does (see `impatient.py`)."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    returncode: int
    """The exit code; negative for a signal."""
    stdout: str
    stderr: str
    memory: int
    """Bytes that it, or a child of it, had at most."""
    left_over: bool
    """Whether a child outlived it."""


def run(
    *arguments: str | Path,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdout: str | None = None,
    stderr: str | None = None,
    is_impatient: bool = False,
    limit_s: float = PATIENCE_S,
) -> Ended:
    """Run the command to its end.

    Args:
        arguments: As they would be typed.
        folder: Where; here when it is absent.
        environment: All of it; this process' own when it is absent.
        stdout: A file that takes it, such as `/dev/full`, when it is not to be read.
        stderr: Likewise.
        is_impatient: Whether its waits are short.
        limit_s: It must not take longer.

    Raises:
        TimeoutError: It did. Nothing of it is left.
    """
    with tempfile.TemporaryDirectory() as own:
        report, said, complained = (str(Path(own) / name) for name in ("report", "stdout", "stderr"))
        order = _order(arguments, folder, environment, stdout or said, stderr or complained, is_impatient)
        process = loaded().Process(target=_watch, args=(order, report))
        process.start()
        process.join(limit_s)
        if process.exitcode is None:
            assert process.pid is not None
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.join()
            raise TimeoutError(f"campaign {' '.join(order.arguments)} took longer than {limit_s:g} s")
        process.close()
        code, memory, left_over = json.loads(Path(report).read_text(encoding="utf-8"))
        return Ended(code, _read(said), _read(complained), memory, left_over)


def start(
    *arguments: str | Path,
    stderr: Path,
    environment: Mapping[str, str] | None = None,
    is_impatient: bool = False,
) -> ForkServerProcess:
    """Start the command, and leave its end to the caller. Its words go to a file; all else is as in `run`."""
    order = _order(arguments, None, environment, os.devnull, str(stderr), is_impatient)
    process: ForkServerProcess = loaded().Process(target=_be, args=(order,))
    process.start()
    return process


def _order(
    arguments: tuple[str | Path, ...],
    folder: Path | None,
    environment: Mapping[str, str] | None,
    stdout: str,
    stderr: str,
    is_impatient: bool,
) -> Order:
    words = tuple(map(str, arguments))
    chosen = dict(os.environ if environment is None else environment)
    return Order(words, str(folder or Path.cwd()), chosen, stdout, stderr, is_impatient)


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""


def _watch(order: Order, report: str) -> None:
    """Fork once more, and tell how that process ended."""
    os.setpgid(0, 0)
    if sys.platform == "linux":
        # Whatever the command leaves behind becomes a child of this process.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    pid = os.fork()
    if pid == 0:
        _be(order)
    _, status, usage = os.wait4(pid, 0)
    try:
        os.waitpid(-1, os.WNOHANG)
        left_over = True
    except ChildProcessError:
        left_over = False
    unit = 1 if sys.platform == "darwin" else 1024
    told = [os.waitstatus_to_exitcode(status), usage.ru_maxrss * unit, left_over]
    Path(report).write_text(json.dumps(told), encoding="utf-8")


def _be(order: Order) -> NoReturn:
    """Become the command."""
    code = 70
    try:
        _settle_in(order)
        try:
            impatient.start() if order.is_impatient else main()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
    finally:
        # Nothing of the process that was forked may run here.
        os._exit(code)


def _settle_in(order: Order) -> None:
    writing = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for at, path, flags in (
        (0, os.devnull, os.O_RDONLY), (1, order.stdout, writing), (2, order.stderr, writing),
    ):  # fmt: skip
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, at)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.argv = ["campaign", *order.arguments]
    os.chdir(order.folder)
    take_over(order.environment)
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)
