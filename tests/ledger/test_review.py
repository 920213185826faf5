"""Review: a human decides about rows whose fate the program cannot find out."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from campaign.errors import UsageError
from campaign.ledger import (
    amend,
    attempts,
    calls,
    campaigns,
    doubles,
    in_review,
    late,
    moves,
    review,
    schema,
    suppression,
    tried,
    waiting,
)
from campaign.ledger.in_review import Elsewhere, PlacedCall, ReviewRow
from campaign.ledger.ledger import Ledger
from campaign.ledger.moves import IllegalMoveError
from campaign.ledger.review import DecidedRow, Decision, Ruling
from campaign.models import (
    ATTEMPT_DECISIONS,
    ROW_DECISIONS,
    AttemptState,
    Disposition,
    Ending,
    RowStatus,
    TranscriptStatus,
)
from tests.ledger.case import (
    ANNA,
    BEN,
    CARA,
    DORA,
    EVA,
    EVA_TOO,
    Case,
    contact,
    do,
    listed,
    people,
    report,
    start,
)
from tests.support import NOON

LATER = NOON + timedelta(hours=1)
HELD = "another campaign's call to this person needs review first"
CALLED = "a human found that the person was called"
NOBODY = "a human found that nobody was called"
ANOTHER = "a human wants another call"


def lost(case: Case, number: str = ANNA) -> int:
    """An attempt whose request was sent and whose call was never found. Returns its id."""
    attempt = case.intend(number)
    case.doubt(attempt, error="reset")
    do(case.ledger, attempts.record_look, attempt)
    case.give_up(attempt, reason="not in the list")
    return attempt


def endless(case: Case, number: str = ANNA, call_id: str = "call-1") -> int:
    """An attempt whose call has no end. Returns its id."""
    attempt = case.intend(number)
    case.place(attempt, call_id)
    case.give_up(attempt, reason=f"no end of call {call_id} was seen")
    return attempt


def held(case: Case, number: str = ANNA) -> None:
    """A row that hangs on another campaign's call."""
    do(
        case.ledger,
        moves.move_row,
        case.contact_id(number),
        to=RowStatus.NEEDS_REVIEW,
        now=NOON,
        reason=HELD,
    )


def decide(
    case: Case, decision: Decision, *row_numbers: int, every: bool = False, reason: str = "asked her"
) -> list[DecidedRow]:
    ruling = Ruling(decision, reason, "dana", LATER)
    return do(case.ledger, review.decide, case.id, None if every else row_numbers, ruling)


def left_of(case: Case) -> list[ReviewRow]:
    return case.ledger.read(in_review.rows_in_review, case.id)


def journal(case: Case, number: str = ANNA) -> list[tuple[str, str]]:
    """What was written about decisions on a person: event and detail."""
    table = schema.events.c
    wanted = (
        select(table.event, table.detail)
        .where(table.contact_id == case.contact_id(number), table.event.startswith("review."))
        .order_by(table.id)
    )
    return case.ledger.read(lambda connection: [(row[0], row[1]) for row in connection.execute(wanted)])


def test_a_lost_request_is_told_with_all_it_takes_to_find_it(case: Case) -> None:
    """The row, the attempt, its error and how often it was looked for; no row that stands elsewhere."""
    attempt = lost(case, BEN)
    case.whole_call(CARA, "over")

    (row,) = left_of(case)

    assert (row.row_number, row.to_number, row.reason, row.since) == (3, BEN, "not in the list", NOON)
    assert row.attempt is not None
    assert (row.attempt.id, row.attempt.number, row.attempt.intent_at) == (attempt, 1, NOON)
    assert (row.attempt.from_number, row.attempt.agent_id) == ("+12025550100", "agt_test")
    assert (row.attempt.error, row.attempt.looks, row.attempt.calls) == ("reset", 1, ())
    assert row.elsewhere == ()


def test_an_endless_call_is_told_with_its_id(case: Case) -> None:
    """The calls of the attempt are known, and that no end was seen."""
    endless(case)

    (row,) = left_of(case)

    assert row.attempt is not None
    assert row.attempt.calls == (PlacedCall("call-1", NOON, None),)


