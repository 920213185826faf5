"""What the world knows at a moment: requests that have left, and what the ledger has answered as durable.

A ledger that comes back from a power cut must know all of it; what was still under way may be there or not.
"""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from campaign.errors import LedgerError
from campaign.ledger import attempts, waiting
from campaign.ledger.ledger import Ledger
from campaign.models import AttemptState
from tests.torture.finding import Finding

FAR_OFF = datetime(2099, 1, 1, tzinfo=UTC)
"""When every row that waits is due."""
WAIT_S = 60
PROGRESS = {
    AttemptState.DIALING: 0,
    AttemptState.IN_DOUBT: 0,
    AttemptState.NEEDS_REVIEW: 1,
    AttemptState.LIVE: 1,
    AttemptState.SETTLING: 2,
    AttemptState.ENDED: 3,
    AttemptState.NOT_SENT: 3,
    AttemptState.TURNED_AWAY: 3,
}
"""How far an attempt has come; a row never goes back."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Answered: the campaign is there with these people."""

    campaign_id: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A create-call request leaves: from now on the person may be called."""

    token: str
    number: str


@dataclass(frozen=True, slots=True)
class MayTryAgain:
    """The provider has told that this attempt allows another one."""

    token: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The reply to a request is lost: its attempt is in doubt from now on."""

    token: str


@dataclass(frozen=True, slots=True)
class Reached:
    """Answered: the attempt has come so far."""

    attempt_id: int
    state: AttemptState
    token: str


@dataclass(frozen=True, slots=True)
class Stored:
    """Answered: these calls are on disk."""

    call_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """Answered: the results of the call are on disk. `is_final`: no further try is due."""

    call_id: str
    token: str
    transcript: str
    is_final: bool


WorldNote = Enrolled | Sent | MayTryAgain | Lost | Reached | Stored | Settled


@dataclass(slots=True)
class Knowledge:
    """Everything that has been noted so far."""

    campaign_id: int = 0
    numbers: tuple[str, ...] = ()
    sent: dict[str, str] = field(default_factory=dict)
    """The number behind each token whose request has left."""
    may_try_again: set[str] = field(default_factory=set)
    progress: dict[int, int] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    transcripts: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    """Tokens whose reply is lost, and whose call has not been found since."""
    refusal: str = ""
    """What the product said of the last ledger that it did not open."""

    def take(self, note: WorldNote) -> None:
        """One thing more is known."""
        match note:
            case Enrolled(campaign_id, numbers):
                self.campaign_id, self.numbers = campaign_id, numbers
            case Sent(token, number):
                self.sent[token] = number
            case MayTryAgain(token):
                self.may_try_again.add(token)
            case Lost(token):
                self.lost.add(token)
            case Reached(attempt_id, state, token):
                self.progress[attempt_id] = max(PROGRESS[state], self.progress.get(attempt_id, 0))
                if PROGRESS[state] > PROGRESS[AttemptState.IN_DOUBT]:
                    self.lost.discard(token)
            case Stored(call_ids):
                self.stored.update(call_ids)
            case Settled(call_id, token, transcript, is_final):
                self.transcripts[call_id] = transcript
                if is_final:
                    self.may_try_again.discard(token)

    def judge(self, location: Path, *, is_checked: bool) -> Finding:
        """Resume on this ledger, and compare. Rows count as lost, too, when something answered is missing.

        Args:
            location: The database file; it is changed.
            is_checked: Whether the run lock has kept the name of the run that was cut off.
        """
        if is_checked:
            location.with_name(location.name + ".lock").write_text("spring, process 1\n", encoding="utf-8")
        try:
            with Ledger.open(str(location)) as ledger, ExitStack() as stack:
                if is_checked:
                    stack.enter_context(ledger.run_lock("spring"))
                due = ledger.write(self._resume).result(WAIT_S)
                return ledger.read(self._compare, due)
        except LedgerError as error:
            self.refusal = str(error)
            return Finding(0, 0, 0, is_corrupt=True, in_review=0, unfinished=0)

    def _resume(self, connection: Connection) -> set[str]:
        """What a run does at its start. Returns the people whom it would dial."""
        attempts.doubt_interrupted(connection, FAR_OFF)
        due = waiting.due(connection, self.campaign_id, FAR_OFF, skip=(), limit=len(self.numbers))
        return {contact.to_number for contact in due}

    def _compare(self, connection: Connection, due: set[str]) -> Finding:
        # In plain SQL: there are a hundred thousand ledgers to compare.
        ask = connection.exec_driver_sql
        integrity = ask("PRAGMA integrity_check").scalars().all()
        orphans = ask("PRAGMA foreign_key_check").all()
        rows = Counter(ask("SELECT to_number FROM contacts WHERE status != 'rejected'").scalars())
        made = ask("SELECT id, token, state FROM attempts").all()
        progress = {attempt.id: PROGRESS[AttemptState(attempt.state)] for attempt in made}
        tokens = {attempt.token for attempt in made}
        kept = {
            call.call_id: call.transcript if call.settled_at else None
            for call in ask("SELECT call_id, transcript, settled_at FROM calls")
        }
        if integrity != ["ok"] or orphans:
            self.refusal = f"integrity {integrity}, orphans {orphans}"
        never_again = {number for token, number in self.sent.items() if token not in self.may_try_again}
        return Finding(
            double_dials=len(due & never_again),
            lost_rows=sum(rows[number] != 1 for number in self.numbers)
            + sum(progress.get(attempt, -1) < reached for attempt, reached in self.progress.items())
            + sum(kept.get(call) != transcript for call, transcript in self.transcripts.items()),
            lost_ids=len(self.stored - kept.keys()) + len(self.sent.keys() - tokens),
            is_corrupt=integrity != ["ok"] or bool(orphans),
            in_review=sum(attempt.state == AttemptState.IN_DOUBT for attempt in made),
            unfinished=0,
        )
