"""A terminal with a command on it."""

import os
import pty
import subprocess

from tests.e2e.machinery import PATIENCE_S, Workplace, wait_until


class Terminal:
    """With somebody who reads before they answer."""

    def __init__(self, place: Workplace, *arguments: str, ledger: str | None = None, **changes: str) -> None:
        """Start the command of this program, with changes in its environment."""
        self._ours, theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        self.shown = ""
        self.process = subprocess.Popen(
            arguments,
            cwd=place.folder,
            env=place.environment(
                TERM="xterm",
                COLUMNS="200",
                CAMPAIGN_LEDGER=ledger or str(place.folder / "ledger.db"),
                **changes,
            ),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            text=True,
        )
        os.close(theirs)

    def shows(self, text: str) -> bool:
        """Whether it has come by now."""
        try:
            while block := os.read(self._ours, 1 << 16):
                self.shown += block.decode(errors="replace")
        except OSError:
            pass
        return text in self.shown

    def close(self) -> None:
        """It is gone, as a window that is closed; the command is left alone."""
        os.close(self._ours)

    def answer(self, text: str) -> int:
        """Type it, and wait for the end. Returns the exit code."""
        os.write(self._ours, text.encode())
        return self.end()

    def end(self) -> int:
        """Wait for it. Returns the exit code."""
        wait_until(lambda: bool(self.shows("\0")) or self.process.poll() is not None)
        self.shows("")
        self.close()
        return self.process.wait(PATIENCE_S)
