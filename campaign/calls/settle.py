"""Settle: the end of a followed call, and later its results, go to the ledger and to whoever counts them."""

import anyio

from campaign.calls import breaker, judging
from campaign.calls.closing import Closing
from campaign.calls.recordings import Recorder
from campaign.calls.run import Run
from campaign.calls.watchlist import Tracked, Watchlist
from campaign.ledger import calls
from campaign.ledger.calls import OpenCall, SettledCall
from campaign.ledger.late import LOOKS
from campaign.logs import get_logger
from campaign.models import Call, Disposition, Ending, TranscriptStatus, plausible_end
from campaign.rules import closing, endings
from campaign.rules.breaker_events import Talked
from campaign.rules.dispositions import Reading
from campaign.rules.judging import Judging

log = get_logger(__name__)


class Settler:
    """For the calls that a tracker follows."""

    def __init__(self, run: Run, followed: Watchlist, closing: Closing, recorder: Recorder) -> None:
        self._run = run
        self._calls = followed
        self._closing = closing
        self._recorder = recorder

    async def ended(self, tracked: Tracked, call: Call) -> None:
        """It has ended, and its results are awaited: its line is free."""
        run = self._run
        theirs = await judging.judging_of(run, tracked.record.campaign_id, call.id)
        reading = self._read(tracked.record, call, theirs)
        # Before its line is free.
        await breaker.ended(run, tracked.record, call, reading.disposition)
        self._calls.lasted(anyio.current_time() - tracked.placed_at)
        is_settling = await run.commit(calls.record_ended, call, run.now())
        run.spending.ended(tracked.record.attempt_id, call)
        if is_settling:
            run.settling.add(tracked.record.attempt_id)
            run.no_longer_live(tracked.record.attempt_id)

    async def settle(self, tracked: Tracked, call: Call, transcript_status: TranscriptStatus) -> None:
        """All is in that ever will be: what becomes of the row, and what the person has said, is kept."""
        run, record, now = self._run, tracked.record, self._run.now()
        theirs = await judging.judging_of(run, record.campaign_id, call.id)
        reading = self._read(record, call, theirs)
        disposition = reading.disposition
        wish = await judging.wish_in(run, record.campaign_id, call)

        def decide(ended: Call, read: Reading, *, has_opted_out: bool = False) -> Ending:
            return endings.decide(
                read.disposition,
                tries=record.tries,
                ended_at=plausible_end(record.placed_at, ended.ended_at, now),
                retry=theirs.retry,
                has_opted_out=has_opted_out,
                refusal=endings.refusal_in(ended, read, theirs.retry),
                may_retry=read.may_retry,
            )

        ending = decide(call, reading, has_opted_out=bool(wish))
        if disposition is Disposition.CANCELED and self._closing.has_stopped(record):
            ending = closing.ending_after_stop(ending)
        may_get_more = await judging.may_get_results(run, record.campaign_id, call, disposition)
        is_closed = await run.commit(
            calls.record_settled,
            call,
            disposition=disposition,
            transcript_status=transcript_status,
            status=ending.status,
            reason=ending.reason,
            not_before=ending.not_before,
            with_others=lambda others: endings.together(
                [ending, *(decide(other.call, _read_anew(other, theirs)) for other in others)]
            ),
            now=now,
            opt_out=wish,
            has_talked=endings.has_talked(call, disposition),
            looks_left=LOOKS if may_get_more else 0,
        )
        run.spending.call_settled(record.attempt_id, call)
        if wish:
            run.opt_outs += 1
            log.info("call.opt_out", row=record.row_number, call=call.id)
        if record.campaign_id == run.campaign_id and (wish or disposition is Disposition.ANSWERED):
            await breaker.tell(run, Talked(has_opted_out=bool(wish)))
        self._calls.over(tracked)
        await self._recorder.offer(record, call, disposition)
        log.debug("call.settled", row=record.row_number, call=call.id, disposition=disposition.value)
        run.touched.add(record.campaign_id)
        # Another call of the same request may be nobody's business in this run.
        if is_closed or all(other.record.attempt_id != record.attempt_id for other in self._calls):
            run.closed(record.attempt_id)

    async def settle_as_known(self, tracked: Tracked) -> None:
        """The same with what the ledger has, where OneInbox tells no more."""
        known = await self._run.fetch(calls.stored, tracked.record.call_id)
        status = TranscriptStatus.COMPLETE if known.transcript else TranscriptStatus.EMPTY
        await self.settle(tracked, known, status)

    def _read(self, record: OpenCall, call: Call, theirs: Judging) -> Reading:
        reading = theirs.read(call)
        return closing.reading_after_stop(call, reading) if self._closing.has_stopped(record) else reading


def _read_anew(other: SettledCall, theirs: Judging) -> Reading:
    """How another call of the request was read when it settled: perhaps by other lines, or as stopped."""
    reading = theirs.read(other.call)
    disposition = other.disposition or reading.disposition
    return Reading(disposition, reading.may_retry or disposition is not reading.disposition)
