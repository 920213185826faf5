"""Whether a process begins only when strace has hold of it."""

import os
import shutil

import pytest

from tests.torture.tracing import Gate, held_by_strace
from tests.torture.warm_pool import in_own_group

LIMIT_S = 60.0


@pytest.mark.e2e
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_a_process_of_which_strace_has_no_hold_never_begins() -> None:
    """What strace says is told, and the process that waits for it ends without having done anything."""
    said, exit_code = in_own_group(LIMIT_S, _hold_badly)
    assert "no_such_call" in said
    assert exit_code == 1


def _hold_badly() -> tuple[str, int]:
    gate, said = Gate(), ""
    pid = os.fork()
    if pid == 0:
        gate.wait()
        os._exit(0)
    try:
        with held_by_strace(pid, ["-e", "trace=no_such_call"], gate):
            pass
    except RuntimeError as error:
        said = str(error)
    _, status = os.waitpid(pid, 0)
    return said, os.waitstatus_to_exitcode(status)
