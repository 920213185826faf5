"""Closing: whoever still waits in the provider's queue when their hours close is taken out of it.

A carrier whose queue is backed up would ring them later, at whatever time.
"""

from datetime import timedelta

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
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person

log = get_logger(__name__)


class Closing:
    """Stops the queued calls of one run, each of them once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._stopped: set[str] = set()

    def has_stopped(self, record: OpenCall) -> bool:
        """Whether the call was stopped, in this run or an earlier one."""
        return record.was_stopped or record.call_id in self._stopped

    async def look(self, record: OpenCall, call: Call) -> bool:
        """Stop the call when it may not ring any more. A stop that fails is tried again at the next look.

        How other campaigns have set their hours is not known here, so theirs are left alone.

        Returns:
            Whether it was stopped now.
        """
        run = self._run
        if not closing.is_queued(call) or self.has_stopped(record) or record.campaign_id != run.campaign_id:
            return False
        # Beside the event loop, as the zones' rules are read from disk.
        if await run.fetch(self._may_ring, record):
            return False
        try:
            # The page of a list may be older than the person's answer.
            is_queued = closing.is_queued(await run.api.get_call(record.call_id))
            if is_queued:
                await run.api.stop_call(record.call_id)
        except ApiError as error:
            log.warning("call.not_stopped", row=record.row_number, call=record.call_id, error=error.brief)
            return False
        if is_queued:
            self._stopped.add(record.call_id)
            await run.commit(calls.record_stopped, record, run.now())
            log.info("call.stopped", row=record.row_number, call=record.call_id)
        return is_queued

    def _may_ring(self, _connection: Connection, record: OpenCall) -> bool:
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
        lead = timedelta(seconds=run.timing.closing_lead_s)
        return closing.may_still_ring(schedule_for(person, run.settings), place, run.now(), lead=lead)
