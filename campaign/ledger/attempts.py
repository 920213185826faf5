"""Attempts: the intention to dial, and the four ends of its create-call request."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, exists, func, insert, select, update

from campaign.ledger import moves, schema
from campaign.models import E164, HARMLESS_ATTEMPTS, AttemptState, RowStatus, TranscriptStatus


@dataclass(frozen=True, slots=True)
class DueContact:
    """A waiting row whose time has come."""

    contact_id: int
    row_number: int
    to_number: E164
    variables: dict[str, str]
    time_zones: tuple[str, ...]
    tries: int
    """Earlier tries that count."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger knows about a person at the moment of dialling."""

    suppressed_because: str | None
    recent_calls: tuple[datetime, ...]
    """Calls from other campaigns, the oldest first."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """An attempt whose create-call request was sent, and whose fate is unknown."""

    attempt_id: int
    row_number: int
    token: str
    to_number: str
    from_number: str
    agent_id: str
    intent_at: datetime
    looks: int
    """Complete looks through the provider's list that did not find it."""


def due(
    connection: Connection, campaign_id: int, now: datetime, *, skip: Collection[int], limit: int
) -> list[DueContact]:
    """In the list's order: waiting rows that may be dialled now, without those in `skip`."""
    table = schema.contacts.c
    rows = connection.execute(
        select(schema.contacts, tries_of(table.id).label("tries"))
        .where(
            table.campaign_id == campaign_id,
            table.status == RowStatus.WAITING,
            (table.not_before.is_(None)) | (table.not_before <= now),
        )
        .order_by(table.position)
        .limit(limit + len(skip))
    )
    return [
        DueContact(
            contact_id=row.id,
            row_number=row.row_number,
            to_number=E164(row.to_number),
            variables=row.variables,
            time_zones=tuple(row.time_zones),
            tries=row.tries,
        )
        for row in rows
        if row.id not in skip
    ][:limit]


def tries_of(contact_id: ColumnElement[int]) -> ScalarSelect[int]:
    """The number of a contact's attempts that count, as part of a query."""
    table = schema.attempts.alias("tried")
    return (
        select(func.count())
        .select_from(table)
        .where(table.c.contact_id == contact_id, table.c.state.not_in(HARMLESS_ATTEMPTS))
        .scalar_subquery()
    )


def next_due(connection: Connection, campaign_id: int) -> datetime | None:
    """The earliest time at which a waiting row may be dialled; None when no row has to wait for one."""
    table = schema.contacts.c
    earliest: datetime | None = connection.scalar(
        select(func.min(table.not_before)).where(
            table.campaign_id == campaign_id, table.status == RowStatus.WAITING
        )
    )
    return earliest


def standing(connection: Connection, *, campaign_id: int, to_number: str, since: datetime) -> Standing:
    """As committed: whether the person is suppressed, and when other campaigns called since `since`."""
    because = connection.scalar(
        select(schema.suppression.c.reason).where(schema.suppression.c.to_number == to_number)
    )
    table = schema.attempts.c
    calls = connection.scalars(
        select(table.intent_at)
        .where(
            table.to_number == to_number,
            table.intent_at >= since,
            table.state.not_in(HARMLESS_ATTEMPTS),
            table.campaign_id != campaign_id,
        )
        .order_by(table.intent_at)
    )
    return Standing(because, tuple(calls))


def recent_calls(
    connection: Connection, *, campaign_id: int | None, since: datetime
) -> dict[str, list[datetime]]:
    """As committed: for each number, when campaigns other than this one called since `since`."""
    table = schema.attempts.c
    rows = connection.execute(
        select(table.to_number, table.intent_at)
        .where(
            table.intent_at >= since,
            table.state.not_in(HARMLESS_ATTEMPTS),
            table.campaign_id != (campaign_id or 0),
        )
        .order_by(table.intent_at)
    )
    calls: dict[str, list[datetime]] = {}
    for to_number, intent_at in rows:
        calls.setdefault(to_number, []).append(intent_at)
    return calls


def record_intent(
    connection: Connection,
    contact_id: int,
    *,
    token: str,
    to_number: str,
    from_number: str,
    agent_id: str,
    now: datetime,
) -> tuple[int, int]:
    """Before the request, or no request: the attempt is unique, and the row is taken from `waiting`.

    Returns:
        The id of the attempt, and its number within the contact.

    Raises:
        IllegalMoveError: The row is not waiting (another worker was first).
    """
    campaign_id = moves.move_row(connection, contact_id, to=RowStatus.DIALING, now=now)
    table = schema.attempts
    highest = select(func.coalesce(func.max(table.c.number), 0)).where(table.c.contact_id == contact_id)
    attempt_id, number = connection.execute(
        insert(table)
        .values(
            campaign_id=campaign_id,
            contact_id=contact_id,
            number=highest.scalar_subquery() + 1,
            token=token,
            to_number=to_number,
            from_number=from_number,
            agent_id=agent_id,
            state=AttemptState.DIALING,
            intent_at=now,
        )
        .returning(table.c.id, table.c.number)
    ).one()
    moves.journal(
        connection,
        now,
        "call.intended",
        campaign_id=campaign_id,
        contact_id=contact_id,
        attempt_id=attempt_id,
    )
    return attempt_id, number


