"""Amend: an operator edits the list of a campaign that has begun."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from campaign.ledger import campaigns, waiting
from campaign.ledger.amend import CALLED_UNDER_KEY, NO_LONGER_IN_LIST, Amendment, compare
from campaign.ledger.amend import amend as amend_list
from campaign.ledger.ledger import Ledger
from campaign.models import E164, AttemptState, Contact, Intake, RejectedRow, Row, RowStatus
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
    rejected,
    start,
)
from tests.support import NOON, Rows

LATER = NOON + timedelta(hours=1)


def amend(case: Case, intake: Intake) -> Amendment:
    """Amend the campaign with this list."""
    return do(case.ledger, amend_list, case.id, intake, LATER)


def test_compare_changes_nothing(case: Case) -> None:
    """Comparing tells how many are new, changed and gone, and leaves the ledger as it was."""
    before = case.rows()

    compared = case.ledger.read(
        compare, case.id, listed(contact(ANNA, 2), contact(BEN, 3, name="Ben"), contact(DORA, 4))
    )

    assert compared == Amendment(added=1, changed=1, removed=1)
    assert case.rows() == before


def test_compare_with_the_same_list(case: Case) -> None:
    """The same people with the same cells are no difference, in whatever order they come."""
    compared = case.ledger.read(compare, case.id, people(ANNA, BEN, CARA))

    assert compared == Amendment(added=0, changed=0, removed=0)


def test_amend_takes_the_new_list_over(case: Case) -> None:
    """The result has the rows, order and cells of the new list, and people who were not called may go."""
    amendment = amend(
        case, listed(contact(CARA, 2, name="Cara"), rejected(3), contact(DORA, 4), contact(ANNA, 5))
    )

    assert amendment == Amendment(added=1, changed=1, removed=1)
    assert [(row.row_number, row.cells[1], row.status) for row in case.rows()] == [
        (2, "Cara", RowStatus.WAITING),
        (3, "=1+1\u2028", RowStatus.REJECTED),
        (4, "someone", RowStatus.WAITING),
        (5, "someone", RowStatus.WAITING),
    ]
    assert case.due() == [CARA, DORA, ANNA]


def test_amend_replaces_unusable_rows(ledger: Ledger) -> None:
    """Rejected and duplicate rows of the old list are gone when the new list has them no more."""
    case = start(
        ledger, listed(rejected(2), contact(ANNA, 3), rejected(4, status=RowStatus.DUPLICATE, number=ANNA))
    )

    amend(case, people(ANNA))

    assert [(row.row_number, row.status) for row in case.rows()] == [(2, RowStatus.WAITING)]


def test_amend_reopens_a_finished_campaign(case: Case) -> None:
    """A campaign whose list was changed is unfinished, and knows the new list."""
    case.finish(NOON)

    amend(case, listed(contact(ANNA), fingerprint="0" * 64))

    record = case.ledger.read(campaigns.find, "spring")
    assert record is not None
    assert (record.finished_at, record.list_fingerprint) == (None, "0" * 64)


def test_a_called_person_stays_in_the_result(case: Case) -> None:
    """Who was called and then left the list is still in the result, after the rows of the list."""
    case.whole_call(ANNA, "call-1")

    amend(case, people(CARA, BEN))

    assert [row.to_number for row in case.rows()] == [CARA, BEN, ANNA]
    assert case.result(ANNA).status == RowStatus.COMPLETED
    assert case.result(ANNA).call_id == "call-1"


STORIES: dict[RowStatus, Callable[[Case, str], object]] = {
    RowStatus.DIALING: lambda case, number: case.intend(number),
    RowStatus.LIVE: lambda case, number: case.place(case.intend(number), f"live-{number}"),
    RowStatus.IN_DOUBT: lambda case, number: case.doubt(case.intend(number)),
    RowStatus.REFUSED: lambda case, number: case.refuse(case.intend(number)),
    RowStatus.COMPLETED: lambda case, number: case.whole_call(number, f"over-{number}"),
    RowStatus.UNREACHED: lambda case, number: case.whole_call(
        number, f"unreached-{number}", status=RowStatus.UNREACHED
    ),
}


def test_amending_never_moves_who_was_dialled(ledger: Ledger) -> None:
    """Taken out of the list and put back, a person who was dialled stays where the call left them."""
    numbers = [f"+1202555020{at}" for at in range(len(STORIES))]
    case = start(ledger, people(*numbers))
    for number, tell in zip(numbers, STORIES.values(), strict=True):
        tell(case, number)
    stands = dict(zip(numbers, STORIES, strict=True))

    renamed = listed(*(contact(number, row, name="Anna B.") for row, number in enumerate(numbers, 2)))
    for intake in (people(), people(*reversed(numbers)), renamed):
        amend(case, intake)
        assert case.statuses() == stands
        assert case.due() == []


def test_out_of_the_list_and_back(case: Case) -> None:
    """Who was never dialled is stopped when they leave the list, and waits again when they come back."""
    amend(case, people(ANNA, BEN))
    assert case.statuses()[CARA] == RowStatus.STOPPED
    assert case.due() == [ANNA, BEN]

    amend(case, people(ANNA, BEN, CARA))
    assert case.due() == [ANNA, BEN, CARA]


def test_a_person_stopped_by_the_operator_stays_stopped(case: Case) -> None:
    """Only who was stopped for leaving the list waits again: a stop for another reason stands."""
    with case.ledger._engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE contacts SET status = 'stopped', reason = 'by hand' WHERE to_number = '{ANNA}'"  # noqa: S608
        )

    amend(case, people(BEN))
    amend(case, people(ANNA, BEN))

    assert case.statuses()[ANNA] == RowStatus.STOPPED
    assert case.result(ANNA).reason != NO_LONGER_IN_LIST


def test_a_retry_keeps_its_time(case: Case) -> None:
    """Who waits for a later try is not called earlier because the list was edited meanwhile."""
    retry_at = NOON + timedelta(hours=4)
    attempt = case.intend(ANNA)
    case.place(attempt, "call-1")
    case.end("call-1")
    case.settle("call-1", status=RowStatus.WAITING, not_before=retry_at)

    amend(case, listed(contact(ANNA, 2, name="Anna B."), contact(BEN, 3)))
    assert case.due() == [BEN]

    amend(case, people(BEN))
    amend(case, people(BEN, ANNA))
    assert case.due(now=retry_at - timedelta(seconds=1)) == [BEN]
    assert case.due(now=retry_at) == [BEN, ANNA]


def test_not_sent_does_not_bind(case: Case) -> None:
    """Who was certainly not called may leave the list and come back as if nothing had been tried."""
    case.not_called(case.intend(ANNA), state=AttemptState.TURNED_AWAY, error="HTTP 429")

    amend(case, people(BEN))
    assert case.statuses()[ANNA] == RowStatus.STOPPED

    amend(case, people(ANNA, BEN))
    assert case.due() == [ANNA, BEN]


def test_cells_follow_their_columns(case: Case) -> None:
    """Who was called and is gone keeps the row in the result, under the columns of the new list."""
    case.whole_call(ANNA, "call-1")
    moved = Intake(
        path="list.csv",
        headers=("name", "city", "phone"),
        phone_column="phone",
        rows=Rows([Contact(Row(2, ("Ben", "Bern", BEN)), BEN, {}, ("America/New_York",))]),
        content="0" * 64,
        fingerprint="0" * 64,
    )

    amend(case, moved)

    assert [row.cells for row in case.rows()] == [("Ben", "Bern", BEN), ("someone", "", ANNA)]


EMIL = E164("+12025550119")


def keyed(number: str, key: str, row: int = 2) -> Contact:
    """A row that may be dialled, of a person with this key."""
    return Contact(Row(row, (number, "someone")), E164(number), {"name": "x"}, ("America/New_York",), key)


def test_a_new_number_makes_no_new_person(case: Case) -> None:
    """Who was called is not called again because the list now has another number under the same key."""
    amend(case, listed(keyed(ANNA, "K1"), keyed(BEN, "K2", 3)))
    case.whole_call(ANNA, "call-1")

    change = amend(case, listed(keyed(EMIL, "K1"), keyed(DORA, "K2", 3)))

    assert case.due() == [DORA]
    assert [(row.status, row.reason) for row in case.rows() if row.to_number == EMIL] == [
        (RowStatus.DUPLICATE, CALLED_UNDER_KEY)
    ]
    assert change.added == 1


def test_a_waiting_person_who_turns_out_to_be_a_called_one_is_stopped(case: Case) -> None:
    """A key that joins a waiting number with a called one stops it, until the key is another again."""
    amend(case, listed(keyed(ANNA, "K1"), keyed(BEN, "K2", 3)))
    case.whole_call(ANNA, "call-1")

    amend(case, listed(keyed(ANNA, "K1"), keyed(BEN, "K1", 3)))
    assert case.due() == []

    amend(case, listed(keyed(ANNA, "K1"), keyed(BEN, "K3", 3)))
    assert case.due() == [BEN]


def test_a_called_person_has_one_row_when_the_list_repeats_them(case: Case) -> None:
    """A row that is a duplicate by its key, and whose number was called, is that person's row: once."""
    amend(case, listed(keyed(BEN, "K1")))
    case.whole_call(BEN, "call-1")
    repeated = RejectedRow(
        Row(3, (BEN, "again")), "the same key as in row 2", "id", RowStatus.DUPLICATE, E164(BEN)
    )

    amend(case, listed(keyed(EMIL, "K1"), repeated))

    rows = case.rows()
    assert [(row.row_number, row.to_number) for row in rows] == [(2, EMIL), (3, BEN)]
    assert [row.status for row in rows] == [RowStatus.DUPLICATE, RowStatus.COMPLETED]
    assert case.due() == []


