"""The run lock: one run per ledger. The kernel (or PostgreSQL) drops it with the process, however it dies."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, text

from campaign.errors import LedgerError, NotFinishedError

_ADVISORY_KEY = 0x63616D706169676E % 2**63  # "campaign" in ASCII


@contextmanager
def file_lock(ledger_path: Path, *, holder: str) -> Iterator[None]:
    """Exclusive on this host: while it is held, no other process gets the lock of the same ledger.

    Raises:
        NotFinishedError: Another process holds it; the text names the holder.
        LedgerError: The lock file cannot be made.
    """
    # Beside the database and never on it: closing a second descriptor of the database would drop SQLite's
    # own locks.
    path = ledger_path.with_name(ledger_path.name + ".lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise LedgerError(f"lock file {path}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            other = os.pread(descriptor, 500, 0).decode(errors="replace").strip() or "another run"
            raise _held(other) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, holder.encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


@contextmanager
def advisory_lock(engine: Engine) -> Iterator[None]:
    """Exclusive in the database: the session that holds it is this process's own connection.

    Raises:
        NotFinishedError: Another session holds it.
    """
    with engine.connect() as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_KEY}):
            other = connection.scalar(
                text(
                    "SELECT a.application_name || ', since ' || a.backend_start FROM pg_locks l"
                    " JOIN pg_stat_activity a USING (pid)"
                    " WHERE l.locktype = 'advisory' AND l.granted"
                    " AND l.classid::bigint = :high AND l.objid::bigint = :low"
                ),
                {"high": _ADVISORY_KEY >> 32, "low": _ADVISORY_KEY & 0xFFFFFFFF},
            )
            raise _held(other or "another run")
        connection.commit()
        try:
            yield
        finally:
            # The lock belongs to the session, so the session ends with it and does not go back to the pool.
            connection.invalidate()


def describe_holder(campaign: str, now: datetime) -> str:
    """What a second run is told about the first."""
    return f"{campaign}, process {os.getpid()} on {socket.gethostname()}, since {now:%Y-%m-%d %H:%M:%S} UTC"


def _held(other: str) -> NotFinishedError:
    return NotFinishedError(f"the ledger is in use by {other}; run again when that has ended")
