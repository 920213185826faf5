"""Late results: kept with what they mean, looked for a few times, and never a second call of their own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import event, select

from campaign.ledger import calls, late, review, schema, suppression, tried
from campaign.ledger.doubles import record_doubles
from campaign.ledger.late import Found
from campaign.ledger.ledger import Ledger
from campaign.ledger.review import Decision, Ruling
from campaign.models import AttemptState, Disposition, Ending, RowStatus, TranscriptStatus
from tests.ledger.case import ANNA, BEN, Case, do, engine_of, report
from tests.support import NOON, nothing_left

SETTLED = NOON + timedelta(minutes=2)
NOTHING_NEW = Found(is_new=False, is_suppressed=False)
DECLINED = Ending(RowStatus.UNREACHED, "declined")
TALKED = Ending(RowStatus.COMPLETED, "failed, but the person has talked")


def settle_early(
    case: Case, number: str = ANNA, *, status: RowStatus = RowStatus.COMPLETED, at: datetime = SETTLED
) -> str:
    """A call of this person has settled with nothing but its end, and no line knows how it ended."""
    call_id = f"call of {number}"
    case.place(case.intend(number), call_id)
    case.end(call_id)
    do(
        case.ledger,
        calls.record_settled,
        report(call_id),
        disposition=Disposition.UNKNOWN,
        transcript_status=TranscriptStatus.EMPTY,
        status=status,
        reason="nobody knows",
        not_before=NOON if status is RowStatus.WAITING else None,
        with_others=nothing_left,
        now=at,
        looks_left=late.LOOKS,
    )
    return call_id


def due(case: Case, now: datetime) -> Sequence[str]:
    return [each.call_id for each in case.ledger.read(late.incomplete_calls, now)]


def find(
    case: Case,
    call_id: str,
    *,
    opt_out: str = "",
    is_complete: bool = True,
    ending: Ending | None = None,
    is_answered: bool = False,
    has_talked: bool = False,
    disposition: Disposition | None = None,
    **details: Any,
) -> Found:
    """A look has shown this."""
    has_answered = is_answered or details.get("transcript")
    disposition = Disposition.ANSWERED if has_answered else disposition or Disposition.NO_ANSWER
    if has_answered or opt_out:
        ending = Ending(RowStatus.COMPLETED, "asked not to be called again" if opt_out else "")
    return do(
        case.ledger,
        late.record_results,
        report(call_id, **details),
        transcript_status=TranscriptStatus.COMPLETE,
        is_complete=is_complete,
        disposition=disposition,
        ending=ending,
        has_talked=has_talked or disposition is Disposition.ANSWERED,
        opt_out=opt_out,
        now=SETTLED + timedelta(hours=1),
    )


def test_how_a_further_call_ended_is_known_once_it_is_read(case: Case) -> None:
    """A second call of a request that was over has no disposition; its first reading is what tries go by."""
    case.place(case.intend(ANNA), "call-1")
    case.end("call-1")
    case.settle("call-1", disposition=Disposition.BUSY)
    do(case.ledger, record_doubles, 1, ["call-2"], SETTLED)
    assert case.ledger.read(tried.tries, case.contact_id(ANNA)).made[0].others == frozenset()
    find(case, "call-2")
    assert case.ledger.read(tried.tries, case.contact_id(ANNA)).made[0].others == {Disposition.NO_ANSWER}


def test_how_a_request_that_was_turned_away_ended_is_known_once_its_call_is_read(case: Case) -> None:
    """Until then nobody knows how that try went; then further ones go by it."""
    case.not_called(case.intend(ANNA), state=AttemptState.TURNED_AWAY, error="HTTP 429")
    do(case.ledger, record_doubles, 1, ["call-1"], SETTLED)
    assert [made.disposition for made in case.ledger.read(tried.tries, case.contact_id(ANNA)).made] == [None]
    find(case, "call-1")
    [made] = case.ledger.read(tried.tries, case.contact_id(ANNA)).made
    assert (made.disposition, made.others) == (Disposition.NO_ANSWER, frozenset())


def talked(case: Case) -> list[int]:
    """Of each attempt, whether somebody has talked in it."""
    with engine_of(case.ledger).connect() as connection:
        return list(connection.scalars(select(schema.attempts.c.talked).order_by(schema.attempts.c.id)))


def found_later(case: Case, *, status: RowStatus = RowStatus.WAITING) -> None:
    """A call rang in vain, and a second call of its request turns up when it has settled."""
    case.place(case.intend(ANNA), "call-1")
    case.end("call-1")
    again = SETTLED + timedelta(hours=9)
    case.settle("call-1", disposition=Disposition.NO_ANSWER, status=status, not_before=again)
    do(case.ledger, record_doubles, 1, ["call-2"], SETTLED)


def test_an_answer_is_news_before_its_words_are_there(case: Case) -> None:
    """The first look tells that somebody has answered; that the transcript comes later loses nothing."""
    found_later(case)
    assert find(case, "call-2", is_answered=True, is_complete=False).is_new
    assert case.result(ANNA).status is RowStatus.COMPLETED
    assert talked(case) == [1]
    assert find(case, "call-2", transcript="user: Hello").is_new
    assert (case.result(ANNA).disposition, talked(case)) == (Disposition.ANSWERED, [1])


@pytest.mark.parametrize(("may_retry", "status"), [(True, RowStatus.WAITING), (False, RowStatus.UNREACHED)])
def test_a_further_call_may_forbid_the_next_try(case: Case, may_retry: bool, status: RowStatus) -> None:
    """The second call of a request was declined: that the first rang in vain changes nothing."""
    found_later(case)
    find(case, "call-2", ending=None if may_retry else DECLINED)
    assert case.result(ANNA).status is status


@pytest.mark.parametrize(
    ("looks", "after", "is_due"),
    [
        (0, timedelta(), True),
        (1, timedelta(minutes=9), False),
        (1, timedelta(minutes=10), True),
        (2, timedelta(minutes=59), False),
        (2, timedelta(hours=23), True),
        (2, timedelta(hours=24), False),
        (3, timedelta(hours=2), False),
    ],
)
def test_looks_are_few_and_further_and_further_apart(
    case: Case, looks: int, after: timedelta, is_due: bool
) -> None:
    """At once, after ten minutes and after an hour, within a day."""
    call_id = settle_early(case)
    for _ in range(looks):
        do(case.ledger, late.record_look, call_id)
    assert due(case, SETTLED + after) == ([call_id] if is_due else [])


def test_they_are_found_by_their_index(sqlite_location: str) -> None:
    """Whatever is looked for: a ledger of years has millions of calls, and few that are incomplete."""
    seen: list[str] = []

    def see(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    with Ledger.open(sqlite_location) as ledger:
        event.listen(engine_of(ledger), "before_cursor_execute", see)
        ledger.read(late.incomplete_calls, SETTLED)
        [query] = [statement for statement in seen if "looks_left" in statement]
        with engine_of(ledger).connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", (None,) * query.count("?")).all()
    assert "SEARCH calls USING INDEX ix_calls_incomplete" in str(plan)


def test_the_oldest_are_looked_at_first(case: Case) -> None:
    """Whatever can be read in the time that there is."""
    settle_early(case, BEN, at=SETTLED + timedelta(minutes=1))
    settle_early(case, ANNA)
    assert due(case, SETTLED + timedelta(hours=1)) == [f"call of {ANNA}", f"call of {BEN}"]


def test_what_has_come_is_kept_and_the_row_stays(case: Case) -> None:
    """The transcript shows that it was answered; nobody looks any more."""
    call_id = settle_early(case)
    assert find(case, call_id, transcript="user: Hi", outcome="Interested") == Found(True, False)
    row = case.result(ANNA)
    assert (row.status, row.reason, row.disposition) == (RowStatus.COMPLETED, "", Disposition.ANSWERED)
    assert (row.transcript, row.transcript_status) == ("user: Hi", TranscriptStatus.COMPLETE)
    assert due(case, SETTLED + timedelta(hours=2)) == []


def test_a_wish_counts_once_and_for_ever(case: Case) -> None:
    """Also where it is all that is new; a second look finds nothing."""
    call_id = settle_early(case)
    asked = find(case, call_id, opt_out="analysis field", is_complete=False)
    assert asked == Found(is_new=True, is_suppressed=True)
    assert case.result(ANNA).reason == "asked not to be called again"
    assert set(case.ledger.read(suppression.suppressed)) == {ANNA}
    assert find(case, call_id, opt_out="analysis field", is_complete=False) == NOTHING_NEW


@pytest.mark.parametrize(
    ("found", "reason"),
    [({"transcript": "user: Hi"}, ""), ({"opt_out": "said: stop"}, "asked not to be called again")],
)
def test_no_other_try_is_due_any_more(case: Case, found: dict[str, Any], reason: str) -> None:
    """Whoever has talked after all, or asked not to be called again, is not tried again."""
    call_id = settle_early(case, status=RowStatus.WAITING)
    find(case, call_id, **found)
    row = case.result(ANNA)
    assert (row.status, row.reason) == (RowStatus.COMPLETED, reason)


def test_a_row_that_a_human_lets_wait_is_left_to_the_gates(case: Case) -> None:
    """They know what has come: the gate of tries that the person has answered."""
    call_id = settle_early(case)
    case.force(status=RowStatus.WAITING)
    find(case, call_id, transcript="user: Hi")
    assert case.result(ANNA).status is RowStatus.WAITING
    [made] = case.ledger.read(tried.tries, case.contact_id(ANNA)).made
    assert made.disposition is Disposition.ANSWERED


@pytest.mark.parametrize("status", [RowStatus.WAITING, RowStatus.UNREACHED])
def test_who_has_talked_after_all_was_reached(case: Case, status: RowStatus) -> None:
    """Whether a further try was due or not: late words count as if they had come in time, and are told."""
    call_id = settle_early(case, status=status)
    assert find(case, call_id, ending=TALKED, has_talked=True).is_new
    row = case.result(ANNA)
    assert (row.status, row.reason) == (RowStatus.COMPLETED, "failed, but the person has talked")


@pytest.mark.parametrize("has_talked", [False, True])
def test_who_is_only_not_tried_again_stays_unreached(case: Case, has_talked: bool) -> None:
    """Also where somebody may have talked, as the call was connected and no turn of it is known."""
    call_id = settle_early(case, status=RowStatus.UNREACHED)
    assert find(case, call_id, ending=DECLINED, has_talked=has_talked) == NOTHING_NEW
    assert (case.result(ANNA).status, case.result(ANNA).reason) == (RowStatus.UNREACHED, "nobody knows")


def test_a_row_that_waits_for_something_else_is_left_to_the_gate_of_tries(case: Case) -> None:
    """It knows of the attempt that none may follow, whatever holds the row at the moment."""
    call_id = settle_early(case)
    case.force(status=RowStatus.WAITING)
    find(case, call_id, ending=TALKED, has_talked=True)
    assert case.result(ANNA).status is RowStatus.WAITING
    [made] = case.ledger.read(tried.tries, case.contact_id(ANNA)).made
    assert made.no_further == TALKED


@pytest.mark.parametrize("endings", list(permutations((TALKED, DECLINED))))
def test_of_two_calls_of_a_request_the_one_with_a_talk_counts(
    case: Case, endings: tuple[Ending, Ending]
) -> None:
    """In whichever order they are read."""
    call_id = settle_early(case)
    case.force(status=RowStatus.WAITING)
    for ending in endings:
        find(case, call_id, ending=ending, has_talked=ending is TALKED)
    [made] = case.ledger.read(tried.tries, case.contact_id(ANNA)).made
    assert made.no_further == TALKED


def test_a_try_is_read_when_all_of_its_calls_are(case: Case) -> None:
    """Two calls of a request that was turned away: the person may have talked in the one that is not read."""
    attempt = case.intend(ANNA)
    case.not_called(attempt, state=AttemptState.TURNED_AWAY, error="HTTP 429")
    do(case.ledger, record_doubles, attempt, ["call-1", "call-2"], NOON)
    find(case, "call-1", disposition=Disposition.NO_ANSWER)
    [made] = case.ledger.read(tried.tries, case.contact_id(ANNA)).made
    assert (made.disposition, made.read_until) == (None, NOON + late.LONGEST)
    find(case, "call-2", disposition=Disposition.BUSY)
    [made] = case.ledger.read(tried.tries, case.contact_id(ANNA)).made
    assert (made.disposition, made.others) == (Disposition.BUSY, frozenset({Disposition.NO_ANSWER}))


@pytest.mark.parametrize(
    "read", list(permutations((("call-1", Disposition.ANSWERED), ("call-2", Disposition.BUSY))))
)
def test_a_try_was_answered_when_one_of_its_calls_was(
    case: Case, read: tuple[tuple[str, Disposition], ...]
) -> None:
    """Whichever of them is read first."""
    attempt = case.intend(ANNA)
    case.not_called(attempt, state=AttemptState.TURNED_AWAY, error="HTTP 429")
    do(case.ledger, record_doubles, attempt, ["call-1", "call-2"], NOON)
    for call_id, disposition in read:
        find(case, call_id, disposition=disposition)
    kept = select(schema.attempts.c.disposition).where(schema.attempts.c.id == attempt)
    assert case.ledger.read(lambda connection: connection.scalar(kept)) == Disposition.ANSWERED
    [made] = case.ledger.read(tried.tries, case.contact_id(ANNA)).made
    assert made.disposition is Disposition.ANSWERED


def look_at_a_call_that_is_on(case: Case, call_id: str, now: datetime) -> int | None:
    """Returns how many looks are left."""
    do(
        case.ledger,
        late.record_results,
        replace(report(call_id), has_ended=False),
        transcript_status=TranscriptStatus.EMPTY,
        is_complete=False,
        disposition=None,
        ending=None,
        has_talked=False,
        opt_out="",
        now=now,
    )
    left = select(schema.calls.c.looks_left).where(schema.calls.c.call_id == call_id)
    return case.ledger.read(lambda connection: connection.scalar(left))


def test_a_look_at_a_call_that_is_on_is_not_counted(case: Case) -> None:
    """It is looked at again, for a day at most; then nobody waits for its end any more."""
    call_id = settle_early(case)
    assert look_at_a_call_that_is_on(case, call_id, SETTLED) == late.LOOKS
    assert look_at_a_call_that_is_on(case, call_id, SETTLED + late.LONGEST) == late.LOOKS - 1


def test_a_look_at_a_call_that_a_human_has_decided_about_is_counted(case: Case) -> None:
    """Who is to be called again does not wait for an end that may never be seen."""
    attempt = case.intend(ANNA)
    case.place(attempt, "call-1")
    case.give_up(attempt)
    do(case.ledger, review.decide, case.id, None, Ruling(Decision.REDIAL, "asked her", "dana", SETTLED))
    assert look_at_a_call_that_is_on(case, "call-1", SETTLED) == late.LOOKS - 1


def test_what_was_never_read_is_looked_at_once_more_after_a_day(case: Case) -> None:
    """A call that was found on Friday night, and was on then, is read on Monday."""
    attempt = case.intend(ANNA)
    case.not_called(attempt, state=AttemptState.TURNED_AWAY, error="HTTP 429")
    do(case.ledger, record_doubles, attempt, ["call-1"], NOON)
    settle_early(case, BEN, at=NOON)
    assert due(case, NOON + late.LONGEST_UNREAD) == []
    monday = NOON + timedelta(days=3)
    assert due(case, monday) == ["call-1"]
    do(case.ledger, late.record_look, "call-1")
    assert due(case, monday) == []


def test_a_report_that_tells_less_ends_no_row(case: Case) -> None:
    """The call was read when it settled; that a later report fits no line forbids nothing."""
    call_id = settle_early(case, status=RowStatus.WAITING)
    unknown = Ending(RowStatus.COMPLETED, "the call ended, but OneInbox does not say how")
    find(case, call_id, ending=unknown, disposition=Disposition.UNKNOWN)
    assert case.result(ANNA).status is RowStatus.WAITING
    [made] = case.ledger.read(tried.tries, case.contact_id(ANNA)).made
    assert made.no_further is None


def test_what_was_known_is_not_forgotten(case: Case) -> None:
    """A report that leaves things out changes nothing, and costs a look."""
    call_id = settle_early(case)
    find(case, call_id, transcript="user: Hi", is_complete=False)
    assert find(case, call_id, is_complete=False) == NOTHING_NEW
    assert case.result(ANNA).transcript == "user: Hi"
    assert due(case, SETTLED + timedelta(hours=2)) == [call_id]
