"""Trouble: what stands in the way of one life, and is gone for the next."""

import fcntl
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg
from sqlalchemy import text

from campaign.ledger import hints, presence
from campaign.ledger.ledger import Ledger
from campaign.ledger.lock import _ADVISORY_KEY
from tests.torture.step import Place

Trouble = Callable[[Place], AbstractContextManager[None]]

COME = "has-come"
"""The file by which a life tells that it has come to where somebody waits for it."""
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def closed_now() -> Mapping[str, str]:
    """Hours of a day of the week that it is nowhere now."""
    return {_WEEKDAYS[(datetime.now(UTC) + timedelta(days=3)).weekday()]: "09:00-20:00"}


def open_for_now() -> Mapping[str, str]:
    """Hours of the days around this one: they are open everywhere now, and nowhere in three days."""
    days = (datetime.now(UTC) + timedelta(days=later) for later in (-1, 0, 1))
    return {_WEEKDAYS[day.weekday()]: "00:00-24:00" for day in days}


@contextmanager
def hold_lock(place: Place) -> Iterator[None]:
    """Another process has the run lock."""
    descriptor = os.open(f"{place.ledger}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def hold_advisory_lock(place: Place) -> Iterator[None]:
    """Another session has the run lock."""
    with psycopg.connect(place.ledger, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_KEY])
        yield


@contextmanager
def lock_is_folder(place: Place) -> Iterator[None]:
    """The lock file cannot be opened."""
    folder = Path(f"{place.ledger}.lock")
    # A new one is made when it has gone.
    folder.unlink(missing_ok=True)
    folder.mkdir()
    yield
    folder.rmdir()


@contextmanager
def no_database(place: Place) -> Iterator[None]:
    """The ledger is a file of something else."""
    path = Path(place.ledger)
    path.write_text("this is a shopping list, and no database at all\n" * 50, encoding="utf-8")
    yield
    path.unlink()


@contextmanager
def foreign_database(place: Place) -> Iterator[None]:
    """The ledger is a database of another program, with a table of the same name as one of ours."""
    path = Path(place.ledger)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE calls (number TEXT)")
    yield
    path.unlink()


@contextmanager
def newer_schema(place: Place) -> Iterator[None]:
    """A newer version of the program has been here."""
    _alter(place, "INSERT INTO migrations VALUES (99, 'of the future', '2026-01-01')")
    yield
    _alter(place, "DELETE FROM migrations WHERE number = 99")


@contextmanager
def older_schema(place: Place) -> Iterator[None]:
    """The ledger is one of an older version."""
    for column in (
        "contacts DROP COLUMN list_agent_id",
        "contacts DROP COLUMN granted_tries",
        "calls DROP COLUMN disposition",
        "campaigns DROP COLUMN budget",
        "campaigns DROP COLUMN output_path",
    ):
        _alter(place, f"ALTER TABLE {column}")
    _alter(place, "ALTER TABLE contacts DROP COLUMN zone_source")
    _alter(place, "ALTER TABLE attempts DROP COLUMN talked")
    _alter(place, "DROP TABLE suppression_changes")
    _alter(place, "DELETE FROM migrations WHERE number > 2")
    yield


@contextmanager
def witness_is_folder(place: Place) -> Iterator[None]:
    """What knows the ledger's generation cannot be read."""
    witness, aside = Path(f"{place.ledger}.generation"), Path(f"{place.ledger}.aside")
    witness.rename(aside)
    witness.mkdir()
    yield
    witness.rmdir()
    aside.rename(witness)


@contextmanager
def witness_is_link(place: Place) -> Iterator[None]:
    """It can be read, and not written."""
    witness, aside = Path(f"{place.ledger}.generation"), Path(f"{place.ledger}.aside")
    witness.rename(aside)
    witness.symlink_to(aside)
    yield
    witness.unlink()
    aside.rename(witness)


@contextmanager
def new_witness_is_folder(place: Place) -> Iterator[None]:
    """It cannot be made."""
    folder = Path(f"{place.ledger}.generation.new")
    folder.mkdir()
    yield
    folder.rmdir()


