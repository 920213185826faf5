"""Suppression: numbers that no campaign of this ledger may call."""

from campaign.ledger import suppression, waiting
from campaign.ledger.ledger import Ledger
from tests.ledger.case import ANNA, BEN, CARA, Case, do
from tests.support import NOON


def test_suppress_counts_new_numbers_and_keeps_first_reasons(ledger: Ledger) -> None:
    """A number is suppressed once, and a later list does not change why."""
    assert do(ledger, suppression.suppress, [ANNA, ANNA, BEN], reason="asked", now=NOON) == 2
    assert do(ledger, suppression.suppress, [BEN, CARA], reason="list", now=NOON) == 1
    assert do(ledger, suppression.suppress, [], reason="nothing", now=NOON) == 0

    assert ledger.read(suppression.suppressed) == {ANNA: "asked", BEN: "asked", CARA: "list"}


def test_standing_tells_of_suppression(case: Case) -> None:
    """At the moment of dialling the ledger says whether this very person is suppressed, and why."""
    do(case.ledger, suppression.suppress, [ANNA], reason="asked", now=NOON)

    def because(number: str) -> str | None:
        found = case.ledger.read(waiting.standing, campaign_id=case.id, to_number=number, since=NOON)
        return found.suppressed_because

    assert (because(ANNA), because(BEN)) == ("asked", None)
