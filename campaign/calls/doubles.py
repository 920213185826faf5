"""Doubles: a further call of one request is found in the lists, followed like the first, and stops dialling.

A reply names one call. That OneInbox has acted twice, or that something on the way has repeated the request,
shows only in a list, by our token. Where lists show no tokens it does not show. A call of a request that was
turned away, as its reply said, is found so too, and stops dialling as well. The call of a lost reply that is
listed only after its row was left to a human is followed, and stops nothing.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from campaign.calls import breaker
from campaign.calls.run import Run
from campaign.ledger import calls, doubles
from campaign.ledger.calls import OpenCall
from campaign.ledger.doubles import Doubling
from campaign.logs import get_logger
from campaign.models import TOKEN_KEY, AttemptState, Call
from campaign.rules.breaker_events import Doubled
from campaign.rules.endings import was_never_put_through

log = get_logger(__name__)


class Doubles:
    """Looks for them in what lists show to one run."""

    def __init__(self, run: Run, follow: Callable[[OpenCall], None]) -> None:
        """Look at nothing yet.

        Args:
            run: Whose calls.
            follow: Follows a call to its end.
        """
        self._run = run
        self._follow = follow
        self._known: Collection[str] = ()
        """Calls that the ledger has, as far as the last look has shown them."""

    async def look(self, listed: Iterable[Call]) -> None:
        """A list has shown these calls, which are not followed."""
        shown = {call.id: call for call in listed}
        carried = {call_id: call.metadata.get(TOKEN_KEY) for call_id, call in shown.items()}
        tokens = {call_id: token for call_id, token in carried.items() if isinstance(token, str)}
        strange = {call_id: token for call_id, token in tokens.items() if call_id not in self._known}
        if strange:
            sighting = await self._run.fetch(doubles.sight, strange)
            self._known = (tokens.keys() - strange.keys()) | sighting.known
            for doubling in sighting.doublings:
                await self._take_up(doubling)
            for found in sighting.found:
                calls_of_it = [shown[call_id] for call_id in found.call_ids]
                if not (found.was_turned_away and all(map(was_never_put_through, calls_of_it))):
                    await self._take_up(found)
                elif not found.is_refused:
                    await self._take_up_failed(found, calls_of_it)

    async def _take_up_failed(self, found: Doubling, listed: Iterable[Call]) -> None:
        """A request that was turned away may be listed as a call that failed by itself.

        As the person may have been rung, it is a try of a row that waits for another one.
        """
        log.warning("call.found", row=found.row_number, calls=found.call_ids)
        recorded = await self._record(found, may_have_talked=False)
        for call in listed:
            if call.id in recorded:
                await breaker.ended_by_itself(self._run, found, call)

    async def _take_up(self, doubling: Doubling) -> None:
        run = self._run
        if doubling.calls > 1 or doubling.was_turned_away:
            log.warning("call.doubled", row=doubling.row_number, calls=doubling.call_ids)
            # First: a run that is killed in between finds the calls again, and the breaker open.
            doubled = Doubled(doubling.calls, doubling.row_number, doubling.was_turned_away)
            await breaker.tell(run, doubled)
        else:
            log.info("call.found", row=doubling.row_number, calls=doubling.call_ids)
        await self._record(doubling)

    async def _record(self, doubling: Doubling, *, may_have_talked: bool = True) -> Collection[str]:
        """Returns the ids of calls that nobody else has recorded meanwhile."""
        run = self._run
        recorded = await run.commit(
            doubles.record_doubles,
            doubling.attempt_id,
            doubling.call_ids,
            run.now(),
            may_have_talked=may_have_talked,
        )
        if doubling.campaign_id == run.campaign_id:
            run.spending.doubled(doubling.attempt_id, recorded.call_ids, is_over=recorded.is_over)
        for record in await run.fetch(calls.open_calls, attempt_id=doubling.attempt_id):
            if record.call_id in recorded.call_ids:
                run.settling.discard(doubling.attempt_id)
                # Also where its row is for a human: nobody has waited for the end of this call yet.
                self._follow(replace(record, state=AttemptState.LIVE))
        return recorded.call_ids
