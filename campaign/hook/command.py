"""A command as the hook: started without a shell, given one document, and ended with all that it has started.

It has no key and no ledger in its environment, and nobody reads its stderr.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import IO

import anyio
import anyio.to_thread

from campaign.errors import ConfigError
from campaign.hook import child
from campaign.hook.answer import HookFailed
from campaign.settings import HookSettings

MAX_OUTPUT_BYTES = 64 * 1024
REAP_S = 5.0
"""A process that was killed and does not end within this time is left to the system."""
WITHHELD = frozenset({"ONEINBOX_API_KEY", "ONEINBOX_API_KEY_FILE", "ONEINBOX_PROXY", "CAMPAIGN_LEDGER"})
"""Variables that hold secrets, or lead to one; they are read whatever their case."""

_BLOCK = 1 << 14
_MEANINGS = {child.NOT_FOUND: ": a program is not there", child.NOT_STARTED: ": a program cannot be started"}


def refuse_missing(hook: HookSettings | None) -> None:
    """Raise ConfigError when the hook is a command and there is no such program."""
    if hook is None or hook.command is None:
        return
    program = hook.command[0]
    where = str(hook.folder.absolute() / program) if "/" in program else program
    if shutil.which(where) is None:
        raise ConfigError(
            f"hook.command: there is no program {program} that can be run; a path is taken from the folder "
            "of the campaign file and written like ./may-we-call"
        )


async def ask_command(hook: HookSettings, document: bytes) -> bytes:
    """What the command says to a document. The caller sets the time limit, and cancels at its end.

    However this ends, the command and all of its process group have been killed by then.

    Raises:
        HookFailed: It cannot be started, ends with another exit code than 0, or says too much.
    """
    output = bytearray()
    code: int | None = None
    async with _started(hook) as process:
        async with anyio.create_task_group() as streams:
            streams.start_soon(process.give, document)
            streams.start_soon(process.take, output, streams.cancel_scope)
            code = await process.exit_code()
            streams.cancel_scope.cancel()
        # It had said everything before it ended.
        process.drain(output)
    if len(output) > MAX_OUTPUT_BYTES:
        raise HookFailed(f"it says more than {MAX_OUTPUT_BYTES // 1024} kB")
    if code is None:
        raise HookFailed("it was killed")
    if code:
        raise HookFailed(f"exit code {code}{_MEANINGS.get(code, '')}")
    return bytes(output)


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """What the command may know of the environment."""
    return {name: value for name, value in own.items() if name.upper() not in WITHHELD}


@dataclass(frozen=True, slots=True)
class _Process:
    """A command at work, and our ends of its pipes, none of which blocks."""

    child: subprocess.Popen[bytes]
    told: int
    """Where the supervisor says how the command has ended."""
    held: int
    """Nobody writes into it. Its end tells the supervisor that this process is gone, however it went."""

    @classmethod
    def start(cls, hook: HookSettings) -> "_Process":
        """Start it. This may wait for the disk."""
        assert hook.command is not None  # noqa: S101 - the caller has looked
        watched, held = os.pipe()
        told, tells = os.pipe()
        try:
            process = subprocess.Popen(  # noqa: S603 - the operator's own command
                [sys.executable, "-P", "-S", child.__file__, str(watched), str(tells), *hook.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=hook.folder,
                env=environment(os.environ),
                bufsize=0,
                start_new_session=True,
                pass_fds=(watched, tells),
            )
        except OSError as error:
            os.close(held)
            os.close(told)
            raise HookFailed(f"it cannot be started ({error.strerror})") from error
        finally:
            os.close(watched)
            os.close(tells)
        started = cls(process, told, held)
        for descriptor in (started._stdin.fileno(), started._stdout.fileno(), told):
            os.set_blocking(descriptor, False)
        return started

    async def give(self, document: bytes) -> None:
        """Write the document, as far as the command reads it."""
        rest = memoryview(document)
        with suppress(BrokenPipeError), self._stdin:
            while rest:
                await anyio.wait_writable(self._stdin)
                with suppress(BlockingIOError):
                    rest = rest[os.write(self._stdin.fileno(), rest) :]

    async def take(self, output: bytearray, scope: anyio.CancelScope) -> None:
        """Read what the command says until nobody can say more. When it is too much, all is over."""
        while self.drain(output):
            await anyio.wait_readable(self._stdout)
        if len(output) > MAX_OUTPUT_BYTES:
            scope.cancel()

    def drain(self, output: bytearray) -> bool:
        """Read what is there now. Returns whether more may come that is wanted."""
        while len(output) <= MAX_OUTPUT_BYTES:
            try:
                block = os.read(self._stdout.fileno(), _BLOCK)
            except BlockingIOError:
                return True
            if not block:
                return False
            output += block
        return False

    async def exit_code(self) -> int | None:
        """Wait for the end of the command. None when its supervisor was killed."""
        await anyio.wait_readable(self.told)
        said = os.read(self.told, 1)
        return said[0] if said else None

    async def end(self) -> None:
        """Kill whatever is left of the group, and let go of it."""
        with suppress(ProcessLookupError, PermissionError):
            # Nobody has waited for its leader yet, so the group is still this one.
            os.killpg(self.child.pid, signal.SIGKILL)
        self._stdin.close()
        self._stdout.close()
        os.close(self.told)
        os.close(self.held)
        with anyio.move_on_after(REAP_S, shield=True):
            await anyio.to_thread.run_sync(self.child.wait, abandon_on_cancel=True)

    @property
    def _stdin(self) -> IO[bytes]:
        assert self.child.stdin is not None  # noqa: S101 - it is a pipe
        return self.child.stdin

    @property
    def _stdout(self) -> IO[bytes]:
        assert self.child.stdout is not None  # noqa: S101 - it is a pipe
        return self.child.stdout


@asynccontextmanager
async def _started(hook: HookSettings) -> AsyncIterator[_Process]:
    """A command at work, which does not outlive the block."""
    # Beside the event loop, as to start a program waits for the disk.
    process = await anyio.to_thread.run_sync(_Process.start, hook)
    try:
        yield process
    finally:
        await process.end()
