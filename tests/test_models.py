"""The words and the table of moves agree with each other."""

import pytest

from campaign.models import (
    ATTEMPT_DECISIONS,
    ATTEMPT_MOVES,
    E164,
    FINAL_STATUSES,
    HARMLESS_ATTEMPTS,
    OPEN_ATTEMPTS,
    OPEN_STATUSES,
    RESULT_COLUMNS,
    ROW_DECISIONS,
    ROW_MOVES,
    AttemptState,
    Contact,
    Intake,
    RejectedRow,
    Row,
    RowStatus,
    known_form,
    person_of,
)
from tests.support import Rows

REOPENED = {
    RowStatus.STOPPED: {RowStatus.WAITING},
    RowStatus.REFUSED: {RowStatus.WAITING, RowStatus.NEEDS_REVIEW},
    RowStatus.NEEDS_REVIEW: {RowStatus.SETTLING},
    RowStatus.UNREACHED: {RowStatus.COMPLETED},
}
"""The final statuses that are left all the same, as the design says."""


@pytest.mark.parametrize("status", RowStatus)
def test_final_or_not(status: RowStatus) -> None:
    """A status is either waiting, open or final, and just one of them."""
    kinds = (status is RowStatus.WAITING, status in OPEN_STATUSES, status in FINAL_STATUSES)
    assert sum(kinds) == 1


@pytest.mark.parametrize("status", sorted(frozenset(RowStatus) - FINAL_STATUSES))
def test_unfinished_rows_can_finish(status: RowStatus) -> None:
    """Every status that is not final can be left, and a final one can be reached from it."""
    reached, todo = {status}, [status]
    assert ROW_MOVES[status]
    while todo:
        new = ROW_MOVES.get(todo.pop(), frozenset()) - reached
        reached |= new
        todo += new
    assert reached & FINAL_STATUSES


@pytest.mark.parametrize("status", sorted(FINAL_STATUSES))
def test_final_statuses_are_not_left(status: RowStatus) -> None:
    """A final status is left only where the design says so."""
    assert ROW_MOVES.get(status, frozenset()) == REOPENED.get(status, set())


def test_no_move_to_itself() -> None:
    """A move goes to another status."""
    assert not [status for status, targets in ROW_MOVES.items() if status in targets]
    assert not [state for state, targets in ATTEMPT_MOVES.items() if state in targets]


def test_every_status_has_a_way_in() -> None:
    """Every status can come about: by a move, or at intake."""
    at_intake = {RowStatus.WAITING, RowStatus.REJECTED, RowStatus.DUPLICATE}
    assert frozenset().union(*ROW_MOVES.values()) | at_intake == frozenset(RowStatus)


def test_nobody_is_dialled_but_from_waiting() -> None:
    """Dialling begins from waiting only, where the gates stand."""
    assert [status for status, targets in ROW_MOVES.items() if RowStatus.DIALING in targets] == [
        RowStatus.WAITING
    ]


def test_doubt_never_leads_to_another_call() -> None:
    """A row in doubt or under review never waits for a new call by the program's own move."""
    for status in (RowStatus.IN_DOUBT, RowStatus.NEEDS_REVIEW, RowStatus.LIVE):
        assert RowStatus.WAITING not in ROW_MOVES[status]


def test_a_human_decides_about_rows_in_review_only() -> None:
    """No other row is moved by hand, and a decision is never a move that the program makes too."""
    assert set(ROW_DECISIONS) == {RowStatus.NEEDS_REVIEW}
    assert set(ATTEMPT_DECISIONS) == {AttemptState.NEEDS_REVIEW}
    assert not ROW_DECISIONS[RowStatus.NEEDS_REVIEW] & ROW_MOVES[RowStatus.NEEDS_REVIEW]
    assert not ATTEMPT_DECISIONS[AttemptState.NEEDS_REVIEW] & ATTEMPT_MOVES[AttemptState.NEEDS_REVIEW]


