"""A look at a ledger from outside: nothing is made, migrated or locked, also while a run is on."""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from campaign.errors import LedgerError
from campaign.ledger import breakers, campaigns, disk, lock, trouble
from campaign.ledger.breakers import BreakerRecord
from campaign.ledger.generation import Generation, inode_version
from campaign.ledger.ledger import shown_url, url_of
from campaign.ledger.migrations import MIGRATIONS, applied

NEWEST = max(migration.number for migration in MIGRATIONS)
"""The schema that this version of the program knows."""
_WITH_IDENTITY = 2
"""Older ledgers cannot tell whether they are copies."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How a ledger stands."""

    where: str
    """The file, or the URL without its password."""
    path: Path | None
    """None for a database server."""
    version: int | None
    """Its schema; None when there is no ledger yet."""
    held_by: str = ""
    """Which run has it; empty when none has."""
    was_cut_off: bool = False
    """Whether its last run was killed, so that the next one checks it."""
    trouble: str = ""
    """Why it may not know all calls; empty when it does, or while a run has it."""
    file_system: str | None = None
    """Where it is a file and the machine tells."""
    breakers: tuple[BreakerRecord, ...] = ()
    """What stops dialling; of a ledger with an older schema nobody knows."""


def look(location: str, campaign: str | None = None) -> Sight:
    """Look at a ledger.

    Args:
        location: A file path or a database URL.
        campaign: Whose breakers are told beside those that hold the whole account.

    Raises:
        ConfigError: The location is neither a path nor a URL of a database that is supported.
        LedgerError: It cannot be read.
    """
    url = url_of(location)
    if url.get_backend_name() != "sqlite":
        engine = create_engine(url, hide_parameters=True, connect_args={"connect_timeout": 5})
        try:
            with engine.connect() as connection:
                return Sight(
                    shown_url(url),
                    None,
                    applied(connection) or None,
                    held_by=lock.advisory_holder(connection) or "",
                    breakers=_breakers(connection, campaign),
                )
        except SQLAlchemyError as error:
            raise _unreadable(shown_url(url), error, is_file=False) from error
        finally:
            engine.dispose()
    path = Path(url.database or "").resolve()
    kind = disk.file_system_of(path)
    if not path.exists():
        return Sight(str(path), path, None, file_system=kind)
    try:
        held_by, left_by = lock.file_holder(path)
        version, doubt, open_ones = _read(path, campaign, with_doubts=not held_by)
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        raise _unreadable(str(path), error, is_file=True) from error
    return Sight(
        str(path),
        path,
        version,
        held_by=held_by,
        was_cut_off=bool(left_by),
        trouble=doubt,
        file_system=kind,
        breakers=open_ones,
    )


def _read(
    path: Path, campaign: str | None, *, with_doubts: bool
) -> tuple[int | None, str, tuple[BreakerRecord, ...]]:
    # Before SQLite opens it: closing a second descriptor later would drop SQLite's own locks.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        file_version = inode_version(descriptor)
    finally:
        os.close(descriptor)
    engine = _reader(path)
    try:
        with engine.connect() as connection:
            version = applied(connection) or None
            # A run that commits meanwhile is ahead of what is read here, which proves nothing.
            is_quiet = with_doubts and version is not None and version >= _WITH_IDENTITY
            doubt = Generation(path, file_version).trouble(connection) if is_quiet else ""
            return version, doubt, _breakers(connection, campaign)
    finally:
        engine.dispose()


def _unreadable(where: str, error: Exception, *, is_file: bool) -> LedgerError:
    words = error.strerror if isinstance(error, OSError) else trouble.in_words(error)
    return LedgerError(f"ledger {where}: {words}; {trouble.cure(error, is_file=is_file)}")


def _breakers(connection: Connection, campaign: str | None) -> tuple[BreakerRecord, ...]:
    if applied(connection) != NEWEST:
        return ()
    record = campaigns.find(connection, campaign) if campaign is not None else None
    return tuple(breakers.open_breakers(connection, record.id if record is not None else None))


def _reader(path: Path) -> Engine:
    address = f"file:{quote(str(path))}?mode=ro"
    return create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(address, uri=True, timeout=5, check_same_thread=False),
        hide_parameters=True,
    )
