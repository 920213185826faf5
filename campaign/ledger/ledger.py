"""The ledger as a thing to open: its engine, its writer, its lock."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from campaign.errors import ConfigError, LedgerError
from campaign.ledger import lock
from campaign.ledger.migrations import migrate
from campaign.ledger.writer import Writer

__all__ = ["Connection", "Ledger"]

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_MS = 10_000


class Ledger:
    """An open ledger: reads see what is committed; writes go through one writer, durable when answered."""

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self._engine = engine
        snapshot = {"reads": True} if path else {"isolation_level": "REPEATABLE READ"}
        self._snapshots = engine.execution_options(**snapshot)
        self._path = path
        self._writer = Writer(engine)

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
        url = _url_of(location)
        path = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
        if path is not None:
            _prepare_file(path, create=create)
        engine = _sqlite_engine(url) if path is not None else _postgresql_engine(url)
        try:
            with engine.begin() as connection:
                migrate(connection)
        except LedgerError:
            engine.dispose()
            raise
        except (SQLAlchemyError, OSError) as error:
            engine.dispose()
            raise LedgerError(f"ledger {path or _shown(url)}: {_first_line(error)}") from error
        return cls(engine, path)

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
            raise LedgerError(f"the ledger cannot be read: {_first_line(error)}") from error

    @contextmanager
    def run_lock(self, campaign: str) -> Iterator[None]:
        """Exclusive: while one run holds it, every other run of this ledger is told who does."""
        holder = lock.describe_holder(campaign, datetime.now(UTC))
        held = lock.file_lock(self._path, holder=holder) if self._path else lock.advisory_lock(self._engine)
        with held:
            yield

    def close(self) -> None:
        """Write what was submitted, then close every connection."""
        self._writer.close()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _url_of(location: str) -> URL:
    if ":memory:" in location:
        raise ConfigError("ledger: it must outlive the run; give a file path or a postgresql:// URL")
    if "://" not in location:
        return URL.create("sqlite", database=str(Path(location).expanduser()))
    try:
        url = make_url(location)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise ConfigError("ledger: not a path and not a database URL") from error
    if backend == "sqlite" and url.database:
        return url
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise ConfigError(f"ledger: {backend} is not supported; give a file path or a postgresql:// URL")


def _prepare_file(path: Path, *, create: bool) -> None:
    """Make the file before SQLite does, so that nobody else can ever read it."""
    if not create and not path.exists():
        raise LedgerError(f"ledger {path}: there is none yet; `campaign run` makes it")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
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
        cursor.execute("PRAGMA journal_mode = WAL")
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


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _first_line(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__
