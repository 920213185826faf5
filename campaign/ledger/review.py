"""Review: what a human decides about rows whose fate only a human can find out."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, bindparam, case, literal, select, update

from campaign.errors import UsageError
from campaign.ledger import campaigns, moves, schema
from campaign.ledger.amend import NO_LONGER_IN_LIST
from campaign.ledger.in_review import ReviewRow, rows_in_review
from campaign.ledger.late import DECIDED, LOOKS
from campaign.ledger.waiting import tries_of
from campaign.models import AttemptState, Disposition, Hold, RowStatus, TranscriptStatus

_NAMED_AT_MOST = 5
# What is over and was never read has a call: the person was called, and may have talked.
_NEVER_READ = (
    update(schema.attempts)
    .where(
        schema.attempts.c.contact_id == bindparam("contact"),
        schema.attempts.c.state == AttemptState.ENDED,
        schema.attempts.c.disposition.is_(None),
    )
    .values(disposition=Disposition.UNKNOWN, talked=1)
    .returning(schema.attempts.c.id)
)


class Decision(StrEnum):
    """What a human says about a row in review."""

    CALLED = "mark-called"
    """The person was called: the row is final, and the attempt counts as a try."""
    NOT_CALLED = "mark-not-called"
    """Nobody was called: it was no try, and the row waits again. Not for an attempt with a known call."""
    REDIAL = "redial"
    """The person may have been called and is to be called again: the attempt counts, and the row waits."""


_REASONS = {
    Decision.CALLED: "a human found that the person was called",
    Decision.NOT_CALLED: "a human found that nobody was called",
    Decision.REDIAL: "a human wants another call",
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision, with what the journal keeps of it."""

    decision: Decision
    reason: str
    """Why, in the operator's words, without control characters."""
    who: str
    """The operator's login name."""
    at: datetime


@dataclass(frozen=True, slots=True)
class DecidedRow:
    """Where a row stands after the decision."""

    row: ReviewRow
    status: RowStatus
    reason: str


def decide(
    connection: Connection, campaign_id: int, row_numbers: Collection[int] | None, ruling: Ruling
) -> list[DecidedRow]:
    """All or nothing, and journalled: a human decides about rows in review. The caller holds the run lock.

    Args:
        campaign_id: The campaign.
        row_numbers: Its rows, as the operator's spreadsheet shows them; None for all that are in review.
        ruling: The same for each of them.

    Raises:
        UsageError: A row is not in review, its number does not tell which one is meant, it is to be marked as
            not called although a call is known, or a run would have to dial a single call again.
    """
    is_single = campaigns.is_single_call(connection, campaign_id)
    if is_single and ruling.decision is Decision.REDIAL:
        raise UsageError(
            "no run dials a single call again: say --mark-called or --mark-not-called, then call with "
            "`campaign call`"
        )
    rows = rows_in_review(connection, campaign_id)
    if row_numbers is not None:
        rows = _named(connection, campaign_id, row_numbers, rows)
    if ruling.decision is Decision.NOT_CALLED:
        _refuse_known_calls(rows)
    decided = [_decide_row(connection, campaign_id, row, ruling, is_single=is_single) for row in rows]
    # A row that waits again makes its campaign unfinished, so that a run of a dated name goes on with it.
    campaigns.finish_settled(connection, ruling.at)
    return decided


def _decide_row(
    connection: Connection, campaign_id: int, row: ReviewRow, ruling: Ruling, *, is_single: bool
) -> DecidedRow:
    _decide_attempt(connection, campaign_id, row, ruling)
    status = _status_after(ruling.decision, row, is_single=is_single)
    reason = f"{_REASONS[ruling.decision]}: {ruling.reason}"
    if status is RowStatus.STOPPED and not is_single:
        # In these words, so that the row waits again when a later list has the person.
        reason = NO_LONGER_IN_LIST
    tries = connection.scalar(select(tries_of(literal(row.contact_id))))
    moves.move_row(
        connection,
        row.contact_id,
        to=status,
        now=ruling.at,
        reason=reason,
        # Whoever was called stays so for an amendment of the list, also while waiting.
        hold=Hold.RETRY if tries and status is not RowStatus.COMPLETED else None,
        by_human=True,
    )
    if ruling.decision is Decision.REDIAL:
        connection.execute(
            update(schema.contacts)
            .where(schema.contacts.c.id == row.contact_id)
            .values(granted_tries=(tries or 0) + 1)
        )
    return DecidedRow(row, status, reason)