def broken(number: str, row: int = 2) -> RejectedRow:
    """A row with a good number and trouble in another column."""
    return RejectedRow(Row(row, (number, "{name}")), "a curly brace", "name", to_number=E164(number))


def test_a_called_person_keeps_the_row_when_another_column_is_broken(case: Case) -> None:
    """A list whose cells were spoilt after the call shows the person once, with the call."""
    case.whole_call(ANNA, "call-1")

    amend(case, listed(broken(ANNA), contact(BEN, 3), contact(CARA, 4)))

    assert [(row.row_number, row.to_number, row.status) for row in case.rows()] == [
        (2, ANNA, RowStatus.COMPLETED),
        (3, BEN, RowStatus.WAITING),
        (4, CARA, RowStatus.WAITING),
    ]


def test_a_broken_row_takes_no_place_from_the_good_row_of_the_person(case: Case) -> None:
    """When the number stands in a good row as well, that one is the person's, and nobody is dialled again."""
    case.whole_call(ANNA, "call-1")

    amend(case, listed(broken(ANNA, 2), contact(ANNA, 3)))

    assert [(row.row_number, row.status) for row in case.rows()] == [
        (2, RowStatus.REJECTED),
        (3, RowStatus.COMPLETED),
    ]
    assert case.due() == []


