"""What the suites of this folder build their cases from: a started campaign, and short verbs to move it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from types import MappingProxyType
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, select, text, update

from campaign.ledger import attempts, calls, campaigns, schema, waiting
from campaign.ledger.generation import Generation
from campaign.ledger.ledger import Ledger
from campaign.ledger.results import result_rows
from campaign.models import (
    E164,
    AttemptState,
    Call,
    Contact,
    Disposition,
    Intake,
    RejectedRow,
    ResultRow,
    Row,
    RowStatus,
    TranscriptStatus,
)
from tests.support import NOON, Rows, nothing_left

P = ParamSpec("P")
T = TypeVar("T")

ANNA, BEN, CARA, DORA = (E164(f"+1202555011{digit}") for digit in range(1, 5))
EVA, EVA_TOO = E164("+5491143211234"), E164("+541143211234")
"""One person of Argentina, with and without the mark of mobiles."""
HEADERS = ("phone", "name")
WAIT_S = 60
TOKENS = count(1)


def contact(number: str, row: int = 2, *, name: str = "someone") -> Contact:
    """A row that may be dialled."""
    return Contact(Row(row, (number, name)), E164(number), {"name": name}, ("America/New_York",))


def rejected(
    row: int = 9, *, status: RowStatus = RowStatus.REJECTED, number: str | None = None
) -> RejectedRow:
    """A row that nobody is called for."""
    to_number = E164(number) if number else None
    return RejectedRow(Row(row, ("oops", "=1+1\u2028")), "too short", "phone", status, to_number)


def listed(*rows: Contact | RejectedRow, fingerprint: str = "f" * 64) -> Intake:
    """A contact list with these rows."""
    return Intake("list.csv", HEADERS, "phone", Rows(rows), "c" * 64, fingerprint)


def people(*numbers: str) -> Intake:
    """A contact list with one row for each number, from row 2 on."""
    return listed(*(contact(number, row) for row, number in enumerate(numbers, start=2)))


def engine_of(ledger: Ledger) -> Engine:
    """The engine below the ledger, for raw SQL and for listening."""
    return ledger._engine


def generation_of(ledger: Ledger) -> Generation:
    """What counts the commits of a SQLite ledger."""
    generation = ledger._generation
    assert generation is not None
    return generation


def do(
    ledger: Ledger, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a verb through the writer, and wait until it is durable."""
    return ledger.write(verb, *args, **kwargs).result(WAIT_S)


def until_one_waits(ledger: Ledger) -> None:
    """Come back when a session of a PostgreSQL ledger waits for what another one has not committed."""
    waiting_sessions = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    give_up_at = time.monotonic() + WAIT_S
    while not ledger.read(lambda connection: connection.scalar(waiting_sessions)):
        assert time.monotonic() < give_up_at, "no session waits for another one"
        time.sleep(0.01)


def all_rows(connection: Connection, campaign_id: int) -> list[ResultRow]:
    """The whole result."""
    return list(result_rows(connection, campaign_id))


