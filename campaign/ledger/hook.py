"""What the hook said of a row: its noes in the journal, its yes with the dial that followed."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select

from campaign.ledger import moves, schema, waiting
from campaign.ledger.rows import Event
from campaign.models import RowStatus

NO, FAILED = "hook.no", "hook.failed"
IN_EVIDENCE = "; hook: "
"""Before what the hook said, at the end of what is kept with a dial."""

_EVENTS = schema.events.c
_NEWEST = (
    select(_EVENTS.event, _EVENTS.detail)
    .where(_EVENTS.contact_id == bindparam("contact"))
    .order_by(_EVENTS.id.desc())
    .limit(1)
)
_LAST = (
    select(_EVENTS.at, _EVENTS.event, _EVENTS.detail)
    .where(
        _EVENTS.contact_id == bindparam("contact"),
        or_(
            _EVENTS.event.in_((NO, FAILED)),
            (_EVENTS.event == "call.intended") & _EVENTS.detail.contains(IN_EVIDENCE, autoescape=True),
        ),
    )
    .order_by(_EVENTS.id.desc())
    .limit(1)
)


def record_no(
    connection: Connection,
    contact_id: int,
    *,
    campaign_id: int,
    event: str,
    said: str,
    status: RowStatus,
    reason: str,
    now: datetime,
    not_before: datetime | None,
) -> None:
    """No yes, no dial: the row waits until a time, or is final with the hook's reason.

    Journalled, unless it is the very last thing that has happened to the row: it may be asked about often.
    """
    newest = connection.execute(_NEWEST, {"contact": contact_id}).one_or_none()
    if newest is None or tuple(newest) != (event, said):
        moves.journal(connection, now, event, campaign_id=campaign_id, contact_id=contact_id, detail=said)
    waiting.hold(
        connection,
        contact_id,
        status=status,
        reason=reason,
        now=now,
        not_before=not_before,
        is_told=True,
    )


def last_answer(connection: Connection, contact_id: int) -> Event | None:
    """As committed: what the hook said last of a row, and since when; None when it was never asked."""
    row = connection.execute(_LAST, {"contact": contact_id}).one_or_none()
    return None if row is None else Event(row.at, row.event, row.detail.rpartition(IN_EVIDENCE)[2])
