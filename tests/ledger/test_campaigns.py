"""Campaigns: started whole, found again, counted, finished."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.ledger import campaigns
from campaign.ledger.ledger import Ledger
from campaign.models import RowStatus
from tests.ledger.case import ANNA, BEN, CARA, HEADERS, Case, contact, listed, people, rejected, start
from tests.support import NOON

MIXED = listed(
    contact(ANNA, 2),
    rejected(3),
    contact(BEN, 5),
    rejected(6, status=RowStatus.DUPLICATE, number=ANNA),
)


def test_start_keeps_every_row(ledger: Ledger) -> None:
    """Every row of the list is in the campaign once, with its number, cells, status and reason."""
    case = start(ledger, MIXED)

    rows = [(row.row_number, row.cells, row.status, row.reason) for row in case.rows()]

    assert rows == [
        (2, (ANNA, "someone"), RowStatus.WAITING, ""),
        (3, ("oops", "=1+1\u2028"), RowStatus.REJECTED, "phone: too short"),
        (5, (BEN, "someone"), RowStatus.WAITING, ""),
        (6, ("oops", "=1+1\u2028"), RowStatus.DUPLICATE, "phone: too short"),
    ]


def test_start_is_whole_or_not_at_all(ledger: Ledger) -> None:
    """When one row cannot be stored, neither the campaign nor any other row of it is."""
    with pytest.raises(IntegrityError):
        start(ledger, listed(contact(ANNA, 2), contact(ANNA, 3)))

    assert ledger.read(campaigns.newest) == []


def test_the_name_is_the_identity(ledger: Ledger) -> None:
    """A second campaign of the same name is refused by the database."""
    start(ledger, people(ANNA))

    with pytest.raises(IntegrityError):
        start(ledger, people(BEN))


def test_find_gives_what_was_started(ledger: Ledger) -> None:
    """A campaign is found by its exact name, with what it was started from."""
    case = start(ledger, people(ANNA), name="spring")

    record = ledger.read(campaigns.find, "spring")

    assert record is not None
    assert (record.id, record.name, record.agent_id) == (case.id, "spring", "agt_test")
    assert (record.headers, record.list_fingerprint) == (HEADERS, "f" * 64)
    assert (record.started_at, record.finished_at) == (NOON, None)
    assert ledger.read(campaigns.find, "Spring") is None


def test_newest_first(ledger: Ledger) -> None:
    """Campaigns are told with the newest first."""
    for days in (1, 3, 2):
        start(ledger, people(ANNA), name=f"day-{days}", now=NOON + timedelta(days=days))

    assert [record.name for record in ledger.read(campaigns.newest)] == ["day-3", "day-2", "day-1"]


def test_find_unfinished(ledger: Ledger) -> None:
    """The newest unfinished campaign of this very pattern and file is continued, unless it is too old."""
    start(ledger, people(ANNA), name="first")
    start(ledger, people(ANNA), name="second", now=NOON + timedelta(days=1))
    over = start(ledger, people(ANNA), name="finished", now=NOON + timedelta(days=1, hours=1))
    over.finish(NOON + timedelta(days=1, hours=2))

    def found(pattern: str = "{name}", content: str = "c" * 64, days: int = 0) -> str | None:
        since = NOON + timedelta(days=days)
        record = ledger.read(campaigns.find_unfinished, name_pattern=pattern, content=content, since=since)
        return record.name if record else None

    assert (found(), found(days=1), found(days=2)) == ("second", "second", None)
    assert (found(pattern="other"), found(content="0" * 64)) == (None, None)


def test_finish_is_remembered(case: Case) -> None:
    """A finished campaign says when it was finished."""
    case.finish(NOON + timedelta(hours=1))

    record = case.ledger.read(campaigns.find, "spring")

    assert record is not None
    assert record.finished_at == NOON + timedelta(hours=1)


def test_counts_add_up(ledger: Ledger) -> None:
    """The counts by status cover each row of this campaign once, and no row of another."""
    case = start(ledger, MIXED)
    start(ledger, people(CARA), name="other")
    case.intend(BEN)

    assert ledger.read(campaigns.counts, case.id) == {
        RowStatus.WAITING: 1,
        RowStatus.DIALING: 1,
        RowStatus.REJECTED: 1,
        RowStatus.DUPLICATE: 1,
    }
