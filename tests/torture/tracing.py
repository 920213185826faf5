"""Tracing: strace takes hold of a forked process before it begins."""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_PR_SET_PTRACER, _ANYBODY = 0x59616D61, -1


class Gate:
    """Where a forked process waits until it is traced. Made by its parent before the fork."""

    def __init__(self) -> None:
        self._waits, self._goes = os.pipe()

    def wait(self) -> None:
        """In the forked process: go on when the parent opens, or is no more."""
        os.close(self._goes)
        be_traceable()
        os.read(self._waits, 1)
        os.close(self._waits)

    def open(self) -> None:
        """In the parent: nobody waits any longer."""
        os.close(self._goes)
        os.close(self._waits)


def be_traceable() -> None:
    """In the process that is to be traced: whoever traces it is no parent of its own."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)


@contextmanager
def held_by_strace(pid: int, options: Sequence[str], gate: Gate | None = None) -> Iterator[str]:
    """Trace a process and its threads until it has ended, which the block waits for.

    Args:
        pid: The process.
        options: Of strace.
        gate: Where the process waits until it is traced, if it does.

    Yields:
        What strace has said of taking hold of it.
    """
    command = ["strace", "-f", *options, "-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        if gate is not None:
            gate.open()
        yield said
