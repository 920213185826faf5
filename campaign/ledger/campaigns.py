"""Campaigns and their rows: a list becomes a campaign once, and may be amended later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from campaign.ledger import moves, schema
from campaign.models import FINAL_STATUSES, Contact, Hold, Intake, RejectedRow, RowStatus

NO_LONGER_IN_LIST = "no longer in the list"
_NOBODY = (RowStatus.REJECTED, RowStatus.DUPLICATE)
"""Rows behind which no person of the campaign stands."""


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """A campaign as the ledger remembers it."""

    id: int
    name: str
    agent_id: str
    list_path: str
    list_fingerprint: str
    headers: tuple[str, ...]
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Amendment:
    """How a list differs from the one that the campaign knows."""

    added: int
    """People who are new."""
    changed: int
    """People who stay, with other cells. Nobody of them is called again for that."""
    removed: int
    """People who are gone. Those who were not called yet will not be."""

    @property
    def matters(self) -> bool:
        """Whether it changes anything for a person."""
        return bool(self.added or self.changed or self.removed)


def find(connection: Connection, name: str) -> CampaignRecord | None:
    """Exact: the campaign of this name, or None."""
    row = connection.execute(select(schema.campaigns).where(schema.campaigns.c.name == name)).one_or_none()
    return _record(row) if row else None


def newest(connection: Connection) -> list[CampaignRecord]:
    """Complete: every campaign of the ledger, the newest first."""
    rows = connection.execute(select(schema.campaigns).order_by(schema.campaigns.c.started_at.desc()))
    return [_record(row) for row in rows]


def find_unfinished(
    connection: Connection, *, name_pattern: str, fingerprint: str, since: datetime
) -> CampaignRecord | None:
    """The newest unfinished campaign from this name pattern and this very list, started after `since`.

    A run that was killed before midnight is continued after midnight under the name of its first start.
    """
    table = schema.campaigns.c
    row = connection.execute(
        select(schema.campaigns)
        .where(
            table.name_pattern == name_pattern,
            table.list_fingerprint == fingerprint,
            table.finished_at.is_(None),
            table.started_at >= since,
        )
        .order_by(table.started_at.desc())
        .limit(1)
    ).one_or_none()
    return _record(row) if row else None


def start(
    connection: Connection, *, name: str, name_pattern: str, agent_id: str, intake: Intake, now: datetime
) -> int:
    """Whole or not at all: the campaign and every row of its list, each exactly once.

    Returns:
        The id of the campaign.
    """
    campaign_id: int = connection.execute(
        insert(schema.campaigns)
        .values(
            name=name,
            name_pattern=name_pattern,
            agent_id=agent_id,
            list_path=intake.path,
            list_fingerprint=intake.fingerprint,
            headers=list(intake.headers),
            started_at=now,
        )
        .returning(schema.campaigns.c.id)
    ).scalar_one()
    rows = [_values(campaign_id, at, row, now) for at, row in enumerate(intake.rows)]
    connection.execute(insert(schema.contacts), rows)
    moves.journal(connection, now, "campaign.started", campaign_id=campaign_id, detail=f"{len(rows)} rows")
    return campaign_id


def compare(connection: Connection, campaign_id: int, intake: Intake) -> Amendment:
    """Changes nothing: how this list differs from the one that the campaign knows."""
    known = _people(connection, campaign_id)
    listed = {number for number, person in known.items() if person.in_list}
    coming = {contact.to_number: contact for contact in intake.contacts}
    return Amendment(
        added=sum(number not in listed for number in coming),
        changed=sum(
            number in listed and _differs(known[number], contact) for number, contact in coming.items()
        ),
        removed=sum(number not in coming for number in listed),
    )


def _differs(person: Any, contact: Contact) -> bool:
    now = (list(contact.row.cells), dict(contact.variables), list(contact.time_zones))
    return now != (person.cells, person.variables, person.time_zones)


def amend(connection: Connection, campaign_id: int, intake: Intake, now: datetime) -> Amendment:
    """Nobody who was dialled becomes diallable again: people keep their state, whatever the list now says.

    New people are added, people who are gone and were not called are stopped, and every row takes the
    place that it has in the new list.
    """
    amendment = compare(connection, campaign_id, intake)
    table = schema.contacts
    old_headers = (
        connection.scalar(select(schema.campaigns.c.headers).where(schema.campaigns.c.id == campaign_id))
        or []
    )
    # A person is told by the number; all else of the old list goes, as nothing ever happened to it.
    connection.execute(
        delete(table).where(
            table.c.campaign_id == campaign_id,
            table.c.status.in_(_NOBODY),
        )
    )
    # Out of the way of the new positions.
    connection.execute(
        update(table).where(table.c.campaign_id == campaign_id).values(position=-1 - table.c.position)
    )
    known = _people(connection, campaign_id)
    new_rows: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    for at, row in enumerate(intake.rows):
        person = known.pop(row.to_number, None) if isinstance(row, Contact) else None
        values = _values(campaign_id, at, row, now)
        if person is None:
            new_rows.append(values)
            continue
        if person.status == RowStatus.STOPPED and person.reason == NO_LONGER_IN_LIST:
            moves.move_row(
                connection,
                person.id,
                to=RowStatus.WAITING,
                now=now,
                not_before=person.not_before,
                hold=person.hold,
            )
        fields = ("position", "row_number", "cells", "variables", "time_zones")
        kept.append({"contact": person.id, **{f"new_{field}": values[field] for field in fields}})
    for at, person in enumerate(known.values(), start=len(intake.rows)):
        if person.status == RowStatus.WAITING:
            moves.move_row(
                connection,
                person.id,
                to=RowStatus.STOPPED,
                now=now,
                reason=NO_LONGER_IN_LIST,
                not_before=person.not_before,
                hold=person.hold,
            )
        # The row may still be in the result, so its cells take the columns of the new list.
        named = dict(zip(_each_once(old_headers), person.cells, strict=False))
        cells = [named.get(header, "") for header in _each_once(intake.headers)]
        connection.execute(
            update(table).where(table.c.id == person.id).values(position=at, in_list=0, cells=cells)
        )
    if kept:
        connection.execute(
            update(table)
            .where(table.c.id == bindparam("contact"))
            .values(
                position=bindparam("new_position"),
                row_number=bindparam("new_row_number"),
                cells=bindparam("new_cells"),
                variables=bindparam("new_variables"),
                time_zones=bindparam("new_time_zones"),
                in_list=1,
            ),
            kept,
        )
    if new_rows:
        connection.execute(insert(table), new_rows)
    connection.execute(
        update(schema.campaigns)
        .where(schema.campaigns.c.id == campaign_id)
        .values(
            list_path=intake.path,
            list_fingerprint=intake.fingerprint,
            headers=list(intake.headers),
            finished_at=None,
        )
    )
    moves.journal(
        connection,
        now,
        "campaign.amended",
        campaign_id=campaign_id,
        detail=f"{amendment.added} added, {amendment.changed} changed, {amendment.removed} removed",
    )
    return amendment


def _each_once(headers: Sequence[str]) -> list[tuple[str, int]]:
    """Headers told apart by how often they came before, as columns without a name are alike."""
    return [(header, headers[:at].count(header)) for at, header in enumerate(headers)]


def finish_settled(connection: Connection, now: datetime) -> None:
    """Recorded once for each campaign: every row of it is final."""
    table = schema.contacts.c
    unfinished = (
        select(table.id)
        .where(table.campaign_id == schema.campaigns.c.id, table.status.not_in(FINAL_STATUSES))
        .exists()
    )
    finished = connection.scalars(
        update(schema.campaigns)
        .where(schema.campaigns.c.finished_at.is_(None), ~unfinished)
        .values(finished_at=now)
        .returning(schema.campaigns.c.id)
    ).all()
    for campaign_id in finished:
        moves.journal(connection, now, "campaign.finished", campaign_id=campaign_id)
    # A late look may have brought a row back to life.
    connection.execute(
        update(schema.campaigns)
        .where(schema.campaigns.c.finished_at.is_not(None), unfinished)
        .values(finished_at=None)
    )


def counts(connection: Connection, campaign_id: int) -> dict[RowStatus, int]:
    """Adds up: the rows of the campaign by status, each row counted once."""
    table = schema.contacts.c
    rows = connection.execute(
        select(table.status, func.count())
        .where(table.campaign_id == campaign_id, in_result())
        .group_by(table.status)
    )
    return {RowStatus(status): number for status, number in rows}


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """Where a person of a campaign stands."""

    status: RowStatus
    retry_at: datetime | None
    """The time of the next try, when one is due later."""


def people(connection: Connection, campaign_id: int) -> dict[str, PersonRecord]:
    """Complete: where each person of the campaign stands, by number."""
    table = schema.contacts.c
    rows = connection.execute(
        select(table.to_number, table.status, table.not_before, table.hold).where(
            table.campaign_id == campaign_id, table.status.not_in(_NOBODY)
        )
    )
    return {
        row.to_number: PersonRecord(RowStatus(row.status), row.not_before if row.hold == Hold.RETRY else None)
        for row in rows
    }


def in_result() -> Any:
    """Which rows belong in the result: those of the list, and those that were called before they left it."""
    table = schema.contacts.c
    called = select(schema.attempts.c.id).where(schema.attempts.c.contact_id == table.id).exists()
    return or_(table.in_list == 1, called)


def _people(connection: Connection, campaign_id: int) -> dict[str, Any]:
    table = schema.contacts.c
    rows = connection.execute(
        select(schema.contacts).where(
            table.campaign_id == campaign_id,
            table.status.not_in(_NOBODY),
        )
    )
    return {row.to_number: row for row in rows}


def _values(campaign_id: int, position: int, row: Contact | RejectedRow, now: datetime) -> dict[str, Any]:
    common = {
        "campaign_id": campaign_id,
        "position": position,
        "row_number": row.row.number,
        "to_number": str(row.to_number) if row.to_number else None,
        "cells": list(row.row.cells),
        "changed_at": now,
    }
    if isinstance(row, Contact):
        return common | {
            "variables": dict(row.variables),
            "time_zones": list(row.time_zones),
            "status": RowStatus.WAITING,
            "reason": "",
        }
    reason = f"{row.column}: {row.reason}" if row.column else row.reason
    return common | {"variables": {}, "time_zones": [], "status": row.status, "reason": reason}


def _record(row: Any) -> CampaignRecord:
    return CampaignRecord(
        id=row.id,
        name=row.name,
        agent_id=row.agent_id,
        list_path=row.list_path,
        list_fingerprint=row.list_fingerprint,
        headers=tuple(row.headers),
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