def never_read(case: Case, number: str = ANNA) -> int:
    """An attempt that was turned away, whose call was found and never read. Returns its id."""
    attempt = case.intend(number)
    case.not_called(attempt, state=AttemptState.TURNED_AWAY, error="HTTP 429")
    do(case.ledger, doubles.record_doubles, attempt, ["call-1"], NOON)
    reason = "how an earlier try went is not known"
    do(
        case.ledger,
        waiting.hold,
        case.contact_id(number),
        status=RowStatus.NEEDS_REVIEW,
        reason=reason,
        now=NOON,
        not_before=None,
    )
    return attempt


def test_a_call_that_was_never_read_is_told_with_its_id(case: Case) -> None:
    """It was found when its request had been turned away: nobody may say that there was no call."""
    attempt = never_read(case)

    (row,) = left_of(case)

    assert row.attempt is not None
    assert (row.attempt.id, row.attempt.is_over) == (attempt, True)
    assert row.attempt.calls == (PlacedCall("call-1", NOON, None),)
    with pytest.raises(UsageError, match="row 2: OneInbox made call call-1"):
        decide(case, Decision.NOT_CALLED, 2)


@pytest.mark.parametrize(
    ("decision", "status"), [(Decision.CALLED, RowStatus.COMPLETED), (Decision.REDIAL, RowStatus.WAITING)]
)
def test_a_call_that_was_never_read_is_decided_about(
    case: Case, decision: Decision, status: RowStatus
) -> None:
    """It was a try, in which the person may have talked, and the gate of tries asks no human again."""
    never_read(case)

    decide(case, decision, 2)

    assert case.statuses()[ANNA] is status
    made = case.ledger.read(tried.tries, case.contact_id(ANNA))
    assert [each.disposition for each in made.made] == [Disposition.UNKNOWN]
    assert made.granted == (2 if decision is Decision.REDIAL else 0)
    other, since = case.id + 1, NOON - timedelta(days=1)
    standing = case.ledger.read(waiting.standing, campaign_id=other, to_number=ANNA, since=since)
    assert standing.talked_at is not None
    assert journal(case) == [(f"review.{decision}", "dana: asked her")]
    never_looked_at = case.ledger.read(late.unread_calls, [ANNA])
    assert [each.call_id for each in never_looked_at] == ["call-1"]


@pytest.mark.parametrize("decision", [Decision.CALLED, Decision.REDIAL])
@pytest.mark.parametrize("first_is_in_review", [False, True])
def test_an_attempt_in_review_is_decided_about_with_one_that_was_never_read(
    case: Case, decision: Decision, *, first_is_in_review: bool
) -> None:
    """Whichever of them came first: no call of a decided row is followed any more, to move it once again."""
    first = case.intend(ANNA)
    case.not_called(first, state=AttemptState.TURNED_AWAY, error="HTTP 429")
    second = case.intend(ANNA)
    case.refuse(second)
    ids = [first, second]
    in_review, never = ids if first_is_in_review else reversed(ids)
    do(case.ledger, doubles.record_doubles, in_review, ["call-1"], NOON)
    do(case.ledger, doubles.record_doubles, never, ["call-2"], NOON)
    assert case.statuses()[ANNA] is RowStatus.NEEDS_REVIEW

    (row,) = left_of(case)
    assert row.attempt is not None
    told = (row.attempt.id, row.attempt.calls, row.attempt.other_calls)
    assert told == (in_review, (PlacedCall("call-1", NOON, None),), (PlacedCall("call-2", NOON, None),))
    with pytest.raises(UsageError, match="OneInbox made call"):
        decide(case, Decision.NOT_CALLED, 2)
    decide(case, decision, 2)

    assert {case.state(attempt) for attempt in ids} == {AttemptState.ENDED}
    assert case.ledger.read(calls.open_calls) == []
    made = case.ledger.read(tried.tries, case.contact_id(ANNA)).made
    assert [each.disposition for each in made] == [Disposition.UNKNOWN] * 2


def test_all_calls_that_were_never_read_are_decided_about_at_once(case: Case) -> None:
    """The latest is told; each keeps the decision, and no late result of any goes against it."""
    first = case.intend(ANNA)
    case.not_called(first, state=AttemptState.TURNED_AWAY, error="HTTP 429")
    second = never_read(case)
    do(case.ledger, doubles.record_doubles, first, ["call-0"], NOON)
    (row,) = left_of(case)
    assert row.attempt is not None
    assert row.attempt.id == second

    decide(case, Decision.CALLED, 2)

    made = case.ledger.read(tried.tries, case.contact_id(ANNA)).made
    assert [each.disposition for each in made] == [Disposition.UNKNOWN] * 2
    assert journal(case) == [("review.mark-called", "dana: asked her")] * 2


