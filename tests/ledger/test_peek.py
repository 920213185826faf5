"""A look at a ledger from outside changes nothing and holds up nobody, on both databases."""

from pathlib import Path

import pytest
from sqlalchemy import delete, insert

from campaign.errors import ConfigError, LedgerError
from campaign.ledger import breakers, peek, schema
from campaign.ledger.ledger import Ledger
from tests.ledger.case import ANNA, Case, do, engine_of, people, start
from tests.support import NOON


def open_breaker(case: Case, *, of_account: bool) -> None:
    """Something has stopped the dialling of this campaign, or of all."""
    do(
        case.ledger,
        breakers.record_open,
        case.id,
        rule="refusals",
        cause="refused",
        cure="mend it",
        scope="campaign",
        subject="",
        evidence={},
        needs_reset=True,
        of_account=of_account,
        now=NOON,
    )


def test_a_ledger_that_is_whole(ledger: Ledger, ledger_location: str) -> None:
    """Its schema is the newest, and nobody has it."""
    start(ledger, people(ANNA))
    sight = peek.look(ledger_location)
    assert (sight.version, sight.held_by, sight.trouble) == (peek.NEWEST, "", "")
    assert not sight.was_cut_off


def test_who_has_it(ledger: Ledger, ledger_location: str) -> None:
    """The holder is named, and keeps the lock; afterwards nobody has it."""
    with ledger.run_lock("campaign spring") as held:
        assert peek.look(ledger_location).held_by
        held.check()
    assert not peek.look(ledger_location).held_by


def test_what_stops_dialling(ledger: Ledger, ledger_location: str) -> None:
    """That of the account always, that of a campaign where it is asked about."""
    open_breaker(start(ledger, people(ANNA), name="spring"), of_account=False)
    open_breaker(start(ledger, people(ANNA), name="autumn"), of_account=True)
    assert [each.campaign for each in peek.look(ledger_location).breakers] == ["autumn"]
    told = peek.look(ledger_location, "spring").breakers
    assert [each.campaign for each in told] == ["spring", "autumn"]
    assert [each.campaign for each in peek.look(ledger_location, "winter").breakers] == ["autumn"]


def test_another_schema_is_told_and_not_touched(ledger: Ledger, ledger_location: str) -> None:
    """A newer ledger is not read any further, and an older one is not migrated by a look."""
    with engine_of(ledger).begin() as connection:
        newer = {"number": peek.NEWEST + 1, "name": "of a newer version", "applied_at": NOON}
        connection.execute(insert(schema.migrations).values(newer))
    assert (peek.look(ledger_location).version, peek.look(ledger_location).breakers) == (peek.NEWEST + 1, ())
    with engine_of(ledger).begin() as connection:
        connection.execute(delete(schema.migrations).where(schema.migrations.c.number >= peek.NEWEST))
    for _ in range(2):
        assert peek.look(ledger_location).version == peek.NEWEST - 1


def test_a_look_makes_nothing(tmp_path: Path) -> None:
    """Where there is no ledger, there is none afterwards."""
    sight = peek.look(str(tmp_path / "folder" / "ledger.db"))
    assert sight.version is None
    assert list(tmp_path.iterdir()) == []


def test_a_copy_is_known_while_no_run_is_on(sqlite_location: str) -> None:
    """As a run would refuse it. While one is on, what it commits meanwhile proves nothing."""
    with Ledger.open(sqlite_location) as ledger:
        start(ledger, people(ANNA))
    Path(sqlite_location + ".generation").unlink()
    assert "is a copy" in peek.look(sqlite_location).trouble


def test_a_run_that_was_cut_off(sqlite_location: str) -> None:
    """Its name is still in the lock file, and nobody holds the lock."""
    Ledger.open(sqlite_location).close()
    Path(sqlite_location + ".lock").write_text("campaign spring, process 1")
    sight = peek.look(sqlite_location)
    assert (sight.held_by, sight.was_cut_off) == ("", True)


def test_a_file_that_is_no_ledger(tmp_path: Path) -> None:
    """Another file under its name is told; an empty database is no ledger yet."""
    other = tmp_path / "ledger.db"
    other.write_bytes(b"some text " * 500)
    with pytest.raises(LedgerError, match="not a database"):
        peek.look(str(other))
    with pytest.raises(ConfigError):
        peek.look("mysql://somewhere/ledger")


def test_a_server_that_is_away() -> None:
    """It is told without the password."""
    with pytest.raises(LedgerError) as caught:
        peek.look("postgresql://user:secret@127.0.0.1:9/ledger")
    assert "secret" not in str(caught.value)