@dataclass
class Case:
    """One campaign in one ledger."""

    ledger: Ledger
    id: int

    def intend(
        self, number: str = ANNA, *, now: datetime = NOON, token: str | None = None, epoch: int | None = None
    ) -> int:
        """Put an intent on disk. Returns the attempt's id."""
        return self.intend_numbered(number, now=now, token=token, epoch=epoch)[0]

    def intend_numbered(
        self, number: str = ANNA, *, now: datetime = NOON, token: str | None = None, epoch: int | None = None
    ) -> tuple[int, int]:
        """Put an intent on disk. Returns the attempt's id and number."""
        return do(
            self.ledger,
            attempts.record_intent,
            self.contact_id(number),
            token=token or f"token-{next(TOKENS)}",
            to_number=number,
            from_number="+12025550100",
            agent_id="agt_test",
            now=now,
            epoch=epoch,
        )

    def place(self, attempt: int, *call_ids: str, now: datetime = NOON) -> bool:
        return do(self.ledger, attempts.record_placed, attempt, call_ids=call_ids, now=now)

    def doubt(self, attempt: int, error: str = "reset") -> None:
        do(self.ledger, attempts.record_in_doubt, attempt, error=error, now=NOON)

    def refuse(self, attempt: int, error: str = "HTTP 422") -> None:
        do(self.ledger, attempts.record_refused, attempt, error=error, now=NOON)

    def not_called(
        self, attempt: int, *, state: AttemptState = AttemptState.NOT_SENT, error: str = ""
    ) -> None:
        do(self.ledger, attempts.record_not_called, attempt, state=state, error=error, now=NOON)

    def end(self, call_id: str, *, now: datetime = NOON, **details: Any) -> bool:
        return do(self.ledger, calls.record_ended, report(call_id, **details), now)

    def settle(
        self,
        call_id: str,
        *,
        status: RowStatus = RowStatus.COMPLETED,
        not_before: datetime | None = None,
        disposition: Disposition = Disposition.ANSWERED,
        has_talked: bool = False,
        call: Mapping[str, Any] = MappingProxyType({}),
        now: datetime = NOON + timedelta(minutes=2),
    ) -> bool:
        return do(
            self.ledger,
            calls.record_settled,
            report(call_id, **call),
            disposition=disposition,
            transcript_status=TranscriptStatus.COMPLETE,
            status=status,
            reason="reached",
            not_before=not_before,
            with_others=nothing_left,
            has_talked=has_talked,
            now=now,
        )

    def whole_call(self, number: str, call_id: str, *, status: RowStatus = RowStatus.COMPLETED) -> int:
        """From the intent to the settled call. Returns the attempt's id."""
        attempt = self.intend(number)
        self.place(attempt, call_id)
        self.end(call_id)
        self.settle(call_id, status=status)
        return attempt

    def give_up(self, attempt: int, reason: str = "lost") -> None:
        do(self.ledger, attempts.give_up, attempt, reason=reason, now=NOON)

    def due(self, *, now: datetime = NOON, skip: frozenset[int] = frozenset(), limit: int = 10) -> list[str]:
        found = self.ledger.read(waiting.due, self.id, now, skip=skip, limit=limit)
        return [contact.to_number for contact in found]

    def result(self, number: str = ANNA) -> ResultRow:
        return {row.to_number: row for row in self.rows()}[number]

    def rows(self) -> list[ResultRow]:
        return self.ledger.read(all_rows, self.id)

    def statuses(self) -> dict[str, RowStatus]:
        people = self.ledger.read(campaigns.people, self.id)
        return {number: person.status for number, person in people.items()}

    def finish(self, now: datetime) -> None:
        """Bring every row that waits to an end, and let the ledger notice."""
        for due in self.ledger.read(waiting.due, self.id, now, skip=(), limit=1000):
            do(
                self.ledger,
                waiting.hold,
                due.contact_id,
                status=RowStatus.STOPPED,
                reason="by the test",
                now=now,
                not_before=None,
            )
        do(self.ledger, campaigns.finish_settled, now)

    def contact_id(self, number: str) -> int:
        table = schema.contacts.c
        wanted = select(table.id).where(table.campaign_id == self.id, table.to_number == number)
        with engine_of(self.ledger).connect() as connection:
            contact_id: int = connection.execute(wanted).scalar_one()
        return contact_id

    def state(self, attempt: int) -> AttemptState:
        wanted = select(schema.attempts.c.state).where(schema.attempts.c.id == attempt)
        return AttemptState(self.ledger.read(lambda connection: connection.execute(wanted).scalar_one()))

    def force(
        self, *, status: RowStatus, attempt: int | None = None, state: AttemptState | None = None
    ) -> None:
        """Set states past every rule, by raw SQL."""
        with engine_of(self.ledger).begin() as connection:
            connection.execute(
                update(schema.contacts).where(schema.contacts.c.campaign_id == self.id).values(status=status)
            )
            if attempt is not None:
                connection.execute(
                    update(schema.attempts).where(schema.attempts.c.id == attempt).values(state=state)
                )


def report(call_id: str, **details: Any) -> Call:
    """What the provider says of a call."""
    values: dict[str, Any] = {"id": call_id, "status": "completed", "has_ended": True}
    return Call(**values | details)


def start(ledger: Ledger, intake: Intake, *, name: str = "spring", now: datetime = NOON) -> Case:
    """A campaign of this list."""
    campaign_id = do(
        ledger,
        campaigns.start,
        name=name,
        name_pattern="{name}",
        agent_id="agt_test",
        intake=intake,
        now=now,
    )
    return Case(ledger, campaign_id)
