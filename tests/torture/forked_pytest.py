"""Pytest for one build after another, forked from a process that has loaded the libraries they use.

As a script this is that process. It holds nothing of the product or its tests: every build brings its own.
"""

import ctypes
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

LOADED = (
    "aiohttp", "anyio._backends._asyncio", "blockbuster", "holidays", "httpx", "httpx_aiohttp", "hypothesis",
    "pandas", "phonenumbers", "psycopg", "pyarrow.pandas_compat", "pydantic", "pydantic_settings",
    "rich.console", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite", "starlette.applications",
    "structlog", "typer.testing", "uvicorn", "xdist.plugin", "yaml",
)  # fmt: skip
_OURS = frozenset({"campaign", "tests"})
# Some of what is loaded brings plugins with it, in which assertions explain nothing then.
_LOADED_BEFORE = ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")
_BUG = 70
"""Exit code when it did not come to pytest."""
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Ended:
    """How pytest ended."""

    exit_code: int
    """Negative for a signal."""
    said: str
    has_hung: bool
    """Whether it was killed, with all that it had started, as it took too long."""


class ForkedPytest:
    """A process that forks pytest, one at a time. Use it as a context manager."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Prepare; nothing is started.

        Args:
            environment: What every pytest gets; only its PYTHONPATH is that of the build.
        """
        self._environment = dict(environment)

    def __enter__(self) -> Self:
        # Not where this file is: some modules beside it have the names of Python's own.
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        # It ends when there is nothing more to read.
        self._process.communicate()

    def run(self, build: Path, arguments: Sequence[str], *, output: Path, limit_s: float) -> Ended:
        """Run pytest in the folder of a build, with that build as what it and its processes import.

        Args:
            build: The folder.
            arguments: Of pytest.
            output: A file for what it says.
            limit_s: It must not take longer.

        Raises:
            RuntimeError: There is no process any more that could fork it.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {
            "build": str(build),
            "arguments": [*_LOADED_BEFORE, *arguments],
            "output": str(output),
            "limit_s": limit_s,
        }
        output.write_bytes(b"")
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        if not (told := self._process.stdout.readline()):
            raise RuntimeError("the process that forks pytest has ended")
        exit_code, has_hung = json.loads(told)
        return Ended(exit_code, output.read_text(encoding="utf-8", errors="replace"), has_hung)


def _serve() -> None:
    # Whoever gives the orders is interrupted as well, and ends this by giving no more.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in LOADED:
        importlib.import_module(name)
    assert not _OURS & {name.partition(".")[0] for name in sys.modules}
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_fork(json.loads(line))) + "\n")
        sys.stdout.flush()


def _fork(order: Mapping[str, Any]) -> tuple[int, bool]:
    """Returns the exit code, and whether it took too long. Of what it has started nothing goes on."""
    ends, held = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ends)
        try:
            code = _be(order)
        except BaseException:
            traceback.print_exc()
            code = _BUG
        sys.exit(code)
    os.close(held)
    # The other end closes with the last process that it forks.
    is_over = bool(select.select([ends], [], [], order["limit_s"])[0])
    os.close(ends)
    # One that is ending keeps its exit code. There is no such group if it has not come so far.
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), not is_over


def _be(order: Mapping[str, Any]) -> int:
    """The forked process: become pytest in the build's folder. Returns its exit code."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(order["output"], os.O_WRONLY | os.O_APPEND)
    for at, opened in enumerate((nothing, output, output)):
        os.dup2(opened, at)
    os.close(nothing)
    os.close(output)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    os.chdir(order["build"])
    os.environ["PYTHONPATH"] = order["build"]
    sys.path.insert(0, order["build"])
    # Or else the processes of the tests would run this script, which is not the build's.
    del vars(sys.modules["__main__"])["__file__"]

    import pytest
    from hypothesis.configuration import set_hypothesis_home_dir

    set_hypothesis_home_dir(Path(order["build"]) / ".hypothesis")
    return pytest.main(order["arguments"])


if __name__ == "__main__":
    _serve()
