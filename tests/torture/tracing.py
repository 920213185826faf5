"""Tracing: strace takes hold of a forked process before it begins."""

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_PR_SET_PTRACER, _ANYBODY = 0x59616D61, -1


class Gate:
    """Where a forked process waits until it is traced. Made by its parent before the fork."""

    def __init__(self) -> None:
        self._parents, self._childs = socket.socketpair()

    def wait(self) -> None:
        """In the forked process: be traceable, and go on when the parent says so. With the parent it ends."""
        self._parents.close()
        be_traceable()
        self._childs.send(b".")
        if not self._childs.recv(1):
            os._exit(1)
        self._childs.close()

    def await_arrival(self) -> None:
        """In the parent: until the process waits there."""
        self._childs.close()
        self._parents.recv(1)

    def open(self) -> None:
        """In the parent: the process may go on."""
        self._parents.send(b".")

    def close(self) -> None:
        """In the parent: a process that still waits ends."""
        self._parents.close()


def be_traceable() -> None:
    """In the process that is to be traced: whoever traces it is no parent of its own."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)


@contextmanager
def held_by_strace(pid: int, options: Sequence[str], gate: Gate | None = None) -> Iterator[None]:
    """Trace a process and its threads until it has ended, which the block waits for.

    Args:
        pid: The process.
        options: Of strace.
        gate: Where the process waits until it is traced. Without one it may end before strace has hold of it.

    Raises:
        RuntimeError: Strace has no hold of a process that waits at a gate, which then ends.
    """
    command = ["strace", "-f", *options, "-p", str(pid)]
    try:
        if gate is not None:
            gate.await_arrival()
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr is not None
            said = tracer.stderr.readline()
            if gate is not None:
                if "attached" not in said:
                    raise RuntimeError(f"strace has not taken hold: {said.strip()}")
                gate.open()
            yield
    finally:
        if gate is not None:
            gate.close()
