"""A ledger in memory for rehearsals: the real schema and verbs, without a file, threads or flushes."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, StaticPool, create_engine

from campaign.ledger.direct import DirectConnection
from campaign.ledger.migrations import migrate

P = ParamSpec("P")
T = TypeVar("T")


class ScratchLedger:
    """One connection for reading and writing, all in one thread. What it holds is gone with it."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:", isolation_level=None)
        self._engine = create_engine("sqlite://", creator=lambda: self._database, poolclass=StaticPool)
        self._database.execute("PRAGMA foreign_keys = ON")
        # One connection for everything, whose transactions are begun and ended by hand: this is the hot path.
        self._connection: Connection = DirectConnection(self._engine, self._database)
        self._connection.execution_options(isolation_level="AUTOCOMMIT")
        migrate(self._connection)

    def transact(self, works: Sequence[Callable[[Connection], Any]]) -> list[Any]:
        """One after the other, each whole or not at all.

        The writer does them in one transaction. Here nobody can look, or die, between two of them.

        Returns:
            For each piece its result, or the exception that it raised.
        """
        return [self._try(work) for work in works]

    def _try(self, work: Callable[[Connection], Any]) -> Any:
        self._database.execute("BEGIN")
        try:
            outcome = work(self._connection)
        except Exception as error:
            self._database.execute("ROLLBACK")
            return error
        self._database.execute("COMMIT")
        return outcome

    def read(self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a verb that only reads."""
        return verb(self._connection, *args, **kwargs)

    def image(self) -> bytes:
        """All that it holds, to be restored later."""
        return self._database.serialize()

    def restore(self, image: bytes) -> None:
        """Hold what an image holds, and nothing else."""
        self._database.deserialize(image)

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()
        self._engine.dispose()

    def __enter__(self) -> "ScratchLedger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
