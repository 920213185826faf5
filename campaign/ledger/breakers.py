"""Breakers: what has stopped the dialling of a campaign, since when, and who has closed it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, insert, select, update

from campaign.ledger import moves, schema
from campaign.ledger.ending import DATE
from campaign.models import AttemptState, Call, Disposition

_BREAKERS = schema.breakers.c
_OF_CAMPAIGN = _BREAKERS.campaign_id == bindparam("campaign")
_IS_OPEN = _BREAKERS.closed_at.is_(None)
_SHOWN = select(schema.breakers, schema.campaigns.c.name).join(schema.campaigns).order_by(_BREAKERS.id)
# Built once, as every run and every look at the progress of one runs them.
_OWN = schema.campaigns.alias("own")
_PATTERN = schema.campaigns.c.name_pattern
_OWN_PATTERN = select(_OWN.c.name_pattern).where(_OWN.c.id == bindparam("campaign")).scalar_subquery()
# What a human has to mend for one night is no better in the next one.
_OF_SERIES = and_(
    _BREAKERS.needs_reset == 1,
    _PATTERN.contains(DATE, autoescape=True),
    func.coalesce(_OWN_PATTERN, bindparam("pattern")) == _PATTERN,
)
_OPEN = _SHOWN.where(_IS_OPEN, _OF_CAMPAIGN | (_BREAKERS.of_account == 1) | _OF_SERIES)
_PASSING = _SHOWN.where(_IS_OPEN, _OF_CAMPAIGN, _BREAKERS.needs_reset == 0)
_LAST_OPENED = select(func.max(_BREAKERS.opened_at)).where(_OF_CAMPAIGN)
_ATTEMPTS, _CALLS = schema.attempts.c, schema.calls.c
_ENDS = (
    select(
        _ATTEMPTS.id,
        _ATTEMPTS.disposition,
        _CALLS.call_id,
        _CALLS.status,
        _CALLS.end_reason,
        _CALLS.ended_at,
        _CALLS.duration_seconds,
        _CALLS.transcript,
    )
    .select_from(schema.attempts)
    .outerjoin(schema.calls, _CALLS.attempt_id == _ATTEMPTS.id)
    .where(
        _ATTEMPTS.campaign_id == bindparam("campaign"),
        _ATTEMPTS.state.in_([AttemptState.SETTLING, AttemptState.ENDED, AttemptState.NEEDS_REVIEW]),
    )
    .order_by(_ATTEMPTS.id, _CALLS.id)
    .limit(bindparam("most"))
)
_ENDS_SINCE = _ENDS.where(_ATTEMPTS.intent_at > bindparam("since"))


@dataclass(frozen=True, slots=True)
class BreakerRecord:
    """An open breaker as the ledger remembers it."""

    id: int
    campaign: str
    """The campaign whose run it stopped."""
    rule: str
    cause: str
    cure: str
    scope: str
    subject: str
    evidence: Mapping[str, int]
    needs_reset: bool
    of_account: bool
    """Whether it holds every campaign of the ledger."""
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class EndedCall:
    """How a call of a campaign has ended."""

    call: Call | None
    """None when it was never found, or its end was never seen."""
    disposition: Disposition | None
    """None while its results are awaited."""


def record_open(
    connection: Connection,
    campaign_id: int,
    *,
    rule: str,
    cause: str,
    cure: str,
    scope: str,
    subject: str,
    evidence: Mapping[str, int],
    needs_reset: bool,
    of_account: bool,
    now: datetime,
) -> None:
    """Once, and journalled: what has stopped dialling is known to every later run."""
    already = select(_BREAKERS.id).where(
        _IS_OPEN,
        _BREAKERS.campaign_id == campaign_id,
        _BREAKERS.rule == rule,
        _BREAKERS.scope == scope,
        _BREAKERS.subject == subject,
    )
    if connection.scalar(already) is None:
        connection.execute(
            insert(schema.breakers).values(
                campaign_id=campaign_id,
                rule=rule,
                cause=cause,
                cure=cure,
                scope=scope,
                subject=subject,
                evidence=dict(evidence),
                needs_reset=int(needs_reset),
                of_account=int(of_account),
                opened_at=now,
            )
        )
        moves.journal(connection, now, "breaker.opened", campaign_id=campaign_id, detail=f"{rule}: {cause}")


def open_breakers(
    connection: Connection, campaign_id: int | None, *, name_pattern: str = ""
) -> list[BreakerRecord]:
    """Complete: what is open for a campaign, its own and what others have met that holds it as well.

    That is what concerns the account, and what a human has to close for a campaign of the same dated name.

    Args:
        connection: To the ledger.
        campaign_id: The campaign; None for one that has not been started yet.
        name_pattern: The name of that one in the campaign file.
    """
    values = {"campaign": campaign_id or 0, "pattern": name_pattern}
    return [_record(row) for row in connection.execute(_OPEN, values)]


def begin_run(connection: Connection, campaign_id: int, now: datetime) -> list[BreakerRecord]:
    """Every run starts closed, but for what a human has to close. Returns what stays open."""
    for row in connection.execute(_PASSING, {"campaign": campaign_id}).all():
        _close(connection, row, "", "the next run has begun", now)
    return open_breakers(connection, campaign_id)


def close_rule(connection: Connection, campaign_id: int, rule: str, *, because: str, now: datetime) -> None:
    """Journalled: what has opened for this reason has passed."""
    passed = _PASSING.where(_BREAKERS.rule == rule)
    for row in connection.execute(passed, {"campaign": campaign_id}).all():
        _close(connection, row, "", because, now)


def reset(
    connection: Connection, campaign_id: int, *, who: str, reason: str, now: datetime
) -> list[BreakerRecord]:
    """All or nothing, and journalled: a human closes what holds a campaign. The caller holds the run lock.

    Returns:
        What was closed, those of the account and of its dated name included, whichever campaign met them.
    """
    rows = connection.execute(_OPEN, {"campaign": campaign_id, "pattern": ""}).all()
    for row in rows:
        _close(connection, row, who, reason, now)
    return [_record(row) for row in rows]


def first_ends(connection: Connection, campaign_id: int, *, most: int) -> list[EndedCall]:
    """As committed: how the first calls of a campaign have ended since its dialling was last stopped.

    Args:
        campaign_id: The campaign.
        most: Calls to look at.
    """
    since = connection.scalar(_LAST_OPENED, {"campaign": campaign_id})
    query, values = (_ENDS, {}) if since is None else (_ENDS_SINCE, {"since": since})
    rows = connection.execute(query, {"campaign": campaign_id, "most": most, **values})
    # Of several calls of one attempt the last counts.
    return list({row.id: _end(row) for row in rows}.values())


def _end(row: Any) -> EndedCall:
    disposition = Disposition(row.disposition) if row.disposition else None
    if row.call_id is None or row.ended_at is None:
        return EndedCall(None, disposition)
    call = Call(
        id=row.call_id,
        status=row.status,
        has_ended=True,
        end_reason=row.end_reason,
        duration_seconds=row.duration_seconds,
        transcript=row.transcript,
    )
    return EndedCall(call, disposition)


def _close(connection: Connection, row: Any, who: str, because: str, now: datetime) -> None:
    connection.execute(
        update(schema.breakers)
        .where(_BREAKERS.id == row.id)
        .values(closed_at=now, closed_by=who, closed_because=because)
    )
    detail = f"{row.rule}: {who}: {because}" if who else f"{row.rule}: {because}"
    event = "breaker.reset" if who else "breaker.closed"
    moves.journal(connection, now, event, campaign_id=row.campaign_id, detail=detail)


def _record(row: Any) -> BreakerRecord:
    return BreakerRecord(
        id=row.id,
        campaign=row.name,
        rule=row.rule,
        cause=row.cause,
        cure=row.cure,
        scope=row.scope,
        subject=row.subject,
        evidence=row.evidence,
        needs_reset=bool(row.needs_reset),
        of_account=bool(row.of_account),
        opened_at=row.opened_at,
    )