def test_the_row_that_holds_another_may_write_the_number_otherwise(ledger: Ledger) -> None:
    """Campaign and row are told in whichever form they have the number of that person, and nobody else's."""
    case = start(ledger, people(ANNA, EVA))
    other = start(ledger, people(BEN, EVA_TOO), name="winter")
    lost(other, BEN)
    lost(other, EVA_TOO)
    held(case, ANNA)
    held(case, EVA)
    assert [row.elsewhere for row in left_of(case)] == [(), (Elsewhere("winter", 3),)]


def test_a_row_held_by_another_campaign_tells_which(case: Case) -> None:
    """Campaign and row of the other call are told while it is in review, and no more when it is decided."""
    other = start(case.ledger, people(BEN, ANNA), name="winter")
    lost(other, ANNA)
    held(case, ANNA)
    (row,) = left_of(case)
    assert (row.attempt, row.elsewhere) == (None, (Elsewhere("winter", 3),))

    decide(other, Decision.CALLED, 3)

    (row,) = left_of(case)
    assert row.elsewhere == ()


@pytest.mark.parametrize(
    ("trouble", "decision", "status", "state", "tries", "told"),
    [
        (trouble, Decision.CALLED, RowStatus.COMPLETED, AttemptState.ENDED, 1, CALLED)
        for trouble in (lost, endless)
    ]
    + [
        (trouble, Decision.REDIAL, RowStatus.WAITING, AttemptState.ENDED, 1, ANOTHER)
        for trouble in (lost, endless)
    ]
    + [(lost, Decision.NOT_CALLED, RowStatus.WAITING, AttemptState.NOT_SENT, 0, NOBODY)],
)
def test_a_decision(
    case: Case,
    trouble: Any,
    decision: Decision,
    status: RowStatus,
    state: AttemptState,
    tries: int,
    told: str,
) -> None:
    """Row, attempt, tries, reason and journal say the same, and the row is not in review any more."""
    attempt = trouble(case)

    (decided,) = decide(case, decision, 2, reason="asked her")

    row = case.result(ANNA)
    assert (decided.status, decided.reason) == (row.status, row.reason)
    assert (row.status, row.reason, row.attempts) == (status, f"{told}: asked her", tries)
    assert case.state(attempt) == state
    assert row.disposition == (Disposition.UNKNOWN if tries else None)
    assert journal(case) == [(f"review.{decision}", "dana: asked her")]
    assert left_of(case) == []
    assert (ANNA in case.due()) is (status is RowStatus.WAITING)


def test_a_call_that_was_decided_about_is_followed_no_more(case: Case) -> None:
    """Its transcript is not awaited either; the call id stays in the result."""
    endless(case)

    decide(case, Decision.CALLED, 2)

    assert case.ledger.read(calls.open_calls) == []
    row = case.result(ANNA)
    assert (row.call_id, row.transcript_status) == ("call-1", TranscriptStatus.EMPTY)


@pytest.mark.parametrize("decision", [Decision.CALLED, Decision.REDIAL])
def test_what_comes_late_of_a_decided_call_is_kept_and_the_decision_stands(
    case: Case, decision: Decision
) -> None:
    """Its results and a wish are looked for as of any call that settled early; row and disposition stay."""
    endless(case)
    decide(case, decision, 2)
    decided = case.result(ANNA)
    [due] = case.ledger.read(late.incomplete_calls, LATER + timedelta(seconds=1))
    assert due.call_id == "call-1"

    found = do(
        case.ledger,
        late.record_results,
        report("call-1", transcript="user: Stop calling me", cost_cents=4.2, duration_seconds=2400.0),
        transcript_status=TranscriptStatus.COMPLETE,
        is_complete=True,
        disposition=Disposition.ANSWERED,
        ending=Ending(RowStatus.COMPLETED, "asked not to be called again"),
        has_talked=True,
        opt_out="phrase",
        now=LATER + timedelta(minutes=5),
    )

    assert found == late.Found(is_new=True, is_suppressed=True)
    row = case.result(ANNA)
    assert (row.transcript, row.duration_seconds) == ("user: Stop calling me", 2400.0)
    assert ANNA in case.ledger.read(suppression.suppressed)
    assert (row.status, row.reason, row.disposition, row.attempts) == (
        decided.status,
        decided.reason,
        decided.disposition,
        decided.attempts,
    )


