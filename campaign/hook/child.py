"""The process between a run and its hook's command: it tells how the command ended, and ends with the run.

It leads a process group of its own. When the command has ended, or the run is gone however that ended, every
process of the group is killed. It runs as a file, without the rest of the program, so that it starts quickly.
"""

import _thread
import os
import signal
import sys

_SIGNAL_OF_PARENTS_DEATH = 1
NOT_FOUND, NOT_STARTED = 127, 126
"""Exit codes of a command that there is not, or that cannot be started, as a shell has them."""


def main() -> None:
    """Run the command of the arguments behind two descriptors: a pipe that the run holds, and one to it."""
    watched, tells = int(sys.argv[1]), int(sys.argv[2])
    supervisor = os.getpid()
    command = os.fork()
    if command == 0:
        os.close(watched)
        os.close(tells)
        _become(sys.argv[3:], supervisor)
    _thread.start_new_thread(_end_with_run, (watched,))
    _, status = os.waitpid(command, 0)
    code = os.waitstatus_to_exitcode(status)
    try:
        os.write(tells, bytes([code if code >= 0 else 128 - code]))
    finally:
        _end()


def _become(words: list[str], supervisor: int) -> None:
    """The forked process: it becomes the command, and is gone when the supervisor is."""
    try:
        # What Python ignores would stay ignored.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        if sys.platform == "linux":
            import ctypes

            ctypes.CDLL(None).prctl(_SIGNAL_OF_PARENTS_DEATH, signal.SIGKILL)
        if os.getppid() == supervisor:
            os.execvp(words[0], words)  # noqa: S606 - there is to be no shell
    except (FileNotFoundError, NotADirectoryError):
        os._exit(NOT_FOUND)
    finally:
        os._exit(NOT_STARTED)


def _end_with_run(watched: int) -> None:
    os.read(watched, 1)
    _end()


def _end() -> None:
    """Kill the whole group, this process with it."""
    os.killpg(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
