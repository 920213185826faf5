"""Moves: the only way in which the status of a row or the state of an attempt changes."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, update
from sqlalchemy.sql.dml import ReturningUpdate

from campaign.ledger import schema
from campaign.models import (
    ATTEMPT_DECISIONS,
    ATTEMPT_MOVES,
    OPEN_ATTEMPTS,
    ROW_DECISIONS,
    ROW_MOVES,
    AttemptState,
    Hold,
    RowStatus,
)

# Statements that every dial runs are built once: building them takes longer than running them.
_JOURNAL = insert(schema.events)


@cache
def _row_move(to: RowStatus, by_human: bool) -> ReturningUpdate[Any]:
    legal = ROW_DECISIONS if by_human else ROW_MOVES
    origins = [status for status, targets in legal.items() if to in targets]
    table = schema.contacts
    return (
        update(table)
        .where(table.c.id == bindparam("contact"), schema.is_one_of(table.c.status, origins))
        .returning(table.c.campaign_id)
    )


@cache
def _attempt_move(to: AttemptState, by_human: bool) -> ReturningUpdate[Any]:
    legal = ATTEMPT_DECISIONS if by_human else ATTEMPT_MOVES
    origins = [state for state, targets in legal.items() if to in targets]
    table = schema.attempts
    return (
        update(table)
        .where(table.c.id == bindparam("attempt"), schema.is_one_of(table.c.state, origins))
        .returning(table.c.contact_id, table.c.campaign_id)
    )


class IllegalMoveError(Exception):
    """A row or an attempt is not where the verb expected it; nothing was changed. A fault in this program."""


def move_row(
    connection: Connection,
    contact_id: int,
    *,
    to: RowStatus,
    now: datetime,
    reason: str = "",
    not_before: datetime | None = None,
    hold: Hold | None = None,
    by_human: bool = False,
) -> int:
    """Legal or nothing: the row changes only from a status that may become `to`.

    Whether it may depends on who moves it: the program, or a human who decides about a row in review.

    Returns:
        The id of its campaign.

    Raises:
        IllegalMoveError: It stands elsewhere, or there is no such row.
    """
    campaign_id: int | None = connection.scalar(
        _row_move(to, by_human),
        {
            "contact": contact_id,
            "status": to,
            "reason": reason,
            "not_before": not_before,
            "hold": hold,
            "changed_at": now,
        },
    )
    if campaign_id is None:
        raise IllegalMoveError(f"contact {contact_id} cannot become {to}")
    return campaign_id


def move_attempt(
    connection: Connection,
    attempt_id: int,
    *,
    to: AttemptState,
    now: datetime,
    event: str,
    detail: str = "",
    by_human: bool = False,
    **values: Any,
) -> Row[Any]:
    """Legal or nothing, and always journalled: the attempt changes only from a state that may become `to`.

    Whether it may depends on who moves it, as for its row.

    Returns:
        Its `contact_id` and `campaign_id`.

    Raises:
        IllegalMoveError: It stands elsewhere, or there is no such attempt.
    """
    closed_at = None if to in OPEN_ATTEMPTS or to is AttemptState.NEEDS_REVIEW else now
    attempt = connection.execute(
        _attempt_move(to, by_human), {"attempt": attempt_id, "state": to, "closed_at": closed_at, **values}
    ).one_or_none()
    if attempt is None:
        raise IllegalMoveError(f"attempt {attempt_id} cannot become {to}")
    journal(
        connection,
        now,
        event,
        campaign_id=attempt.campaign_id,
        contact_id=attempt.contact_id,
        attempt_id=attempt_id,
        detail=detail,
    )
    return attempt


def journal(
    connection: Connection,
    now: datetime,
    event: str,
    *,
    campaign_id: int,
    contact_id: int | None = None,
    attempt_id: int | None = None,
    detail: str = "",
) -> None:
    """Kept for ever: one line of what happened, in the same transaction as the change itself."""
    connection.execute(
        _JOURNAL,
        {
            "at": now,
            "event": event,
            "campaign_id": campaign_id,
            "contact_id": contact_id,
            "attempt_id": attempt_id,
            "detail": detail,
        },
    )