def test_a_redialled_row_is_a_new_attempt(case: Case) -> None:
    """After a redial the next intent has the next number, and both count as tries."""
    lost(case)
    decide(case, Decision.REDIAL, 2)

    assert case.intend_numbered(ANNA)[1] == 2
    assert case.result(ANNA).attempts == 2


@pytest.mark.parametrize("row_numbers", [(3,), (2, 3), None])
def test_a_call_that_was_made_cannot_be_marked_as_not_called(
    case: Case, row_numbers: tuple[int, ...] | None
) -> None:
    """Named or among all: the error has the row, its call and a way out, and no row is changed."""
    lost(case, ANNA)
    attempt = endless(case, BEN, "call-7")
    before = case.rows()

    with pytest.raises(UsageError, match=r"row 3: OneInbox made call call-7; .*--mark-called or --redial"):
        decide(case, Decision.NOT_CALLED, *row_numbers or (), every=row_numbers is None)

    assert (case.rows(), journal(case, ANNA), journal(case, BEN)) == (before, [], [])
    assert case.state(attempt) == AttemptState.NEEDS_REVIEW


def test_all_calls_that_were_made_are_told(case: Case) -> None:
    """Each row is named, and each call of a row; an end that was seen makes a call no less made."""
    doubled = case.intend(ANNA)
    case.place(doubled, "call-1", "call-2")
    case.end("call-1")
    case.give_up(doubled)
    endless(case, BEN, "call-3")

    with pytest.raises(
        UsageError, match=r"row 2: OneInbox made call call-1 and call-2, row 3: OneInbox made call call-3;"
    ):
        decide(case, Decision.NOT_CALLED, every=True)


@pytest.mark.parametrize("decision", [Decision.CALLED, Decision.REDIAL])
def test_a_decided_row_tells_which_calls_may_still_be_on(case: Case, decision: Decision) -> None:
    """Those whose end was never seen, and no others."""
    attempt = case.intend(ANNA)
    case.place(attempt, "call-1", "call-2")
    case.end("call-1")
    case.give_up(attempt)
    lost(case, BEN)

    (doubled, none) = decide(case, decision, every=True)

    assert (doubled.row.open_calls, none.row.open_calls) == (("call-2",), ())


@pytest.mark.parametrize("decision", Decision)
def test_a_row_held_by_another_campaign_can_be_decided(case: Case, decision: Decision) -> None:
    """It has no attempt of its own: it is completed without a try, or waits and the gates are asked again."""
    held(case)

    decide(case, decision, 2)

    row = case.result(ANNA)
    is_called = decision is Decision.CALLED
    assert (row.status, row.attempts) == (RowStatus.COMPLETED if is_called else RowStatus.WAITING, 0)
    assert journal(case) == [(f"review.{decision}", "dana: asked her")]


def test_other_campaigns_count_a_call_only_when_there_was_one(case: Case) -> None:
    """The cap of other campaigns counts an attempt that is marked as called, and not one that is not."""
    lost(case, ANNA)
    lost(case, BEN)
    decide(case, Decision.CALLED, 2)
    decide(case, Decision.NOT_CALLED, 3)

    called = case.ledger.read(waiting.recent_calls, campaign_id=None, since=NOON - timedelta(hours=1))
    unsettled = case.ledger.read(waiting.unsettled_elsewhere, campaign_id=None)
    assert (set(called), unsettled) == ({ANNA}, {})


@pytest.mark.parametrize(
    ("row_numbers", "said"),
    [
        ([2, 4], r"row 4 \(waiting\)"),
        ([2, 99], r"row 99 \(no such row\)"),
        ([3], r"row 3 \(completed\)"),
        (range(90, 97), r"row 94 \(no such row\) and 2 more"),
    ],
)
def test_all_rows_or_none(case: Case, row_numbers: Iterable[int], said: str) -> None:
    """When one of the rows is not in review, none is changed and nothing is journalled."""
    attempt = lost(case, ANNA)
    case.whole_call(BEN, "over")
    before = case.rows()

    with pytest.raises(UsageError, match=said):
        decide(case, Decision.NOT_CALLED, *row_numbers)

    assert (case.rows(), journal(case)) == (before, [])
    assert case.state(attempt) == AttemptState.NEEDS_REVIEW


