"""Results: the whole list again, each row once."""

from datetime import timedelta

import pytest

from campaign.ledger import doubles, results
from campaign.ledger.ledger import Ledger
from campaign.models import Contact, Disposition, RejectedRow, RowStatus
from tests.ledger.case import ANNA, BEN, CARA, DORA, Case, contact, do, listed, people, rejected, start
from tests.support import NOON


def test_each_row_once_in_the_lists_order(ledger: Ledger) -> None:
    """However often people were tried, every row is told once, in the order of the list, cells untouched."""
    rows: list[Contact | RejectedRow] = [contact(CARA, 2), rejected(3), contact(ANNA, 7), contact(BEN, 9)]
    case = start(ledger, listed(*rows))
    for number in (ANNA, BEN):
        for attempt in range(3):
            case.whole_call(number, f"{number}-{attempt}", status=RowStatus.WAITING)
    start(ledger, listed(contact(DORA, 2, name="Dora")), name="other")

    found = case.rows()

    assert [row.row_number for row in found] == [2, 3, 7, 9]
    assert [row.cells for row in found] == [row.row.cells for row in rows]
    assert [row.attempts for row in found] == [0, 0, 3, 3]


def test_cells_are_untouched(ledger: Ledger) -> None:
    """Cells come back as they were, whatever they hold."""
    names = ("=1+1", " 00123 ", "", "\u202eabc\u2028", "\U0001f600'\"\\", "a\0b\ud800", "x" * 40_000)
    numbers = [f"+1202555{at:04d}" for at in range(len(names))]
    case = start(ledger, listed(*(contact(number, at, name=names[at]) for at, number in enumerate(numbers))))

    assert [row.cells for row in case.rows()] == list(zip(numbers, names, strict=True))


def test_more_rows_than_a_page(ledger: Ledger) -> None:
    """A list that is longer than the reader's page is told whole and in order."""
    size = 2 * results.PAGE_ROWS + 1
    case = start(ledger, people(*(f"+1202{at:07d}" for at in range(size))))

    assert [row.row_number for row in case.rows()] == list(range(2, size + 2))


def test_the_latest_call_that_counts(case: Case) -> None:
    """A row shows its newest call in which somebody may have been rung, not a harmless attempt after it."""
    case.whole_call(ANNA, "call-1", status=RowStatus.WAITING)
    case.whole_call(ANNA, "call-2", status=RowStatus.WAITING)
    case.not_called(case.intend(ANNA), error="no route")

    row = case.result(ANNA)
    assert (row.call_id, row.attempts, row.from_number) == ("call-2", 2, "+12025550100")


def test_the_error_is_the_newest_attempts(case: Case) -> None:
    """The error of a row is that of its newest attempt, and is gone when that one went well."""
    case.not_called(case.intend(ANNA), error="no route")
    case.not_called(case.intend(ANNA), error="throttled")
    assert case.result(ANNA).error == "throttled"

    case.place(case.intend(ANNA), "call-1")
    assert case.result(ANNA).error == ""


def test_a_row_without_a_call(case: Case) -> None:
    """A row that was never dialled shows no call at all."""
    row = case.result(ANNA)

    assert (row.attempts, row.error, row.reason) == (0, "", "")
    assert (row.call_id, row.disposition, row.transcript, row.from_number) == (None, None, None, None)


def test_a_doubt_shows_no_call_of_an_earlier_attempt(case: Case) -> None:
    """While the newest attempt is in doubt, the call of the one before is not told as its own."""
    case.whole_call(ANNA, "call-1", status=RowStatus.WAITING)
    case.doubt(case.intend(ANNA, now=NOON + timedelta(hours=1)))

    row = case.result(ANNA)
    assert (row.status, row.attempts, row.call_id) == (RowStatus.IN_DOUBT, 2, None)


def test_of_two_calls_of_one_request_the_answered_one_is_shown(case: Case) -> None:
    """Where the second call has rung out after the first was answered, the row shows the conversation."""
    case.place(case.intend(ANNA), "call-1", "call-2")
    case.end("call-1", duration_seconds=61.0, cost_cents=7.0, outcome="Interested", transcript="user: Yes")
    case.settle("call-1")
    case.end("call-2")
    case.settle("call-2", disposition=Disposition.NO_ANSWER, status=RowStatus.WAITING)

    row = case.result(ANNA)
    assert (row.status, row.disposition, row.call_id) == (RowStatus.COMPLETED, "answered", "call-1")
    assert (row.transcript, row.outcome, row.duration_seconds, row.cost_cents) == (
        "user: Yes",
        "Interested",
        61.0,
        7.0,
    )


@pytest.mark.parametrize("disposition", [Disposition.ANSWERED, Disposition.NO_ANSWER])
def test_a_further_call_found_later_leaves_the_row_as_it_was(case: Case, disposition: Disposition) -> None:
    """A row whose call has settled shows it also when another call of its request is found after that."""
    attempt = case.intend(ANNA)
    case.place(attempt, "call-1")
    case.end("call-1")
    case.settle("call-1", disposition=disposition)
    before = case.result(ANNA)
    do(case.ledger, doubles.record_doubles, attempt, ["call-2"], NOON)

    assert case.result(ANNA) == before


def test_of_two_calls_that_nobody_answered_what_was_said_is_shown(case: Case) -> None:
    """What a machine has said is shown, not a call without words; of two without any, the newer one."""
    case.place(case.intend(ANNA), "call-1", "call-2")
    case.end("call-1", transcript="machine: Leave a message")
    case.place(case.intend(BEN), "call-3", "call-4")

    assert (case.result(ANNA).call_id, case.result(BEN).call_id) == ("call-1", "call-4")
