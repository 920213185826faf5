"""Campaigns and their rows: a list becomes a campaign once, is found again, counted and finished."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from campaign.ledger import moves, schema
from campaign.ledger.waiting import tries_of
from campaign.models import FINAL_STATUSES, Contact, Hold, Intake, RejectedRow, RowStatus, ZoneSource

NOBODY = (RowStatus.REJECTED, RowStatus.DUPLICATE)
"""Rows behind which no person of the campaign stands."""
CONSENT_EVENT = "campaign.consent"
SINGLE_CALL = "{call}"
"""The name pattern of a call outside any campaign (see `single_calls`). No campaign file can have it, as the
only placeholder there is the date."""
_BATCH = 10_000
"""Rows of one statement: a list may be larger than the memory for its values."""


def was_attempted() -> Any:
    """Which rows have an attempt, whatever became of it."""
    attempts = schema.attempts.c
    return select(attempts.id).where(attempts.contact_id == schema.contacts.c.id).exists()


def in_result() -> Any:
    """Which rows belong in the result: those of the list, and those that were called before they left it."""
    return or_(schema.contacts.c.in_list == 1, was_attempted())


# Built once, as every run and every look at the progress runs them.
_UNFINISHED = (
    select(schema.contacts.c.id)
    .where(
        schema.contacts.c.campaign_id == schema.campaigns.c.id,
        ~schema.is_one_of(schema.contacts.c.status, FINAL_STATUSES),
    )
    .exists()
)
_FINISH = (
    update(schema.campaigns)
    .where(schema.campaigns.c.finished_at.is_(None), ~_UNFINISHED)
    .values(finished_at=bindparam("now"))
    .returning(schema.campaigns.c.id)
)
_REOPEN = (
    update(schema.campaigns)
    .where(schema.campaigns.c.finished_at.is_not(None), _UNFINISHED)
    .values(finished_at=None)
)
_STARTED_AT = select(schema.campaigns.c.started_at).where(schema.campaigns.c.id == bindparam("campaign"))
_COUNTS = (
    select(schema.contacts.c.status, func.count())
    .where(schema.contacts.c.campaign_id == bindparam("campaign"), in_result())
    .group_by(schema.contacts.c.status)
)


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
    is_single_call: bool = False
    """Whether it is one call outside any campaign of a list."""


def find(connection: Connection, name: str) -> CampaignRecord | None:
    """Exact: the campaign of this name, or None."""
    row = connection.execute(select(schema.campaigns).where(schema.campaigns.c.name == name)).one_or_none()
    return _record(row) if row else None


def is_single_call(connection: Connection, campaign_id: int) -> bool:
    """Exact: whether this campaign is one call outside any campaign of a list."""
    table = schema.campaigns.c
    pattern = connection.scalar(select(table.name_pattern).where(table.id == campaign_id))
    return bool(pattern == SINGLE_CALL)


def newest(connection: Connection) -> list[CampaignRecord]:
    """Complete: every campaign of the ledger, the newest first."""
    rows = connection.execute(select(schema.campaigns).order_by(schema.campaigns.c.started_at.desc()))
    return [_record(row) for row in rows]


def find_unfinished(
    connection: Connection, *, name_pattern: str, content: str, since: datetime
) -> CampaignRecord | None:
    """The newest unfinished campaign from this name pattern and this very file, started after `since`.

    A run that was killed before midnight is continued after midnight under the name of its first start.
    """
    table = schema.campaigns.c
    row = connection.execute(
        select(schema.campaigns)
        .where(
            table.name_pattern == name_pattern,
            table.list_content == content,
            table.finished_at.is_(None),
            table.started_at >= since,
        )
        .order_by(table.started_at.desc())
        .limit(1)
    ).one_or_none()
    return _record(row) if row else None


def started_at(connection: Connection, campaign_id: int) -> datetime:
    """Exact: when the campaign was first started."""
    at: datetime = connection.scalars(_STARTED_AT, {"campaign": campaign_id}).one()
    return at


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
            list_content=intake.content,
            list_fingerprint=intake.fingerprint,
            headers=list(intake.headers),
            started_at=now,
        )
        .returning(schema.campaigns.c.id)
    ).scalar_one()
    values = (row_values(campaign_id, at, row, now) for at, row in enumerate(intake.rows))
    while batch := list(islice(values, _BATCH)):
        connection.execute(insert(schema.contacts), batch)
    moves.journal(
        connection, now, "campaign.started", campaign_id=campaign_id, detail=f"{len(intake.rows)} rows"
    )
    return campaign_id


def note_consent(connection: Connection, campaign_id: int, basis: str, now: datetime) -> None:
    """Recorded once for each basis: by what everybody on the list has agreed to be called."""
    table = schema.events.c
    latest = connection.scalar(
        select(table.detail)
        .where(table.campaign_id == campaign_id, table.event == CONSENT_EVENT)
        .order_by(table.id.desc())
        .limit(1)
    )
    if latest != basis:
        moves.journal(connection, now, CONSENT_EVENT, campaign_id=campaign_id, detail=basis)


def finish_settled(connection: Connection, now: datetime) -> None:
    """Recorded once for each campaign: every row of it is final."""
    for campaign_id in connection.scalars(_FINISH, {"now": now}).all():
        moves.journal(connection, now, "campaign.finished", campaign_id=campaign_id)
    # A late look may have brought a row back to life.
    connection.execute(_REOPEN)


def counts(connection: Connection, campaign_id: int) -> dict[RowStatus, int]:
    """Adds up: the rows of the campaign by status, each row counted once."""
    rows = connection.execute(_COUNTS, {"campaign": campaign_id})
    return {RowStatus(status): number for status, number in rows}


@dataclass(frozen=True, slots=True)
class RowRecord:
    """Where a row of a campaign stands."""

    status: RowStatus
    reason: str
    retry_at: datetime | None = None
    """The time of the next try, when one is due later."""
    tries: int = 0
    """Calls that count."""
    state: str = ""
    consent: str = ""


def people(connection: Connection, campaign_id: int) -> dict[str, RowRecord]:
    """Complete: where each person of the campaign stands, by number."""
    table = schema.contacts.c
    rows = connection.execute(
        select(
            table.to_number,
            table.status,
            table.reason,
            table.not_before,
            table.hold,
            tries_of(table.id).label("tries"),
            table.us_state,
            table.consent,
        ).where(table.campaign_id == campaign_id, table.status.not_in(NOBODY))
    )
    return {
        row.to_number: RowRecord(
            RowStatus(row.status),
            row.reason,
            row.not_before if row.hold == Hold.RETRY else None,
            row.tries,
            row.us_state or "",
            row.consent or "",
        )
        for row in rows
    }


def nobodys_rows(connection: Connection, campaign_id: int) -> dict[int, RowRecord]:
    """Complete: the rows of the list behind which no person stands, by row number."""
    table = schema.contacts.c
    rows = connection.execute(
        select(table.row_number, table.status, table.reason).where(
            table.campaign_id == campaign_id, table.status.in_(NOBODY)
        )
    )
    return {row.row_number: RowRecord(RowStatus(row.status), row.reason) for row in rows}


def row_values(campaign_id: int, position: int, row: Contact | RejectedRow, now: datetime) -> dict[str, Any]:
    """What the ledger stores of a row of a list that nothing has happened to yet, by column."""
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
            "zone_source": row.zone_source,
            "us_state": row.state or None,
            "consent": row.consent or None,
            "person_key": row.key,
            "list_not_before": row.not_before,
            "list_valid_until": row.valid_until,
            "list_from_number": row.from_number,
            "list_agent_id": row.agent_id,
            "status": RowStatus.WAITING,
            "reason": "",
        }
    reason = f"{row.column}: {row.reason}" if row.column else row.reason
    nobody: dict[str, Any] = {
        "variables": {},
        "time_zones": [],
        "zone_source": ZoneSource.NUMBER,
        "us_state": None,
        "consent": None,
        "person_key": "",
        "list_not_before": None,
        "list_valid_until": None,
        "list_from_number": None,
        "list_agent_id": None,
    }
    return common | nobody | {"status": row.status, "reason": reason}


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
        is_single_call=row.name_pattern == SINGLE_CALL,
    )
