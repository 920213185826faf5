"""Rows one by one: how a row of a campaign stands, and everything that has happened to it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from campaign.ledger import schema
from campaign.ledger.waiting import DueContact, tries_of
from campaign.models import E164, Hold, RowStatus, ZoneSource


@dataclass(frozen=True, slots=True)
class RowNow:
    """One row of a campaign."""

    contact_id: int
    status: RowStatus
    reason: str
    not_before: datetime | None
    hold: Hold | None
    is_in_list: bool
    """False for a person who was called and has left the list since."""
    contact: DueContact | None
    """What the gates ask about; None for a row without a usable number."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that has happened to a row."""

    at: datetime
    event: str
    detail: str


def rows_numbered(connection: Connection, campaign_id: int, row_number: int) -> list[RowNow]:
    """As committed: the row that the operator's spreadsheet shows under a number, first that of the list.

    There are several when the list was changed in between, and none when it has no such row.
    """
    table = schema.contacts.c
    rows = connection.execute(
        select(schema.contacts, tries_of(table.id).label("tries"))
        .where(table.campaign_id == campaign_id, table.row_number == row_number)
        .order_by(table.in_list.desc(), table.position)
    )
    return [
        RowNow(
            contact_id=row.id,
            status=RowStatus(row.status),
            reason=row.reason,
            not_before=row.not_before,
            hold=Hold(row.hold) if row.hold else None,
            is_in_list=bool(row.in_list),
            contact=DueContact(
                contact_id=row.id,
                row_number=row.row_number,
                to_number=E164(row.to_number),
                variables=row.variables,
                time_zones=tuple(row.time_zones),
                zone_source=ZoneSource(row.zone_source),
                tries=row.tries,
                state=row.us_state or "",
                consent=row.consent or "",
            )
            if row.to_number
            else None,
        )
        for row in rows
    ]


def history(connection: Connection, contact_id: int) -> list[Event]:
    """Complete, the oldest first: what the journal has of a row."""
    table = schema.events.c
    rows = connection.execute(
        select(table.at, table.event, table.detail).where(table.contact_id == contact_id).order_by(table.id)
    )
    return [Event(row.at, row.event, row.detail) for row in rows]
