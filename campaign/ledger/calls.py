"""Calls: what the provider says of a placed call, from live to settled."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, exists, func, or_, select, update

from campaign.ledger import moves, schema, suppression
from campaign.ledger.amend import NO_LONGER_IN_LIST
from campaign.ledger.waiting import tries_of
from campaign.models import (
    AttemptState,
    Call,
    Disposition,
    Ending,
    Hold,
    RowStatus,
    TranscriptStatus,
    ZoneSource,
)

CALL_STOPPED = "call.stopped"

# Built once, as every call runs them.
_OTHER = schema.calls.alias("other")
_OTHERS = (
    select(func.count())
    .select_from(_OTHER)
    .where(_OTHER.c.attempt_id == schema.calls.c.attempt_id, _OTHER.c.id != schema.calls.c.id)
)
_KNOWN = (
    select(
        schema.calls.c.attempt_id,
        schema.calls.c.ended_at,
        schema.attempts.c.state,
        schema.attempts.c.to_number,
        schema.contacts.c.in_list,
        _OTHERS.where(_OTHER.c.ended_at.is_(None)).scalar_subquery().label("others_unended"),
        _OTHERS.where(_OTHER.c.settled_at.is_(None)).scalar_subquery().label("others_unsettled"),
        _OTHERS.scalar_subquery().label("others"),
    )
    .select_from(schema.calls)
    .join(schema.attempts)
    .join(schema.contacts)
    .where(schema.calls.c.call_id == bindparam("call"))
)
_OPEN = (
    select(
        schema.calls.c.call_id,
        schema.calls.c.attempt_id,
        schema.attempts.c.campaign_id,
        schema.attempts.c.contact_id,
        schema.contacts.c.row_number,
        tries_of(schema.attempts.c.contact_id).label("tries"),
        schema.calls.c.placed_at,
        schema.calls.c.ended_at,
        schema.attempts.c.state,
        schema.attempts.c.to_number,
        schema.attempts.c.from_number,
        schema.attempts.c.agent_id,
        schema.attempts.c.closes_at,
        schema.contacts.c.time_zones,
        schema.contacts.c.us_state,
        schema.contacts.c.zone_source,
        exists()
        .where(
            schema.events.c.contact_id == schema.attempts.c.contact_id,
            schema.events.c.event == CALL_STOPPED,
            schema.events.c.detail == schema.calls.c.call_id,
        )
        .label("was_stopped"),
    )
    .select_from(schema.calls)
    .join(schema.attempts)
    .join(schema.contacts)
    .where(
        schema.calls.c.settled_at.is_(None),
        schema.is_one_of(
            schema.attempts.c.state, [AttemptState.LIVE, AttemptState.SETTLING, AttemptState.NEEDS_REVIEW]
        ),
    )
    .order_by(schema.calls.c.id)
)
_KNOWN_IDS = select(schema.calls.c.call_id).where(
    schema.calls.c.call_id.in_(bindparam("call_ids", expanding=True))
)
_STORED = select(schema.calls).where(schema.calls.c.call_id == bindparam("call"))
_STORED_BESIDE = select(schema.calls).where(
    schema.calls.c.attempt_id == bindparam("attempt"), schema.calls.c.call_id != bindparam("call")
)
_UPDATE = update(schema.calls).where(schema.calls.c.call_id == bindparam("call"))
_TALKED = update(schema.attempts).where(schema.attempts.c.id == bindparam("attempt")).values(talked=1)
# Of several calls of one request the one in which somebody was reached counts, whichever is read first.
_FORBID = (
    update(schema.attempts)
    .where(
        schema.attempts.c.id == bindparam("attempt"),
        or_(
            schema.attempts.c.no_further_try == "",
            schema.attempts.c.no_further_status == RowStatus.UNREACHED,
            bindparam("status") == RowStatus.COMPLETED,
        ),
    )
    .values(no_further_try=bindparam("why"), no_further_status=bindparam("status"))
)
_FOR_GOOD = "an earlier call ended in a way after which nobody is tried again"
_CONVERSATIONS = frozenset({Disposition.ANSWERED, Disposition.UNKNOWN})
"""Ends after which a person counts as one who has talked, whatever else is known."""


class SettledCall(NamedTuple):
    """A call as the provider last reported it, and how that was read; None when it has not been read."""

    call: Call
    disposition: Disposition | None


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call whose end or results are still awaited."""

    call_id: str
    attempt_id: int
    campaign_id: int
    contact_id: int
    row_number: int
    tries: int
    """Tries of the contact that count, this one included."""
    placed_at: datetime
    ended_at: datetime | None
    state: AttemptState
    to_number: str = ""
    from_number: str = ""
    agent_id: str = ""
    time_zones: Sequence[str] = ()
    zone_source: ZoneSource = ZoneSource.NUMBER
    us_state: str = ""
    """As the list says; empty when it does not."""
    closes_at: datetime | None = None
    """When the hours of the person close, as far as the run has seen that has placed it; None for never."""
    was_stopped: bool = False
    """Whether it was stopped while it was queued, so that it would not ring after hours."""


