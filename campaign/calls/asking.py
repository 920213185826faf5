"""Asking: the hook's word on each call, between the rules and the pace.

The rules are asked, then the hook, then the pace gives a start, and at the moment of the dial the rules are
asked again. So an answer that comes late leads to no burst, and what the rules said before it does not count.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

import anyio

from campaign.calls.gatekeeper import Gatekeeper
from campaign.calls.room import LONGEST_WAIT_S, Room
from campaign.calls.run import Run
from campaign.errors import ApiUnavailableError
from campaign.hook.answer import Answer, HookFailed
from campaign.hook.ask import Question
from campaign.ledger import hook as noes
from campaign.ledger.waiting import DueContact
from campaign.logs import get_logger
from campaign.models import RowStatus
from campaign.settings import HookSettings

log = get_logger(__name__)

MOST_FAILURES = 5
"""After so many in a row, of whichever rows, the hook is taken to be broken."""
SOONEST_S = 60.0
"""However soon the hook would have a row back, it is asked about it no sooner than after this."""


@dataclass(frozen=True, slots=True)
class Yes:
    """The hook allows one call, for some time."""

    said: str
    said_at: datetime
    good_for_s: float

    def is_good(self, now: datetime) -> bool:
        """Whether it still counts."""
        return abs((now - self.said_at).total_seconds()) <= self.good_for_s


class Asking:
    """Asks the hook of one run, about several calls at a time."""

    def __init__(self, run: Run, hook: HookSettings, gatekeeper: Gatekeeper) -> None:
        self._run = run
        self._hook = hook
        self._gatekeeper = gatekeeper
        self._turn = anyio.Lock()
        self._failures = 0

    async def until_due(self, room: Room) -> None:
        """Return when an answer would be used soon: a call may start within the time that the hook has.

        No more contacts are asked about at a time than starts come in that time.
        """
        run, lead_s = self._run, self._hook.timeout.total_seconds()
        while len(room.asked) >= max(ceil(run.pace.rate * lead_s), 1):
            run.waiting_for = "the hook"
            await run.changed.wait(LONGEST_WAIT_S)
        run.waiting_for = run.pauses_for if run.pace.paused_for else ""
        await run.pace.draw_near(lead_s)

    async def ask(self, contact: DueContact) -> Yes | None:
        """What the hook says of a contact to whom the rules say yes. None when it is no yes: the row is held.

        When the hook has failed too often, dialling has stopped.
        """
        run = self._run
        if await self._gatekeeper.admit(contact) is None:
            return None
        question = Question(
            campaign=run.name,
            row=contact.row_number,
            to_number=contact.to_number,
            variables=run.settings.call.variables_for(contact.variables),
            attempt=contact.tries + 1,
        )
        try:
            answer = await run.ask_hook(self._hook, question)
        except HookFailed as failure:
            await self._failed(contact, str(failure))
            return None
        self._failures = 0
        if answer.may_dial:
            said = f"yes, {answer.reason}" if answer.reason else "yes"
            # It may have been given before all of those that are asked about at a time have got a start.
            good_for_s = 2 * self._hook.timeout.total_seconds() + run.timing.stale_s
            return Yes(said, run.now(), good_for_s)
        await self._refused(contact, answer)
        return None

    @asynccontextmanager
    async def turn(self, from_number: str) -> AsyncIterator[None]:
        """For one contact at a time, when the from number may call."""
        while True:
            async with self._turn:
                wait_s = self._run.pace.turn_in(from_number)
                if wait_s == 0:
                    yield
                    return
            await anyio.sleep(wait_s)

    async def _failed(self, contact: DueContact, what: str) -> None:
        run = self._run
        self._failures += 1
        log.warning("hook.failed", row=contact.row_number, error=what)
        if self._failures == MOST_FAILURES:
            run.halt(
                ApiUnavailableError(
                    f"the hook {self._hook.name} has failed {MOST_FAILURES} times in a row, at last with "
                    f"{what!r}, and without its answer nobody is called; mend it, then run again"
                )
            )
        until = run.now() + timedelta(seconds=run.timing.hook_retry_s)
        await self._hold(contact, noes.FAILED, what, f"the hook has failed: {what}", until)

    async def _refused(self, contact: DueContact, answer: Answer) -> None:
        run, now = self._run, self._run.now()
        log.debug("hook.no", row=contact.row_number)
        said = f"no: {answer.reason}" if answer.reason else "no"
        until: datetime | None = now + timedelta(seconds=run.timing.hook_again_s)
        details = ""
        if answer.is_final:
            until, details = None, " (for good)"
        elif answer.not_before is not None:
            until = max(answer.not_before, now + timedelta(seconds=SOONEST_S))
            details = f" (not before {answer.not_before:%Y-%m-%d %H:%M:%S} UTC)"
        await self._hold(contact, noes.NO, said + details, f"the hook says {said}", until)

    async def _hold(
        self, contact: DueContact, event: str, said: str, reason: str, until: datetime | None
    ) -> None:
        """The row waits until then; without a time it is never dialled."""
        run = self._run
        await run.commit(
            noes.record_no,
            contact.contact_id,
            campaign_id=run.campaign_id,
            event=event,
            said=said,
            status=RowStatus.SUPPRESSED if until is None else RowStatus.WAITING,
            reason=reason,
            now=run.now(),
            not_before=until,
        )
