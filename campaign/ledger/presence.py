"""Presence: whether a listener is there, as a lock that dies with its process. Nothing is written for it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from campaign.errors import LedgerError, NotFinishedError
from campaign.ledger import trouble

TRIES, PAUSE_S = 20, 0.05
"""A run that looks holds the lock for a moment."""
_ADVISORY_KEY = 0x6C697374656E6572 % 2**63  # "listener" in ASCII

_TAKEN = "a listener of this ledger is running already; one is enough"


def lock_path(ledger_path: Path) -> Path:
    """Beside the database and never on it: closing a descriptor of that would drop SQLite's own locks."""
    return ledger_path.with_name(ledger_path.name + ".listener")


class OnFile:
    """Presence at a SQLite ledger: it lives and dies with the process that holds a lock file beside it."""

    def __init__(self, ledger_path: Path, descriptor: int) -> None:
        self._ledger_path = ledger_path
        self._descriptor = descriptor
        self._ledger_inode = _inode(ledger_path)

    def check(self) -> None:
        """Raise LedgerError when the ledger is no longer the one that runs find under its name."""
        own = os.fstat(self._descriptor).st_ino
        if _inode(self._ledger_path) != self._ledger_inode or _inode(lock_path(self._ledger_path)) != own:
            raise LedgerError(
                f"ledger {self._ledger_path} was removed or replaced: put it back, then start the listener"
            )


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


@contextmanager
def by_file(ledger_path: Path) -> Iterator[OnFile]:
    """Known as there, on this host, for as long as the block lasts.

    Raises:
        NotFinishedError: Another process is.
        LedgerError: The lock file cannot be made.
    """
    path = lock_path(ledger_path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise LedgerError(
            f"lock file {path}: {error.strerror}; let this user write into its folder, or mend the disk"
        ) from error
    try:
        for _ in range(TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(PAUSE_S)
        else:
            raise NotFinishedError(_TAKEN)
        yield OnFile(ledger_path, descriptor)
    finally:
        os.close(descriptor)


def is_there_by_file(ledger_path: Path) -> bool:
    """Whether a process of this host is there. What cannot be looked at says no."""
    try:
        descriptor = os.open(lock_path(ledger_path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    else:
        return False
    finally:
        os.close(descriptor)


class OnServer:
    """Presence in a PostgreSQL ledger: it lives and dies with the session that shows it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def check(self) -> None:
        """Raise LedgerError when the session is gone."""
        try:
            self._connection.execute(text("SELECT 1"))
            self._connection.commit()
        except SQLAlchemyError as error:
            raise LedgerError(
                f"the listener's database session is gone ({trouble.in_words(error)}); start it again"
            ) from error


@contextmanager
def by_session(engine: Engine) -> Iterator[OnServer]:
    """Known as there, in the database, for as long as the block lasts. Raises NotFinishedError."""
    with engine.connect() as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_KEY}):
            raise NotFinishedError(_TAKEN)
        connection.commit()
        try:
            yield OnServer(connection)
        finally:
            # The lock belongs to the session, so the session ends with it and does not go back to the pool.
            with suppress(SQLAlchemyError):
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_KEY})
            connection.invalidate()


def is_there_by_session(connection: Connection) -> bool:
    """Whether a session of this database is there."""
    found = connection.scalar(
        text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND classid::bigint = :high AND objid::bigint = :low"
        ),
        {"high": _ADVISORY_KEY >> 32, "low": _ADVISORY_KEY & 0xFFFFFFFF},
    )
    return bool(found)
