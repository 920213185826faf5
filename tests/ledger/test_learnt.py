"""What is learnt of an account: kept with its time, for one account, and for a while."""

from datetime import timedelta

from campaign.ledger import learnt
from campaign.ledger.learnt import TRUSTED_FOR
from campaign.ledger.ledger import Ledger
from campaign.models import Habits
from tests.ledger.case import do, engine_of
from tests.support import NOON

URL = "https://api.oneinbox.ai"


def test_what_is_learnt_is_known_later(ledger: Ledger) -> None:
    """Of the account that it was learnt of, and of no other."""
    assert ledger.read(learnt.habits, URL, NOON) == Habits()
    do(ledger, learnt.keep, URL, {"cursor_list": False, "echoes_token": True}, NOON)
    assert ledger.read(learnt.habits, URL, NOON) == Habits(cursor_list=False, echoes_token=True)
    assert ledger.read(learnt.habits, "https://api-tokyo.oneinbox.ai", NOON) == Habits()


def test_what_is_learnt_anew_replaces_what_was_known(ledger: Ledger) -> None:
    """Each fact for itself, with its own time."""
    do(ledger, learnt.keep, URL, {"cursor_list": False, "offset_list": False}, NOON)
    later = NOON + timedelta(days=3)
    do(ledger, learnt.keep, URL, {"cursor_list": True}, later)
    assert ledger.read(learnt.habits, URL, later) == Habits(cursor_list=True, offset_list=False)
    assert ledger.read(learnt.habits, URL, NOON + TRUSTED_FOR) == Habits(cursor_list=True)


def test_what_is_old_is_not_known(ledger: Ledger) -> None:
    """An account may have got a newer generation of the API meanwhile."""
    do(ledger, learnt.keep, URL, {"cursor_list": False}, NOON)
    assert ledger.read(learnt.habits, URL, NOON + TRUSTED_FOR - timedelta(seconds=1)).cursor_list is False
    assert ledger.read(learnt.habits, URL, NOON + TRUSTED_FOR).cursor_list is None


def test_what_a_newer_version_has_learnt_is_left_aside(ledger: Ledger) -> None:
    """A fact of which this version knows nothing does no harm."""
    with engine_of(ledger).begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO learnt VALUES ('{URL}', 'of the future', 1, '2026-06-03 17:00:00')"  # noqa: S608
        )
    assert ledger.read(learnt.habits, URL, NOON) == Habits()
