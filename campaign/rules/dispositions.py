"""Dispositions: how a call ended, by the first line of a table that fits it."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaign.models import Call, Disposition, plain
from campaign.rules.speech import said_by_person
from campaign.settings.dispositions import BUNDLED_LINES, DispositionLine, pattern_of


@dataclass(frozen=True, slots=True)
class Reading:
    """How a call ended, and whether such an end may be followed by another try."""

    disposition: Disposition
    """`unknown` when no line fits, rather than a guess."""
    may_retry: bool


NO_LINE_FITS = Reading(Disposition.UNKNOWN, may_retry=False)


def read_disposition(call: Call, own: Sequence[DispositionLine] = ()) -> Reading:
    """How the call ended, read from what OneInbox reports.

    Args:
        call: It has ended.
        own: The campaign's lines, which come before those of the program.
    """
    for line in (*own, *BUNDLED_LINES):
        if _fits(line, call):
            return Reading(line.disposition, line.retry)
    return NO_LINE_FITS


def has_person(call: Call) -> bool:
    """Whether the person, or what answered for them, has said something."""
    return any(message.get("role") == "user" for message in call.messages) or bool(said_by_person(call))


def _fits(line: DispositionLine, call: Call) -> bool:
    return (
        _is_word(line.status, call.status)
        and _is_word(line.end_reason, call.end_reason)
        and _is_word(line.outcome, call.outcome)
        and _is_as_long(line, call.duration_seconds)
        and line.has_transcript in (None, bool(call.transcript))
        and (line.has_person is None or line.has_person == has_person(call))
    )


def _is_word(pattern: str | None, word: str | None) -> bool:
    return pattern is None or pattern_of(pattern).fullmatch(plain(word)) is not None


def _is_as_long(line: DispositionLine, seconds: float | None) -> bool:
    if line.min_seconds is None and line.max_seconds is None:
        return True
    if seconds is None:
        return False
    return (line.min_seconds or 0.0) <= seconds and (line.max_seconds is None or seconds <= line.max_seconds)
