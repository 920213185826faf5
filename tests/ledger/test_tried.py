"""What the ledger knows of the tries of a person, for the gate that allows the next one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from campaign.ledger import calls, results, tried
from campaign.ledger.ledger import Ledger
from campaign.ledger.review import Decision, Ruling, decide
from campaign.models import AttemptState, Call, Disposition, Ending, RowStatus, TranscriptStatus, Tries, Try
from tests.ledger.case import ANNA, BEN, CARA, Case, do, engine_of, people, start
from tests.support import NOON, nothing_left

MINUTE = timedelta(minutes=1)


def tries(case: Case, number: str = ANNA) -> Tries:
    """The tries of a person."""
    return case.ledger.read(tried.tries, case.contact_id(number))


def settle(case: Case, call_id: str, disposition: Disposition, **report: Any) -> bool:
    """The call has ended so, and another try is due unless the ledger knows better."""
    call = Call(id=call_id, status="completed", has_ended=True, **report)
    do(case.ledger, calls.record_ended, call, NOON + MINUTE)
    return do(
        case.ledger,
        calls.record_settled,
        call,
        disposition=disposition,
        transcript_status=TranscriptStatus.EMPTY,
        status=RowStatus.WAITING,
        reason="next try is due",
        not_before=NOON + 60 * MINUTE,
        with_others=nothing_left,
        now=NOON + 2 * MINUTE,
    )


def test_tries_are_the_attempts_that_count(case: Case) -> None:
    """With when they began and ended, and how; requests that reached nobody are none."""
    case.not_called(case.intend(ANNA))
    case.not_called(case.intend(ANNA), state=AttemptState.TURNED_AWAY)
    assert tries(case) == Tries()
    case.place(case.intend(ANNA), "call-1")
    assert tries(case) == Tries((Try(NOON, None, None),))
    settle(case, "call-1", Disposition.BUSY, outcome="Wrong Number")
    busy = Try(NOON, NOON + MINUTE, Disposition.BUSY, frozenset({"wrong_number"}))
    assert tries(case) == Tries((busy,))
    case.intend(ANNA, now=NOON + 60 * MINUTE)
    assert tries(case) == Tries((busy, Try(NOON + 60 * MINUTE, None, None)))


def test_a_reported_end_that_cannot_be_is_not_believed(case: Case) -> None:
    """A provider whose clock is off brings no try forward: the time at which we knew it counts."""
    for number, ended_at, believed in (
        (ANNA, NOON - 60 * MINUTE, NOON + 2 * MINUTE),
        (BEN, NOON + 60 * MINUTE, NOON + 2 * MINUTE),
        (CARA, NOON + MINUTE / 2, NOON + MINUTE / 2),
    ):
        case.place(case.intend(number), f"call-{number}")
        settle(case, f"call-{number}", Disposition.BUSY, ended_at=ended_at)
        assert [each.ended_at for each in tries(case, number).made] == [believed]


def test_everybodys_tries(case: Case) -> None:
    """For a whole campaign at once: those who were tried, and no other campaign's."""
    other = start(case.ledger, people(ANNA, BEN), name="other")
    other.place(other.intend(BEN), "call-other")
    case.place(case.intend(ANNA), "call-1")
    settle(case, "call-1", Disposition.BUSY)
    case.not_called(case.intend(CARA))
    assert case.ledger.read(tried.everybodys_tries, case.id) == {ANNA: tries(case)}


@pytest.mark.parametrize("ends", [("answered", "busy"), ("busy", "answered")])
def test_who_has_answered_one_call_of_an_attempt_is_not_tried_again(
    case: Case, ends: tuple[str, str]
) -> None:
    """When a provider makes two calls of one request, one answer is enough, whichever settles last."""
    case.place(case.intend(ANNA), "call-1", "call-2")
    assert not settle(case, "call-1", Disposition(ends[0]))
    case_is_closed = settle_last(case, Disposition(ends[1]))
    assert case_is_closed
    row = case.result(ANNA)
    assert (row.status, row.disposition) == (RowStatus.COMPLETED, Disposition.ANSWERED)
    assert [each.disposition for each in tries(case).made] == [Disposition.ANSWERED]


def test_the_ends_of_all_calls_of_an_attempt_are_known(case: Case) -> None:
    """When a provider makes two calls of one request, the end of the first is not forgotten over the last."""
    case.place(case.intend(ANNA), "call-1", "call-2")
    settle(case, "call-1", Disposition.FAILED)
    settle_last(case, Disposition.NO_ANSWER)
    [made] = tries(case).made
    assert made.disposition is Disposition.NO_ANSWER
    assert made.others == {Disposition.FAILED}


