"""Single calls in the ledger, on both databases: whose they are, and what a human does with them."""

import pytest

from campaign.ledger import known_calls, rows
from campaign.ledger.known_calls import Whose
from campaign.ledger.ledger import Ledger
from tests.ledger.case import ANNA, Case, do, people, start
from tests.support import NOON


@pytest.fixture
def spring(ledger: Ledger) -> Case:
    """One person, who was called."""
    case = start(ledger, people(ANNA))
    case.whole_call(ANNA, "call_1")
    return case


def test_whose_a_call_is(spring: Case) -> None:
    """The campaign, the row and the try that made it; none for a call of somebody else."""
    assert spring.ledger.read(known_calls.whose, "call_1") == Whose("spring", 2, 1)
    assert spring.ledger.read(known_calls.whose, "call_2") is None


def test_whom_a_call_rang(spring: Case) -> None:
    """The number of the try that made it; none for a call of somebody else."""
    assert spring.ledger.read(known_calls.number_of, "call_1") == ANNA
    assert spring.ledger.read(known_calls.number_of, "call_2") is None


def test_a_label_is_kept_with_who_gave_it(spring: Case) -> None:
    """The result shows it, and the history of the row says who."""
    assert do(spring.ledger, known_calls.record_outcome, "call_1", "Interested", who="dana", now=NOON)
    assert spring.result().outcome == "Interested"
    event = spring.ledger.read(rows.history, spring.contact_id(ANNA))[-1]
    assert (event.event, event.detail) == ("call.labelled", "Interested, by dana")


def test_who_hangs_up_is_kept(spring: Case) -> None:
    """Why a call is over can be found out later."""
    assert do(spring.ledger, known_calls.record_hung_up, "call_1", who="dana", now=NOON)
    event = spring.ledger.read(rows.history, spring.contact_id(ANNA))[-1]
    assert (event.event, event.detail) == ("call.hung_up", "by dana")


def test_a_call_of_somebody_else_changes_nothing(spring: Case) -> None:
    """It is told that no campaign here has made it."""
    assert not do(spring.ledger, known_calls.record_outcome, "call_2", "Interested", who="dana", now=NOON)
    assert not do(spring.ledger, known_calls.record_hung_up, "call_2", who="dana", now=NOON)
    assert spring.ledger.read(rows.history, spring.contact_id(ANNA))[-1].event == "call.settled"
