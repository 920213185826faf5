"""Late: calls that settled before all of their results were there, and what is found out about them later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, exists, literal_column, or_, select, update

from campaign.ledger import calls, moves, schema, suppression
from campaign.models import AttemptState, Call, Disposition, Ending, Hold, RowStatus, TranscriptStatus

LOOKS = 3
"""So often such a call is looked at: at once, and so long after it has settled."""
SECOND_AFTER, THIRD_AFTER = timedelta(minutes=10), timedelta(hours=1)
LONGEST = timedelta(days=1)
"""What has not come after so long never will."""
LONGEST_UNREAD = timedelta(days=7)
"""What was never read is looked at for so long: a call may be on when a run ends, and the next one wait."""
DECIDED = "review."
"""So begin the events of what a human has decided."""

_CALLS, _ATTEMPTS = schema.calls.c, schema.attempts.c
_INCOMPLETE = (
    select(
        _CALLS.call_id,
        _ATTEMPTS.campaign_id,
        _ATTEMPTS.contact_id,
        schema.contacts.c.row_number,
        _ATTEMPTS.to_number,
        _CALLS.settled_at,
    )
    .select_from(schema.calls)
    .join(schema.attempts)
    .join(schema.contacts)
)
_DUE = _INCOMPLETE.where(
    # With a bound value SQLite plans this anew at each run, to see whether the index of these will do.
    _CALLS.looks_left > literal_column("0"),
    _CALLS.settled_at > bindparam("long_since"),
    or_(
        _CALLS.settled_at > bindparam("since"),
        and_(_CALLS.looks_left == LOOKS, _CALLS.disposition.is_(None)),
    ),
    _CALLS.settled_at
    <= case(
        (_CALLS.looks_left == 3, bindparam("before_first", type_=schema.Utc())),
        (_CALLS.looks_left == 2, bindparam("before_second", type_=schema.Utc())),
        else_=bindparam("before_third", type_=schema.Utc()),
    ),
).order_by(_CALLS.settled_at, _CALLS.id)
_UNREAD = _INCOMPLETE.where(
    _CALLS.looks_left > literal_column("0"), _ATTEMPTS.to_number.in_(bindparam("numbers", expanding=True))
)
_LOOKED = (
    update(schema.calls)
    .where(_CALLS.call_id == bindparam("call"), _CALLS.looks_left > 0)
    .values(looks_left=_CALLS.looks_left - 1)
)
_KNOWN = (
    select(
        _CALLS.call_id,
        _CALLS.settled_at,
        _CALLS.attempt_id,
        _CALLS.disposition,
        _CALLS.transcript,
        _CALLS.outcome,
        _CALLS.summary,
        _ATTEMPTS.campaign_id,
        _ATTEMPTS.contact_id,
        _ATTEMPTS.to_number,
        schema.contacts.c.status,
        schema.contacts.c.hold,
        schema.contacts.c.granted_tries,
        exists()
        .where(
            schema.events.c.contact_id == _ATTEMPTS.contact_id,
            schema.events.c.attempt_id == _ATTEMPTS.id,
            schema.events.c.event.startswith(DECIDED, autoescape=True),
        )
        .label("is_decided"),
    )
    .select_from(schema.calls)
    .join(schema.attempts)
    .join(schema.contacts)
    .where(_CALLS.call_id == bindparam("call"))
)
_ANSWERED = (
    update(schema.attempts)
    .where(_ATTEMPTS.id == bindparam("attempt"), _ATTEMPTS.disposition.is_not(None))
    .values(disposition=Disposition.ANSWERED)
)
_OTHER = schema.calls.alias("other").c
_READ_AT_LAST = (
    update(schema.attempts)
    .where(_ATTEMPTS.id == bindparam("attempt"), _ATTEMPTS.disposition.is_(None))
    .where(_ATTEMPTS.state == AttemptState.ENDED)
    # How a try went is known when all of its calls are read.
    .where(
        ~exists().where(
            _OTHER.attempt_id == _ATTEMPTS.id,
            _OTHER.call_id != bindparam("call"),
            _OTHER.disposition.is_(None),
        )
    )
    .values(
        disposition=case(
            (
                exists().where(_OTHER.attempt_id == _ATTEMPTS.id, _OTHER.disposition == Disposition.ANSWERED),
                Disposition.ANSWERED,
            ),
            else_=bindparam("read_as"),
        )
    )
)
_REASON = update(schema.contacts).where(schema.contacts.c.id == bindparam("contact"))


@dataclass(frozen=True, slots=True)
class IncompleteCall:
    """A call that has settled, and whose results may have come meanwhile."""

    call_id: str
    campaign_id: int
    contact_id: int
    row_number: int
    to_number: str
    settled_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What a look has found."""

    is_new: bool
    """Whether anything was not known before."""
    is_suppressed: bool
    """Whether the person is suppressed for it, and was not before."""


def incomplete_calls(connection: Connection, now: datetime) -> list[IncompleteCall]:
    """Complete, the oldest first: calls that may be looked at again now, whichever campaign made them."""
    times = {
        "since": now - LONGEST,
        "long_since": now - LONGEST_UNREAD,
        "before_first": now,
        "before_second": now - SECOND_AFTER,
        "before_third": now - THIRD_AFTER,
    }
    rows = connection.execute(_DUE, times)
    return [IncompleteCall(**row) for row in rows.mappings()]


