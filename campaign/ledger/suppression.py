"""Suppression: people who must not be called, in any campaign of this ledger."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, insert, select

from campaign.ledger import schema


def suppress(connection: Connection, numbers: Collection[str], *, reason: str, now: datetime) -> int:
    """For ever: these numbers are suppressed; those that were already keep their first reason.

    Returns:
        How many numbers are new.
    """
    known = set(connection.scalars(select(schema.suppression.c.to_number)))
    new = [number for number in dict.fromkeys(numbers) if number not in known]
    if new:
        connection.execute(
            insert(schema.suppression),
            [{"to_number": number, "reason": reason, "added_at": now} for number in new],
        )
    return len(new)


def suppressed(connection: Connection) -> dict[str, str]:
    """Complete: every suppressed number, with the reason."""
    rows = connection.execute(select(schema.suppression.c.to_number, schema.suppression.c.reason))
    return {row.to_number: row.reason for row in rows}
