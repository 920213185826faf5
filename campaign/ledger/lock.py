"""The run lock: one run per ledger. The kernel (or PostgreSQL) drops it with the process, however it dies."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from campaign.errors import LedgerError, NotFinishedError
from campaign.ledger import trouble
from campaign.ledger.schema import identity

NAME_WAIT_S = 1.0
NAME_LOOKS = 20
"""Who is kept out waits so long for the holder's name."""
_ADVISORY_KEY = 0x63616D706169676E % 2**63  # "campaign" in ASCII

# Built once, as every dial runs the second one; whoever takes the lock waits for the commit of that dial.
_NEXT_EPOCH = update(identity).values(generation=identity.c.generation + 1).returning(identity.c.generation)
_EPOCH = select(identity.c.generation).with_for_update(read=True)


class LockLostError(LedgerError):
    """Another run has the lock by now."""


class RunLock(Protocol):
    """The lock in the hands of its run."""

    @property
    def epoch(self) -> int | None:
        """How often it was taken in this ledger; None where no other run can take it unseen."""

    def check(self) -> None:
        """Make sure that it still keeps other runs out. May wait for the disk or the server.

        Raises:
            LedgerError: It does not; the run must dial no more.
        """


@dataclass(slots=True)
class FileLock:
    """The lock of a SQLite ledger: a file beside it, locked by the kernel, with the holder's name in it."""

    ledger_path: Path
    path: Path
    descriptor: int
    ledger_inode: int | None
    left_by: str
    """The last holder, when it did not end cleanly; else empty."""
    ended_cleanly: bool = False
    """Set by the holder. Until then its name stays in the file, however it ends."""
    epoch: int | None = None
    """While the process lives, the kernel gives the locked file to nobody else."""

    def check(self) -> None:
        """The locked file and the ledger must be those that other runs find under their names."""
        for path, inode in (
            (self.path, os.fstat(self.descriptor).st_ino),
            (self.ledger_path, self.ledger_inode),
        ):
            found = _inode(path)
            if found is None or found != inode:
                raise LedgerError(
                    f"{path} was removed or replaced while the run was on; nothing more is dialled: "
                    "put the ledger back as it was, and run again when no other run is on"
                )


