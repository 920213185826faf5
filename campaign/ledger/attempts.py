"""Attempts: the intention to dial, and the four ends of its create-call request."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, func, insert, select, update

from campaign.ledger import from_numbers, lock, moves, schema
from campaign.ledger.from_numbers import Day
from campaign.models import AttemptState, RowStatus, TranscriptStatus

# Built once, as every dial runs them.
_HIGHEST = select(func.coalesce(func.max(schema.attempts.c.number), 0)).where(
    schema.attempts.c.contact_id == bindparam("contact")
)
_INTENT = (
    insert(schema.attempts)
    .values(number=_HIGHEST.scalar_subquery() + 1)
    .returning(schema.attempts.c.id, schema.attempts.c.number)
)
_TAKEN = select(exists().where(schema.calls.c.call_id == bindparam("call")))
_STILL_REFUSED = select(schema.contacts.c.id).where(
    schema.contacts.c.id.in_(bindparam("contacts", expanding=True)),
    schema.contacts.c.status == RowStatus.REFUSED,
)
_STATE = select(schema.attempts.c.state).where(schema.attempts.c.id == bindparam("attempt"))
_LOOKED = (
    update(schema.attempts)
    .where(schema.attempts.c.id == bindparam("attempt"))
    .values(looks=schema.attempts.c.looks + 1)
)
_NEW_CALL = insert(schema.calls)
_INTERRUPTED = select(schema.attempts.c.id).where(schema.attempts.c.state == AttemptState.DIALING)
_DOUBTS = (
    select(schema.attempts, schema.contacts.c.row_number)
    .join(schema.contacts)
    .where(schema.attempts.c.state == AttemptState.IN_DOUBT)
    .order_by(schema.attempts.c.id)
)
_LOST = (
    select(schema.attempts.c.agent_id, func.min(schema.attempts.c.intent_at))
    .where(
        schema.attempts.c.state == AttemptState.NEEDS_REVIEW,
        schema.attempts.c.intent_at > bindparam("since"),
        ~exists().where(schema.calls.c.attempt_id == schema.attempts.c.id),
    )
    .group_by(schema.attempts.c.agent_id)
)


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
    """Looks through the provider's list that did not find it."""


def record_intent(
    connection: Connection,
    contact_id: int,
    *,
    token: str,
    to_number: str,
    from_number: str,
    agent_id: str,
    now: datetime,
    evidence: str = "",
    day: Day | None = None,
    closes_at: datetime | None = None,
    epoch: int | None = None,
) -> tuple[int, int]:
    """Before the request, or no request: the attempt is unique, and the row is taken from `waiting`.

    `evidence` says what the gates looked at when they allowed this dial; it is kept in the journal.
    `day` says how often the from number may call in its day, `closes_at` when the person's hours close, and
    `epoch` by which run lock it is dialled.

    Returns:
        The id of the attempt, and its number within the contact.

    Raises:
        IllegalMoveError: The row is not waiting (another worker was first).
        DayIsFullError: Calls that started together have used up the day of the from number.
        LockLostError: Another run has the lock by now.
    """
    lock.refuse_successor(connection, epoch)
    if day is not None:
        from_numbers.refuse_full_day(connection, from_number, day)
    campaign_id = moves.move_row(connection, contact_id, to=RowStatus.DIALING, now=now)
    attempt_id, number = connection.execute(
        _INTENT,
        {
            "contact": contact_id,
            "campaign_id": campaign_id,
            "contact_id": contact_id,
            "token": token,
            "to_number": to_number,
            "from_number": from_number,
            "agent_id": agent_id,
            "state": AttemptState.DIALING,
            "intent_at": now,
            "closes_at": closes_at,
        },
    ).one()
    moves.journal(
        connection,
        now,
        "call.intended",
        campaign_id=campaign_id,
        contact_id=contact_id,
        attempt_id=attempt_id,
        detail=evidence,
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
    if any(connection.scalar(_TAKEN, {"call": call_id}) for call_id in call_ids):
        state = connection.scalar(_STATE, {"attempt": attempt_id})
        if state == AttemptState.DIALING:
            record_in_doubt(connection, attempt_id, error="the API gave the id of another call", now=now)
        return False
    attempt = moves.move_attempt(
        connection, attempt_id, to=AttemptState.LIVE, now=now, event="call.placed", detail=" ".join(call_ids)
    )
    moves.move_row(connection, attempt.contact_id, to=RowStatus.LIVE, now=now)
    connection.execute(
        _NEW_CALL,
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


def doubt_interrupted(connection: Connection, now: datetime) -> int:
    """Only under the run lock: what a dead run left in mid-request is in doubt, never retried.

    Returns:
        How many attempts were found.
    """
    attempts = connection.scalars(_INTERRUPTED).all()
    for attempt_id in attempts:
        record_in_doubt(connection, attempt_id, error="the run ended during the request", now=now)
    return len(attempts)


def doubts(connection: Connection) -> list[Doubt]:
    """Complete: every attempt that is in doubt, whichever campaign made it."""
    rows = connection.execute(_DOUBTS)
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


def lost(connection: Connection, since: datetime) -> dict[str, datetime]:
    """Complete, whichever campaign made them: requests after `since` that are left to a human without a call.

    Returns:
        By agent, when the first of them began.
    """
    return dict(connection.execute(_LOST, {"since": since}).all())


def record_look(connection: Connection, attempt_id: int) -> None:
    """Counted on disk: a look through the provider's list did not find it."""
    connection.execute(_LOOKED, {"attempt": attempt_id})


def give_up(connection: Connection, attempt_id: int, *, reason: str, now: datetime) -> None:
    """For a human: the fate of the attempt stays unknown, and the program never dials for it again.

    Done once: when another call of the same attempt was given up already, nothing changes.
    """
    state = connection.scalar(_STATE, {"attempt": attempt_id})
    if state == AttemptState.NEEDS_REVIEW:
        return
    attempt = moves.move_attempt(
        connection,
        attempt_id,
        to=AttemptState.NEEDS_REVIEW,
        now=now,
        event="call.needs_review",
        detail=reason,
    )
    moves.move_row(connection, attempt.contact_id, to=RowStatus.NEEDS_REVIEW, now=now, reason=reason)


def take_back_refusals(connection: Connection, contact_ids: Collection[int], now: datetime) -> None:
    """Rows whose refusals were not about them wait again, unless a call was found after all."""
    for contact_id in connection.scalars(_STILL_REFUSED, {"contacts": list(contact_ids)}).all():
        moves.move_row(connection, contact_id, to=RowStatus.WAITING, now=now)
