"""Suppression: people who must not be called, in any campaign of this ledger, and who has decided so."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, exists, insert, select

from campaign.ledger import schema
from campaign.models import E164, forms_of

BATCH = 500
"""So many numbers are looked up at a time; databases limit the values of one statement."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One person who must not be called."""

    to_number: E164
    reason: str
    added_at: datetime


def suppress(
    connection: Connection, numbers: Collection[str], *, reason: str, now: datetime, who: str = ""
) -> int:
    """For ever, and journalled: these are suppressed; those that were already keep their first reason.

    Args:
        numbers: In E.164.
        reason: Why, for the result file and for whoever asks later.
        now: The time that is kept.
        who: Who has decided so; empty for the program itself.

    Returns:
        How many numbers are new.
    """
    # Sorted, so that of two lists none waits for a number of the other that comes later in its own.
    people = [{"to_number": number, "reason": reason, "added_at": now} for number in sorted(set(numbers))]
    insert_new = schema.insert_unless_there(schema.suppression).returning(schema.suppression.c.to_number)
    new = connection.scalars(insert_new, people).all() if people else []
    if new:
        _journal(connection, new, change="added", reason=reason, who=who, now=now)
    return len(new)


def unsuppress(
    connection: Connection, numbers: Collection[str], *, reason: str, now: datetime, who: str
) -> list[str]:
    """Journalled: these may be called again, in whichever form the number is written.

    Rows that were suppressed in a campaign stay so there.

    Returns:
        The numbers that were suppressed, as they were, in the order given.
    """
    forms = list(dict.fromkeys(form for number in numbers for form in forms_of(number)))
    column = schema.suppression.c.to_number
    gone = {
        number
        for batch in _batches(forms)
        for number in connection.scalars(
            delete(schema.suppression).where(column.in_(batch)).returning(column)
        )
    }
    removed = [form for form in forms if form in gone]
    if removed:
        _journal(connection, removed, change="removed", reason=reason, who=who, now=now)
    return removed


def suppressed(connection: Connection) -> dict[str, str]:
    """Complete: every suppressed number in each of its forms, with the reason."""
    rows = connection.execute(select(schema.suppression.c.to_number, schema.suppression.c.reason)).all()
    forms = {form: row.reason for row in rows for form in forms_of(row.to_number)}
    return forms | {row.to_number: row.reason for row in rows}


def is_suppressed(connection: Connection, number: str) -> bool:
    """As committed: whether this person must not be called, in whichever form the number is written."""
    is_listed = exists().where(schema.suppression.c.to_number.in_(forms_of(number)))
    return bool(connection.scalar(select(is_listed)))


def everybody(connection: Connection) -> list[Suppressed]:
    """Complete, the newest first."""
    table = schema.suppression.c
    rows = connection.execute(select(schema.suppression).order_by(table.added_at.desc(), table.to_number))
    return [Suppressed(E164(row.to_number), row.reason, row.added_at) for row in rows]


def _batches(numbers: Sequence[str]) -> list[Sequence[str]]:
    return [numbers[at : at + BATCH] for at in range(0, len(numbers), BATCH)]


def _journal(
    connection: Connection, numbers: Sequence[str], *, change: str, reason: str, who: str, now: datetime
) -> None:
    connection.execute(
        insert(schema.suppression_changes),
        [
            {"at": now, "to_number": number, "change": change, "reason": reason, "who": who}
            for number in numbers
        ],
    )
