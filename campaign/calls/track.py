"""Track: follow every placed call to its end and until its results are in.

One list page carries the state of a hundred calls, so a sweep reads pages where that costs fewer requests,
and fetches singly what the pages do not show. It never stops a call.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import anyio

from campaign.calls import schedule
from campaign.calls.run import Bell, Run
from campaign.errors import ApiUnavailableError
from campaign.ledger import attempts, calls
from campaign.ledger.calls import OpenCall
from campaign.logs import get_logger
from campaign.models import AttemptState, Call
from campaign.oneinbox.client import PAGE_SIZE
from campaign.oneinbox.errors import ApiError, KeyRefused, NotFound, Throttled, Unsupported
from campaign.rules import endings

log = get_logger(__name__)

PARALLEL_GETS = 16
# Enough to share commits, and few enough that a dial does not queue behind a whole sweep.
PARALLEL_COMMITS = 8
SMOOTHING = 0.1


@dataclass
class Tracked:
    """A call that is followed, on the event loop's clock."""

    record: OpenCall
    serial: int
    placed_at: float
    next_look_at: float
    ended_at: float | None = None


class Tracker:
    """Follows the calls of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._tracked: dict[str, Tracked] = {}
        self._placed = 0
        self._news = Bell()
        self._typical_s: float | None = None
        self._list_works = True
        self._failing_since: float | None = None

    def follow(self, record: OpenCall) -> None:
        """Follow a call from now on. Its age is kept across restarts."""
        now = anyio.current_time()
        ago = self._run.now()
        ended_at = None
        if record.state is AttemptState.SETTLING and record.ended_at is not None:
            ended_at = now - max((ago - record.ended_at).total_seconds(), 0.0)
            self._run.settling.add(record.attempt_id)
        elif record.state is AttemptState.LIVE:
            self._run.live.add(record.attempt_id)
        else:
            # It needs review already. One more look may settle it after all.
            self._run.settling.add(record.attempt_id)
        placed_at = now - max((ago - record.placed_at).total_seconds(), 0.0)
        self._placed += 1
        first_look = self._run.timing.look_min_s if now - placed_at < self._run.timing.look_min_s else 0.0
        self._tracked[record.call_id] = Tracked(
            record, self._placed, placed_at, next_look_at=now + first_look, ended_at=ended_at
        )
        self._news.ring()

    async def run(self) -> None:
        """Sweep for as long as the run lasts."""
        while True:
            now = anyio.current_time()
            next_look_at = min((call.next_look_at for call in self._tracked.values()), default=now + 60)
            if next_look_at > now:
                await self._news.wait(next_look_at - now)
                continue
            await self._sweep([call for call in self._tracked.values() if call.next_look_at <= now])

    async def _sweep(self, due: Sequence[Tracked]) -> None:
        seen: dict[str, Call] = {}
        try:
            if self._list_works:
                ranks = [self._placed - call.serial for call in due]
                seen = await self._read_pages(schedule.pages_worth_reading(ranks, PAGE_SIZE))
            missing = [call for call in due if call.record.call_id not in seen]
            seen |= await self._get_each(missing)
        except ApiError as error:
            await self._trouble(error)
        else:
            self._failing_since = None
        await self._observe_each(seen)
        now = anyio.current_time()
        for tracked in due:
            # What could not be seen is looked at again, and not at once.
            if tracked.next_look_at <= now:
                tracked.next_look_at = now + self._run.timing.look_min_s
                await self._check_age(tracked)

    async def _read_pages(self, pages: int) -> dict[str, Call]:
        """The calls that the newest list pages show."""
        seen: dict[str, Call] = {}
        if pages == 0:
            return seen
        try:
            async with aclosing(self._run.api.recent_calls(self._run.settings.agent_id)) as listing:
                async for page in listing:
                    seen |= {call.id: call for call in page.calls}
                    pages -= 1
                    if pages == 0 or page.is_last:
                        break
        except (Unsupported, NotFound) as error:
            log.info("list.unusable", error=str(error))
            self._list_works = False
        return seen

    async def _get_each(self, wanted: Sequence[Tracked]) -> dict[str, Call]:
        """The calls fetched one by one. The first trouble with the API ends it, with what there is."""
        seen: dict[str, Call] = {}
        troubles: list[ApiError] = []
        limiter = anyio.CapacityLimiter(PARALLEL_GETS)

        async def get(call_id: str) -> None:
            async with limiter:
                if troubles:
                    return
                try:
                    seen[call_id] = await self._run.api.get_call(call_id)
                except (NotFound, Unsupported) as error:
                    # A call may be unknown for a moment after it was created.
                    log.debug("call.not_found", call=call_id, error=str(error))
                except ApiError as error:
                    troubles.append(error)

        async with anyio.create_task_group() as group:
            for tracked in wanted:
                group.start_soon(get, tracked.record.call_id)
        if troubles:
            await self._trouble(troubles[0])
        elif wanted:
            self._failing_since = None
        return seen

    async def _trouble(self, error: ApiError) -> None:
        """Slow down, and end the run when OneInbox stays away or takes the key back."""
        run, now = self._run, anyio.current_time()
        log.warning("tracking.trouble", error=str(error))
        match error:
            case KeyRefused():
                run.halt(error.stop_reason(), leave=True)
            case Throttled():
                run.pace.pause(error.retry_after_s or run.timing.backoff_s)
                await anyio.sleep(error.retry_after_s or run.timing.backoff_s)
            case _:
                self._failing_since = self._failing_since or now
                if now - self._failing_since > run.timing.api_patience_s:
                    run.halt(
                        ApiUnavailableError(f"live calls cannot be followed: {error}; run again later"),
                        leave=True,
                    )
                await anyio.sleep(run.timing.backoff_s)

    async def _observe_each(self, seen: Mapping[str, Call]) -> None:
        limiter = anyio.CapacityLimiter(PARALLEL_COMMITS)

        async def observe(tracked: Tracked, call: Call) -> None:
            async with limiter:
                await self._observe(tracked, call)

        async with anyio.create_task_group() as group:
            for call_id, call in seen.items():
                if tracked := self._tracked.get(call_id):
                    group.start_soon(observe, tracked, call)

    async def _observe(self, tracked: Tracked, call: Call) -> None:
        run, now = self._run, anyio.current_time()
        if not call.has_ended:
            age_s = now - tracked.placed_at
            tracked.next_look_at = now + schedule.look_interval(age_s, self._typical_s, run.timing)
            await self._check_age(tracked)
            return
        if tracked.ended_at is None:
            tracked.ended_at = now
            await self._ended(tracked, call)
        since_end_s = now - tracked.ended_at
        transcript_status = schedule.results_in(call, since_end_s, run.timing)
        if transcript_status is None:
            soon = max(run.timing.results_first_s - since_end_s, 0.0)
            tracked.next_look_at = now + max(soon, min(since_end_s / 2, run.timing.look_max_s), 0.05)
            return
        disposition = endings.read_disposition(call)
        ending = endings.decide(
            disposition,
            tries=tracked.record.tries,
            ended_at=call.ended_at or run.now(),
            retry=run.settings.retry,
        )
        is_closed = await run.commit(
            calls.record_settled,
            call,
            disposition=disposition,
            transcript_status=transcript_status,
            status=ending.status,
            reason=ending.reason,
            not_before=ending.not_before,
            now=run.now(),
        )
        del self._tracked[call.id]
        log.debug("call.settled", row=tracked.record.row_number, call=call.id, disposition=disposition.value)
        if is_closed:
            run.closed(tracked.record.attempt_id)

    async def _ended(self, tracked: Tracked, call: Call) -> None:
        run = self._run
        lasted_s = anyio.current_time() - tracked.placed_at
        typical = lasted_s if self._typical_s is None else self._typical_s
        self._typical_s = typical + SMOOTHING * (lasted_s - typical)
        is_settling = await run.commit(calls.record_ended, call, run.now())
        if is_settling:
            run.settling.add(tracked.record.attempt_id)
            run.no_longer_live(tracked.record.attempt_id)

    async def _check_age(self, tracked: Tracked) -> None:
        """A call that does not end is handed to a human; a later run looks at it once more."""
        run = self._run
        longest_s = run.settings.call.max_duration.total_seconds() + run.timing.end_margin_s
        if tracked.ended_at is not None or anyio.current_time() - tracked.placed_at <= longest_s:
            return
        del self._tracked[tracked.record.call_id]
        if tracked.record.state is AttemptState.NEEDS_REVIEW:
            run.closed(tracked.record.attempt_id)
            return
        log.warning("call.endless", row=tracked.record.row_number, call=tracked.record.call_id)
        await run.commit(
            attempts.give_up,
            tracked.record.attempt_id,
            reason=f"no end of call {tracked.record.call_id} was seen; look it up at OneInbox",
            now=run.now(),
        )
        run.closed(tracked.record.attempt_id)
