"""Statements compiled once for all engines of a process, as the one engine of a real command does it.

SQLAlchemy keeps them for each engine. Tests open thousands of ledgers, and a third of their work was to
compile the same statements anew. This holds for dialects without options, on servers of one version.
"""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

DIALECTS: tuple[type[Dialect], ...] = (SQLiteDialect_pysqlite, PGDialect_psycopg)
MOST = 2000
"""More statements than the product has."""


@cache
def share_compiled_statements() -> None:
    """From now on engines of one dialect share what they compile. Their ledgers share nothing."""
    of_dialects: dict[type[Dialect], LRUCache[Any, Any]] = {dialect: LRUCache(MOST) for dialect in DIALECTS}
    for dialect in DIALECTS:
        # What is compiled is kept by its dialect, and ours are all alike.
        dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
        dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]

    @event.listens_for(Engine, "engine_connect")
    def share(connection: Connection) -> None:
        shared = of_dialects.get(type(connection.dialect))
        if shared is not None:
            connection.engine._compiled_cache = shared