def test_a_row_named_twice_is_decided_once(case: Case) -> None:
    """The journal has one line for it."""
    lost(case)

    assert len(decide(case, Decision.REDIAL, 2, 2)) == 1
    assert len(journal(case)) == 1


def test_all_are_those_that_are_left(case: Case) -> None:
    """Without row numbers every row that is still in review is decided, and no other campaign's."""
    lost(case, ANNA)
    endless(case, BEN)
    lost(case, CARA)
    other = start(case.ledger, people(DORA), name="winter")
    lost(other, DORA)
    decide(case, Decision.CALLED, 2)

    assert [each.row.row_number for each in decide(case, Decision.REDIAL, every=True)] == [3, 4]
    assert decide(case, Decision.REDIAL, every=True) == []
    assert case.statuses() == {ANNA: RowStatus.COMPLETED, BEN: RowStatus.WAITING, CARA: RowStatus.WAITING}
    assert len(left_of(other)) == 1


def test_the_program_makes_no_decision(case: Case) -> None:
    """What a human may do with a row in review, no verb of a run can do."""
    attempt = lost(case)
    for status in ROW_DECISIONS[RowStatus.NEEDS_REVIEW]:
        with pytest.raises(IllegalMoveError):
            do(case.ledger, moves.move_row, case.contact_id(ANNA), to=status, now=NOON)

    def move(connection: Connection, state: AttemptState) -> None:
        moves.move_attempt(connection, attempt, to=state, now=NOON, event="moved")

    for state in ATTEMPT_DECISIONS[AttemptState.NEEDS_REVIEW]:
        with pytest.raises(IllegalMoveError):
            do(case.ledger, move, state)


def test_a_row_that_waits_again_makes_its_campaign_unfinished(case: Case) -> None:
    """The next run of a dated name goes on with the campaign; when nobody waits it stays finished."""

    def is_finished(connection: Connection) -> bool:
        record = campaigns.find(connection, "spring")
        return record is not None and record.finished_at is not None

    lost(case, ANNA)
    lost(case, BEN)
    case.finish(NOON)
    decide(case, Decision.CALLED, 2)
    assert case.ledger.read(is_finished)
    decide(case, Decision.REDIAL, 3)
    assert not case.ledger.read(is_finished)


def test_who_left_the_list_is_not_dialled_by_a_decision(case: Case) -> None:
    """The row is stopped instead of waiting, and waits again when a later list has the person."""
    lost(case, ANNA)
    do(case.ledger, amend.amend, case.id, people(BEN, CARA), NOON)
    (row,) = left_of(case)
    assert not row.is_in_list

    (decided,) = decide(case, Decision.REDIAL, every=True)

    assert (decided.status, case.due()) == (RowStatus.STOPPED, [BEN, CARA])
    do(case.ledger, amend.amend, case.id, people(BEN, CARA, ANNA), NOON)
    assert case.due() == [BEN, CARA, ANNA]


def test_a_redialled_person_stays_called_when_the_list_changes(case: Case) -> None:
    """Whoever waits for a redial is not called under another number because the list was corrected."""
    ben = contact(BEN, 3)
    keyed = start(case.ledger, listed(replace(contact(ANNA, 2), key="k1"), ben), name="keyed")
    lost(keyed, ANNA)
    decide(keyed, Decision.REDIAL, 2)

    do(case.ledger, amend.amend, keyed.id, listed(replace(contact(DORA, 2), key="k1"), ben), NOON)

    assert keyed.due() == [BEN]


def test_a_number_that_means_two_people_is_refused(case: Case) -> None:
    """When an amendment gave a row in review the number of another one, the error tells a way out."""
    lost(case, ANNA)
    do(case.ledger, amend.amend, case.id, people(DORA, CARA), NOON)
    lost(case, DORA)

    with pytest.raises(UsageError, match=r"row 2 is 2 people in review.*--all"):
        decide(case, Decision.CALLED, 2)

    assert len(decide(case, Decision.CALLED, every=True)) == 2
