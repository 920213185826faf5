"""Closing: whoever still waits in the provider's queue when their hours close is taken out of it.

A carrier whose queue is backed up would ring them later, at whatever time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import anyio

from campaign.calls.run import Run
from campaign.contacts.phone import country_of
from campaign.ledger import calls
from campaign.ledger.calls import OpenCall
from campaign.ledger.ledger import Connection
from campaign.logs import get_logger
from campaign.models import Call, ZoneSource
from campaign.oneinbox.errors import ApiError
from campaign.rules import closing
from campaign.rules.calling_hours import schedule_for
from campaign.rules.hours import Schedule, Whereabouts
from campaign.rules.person import Person

log = get_logger(__name__)


class Closing:
    """Stops the queued calls that one run follows, each of them once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._stopped: set[str] = set()
        self._queued: dict[str, OpenCall] = {}
        """Calls that are not known to have been connected."""

    def has_stopped(self, record: OpenCall) -> bool:
        """Whether the call was stopped, in this run or an earlier one."""
        return record.was_stopped or record.call_id in self._stopped

    def expect(self, record: OpenCall) -> None:
        """A call is followed from now on: it is taken for queued until it is seen."""
        if record.ended_at is None and not self.has_stopped(record):
            self._queued[record.call_id] = record

    def forget(self, call_id: str) -> None:
        """A call has been connected, has ended, or is followed no more."""
        self._queued.pop(call_id, None)

    async def look(self, record: OpenCall, call: Call) -> bool:
        """Stop the call when it may not ring any more. A stop that fails is tried again at the next look.

        How another campaign has set its hours is not known here: of its calls the ledger has the instant.

        Returns:
            Whether it was stopped now.
        """
        if not closing.is_queued(call):
            self.forget(record.call_id)
            return False
        # Beside the event loop, as the zones' rules are read from disk.
        if self.has_stopped(record) or await self._run.fetch(self._may_ring, record):
            return False
        return await self.stop(record)

    async def stop(self, record: OpenCall) -> bool:
        """Stop the call unless it has been connected. Returns whether it was stopped now."""
        run = self._run
        try:
            # What was seen of it may be older than the person's answer.
            is_queued = await self._is_queued(record)
            if is_queued:
                await run.api.stop_call(record.call_id)
        except ApiError as error:
            log.warning("call.not_stopped", row=record.row_number, call=record.call_id, error=error.brief)
            return False
        if is_queued:
            self._stopped.add(record.call_id)
            self.forget(record.call_id)
            await run.commit(calls.record_stopped, record, run.now())
            log.info("call.stopped", row=record.row_number, call=record.call_id)
        return is_queued

    async def pause(self, seconds: float) -> None:
        """Let time pass in which OneInbox is asked for nothing but calls whose hours close meanwhile."""
        ends_at = anyio.current_time() + seconds
        while (left_s := ends_at - anyio.current_time()) > 0:
            await anyio.sleep(min(left_s, self._run.timing.closing_lead_s / 4))
            over = await self._run.fetch(self._who_may_not_ring, list(self._queued.values()))
            async with anyio.create_task_group() as group:
                for record in over:
                    group.start_soon(self.stop, record)

    async def leave(self) -> None:
        """Before the run leaves its calls: wait until none is queued, and stop those that still are then.

        Nobody would be there to do it at closing. Calls that may ring at any time are left alone. The wait is
        counted from the signal, however long requests have kept the run since.
        """
        run, timing = self._run, self._run.timing
        stops_at = run.leaves_from + timing.drain_s
        while queued := await run.fetch(self._with_closing, list(self._queued.values())):
            run.waiting_for = "calls that are queued"
            is_over = anyio.current_time() >= stops_at
            with anyio.move_on_after(timing.drain_s / 4):
                async with anyio.create_task_group() as group:
                    for record in queued:
                        group.start_soon(self.stop if is_over else self._look_again, record)
            if is_over or run.stop_error is not None:
                return
            await anyio.sleep(timing.look_min_s)

    async def _look_again(self, record: OpenCall) -> None:
        try:
            await self._is_queued(record)
        except ApiError as error:
            log.info("call.not_seen", call=record.call_id, error=error.brief)

    async def _is_queued(self, record: OpenCall) -> bool:
        """Ask OneInbox. Raises ApiError."""
        is_queued = closing.is_queued(await self._run.api.get_call(record.call_id))
        if not is_queued:
            self.forget(record.call_id)
        return is_queued

    def _with_closing(self, _connection: Connection, records: Sequence[OpenCall]) -> list[OpenCall]:
        return [record for record in records if self._closes_at(record) is not None]

    def _closes_at(self, record: OpenCall) -> datetime | None:
        if record.campaign_id != self._run.campaign_id:
            return record.closes_at
        schedule, place = self._hours_of(record)
        return closing.closes_at(schedule, place, self._run.now())

    def _who_may_not_ring(self, connection: Connection, records: Sequence[OpenCall]) -> list[OpenCall]:
        return [record for record in records if not self._may_ring(connection, record)]

    def _may_ring(self, _connection: Connection, record: OpenCall) -> bool:
        now, lead = self._run.now(), timedelta(seconds=self._run.timing.closing_lead_s)
        if record.campaign_id != self._run.campaign_id:
            return record.closes_at is None or now + lead < record.closes_at
        schedule, place = self._hours_of(record)
        return closing.may_still_ring(schedule, place, now, lead=lead)

    def _hours_of(self, record: OpenCall) -> tuple[Schedule, Whereabouts]:
        """As the campaign file of this run has them."""
        run = self._run
        place = Whereabouts(record.time_zones, is_certain=record.zone_source is not ZoneSource.NUMBER)
        # As far as the hours look.
        person = Person(
            to_number=record.to_number,
            whereabouts=place,
            suppressed_because=None,
            recent_calls=(),
            country=country_of(record.to_number),
            state=record.us_state,
            calendar=run.calendar,
        )
        return schedule_for(person, run.settings), place
