"""Presence: runs know whether a listener is there, and for no moment longer than it lives."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from campaign.errors import LedgerError, NotFinishedError
from campaign.ledger import presence
from campaign.ledger.ledger import Ledger
from tests.ledger.case import engine_of

LISTEN = """
import sys
from campaign.ledger.ledger import Ledger
with Ledger.open(sys.argv[1]) as ledger, ledger.listening():
    print("there", flush=True)
    sys.stdin.read()
"""


def test_who_listens_is_known_as_long_as_it_does(ledger: Ledger) -> None:
    """Before, meanwhile and afterwards."""
    assert not ledger.is_listened_to()
    with ledger.listening() as check:
        assert ledger.is_listened_to()
        check()
    assert not ledger.is_listened_to()


def test_there_is_one_listener_at_a_time(
    ledger: Ledger, ledger_location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second one is told so; runs that look meanwhile are not taken for one."""
    monkeypatch.setattr(presence, "TRIES", 2)
    with (
        Ledger.open(ledger_location) as other,
        ledger.listening(),
        pytest.raises(NotFinishedError, match="running already"),
        other.listening(),
    ):
        pass
    with ledger.listening():
        assert ledger.is_listened_to()


@pytest.mark.e2e
def test_a_listener_that_is_killed_is_gone_at_once(ledger: Ledger, ledger_location: str) -> None:
    """The kernel, or the server, says so."""
    process = subprocess.Popen(
        [sys.executable, "-c", LISTEN, ledger_location],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"there\n"
    assert ledger.is_listened_to()
    process.kill()
    process.communicate()
    for _ in range(1000):
        # A server takes a moment to notice.
        if not ledger.is_listened_to():
            break
    assert not ledger.is_listened_to()


def test_a_run_that_looks_does_not_keep_a_listener_out(sqlite_location: str, tmp_path: Path) -> None:
    """It holds the lock for a moment, and a listener that meets it tries again."""
    with Ledger.open(sqlite_location) as ledger:
        for _ in range(50):
            ledger.is_listened_to()
            with ledger.listening():
                pass
    assert presence.lock_path(Path(sqlite_location)).stat().st_mode & 0o777 == 0o600


def test_a_place_where_no_lock_can_be_is_told(sqlite_location: str) -> None:
    """Nobody is there then, and no listener can be."""
    with Ledger.open(sqlite_location) as ledger:
        presence.lock_path(Path(sqlite_location).resolve()).mkdir()
        assert not ledger.is_listened_to()
        with pytest.raises(LedgerError, match="lock file"), ledger.listening():
            pass


@pytest.mark.parametrize("gone", ["ledger.db", "ledger.db.listener"])
def test_a_listener_notices_that_its_ledger_was_replaced(
    sqlite_location: str, tmp_path: Path, gone: str
) -> None:
    """Its hints would reach nobody."""
    with Ledger.open(sqlite_location) as ledger, ledger.listening() as check:
        (tmp_path / gone).rename(tmp_path / "aside")
        with pytest.raises(LedgerError, match="removed or replaced"):
            check()
        (tmp_path / gone).touch()
        with pytest.raises(LedgerError, match="removed or replaced"):
            check()
        (tmp_path / "aside").replace(tmp_path / gone)
        check()


def test_a_listener_notices_that_its_session_is_gone(postgresql_location: str) -> None:
    """As after a restart of the server: runs do not hear of it any more."""
    with Ledger.open(postgresql_location) as ledger, ledger.listening() as check:
        with engine_of(ledger).connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                " AND pid <> pg_backend_pid()"
            )
        with pytest.raises(LedgerError, match="session is gone"):
            check()
        assert not ledger.is_listened_to()
