"""Pytest for one build after another, forked from a process that has loaded the libraries they use.

As a script this is that process. It holds nothing of the product or its tests: every build brings its own.
"""

import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Self

LOADED = (
    "aiohttp", "anyio._backends._asyncio", "blockbuster", "holidays", "httpx",
    "httpx_aiohttp", "hypothesis", "pandas", "phonenumbers", "psycopg", "pyarrow.pandas_compat", "pydantic",
    "pydantic_settings", "rich.console", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite",
    "starlette.applications", "structlog", "typer.testing", "uvicorn", "xdist.plugin", "yaml",
)  # fmt: skip
OURS = frozenset({"campaign", "tests"})
# Some of what is loaded brings plugins with it, in which assertions explain nothing then.
_LOADED_BEFORE = ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")


@dataclass(frozen=True, slots=True)
class Ended:
    """How pytest ended."""

    exit_code: int
    """Negative for a signal."""
    said: str
    has_hung: bool
    """Whether it was killed, with all that it had started, as it took too long."""


class ForkedPytest:
    """Where to have it forked, one at a time. Use it as a context manager."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Start.

        Args:
            environment: What every pytest gets; only its PYTHONPATH is that of the build.
        """
        # Not where this file is: some modules beside it have the names of Python's own.
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # It ends with what it is told from.
        self._process.communicate()

    def run(self, build: Path, arguments: Sequence[str], *, output: Path, limit_s: float) -> Ended:
        """Run pytest in the folder of a build, with that build as what it and its processes import.

        Args:
            build: The folder.
            arguments: Of pytest.
            output: A file for what it says.
            limit_s: It must not take longer.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {
            "build": str(build),
            "arguments": [*_LOADED_BEFORE, *arguments],
            "output": str(output),
            "limit_s": limit_s,
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        exit_code, has_hung = json.loads(self._process.stdout.readline())
        return Ended(exit_code, output.read_text(encoding="utf-8", errors="replace"), has_hung)


def _serve() -> None:
    for name in LOADED:
        importlib.import_module(name)
    assert not OURS & {name.partition(".")[0] for name in sys.modules}
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_fork(json.loads(line))) + "\n")
        sys.stdout.flush()


def _fork(order: Mapping[str, Any]) -> tuple[int, bool]:
    """Returns the exit code, and whether it took too long."""
    ends, held = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ends)
        _be(order)
    os.close(held)
    # The other end closes with the last process that it forks.
    is_over = bool(select.select([ends], [], [], order["limit_s"])[0])
    os.close(ends)
    if not is_over:
        os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), not is_over


def _be(order: Mapping[str, Any]) -> NoReturn:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for at, opened in enumerate((nothing, output, output)):
        os.dup2(opened, at)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", 1, closefd=False),
    )  # fmt: skip
    os.chdir(order["build"])
    os.environ["PYTHONPATH"] = order["build"]
    sys.path.insert(0, order["build"])
    import pytest

    sys.exit(pytest.main(order["arguments"]))


if __name__ == "__main__":
    _serve()
