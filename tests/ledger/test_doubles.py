"""Doubles: a further call of one request belongs to its attempt, wherever that stands."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from campaign.errors import UsageError
from campaign.ledger import attempts, calls, doubles, late, review, schema, tried, waiting
from campaign.ledger.doubles import Doubling
from campaign.ledger.review import Decision, Ruling
from campaign.models import AttemptState, Disposition, RowStatus
from tests.ledger.case import ANNA, BEN, Case, do
from tests.support import NOON


def placed(case: Case) -> int:
    """A call of Anna's that is live. Returns the attempt's id."""
    attempt = case.intend(ANNA, token="anna")
    case.place(attempt, "call-1")
    return attempt


def sighted(case: Case, *call_ids: str, carried: str = "anna") -> doubles.Sighting:
    return case.ledger.read(doubles.sight, dict.fromkeys(call_ids, carried))


def double(case: Case, attempt: int, *call_ids: str) -> doubles.Recorded:
    return do(case.ledger, doubles.record_doubles, attempt, call_ids, NOON)


def doubling(attempt: int, case: Case, call_ids: Sequence[str], calls: int, **how: bool) -> Doubling:
    """Such calls of Anna's."""
    return Doubling(attempt, case.id, 2, call_ids, calls, ANNA, "+12025550100", **how)


def open_ids(case: Case) -> set[str]:
    return {record.call_id for record in case.ledger.read(calls.open_calls)}


def test_calls_that_nobody_knows_are_told_from_known_ones(case: Case) -> None:
    """Those of an attempt that has a call are further ones, however many; other tools' tokens say nothing."""
    attempt = placed(case)
    assert sighted(case, "call-1") == doubles.Sighting({"call-1"}, [])
    assert sighted(case, "call-x", carried="another") == doubles.Sighting(set(), [])
    found = sighted(case, "call-1", "call-2", "call-3")
    [further] = found.doublings
    assert found.known == {"call-1"}
    assert sorted(further.call_ids) == ["call-2", "call-3"]
    assert further == doubling(attempt, case, further.call_ids, 3)


def test_the_call_of_a_request_without_a_reply_is_no_further_one(case: Case) -> None:
    """It is the one that the reply will name, or that settles the doubt, or that a human looks for."""
    attempt = case.intend(ANNA, token="anna")
    assert sighted(case, "call-1").doublings == []
    case.doubt(attempt)
    assert sighted(case, "call-1").doublings == []
    case.give_up(attempt)
    assert sighted(case, "call-1").doublings == []


def test_the_call_of_a_request_that_was_turned_away_is_followed_to_its_end(case: Case) -> None:
    """Its row is for a human until then, and the attempt counts as a try."""
    attempt = case.intend(ANNA, token="anna")
    do(case.ledger, attempts.record_refused, attempt, error="HTTP 422", now=NOON)
    [found] = sighted(case, "call-1").found
    assert found == doubling(attempt, case, ["call-1"], 1, was_turned_away=True, is_refused=True)
    assert double(case, attempt, "call-1") == doubles.Recorded(("call-1",), is_over=False)
    row = case.result(ANNA)
    assert (row.status, row.call_id, row.attempts) == (RowStatus.NEEDS_REVIEW, "call-1", 1)
    assert row.reason.startswith("OneInbox turned the request away, and the call found later: call-1;")
    assert open_ids(case) == {"call-1"}
    assert case.end("call-1")
    assert case.settle("call-1")
    assert case.statuses()[ANNA] is RowStatus.COMPLETED


def throttled(case: Case) -> int:
    """A request that OneInbox has answered with a 429. Returns the attempt's id."""
    attempt = case.intend(ANNA, token="anna")
    case.not_called(attempt, state=AttemptState.TURNED_AWAY, error="HTTP 429")
    return attempt


def test_the_call_of_a_request_whose_row_waits_is_looked_up(case: Case) -> None:
    """The row may be about to be dialled, so it stays where it is. Its try counts, and has no known end."""
    attempt = throttled(case)
    assert case.ledger.read(tried.tries, case.contact_id(ANNA)).made == ()
    assert double(case, attempt, "call-1") == doubles.Recorded(("call-1",), is_over=True)
    assert case.statuses()[ANNA] is RowStatus.WAITING
    [made] = case.ledger.read(tried.tries, case.contact_id(ANNA)).made
    assert (made.disposition, made.ended_at is None) == (None, False)
    assert made.read_until == NOON + late.LONGEST
    assert [each.call_id for each in case.ledger.read(late.incomplete_calls, NOON)] == ["call-1"]
    assert conversations_elsewhere(case) == {ANNA}
    for _ in range(late.LOOKS):
        do(case.ledger, late.record_look, "call-1")
    [made] = case.ledger.read(tried.tries, case.contact_id(ANNA)).made
    assert made.read_until is None