def test_what_the_calls_of_a_request_leave_is_asked_with_all_of_them(case: Case) -> None:
    """When the last of them settles: with the others as they were reported and read."""
    case.place(case.intend(ANNA), "call-1", "call-2", "call-3")
    settle(case, "call-1", Disposition.BUSY, outcome="Wrong Number")
    settle(case, "call-2", Disposition.FAILED)
    call = Call(id="call-3", status="completed", has_ended=True)
    do(case.ledger, calls.record_ended, call, NOON + MINUTE)
    asked: list[tuple[str, str | None, Disposition | None]] = []

    def with_others(others: Sequence[calls.SettledCall]) -> Ending:
        asked.extend((each.call.id, each.call.outcome, each.disposition) for each in others)
        return Ending(RowStatus.UNREACHED, "in vain")

    assert do(
        case.ledger,
        calls.record_settled,
        call,
        disposition=Disposition.NO_ANSWER,
        transcript_status=TranscriptStatus.EMPTY,
        status=RowStatus.WAITING,
        reason="",
        not_before=NOON + 60 * MINUTE,
        with_others=with_others,
        now=NOON + 2 * MINUTE,
    )
    assert sorted(asked) == [
        ("call-1", "Wrong Number", Disposition.BUSY),
        ("call-2", None, Disposition.FAILED),
    ]
    row = case.result(ANNA)
    assert (row.status, row.reason) == (RowStatus.UNREACHED, "in vain")


def settle_last(case: Case, disposition: Disposition) -> bool:
    """As the runner does: nobody is tried again after an answer."""
    call = Call(id="call-2", status="completed", has_ended=True)
    is_answered = disposition is Disposition.ANSWERED
    do(case.ledger, calls.record_ended, call, NOON + MINUTE)
    return do(
        case.ledger,
        calls.record_settled,
        call,
        disposition=disposition,
        transcript_status=TranscriptStatus.EMPTY,
        status=RowStatus.COMPLETED if is_answered else RowStatus.WAITING,
        reason="",
        not_before=None if is_answered else NOON + 60 * MINUTE,
        with_others=nothing_left,
        now=NOON + 2 * MINUTE,
    )


@pytest.mark.parametrize(
    ("decision", "granted"), [(Decision.REDIAL, 2), (Decision.NOT_CALLED, 0), (Decision.CALLED, 0)]
)
def test_a_redial_grants_one_more_try(case: Case, decision: Decision, granted: int) -> None:
    """Beyond those that were made; the other decisions grant none."""
    attempt = case.intend(ANNA)
    case.doubt(attempt)
    case.give_up(attempt)
    do(case.ledger, decide, case.id, None, Ruling(decision, "asked her", "dana", NOON))
    assert tries(case).granted == granted
    assert len(tries(case).made) == (decision is not Decision.NOT_CALLED)


def test_an_older_ledger_keeps_what_a_human_has_granted(ledger: Ledger, ledger_location: str) -> None:
    """Whoever waits for a redial when the ledger is migrated is still called once more."""
    case = start(ledger, people(ANNA, BEN))
    for number in (ANNA, BEN):
        attempt = case.intend(number)
        case.doubt(attempt)
        case.give_up(attempt)
    do(case.ledger, decide, case.id, [2], Ruling(Decision.REDIAL, "asked her", "dana", NOON))
    with engine_of(ledger).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE contacts DROP COLUMN granted_tries")
        connection.exec_driver_sql("ALTER TABLE calls DROP COLUMN disposition")
        connection.exec_driver_sql("DELETE FROM migrations WHERE number >= 8")
    with Ledger.open(ledger_location) as again:
        migrated = Case(again, case.id)
        assert (tries(migrated, ANNA).granted, tries(migrated, BEN).granted) == (2, 0)


def test_unmapped_ends_are_added_up(case: Case) -> None:
    """By status and end reason, the most first, without phone numbers or keys, and of this campaign only."""
    other = start(case.ledger, people(ANNA), name="other")
    reasons = {ANNA: "gone +1 202 555 0143", BEN: "gone +1 202 555 0043", CARA: None}
    for number, end_reason in reasons.items():
        case.place(case.intend(number), f"call-{number}")
        settle(case, f"call-{number}", Disposition.UNKNOWN, end_reason=end_reason)
    other.place(other.intend(ANNA), "call-other")
    settle(other, "call-other", Disposition.BUSY)
    assert case.ledger.read(results.unmapped, case.id) == {
        ("completed", "gone [number …43]"): 2,
        ("completed", ""): 1,
    }
    assert case.ledger.read(results.unmapped, other.id) == {}
