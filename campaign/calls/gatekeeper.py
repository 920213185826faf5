"""The gatekeeper: asks every rule about a contact now, with what the ledger knows of the number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaign.calls import breaker
from campaign.calls.person import Known, look_at
from campaign.calls.run import Run
from campaign.ledger import waiting
from campaign.ledger.ledger import Connection
from campaign.ledger.waiting import DueContact
from campaign.logs import get_logger
from campaign.rules import closing, gates
from campaign.rules.calling_hours import schedule_for
from campaign.rules.gate import Verdict
from campaign.rules.outlay import Outlay
from campaign.rules.person import Person

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Admission:
    """That a contact may be dialled now."""

    evidence: str
    """What the gates looked at, for the ledger."""
    closes_at: datetime | None
    """When the hours of the person close; None when they do not."""


class Gatekeeper:
    """Says who may be dialled, and records why somebody may not."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def admit(self, contact: DueContact) -> Admission | None:
        """Ask every gate.

        None when the contact may not be dialled now; the row is held then, with the gate's reason.
        """
        outlay = self._run.spending.outlay_of_dial()
        verdict, admission = await self._run.fetch(self._judge_with_evidence, contact, outlay)
        if admission is not None:
            return admission
        await self.hold([(contact, verdict)])
        return None

    async def sift(self, contacts: Sequence[DueContact]) -> list[DueContact]:
        """Those who may be dialled now, in order. The others are held: until a time, or for good."""
        run = self._run
        # Beside the event loop, as the zones' rules are read from disk when first needed.
        # By what is left at best: whether there is room now is asked before each dial.
        outlay = run.spending.outlay_at_best(run.live | run.settling)
        verdicts = await run.fetch(self._judge_all, contacts, outlay)
        held = [
            (contact, verdict)
            for contact, verdict in zip(contacts, verdicts, strict=True)
            if not verdict.may_dial
        ]
        await self.hold(held)
        return [contact for contact, verdict in zip(contacts, verdicts, strict=True) if verdict.may_dial]

    async def hold(self, held: Sequence[tuple[DueContact, Verdict]]) -> None:
        """Record why these are not dialled; not by a clock that was set, as some of it would be for good."""
        run = self._run
        await breaker.check_clock(run)
        if held and run.breaker.trusts_clock:
            await run.commit(self._hold_all, held)

    def _judge_all(
        self, connection: Connection, contacts: Sequence[DueContact], outlay: Outlay
    ) -> list[Verdict]:
        return [self._judge(connection, contact, outlay) for contact in contacts]

    def _judge(self, connection: Connection, contact: DueContact, outlay: Outlay) -> Verdict:
        now = self._run.now()
        return gates.judge(self._person(connection, contact, outlay, now), self._run.settings, now)

    def _judge_with_evidence(
        self, connection: Connection, contact: DueContact, outlay: Outlay
    ) -> tuple[Verdict, Admission | None]:
        now, settings = self._run.now(), self._run.settings
        person = self._person(connection, contact, outlay, now)
        verdict = gates.judge(person, settings, now)
        if not verdict.may_dial:
            return verdict, None
        closes_at = closing.closes_at(schedule_for(person, settings), person.whereabouts, now)
        return verdict, Admission(gates.evidence(person, settings, now), closes_at)

    def _person(self, connection: Connection, contact: DueContact, outlay: Outlay, now: datetime) -> Person:
        run = self._run
        known = Known(
            run.campaign_id,
            run.settings,
            run.suppressed,
            run.spoken,
            openings=run.breaker.lasting,
            outlay=outlay,
            started_at=run.started_at,
            calendar=run.calendar,
            spoken_by=run.spoken_by,
            lists_are_stale=run.lists_are_stale,
        )
        return look_at(connection, contact, known, now)

    def _hold_all(self, connection: Connection, held: Sequence[tuple[DueContact, Verdict]]) -> None:
        for contact, verdict in held:
            log.debug("row.held", row=contact.row_number, reason=verdict.reason)
            waiting.hold(
                connection,
                contact.contact_id,
                status=verdict.status,
                reason=verdict.reason,
                now=self._run.now(),
                not_before=verdict.not_before,
            )