def witness_says(what: bytes | None) -> Trouble:
    """The witness is gone, tells of another ledger, or is ahead of this one."""

    @contextmanager
    def trouble(place: Place) -> Iterator[None]:
        witness = Path(f"{place.ledger}.generation")
        before = (
            witness.read_bytes() if witness.exists() else b"0" * 32 + b" 00000000000000000000" * 2 + b"\n"
        )
        if what is None:
            witness.unlink()
        elif what == b"ahead":
            witness.write_bytes(before[:33] + b"9" * 20 + before[53:])
        else:
            witness.write_bytes(b"f" * 32 + before[32:])
        yield
        if before.startswith(b"0" * 32):
            witness.unlink()
        else:
            witness.write_bytes(before)

    return trouble


def reader(until: str = "") -> Trouble:
    """Another program reads the ledger: until the life has logged this, or for as long as it lasts."""

    def read(place: Place, said: int) -> None:
        with closing(sqlite3.connect(place.ledger)) as database:
            database.execute("BEGIN")
            database.execute("SELECT * FROM contacts").fetchall()
            os.write(said, b"!")
            while not until or not _is_logged(place, until):
                time.sleep(0.05)

    return _neighbour(read)


def _neighbour(work: Callable[[Place, int], None]) -> Trouble:
    """Another process does some work; it is waited for until it writes into the descriptor that it gets."""

    @contextmanager
    def trouble(place: Place) -> Iterator[None]:
        ready, said = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                work(place, said)
            finally:
                os._exit(0)
        os.close(said)
        os.read(ready, 1)
        try:
            yield
        finally:
            os.close(ready)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    return trouble


def _is_logged(place: Place, text: str) -> bool:
    return any(text in path.read_text(encoding="utf-8") for path in place.folder.glob("*.log"))


@contextmanager
def first_start(place: Place) -> Iterator[None]:
    """Another program is making the ledger, and needs two seconds more when the life has come to it."""
    ready, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        with closing(sqlite3.connect(place.ledger, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("CREATE TABLE its_first (id INTEGER PRIMARY KEY)")
            os.write(said, b"!")
            while not (place.folder / COME).exists():
                time.sleep(0.05)
            time.sleep(2)
            database.execute("COMMIT")
        os._exit(0)
    os.close(said)
    os.read(ready, 1)
    try:
        yield
    finally:
        os.close(ready)
        # A life that was killed before has never come.
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@contextmanager
def with_list(place: Place) -> Iterator[None]:
    """There is a suppression list, and again in the end."""
    path = place.folder / "dnc.csv"
    path.write_text("+12125550177\n", encoding="utf-8")
    yield
    path.write_text("+12125550177\n", encoding="utf-8")


def listener(*, tells_of: int = 999, goes_after: int = 999_999) -> Trouble:
    """Somebody listens, and leaves hints all the time: for the first calls, and until so many were left."""

    return _neighbour(partial(_listen, tells_of=tells_of, goes_after=goes_after))


def _listen(place: Place, said: int, tells_of: int, goes_after: int) -> None:
    with Ledger.open(place.ledger) as ledger:
        ledger.write(hints.token, new="token", now=datetime.now(UTC)).result()
        with ledger.listening():
            os.write(said, b"!")
            left = 0
            while left < goes_after:
                time.sleep(0.03)
                known = text("SELECT call_id FROM calls ORDER BY id")
                ids = ledger.read(lambda connection: list(connection.scalars(known)))  # noqa: B023
                if told := ids[:tells_of]:
                    ledger.write(hints.leave, told, datetime.now(UTC)).result()
                    left += len(told)
        while True:
            time.sleep(60)


@contextmanager
def listener_lock_is_folder(place: Place) -> Iterator[None]:
    """Nobody can listen, and nobody can look whether anybody does."""
    folder = presence.lock_path(Path(place.ledger))
    folder.mkdir()
    yield
    folder.rmdir()


@contextmanager
def with_days_off(place: Place) -> Iterator[None]:
    """There is a file of days off, none of which is near, and again in the end."""
    path = place.folder / "closed.csv"
    path.write_text("2001-01-01\n", encoding="utf-8")
    yield
    path.write_text("2001-01-01\n", encoding="utf-8")


@contextmanager
def damage(place: Place) -> Iterator[None]:
    """A page of the ledger is nonsense."""
    path = Path(place.ledger)
    before = {file: file.read_bytes() for file in (path, Path(f"{path}-wal")) if file.exists()}
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = database.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_events_contact'"
        ).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"nonsense" * 20)
    yield
    for kept, content in before.items():
        kept.write_bytes(content)


def _alter(place: Place, statement: str) -> None:
    with closing(sqlite3.connect(place.ledger, timeout=5)) as database, database:
        database.execute(statement)
