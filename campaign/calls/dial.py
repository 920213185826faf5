"""Dial: one row from its start to the end of its request on disk.

Ask every gate, put the intent on disk, send the request, put its end on disk.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial

from campaign.calls import breaker
from campaign.calls.asking import Yes
from campaign.calls.from_numbers import day_at
from campaign.calls.gatekeeper import Admission, Gatekeeper
from campaign.calls.patience import Patience
from campaign.calls.quota import Quota
from campaign.calls.room import Room
from campaign.calls.run import Run
from campaign.calls.track import Tracker
from campaign.calls.unread import Unread
from campaign.contacts.phone import country_of
from campaign.ledger import attempts
from campaign.ledger.calls import OpenCall
from campaign.ledger.from_numbers import DayIsFullError
from campaign.ledger.hook import IN_EVIDENCE
from campaign.ledger.lock import LockLostError
from campaign.ledger.waiting import DueContact
from campaign.logs import get_logger
from campaign.models import TOKEN_KEY, AttemptState, CallRequest
from campaign.oneinbox.errors import (
    CountryRefused,
    Fatal,
    KeyRefused,
    NotSent,
    OutcomeUnknown,
    Part,
    Refused,
    SetupRefused,
    Throttled,
)
from campaign.rules.breaker_events import NoReply, NotReached, Placed
from campaign.rules.breaker_events import Refused as RowRefused
from campaign.rules.opening import Rule

log = get_logger(__name__)


class HeldBack(NotSent):
    """The request was not sent because the moment for it has passed."""


class TooLate(HeldBack):
    """It has passed by itself: a machine that was suspended, a slow disk, or a slow connection."""


class Dialer:
    """Makes the dials of a run that dispatch has started."""

    def __init__(
        self, run: Run, tracker: Tracker, gatekeeper: Gatekeeper, unread: Unread, room: Room, quota: Quota
    ) -> None:
        self._run = run
        self._tracker = tracker
        self._gatekeeper = gatekeeper
        self._unread = unread
        self._room = room
        self._quota = quota
        self._patience = Patience(run)
        self._refused: list[int] = []
        """Contacts refused in a row, of whose number the replies did not complain."""

    async def dial(
        self, contact: DueContact, from_number: str, started_at: datetime, yes: Yes | None
    ) -> None:
        """Call one person, unless a gate says no by now. The end of the request is on disk afterwards.

        Args:
            contact: The row.
            from_number: The number that the person sees.
            started_at: When the pace gave this start.
            yes: What the hook said, where there is one.
        """
        settings = self._run.settings
        token = secrets.token_hex(16)
        try:
            intent = await self._intend(contact, token, from_number, yes)
        finally:
            self._room.may_request()
        if intent is None:
            return
        attempt_id, number = intent
        request = CallRequest(
            agent_id=settings.agent_for(contact.agent_id),
            to_number=contact.to_number,
            from_number=from_number,
            variables=settings.call.variables_for(contact.variables),
            metadata=settings.call.metadata_for(
                {
                    "campaign": self._run.name,
                    "row": contact.row_number,
                    "attempt": number,
                    TOKEN_KEY: token,
                }
            ),
            webhook_url=settings.call.webhook_url,
            overrides=settings.call.overrides.as_sent(),
        )
        await self._send(contact, attempt_id, request, started_at)

    async def _intend(
        self, contact: DueContact, token: str, from_number: str, yes: Yes | None
    ) -> tuple[int, int] | None:
        """Ask the gates, and put the intent on disk. None when a gate says no or another run has the lock."""
        run = self._run
        try:
            admission = await self._gatekeeper.admit(contact)
            if admission is None or not self._unread.is_read(contact):
                return None
            attempt_id, number = await run.commit(
                attempts.record_intent,
                contact.contact_id,
                token=token,
                to_number=contact.to_number,
                from_number=from_number,
                agent_id=run.settings.agent_for(contact.agent_id),
                evidence=_evidence(admission, yes),
                closes_at=admission.closes_at,
                day=day_at(run.settings, run.now()),
                epoch=run.epoch,
                now=run.now(),
            )
            run.live.add(attempt_id)
            run.spending.intended(attempt_id)
            return attempt_id, number
        except DayIsFullError:
            # Others that started with it were faster. The row is asked about again, and waits for tomorrow.
            return None
        except LockLostError as error:
            # The other run may follow the live calls by now.
            run.halt(error, leave=True)
            return None
        finally:
            self._room.has_intent()

    async def _send(
        self, contact: DueContact, attempt_id: int, request: CallRequest, started_at: datetime
    ) -> None:
        run, row = self._run, contact.row_number
        try:
            await breaker.check_clock(run)
            self._check_still_right(request, started_at)
            call_id = await self._call(request, partial(self._goes_out, request, started_at))
        except OutcomeUnknown as error:
            self._patience.answered()
            # Known as a doubt before it can be found, and looked for when it is on disk.
            run.doubt(attempt_id, own=True)
            await breaker.tell(run, NoReply())
            await run.commit(attempts.record_in_doubt, attempt_id, error=str(error), now=run.now())
            run.doubted.ring()
            log.warning("call.in_doubt", row=row, error=error.brief)
        except (NotSent, Throttled, Fatal, CountryRefused) as error:
            await self._nobody_called(attempt_id, contact, request, error)
        except Refused as error:
            self._patience.answered()
            await self._refusal(attempt_id, contact, error)
        else:
            self._patience.placed()
            self._refused.clear()
            await breaker.tell(run, Placed())
            await self._placed(contact, attempt_id, request, call_id)
            log.debug("call.placed", row=row, call=call_id)

    async def _call(self, request: CallRequest, last_check: Callable[[], None]) -> str:
        """Ring the person. An agent that only some rows name is their business when OneInbox refuses it."""
        try:
            return await self._run.api.create_call(request, last_check)
        except SetupRefused as error:
            if error.about is not Part.AGENT or request.agent_id == self._run.settings.agent_id:
                raise
            raise Refused(str(error), field="agent_id") from error

    def _goes_out(self, request: CallRequest, started_at: datetime) -> None:
        """The connection stands, and the first byte is about to leave: all that takes time has gone by."""
        self._check_still_right(request, started_at)
        self._patience.in_time()

    def _check_still_right(self, request: CallRequest, started_at: datetime) -> None:
        """Nothing is sent when its moment has passed since the pace gave this start."""
        run = self._run
        run.heed_deadline()
        is_held = run.breaker.stopping(request.from_number, (country_of(request.to_number) or "")) is not None
        if is_held or run.breaker.has_doubts:
            raise HeldBack("held back by the breaker")
        if self._quota.is_in_question:
            raise HeldBack("held back until a refusal is understood")
        if run.is_stopping or run.pace.paused_for > 0:
            raise HeldBack("held back before the request")
        # A machine that was suspended, or a disk or a network that hung: pace and gates are asked again.
        if abs((run.now() - started_at).total_seconds()) > run.timing.stale_s:
            raise TooLate("held back, as its moment had passed")

    async def _placed(self, contact: DueContact, attempt_id: int, request: CallRequest, call_id: str) -> None:
        run, now = self._run, self._run.now()
        placed = await run.commit(attempts.record_placed, attempt_id, call_ids=[call_id], now=now)
        if not placed:
            run.doubt(attempt_id, own=True)
            await breaker.tell(run, NoReply())
            run.doubted.ring()
            return
        run.placed(attempt_id, [call_id])
        self._tracker.follow(
            OpenCall(
                call_id=call_id,
                attempt_id=attempt_id,
                campaign_id=run.campaign_id,
                contact_id=contact.contact_id,
                row_number=contact.row_number,
                tries=contact.tries + 1,
                placed_at=now,
                ended_at=None,
                state=AttemptState.LIVE,
                to_number=contact.to_number,
                from_number=request.from_number,
                agent_id=request.agent_id,
                time_zones=contact.time_zones,
                us_state=contact.state,
                zone_source=contact.zone_source,
            )
        )

    async def _nobody_called(
        self,
        attempt_id: int,
        contact: DueContact,
        request: CallRequest,
        error: NotSent | Throttled | Fatal | CountryRefused,
    ) -> None:
        """The row waits again. What made it fail concerns others as well."""
        run = self._run
        log.warning("call.not_accepted", row=contact.row_number, error=error.brief)
        match error:
            case Throttled():
                self._quota.suspect()
                self._patience.throttled(error)
            case Fatal() | CountryRefused() if not await self._quota.explains(error):
                await breaker.tell(run, breaker.denial(error, request))
            case TooLate():
                self._patience.too_late()
            case HeldBack():
                pass
            case NotSent():
                await breaker.tell(run, NotReached())
                if run.pace.paused_for == 0:
                    self._patience.unreachable(error)
        state = AttemptState.NOT_SENT if isinstance(error, NotSent) else AttemptState.TURNED_AWAY
        await run.commit(attempts.record_not_called, attempt_id, state=state, error=str(error), now=run.now())
        run.not_called(attempt_id)
        if isinstance(error, KeyRefused):
            await breaker.confirm_key(run)

    async def _refusal(self, attempt_id: int, contact: DueContact, error: Refused) -> None:
        """One refusal after the other is not about the rows: the breaker stops before the list is burnt."""
        run = self._run
        log.debug("call.refused", row=contact.row_number, error=error.brief)
        await breaker.tell(run, RowRefused(error.field, error.what))
        await run.commit(attempts.record_refused, attempt_id, error=str(error), now=run.now())
        run.not_called(attempt_id)
        if error.field != "to_number":
            self._refused.append(contact.contact_id)
        if any(opening.rule is Rule.REFUSALS for opening in run.breaker.openings):
            # Those that were in flight at that moment are taken back as well, as they come.
            rows, self._refused = self._refused, []
            await run.commit(attempts.take_back_refusals, rows, run.now())


def _evidence(admission: Admission, yes: Yes | None) -> str:
    """What each gate looked at, and what the hook said, where there is one."""
    return admission.evidence if yes is None else f"{admission.evidence}{IN_EVIDENCE}{yes.said}"
