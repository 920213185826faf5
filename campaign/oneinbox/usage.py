"""The account's own quota, as `GET /v1/usage` tells it: calls per day, counted anew at 00:00 UTC."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Usage:
    """What the account has used of its day. What the reply does not say, or says oddly, is None."""

    calls_made_today: int | None = None
    max_calls_per_day: int | None = None
    calls_remaining_today: int | None = None

    @property
    def left_today(self) -> int | None:
        """Calls that may still be made today: the least that the figures allow; None when they do not say."""
        told = []
        if self.calls_remaining_today is not None:
            told.append(self.calls_remaining_today)
        if self.max_calls_per_day is not None and self.calls_made_today is not None:
            told.append(self.max_calls_per_day - self.calls_made_today)
        return max(min(told), 0) if told else None


def parse_usage(body: Any) -> Usage:
    """Read the reply of any generation; one that is no object says nothing."""
    if not isinstance(body, dict):
        return Usage()
    return Usage(
        calls_made_today=_count(body.get("calls_made_today")),
        max_calls_per_day=_count(body.get("max_calls_per_day")),
        calls_remaining_today=_count(body.get("calls_remaining_today")),
    )


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    # A negative remainder is none left; what is no number, or endless, says nothing.
    return int(number) if abs(number) < 1e12 else None