def unread_calls(connection: Connection, numbers: Sequence[str]) -> list[IncompleteCall]:
    """Complete, as committed: calls to these numbers that are still to be looked at, however old they are."""
    rows = connection.execute(_UNREAD, {"numbers": numbers})
    return [IncompleteCall(**row) for row in rows.mappings()]


def record_look(connection: Connection, call_id: str) -> None:
    """Counted on disk: a look at it is over, whatever it has shown."""
    connection.execute(_LOOKED, {"call": call_id})


def record_results(
    connection: Connection,
    call: Call,
    *,
    transcript_status: TranscriptStatus,
    is_complete: bool,
    disposition: Disposition | None,
    ending: Ending | None,
    has_talked: bool,
    opt_out: str,
    now: datetime,
) -> Found:
    """Nothing lost: what has come late is kept, with a wish not to be called again.

    The look is counted when the call has ended, or nobody waits for its end any more.

    Who has talked after all, or has asked that, is not tried again: a row that waits for it, or that seemed
    to have reached nobody, gets the status that it would have had in time. A row that waits for something
    else is left to the gates; the attempt says that none may follow. What a human has decided stands: row
    and disposition stay as they are, and so does whether they are called again.

    Args:
        connection: To the ledger.
        call: As OneInbox reports it now.
        transcript_status: Of what is there now.
        is_complete: Whether no further look is needed.
        disposition: How its end reads now; None while it has not ended.
        ending: What it makes of the row by itself; None when a further try may follow such an end.
        has_talked: Whether the person has talked in it, as far as anything tells.
        opt_out: How a wish not to be called again was uttered; empty for none.
        now: For the journal.
    """
    known = connection.execute(_KNOWN, {"call": call.id}).one()
    # A call that is on is looked at again, for a day at most, and not where a human has decided.
    if call.has_ended or known.is_decided or known.settled_at <= now - LONGEST:
        record_look(connection, call.id)
    is_first_reading, is_answer = _read(connection, known, disposition, has_talked=has_talked)
    # A report that tells less than was known when the call settled changes nothing.
    says_less = disposition is Disposition.UNKNOWN and not (is_first_reading or opt_out)
    is_moved = False
    if ending is not None and not (says_less or known.is_decided):
        calls.forbid_further_tries(connection, known.attempt_id, ending)
        is_talk = bool(opt_out) or (has_talked and disposition is not Disposition.UNKNOWN)
        is_moved = _end_row(connection, known, ending, is_talk=is_talk, now=now)
        if not is_moved and (is_answer or opt_out) and known.status == RowStatus.COMPLETED:
            connection.execute(_REASON, {"contact": known.contact_id, "reason": ending.reason})
    is_suppressed = False
    if opt_out:
        why = f"asked in call {call.id} not to be called again ({opt_out})"
        is_suppressed = suppression.suppress(connection, [known.to_number], reason=why, now=now) > 0
    is_new = is_first_reading or is_answer or is_moved or is_suppressed or _has_news(known, call)
    ours: dict[str, object] = {"looks_left": 0} if is_complete else {}
    ours |= {"disposition": disposition} if is_first_reading or is_answer else {}
    ours |= {"transcript_status": transcript_status} if is_new else {}
    calls.keep_report(connection, call, **ours)
    if is_new:
        moves.journal(
            connection,
            now,
            "call.late_results",
            campaign_id=known.campaign_id,
            contact_id=known.contact_id,
            attempt_id=known.attempt_id,
            detail=f"transcript {transcript_status}",
        )
    return Found(is_new, is_suppressed)


def _read(
    connection: Connection, known: Any, disposition: Disposition | None, *, has_talked: bool
) -> tuple[bool, bool]:
    """The attempt has the end that is read now, unless a human has decided about it.

    Returns:
        Whether the call is read for the first time, as a further call of a request that was over may be, and
        whether it was answered after all.
    """
    is_ours = not known.is_decided
    is_first_reading = is_ours and disposition is not None and known.disposition is None
    is_answer = is_ours and disposition is Disposition.ANSWERED and known.disposition != Disposition.ANSWERED
    if is_first_reading or is_answer:
        # Of a request that had been turned away no end was known.
        connection.execute(
            _READ_AT_LAST, {"attempt": known.attempt_id, "call": known.call_id, "read_as": disposition}
        )
    if has_talked and is_ours:
        calls.record_talk(connection, known.attempt_id)
    if is_answer:
        connection.execute(_ANSWERED, {"attempt": known.attempt_id})
    return is_first_reading, is_answer


def _has_news(known: Any, call: Call) -> bool:
    was = (known.transcript, known.outcome or "", known.summary or "")
    told = (call.transcript, call.outcome or "", call.summary or "")
    return any(new and new != old for new, old in zip(told, was, strict=True))


def _end_row(connection: Connection, known: Any, ending: Ending, *, is_talk: bool, now: datetime) -> bool:
    """Returns whether the row has got another status."""
    # Whom a human wants to be called once more is left to the gates.
    waits_for_try = known.status == RowStatus.WAITING and known.hold == Hold.RETRY and not known.granted_tries
    tells_of_talk = ending.status is RowStatus.COMPLETED and is_talk
    is_reached_after_all = known.status == RowStatus.UNREACHED and tells_of_talk
    if waits_for_try or is_reached_after_all:
        moves.move_row(connection, known.contact_id, to=ending.status, now=now, reason=ending.reason)
    return waits_for_try or is_reached_after_all
