"""How the commands speak: data on stdout, talk on stderr."""

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def say_json(data: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n")


def say(text: str) -> None:
    """A line for people, on stderr."""
    sys.stderr.write(text + "\n")


def console(*, stderr: bool = True) -> "Console":
    """Rich's console, loaded when there is something to show. Brackets in a list are no markup."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False)


def is_terminal() -> bool:
    """Whether a person sits in front of this process and can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


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
