"""Moves: every illegal one raises and changes nothing."""

from contextlib import suppress
from itertools import product

import pytest
from sqlalchemy import Connection, func, select, update

from campaign.ledger import moves, schema
from campaign.ledger.moves import IllegalMoveError
from campaign.models import ATTEMPT_MOVES, FINAL_STATUSES, ROW_MOVES, AttemptState, RowStatus
from tests.ledger.case import ANNA, Case, do
from tests.support import NOON

PAIRS_OF_STATUSES = list(product(RowStatus, RowStatus))
PAIRS_OF_STATES = list(product(AttemptState, AttemptState))


def row_moves(connection: Connection, contact_id: int) -> dict[tuple[RowStatus, RowStatus], RowStatus]:
    """Try every pair of statuses: which of them are moved, and where each row then stands."""
    table = schema.contacts
    stands = {}
    for origin, target in PAIRS_OF_STATUSES:
        connection.execute(
            update(table).where(table.c.id == contact_id).values(status=origin, reason="before")
        )
        with suppress(IllegalMoveError), connection.begin_nested():
            moves.move_row(connection, contact_id, to=target, now=NOON, reason="moved")
        row = connection.execute(select(table).where(table.c.id == contact_id)).one()
        assert (row.reason == "moved") == (target in ROW_MOVES.get(origin, ()))
        stands[origin, target] = RowStatus(row.status)
    return stands


def attempt_moves(
    connection: Connection, attempt_id: int
) -> dict[tuple[AttemptState, AttemptState], AttemptState]:
    """Try every pair of states: which are moved and journalled, and where each attempt then stands."""
    table = schema.attempts
    journal = select(func.count()).select_from(schema.events)
    stands = {}
    for origin, target in PAIRS_OF_STATES:
        connection.execute(update(table).where(table.c.id == attempt_id).values(state=origin, error="before"))
        lines = connection.scalar(journal) or 0
        with suppress(IllegalMoveError), connection.begin_nested():
            moves.move_attempt(connection, attempt_id, to=target, now=NOON, event="moved", error="moved")
        row = connection.execute(select(table).where(table.c.id == attempt_id)).one()
        is_legal = target in ATTEMPT_MOVES.get(origin, ())
        assert (row.error, connection.scalar(journal)) == (
            ("moved", lines + 1) if is_legal else ("before", lines)
        )
        stands[origin, target] = AttemptState(row.state)
    return stands


def test_every_pair_of_row_statuses(case: Case) -> None:
    """A row moves exactly as the table says; after an illegal move it stands where it stood."""
    assert do(case.ledger, row_moves, case.contact_id(ANNA)) == {
        (origin, target): target if target in ROW_MOVES.get(origin, ()) else origin
        for origin, target in PAIRS_OF_STATUSES
    }


def test_every_pair_of_attempt_states(case: Case) -> None:
    """An attempt moves exactly as the table says; an illegal move leaves it and the journal alone."""
    assert do(case.ledger, attempt_moves, case.intend(ANNA)) == {
        (origin, target): target if target in ATTEMPT_MOVES.get(origin, ()) else origin
        for origin, target in PAIRS_OF_STATES
    }


def test_what_does_not_exist_does_not_move(case: Case) -> None:
    """Moving a row or an attempt that is not there raises."""

    def nobody(connection: Connection) -> None:
        moves.move_row(connection, 4711, to=RowStatus.DIALING, now=NOON)

    def nothing(connection: Connection) -> None:
        moves.move_attempt(connection, 4711, to=AttemptState.LIVE, now=NOON, event="moved")

    for verb in (nobody, nothing):
        with pytest.raises(IllegalMoveError):
            do(case.ledger, verb)


def test_final_rows_are_left_only_by_hand() -> None:
    """The program leaves no final status, but for rows never dialled, and what came late of a call."""
    assert {status for status in FINAL_STATUSES if ROW_MOVES.get(status)} == {
        RowStatus.STOPPED,
        RowStatus.REFUSED,
        RowStatus.NEEDS_REVIEW,
        RowStatus.UNREACHED,
    }
    assert not any(
        RowStatus.DIALING in targets for status, targets in ROW_MOVES.items() if status != "waiting"
    )
