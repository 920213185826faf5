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