def conversations_elsewhere(case: Case) -> set[str]:
    """Who may have talked, as another campaign sees it."""
    return {*case.ledger.read(waiting.conversations, campaign_id=case.id + 1)}


def test_a_call_that_was_never_put_through_keeps_no_other_campaign_from_the_person(case: Case) -> None:
    """Nobody has talked in it."""
    do(case.ledger, doubles.record_doubles, throttled(case), ["call-1"], NOON, may_have_talked=False)
    assert conversations_elsewhere(case) == set()


def test_a_row_that_is_final_for_a_refusal_is_told_from_one_that_waits(case: Case) -> None:
    """Nobody dials the first one any more, whatever a list shows."""
    throttled(case)
    [found] = sighted(case, "call-1").found
    assert not found.is_refused
    do(case.ledger, attempts.record_refused, case.intend(BEN, token="ben"), error="HTTP 422", now=NOON)
    [found] = sighted(case, "call-2", carried="ben").found
    assert found.is_refused


def test_the_call_of_a_request_whose_row_has_gone_on_is_looked_up(case: Case) -> None:
    """Another request is under way: what the first one has come to does not end its row."""
    first = throttled(case)
    second = case.intend(ANNA, token="again")
    case.place(second, "call-2")
    assert double(case, first, "call-1") == doubles.Recorded(("call-1",), is_over=True)
    assert [each.call_id for each in case.ledger.read(late.incomplete_calls, NOON)] == ["call-1"]
    assert open_ids(case) == {"call-2"}
    assert (case.statuses()[ANNA], case.result(ANNA).attempts) == (RowStatus.LIVE, 2)
    assert case.end("call-2")
    assert case.settle("call-2")


def test_refusals_are_not_taken_back_where_a_call_was_found(case: Case) -> None:
    """Of several rows that were refused one was called all the same, and waits for no other call."""
    for number, token in ((ANNA, "anna"), (BEN, "ben")):
        do(case.ledger, attempts.record_refused, case.intend(number, token=token), error="HTTP 422", now=NOON)
    double(case, 1, "call-1")
    do(case.ledger, attempts.take_back_refusals, [case.contact_id(ANNA), case.contact_id(BEN)], NOON)
    statuses = case.statuses()
    assert (statuses[ANNA], statuses[BEN]) == (RowStatus.NEEDS_REVIEW, RowStatus.WAITING)


def test_a_further_call_is_followed_to_its_end(case: Case) -> None:
    """The attempt ends when both have, and what was answered counts."""
    attempt = placed(case)
    assert double(case, attempt, "call-2") == doubles.Recorded(("call-2",), is_over=False)
    assert open_ids(case) == {"call-1", "call-2"}
    assert not case.end("call-1")
    assert not case.settle("call-1", disposition=Disposition.NO_ANSWER, status=RowStatus.UNREACHED)
    assert case.end("call-2")
    assert case.settle("call-2")
    assert case.statuses()[ANNA] is RowStatus.COMPLETED


def test_a_call_is_recorded_once(case: Case) -> None:
    """Seen again by somebody else meanwhile, it changes nothing."""
    attempt = placed(case)
    double(case, attempt, "call-2")
    assert double(case, attempt, "call-1", "call-2") == doubles.Recorded((), is_over=False)
    assert open_ids(case) == {"call-1", "call-2"}


def test_an_attempt_that_settles_is_live_again(case: Case) -> None:
    """Not all of its calls have ended."""
    attempt = placed(case)
    case.end("call-1")
    double(case, attempt, "call-2")
    assert (case.state(attempt), case.statuses()[ANNA]) == (AttemptState.LIVE, RowStatus.LIVE)
    assert not case.settle("call-1")
    assert case.end("call-2")
    assert case.settle("call-2")
    assert case.state(attempt) is AttemptState.ENDED