@contextmanager
def file_lock(ledger_path: Path, *, holder: str) -> Iterator[FileLock]:
    """Exclusive on this host: while it is held, no other process gets the lock of the same ledger.

    Args:
        ledger_path: The database file, without links in it: one ledger has one lock.
        holder: What others are told about this run, also after it was killed.

    Raises:
        NotFinishedError: Another process holds it; the text names the holder.
        LedgerError: The lock file cannot be made or written.
    """
    # Beside the database and never on it: closing a second descriptor of the database would drop SQLite's
    # own locks.
    path = ledger_path.with_name(ledger_path.name + ".lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            before = _read(descriptor)
            _write_over(descriptor, holder.encode())
        except BlockingIOError as error:
            raise _held(_read_holder(descriptor)) from error
        except OSError as error:
            raise _unusable(path, error) from error
        held = FileLock(ledger_path, path, descriptor, _inode(ledger_path), before)
        try:
            yield held
        finally:
            if held.ended_cleanly:
                # If this fails, the next run checks a ledger that is well.
                with suppress(OSError):
                    os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> str:
    return os.pread(descriptor, 500, 0).decode(errors="replace").strip()


def _read_holder(descriptor: int) -> str:
    """Who holds the lock. Whoever has just taken it may need a moment to write the name down."""
    # In steps, as either of the two may be stopped meanwhile.
    for _ in range(NAME_LOOKS):
        if holder := _read(descriptor):
            return holder
        time.sleep(NAME_WAIT_S / NAME_LOOKS)
    return _read(descriptor) or "another run"


def _write_over(descriptor: int, content: bytes) -> None:
    """At no moment is the file empty: it would say that the last holder ended cleanly."""
    os.pwrite(descriptor, content, 0)
    os.ftruncate(descriptor, len(content))
    os.fsync(descriptor)


def _inode(path: Path) -> int | None:
    """None when there is no such file. Any other answer than a number says nothing about the file."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError(
            f"{path} cannot be looked at ({error.strerror}), so another run may be on; nothing more is "
            "dialled: mend the disk and run again"
        ) from error


def _unusable(path: Path, error: OSError) -> LedgerError:
    return LedgerError(f"lock file {path}: {error.strerror}; nobody was called: mend the disk and run again")


class AdvisoryLock:
    """The lock of a PostgreSQL ledger: it lives and dies with the session that took it."""

    def __init__(self, connection: Connection, epoch: int) -> None:
        self._connection = connection
        self.epoch: int | None = epoch
        self._lost: LedgerError | None = None

    def check(self) -> None:
        """Ask the session for a sign of life. Once it is lost it stays so, also when the server is back."""
        if self._lost is None:
            try:
                self._connection.execute(text("SELECT 1"))
                self._connection.commit()
            except SQLAlchemyError as error:
                self._lost = LedgerError(
                    f"the database session with the ledger's lock is gone ({trouble.in_words(error)}), "
                    "so another run may be on; nothing more is dialled: run again"
                )
        if self._lost is not None:
            raise self._lost


@contextmanager
def advisory_lock(engine: Engine) -> Iterator[AdvisoryLock]:
    """Exclusive in the database: the session that holds it is this process's own connection.

    Raises:
        NotFinishedError: Another session holds it.
        LedgerError: The session was lost meanwhile.
    """
    with engine.connect() as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_KEY}):
            raise _held(advisory_holder(connection) or "another run")
        connection.commit()
        try:
            yield AdvisoryLock(connection, _begin_epoch(connection))
        finally:
            # Given back in words, since the server takes a moment to notice that a session has gone.
            with suppress(SQLAlchemyError):
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_KEY})
            # The lock belongs to the session, so the session ends with it and does not go back to the pool.
            connection.invalidate()


def _begin_epoch(connection: Connection) -> int:
    """Count the lock as taken: whoever has lost it unseen writes no intent any more."""
    try:
        epoch: int = connection.scalars(_NEXT_EPOCH).one()
        connection.commit()
    except SQLAlchemyError as error:
        said = trouble.with_cure(error, is_file=False)
        raise LedgerError(f"the ledger's lock cannot be taken: {said}") from error
    return epoch


def refuse_successor(connection: Connection, epoch: int | None) -> None:
    """As part of a commit: nobody has taken the lock since this epoch began, or can before it is done.

    Raises:
        LockLostError: Another run has.
    """
    if epoch is not None and connection.scalar(_EPOCH) != epoch:
        raise LockLostError(
            "another run has taken the ledger's lock, as the database session that had it is gone; "
            "nothing more is dialled: run again"
        )


def advisory_holder(connection: Connection) -> str | None:
    """Who holds the lock of a PostgreSQL ledger, without asking for it; None when nobody does."""
    holder: str | None = connection.scalar(
        text(
            "SELECT a.application_name || ', since ' || a.backend_start FROM pg_locks l"
            " JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.granted"
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND l.classid::bigint = :high AND l.objid::bigint = :low"
        ),
        {"high": _ADVISORY_KEY >> 32, "low": _ADVISORY_KEY & 0xFFFFFFFF},
    )
    return holder


def file_holder(ledger_path: Path) -> tuple[str, str]:
    """Who holds the lock of a SQLite ledger, or else who has left it without an end; empty for nobody.

    Where nobody has written a name, the lock is not touched.

    Raises:
        OSError: The lock file cannot be read.
    """
    try:
        path = ledger_path.with_name(ledger_path.name + ".lock")
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return "", ""
    try:
        name = _read(descriptor)
        if not name:
            return "", ""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return name, ""
        return "", name
    finally:
        os.close(descriptor)


def describe_holder(campaign: str, now: datetime) -> str:
    """What a second run is told about the first."""
    return f"{campaign}, process {os.getpid()} on {socket.gethostname()}, since {now:%Y-%m-%d %H:%M:%S} UTC"


def _held(other: str) -> NotFinishedError:
    return NotFinishedError(f"the ledger is in use by {other}; run again when that has ended")