def open_calls(connection: Connection, *, attempt_id: int | None = None) -> list[OpenCall]:
    """Complete: the calls (of one attempt, when given) that have not settled, whichever campaign made them.

    Those that need review, as no end was seen, are among them: it may be seen later.
    """
    query = _OPEN if attempt_id is None else _OPEN.where(schema.calls.c.attempt_id == attempt_id)
    return [
        OpenCall(
            **{
                **row,
                "state": AttemptState(row["state"]),
                "time_zones": tuple(row["time_zones"]),
                "us_state": row["us_state"] or "",
                "zone_source": ZoneSource(row["zone_source"]),
                "was_stopped": bool(row["was_stopped"]),
            }
        )
        for row in connection.execute(query).mappings()
    ]


def known_ids(connection: Connection, call_ids: Collection[str]) -> set[str]:
    """Exact: which of these calls the ledger has already."""
    return set(connection.scalars(_KNOWN_IDS, {"call_ids": list(call_ids)}))


def record_stopped(connection: Connection, record: OpenCall, now: datetime) -> None:
    """Journalled: the provider has taken the call out of its queue, so that it does not ring after hours."""
    moves.journal(
        connection,
        now,
        CALL_STOPPED,
        campaign_id=record.campaign_id,
        contact_id=record.contact_id,
        attempt_id=record.attempt_id,
        detail=record.call_id,
    )


def record_ended(connection: Connection, call: Call, now: datetime) -> bool:
    """The end is on disk once: a repeated or late report of the same end changes nothing but details.

    Returns:
        Whether the attempt is settling now; False while another call of it has not ended.
    """
    record = _known(connection, call)
    keep_report(connection, call, ended_at=call.ended_at or record.ended_at or now)
    # A provider that made several calls of one request is waited for until all have ended.
    if record.others_unended == 0 and record.state in (AttemptState.LIVE, AttemptState.NEEDS_REVIEW):
        attempt = moves.move_attempt(
            connection,
            record.attempt_id,
            to=AttemptState.SETTLING,
            now=now,
            event="call.ended",
            detail=call.status,
        )
        moves.move_row(connection, attempt.contact_id, to=RowStatus.SETTLING, now=now)
        return True
    return False


