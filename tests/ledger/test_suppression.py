"""Suppression: numbers that no campaign of this ledger may call."""

from datetime import timedelta

import pytest

from campaign.ledger import suppression, waiting
from campaign.ledger.ledger import Ledger
from tests.ledger.case import ANNA, BEN, CARA, DORA, WAIT_S, Case, do, engine_of, until_one_waits
from tests.support import NOON

HOUR = timedelta(hours=1)


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


@pytest.mark.parametrize(
    ("kept", "called"),
    [
        ("+5491143211234", "+541143211234"),
        ("+541143211234", "+5491143211234"),
        ("+5215512345678", "+525512345678"),
    ],
)
def test_a_number_protects_in_each_of_its_forms(case: Case, kept: str, called: str) -> None:
    """Written with or without the mark of mobiles it is one person, also for whoever takes it out."""
    do(case.ledger, suppression.suppress, [kept], reason="asked", now=NOON)
    found = case.ledger.read(waiting.standing, campaign_id=case.id, to_number=called, since=NOON)
    assert found.suppressed_because == "asked"
    assert case.ledger.read(suppression.suppressed) == {kept: "asked", called: "asked"}
    taken = do(case.ledger, suppression.unsuppress, [called], reason="by mistake", who="ann", now=NOON)
    assert taken == [kept]
    assert case.ledger.read(suppression.suppressed) == {}


def test_one_person_can_be_looked_up(ledger: Ledger) -> None:
    """In either form of the number, and only who is suppressed."""
    do(ledger, suppression.suppress, ["+5491143211234"], reason="asked", now=NOON)
    assert ledger.read(suppression.is_suppressed, "+541143211234")
    assert not ledger.read(suppression.is_suppressed, ANNA)


def test_who_is_taken_out_may_be_called_again(ledger: Ledger) -> None:
    """Only who was suppressed is told as taken out; the others stay."""
    do(ledger, suppression.suppress, [ANNA, BEN], reason="asked", now=NOON)
    removed = do(ledger, suppression.unsuppress, [BEN, CARA, BEN], reason="by mistake", who="ann", now=NOON)
    assert removed == [BEN]
    assert ledger.read(suppression.suppressed) == {ANNA: "asked"}


def test_every_change_is_kept_with_who_made_it(ledger: Ledger) -> None:
    """Whoever asks later finds out when, why and by whom a person was suppressed, and let go."""
    do(ledger, suppression.suppress, [ANNA], reason="asked", who="ann", now=NOON)
    do(ledger, suppression.suppress, [ANNA], reason="again", who="ben", now=NOON)
    do(ledger, suppression.unsuppress, [ANNA, BEN], reason="by mistake", who="ben", now=NOON)
    with engine_of(ledger).connect() as connection:
        changes = connection.exec_driver_sql("SELECT to_number, change, reason, who FROM suppression_changes")
        assert [tuple(change) for change in changes] == [
            (ANNA, "added", "asked", "ann"),
            (ANNA, "removed", "by mistake", "ben"),
        ]


def test_the_newest_stands_first(ledger: Ledger) -> None:
    """Everybody is listed once, with the reason and the time."""
    do(ledger, suppression.suppress, [ANNA, BEN], reason="asked", now=NOON)
    do(ledger, suppression.suppress, [CARA], reason="list", now=NOON + HOUR)
    assert [
        (person.to_number, person.reason, person.added_at) for person in ledger.read(suppression.everybody)
    ] == [
        (CARA, "list", NOON + HOUR),
        (ANNA, "asked", NOON),
        (BEN, "asked", NOON),
    ]


def test_many_numbers_at_once(ledger: Ledger) -> None:
    """A list may be longer than the databases' limit of values in a statement."""
    many = [f"+1202{at:07d}" for at in range(40_000)]
    assert do(ledger, suppression.suppress, many, reason="list", now=NOON) == len(many)
    assert do(ledger, suppression.suppress, [*many, DORA], reason="list", now=NOON) == 1
    assert len(do(ledger, suppression.unsuppress, many, reason="x", who="ann", now=NOON)) == len(many)
    assert ledger.read(suppression.suppressed) == {DORA: "list"}


def test_two_processes_may_suppress_the_same_person_at_once(postgresql_location: str) -> None:
    """A run that hears a wish while a list with that person is imported goes on; the first reason stays."""
    with Ledger.open(postgresql_location) as ledger:
        with engine_of(ledger).begin() as imports:
            assert suppression.suppress(imports, [ANNA, CARA], reason="list", now=NOON) == 2
            run = ledger.write(suppression.suppress, [BEN, ANNA], reason="asked", now=NOON)
            until_one_waits(ledger)
        assert run.result(WAIT_S) == 1
        assert ledger.read(suppression.suppressed) == {ANNA: "list", BEN: "asked", CARA: "list"}
        assert changes(ledger) == [(ANNA, "added"), (BEN, "added"), (CARA, "added")]


def test_two_lists_may_be_imported_at_once_in_any_order(postgresql_location: str) -> None:
    """Neither waits for a person of the other that comes later in its own list."""
    with Ledger.open(postgresql_location) as ledger:
        with engine_of(ledger).begin() as imports:
            suppression.suppress(imports, [ANNA], reason="one", now=NOON)
            other = ledger.write(suppression.suppress, [CARA, ANNA], reason="other", now=NOON)
            until_one_waits(ledger)
            assert suppression.suppress(imports, [CARA], reason="one", now=NOON) == 1
        assert other.result(WAIT_S) == 0


def test_two_processes_may_take_out_the_same_person_at_once(postgresql_location: str) -> None:
    """One of them has done it, and the journal says so once."""
    with Ledger.open(postgresql_location) as ledger:
        do(ledger, suppression.suppress, [ANNA, BEN], reason="asked", now=NOON)
        with engine_of(ledger).begin() as first:
            assert suppression.unsuppress(first, [ANNA], reason="x", who="ann", now=NOON) == [ANNA]
            second = ledger.write(suppression.unsuppress, [ANNA, BEN], reason="x", who="ben", now=NOON)
            until_one_waits(ledger)
        assert second.result(WAIT_S) == [BEN]
        removed = [number for number, change in changes(ledger) if change == "removed"]
        assert removed == [ANNA, BEN]


def changes(ledger: Ledger) -> list[tuple[str, str]]:
    """What the journal of suppressions holds, by number."""
    with engine_of(ledger).connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT to_number, change FROM suppression_changes ORDER BY to_number, id"
        )
        return [(row.to_number, row.change) for row in rows]
