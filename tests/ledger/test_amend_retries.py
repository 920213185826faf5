"""Amend: what becomes of a retry when the list has no good row of the person any more."""

from datetime import timedelta

import pytest

from campaign.ledger import waiting
from campaign.ledger.amend import NO_GOOD_ROW, NO_LONGER_IN_LIST, Amendment, compare
from campaign.models import E164, RejectedRow, Row, RowStatus
from tests.ledger.case import ANNA, BEN, CARA, Case, contact, do, listed, people
from tests.ledger.test_amend import LATER, amend, broken
from tests.support import NOON


def call_without_answer(case: Case, number: str) -> None:
    """Call a person whose next try is due at LATER."""
    attempt = case.intend(number)
    case.place(attempt, "call-1")
    case.end("call-1")
    case.settle("call-1", status=RowStatus.WAITING, not_before=LATER)


REPEATED = RejectedRow(
    Row(2, (ANNA, "again")), "the same key as in row 9", "id", RowStatus.DUPLICATE, E164(ANNA)
)


@pytest.mark.parametrize(
    ("row", "why"),
    [(broken(ANNA), "name: a curly brace"), (REPEATED, "id: the same key as in row 9")],
    ids=["another column is broken", "the key came before"],
)
@pytest.mark.parametrize("nights_out", [0, 1])
def test_a_retry_waits_for_a_good_row(case: Case, row: RejectedRow, why: str, nights_out: int) -> None:
    """Whose next try is due is not called while the list rejects their row, and keeps the time of the try."""
    call_without_answer(case, ANNA)
    for _ in range(nights_out):
        amend(case, people(BEN, CARA))

    spoilt = listed(row, contact(BEN, 3), contact(CARA, 4))
    change = amend(case, spoilt)

    assert change == Amendment(added=0, changed=0, removed=1 - nights_out)
    assert case.due(now=LATER) == [BEN, CARA]
    assert [(row.row_number, row.to_number, row.status, row.reason) for row in case.rows()] == [
        (2, ANNA, RowStatus.STOPPED, f"{NO_GOOD_ROW} ({why})"),
        (3, BEN, RowStatus.WAITING, ""),
        (4, CARA, RowStatus.WAITING, ""),
    ]
    assert not case.ledger.read(compare, case.id, spoilt).matters

    change = amend(case, people(ANNA, BEN, CARA))
    assert change == Amendment(added=1, changed=0, removed=0)
    assert case.due(now=LATER - timedelta(seconds=1)) == [BEN, CARA]
    assert case.due(now=LATER) == [ANNA, BEN, CARA]


def test_a_stopped_retry_tells_why_the_latest_list_stops_it(case: Case) -> None:
    """Who leaves the list after their row was rejected is no longer in the list: the old reason is gone."""
    call_without_answer(case, ANNA)
    amend(case, listed(broken(ANNA), contact(BEN, 3)))

    amend(case, people(BEN))

    assert (case.result(ANNA).status, case.result(ANNA).reason) == (RowStatus.STOPPED, NO_LONGER_IN_LIST)


def test_whose_row_is_rejected_during_the_call_gets_no_further_try(case: Case) -> None:
    """A retry that comes due for a person whose row is rejected by now waits for a good row."""
    attempt = case.intend(ANNA)
    case.place(attempt, "call-1")
    amend(case, listed(broken(ANNA), contact(BEN, 3)))

    case.end("call-1")
    case.settle("call-1", status=RowStatus.WAITING, not_before=LATER)
    assert case.due(now=LATER) == [BEN]

    amend(case, people(ANNA, BEN))
    assert case.due(now=LATER) == [ANNA, BEN]


def test_who_is_suppressed_stays_in_the_result_when_another_column_is_broken(case: Case) -> None:
    """A row that is final without any call stands in the result once, with what is known of the person."""
    [due] = case.ledger.read(waiting.due, case.id, NOON, skip=(), limit=1)
    do(
        case.ledger,
        waiting.hold,
        due.contact_id,
        status=RowStatus.SUPPRESSED,
        reason="asked us",
        now=NOON,
        not_before=None,
    )

    amend(case, listed(broken(ANNA), contact(BEN, 3)))

    assert [(row.to_number, row.status) for row in case.rows()] == [
        (ANNA, RowStatus.SUPPRESSED),
        (BEN, RowStatus.WAITING),
    ]


def test_who_was_not_reached_by_any_request_stands_once_in_the_result(case: Case) -> None:
    """A row that the list rejects by now is one row of the result, also after a request that was not sent."""
    case.not_called(case.intend(ANNA))

    amend(case, listed(broken(ANNA), contact(BEN, 3), contact(CARA, 4)))
    assert [row.to_number for row in case.rows()] == [ANNA, BEN, CARA]

    amend(case, people(ANNA, BEN, CARA))
    assert case.due() == [ANNA, BEN, CARA]