def record_settled(
    connection: Connection,
    call: Call,
    *,
    disposition: Disposition,
    transcript_status: TranscriptStatus,
    status: RowStatus,
    reason: str,
    not_before: datetime | None,
    with_others: Callable[[Sequence[SettledCall]], Ending],
    now: datetime,
    opt_out: str = "",
    has_talked: bool = False,
    looks_left: int = 0,
) -> bool:
    """Results and the row's next status reach the disk together.

    With them goes a wish not to be called again: `opt_out` says how it was uttered, empty for none. It holds
    for every campaign of the ledger. That the person has talked is kept of the attempt when `has_talked` or
    the disposition says so. `looks_left` says how often the call is looked at again for late results.

    Who has left the list meanwhile is not tried again: the row is stopped, with the time of its next try.
    When the attempt has made further calls, `with_others` says what they and this one leave of the row
    together. It is asked on the writer's thread, perhaps several times.

    Returns:
        Whether the attempt is closed; False while another call of the same attempt is unsettled.
    """
    record = _known(connection, call)
    keep_report(
        connection,
        call,
        transcript_status=transcript_status,
        disposition=disposition,
        settled_at=now,
        looks_left=looks_left,
    )
    if opt_out:
        reason_why = f"asked in call {call.id} not to be called again ({opt_out})"
        suppression.suppress(connection, [record.to_number], reason=reason_why, now=now)
    has_talked = has_talked or disposition in _CONVERSATIONS
    if has_talked:
        record_talk(connection, record.attempt_id)
    if record.others_unsettled:
        return False
    if record.others:
        rows = connection.execute(_STORED_BESIDE, {"attempt": record.attempt_id, "call": call.id}).all()
        others = [SettledCall(_as_call(row), _read_as(row.disposition)) for row in rows]
        # One that was answered counts, whichever settles last.
        is_answered = any(other.disposition == Disposition.ANSWERED for other in others)
        disposition = Disposition.ANSWERED if is_answered else disposition
        together = with_others(others)
        status, reason, not_before = together.status, together.reason, together.not_before
    attempt = moves.move_attempt(
        connection,
        record.attempt_id,
        to=AttemptState.ENDED,
        now=now,
        event="call.settled",
        detail=f"{disposition}, transcript {transcript_status}",
        disposition=disposition,
    )
    if status is RowStatus.WAITING and not record.in_list:
        status, reason = RowStatus.STOPPED, NO_LONGER_IN_LIST
    moves.move_row(
        connection,
        attempt.contact_id,
        to=status,
        now=now,
        reason=reason,
        not_before=not_before,
        hold=Hold.RETRY if not_before is not None else None,
    )
    return True


def record_talk(connection: Connection, attempt_id: int) -> None:
    """Kept for other campaigns, which leave in peace whoever has talked: the person has, in this attempt."""
    connection.execute(_TALKED, {"attempt": attempt_id})


def forbid_further_tries(connection: Connection, attempt_id: int, ending: Ending) -> None:
    """Kept for the gate of tries: nobody is tried again after this attempt, however it was read before."""
    why = ending.reason or _FOR_GOOD
    connection.execute(_FORBID, {"attempt": attempt_id, "why": why, "status": ending.status})


def stored(connection: Connection, call_id: str) -> Call:
    """As committed: the ended call as the provider last reported it."""
    return _as_call(connection.execute(_STORED, {"call": call_id}).one())


def _read_as(disposition: str | None) -> Disposition | None:
    return Disposition(disposition) if disposition else None


def _as_call(row: Any) -> Call:
    return Call(
        id=row.call_id,
        status=row.status,
        has_ended=True,
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration_seconds=row.duration_seconds,
        end_reason=row.end_reason,
        outcome=row.outcome,
        summary=row.summary,
        messages=tuple(row.messages or ()),
        transcript=row.transcript,
        recording_url=row.recording_url,
        cost_cents=row.cost_cents,
        credits_used=row.credits_used,
        # Whether this generation of the API knows these is not kept. Where it does, they may still come.
        has_analysis=bool(row.outcome or row.summary),
    )


def keep_report(connection: Connection, call: Call, **ours: Any) -> None:
    """Nothing forgotten: what the provider reports of a call is kept, and what we know beside it."""
    reported = {
        "status": call.status[:100] or None,
        "end_reason": call.end_reason,
        "outcome": call.outcome,
        "summary": call.summary,
        "started_at": call.started_at,
        "ended_at": call.ended_at,
        "duration_seconds": call.duration_seconds,
        "cost_cents": call.cost_cents,
        "credits_used": call.credits_used,
        "messages": [dict(message) for message in call.messages] or None,
        "transcript": call.transcript or None,
        "recording_url": call.recording_url,
    }
    # What was known once is not forgotten because a later report leaves it out.
    news = {key: value for key, value in reported.items() if value is not None}
    connection.execute(_UPDATE, {"call": call.id, **news, **ours})


def _known(connection: Connection, call: Call) -> Any:
    """What the ledger knows of the call, how many others its attempt has, and how many are not over."""
    return connection.execute(_KNOWN, {"call": call.id}).one()
