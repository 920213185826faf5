"""Outlay: what a campaign has spent, and what it may have spent when every call without a known cost has cost
the most that a call can.
"""

import math
from dataclasses import dataclass

from campaign.models import plain

_UNCONNECTED = frozenset({"no_answer", "busy", "failed", "canceled", "cancelled"})
"""Ends after which a length that is not told is none."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What the provider tells of one call. What it has not told, or tells oddly, is None."""

    status: str = ""
    seconds: float | None = None
    cents: float | None = None
    credits: float | None = None

    def then(self, later: "Measure") -> "Measure":
        """What is known after a later report: what it leaves out is not forgotten."""
        return Measure(
            later.status or self.status,
            self.seconds if later.seconds is None else later.seconds,
            self.cents if later.cents is None else later.cents,
            self.credits if later.credits is None else later.credits,
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What a call of unknown length and cost is counted at."""

    longest_s: float
    """No call lasts longer."""
    cents_per_minute: float = 0.0
    """Of a started minute."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Sums over calls."""

    calls: int = 0
    minutes: float = 0.0
    cents: float = 0.0
    credits: float = 0.0

    def of(self, limit: str) -> float:
        """The sum that this limit is about."""
        return float(getattr(self, limit))


@dataclass(slots=True)
class Tally:
    """Adds up settled calls, one by one; what they and others cost at most is read off at any time."""

    calls: int = 0
    seconds: float = 0.0
    unmeasured: int = 0
    """Calls of unknown length."""
    cents: float = 0.0
    unpriced_minutes: int = 0
    """Started minutes of calls of known length and unknown cost."""
    unpriced: int = 0
    """Calls of unknown length and unknown cost."""
    dearest: float = 0.0
    """Cents of a started minute, in the call where it was highest."""
    credits: float = 0.0
    uncredited_s: float = 0.0
    uncredited: int = 0
    dearest_credits: float = 1.0
    """Credits of a started minute, in the call where it was highest; one is what the documentation says."""

    def add(self, measure: Measure | None) -> None:
        """Count a call that is over. None when no call is known of an attempt that a human calls one."""
        measure = measure or Measure()
        self.calls += 1
        seconds = _seconds(measure)
        started = None if seconds is None else math.ceil(seconds / 60)
        if seconds is None:
            self.unmeasured += 1
        else:
            self.seconds += seconds
        cents, used = _told(measure.cents, started), _told(measure.credits, started)
        if cents is not None:
            self.cents += cents
            self.dearest = max(self.dearest, cents / max(started or 0, 1))
        elif started is None:
            self.unpriced += 1
        else:
            self.unpriced_minutes += started
        if used is not None:
            self.credits += used
            self.dearest_credits = max(self.dearest_credits, used / max(started or 0, 1))
        elif seconds is None:
            self.uncredited += 1
        else:
            self.uncredited_s += seconds

    def amounts(self, terms: Terms, *, live: int = 0) -> Amounts:
        """The sums, with so many calls beside them at the most that a call can cost."""
        cents = max(terms.cents_per_minute, self.dearest)
        longest = math.ceil(terms.longest_s / 60)
        return Amounts(
            calls=self.calls + live,
            minutes=(self.seconds + (self.unmeasured + live) * terms.longest_s) / 60,
            cents=self.cents + cents * (self.unpriced_minutes + (self.unpriced + live) * longest),
            credits=self.credits
            + self.dearest_credits * (self.uncredited_s / 60 + (self.uncredited + live) * longest),
        )


@dataclass(frozen=True, slots=True)
class Outlay:
    """How a campaign stands to its budget."""

    spent: Amounts
    """By calls that are over."""
    committed: Amounts
    """The same with every call that is live, settling, in doubt or in review, at its longest."""
    with_next: Amounts
    """The same with one more call."""

    @classmethod
    def of(cls, tally: Tally, terms: Terms, *, live: int) -> "Outlay":
        """From what is settled, and how many calls are not."""
        return cls(tally.amounts(terms), tally.amounts(terms, live=live), tally.amounts(terms, live=live + 1))


def _told(cost: float | None, started: int | None) -> float | None:
    """What a call has cost; None when that is not known, as of one that has taken time for nothing."""
    if cost is None or cost > 0:
        return cost
    return 0.0 if started == 0 else None


def _seconds(measure: Measure) -> float | None:
    if measure.seconds is not None and 0 <= measure.seconds < math.inf:
        return measure.seconds
    if measure.seconds is None and plain(measure.status) in _UNCONNECTED:
        return 0.0
    return None
