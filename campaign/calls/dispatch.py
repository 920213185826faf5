"""Dispatch: which row is dialled next, and when.

Take what is due, wait for room, ask the hook where there is one, wait for the pace, and start the dial.
"""

from datetime import datetime

import anyio
from anyio.abc import TaskGroup, TaskStatus

from campaign.calls.asking import Asking, Yes
from campaign.calls.dial import Dialer
from campaign.calls.from_numbers import Turns
from campaign.calls.gatekeeper import Gatekeeper
from campaign.calls.late import LateResults
from campaign.calls.quota import Quota
from campaign.calls.room import LONGEST_WAIT_S, Room
from campaign.calls.run import Run
from campaign.calls.track import Tracker
from campaign.calls.unread import Unread
from campaign.ledger import waiting
from campaign.ledger.waiting import DueContact

BATCH_ROWS = 200


class Dispatcher:
    """Dials the waiting rows of a run until there is nothing more to do for it."""

    def __init__(self, run: Run, tracker: Tracker, late: LateResults) -> None:
        self._run = run
        self._gatekeeper = Gatekeeper(run)
        self._unread = Unread(run, late, self._gatekeeper)
        hook = run.settings.hook
        self._asking = Asking(run, hook, self._gatekeeper) if hook is not None else None
        self._turns = Turns(run)
        self._in_hand: set[int] = set()
        """Contacts from their start until the end of their request is on disk."""
        self._quota = Quota(run, self._in_hand)
        self._room = Room(run, self._quota)
        self._dialer = Dialer(run, tracker, self._gatekeeper, self._unread, self._room, self._quota)

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
        dials.start_soon(self._dial, contact, from_number, run.now(), yes)

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

    async def _dial(
        self, contact: DueContact, from_number: str, started_at: datetime, yes: Yes | None
    ) -> None:
        try:
            await self._dialer.dial(contact, from_number, started_at, yes)
        finally:
            self._in_hand.discard(contact.contact_id)
            self._run.changed.ring()
