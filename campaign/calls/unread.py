"""Unread: what earlier calls of a person have said is read right before that person is dialled again.

A call may settle before its transcript or its analysis is there, and a wish not to be called again may stand
in it by now. Whose calls cannot be read waits; the others are dialled.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import anyio

from campaign.calls.gatekeeper import Gatekeeper
from campaign.calls.late import PARALLEL_GETS, LateResults
from campaign.calls.run import Run
from campaign.ledger import late
from campaign.ledger.late import IncompleteCall
from campaign.ledger.waiting import DueContact
from campaign.models import forms_of, person_of
from campaign.oneinbox.errors import ApiError
from campaign.rules.gate import Verdict

REASON = "what was said in an earlier call is not read yet"


class Unread:
    """Looks at the calls of people who are about to be dialled, from which something may still come."""

    def __init__(self, run: Run, results: LateResults, gatekeeper: Gatekeeper) -> None:
        self._run = run
        self._results = results
        self._gatekeeper = gatekeeper
        self._limiter = anyio.CapacityLimiter(PARALLEL_GETS)
        self._failures: Counter[str] = Counter()
        self._awaited: dict[str, list[IncompleteCall]] = {}
        """By person, as the ledger had it when they were sifted."""

    def is_read(self, contact: DueContact) -> bool:
        """Whether nothing new can have been said since this contact was sifted."""
        return all(map(self._results.has_just_read, self._awaited.get(person_of(contact.to_number), ())))

    async def sift(self, contacts: Sequence[DueContact]) -> list[DueContact]:
        """Those of whom nothing new was found, in order. The others are asked about again, or held."""
        run = self._run
        numbers = {form for contact in contacts for form in forms_of(contact.to_number)}
        awaited = await run.fetch(late.unread_calls, sorted(numbers)) if numbers else []
        self._remember(contacts, awaited)
        unread = [call for call in awaited if not self._results.has_just_read(call)]
        if not unread:
            return list(contacts)
        waits: set[str] = set()
        changed: set[str] = set()

        async def look(call: IncompleteCall) -> None:
            async with self._limiter:
                try:
                    is_new = await self._results.read(call)
                except ApiError as error:
                    self._results.failed(call, error)
                    waits.add(person_of(call.to_number))
                else:
                    still_on = self._results.is_still_on(call)
                    waits.update({person_of(call.to_number)} if still_on else ())
                    changed.update({person_of(call.to_number)} if is_new else ())

        async with anyio.create_task_group() as group:
            for call in unread:
                group.start_soon(look, call)
        held = [contact for contact in contacts if person_of(contact.to_number) in waits]
        await self._gatekeeper.hold([(contact, self._not_yet(contact)) for contact in held])
        return [contact for contact in contacts if person_of(contact.to_number) not in waits | changed]

    def _remember(self, contacts: Sequence[DueContact], awaited: Sequence[IncompleteCall]) -> None:
        for contact in contacts:
            self._awaited.pop(person_of(contact.to_number), None)
        for call in awaited:
            self._awaited.setdefault(person_of(call.to_number), []).append(call)

    def _not_yet(self, contact: DueContact) -> Verdict:
        """Each time it waits for twice as long: what nobody can ever read keeps no run from its end."""
        run, person = self._run, person_of(contact.to_number)
        wait_s = run.timing.unread_wait_s * 2 ** min(self._failures[person], 10)
        self._failures[person] += 1
        return Verdict(may_dial=False, reason=REASON, not_before=run.now() + timedelta(seconds=wait_s))
