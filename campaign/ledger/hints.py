"""Hints: what a listener in another process leaves for the run. A hint says where to look, and no more."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from campaign.ledger import schema

KEPT_FOR = timedelta(hours=1)

_CALLS, _RECORDINGS = schema.calls.c, schema.recordings.c
_KNOWN = (
    select(_CALLS.call_id, _CALLS.settled_at, _RECORDINGS.file, _RECORDINGS.given_up)
    .select_from(schema.calls)
    .outerjoin(schema.recordings, _RECORDINGS.call_id == _CALLS.call_id)
    .where(_CALLS.call_id.in_(bindparam("call_ids", expanding=True)))
)
_NEWS = (
    select(schema.hints.c.serial, schema.hints.c.call_id)
    .where(schema.hints.c.serial > bindparam("since"))
    .order_by(schema.hints.c.serial)
    .limit(bindparam("most"))
)
_SERIAL = select(schema.listener.c.serial)


@dataclass(frozen=True, slots=True)
class Hint:
    """Something has happened to a call."""

    serial: int
    call_id: str


def token(connection: Connection, *, new: str, now: datetime, renew: bool = False) -> str:
    """Made once: the part of the listener's address that nobody can guess.

    Args:
        connection: The writer's.
        new: It becomes this where there is none yet.
        now: The time that is kept.
        renew: Whether it becomes `new` in any case.
    """
    first = {"number": 1, "token": new, "made_at": now}
    connection.execute(schema.insert_unless_there(schema.listener), first)
    if renew:
        connection.execute(update(schema.listener).values(token=new, made_at=now))
    return str(connection.scalar(select(schema.listener.c.token)))


def known_token(connection: Connection) -> str | None:
    """As committed; None while there is none."""
    found: str | None = connection.scalar(select(schema.listener.c.token))
    return found


def awaited(connection: Connection, call_ids: Collection[str]) -> dict[str, bool]:
    """As committed: those of these ids that are calls, and whether a run waits for news of them."""
    return {
        row.call_id: row.settled_at is None or (row.file == "" and not row.given_up)
        for row in connection.execute(_KNOWN, {"call_ids": list(call_ids)})
    }


def leave(connection: Connection, call_ids: Collection[str], now: datetime) -> None:
    """One hint for each of these calls, newer than all others. Old ones are cleared away.

    The calls are in the ledger, and it has a token: only the listener that made it leaves hints.
    """
    ids = list(dict.fromkeys(call_ids))
    connection.execute(
        delete(schema.hints).where(or_(schema.hints.c.at < now - KEPT_FOR, schema.hints.c.call_id.in_(ids)))
    )
    first = (connection.scalar(_SERIAL) or 0) + 1
    connection.execute(
        insert(schema.hints),
        [{"call_id": call_id, "serial": first + at, "at": now} for at, call_id in enumerate(ids)],
    )
    connection.execute(update(schema.listener).values(serial=first + len(ids) - 1))


def latest(connection: Connection) -> int:
    """The serial of the newest hint; 0 before the first one."""
    return connection.scalar(_SERIAL) or 0


def news(connection: Connection, since: int, *, most: int) -> list[Hint]:
    """As committed: the hints after this serial, the oldest first; of a call the newest only."""
    return [Hint(*row) for row in connection.execute(_NEWS, {"since": since, "most": most})]
