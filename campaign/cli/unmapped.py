"""Unmapped: calls of which no line of dispositions says how they ended, for whoever can add one."""

from collections.abc import Mapping, Sequence
from typing import Any

from campaign.cli import output

SHOWN = 5
LONGEST = 60
"""Characters that are shown of a word of OneInbox."""


def as_data(unmapped: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    """For a program: how many calls, by status and end reason, in words that drive no terminal.

    Args:
        unmapped: As the ledger adds them up.
    """
    return [
        {"status": _shown(status), "end_reason": _shown(reason) or None, "calls": number}
        for (status, reason), number in unmapped.items()
    ]


def lines(told: Sequence[Mapping[str, Any]]) -> list[str]:
    """For people: a line for each of the most frequent ends, and one for all others together.

    Args:
        told: What a program is told.
    """
    said = [
        f"{_calls(end['calls'])} ended with {_words(end)}, which no line of dispositions knows"
        for end in told[:SHOWN]
    ]
    rest = sum(end["calls"] for end in told[SHOWN:])
    return [*said, *([f"{_calls(rest)} ended in other ways that no line of dispositions knows"] * bool(rest))]


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number:,} calls"


def _words(end: Mapping[str, Any]) -> str:
    status = f"status {end['status'] or 'empty'}"
    return f"the end reason {end['end_reason']} ({status})" if end["end_reason"] else f"the {status} alone"


def _shown(word: str) -> str:
    text = output.visible(word)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