def test_a_retry_survives_a_night_out_of_the_list(case: Case) -> None:
    """Whose next try is due is not held back by the key that is their own."""
    amend(case, listed(keyed(ANNA, "K1"), keyed(BEN, "K2", 3)))
    attempt = case.intend(ANNA)
    case.place(attempt, "call-1")
    case.end("call-1")
    case.settle("call-1", status=RowStatus.WAITING, not_before=LATER)

    amend(case, listed(keyed(BEN, "K2")))
    change = amend(case, listed(keyed(ANNA, "K1"), keyed(BEN, "K2", 3)))

    assert change.added == 1
    assert case.due(now=LATER) == [ANNA, BEN]


def test_a_called_person_whom_a_gate_holds_is_still_a_called_one(case: Case) -> None:
    """A gate that holds back the next try does not make the person new: no other number is dialled."""
    amend(case, listed(keyed(ANNA, "K1")))
    case.whole_call(ANNA, "call-1", status=RowStatus.WAITING)
    [due] = case.ledger.read(waiting.due, case.id, LATER, skip=(), limit=9)
    do(
        case.ledger,
        waiting.hold,
        due.contact_id,
        status=RowStatus.WAITING,
        reason="outside calling hours",
        now=LATER,
        not_before=LATER,
    )

    amend(case, listed(keyed(DORA, "K1")))

    assert case.due(now=LATER) == []
    assert case.result(DORA).reason == CALLED_UNDER_KEY


