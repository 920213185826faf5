"""The ledger as a thing to open: its engine, its writer, its lock."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from campaign.errors import ConfigError, LedgerError, UsageError
from campaign.ledger import lock, presence, trouble
from campaign.ledger.checkup import READER_PATIENCE_S, check_up
from campaign.ledger.generation import Generation, inode_version
from campaign.ledger.lock import RunLock
from campaign.ledger.migrations import migrate
from campaign.ledger.writer import Writer
from campaign.logs import get_logger

__all__ = ["Connection", "Ledger", "RunLock"]

log = get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_MS = 10_000

_NOTHING_TO_ACCEPT = (
    "--accept-ledger: there is nothing to accept; run without it, and never put it into a timer"
)


class Ledger:
    """An open ledger: reads see what is committed; writes go through one writer, durable when answered."""

    def __init__(self, engine: Engine, path: Path | None, version: int = 0) -> None:
        self._engine = engine
        snapshot = {"reads": True} if path else {"isolation_level": "REPEATABLE READ"}
        self._snapshots = engine.execution_options(**snapshot)
        # A link to a ledger is that ledger: one lock, one witness.
        self._path = path.resolve() if path else None
        self._generation = Generation(self._path, version) if self._path else None
        self._writer = Writer(engine, self._generation)

    @classmethod
    def open(cls, location: str, *, create: bool = True) -> Self:
        """Open the ledger at a file path or a database URL, and bring its schema up to date.

        Args:
            location: A path, `sqlite:///path` or `postgresql://...`.
            create: Whether a new SQLite file may be made.

        Raises:
            ConfigError: The location is neither a path nor a URL of a database that is supported.
            LedgerError: It cannot be opened or brought up to date.
        """
        url = url_of(location)
        path = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
        version = _prepare_file(path, create=create) if path is not None else 0
        engine = _sqlite_engine(url) if path is not None else _postgresql_engine(url)
        try:
            with engine.begin() as connection:
                migrate(connection)
        except LedgerError:
            engine.dispose()
            raise
        except (SQLAlchemyError, OSError) as error:
            engine.dispose()
            where = path or shown_url(url)
            raise LedgerError(
                f"ledger {where}: {trouble.with_cure(error, is_file=path is not None)}"
            ) from error
        return cls(engine, path, version)

    def write(
        self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Durable when answered: run a verb in the writer's next transaction."""
        return self._writer.submit(lambda connection: verb(connection, *args, **kwargs))

    def read(self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Consistent: run a verb that only reads, on one snapshot of what has been committed."""
        try:
            with self._snapshots.connect() as connection:
                return verb(connection, *args, **kwargs)
        except SQLAlchemyError as error:
            said = trouble.with_cure(error, is_file=self._path is not None)
            raise LedgerError(f"the ledger cannot be read: {said}") from error

    @contextmanager
    def run_lock(
        self, campaign: str, *, accept: bool = False, reader_patience_s: float = READER_PATIENCE_S
    ) -> Iterator[RunLock]:
        """Exclusive: while one run holds it, every other run of this ledger is told who does.

        Before it is given, a SQLite ledger whose last run was cut off is checked, and one that is a copy or
        was put back from a backup is refused.

        Args:
            campaign: What others are told about the holder.
            accept: Take such a copy for the ledger that counts from now on.
            reader_patience_s: How long a check waits for other programs that read the ledger.

        Raises:
            NotFinishedError: Another run holds it, or another program reads a ledger that must be checked.
            LedgerError: The ledger is damaged, or not the newest of its kind.
            UsageError: There is nothing to accept.
        """
        if self._path is None or self._generation is None:
            if accept:
                raise UsageError(_NOTHING_TO_ACCEPT)
            with lock.advisory_lock(self._engine) as session:
                yield session
            return
        with lock.file_lock(self._path, holder=lock.describe_holder(campaign, datetime.now(UTC))) as held:
            if held.left_by:
                check_up(self._engine, self._path, patience_s=reader_patience_s)
                log.info("ledger.checked", reason="the last run was cut off")
            try:
                self._refuse_relatives(self._generation, accept=accept)
                yield held
            finally:
                held.ended_cleanly = not self._writer.has_failed

    @contextmanager
    def listening(self) -> Iterator[Callable[[], None]]:
        """Known to runs as one who leaves hints, for as long as the block lasts and the process lives.

        Gives a function that raises LedgerError when that is over before. It may wait for disk or server.

        Raises:
            NotFinishedError: Another process is known as such.
        """
        if self._path is not None:
            with presence.by_file(self._path) as on_file:
                yield on_file.check
        else:
            # A server that is not there is told in words.
            self.read(presence.is_there_by_session)
            with presence.by_session(self._engine) as on_server:
                yield on_server.check

    def is_listened_to(self) -> bool:
        """Whether a process is known as one who leaves hints. Raises LedgerError."""
        if self._path is not None:
            return presence.is_there_by_file(self._path)
        return self.read(presence.is_there_by_session)

    def _refuse_relatives(self, generation: Generation, *, accept: bool) -> None:
        """Raise LedgerError for a ledger that may not know all calls, unless it is to be accepted."""
        try:
            with self._engine.begin() as connection:
                why = generation.trouble(connection)
                if why and not accept:
                    raise LedgerError(why)
                if accept and not why:
                    raise UsageError(_NOTHING_TO_ACCEPT)
                mark = generation.accept(connection, why=why) if why else None
        except SQLAlchemyError as error:
            raise LedgerError(f"ledger {self._path}: {trouble.with_cure(error, is_file=True)}") from error
        if mark is not None:
            generation.renew(mark)
            log.warning("ledger.accepted", although=why)

    def close(self) -> None:
        """Write what was submitted, then close every connection."""
        self._writer.close()
        self._engine.dispose()
        if self._generation is not None:
            self._generation.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def url_of(location: str) -> URL:
    """Where a ledger is, as SQLAlchemy has it. Raises ConfigError for what is no such place."""
    if ":memory:" in location:
        raise ConfigError("ledger: it must outlive the run; give a file path or a postgresql:// URL")
    if "://" not in location:
        return URL.create("sqlite", database=str(Path(location).expanduser()))
    try:
        url = make_url(location)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise ConfigError(
            "ledger: not a path and not a database URL; give a file path or a postgresql:// URL"
        ) from error
    if backend == "sqlite" and url.database:
        return url
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise ConfigError(f"ledger: {backend} is not supported; give a file path or a postgresql:// URL")


def _prepare_file(path: Path, *, create: bool) -> int:
    """Make the file before SQLite does, so that nobody else can ever read it; returns its inode's version."""
    if not create and not path.exists():
        raise LedgerError(f"ledger {path}: there is none yet; `campaign run` makes it")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # A backup that was put back has the rights that `cp` gives. Only the owner may change them.
            for of_ledger in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
                with suppress(OSError):
                    of_ledger.chmod(0o600)
            return inode_version(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise LedgerError(f"ledger {path}: {error.strerror}; choose another place with --ledger") from error


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        # We begin transactions ourselves; the driver's own handling would not cover schema changes.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        _write_ahead(cursor)
        # With NORMAL a power cut forgets commits that were answered, and people are called again.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA fullfsync = ON")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader takes its snapshot; only the writer (engine.begin) asks for the write lock up front.
        connection.exec_driver_sql(
            "BEGIN" if connection.get_execution_options().get("reads") else "BEGIN IMMEDIATE"
        )

    return engine


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Make the file keep a log, for ever. Only for this does SQLite not wait while another program writes."""
    give_up_at = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)
        else:
            return


def _postgresql_engine(url: URL) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={
            "application_name": f"campaign process {os.getpid()}",
            "connect_timeout": 10,
            # A server that has vanished without a word is noticed within a minute.
            "keepalives_idle": 20,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 60_000,
            "options": "-c statement_timeout=60s -c synchronous_commit=on",
        },
    )


def shown_url(url: URL) -> str:
    """For people: without the password."""
    return url.render_as_string(hide_password=True)
