"""Single calls outside any campaign of a list: each is a campaign of one row, of a kind of its own.

So every guarantee of an attempt holds for it, other campaigns count it as a call to that person, and none of
them counts it as its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from campaign.ledger import moves, schema
from campaign.ledger.campaigns import SINGLE_CALL
from campaign.ledger.waiting import counted_calls
from campaign.models import RowStatus, forms_of

_CAMPAIGNS, _CONTACTS = schema.campaigns.c, schema.contacts.c


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A single call that has not settled."""

    campaign_id: int
    name: str
    call_id: str | None
    """None while its fate is not known."""


def unfinished(connection: Connection, to_number: str) -> Sequence[Unfinished]:
    """Complete: single calls to this number, in whichever form, that have not settled, the oldest first."""
    attempts, calls = schema.attempts.c, schema.calls.c
    rows = connection.execute(
        select(_CAMPAIGNS.id, _CAMPAIGNS.name, calls.call_id)
        .select_from(schema.campaigns)
        .join(schema.contacts, _CONTACTS.campaign_id == _CAMPAIGNS.id)
        .join(schema.attempts, attempts.contact_id == _CONTACTS.id)
        .outerjoin(schema.calls, calls.attempt_id == attempts.id)
        .where(
            _CAMPAIGNS.name_pattern == SINGLE_CALL,
            _CAMPAIGNS.finished_at.is_(None),
            _CONTACTS.to_number.in_(forms_of(to_number)),
        )
        .order_by(_CAMPAIGNS.id)
    )
    return [Unfinished(row.id, row.name, row.call_id) for row in rows]


def called_at(connection: Connection, to_number: str, since: datetime) -> list[datetime]:
    """As committed: when single calls to this number, in each form, began since `since`, the oldest first."""
    of_kind = select(_CAMPAIGNS.id).where(_CAMPAIGNS.name_pattern == SINGLE_CALL)
    query = counted_calls(to_number, since).where(schema.attempts.c.campaign_id.in_(of_kind))
    return list(connection.scalars(query))


def give_up_waiting(
    connection: Connection, reason: str, now: datetime, *, campaign_id: int | None = None
) -> int:
    """Journalled: whoever still waits for a single call is not called any more.

    Args:
        reason: Why, for a row that has no reason of its own.
        now: For the journal.
        campaign_id: Of which; None for all of them, which a killed process may have left.

    Returns:
        How many there were.
    """
    query = (
        select(_CONTACTS.id, _CONTACTS.reason)
        .join(schema.campaigns, _CAMPAIGNS.id == _CONTACTS.campaign_id)
        .where(_CAMPAIGNS.name_pattern == SINGLE_CALL, _CONTACTS.status == RowStatus.WAITING)
    )
    if campaign_id is not None:
        query = query.where(_CAMPAIGNS.id == campaign_id)
    waiting = connection.execute(query).all()
    for contact_id, held_because in waiting:
        why = held_because or reason
        of = moves.move_row(connection, contact_id, to=RowStatus.STOPPED, now=now, reason=why)
        moves.journal(connection, now, "row.stopped", campaign_id=of, contact_id=contact_id, detail=why)
    return len(waiting)
