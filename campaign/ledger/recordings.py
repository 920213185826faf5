"""Recordings: which calls have one that a run was told to keep, and what has become of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from campaign.ledger import moves, schema
from campaign.models import Disposition

SAVED, MISSING = "recording.saved", "recording.missing"

_CALLS, _ATTEMPTS, _TABLE = schema.calls.c, schema.attempts.c, schema.recordings
_OPEN = (_TABLE.c.file == "") & (_TABLE.c.given_up == 0)
_MAY_HAVE_ONE = or_(
    _CALLS.recording_url.is_not(None),
    _CALLS.duration_seconds > 0,
    schema.is_one_of(_CALLS.disposition, [Disposition.ANSWERED, Disposition.VOICEMAIL]),
)
# Built once, as every call of a run that keeps recordings runs them.
_WANTED = (
    select(
        _CALLS.call_id,
        _CALLS.attempt_id,
        _ATTEMPTS.campaign_id,
        _ATTEMPTS.contact_id,
        schema.contacts.c.row_number,
        _CALLS.ended_at,
    )
    .select_from(schema.calls)
    .join(schema.attempts)
    .join(schema.contacts)
    .outerjoin(_TABLE, _TABLE.c.call_id == _CALLS.call_id)
    .where(
        _CALLS.settled_at.is_not(None),
        or_(
            _OPEN & (_TABLE.c.wanted_at > bindparam("since")),
            _TABLE.c.call_id.is_(None) & (_ATTEMPTS.campaign_id == bindparam("campaign")) & _MAY_HAVE_ONE,
        ),
    )
    .order_by(_CALLS.id)
)
_KNOWN = select(_TABLE.c.tries).where(_TABLE.c.call_id == bindparam("call"))
_NEW = insert(_TABLE)
_CHANGE = update(_TABLE).where(_TABLE.c.call_id == bindparam("call"))
_NEW_LINK = update(schema.calls).where(_CALLS.call_id == bindparam("call"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call whose recording is to be kept."""

    call_id: str
    attempt_id: int
    campaign_id: int
    contact_id: int
    row_number: int
    ended_at: datetime | None = None


def wanted(connection: Connection, campaign_id: int, *, since: datetime) -> list[Wanted]:
    """Complete: settled calls of the campaign that may have a recording, and those that a run has left open.

    The latter are of any campaign of the ledger, as nobody else would try them again.

    Args:
        connection: A reading one.
        campaign_id: The campaign that is run.
        since: Of other campaigns, and of earlier tries, those that were wanted first after this.
    """
    rows = connection.execute(_WANTED, {"campaign": campaign_id, "since": since}).mappings()
    return [Wanted(**row) for row in rows]


def want(connection: Connection, call_id: str, now: datetime) -> None:
    """Once: from now on runs try to keep this call's recording."""
    if connection.scalar(_KNOWN, {"call": call_id}) is None:
        connection.execute(_NEW, {"call_id": call_id, "wanted_at": now})


def record_saved(
    connection: Connection, recording: Wanted, *, file: str, link: str | None, now: datetime
) -> None:
    """Journalled: the recording is in the folder.

    Args:
        connection: The writer's.
        recording: Which.
        file: Its name there.
        link: Where it came from; None when it was there already.
        now: The time that is kept.
    """
    want(connection, recording.call_id, now)
    connection.execute(_CHANGE, {"call": recording.call_id, "file": file, "given_up": 0})
    if link is not None:
        connection.execute(_NEW_LINK, {"call": recording.call_id, "recording_url": link})
    _journal(connection, recording, SAVED, file, now)


def record_missing(
    connection: Connection, recording: Wanted, *, why: str, most_tries: int, now: datetime
) -> None:
    """Journalled: this run could not get it.

    Args:
        connection: The writer's.
        recording: Which.
        why: Without the link, which is as good as the recording.
        most_tries: After so many runs it is given up.
        now: The time that is kept.
    """
    want(connection, recording.call_id, now)
    tries = (connection.scalar(_KNOWN, {"call": recording.call_id}) or 0) + 1
    given_up = int(tries >= most_tries)
    connection.execute(_CHANGE, {"call": recording.call_id, "tries": tries, "given_up": given_up})
    _journal(connection, recording, MISSING, why, now)


def _journal(connection: Connection, recording: Wanted, event: str, detail: str, now: datetime) -> None:
    details: dict[str, Any] = {
        "campaign_id": recording.campaign_id,
        "contact_id": recording.contact_id,
        "attempt_id": recording.attempt_id,
    }
    moves.journal(connection, now, event, detail=detail, **details)
