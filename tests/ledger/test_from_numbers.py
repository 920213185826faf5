"""From numbers: with which one a person was called last, whichever form of their number a list has."""

import pytest

from campaign.ledger import attempts, from_numbers
from campaign.ledger.ledger import Ledger
from tests.ledger.case import ANNA, BEN, EVA, EVA_TOO, do, people, start
from tests.support import NOON

POOL = ("+12025550100", "+12025550101")


def call(ledger: Ledger, number: str, name: str, from_number: str) -> None:
    """A campaign of this name calls a person."""
    case = start(ledger, people(number), name=name)
    do(
        ledger,
        attempts.record_intent,
        case.contact_id(number),
        token=name,
        to_number=number,
        from_number=from_number,
        agent_id="agt_test",
        now=NOON,
    )


@pytest.mark.parametrize(("first", "then"), [(EVA, EVA_TOO), (EVA_TOO, EVA)])
def test_a_person_is_known_in_each_form_of_the_number(ledger: Ledger, first: str, then: str) -> None:
    """Written with or without the mark of mobiles it is one person, who was called last with one number."""
    call(ledger, first, "spring", POOL[0])
    call(ledger, ANNA, "other", POOL[0])
    assert [ledger.read(from_numbers.last_used, form, POOL) for form in (first, then)] == [POOL[0]] * 2
    assert ledger.read(from_numbers.last_used_by_all, POOL) == dict.fromkeys([EVA, EVA_TOO, ANNA], POOL[0])

    call(ledger, then, "summer", POOL[1])
    assert [ledger.read(from_numbers.last_used, form, POOL) for form in (first, then)] == [POOL[1]] * 2
    found = ledger.read(from_numbers.last_used_by_all, POOL)
    assert found == {EVA: POOL[1], EVA_TOO: POOL[1], ANNA: POOL[0]}


def test_a_number_outside_the_pool_does_not_count(ledger: Ledger) -> None:
    """Who was called with one that was given back since, or never, has no number yet."""
    call(ledger, EVA, "spring", "+12025559999")
    assert [ledger.read(from_numbers.last_used, number, POOL) for number in (EVA, BEN)] == [None, None]
    assert ledger.read(from_numbers.last_used_by_all, POOL) == {}