def test_a_decision_leaves_nothing_open() -> None:
    """An attempt that was decided about is over, and its row is final or waits for another."""
    assert not [state for state in ATTEMPT_DECISIONS[AttemptState.NEEDS_REVIEW] if state in ATTEMPT_MOVES]
    assert ROW_DECISIONS[RowStatus.NEEDS_REVIEW] <= FINAL_STATUSES | {RowStatus.WAITING}


def test_open_attempts_mirror_open_rows() -> None:
    """While an attempt is open its state and the status of its row have the same name."""
    assert {state.value for state in OPEN_ATTEMPTS} == {status.value for status in OPEN_STATUSES}


@pytest.mark.parametrize("status", sorted(OPEN_STATUSES | {RowStatus.NEEDS_REVIEW}))
def test_attempt_moves_mirror_row_moves(status: RowStatus) -> None:
    """Between open states and review an attempt moves exactly as its row does."""
    shared = {state.value for state in OPEN_ATTEMPTS} | {AttemptState.NEEDS_REVIEW.value}
    attempt = {target.value for target in ATTEMPT_MOVES[AttemptState(status.value)]}
    row = {target.value for target in ROW_MOVES[status]}
    assert attempt & shared == row & shared
    assert bool(attempt - shared) is bool(row - shared)


def test_harmless_attempts() -> None:
    """The program ends an attempt as harmless straight from dialling only. It stays so, unless a list shows
    the call of a request that was turned away."""
    assert AttemptState.NOT_SENT not in ATTEMPT_MOVES
    assert ATTEMPT_MOVES[AttemptState.TURNED_AWAY] == {AttemptState.NEEDS_REVIEW, AttemptState.ENDED}
    for state in HARMLESS_ATTEMPTS:
        assert [origin for origin, targets in ATTEMPT_MOVES.items() if state in targets] == [
            AttemptState.DIALING
        ]


def test_result_columns() -> None:
    """Our columns are those of the design, each once and with our prefix."""
    assert len(set(RESULT_COLUMNS)) == len(RESULT_COLUMNS) == 20
    assert all(column.startswith("call_") for column in RESULT_COLUMNS)
    assert (RESULT_COLUMNS[0], RESULT_COLUMNS[-1]) == ("call_status", "call_error")


def test_number_hides_itself() -> None:
    """A number is a text like any other, but its repr shows the last two digits only."""
    number = E164("+15739693824")
    assert number == "+15739693824"
    assert f"{number}" == "+15739693824"
    assert "157396938" not in repr([number, {"to": number}])
    assert repr(number) == "E164('…24')"


def test_intake_sorts_its_rows() -> None:
    """An intake tells contacts and rejected rows apart and loses neither."""
    contact = Contact(Row(2, ("+12025550143",)), E164("+12025550143"), {}, ("UTC",))
    rejected = RejectedRow(Row(3, ("x",)), "not a phone number")
    intake = Intake("list.csv", ("phone",), "phone", Rows([rejected, contact]), "c" * 64, "f" * 64)
    assert (list(intake.contacts), list(intake.rejected)) == ([contact], [rejected])
    assert (intake.callable_rows, intake.invalid_share) == (1, 0.5)


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("+5491143211234", "+541143211234", True),
        ("+5215512345678", "+525512345678", True),
        ("+549114321123", "+54114321123", False),
        ("+12025550143", "+12025550143", True),
        ("+12025550143", "+1202555014", False),
    ],
)
def test_a_person_is_told_in_each_form_of_the_number(one: str, other: str, are_one: bool) -> None:
    """Both forms of a mobile number of Argentina or Mexico are one person, any other is itself alone."""
    assert (person_of(one) == person_of(other)) is are_one
    assert (known_form(one, {other}) == other) is are_one


def test_the_very_number_is_known_before_its_other_form() -> None:
    """Where both forms are known each is its own, and a number that is not known stays as it is."""
    both = {"+5491143211234", "+541143211234"}
    assert {number: known_form(number, both) for number in both} == {number: number for number in both}
    assert known_form("+12025550143", both) == "+12025550143"