def _decide_attempt(connection: Connection, campaign_id: int, row: ReviewRow, ruling: Ruling) -> None:
    """Where the attempts of the row stand after the decision, which is journalled."""
    event, detail = f"{DECIDED}{ruling.decision}", f"{ruling.who}: {ruling.reason}"
    if row.attempt is not None and not row.attempt.is_over:
        was_called = ruling.decision is not Decision.NOT_CALLED
        moves.move_attempt(
            connection,
            row.attempt.id,
            to=AttemptState.ENDED if was_called else AttemptState.NOT_SENT,
            now=ruling.at,
            event=event,
            detail=detail,
            by_human=True,
            disposition=Disposition.UNKNOWN if was_called else None,
            # Nobody knows what was said, so the person may have talked.
            talked=int(was_called),
        )
        _close_calls(connection, row.attempt.id, ruling.at)
    never_read = connection.scalars(_NEVER_READ, {"contact": row.contact_id}).all()
    for attempt_id in never_read if row.attempt else [None]:
        moves.journal(
            connection,
            ruling.at,
            event,
            campaign_id=campaign_id,
            contact_id=row.contact_id,
            attempt_id=attempt_id,
            detail=detail,
        )


def _status_after(decision: Decision, row: ReviewRow, *, is_single: bool) -> RowStatus:
    if decision is Decision.CALLED:
        return RowStatus.COMPLETED
    # No run dials what waits for a single call.
    return RowStatus.WAITING if row.is_in_list and not is_single else RowStatus.STOPPED


def _close_calls(connection: Connection, attempt_id: int, now: datetime) -> None:
    """The calls of an attempt that was decided about have settled with what is known of them.

    What comes later is looked up as late results are, above all a wish not to be called again.
    """
    table = schema.calls
    connection.execute(
        update(table)
        .where(table.c.attempt_id == attempt_id, table.c.settled_at.is_(None))
        .values(
            settled_at=now,
            looks_left=LOOKS,
            transcript_status=case(
                (table.c.transcript != "", TranscriptStatus.COMPLETE), else_=TranscriptStatus.EMPTY
            ),
        )
    )


def _named(
    connection: Connection, campaign_id: int, row_numbers: Collection[int], in_review: Collection[ReviewRow]
) -> list[ReviewRow]:
    """The rows in review that these numbers name, each once; every number must name exactly one."""
    wanted = dict.fromkeys(row_numbers)
    by_number: defaultdict[int, list[ReviewRow]] = defaultdict(list)
    for row in in_review:
        by_number[row.row_number].append(row)
    others = [number for number in wanted if number not in by_number]
    if others:
        raise UsageError(
            f"not in review: {_where(connection, campaign_id, others)}; nothing was changed, "
            "leave the decision out to see the rows that are"
        )
    for number in wanted:
        if len(by_number[number]) > 1:
            raise UsageError(
                f"row {number} is {len(by_number[number])} people in review, as the list was changed in "
                "between; nothing was changed, decide about the other rows first and about these with --all"
            )
    return [by_number[number][0] for number in wanted]


def _refuse_known_calls(rows: Collection[ReviewRow]) -> None:
    """Raise UsageError when OneInbox made a call of one of these: tries, caps and the result must keep it."""
    called = [row for row in rows if row.calls]
    if not called:
        return
    named = [
        f"row {row.row_number}: OneInbox made call {' and '.join(call.call_id for call in row.calls)}"
        for row in called[:_NAMED_AT_MOST]
    ]
    raise UsageError(
        f"{_some(named, len(called))}; nothing was changed, use --mark-called or --redial for such a row"
    )


def _where(connection: Connection, campaign_id: int, row_numbers: Sequence[int]) -> str:
    """Where the first of these rows stand, for people."""
    table = schema.contacts.c
    shown = row_numbers[:_NAMED_AT_MOST]
    rows = connection.execute(
        select(table.row_number, table.status).where(
            table.campaign_id == campaign_id, table.row_number.in_(shown), table.in_list == 1
        )
    )
    stands = {row.row_number: row.status for row in rows}
    named = [f"row {number} ({stands.get(number, 'no such row')})" for number in shown]
    return _some(named, len(row_numbers))


def _some(named: Collection[str], total: int) -> str:
    more = total - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
