"""Attempts: the ends of a create-call request, and what is in doubt."""

from datetime import timedelta

import pytest

from campaign.ledger import attempts, calls, review
from campaign.ledger.moves import IllegalMoveError
from campaign.ledger.review import Decision, Ruling
from campaign.models import AttemptState, RowStatus
from tests.ledger.case import ANNA, BEN, CARA, Case, do, people, start
from tests.support import NOON


def test_placed_ids_are_on_disk(case: Case) -> None:
    """Every id that the provider gave is known, and the call is live."""
    attempt = case.intend(ANNA)

    assert case.place(attempt, "call-1", "call-2")

    known = case.ledger.read(calls.known_ids, ["call-1", "call-2", "call-3"])
    assert known == {"call-1", "call-2"}
    assert (case.state(attempt), case.statuses()[ANNA]) == (AttemptState.LIVE, RowStatus.LIVE)


def test_the_id_of_another_attempt_is_a_doubt(case: Case) -> None:
    """When the API gives an id that belongs to another attempt, this one is in doubt and keeps no id."""
    case.place(case.intend(ANNA), "call-1")
    attempt = case.intend(BEN)

    assert not case.place(attempt, "call-1")

    assert (case.state(attempt), case.statuses()[BEN]) == (AttemptState.IN_DOUBT, RowStatus.IN_DOUBT)
    assert case.result(BEN).call_id is None
    assert case.result(ANNA).call_id == "call-1"


def test_a_doubt_is_not_settled_by_a_foreign_id(case: Case) -> None:
    """An attempt in doubt stays so when the only call found belongs to another attempt."""
    case.place(case.intend(ANNA), "call-1")
    attempt = case.intend(BEN)
    case.doubt(attempt)

    assert not case.place(attempt, "call-2", "call-1")

    assert case.state(attempt) == AttemptState.IN_DOUBT
    assert case.ledger.read(calls.known_ids, ["call-2"]) == set()


def test_a_doubt_is_settled_by_its_call(case: Case) -> None:
    """A call that is found at the provider is adopted, and its row is live."""
    attempt = case.intend(ANNA)
    case.doubt(attempt)

    assert case.place(attempt, "call-1")

    assert case.statuses()[ANNA] == RowStatus.LIVE
    assert case.ledger.read(attempts.doubts) == []


@pytest.mark.parametrize("state", [AttemptState.NOT_SENT, AttemptState.TURNED_AWAY])
def test_not_called_waits_again(case: Case, state: AttemptState) -> None:
    """Who was certainly not called waits again, perhaps until a time, with the error on the row."""
    attempt = case.intend(ANNA)
    do(
        case.ledger,
        attempts.record_not_called,
        attempt,
        state=state,
        error="no route",
        now=NOON,
        not_before=NOON + timedelta(minutes=5),
    )

    assert case.state(attempt) == state
    assert case.due() == [BEN, CARA]
    assert case.due(now=NOON + timedelta(minutes=5)) == [ANNA, BEN, CARA]
    assert (case.result(ANNA).error, case.result(ANNA).attempts) == ("no route", 0)


def test_refused_is_final(case: Case) -> None:
    """A row that the API refused says so, was no try, and is never dialled again."""
    attempt = case.intend(ANNA)
    case.refuse(attempt, error="HTTP 422: not a number")

    row = case.result(ANNA)
    assert (row.status, row.error, row.attempts) == (RowStatus.REFUSED, "HTTP 422: not a number", 0)
    assert case.due(now=NOON + timedelta(days=9)) == [BEN, CARA]
    with pytest.raises(IllegalMoveError):
        case.intend(ANNA)


def test_a_doubt_keeps_all_it_takes_to_find_the_call(case: Case) -> None:
    """A doubt tells row, token, numbers, agent, time and complete looks."""
    attempt = case.intend(BEN, token="token-ben")
    case.doubt(attempt)
    do(case.ledger, attempts.record_look, attempt)
    do(case.ledger, attempts.record_look, attempt)

    assert case.ledger.read(attempts.doubts) == [
        attempts.Doubt(
            attempt_id=attempt,
            row_number=3,
            token="token-ben",
            to_number=BEN,
            from_number="+12025550100",
            agent_id="agt_test",
            intent_at=NOON,
            looks=2,
        )
    ]
    assert (case.result(BEN).attempts, case.result(BEN).status) == (1, RowStatus.IN_DOUBT)


def test_a_dead_run_leaves_doubts(case: Case) -> None:
    """What a dead run of any campaign left in mid-request is in doubt, and nothing else is touched."""
    interrupted = case.intend(ANNA)
    live = case.intend(BEN)
    case.place(live, "call-1")
    elsewhere = start(case.ledger, people(ANNA), name="other")
    other = elsewhere.intend(ANNA)

    assert do(case.ledger, attempts.doubt_interrupted, NOON) == 2
    assert do(case.ledger, attempts.doubt_interrupted, NOON) == 0

    assert case.state(interrupted) == AttemptState.IN_DOUBT
    assert (case.state(live), case.state(other)) == (AttemptState.LIVE, AttemptState.IN_DOUBT)
    assert case.statuses() == {ANNA: RowStatus.IN_DOUBT, BEN: RowStatus.LIVE, CARA: RowStatus.WAITING}


def test_giving_up_hands_the_row_to_a_human(case: Case) -> None:
    """A doubt that nobody could settle counts as a try, keeps its reason, and is never dialled again."""
    attempt = case.intend(ANNA)
    case.doubt(attempt)
    case.give_up(attempt, reason="not in the list")

    row = case.result(ANNA)
    assert (row.status, row.reason, row.attempts) == (RowStatus.NEEDS_REVIEW, "not in the list", 1)
    assert case.ledger.read(attempts.doubts) == []
    with pytest.raises(IllegalMoveError):
        case.intend(ANNA)


def test_what_was_given_up_without_a_call_is_told_by_agent(case: Case) -> None:
    """Since when, of all campaigns: nothing that is too old, in doubt, has a call or was decided about."""
    old, begun, hour = NOON - timedelta(days=1), NOON - timedelta(minutes=9), timedelta(hours=1)
    elsewhere = start(case.ledger, people(ANNA, BEN, CARA), name="other")
    assert case.ledger.read(attempts.lost, NOON - hour) == {}
    case.doubt(case.intend(CARA))
    called = elsewhere.intend(CARA)
    elsewhere.place(called, "call-1")
    elsewhere.give_up(called)
    for each, number, at in ((case, ANNA, old), (case, BEN, NOON), (elsewhere, BEN, begun)):
        attempt = each.intend(number, now=at)
        each.doubt(attempt)
        each.give_up(attempt)

    assert case.ledger.read(attempts.lost, NOON - hour) == {"agt_test": begun}
    do(case.ledger, review.decide, elsewhere.id, None, Ruling(Decision.CALLED, "asked", "dana", NOON))
    assert case.ledger.read(attempts.lost, NOON - hour) == {"agt_test": NOON}


def test_every_end_is_journalled(case: Case) -> None:
    """Each move of an attempt leaves one line in the journal, in order."""
    attempt = case.intend(ANNA)
    case.doubt(attempt)
    case.place(attempt, "call-1")
    case.end("call-1")
    case.settle("call-1")

    with case.ledger._engine.connect() as connection:
        events = connection.exec_driver_sql(
            f"SELECT event FROM events WHERE attempt_id = {attempt} ORDER BY id"  # noqa: S608
        )
        assert list(events.scalars()) == [
            "call.intended",
            "call.in_doubt",
            "call.placed",
            "call.ended",
            "call.settled",
        ]
