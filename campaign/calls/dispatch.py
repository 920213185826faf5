"""Dispatch: one dial after the other, each in the order that the promise needs.

Wait for room, ask the hook where there is one, wait for the pace, ask every gate, put the intent on disk,
send the request, put its end on disk.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial

import anyio
from anyio.abc import TaskGroup, TaskStatus

from campaign.calls import breaker
from campaign.calls.asking import Asking, Yes
from campaign.calls.from_numbers import Turns, day_at
from campaign.calls.gatekeeper import Admission, Gatekeeper
from campaign.calls.late import LateResults
from campaign.calls.patience import Patience
from campaign.calls.quota import Quota
from campaign.calls.room import LONGEST_WAIT_S, Room
from campaign.calls.run import Run
from campaign.calls.track import Tracker
from campaign.calls.unread import Unread
from campaign.contacts.phone import country_of
from campaign.ledger import attempts, waiting
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

BATCH_ROWS = 200


class HeldBack(NotSent):
    """The request was not sent because the moment for it has passed."""


class TooLate(HeldBack):
    """It has passed by itself: a machine that was suspended, a slow disk, or a slow connection."""


class Dispatcher:
    """Dials the waiting rows of a run until there is nothing more to do for it."""

    def __init__(self, run: Run, tracker: Tracker, late: LateResults) -> None:
        self._run = run
        self._tracker = tracker
        self._gatekeeper = Gatekeeper(run)
        self._unread = Unread(run, late, self._gatekeeper)
        hook = run.settings.hook
        self._asking = Asking(run, hook, self._gatekeeper) if hook is not None else None
        self._turns = Turns(run)
        self._in_hand: set[int] = set()
        """Contacts from their start until the end of their request is on disk."""
        self._quota = Quota(run, self._in_hand)
        self._room = Room(run, self._quota)
        self._patience = Patience(run)
        self._refused: list[int] = []
        """Contacts refused in a row, of whose number the replies did not complain."""

    async def run(self) -> None:
        """Return when every row is final or has to wait too long, or when dialling was stopped.

        Requests in flight have ended by then, and their ends are on disk.
        """
        run = self._run
        async with anyio.create_task_group() as dials:
            with run.dialling:
                # Within the scope: when dialling ends, nobody is asked about any more.
                async with anyio.create_task_group() as questions:
                    await self._feed(dials, questions)
        while run.has_open_attempts and not run.leave_at_once:
            await run.changed.wait(LONGEST_WAIT_S)

    async def _feed(self, dials: TaskGroup, questions: TaskGroup) -> None:
        run = self._run
        while True:
            # Asked before the ledger is: what ends meanwhile may have put a row back to waiting.
            in_hand = frozenset(self._in_hand | self._room.asked)
            is_idle = not in_hand and not run.has_open_attempts
            due = await run.fetch(waiting.due, run.campaign_id, run.now(), skip=in_hand, limit=BATCH_ROWS)
            if not due:
                if await self._wait_for_more(is_idle=is_idle):
                    continue
                # Their last rows may have been held one by one.
                await self._turns.are_used_up()
                return
            if await self._turns.are_used_up():
                return
            self._room.stop_when_used_up()
            await self._room.lists()
            # Who may not be dialled takes no start of the pace. The others are asked about once more then.
            admitted = await self._unread.sift(await self._gatekeeper.sift(due))
            ready = await self._turns.sift(admitted)
            for contact, from_number in ready:
                if self._asking is None:
                    await self._room.wait()
                    await self._start(dials, contact, from_number)
                else:
                    await self._asking.until_due(self._room)
                    await self._room.wait()
                    await questions.start(self._ask, self._asking, dials, contact, from_number)

    async def _ask(
        self,
        asking: Asking,
        dials: TaskGroup,
        contact: DueContact,
        from_number: str,
        *,
        task_status: TaskStatus[None],
    ) -> None:
        """Ask the hook about one contact, and start the dial when the pace allows it.

        What does not fit any more by then waits as before, and is asked about again.
        """
        with self._room.asking(contact.contact_id):
            task_status.started()
            yes = await asking.ask(contact)
            if yes is None:
                return
            async with asking.turn(from_number):
                await self._room.disk()
                is_held_up = self._run.breaker.is_waiting or self._room.obstacle(counted=1)
                if not is_held_up and yes.is_good(self._run.now()):
                    await self._start(dials, contact, from_number, yes)

    async def _start(
        self, dials: TaskGroup, contact: DueContact, from_number: str, yes: Yes | None = None
    ) -> None:
        """Take a start of the pace and begin the dial, unless the hook's yes has grown old meanwhile."""
        run = self._run
        await self._quota.ready()
        run.waiting_for = run.pauses_for if run.pace.paused_for else ""
        await run.pace.start(from_number)
        run.waiting_for = ""
        if yes is not None and not yes.is_good(run.now()):
            return
        self._in_hand.add(contact.contact_id)
        self._room.started()
        self._quota.take()
        dials.start_soon(self._handle, contact, from_number, run.now(), yes)

    async def _wait_for_more(self, *, is_idle: bool) -> bool:
        """Wait until a row may be due. False when there is nothing more to do in this run.

        Args:
            is_idle: Whether nothing was under way when the ledger was asked for rows that are due.
        """
        run = self._run
        next_due = await run.fetch(waiting.next_due, run.campaign_id)
        if next_due is not None:
            self._room.stop_when_used_up()
        wait_s = (next_due - run.now()).total_seconds() if next_due else None
        is_near = wait_s is not None and wait_s <= run.timing.longest_idle_s
        if not is_idle or is_near:
            for_others = "the hook" if self._room.asked else "live calls to end"
            run.waiting_for = f"{next_due:%H:%M} UTC" if next_due and is_near else for_others
            # Whatever ends rings the bell, so a long wait misses nothing.
            shortest_s = 1.0 if self._room.asked else 0.05
            longest_s = max(wait_s, shortest_s) if is_near and wait_s is not None else LONGEST_WAIT_S
            await run.changed.wait(min(longest_s, LONGEST_WAIT_S))
            return True
        run.next_due = next_due
        return False

    async def _handle(
        self, contact: DueContact, from_number: str, started_at: datetime, yes: Yes | None
    ) -> None:
        settings = self._run.settings
        token = secrets.token_hex(16)
        try:
            try:
                intent = await self._intend(contact, token, from_number, yes)
            finally:
                self._room.may_request()
            if intent is not None:
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
                await self._dial(contact, attempt_id, request, started_at)
        finally:
            self._in_hand.discard(contact.contact_id)
            self._run.changed.ring()

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

    async def _dial(
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
