"""A connection for rehearsals that runs the ledger's statements straight on the SQLite driver.

What is built once is compiled once as well. Statements that differ from run to run, and whatever else a
connection can do, take the usual way. What comes of a statement is the same on both; an error is the driver's
own.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Engine, Select, UpdateBase
from sqlalchemy.engine.result import IteratorResult, Result, SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler

Convert = Callable[[Any], Any] | None


class Prepared:
    """One statement with the names of the values that are given with each run of it."""

    def __init__(self, compiled: SQLCompiler, columns: Mapping[str, Any], dialect: Dialect) -> None:
        self._sql = str(compiled)
        self._values: list[tuple[str, Any, Convert]] = []
        for name in compiled.positiontup or ():
            bind = compiled.binds[name]
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            self._values.append((name, bind.value, convert))
        self._columns = [
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns.values()
        ]
        self._converts = any(self._columns)
        self._names = SimpleResultMetaData(list(columns))

    def run(self, database: sqlite3.Connection, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows that it returns."""
        values = [
            convert(given.get(name, default)) if convert is not None else given.get(name, default)
            for name, default, convert in self._values
        ]
        rows = database.execute(self._sql, values).fetchall()
        if not self._converts:
            return rows
        columns = self._columns
        return [
            tuple(
                [
                    value if convert is None else convert(value)
                    for convert, value in zip(columns, row, strict=True)
                ]
            )
            for row in rows
        ]

    def result(self, rows: Sequence[tuple[Any, ...]]) -> Result[Any]:
        """The rows as SQLAlchemy gives them."""
        return IteratorResult(self._names, iter(rows))


class DirectConnection(Connection):
    """Of an engine with one driver connection, which is given as well."""

    def __init__(self, engine: Engine, database: sqlite3.Connection) -> None:
        super().__init__(engine)
        self._database = database
        self._seen: WeakKeyDictionary[Any, dict[tuple[str, ...], Prepared | None]] = WeakKeyDictionary()

    def execute(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """As any connection does."""
        prepared = self._prepared(statement, parameters) if not options else None
        if prepared is None:
            return super().execute(statement, parameters, **options)
        if isinstance(parameters, list):
            for each in parameters:
                prepared.run(self._database, each)
            return None
        return prepared.result(prepared.run(self._database, parameters or {}))

    def scalar(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """As any connection does."""
        prepared = self._prepared(statement, parameters) if not options else None
        if prepared is None:
            return super().scalar(statement, parameters, **options)
        rows = prepared.run(self._database, parameters or {})
        return rows[0][0] if rows else None

    def scalars(self, statement: Any, parameters: Any = None, **options: Any) -> Any:
        """As any connection does."""
        return self.execute(statement, parameters, **options).scalars()

    def _prepared(self, statement: Any, parameters: Any) -> Prepared | None:
        """None where it takes the usual way: at its first run, as most are built for one run."""
        if not isinstance(statement, Select | UpdateBase) or parameters == []:
            return None
        first = parameters[0] if isinstance(parameters, list) else parameters
        names = tuple(first or ())
        known = self._seen.get(statement)
        if known is None:
            self._seen[statement] = {}
            return None
        if names not in known:
            known[names] = self._prepare(statement, names)
        return known[names]

    def _prepare(self, statement: Any, names: tuple[str, ...]) -> Prepared | None:
        compiled = statement.compile(dialect=self.dialect, column_keys=list(names) or None)
        is_known = all(name in names or not bind.required for name, bind in compiled.binds.items())
        if not is_known or compiled.post_compile_params or compiled.literal_execute_params:
            return None
        return Prepared(compiled, dict(statement.exported_columns), self.dialect)
