"""Opening a ledger: where it may be, and what is said when it cannot be."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from campaign.errors import ConfigError, LedgerError
from campaign.ledger import campaigns
from campaign.ledger.ledger import Ledger
from tests.ledger.case import ANNA, people, start

ONE_LINE = r"^[^\n]+$"


@pytest.mark.parametrize(
    "location",
    [
        "mysql://host/ledger",
        "https://example.com/ledger",
        "postgresql://host:port/ledger",
        "://",
        "sqlite://",
        "sqlite:///:memory:",
        ":memory:",
    ],
)
def test_a_wrong_location(location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no path and no URL of a lasting database is a ConfigError in one line, and makes no file."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError, match=ONE_LINE):
        Ledger.open(location).close()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("prefix", ["", "sqlite:///"])
def test_a_path_or_a_url(tmp_path: Path, prefix: str) -> None:
    """A path and a sqlite URL open the same ledger, and what is in it stays in it."""
    path = tmp_path / "deep" / "folder" / "ledger.db"
    with Ledger.open(f"{prefix}{path}") as ledger:
        start(ledger, people(ANNA))

    with Ledger.open(str(path), create=False) as again:
        assert [record.name for record in again.read(campaigns.newest)] == ["spring"]


def test_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tilde in a path is the user's home."""
    monkeypatch.setenv("HOME", str(tmp_path))

    Ledger.open("~/ledger.db").close()

    assert (tmp_path / "ledger.db").exists()


def test_a_missing_ledger_is_not_made(tmp_path: Path) -> None:
    """Commands that only look make no ledger, and say what does."""
    with pytest.raises(LedgerError, match=r"^[^\n]*campaign run[^\n]*$"):
        Ledger.open(str(tmp_path / "ledger.db"), create=False)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("create", [True, False])
def test_a_path_below_a_file(tmp_path: Path, create: bool) -> None:
    """A place where no file can be made is a LedgerError in one line that names it."""
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(LedgerError, match=rf"^ledger {file}/below/ledger.db: [^\n]+$"):
        Ledger.open(str(file / "below" / "ledger.db"), create=create)


@pytest.mark.parametrize(
    "content", [b"phone,name\n+12025550111,Anna\n" * 99, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_not_a_database(tmp_path: Path, content: bytes) -> None:
    """A file that is something else is a LedgerError in one line, and stays as it was."""
    path = tmp_path / "list.csv"
    path.write_bytes(content)

    with pytest.raises(LedgerError, match=rf"^ledger {path}: [^\n]+$"):
        Ledger.open(str(path))

    assert path.read_bytes() == content


def test_a_folder_is_not_a_ledger(tmp_path: Path) -> None:
    """A folder in the ledger's place is a LedgerError in one line."""
    with pytest.raises(LedgerError, match=ONE_LINE):
        Ledger.open(str(tmp_path))


def test_a_server_that_does_not_answer() -> None:
    """A PostgreSQL that cannot be reached is a LedgerError in one line, without the password."""
    with pytest.raises(LedgerError, match=ONE_LINE) as caught:
        Ledger.open("postgresql://user:s3cret@127.0.0.1:1/ledger")

    assert "s3cret" not in str(caught.value)


def test_a_database_that_is_not_there(postgresql_location: str) -> None:
    """A PostgreSQL database that nobody has made is a LedgerError in one line."""
    with pytest.raises(LedgerError, match=ONE_LINE):
        Ledger.open(postgresql_location.replace("/test_", "/no_test_"))


def test_a_read_that_fails(ledger: Ledger) -> None:
    """A read that the database refuses is a LedgerError in one line, and the next read works."""
    with pytest.raises(LedgerError, match=ONE_LINE):
        ledger.read(lambda connection: connection.exec_driver_sql("SELECT nothing FROM contacts"))

    assert ledger.read(campaigns.newest) == []


def test_a_first_start_waits_for_another_one(tmp_path: Path) -> None:
    """Of two programs that make one new ledger at once, the later one waits until the other has written."""
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE its_first (id INTEGER PRIMARY KEY)")
        ends = threading.Timer(0.5, other.execute, ["COMMIT"])
        ends.start()
        Ledger.open(str(path)).close()
        ends.join()
