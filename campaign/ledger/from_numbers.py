"""From numbers: with which one a person was called before, and how often each has called since a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from campaign.ledger import schema
from campaign.models import HARMLESS_ATTEMPTS, forms_of

# Built once, as every dial runs them.
_ATTEMPTS = schema.attempts.c
_WAS_HARMLESS = schema.is_one_of(_ATTEMPTS.state, HARMLESS_ATTEMPTS)
_USED = (
    select(_ATTEMPTS.from_number)
    .where(_ATTEMPTS.to_number.in_([bindparam("number"), bindparam("other_form")]), ~_WAS_HARMLESS)
    .order_by(_ATTEMPTS.id.desc())
)
_SINCE = select(func.count()).select_from(
    select(_ATTEMPTS.id)
    .where(
        _ATTEMPTS.from_number == bindparam("number"),
        _ATTEMPTS.intent_at >= bindparam("since"),
        ~_WAS_HARMLESS,
    )
    .limit(bindparam("most"))
    .subquery()
)


@dataclass(frozen=True, slots=True)
class Day:
    """How often a number may call in a day that has begun."""

    since: datetime
    most: int


class DayIsFullError(Exception):
    """The from number has made all its calls of the day; nothing was changed."""


def last_used(connection: Connection, to_number: str, pool: Sequence[str]) -> str | None:
    """As committed: with which number of the pool the person was called last, by any campaign.

    Reads all calls of the person, which are few.
    """
    person = {"number": to_number, "other_form": forms_of(to_number)[-1]}
    used = connection.scalars(_USED, person).all()
    return next((number for number in used if number in pool), None)


def last_used_by_all(connection: Connection, pool: Sequence[str]) -> dict[str, str]:
    """Complete, as committed: with which number of the pool each was called last, by number in each form."""
    rows = connection.execute(
        select(_ATTEMPTS.to_number, _ATTEMPTS.from_number)
        .where(_ATTEMPTS.from_number.in_(pool), ~_WAS_HARMLESS)
        .order_by(_ATTEMPTS.id)
    )
    return {form: row.from_number for row in rows for form in forms_of(row.to_number)}


def calls_of(connection: Connection, number: str, day: Day) -> int:
    """As committed: calls with this number in its day, of all campaigns; not counted beyond those allowed."""
    return connection.scalar(_SINCE, {"number": number, "since": day.since, "most": day.most}) or 0


def are_full(connection: Connection, pool: Sequence[str], day: Day) -> bool:
    """Whether every number has made its calls of the day."""
    return all(calls_of(connection, number, day) >= day.most for number in pool)


def refuse_full_day(connection: Connection, number: str, day: Day) -> None:
    """Exact in the writer's own transaction, where calls that start together see each other.

    Raises:
        DayIsFullError: The number may not make another call that day.
    """
    if calls_of(connection, number, day) >= day.most:
        raise DayIsFullError
