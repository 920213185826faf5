"""Results: the whole list again, each row once."""

from datetime import timedelta

from campaign.ledger import results
from campaign.ledger.ledger import Ledger
from campaign.models import Contact, RejectedRow, RowStatus
from tests.ledger.case import ANNA, BEN, CARA, DORA, Case, contact, listed, people, rejected, start
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
