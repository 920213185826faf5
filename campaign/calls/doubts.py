"""Doubts: find the calls whose create-call reply was lost, or hand them to a human. Never dial again.

A list that cannot be read says nothing; a call that is in no list, after the wait and two looks, is for a
human to decide.
"""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio

from campaign.calls import breaker, schedule
from campaign.calls.run import Run
from campaign.calls.track import Tracker
from campaign.calls.watchlist import NOTHING_S
from campaign.errors import ApiUnavailableError
from campaign.ledger import attempts, calls
from campaign.ledger.attempts import Doubt
from campaign.logs import get_logger
from campaign.models import Call
from campaign.oneinbox.errors import ApiError, KeyRefused, NotFound, Unsupported
from campaign.rules.breaker_events import Doubled, Found, Lost

log = get_logger(__name__)

LOOKS = 2
MAX_PAGES = 500
"""A look ends here at the latest; what it has not found by then counts as not found."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look through the provider's list has seen."""

    calls: dict[str, Call]
    shows_all: bool
    """Whether every call since the doubt is sure to be among them."""


class DoubtSettler:
    """Settles the doubts of one run."""

    def __init__(self, run: Run, tracker: Tracker) -> None:
        self._run = run
        self._tracker = tracker
        self._failing_since: float | None = None
        self._known_since: dict[int, float] = {}

    async def run(self) -> None:
        """Look for as long as the run lasts, whenever something is in doubt."""
        while True:
            interval_s = await self.settle()
            await self._run.doubted.wait(interval_s)

    async def settle(self) -> float:
        """Look once for everything that is in doubt. Returns the seconds until the next look is useful."""
        run, timing = self._run, self._run.timing
        # A doubt rings once it is known and on disk; those of earlier runs are known from the start.
        doubts = await run.fetch(attempts.doubts) if run.in_doubt else []
        if not doubts:
            return NOTHING_S
        trouble: ApiError | None = None
        for agent_id in dict.fromkeys(doubt.agent_id for doubt in doubts):
            of_agent = [doubt for doubt in doubts if doubt.agent_id == agent_id]
            try:
                look = await self._look(agent_id, min(doubt.intent_at for doubt in of_agent))
            except ApiError as error:
                trouble = error
                continue
            known = await run.fetch(calls.known_ids, list(look.calls))
            run.acquaintance.listed(look.calls[call_id] for call_id in known)
            for doubt in of_agent:
                await self._judge(doubt, look, known)
            await self._tracker.listed(call for call_id, call in look.calls.items() if call_id not in known)
        if trouble is None:
            self._failing_since = None
        else:
            # One list that works does not make up for another that fails.
            self._trouble(trouble)
        youngest_s = min((run.now() - doubt.intent_at).total_seconds() for doubt in doubts)
        return min(max(youngest_s / 2, timing.doubt_look_min_s), timing.doubt_look_max_s)

    async def look_again(self) -> None:
        """Look once, at the start of a run, for what was left to a human: it may be listed by now.

        A list that cannot be read is left to the next run.
        """
        lost, self._run.lost = self._run.lost, {}
        for agent_id, first in lost.items():
            try:
                look = await self._look(agent_id, first)
            except ApiError as error:
                log.warning("doubts.trouble", error=error.brief)
            else:
                await self._tracker.listed(look.calls.values())

    async def _look(self, agent_id: str, first: datetime) -> Look:
        run = self._run
        since = first - timedelta(seconds=run.timing.clock_skew_s)
        seen: dict[str, Call] = {}
        in_order: list[Call] = []
        pages = 0
        try:
            async with aclosing(run.api.recent_calls(agent_id)) as listing:
                async for page in listing:
                    in_order += [call for call in page.calls if call.id not in seen]
                    seen |= {call.id: call for call in page.calls}
                    pages += 1
                    if page.is_last or schedule.reaches_back_to(in_order, since):
                        return Look(seen, shows_all=True)
                    if pages == MAX_PAGES:
                        break
        except (Unsupported, NotFound) as error:
            log.info("list.unusable", error=error.brief)
        return Look(seen, shows_all=False)

    async def _judge(self, doubt: Doubt, look: Look, known: set[str]) -> None:
        run = self._run
        matches = schedule.find_matches(
            doubt,
            look.calls.values(),
            known,
            window=timedelta(seconds=run.timing.doubt_wait_s),
            skew=timedelta(seconds=run.timing.clock_skew_s),
            echoes_token=run.acquaintance.echoes_token,
        )
        if matches:
            await self._adopt(doubt, matches)
            return
        await run.commit(attempts.record_look, doubt.attempt_id)
        # By our own clock too, as the wall clock may have been set back since the intent.
        known_since = self._known_since.setdefault(doubt.attempt_id, anyio.current_time())
        age_s = max((run.now() - doubt.intent_at).total_seconds(), anyio.current_time() - known_since)
        if age_s < run.timing.doubt_wait_s or doubt.looks + 1 < LOOKS:
            return
        where = "in OneInbox's list" if look.shows_all else "in what OneInbox's list shows"
        if run.acquaintance.echoes_token:
            where += ", by the token that it shows of other calls"
        reason = (
            f"the reply was lost, and the call is not {where}: check by hand whether the person was called"
        )
        log.warning("call.needs_review", row=doubt.row_number)
        await run.commit(attempts.give_up, doubt.attempt_id, reason=reason, now=run.now())
        if doubt.attempt_id in run.own_doubts:
            # Before its line is free.
            await breaker.tell(run, Lost())
            await breaker.first_call_over(run, has_failed=True)
        run.closed(doubt.attempt_id)

    async def _adopt(self, doubt: Doubt, matches: Sequence[Call]) -> None:
        run = self._run
        call_ids = [call.id for call in matches]
        placed = await run.commit(attempts.record_placed, doubt.attempt_id, call_ids=call_ids, now=run.now())
        if not placed:
            return
        if doubt.attempt_id in run.own_doubts:
            await breaker.tell(run, Found())
        run.placed(doubt.attempt_id, call_ids)
        log.debug("call.found", row=doubt.row_number, calls=call_ids)
        for record in await run.fetch(calls.open_calls, attempt_id=doubt.attempt_id):
            self._tracker.follow(record)
        if len(matches) > 1:
            await breaker.tell(run, Doubled(len(matches), doubt.row_number))

    def _trouble(self, error: ApiError) -> None:
        run, now = self._run, anyio.current_time()
        log.warning("doubts.trouble", error=error.brief)
        if isinstance(error, KeyRefused):
            run.halt(error.stop_reason(), leave=True)
            return
        self._failing_since = self._failing_since or now
        if now - self._failing_since > run.timing.api_patience_s:
            run.halt(
                ApiUnavailableError(f"calls in doubt cannot be looked up: {error.what}; run again later"),
                leave=True,
            )