def test_who_left_the_list_during_the_call_gets_no_further_try(case: Case) -> None:
    """A retry that comes due for a person who is no longer in the list waits until they are back in it."""
    attempt = case.intend(ANNA)
    case.place(attempt, "call-1")
    amend(case, people(BEN))

    case.end("call-1")
    case.settle("call-1", status=RowStatus.WAITING, not_before=LATER)
    assert case.due(now=LATER) == [BEN]
    assert case.result(ANNA).reason == NO_LONGER_IN_LIST

    amend(case, people(BEN, ANNA))
    assert case.due() == [BEN]
    assert case.due(now=LATER) == [BEN, ANNA]


@pytest.mark.parametrize("status", STORIES)
def test_who_was_dialled_stays_so_in_the_other_form_of_the_number(ledger: Ledger, status: RowStatus) -> None:
    """A list that writes the number otherwise has the same person, under the number that has rung."""
    case = start(ledger, people(EVA, BEN))
    STORIES[status](case, EVA)

    amendment = amend(case, listed(contact(BEN, 2), contact(EVA_TOO, 3, name="Eva B.")))

    assert amendment == Amendment(added=0, changed=1, removed=0)
    assert case.statuses() == {BEN: RowStatus.WAITING, EVA: status}
    assert case.due() == [BEN]
    assert [row.cells for row in case.rows()] == [(BEN, "someone"), (EVA_TOO, "Eva B.")]


def test_who_waits_is_dialled_as_the_latest_list_writes_the_number(ledger: Ledger) -> None:
    """Once, for a first try as for the next one, and no earlier than before."""
    case = start(ledger, people(EVA))
    amend(case, people(EVA_TOO))
    assert case.due() == [EVA_TOO]
    case.whole_call(EVA_TOO, "call-1", status=RowStatus.WAITING)
    amend(case, people(EVA))
    assert (case.due(), case.statuses()) == ([EVA], {EVA: RowStatus.WAITING})
    assert [row.attempts for row in case.rows()] == [1]


def test_out_of_the_list_and_back_in_the_other_form(ledger: Ledger) -> None:
    """Who comes back is the same person: diallable when never dialled, and else as the call left them."""
    case = start(ledger, people(ANNA, EVA))
    assert amend(case, people(ANNA)).removed == 1
    assert amend(case, people(ANNA, EVA_TOO)).added == 1
    assert case.due() == [ANNA, EVA_TOO]
    case.whole_call(EVA_TOO, "call-1")
    amend(case, people(ANNA))
    amend(case, people(ANNA, EVA))
    assert case.due() == [ANNA]
    assert [row.status for row in case.rows()] == [RowStatus.WAITING, RowStatus.COMPLETED]


@pytest.mark.parametrize("good_comes_first", [True, False])
def test_a_bad_row_in_the_other_form_takes_no_good_rows_place(ledger: Ledger, good_comes_first: bool) -> None:
    """The good row is the person who was called, whichever form it has, and nobody is called again."""
    case = start(ledger, people(EVA))
    case.whole_call(EVA, "call-1")
    rows = [contact(EVA_TOO, 2), rejected(3, number=EVA)]
    amend(case, listed(*(rows if good_comes_first else reversed(rows))))
    assert case.due() == []
    assert {row.row_number: row.status for row in case.rows()} == {
        2: RowStatus.COMPLETED,
        3: RowStatus.REJECTED,
    }


def test_a_bad_row_in_the_other_form_is_the_called_persons_place(ledger: Ledger) -> None:
    """Who was called stands once in the result, in the row that the list has of them."""
    case = start(ledger, people(EVA))
    case.whole_call(EVA, "call-1", status=RowStatus.WAITING)
    amend(case, listed(rejected(2, number=EVA_TOO)))
    assert [(row.row_number, row.status, row.to_number) for row in case.rows()] == [
        (2, RowStatus.STOPPED, EVA)
    ]
