"""Track: follow every placed call to its end and until its results are in.

A sweep reads list pages where that costs fewer requests, and fetches singly what the pages do not show.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import anyio

from campaign.calls import breaker, schedule
from campaign.calls.closing import Closing
from campaign.calls.doubles import Doubles
from campaign.calls.pages import Pages
from campaign.calls.recordings import Recorder
from campaign.calls.run import Run
from campaign.calls.settle import Settler
from campaign.calls.watchlist import Tracked, Watchlist
from campaign.errors import ApiUnavailableError
from campaign.ledger import attempts
from campaign.ledger.calls import OpenCall
from campaign.logs import get_logger
from campaign.models import AttemptState, Call, TranscriptStatus
from campaign.oneinbox.errors import ApiError, KeyRefused, NotFound, NotSent, Throttled, Unsupported

log = get_logger(__name__)

Item = TypeVar("Item")

PARALLEL_GETS = 16
# Enough to share commits, and few enough that a dial does not queue behind a whole sweep.
PARALLEL_COMMITS = 8


class Tracker:
    """Follows the calls of one run."""

    def __init__(self, run: Run, recorder: Recorder) -> None:
        self._run = run
        self._recorder = recorder
        self._closing = Closing(run)
        self._calls = Watchlist(run.timing)
        self._settler = Settler(run, self._calls, self._closing, recorder)
        self._doubles = Doubles(run, self.follow)
        self._pages = Pages(run, self._calls, self._list_has_answered)
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
        self._closing.expect(record)
        self._calls.add(record, placed_at=placed_at, ended_at=ended_at)

    def listened_to(self, is_there: bool) -> None:
        """Whether a listener is there that leaves hints."""
        self._calls.listened_to(is_there)

    def hint(self, call_ids: Iterable[str]) -> None:
        """Something may have happened to these calls: look at each by itself, and soon."""
        for call_id in self._calls.hint(call_ids):
            self._recorder.hint(call_id)

    async def listed(self, calls: Iterable[Call]) -> None:
        """A list has shown these calls: there may be further calls of one request among them."""
        await self._doubles.look(call for call in calls if call.id not in self._calls)

    async def _list_has_answered(self, calls: Iterable[Call]) -> None:
        self._failing_since = None
        await self.listed(calls)

    async def leave(self) -> None:
        """Before the run leaves its calls to the next one: nobody stays queued, to be rung after hours."""
        await self._closing.leave()

    async def run(self) -> None:
        """Sweep for as long as the run lasts."""
        while True:
            await self._sweep(await self._calls.due())

    async def _sweep(self, due: Sequence[Tracked]) -> None:
        hinted = self._calls.begin_look(due)
        shown: dict[str, Call] = {}
        try:
            await self._pages.read(due, hinted, shown)
        except ApiError as error:
            await self._trouble(error)
        for tracked in due:
            call_id = tracked.record.call_id
            # A page may be older than what a hint tells of.
            is_behind = call_id in hinted and call_id in shown and not shown[call_id].has_ended
            if tracked.needs_single_look or is_behind:
                shown.pop(call_id, None)
        await self._observe_each(shown, is_single=False)
        missing = [tracked for tracked in due if tracked.record.call_id not in shown]
        found, trouble = await self._get_each(missing)
        await self._observe_each(found, is_single=True)
        await self._gone([tracked for tracked in due if tracked.record.call_id in self._calls])
        seen = shown.keys() | found.keys()
        for tracked in due:
            self._calls.end_look(tracked, was_seen=tracked.record.call_id in seen)
        if trouble is not None:
            await self._trouble(trouble)

    async def _get_each(self, wanted: Sequence[Tracked]) -> tuple[dict[str, Call], ApiError | None]:
        """The calls fetched one by one, and what was wrong with those that could not be had."""
        seen: dict[str, Call] = {}
        troubles: list[ApiError] = []

        async def get(tracked: Tracked) -> None:
            if any(isinstance(trouble, Throttled | KeyRefused | NotSent) for trouble in troubles):
                return
            try:
                seen[tracked.record.call_id] = await self._run.api.get_call(tracked.record.call_id)
                tracked.needs_single_look = False
            except NotFound as error:
                # A call may be unknown for a moment after it was created.
                log.debug("call.not_found", call=tracked.record.call_id, error=error.brief)
                tracked.gone_since = tracked.gone_since or anyio.current_time()
            except ApiError as error:
                troubles.append(error)

        await _for_each(wanted, get, at_a_time=PARALLEL_GETS)
        if seen:
            self._failing_since = None
        return seen, troubles[-1] if troubles else None

    async def _trouble(self, error: ApiError) -> None:
        """Slow down, and end the run when OneInbox stays away or takes the key back."""
        run, now = self._run, anyio.current_time()
        log.warning("tracking.trouble", error=error.brief)
        match error:
            case KeyRefused():
                run.halt(error.stop_reason(), leave=True)
            case _:
                self._failing_since = self._failing_since or now
                patience_s, pause_s = run.timing.api_patience_s, run.timing.backoff_s
                if isinstance(error, Throttled):
                    pause_s = error.retry_after_s or pause_s
                    patience_s = run.timing.throttle_patience_s + pause_s
                    run.pace.pause(pause_s)
                if now - self._failing_since > patience_s:
                    await self._lose_patience(error)
                await self._closing.pause(pause_s)

    async def _lose_patience(self, error: ApiError) -> None:
        """End the run, unless OneInbox's lists work: then they have to do for what is still followed."""
        had_ended = {tracked.record.call_id for tracked in self._calls if tracked.ended_at is not None}
        try:
            shown = await self._pages.read_all()
        except ApiError:
            self._run.halt(
                ApiUnavailableError(f"live calls cannot be followed: {error.what}; run again later"),
                leave=True,
            )
            return
        self._failing_since = None
        await self._observe_each(shown, is_single=False)
        for tracked in self._calls:
            # What has ended only now is given the same patience for its results.
            if tracked.record.call_id in had_ended:
                await self._settler.settle_as_known(tracked)
            elif tracked.ended_at is None:
                await self._check_age(tracked)

    async def _observe_each(self, seen: Mapping[str, Call], *, is_single: bool) -> None:
        async def observe(shown: tuple[Tracked, Call]) -> None:
            tracked, call = shown
            await self._observe(tracked, call, is_single=is_single)

        shown = [(found, call) for call_id, call in seen.items() if (found := self._calls.get(call_id))]
        await _for_each(shown, observe, at_a_time=PARALLEL_COMMITS)

    async def _observe(self, tracked: Tracked, call: Call, *, is_single: bool) -> None:
        run, now = self._run, anyio.current_time()
        tracked.gone_since = None
        if not call.has_ended:
            self._calls.is_live(tracked, call)
            if await self._closing.look(tracked.record, call):
                tracked.next_look_at = now
            else:
                await self._check_age(tracked)
            return
        self._closing.forget(call.id)
        if tracked.ended_at is None:
            tracked.ended_at = now
            await self._settler.ended(tracked, call)
        since_end_s = now - tracked.ended_at
        transcript_status = schedule.results_in(call, since_end_s, run.timing)
        if transcript_status is None:
            self._calls.has_ended(tracked, call, since_end_s)
            return
        if transcript_status is TranscriptStatus.EMPTY and not is_single:
            tracked.needs_single_look = True
            tracked.next_look_at = now
            return
        await self._settler.settle(tracked, call, transcript_status)

    async def _gone(self, looked_at: Sequence[Tracked]) -> None:
        """When OneInbox does not know a call by its id for a while, the lists have to do.

        One that has ended is settled with what the ledger knows.
        """
        now, wait_s = anyio.current_time(), self._run.timing.results_wait_s
        gone = [tracked for tracked in looked_at if tracked.gone_since is not None]
        overdue = [tracked for tracked in gone if now - (tracked.gone_since or now) > wait_s]
        unended = [tracked for tracked in overdue if tracked.ended_at is None]
        for tracked in overdue:
            if tracked.ended_at is not None:
                await self._settler.settle_as_known(tracked)
        if unended:
            try:
                await self._observe_each(await self._pages.read_all(), is_single=False)
            except (Unsupported, NotFound) as error:
                log.info("list.unusable", error=error.brief)
            except ApiError as error:
                await self._trouble(error)
        for tracked in unended:
            # Until the next look into the lists it has this time again.
            tracked.gone_since = tracked.gone_since and now
        for tracked in gone:
            if tracked.ended_at is None and tracked.record.call_id in self._calls:
                await self._check_age(tracked)

    async def _check_age(self, tracked: Tracked) -> None:
        """A call that does not end is handed to a human; a later run looks at it once more."""
        run = self._run
        longest_s = run.longest_call_s + run.timing.end_margin_s
        if tracked.record.state is AttemptState.NEEDS_REVIEW:
            # It was given up before, whoever has made it: one more look is enough.
            longest_s = 0.0
        elif tracked.record.campaign_id != run.campaign_id:
            # How long its own campaign allows is not known here.
            longest_s = max(longest_s, run.timing.foreign_longest_s)
        if tracked.ended_at is not None or anyio.current_time() - tracked.placed_at <= longest_s:
            return
        if not self._closing.has_stopped(tracked.record) and await self._closing.stop(tracked.record):
            # It was never connected, and nobody would be there to stop it at closing.
            tracked.next_look_at = anyio.current_time()
            return
        self._calls.drop(tracked)
        self._closing.forget(tracked.record.call_id)
        if tracked.record.state is not AttemptState.NEEDS_REVIEW:
            log.warning("call.endless", row=tracked.record.row_number, call=tracked.record.call_id)
            await run.commit(
                attempts.give_up,
                tracked.record.attempt_id,
                reason=f"no end of call {tracked.record.call_id} was seen; look it up at OneInbox",
                now=run.now(),
            )
            if tracked.record.campaign_id == run.campaign_id:
                await breaker.first_call_over(run, has_failed=True)
        run.closed(tracked.record.attempt_id)


async def _for_each(
    items: Sequence[Item], work: Callable[[Item], Awaitable[None]], *, at_a_time: int
) -> None:
    """Do the work for every item, for several of them at a time. One alone needs no task of its own."""
    if len(items) <= 1:
        for item in items:
            await work(item)
        return
    limiter = anyio.CapacityLimiter(at_a_time)

    async def take_turn(item: Item) -> None:
        async with limiter:
            await work(item)

    async with anyio.create_task_group() as group:
        for item in items:
            group.start_soon(take_turn, item)
