"""Doubles: calls of one request beside the one that its reply has named, or that was found in its place.

So is the first one that turns up when the request was left to a human, or turned away.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, insert, or_, select, update

from campaign.ledger import calls, moves, schema
from campaign.ledger.late import LOOKS
from campaign.models import AttemptState, RowStatus, TranscriptStatus

# An attempt without a call has none that could be doubled: its request is under way, or in doubt. When it was
# left to a human, or turned away, nobody else records what carries its token.
_LEFT = (AttemptState.NEEDS_REVIEW, AttemptState.TURNED_AWAY)
_CARRIED = (
    select(
        schema.attempts.c.id,
        schema.attempts.c.token,
        schema.attempts.c.campaign_id,
        schema.attempts.c.state,
        schema.attempts.c.to_number,
        schema.attempts.c.from_number,
        schema.contacts.c.row_number,
        schema.contacts.c.status,
        func.count(schema.calls.c.id).label("calls"),
    )
    .select_from(schema.attempts)
    .outerjoin(schema.calls)
    .join(schema.contacts)
    .where(
        schema.attempts.c.token.in_(bindparam("tokens", expanding=True)),
        or_(schema.calls.c.id.is_not(None), schema.is_one_of(schema.attempts.c.state, _LEFT)),
    )
    .group_by(schema.attempts.c.id, schema.contacts.c.row_number, schema.contacts.c.status)
)
_ATTEMPT = (
    select(
        schema.attempts,
        schema.contacts.c.status,
        exists().where(schema.calls.c.attempt_id == schema.attempts.c.id).label("has_call"),
    )
    .join(schema.contacts)
    .where(schema.attempts.c.id == bindparam("attempt"))
)
_REASON = update(schema.contacts).where(schema.contacts.c.id == bindparam("contact"))


@dataclass(frozen=True, slots=True)
class Doubling:
    """An attempt that has made more calls than are known."""

    attempt_id: int
    campaign_id: int
    row_number: int
    call_ids: Sequence[str]
    """Those that are not known."""
    calls: int
    """How many there are with them."""
    to_number: str
    from_number: str
    was_turned_away: bool = False
    """Whether OneInbox had answered that it makes no call."""
    is_refused: bool = False
    """Whether its row is final for an answer like that: nobody dials it, unless the answer is taken back."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the ledger makes of calls that carry tokens."""

    known: set[str]
    """Ids of calls that it has."""
    doublings: Sequence[Doubling]
    found: Sequence[Doubling] = ()
    """The same of attempts that are left to a human, or were turned away, and had no call."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Further calls of an attempt, on disk."""

    call_ids: Collection[str]
    """Without those that somebody else has recorded meanwhile."""
    is_over: bool
    """Whether the attempt was over before."""


def sight(connection: Connection, tokens: Mapping[str, str]) -> Sighting:
    """Exact, as committed: which calls are known, and which are further ones of attempts that have one, or
    first ones of attempts that are left to a human, or were turned away.

    Args:
        connection: To the ledger.
        tokens: By the id of a call, the token that it carries.
    """
    attempts = connection.execute(_CARRIED, {"tokens": list({*tokens.values()})}).all()
    # Asked last: a call that is recorded in between is known, and not a further one.
    known = calls.known_ids(connection, tokens)
    unknown: defaultdict[str, list[str]] = defaultdict(list)
    for call_id in tokens.keys() - known:
        unknown[tokens[call_id]].append(call_id)
    carried = [
        Doubling(
            attempt.id,
            attempt.campaign_id,
            attempt.row_number,
            call_ids,
            attempt.calls + len(call_ids),
            attempt.to_number,
            attempt.from_number,
            was_turned_away=attempt.state == AttemptState.TURNED_AWAY,
            is_refused=attempt.status == RowStatus.REFUSED,
        )
        for attempt in attempts
        if (call_ids := unknown[attempt.token])
    ]
    doublings = [each for each in carried if each.calls > len(each.call_ids)]
    return Sighting(known, doublings, tuple(each for each in carried if each not in doublings))


def record_doubles(
    connection: Connection,
    attempt_id: int,
    call_ids: Collection[str],
    now: datetime,
    *,
    may_have_talked: bool = True,
) -> Recorded:
    """Nothing lost, and journalled: calls of an attempt that nobody knew are on disk.

    An attempt whose calls had all ended is live again. Of one that is over, or for a human to decide, neither
    state nor row changes. When it is over, its further calls are looked up as late results are. One that was
    turned away is for a human to decide until the end of its call is seen, or over when its row has gone on
    without it; other campaigns leave whoever may have talked then in peace. A human who was to find out
    whether there is a call is told which.
    """
    known = calls.known_ids(connection, call_ids)
    added = [call_id for call_id in call_ids if call_id not in known]
    attempt = connection.execute(_ATTEMPT, {"attempt": attempt_id}).one()
    was_turned_away = attempt.state == AttemptState.TURNED_AWAY
    # A row that waits may be about to be dialled. The gate of tries holds it: how that try went is not known.
    has_gone_on = was_turned_away and attempt.status != RowStatus.REFUSED
    is_over = has_gone_on or attempt.state == AttemptState.ENDED
    for call_id in added:
        _add(connection, attempt, call_id, is_over=is_over, now=now)
    if added and was_turned_away:
        to = AttemptState.ENDED if has_gone_on else AttemptState.NEEDS_REVIEW
        talked = int(has_gone_on and may_have_talked)
        moves.move_attempt(connection, attempt_id, to=to, now=now, event="call.made_after_all", talked=talked)
    if added and was_turned_away and not has_gone_on:
        moves.move_row(connection, attempt.contact_id, to=RowStatus.NEEDS_REVIEW, now=now)
    if added and not attempt.has_call and (not has_gone_on or attempt.status == RowStatus.WAITING):
        what = "OneInbox turned the request away" if was_turned_away else "the reply was lost"
        why = f"{what}, and the call found later: {' and '.join(added)}; look it up at OneInbox"
        connection.execute(_REASON, {"contact": attempt.contact_id, "reason": why})
    if added and attempt.state == AttemptState.SETTLING:
        moves.move_attempt(connection, attempt_id, to=AttemptState.LIVE, now=now, event="call.live_again")
        moves.move_row(connection, attempt.contact_id, to=RowStatus.LIVE, now=now)
    return Recorded(tuple(added), is_over)


def _add(connection: Connection, attempt: Any, call_id: str, *, is_over: bool, now: datetime) -> None:
    connection.execute(
        insert(schema.calls),
        {
            "call_id": call_id,
            "attempt_id": attempt.id,
            "placed_at": now,
            "settled_at": now if is_over else None,
            "looks_left": LOOKS if is_over else 0,
            "transcript_status": TranscriptStatus.EMPTY if is_over else TranscriptStatus.PENDING,
        },
    )
    moves.journal(
        connection,
        now,
        "call.doubled" if attempt.has_call else "call.found",
        campaign_id=attempt.campaign_id,
        contact_id=attempt.contact_id,
        attempt_id=attempt.id,
        detail=call_id,
    )
