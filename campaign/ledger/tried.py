"""Tries: what the ledger knows of how often, and with what ends, a campaign has tried its people."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, select

from campaign.ledger import schema
from campaign.ledger.late import LONGEST
from campaign.models import (
    HARMLESS_ATTEMPTS,
    Disposition,
    Ending,
    RowStatus,
    Tries,
    Try,
    plain,
    plausible_end,
)

_CONTACTS, _ATTEMPTS, _CALLS = schema.contacts.c, schema.attempts.c, schema.calls.c


def _query(*conditions: Any, is_outer: bool) -> Select[Any]:
    """A row for each call of each attempt that counts, and one for an attempt without a call."""
    was_harmless = schema.is_one_of(_ATTEMPTS.state, HARMLESS_ATTEMPTS)
    counts = and_(_ATTEMPTS.contact_id == _CONTACTS.id, ~was_harmless)
    return (
        select(
            _CONTACTS.id,
            _CONTACTS.to_number,
            _CONTACTS.granted_tries,
            _ATTEMPTS.number,
            _ATTEMPTS.intent_at,
            _ATTEMPTS.closed_at,
            _ATTEMPTS.disposition,
            _ATTEMPTS.no_further_try,
            _ATTEMPTS.no_further_status,
            _CALLS.placed_at,
            _CALLS.ended_at,
            _CALLS.outcome,
            _CALLS.disposition.label("call_disposition"),
            _CALLS.looks_left,
            _CALLS.settled_at,
        )
        .select_from(schema.contacts)
        .join(schema.attempts, counts, isouter=is_outer)
        .outerjoin(schema.calls, _CALLS.attempt_id == _ATTEMPTS.id)
        .where(*conditions)
        .order_by(_CONTACTS.id, _ATTEMPTS.number)
    )


# Built once, as every dial runs it.
_OF_CONTACT = _query(_CONTACTS.id == bindparam("contact"), is_outer=True)
_OF_CAMPAIGN = _query(_CONTACTS.campaign_id == bindparam("campaign"), is_outer=False)


def tries(connection: Connection, contact_id: int) -> Tries:
    """As committed: the tries of one person."""
    return _tries(list(connection.execute(_OF_CONTACT, {"contact": contact_id})))


def everybodys_tries(connection: Connection, campaign_id: int) -> dict[str, Tries]:
    """As committed: the tries of everybody who was tried, by number."""
    rows = connection.execute(_OF_CAMPAIGN, {"campaign": campaign_id})
    people = [list(person) for _, person in groupby(rows, key=lambda row: row.id)]
    return {person[0].to_number: _tries(person) for person in people if person[0].to_number}


def _tries(rows: list[Any]) -> Tries:
    attempts = (row for row in rows if row.number is not None)
    made = tuple(_try(list(calls)) for _, calls in groupby(attempts, key=lambda row: row.number))
    return Tries(made, next((row.granted_tries for row in rows if row.granted_tries), 0))


def _try(calls: list[Any]) -> Try:
    attempt = calls[0]
    dispositions = {Disposition(call.call_disposition) for call in calls if call.call_disposition}
    unread = [call.settled_at for call in calls if call.looks_left and not call.call_disposition]
    found = Disposition(attempt.disposition) if attempt.disposition else None
    if Disposition.ANSWERED in dispositions:
        found = Disposition.ANSWERED
    return Try(
        attempt.intent_at,
        None if attempt.closed_at is None else max(_ends(calls, attempt.closed_at)),
        found,
        frozenset(plain(call.outcome) for call in calls if call.outcome),
        frozenset(dispositions - {found}),
        _no_further(attempt),
        max(unread) + LONGEST if unread else None,
    )


def _no_further(attempt: Any) -> Ending | None:
    # What was found by an older version does not say what the row is then.
    status = RowStatus(attempt.no_further_status or RowStatus.COMPLETED)
    return Ending(status, attempt.no_further_try) if attempt.no_further_try else None


def _ends(calls: Iterable[Any], known_at: Any) -> Iterable[Any]:
    for call in calls:
        yield known_at if call.placed_at is None else plausible_end(call.placed_at, call.ended_at, known_at)