def record_placed(
    connection: Connection, attempt_id: int, *, call_ids: Collection[str], now: datetime
) -> bool:
    """Nothing lost: the ids that the provider gave are on disk, and the call is live.

    Args:
        call_ids: One id; several when the provider made several calls of one request.

    Returns:
        False when an id belongs to another attempt already. The attempt then stays in doubt.
    """
    taken = connection.scalar(select(exists().where(schema.calls.c.call_id.in_(call_ids))))
    if taken:
        state = connection.scalar(select(schema.attempts.c.state).where(schema.attempts.c.id == attempt_id))
        if state == AttemptState.DIALING:
            record_in_doubt(connection, attempt_id, error="the API gave the id of another call", now=now)
        return False
    attempt = moves.move_attempt(
        connection, attempt_id, to=AttemptState.LIVE, now=now, event="call.placed", detail=" ".join(call_ids)
    )
    moves.move_row(connection, attempt.contact_id, to=RowStatus.LIVE, now=now)
    connection.execute(
        insert(schema.calls),
        [
            {
                "call_id": call_id,
                "attempt_id": attempt_id,
                "placed_at": now,
                "transcript_status": TranscriptStatus.PENDING,
            }
            for call_id in call_ids
        ],
    )
    return True


def record_not_called(
    connection: Connection,
    attempt_id: int,
    *,
    state: AttemptState,
    error: str,
    now: datetime,
    not_before: datetime | None = None,
) -> None:
    """Certainly nobody was called: the row waits again, and the attempt does not count as a try."""
    attempt = moves.move_attempt(
        connection, attempt_id, to=state, now=now, event=f"call.{state}", detail=error, error=error
    )
    moves.move_row(connection, attempt.contact_id, to=RowStatus.WAITING, now=now, not_before=not_before)


def record_refused(connection: Connection, attempt_id: int, *, error: str, now: datetime) -> None:
    """Final: the API refused this row, and nobody was called."""
    attempt = moves.move_attempt(
        connection,
        attempt_id,
        to=AttemptState.TURNED_AWAY,
        now=now,
        event="call.refused",
        detail=error,
        error=error,
    )
    moves.move_row(
        connection, attempt.contact_id, to=RowStatus.REFUSED, now=now, reason="OneInbox refused this row"
    )


def record_in_doubt(connection: Connection, attempt_id: int, *, error: str, now: datetime) -> None:
    """No second request while this stands: the person may have been called."""
    attempt = moves.move_attempt(
        connection,
        attempt_id,
        to=AttemptState.IN_DOUBT,
        now=now,
        event="call.in_doubt",
        detail=error,
        error=error,
    )
    moves.move_row(
        connection,
        attempt.contact_id,
        to=RowStatus.IN_DOUBT,
        now=now,
        reason="the request was sent and the reply was lost",
    )


def doubt_interrupted(connection: Connection, campaign_id: int, now: datetime) -> int:
    """Only under the run lock: what a dead run left in the middle of a request is in doubt, never retried.

    Returns:
        How many attempts were found.
    """
    attempts = connection.scalars(
        select(schema.attempts.c.id)
        .join(schema.contacts)
        .where(schema.contacts.c.campaign_id == campaign_id, schema.attempts.c.state == AttemptState.DIALING)
    ).all()
    for attempt_id in attempts:
        record_in_doubt(connection, attempt_id, error="the run ended during the request", now=now)
    return len(attempts)


def doubts(connection: Connection, campaign_id: int) -> list[Doubt]:
    """Complete: every attempt of the campaign that is in doubt."""
    rows = connection.execute(
        select(schema.attempts, schema.contacts.c.row_number)
        .join(schema.contacts)
        .where(schema.attempts.c.campaign_id == campaign_id, schema.attempts.c.state == AttemptState.IN_DOUBT)
        .order_by(schema.attempts.c.id)
    )
    return [
        Doubt(
            row.id,
            row.row_number,
            row.token,
            row.to_number,
            row.from_number,
            row.agent_id,
            row.intent_at,
            row.looks,
        )
        for row in rows
    ]


def record_look(connection: Connection, attempt_ids: Collection[int]) -> None:
    """Counted on disk: a complete look through the provider's list did not find these."""
    connection.execute(
        update(schema.attempts)
        .where(schema.attempts.c.id.in_(attempt_ids))
        .values(looks=schema.attempts.c.looks + 1)
    )


def give_up(connection: Connection, attempt_id: int, *, reason: str, now: datetime) -> None:
    """For a human: the fate of the attempt stays unknown, and the program never dials for it again."""
    attempt = moves.move_attempt(
        connection,
        attempt_id,
        to=AttemptState.NEEDS_REVIEW,
        now=now,
        event="call.needs_review",
        detail=reason,
    )
    moves.move_row(connection, attempt.contact_id, to=RowStatus.NEEDS_REVIEW, now=now, reason=reason)


def hold(
    connection: Connection,
    contact_id: int,
    *,
    status: RowStatus,
    reason: str,
    now: datetime,
    not_before: datetime | None,
) -> None:
    """A gate said no: the row waits until a time, or is final with the gate's reason."""
    if status is not RowStatus.WAITING:
        moves.move_row(connection, contact_id, to=status, now=now, reason=reason)
        return
    table: Any = schema.contacts
    connection.execute(
        update(table)
        .where(table.c.id == contact_id, table.c.status == RowStatus.WAITING)
        .values(reason=reason, not_before=not_before, changed_at=now)
    )
