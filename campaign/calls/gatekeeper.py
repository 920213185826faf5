"""The gatekeeper: asks every rule about a contact now, with what the ledger knows of the number."""

from collections.abc import Sequence

from campaign.calls.person import Known, look_at
from campaign.calls.run import Run
from campaign.ledger import waiting
from campaign.ledger.ledger import Connection
from campaign.ledger.waiting import DueContact
from campaign.logs import get_logger
from campaign.rules import gates
from campaign.rules.gates import Verdict

log = get_logger(__name__)


class Gatekeeper:
    """Says who may be dialled, and records why somebody may not."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def admits(self, contact: DueContact) -> bool:
        """Whether the contact may be dialled now. When not, the row is held with the gate's reason."""
        return bool(await self.sift([contact]))

    async def sift(self, contacts: Sequence[DueContact]) -> list[DueContact]:
        """Those who may be dialled now, in order. The others are held: until a time, or for good."""
        run = self._run
        if not contacts:
            return []
        # Beside the event loop, as the zones' rules are read from disk when first needed.
        verdicts = await run.fetch(self._judge_all, contacts)
        held = [
            (contact, verdict)
            for contact, verdict in zip(contacts, verdicts, strict=True)
            if not verdict.may_dial
        ]
        if held:
            await run.commit(self._hold_all, held)
        return [contact for contact, verdict in zip(contacts, verdicts, strict=True) if verdict.may_dial]

    def _judge_all(self, connection: Connection, contacts: Sequence[DueContact]) -> list[Verdict]:
        return [self._judge(connection, contact) for contact in contacts]

    def _judge(self, connection: Connection, contact: DueContact) -> Verdict:
        run, now = self._run, self._run.now()
        known = Known(run.campaign_id, run.settings, run.suppressed, run.spoken)
        return gates.judge(look_at(connection, contact, known, now), run.settings, now)

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
