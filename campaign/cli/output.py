"""How the commands speak: data on stdout, talk on stderr."""

import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, cast

from campaign.errors import OutputError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def stand_in_for_closed() -> None:
    """Where standard input, output or errors were closed before the start, nothing takes their place.

    Python knows no stream for them, and the next file that is opened would get their descriptor.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest that is free: that of the stream.
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8"))


def say_json(data: Any) -> None:
    """One JSON document on stdout. Raises OutputError as `say_data` does."""
    say_data(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def say_data(text: str) -> None:
    """Lines on stdout, with a line end. Raises OutputError when nobody reads it, or its disk is full."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer would fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"standard output cannot be written: {error.strerror}") from error


@contextmanager
def drawing() -> Iterator["Console"]:
    """A console whose drawings go to stdout at the end. Raises OutputError as `say_data` does."""
    from rich.console import Console

    # Rich would answer a reader that has gone with an exit code of its own.
    canvas = io.StringIO()
    is_terminal = sys.stdout.isatty() or None
    yield Console(file=canvas, force_terminal=is_terminal, highlight=False, markup=False)
    say_data(canvas.getvalue().removesuffix("\n"))


def say_drawn(drawn: "RenderableType") -> None:
    """A table or the like on stdout, as wide as the terminal. Raises OutputError as `say_data` does."""
    with drawing() as console:
        console.print(drawn)


def say(text: str) -> None:
    """A line for people, on stderr. That it cannot be written changes nothing: the exit code still tells."""
    with suppress(OSError):
        sys.stderr.write(text + "\n")


class _Drawn:
    """stderr for drawings. That nobody sees them any more, as on a terminal that is gone, changes nothing."""

    def __init__(self) -> None:
        # A live view puts itself in place of stderr, and draws on this one.
        self._stream = sys.stderr

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def console() -> "Console":
    """Rich's console on stderr, loaded when there is something to show. Brackets in a list are no markup."""
    from rich.console import Console

    return Console(file=cast("IO[str]", _Drawn()), highlight=False, markup=False)


def is_terminal() -> bool:
    """Whether a person sits in front of this process and can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


@contextmanager
def busy(doing: str) -> Iterator[None]:
    """Show on a terminal that something goes on; elsewhere say nothing."""
    if not sys.stderr.isatty():
        yield
        return
    with console().status(f"{doing} ..."):
        yield


def span(seconds: float) -> str:
    """`45 s`, `12 min` or `3 h 20 min`."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def listing(counts: Mapping[str, int]) -> str:
    """`12 answered, 3 busy`."""
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items() if number)


def visible(text: str) -> str:
    """What OneInbox said may hold characters that drive a terminal: they are shown as escapes."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
