"""The watchlist: the calls that a run follows, and when each of them is looked at next."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import anyio

from campaign.calls import schedule
from campaign.calls.hearing import Hearing
from campaign.calls.run import Bell
from campaign.calls.timing import Timing
from campaign.ledger.calls import OpenCall
from campaign.logs import get_logger
from campaign.models import Call
from campaign.rules import closing

log = get_logger(__name__)

SMOOTHING = 0.1
HINT_GAP_S = 1.0
"""However many hints come, one call is not looked at sooner again."""
NOTHING_S = 60.0
"""While there is nothing to look at, one looks around so often. Whatever is new rings."""


@dataclass
class Tracked:
    """A call that is followed, on the event loop's clock."""

    record: OpenCall
    serial: int
    """Its place among all calls of its agent that were followed, from 1."""
    placed_at: float
    next_look_at: float
    ended_at: float | None = None
    needs_single_look: bool = False
    """The list shows no results of this call; only the call itself can say that there are none."""
    gone_since: float | None = None
    """Since when OneInbox says that there is no such call."""
    looked_at: float = float("-inf")
    is_hinted: bool = False
    """Whether a hint has come that no look has answered yet."""
    was_hinted: bool = False
    """Whether any has come."""


class Watchlist:
    """Filled by dispatch and doubts, told by hints, and worked off by the tracker."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._calls: dict[str, Tracked] = {}
        self._placed: Counter[str] = Counter()
        self._news = Bell()
        self._hearing = Hearing()
        self._typical_s: float | None = None
        """How long calls of this campaign last; None while none has ended."""

    def __iter__(self) -> Iterator[Tracked]:
        return iter(list(self._calls.values()))

    def __contains__(self, call_id: object) -> bool:
        return call_id in self._calls

    def get(self, call_id: str) -> Tracked | None:
        """The call, if it is followed."""
        return self._calls.get(call_id)

    def rank(self, tracked: Tracked) -> int:
        """How many calls of its agent were placed after it."""
        return self._placed[tracked.record.agent_id] - tracked.serial

    def add(self, record: OpenCall, *, placed_at: float, ended_at: float | None) -> None:
        """Follow a call from now on; times are the event loop's."""
        now, timing = anyio.current_time(), self._timing
        self._placed[record.agent_id] += 1
        serial = self._placed[record.agent_id]
        # Where its end would be told, the first look may be as late as any at a call that may still ring.
        first_s = timing.look_max_s if self._hearing.is_trusted else timing.look_min_s
        next_look_at = now + first_s if now - placed_at < first_s else now
        self._calls[record.call_id] = Tracked(record, serial, placed_at, next_look_at, ended_at)
        self._news.ring()

    def drop(self, tracked: Tracked) -> None:
        """Follow it no more."""
        self._calls.pop(tracked.record.call_id, None)

    def over(self, tracked: Tracked) -> None:
        """All is known of it that ever will be."""
        self.drop(tracked)
        if self._hearing.over(was_told=tracked.was_hinted):
            log.info("events.missed", reason="a call has ended of which none has told")
            self._look_at_all()

    async def due(self) -> list[Tracked]:
        """Wait until calls are to be looked at, and give them."""
        while True:
            now = anyio.current_time()
            next_look_at = min((call.next_look_at for call in self._calls.values()), default=now + NOTHING_S)
            if next_look_at <= now:
                # Rare looks are taken together, as one list page shows many calls.
                soon = now + (self._timing.net_look_s / 2 if self._hearing.is_trusted else 0.0)
                return [call for call in self._calls.values() if call.next_look_at <= soon]
            await self._news.wait(next_look_at - now)

    def begin_look(self, due: Iterable[Tracked]) -> set[str]:
        """They are looked at now. Returns the ids of those that a hint has told of."""
        hinted = set()
        for tracked in due:
            if tracked.is_hinted:
                hinted.add(tracked.record.call_id)
            tracked.looked_at, tracked.is_hinted = anyio.current_time(), False
        return hinted

    def end_look(self, tracked: Tracked, *, was_seen: bool) -> None:
        """What could not be seen is looked at again, and not at once; what was hinted at meanwhile, soon."""
        now = anyio.current_time()
        tracked.next_look_at = max(tracked.next_look_at, now + self._timing.look_min_s / 10)
        if not was_seen:
            tracked.next_look_at = now + self._timing.look_min_s
        if tracked.is_hinted:
            self._hasten(tracked)

    def is_live(self, tracked: Tracked, call: Call) -> None:
        """It was seen, and has not ended."""
        now = anyio.current_time()
        wait_s = schedule.look_interval(now - tracked.placed_at, self._typical_s, self._timing)
        # Who still waits in the provider's queue may have to be taken out of it in time.
        if self._hearing.is_trusted and not closing.is_queued(call):
            wait_s = max(wait_s, self._timing.net_look_s)
        tracked.next_look_at = now + wait_s

    def has_ended(self, tracked: Tracked, call: Call, since_end_s: float) -> None:
        """It was seen, and its results are awaited."""
        now, timing = anyio.current_time(), self._timing
        has_some = bool(call.transcript or call.messages)
        is_told = self._hearing.is_trusted and not has_some and not schedule.is_unconnected(call)
        wait_s = schedule.results_interval(since_end_s, timing)
        tracked.next_look_at = now + (max(wait_s, timing.look_max_s) if is_told else wait_s)

    def lasted(self, seconds: float) -> None:
        """A call has ended after so long."""
        typical = seconds if self._typical_s is None else self._typical_s
        self._typical_s = typical + SMOOTHING * (seconds - typical)

    def hint(self, call_ids: Iterable[str]) -> list[str]:
        """Something may have happened to these calls: look at each, a second after its last look or later.

        Returns:
            Those that are not followed.
        """
        others = []
        for call_id in call_ids:
            tracked = self._calls.get(call_id)
            if tracked is None:
                others.append(call_id)
                continue
            tracked.is_hinted = tracked.was_hinted = True
            self._hasten(tracked)
        self._news.ring()
        return others

    def listened_to(self, is_there: bool) -> None:
        """Whether a listener is there that leaves hints."""
        if self._hearing.listened_to(is_there):
            log.info("events.missed", reason="the listener is gone")
            self._look_at_all()

    def _hasten(self, tracked: Tracked) -> None:
        soonest = max(anyio.current_time(), tracked.looked_at + HINT_GAP_S)
        tracked.next_look_at = min(tracked.next_look_at, soonest)

    def _look_at_all(self) -> None:
        """Looks were rare; from now on they are not."""
        now = anyio.current_time()
        for tracked in self._calls.values():
            tracked.next_look_at = min(tracked.next_look_at, now)
        self._news.ring()
