"""Late results: a call that settled before its transcript or analysis was there is looked at again.

What it has said by then counts as if it had come in time, above all the wish not to be called again.
"""

from collections.abc import Sequence

import anyio

from campaign.calls import judging
from campaign.calls.run import Run
from campaign.ledger import late
from campaign.ledger.late import IncompleteCall
from campaign.logs import get_logger
from campaign.models import Call, TranscriptStatus
from campaign.oneinbox.errors import ApiError, NotFound, OutcomeUnknown, Throttled, Unsupported
from campaign.rules.endings import final_ending, has_talked

log = get_logger(__name__)

BATCH = 500
PARALLEL_GETS = 16
MOST_FAILURES = 5
"""When more looks get no usable reply, OneInbox does not work."""


class LateResults:
    """Looks at what earlier runs, and this one, have settled too early."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._is_in_vain = False
        self._failures = 0
        self._read_at: dict[str, float] = {}
        """When each call was last read in this run, by the steady clock."""
        self._still_on: dict[str, bool] = {}
        """Whether each call was on by then, as a further one of a request may be that was over."""
        self.changed: set[int] = set()
        """Campaigns of whose calls there is something new."""
        self.measured: set[int] = set()
        """Campaigns of whose calls length and cost may be known only now."""

    async def look(self) -> None:
        """Look at all that are due, within a time limit. What fails is left for later, and ends no run."""
        run, due = self._run, await self._due()
        if not due:
            return
        self._is_in_vain, self._failures = False, 0
        with anyio.move_on_after(run.timing.late_longest_s):
            await self._look_at(due)
        run.waiting_for = ""
        log.info("results.late", calls=len(due), campaigns=len(self.changed))

    async def look_once_more(self) -> None:
        """At the end of a run: the last calls have settled only just now, and are given some time."""
        run, due = self._run, await self._due()
        if not due:
            return
        age_s, first_s = (run.now() - due[-1].settled_at).total_seconds(), run.timing.late_first_s
        # By the steady clock, whatever the wall clock says of their age.
        with anyio.move_on_after(min(max(first_s - age_s, 0.0), first_s)):
            while not run.leave_at_once:
                await run.changed.wait(first_s)
        await self.look()

    async def _due(self) -> Sequence[IncompleteCall]:
        """What may be looked at again now. Who watches the run is told that it waits for that."""
        run = self._run
        due = await run.fetch(late.incomplete_calls, run.now())
        if due:
            run.waiting_for = "results that are late"
        return due

    @property
    def _must_end(self) -> bool:
        return self._is_in_vain or self._run.leave_at_once

    async def _look_at(self, due: Sequence[IncompleteCall]) -> None:
        limiter = anyio.CapacityLimiter(PARALLEL_GETS)

        async def take_turn(record: IncompleteCall) -> None:
            async with limiter:
                if not self._must_end:
                    await self._ask(record)

        for at in range(0, len(due), BATCH):
            async with anyio.create_task_group() as group:
                for record in due[at : at + BATCH]:
                    group.start_soon(take_turn, record)

    async def _ask(self, record: IncompleteCall) -> None:
        try:
            await self.read(record)
        except ApiError as error:
            self.failed(record, error)
            self._failures += 1
            # One call that cannot be read does not keep the others from being read.
            self._is_in_vain |= not isinstance(error, OutcomeUnknown) or self._failures > MOST_FAILURES

    async def read(self, record: IncompleteCall) -> bool:
        """Look at one call, and keep what it says.

        Returns:
            Whether anything of it was new.

        Raises:
            ApiError: It cannot be read now.
        """
        run = self._run
        try:
            call = await run.api.get_call(record.call_id)
        except (NotFound, Unsupported):
            await run.commit(late.record_look, record.call_id)
            is_new = False
        else:
            is_new = await self._keep(record, call)
        self._read_at[record.call_id] = run.steady()
        return is_new

    def is_still_on(self, record: IncompleteCall) -> bool:
        """Whether the last look has shown a call that has not ended."""
        return self._still_on.get(record.call_id, False)

    def failed(self, record: IncompleteCall, error: ApiError) -> None:
        """Take note that a look has failed."""
        log.warning("results.not_read", call=record.call_id, error=error.brief)
        if isinstance(error, Throttled):
            self._run.pace.pause(error.retry_after_s or self._run.timing.backoff_s)

    def has_just_read(self, record: IncompleteCall) -> bool:
        """Whether a look at this call was over only just now, and so was the call."""
        read_at = self._read_at.get(record.call_id)
        is_fresh = read_at is not None and self._run.steady() - read_at <= self._run.timing.unread_wait_s
        return is_fresh and not self.is_still_on(record)

    async def _keep(self, record: IncompleteCall, call: Call) -> bool:
        run = self._run
        self._still_on[call.id] = not call.has_ended
        theirs = await judging.judging_of(run, record.campaign_id, call.id)
        reading = theirs.read(call)
        wish = await judging.wish_in(run, record.campaign_id, call)
        may_get_more = await judging.may_get_results(run, record.campaign_id, call, reading.disposition)
        is_read = call.has_ended or bool(wish)
        ending = final_ending(call, reading, theirs.retry, has_opted_out=bool(wish)) if is_read else None
        found = await run.commit(
            late.record_results,
            call,
            transcript_status=TranscriptStatus.COMPLETE if call.transcript else TranscriptStatus.EMPTY,
            # Of a call that a human has decided about the end may not be there yet.
            is_complete=call.has_ended and not may_get_more,
            disposition=reading.disposition if call.has_ended else None,
            ending=ending,
            has_talked=call.has_ended and has_talked(call, reading.disposition),
            opt_out=wish,
            now=run.now(),
        )
        run.opt_outs += found.is_suppressed
        self.measured.add(record.campaign_id)
        if found.is_new:
            self.changed.add(record.campaign_id)
            log.debug("call.late_results", row=record.row_number, call=call.id, opt_out=bool(wish))
        return found.is_new
