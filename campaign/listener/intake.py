"""The intake: which calls have to be looked at, however many events come, repeated, in disorder or forged.

It holds a bounded number of ids and some counters, and nothing else of what came.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from campaign.oneinbox.events import Event

MOST_IDS = 5_000
"""So many calls at a time; further ones are refused, and OneInbox tries again."""
GAP_S = 1.0
"""Of one call there is no second hint sooner than this."""
UNKNOWN_S = 5.0
"""An event may come before the run has written down that the call exists."""


@dataclass(slots=True)
class Counts:
    """What has come, in numbers."""

    events: int = 0
    """Valid ones."""
    hints: int = 0
    """Calls that runs were sent to."""
    unknown: int = 0
    """Events of calls that this ledger does not know."""
    over: int = 0
    """Of calls of which everything is known."""
    other: int = 0
    """Of no call, or of nothing new."""
    full: int = 0
    malformed: int = 0
    too_large: int = 0
    too_slow: int = 0
    unsigned: int = 0
    elsewhere: int = 0
    """Requests for any other path, or with another method."""

    def told(self) -> dict[str, int]:
        """Those that are not zero, for a log."""
        return {name: number for name, number in asdict(self).items() if number}


@dataclass(slots=True)
class _Waiting:
    since: float
    due_at: float


@dataclass(slots=True)
class Intake:
    """Calls that wait to be looked up in the ledger. All of it belongs to one event loop."""

    counts: Counts = field(default_factory=Counts)
    most_ids: int = MOST_IDS
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _hinted_at: dict[str, float] = field(default_factory=dict)

    def take(self, event: Event, now: float) -> bool:
        """One event has come. False when there is no room for it.

        Args:
            event: What it says.
            now: Seconds of a clock that does not go back.
        """
        self.counts.events += 1
        if not event.is_worth_a_look or event.call_id is None:
            self.counts.other += 1
            return True
        if event.call_id in self._waiting:
            return True
        if len(self._waiting) >= self.most_ids:
            self.counts.full += 1
            return False
        last = self._hinted_at.get(event.call_id, now - GAP_S)
        self._waiting[event.call_id] = _Waiting(now, max(now, last + GAP_S))
        return True

    def due(self, now: float) -> list[str]:
        """The calls that may be looked up now."""
        self._hinted_at = {call_id: at for call_id, at in self._hinted_at.items() if now - at < GAP_S}
        return [call_id for call_id, waiting in self._waiting.items() if waiting.due_at <= now]

    def looked_up(self, due: Iterable[str], known: Mapping[str, bool], now: float) -> None:
        """They were looked up.

        Args:
            due: What was.
            known: Those of them that the ledger knows, and whether a hint is left.
            now: As in `take`.
        """
        for call_id in due:
            if call_id not in known and now - self._waiting[call_id].since < UNKNOWN_S:
                self._waiting[call_id].due_at = now + GAP_S
                continue
            del self._waiting[call_id]
            if call_id not in known:
                self.counts.unknown += 1
            elif known[call_id]:
                self.counts.hints += 1
                self._hinted_at[call_id] = now
            else:
                self.counts.over += 1
