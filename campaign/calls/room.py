"""Room: whether one more call may be prepared at all, by lines, stages, doubts, budget and disk.

It counts the dials of one run from the moment at which they take a line.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from campaign.calls import breaker
from campaign.calls.quota import Quota
from campaign.calls.run import Bell, Run
from campaign.rules.budget import used_up

BACKLOG_S = 0.05
"""Starts of so many seconds may wait for the disk at a time; they crowd at the provider by no more."""
LONGEST_WAIT_S = 60.0
"""The wall clock may be set meanwhile, so times are compared anew at least so often."""
MAX_DOUBTS = 5
"""So many calls in doubt, of whichever run, hold up dialling until they are found."""

STALE_LISTS = "the suppression lists to be read"


class Room:
    """The room that one run has for calls."""

    def __init__(self, run: Run, quota: Quota) -> None:
        self.asked: set[int] = set()
        """Contacts that the hook is asked about, until the pace gives them a start."""
        self.before_intent = 0
        """Dials from their start on that have no attempt yet, and so are not in `run.live`."""
        self.before_request = 0
        """Those that wait for the disk."""
        self._run = run
        self._quota = quota
        self._written = Bell()

    async def wait(self) -> None:
        """Return when one more call may be prepared."""
        run = self._run
        while True:
            if run.breaker.is_waiting:
                await breaker.wait_for_answers(run)
                continue
            if obstacle := self.obstacle():
                run.waiting_for = obstacle
            elif self._is_disk_slow:
                # Starts that pile up behind it would leave together.
                run.waiting_for = "the ledger"
            elif run.spending.lacks(run.settings):
                self.stop_when_used_up()
                run.waiting_for = "live calls, which may use up the budget"
            else:
                return
            await run.changed.wait(LONGEST_WAIT_S)

    async def lists(self) -> None:
        """Return when the suppression lists are fresh: their gate would hold all rows, one by one."""
        run = self._run
        while run.lists_are_stale:
            run.waiting_for = STALE_LISTS
            await run.changed.wait(LONGEST_WAIT_S)

    def obstacle(self, *, counted: int = 0) -> str:
        """What keeps one more call from being prepared, for people; empty when nothing does.

        Args:
            counted: 1 when that call has its line already.
        """
        run, allowed = self._run, self._run.stages.allowed
        under_way = len(run.live) + self.before_intent + len(self.asked) - counted
        if self._quota.is_in_question:
            return "OneInbox to say why it refuses"
        if under_way >= run.settings.pace.max_live_calls:
            return "a free line"
        if allowed is not None and under_way >= allowed:
            return run.stages.awaited
        if run.breaker.has_doubts or len(run.in_doubt) + run.breaker.lost_in_a_row >= MAX_DOUBTS:
            return "calls in doubt to be found"
        return STALE_LISTS if run.lists_are_stale else ""

    def stop_when_used_up(self) -> None:
        """End dialling when the budget has no room for another call, whatever the live ones will cost."""
        run = self._run
        under_way = run.live | run.settling
        if limit := run.spending.lacks_for_good(run.settings, under_way):
            at_best = run.spending.outlay_at_best(under_way)
            run.drain(used_up(at_best, run.settings.budget, limit), leave=False)

    @contextmanager
    def asking(self, contact_id: int) -> Iterator[None]:
        """Keep a line and a part of the budget for a contact while the block lasts."""
        self.asked.add(contact_id)
        self._run.spending.reserve()
        try:
            yield
        finally:
            self.asked.discard(contact_id)
            self._run.spending.release()
            self._run.changed.ring()

    def started(self) -> None:
        """A dial begins: it has a start of the pace."""
        self.before_intent += 1
        self._run.spending.reserve()
        self.before_request += 1

    def has_intent(self) -> None:
        """Its intent is on disk, or it was not made."""
        self.before_intent -= 1
        self._run.spending.release()

    def may_request(self) -> None:
        """It waits for the disk no longer."""
        self.before_request -= 1
        self._written.ring()
        self._run.changed.ring()

    async def disk(self) -> None:
        """Return when few enough wait for the disk. One task waits at a time."""
        while self._is_disk_slow:
            await self._written.wait(LONGEST_WAIT_S)

    @property
    def _is_disk_slow(self) -> bool:
        return self.before_request > BACKLOG_S * self._run.settings.pace.calls_per_second
