"""Single calls: whose they are, and what a human says of them later."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from campaign.ledger import moves, schema


@dataclass(frozen=True, slots=True)
class Whose:
    """The attempt that made a call."""

    campaign: str
    row_number: int
    attempt: int


def whose(connection: Connection, call_id: str) -> Whose | None:
    """As committed: which attempt has made this call; None when no campaign of this ledger has."""
    row = connection.execute(
        select(schema.campaigns.c.name, schema.contacts.c.row_number, schema.attempts.c.number)
        .select_from(schema.calls)
        .join(schema.attempts, schema.attempts.c.id == schema.calls.c.attempt_id)
        .join(schema.contacts, schema.contacts.c.id == schema.attempts.c.contact_id)
        .join(schema.campaigns, schema.campaigns.c.id == schema.attempts.c.campaign_id)
        .where(schema.calls.c.call_id == call_id)
    ).one_or_none()
    return Whose(row.name, row.row_number, row.number) if row else None


def number_of(connection: Connection, call_id: str) -> str | None:
    """As committed: whom this call has rung; None when no campaign of this ledger has made it."""
    number: str | None = connection.scalar(
        select(schema.attempts.c.to_number)
        .join(schema.calls, schema.calls.c.attempt_id == schema.attempts.c.id)
        .where(schema.calls.c.call_id == call_id)
    )
    return number


def record_outcome(
    connection: Connection, call_id: str, outcome: str | None, *, who: str, now: datetime
) -> bool:
    """Kept and journalled: the label that a human has given to a call.

    Returns:
        Whether a campaign of this ledger has made the call.
    """
    if not _journal(connection, call_id, "call.labelled", f"{outcome or 'no outcome'}, by {who}", now):
        return False
    table = schema.calls
    connection.execute(update(table).where(table.c.call_id == call_id).values(outcome=outcome))
    return True


def record_hung_up(connection: Connection, call_id: str, *, who: str, now: datetime) -> bool:
    """Journalled: a human has stopped a call.

    Returns:
        Whether a campaign of this ledger has made it.
    """
    return _journal(connection, call_id, "call.hung_up", f"by {who}", now)


def _journal(connection: Connection, call_id: str, event: str, detail: str, now: datetime) -> bool:
    attempt = connection.execute(
        select(schema.attempts.c.id, schema.attempts.c.contact_id, schema.attempts.c.campaign_id)
        .select_from(schema.calls)
        .join(schema.attempts, schema.attempts.c.id == schema.calls.c.attempt_id)
        .where(schema.calls.c.call_id == call_id)
    ).one_or_none()
    if attempt is None:
        return False
    moves.journal(
        connection,
        now,
        event,
        campaign_id=attempt.campaign_id,
        contact_id=attempt.contact_id,
        attempt_id=attempt.id,
        detail=detail,
    )
    return True
