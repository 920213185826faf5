"""A question on the terminal that is not asked for ever: whoever asks has the ledger meanwhile."""

import select
import sys
from contextlib import suppress

from campaign.cli import output
from campaign.errors import NotFinishedError


def is_agreed(question: str, *, patience_s: float) -> bool:
    """Whether somebody says yes.

    Raises:
        NotFinishedError: Nobody has answered for so long.
        KeyboardInterrupt: Nobody can answer any more.
    """
    while True:
        with suppress(OSError):
            sys.stderr.write(f"{question} [y/N]: ")
            sys.stderr.flush()
        # A terminal gives whole lines, one at a time.
        is_answered, _, _ = select.select([sys.stdin], [], [], patience_s)
        if not is_answered:
            output.say("")
            raise NotFinishedError(
                f"nobody was called: nobody has answered for {output.span(patience_s)}; "
                "run the same command again"
            )
        answer = _line()
        if not answer:
            raise KeyboardInterrupt
        if answer.strip().lower() in ("y", "yes"):
            return True
        if answer.strip().lower() in ("n", "no", ""):
            return False


def _line() -> str:
    """What was typed, with its line end; empty at the end of it, or when the terminal is gone."""
    try:
        return sys.stdin.readline()
    except OSError:
        return ""