def test_an_attempt_for_a_human_stays_one(case: Case) -> None:
    """Its first call seemed endless; the further one is followed beside it."""
    attempt = placed(case)
    case.give_up(attempt)
    double(case, attempt, "call-2")
    assert case.state(attempt) is AttemptState.NEEDS_REVIEW
    assert open_ids(case) == {"call-1", "call-2"}
    assert not case.end("call-2")
    assert case.end("call-1")


@pytest.mark.parametrize("status", [RowStatus.COMPLETED, RowStatus.WAITING])
def test_an_attempt_that_is_over_stays_so(case: Case, status: RowStatus) -> None:
    """The further call is looked up as late results are, and its row is not touched."""
    attempt = placed(case)
    case.end("call-1")
    case.settle("call-1", status=status, disposition=Disposition.NO_ANSWER)
    assert double(case, attempt, "call-2") == doubles.Recorded(("call-2",), is_over=True)
    assert (case.state(attempt), case.statuses()[ANNA]) == (AttemptState.ENDED, status)
    assert open_ids(case) == set()
    [due] = case.ledger.read(late.incomplete_calls, NOON + timedelta(seconds=1))
    assert (due.call_id, due.row_number) == ("call-2", 2)


def test_calls_of_other_people_are_left_alone(case: Case) -> None:
    """A token tells whose call it is."""
    placed(case)
    other = case.intend(BEN, token="ben")
    case.place(other, "call-9")
    assert [each.attempt_id for each in sighted(case, "call-2", carried="ben").doublings] == [other]


def given_up(case: Case) -> int:
    """A request of Anna's that was left to a human without a call. Returns the attempt's id."""
    attempt = case.intend(ANNA, token="anna")
    case.doubt(attempt)
    case.give_up(attempt)
    return attempt


def test_the_call_of_a_request_that_was_given_up_is_found(case: Case) -> None:
    """By its token, as long as no human has decided and no call of it is known."""
    attempt = given_up(case)
    assert sighted(case, "call-1") == doubles.Sighting(set(), [], (doubling(attempt, case, ["call-1"], 1),))
    assert sighted(case, "call-1", "call-2").found[0].calls == 2
    double(case, attempt, "call-1")
    assert sighted(case, "call-1") == doubles.Sighting({"call-1"}, [])
    assert [each.calls for each in sighted(case, "call-2").doublings] == [2]


@pytest.mark.parametrize("decision", Decision)
def test_a_request_that_a_human_has_decided_about_is_not_looked_for(case: Case, decision: Decision) -> None:
    """The decision stands, whatever the list shows later."""
    given_up(case)
    ruling = Ruling(decision, "asked her", "dana", NOON)
    do(case.ledger, review.decide, case.id, None, ruling)
    assert sighted(case, "call-1") == doubles.Sighting(set(), [])


def test_a_call_that_is_found_after_all_ends_the_question(case: Case) -> None:
    """Until its end is seen the row stays in review, but not for anybody to say that there was no call."""
    attempt = given_up(case)
    assert double(case, attempt, "call-1") == doubles.Recorded(("call-1",), is_over=False)
    row = case.result(ANNA)
    assert (row.status, row.call_id) == (RowStatus.NEEDS_REVIEW, "call-1")
    assert row.reason == "the reply was lost, and the call found later: call-1; look it up at OneInbox"
    assert open_ids(case) == {"call-1"}
    with pytest.raises(UsageError, match="OneInbox made call call-1"):
        do(case.ledger, review.decide, case.id, None, Ruling(Decision.NOT_CALLED, "no", "dana", NOON))
    assert case.end("call-1")
    assert case.settle("call-1")
    assert (case.state(attempt), case.statuses()[ANNA]) == (AttemptState.ENDED, RowStatus.COMPLETED)


def test_a_call_that_is_found_after_all_is_journalled_as_found(case: Case) -> None:
    """A further one is told from it."""
    attempt = given_up(case)
    double(case, attempt, "call-1")
    double(case, attempt, "call-2")
    events = schema.events.c
    wanted = select(events.event, events.detail).where(events.event.in_(("call.found", "call.doubled")))
    told = case.ledger.read(lambda connection: connection.execute(wanted.order_by(events.id)).all())
    assert [tuple(row) for row in told] == [("call.found", "call-1"), ("call.doubled", "call-2")]
