"""Migrations: numbered steps, each recorded in the transaction that applies it.

A new ledger is made as it is today, with the record of all of them.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, create_mock_engine, func, insert, inspect, select, text

from campaign.errors import LedgerError
from campaign.ledger import schema

_ADVISORY_KEY = 0x6D696772617465  # "migrate" in ASCII; the run lock has a key of its own


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from an older schema to a newer one. Applied steps are never edited."""

    number: int
    name: str
    apply: Callable[[Connection], None]
    is_for_older: bool = False
    """Whether it only brings older ledgers to what a new one has from its first step."""


def _create_everything(connection: Connection) -> None:
    dialect = connection.dialect
    for statement in _statements_of_a_new_ledger(f"{dialect.name}+{dialect.driver}"):
        connection.exec_driver_sql(statement)


@cache
def _statements_of_a_new_ledger(drivername: str) -> tuple[str, ...]:
    """In the order in which they are run. Kept, as putting them into words takes longer than running them.

    Args:
        drivername: The dialect and its driver, as a database URL begins.
    """
    elements: list[Any] = []
    scribe = create_mock_engine(f"{drivername}://", lambda element, *_: elements.append(element))
    schema.metadata.create_all(scribe, checkfirst=False)
    return tuple(str(element.compile(dialect=scribe.dialect)) for element in elements)


def _give_identity(connection: Connection) -> None:
    schema.identity.create(connection, checkfirst=True)
    connection.execute(
        insert(schema.identity).values(
            number=1, ledger_id=uuid.uuid4().hex, generation=0, since=datetime.now(UTC)
        )
    )


def _tell_zone_sources(connection: Connection) -> None:
    column = schema.contacts.c.zone_source
    if column.name not in {known["name"] for known in inspect(connection).get_columns("contacts")}:
        # Of older rows nobody knows: they count as derived, which calls them at fewer hours.
        connection.execute(
            text(f"ALTER TABLE contacts ADD COLUMN {column.name} VARCHAR(8) DEFAULT 'number' NOT NULL")
        )


def _keep_suppression_changes(connection: Connection) -> None:
    schema.suppression_changes.create(connection, checkfirst=True)


def _keep_state_and_consent(connection: Connection) -> None:
    # Of older rows nothing was kept: then the area code tells the state, and no consent is on record.
    _add_column(connection, "contacts", "us_state", "VARCHAR(2)")
    _add_column(connection, "contacts", "consent", "TEXT")


def _keep_breakers(connection: Connection) -> None:
    schema.breakers.create(connection, checkfirst=True)


def _keep_budgets(connection: Connection) -> None:
    if "budget" not in {known["name"] for known in inspect(connection).get_columns("campaigns")}:
        connection.execute(text("ALTER TABLE campaigns ADD COLUMN budget JSON"))


def _keep_how_each_call_ended(connection: Connection) -> None:
    _add_column(connection, "calls", "disposition", "VARCHAR(16)")
    if _add_column(connection, "contacts", "granted_tries", "INTEGER"):
        # Whom a human had given one more call that was not made yet.
        connection.execute(
            text(
                "UPDATE contacts SET granted_tries = 1 + (SELECT count(*) FROM attempts WHERE"
                " attempts.contact_id = contacts.id AND attempts.state NOT IN ('not_sent', 'turned_away'))"
                " WHERE status IN ('waiting', 'stopped') AND not_before IS NULL AND id IN"
                " (SELECT contact_id FROM events WHERE event = 'review.redial')"
            )
        )


def _limit_calls(connection: Connection) -> None:
    added = (
        schema.campaigns.c.output_path,
        schema.contacts.c.list_not_before,
        schema.contacts.c.list_valid_until,
        schema.contacts.c.list_from_number,
    )
    for column in added:
        table = column.table.name
        if column.name not in {known["name"] for known in inspect(connection).get_columns(table)}:
            # Of older rows and campaigns nothing of the kind is known: they have no limits of their own.
            kind = column.type.compile(connection.dialect)
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column.name} {kind}"))
    for index in schema.attempts.indexes:
        if index.name == "ix_attempts_from_number":
            index.create(connection, checkfirst=True)


def _keep_agents_of_rows(connection: Connection) -> None:
    # Older rows have none of their own: the campaign's agent calls them.
    _add_column(connection, "contacts", "list_agent_id", "VARCHAR(200)")


def _keep_who_has_talked(connection: Connection) -> None:
    if _add_column(connection, "attempts", "talked", "INTEGER DEFAULT 0 NOT NULL"):
        # Of older attempts in doubt: an unknown end, words of whomever, a call that failed after a while.
        connection.execute(
            text(
                "UPDATE attempts SET talked = 1 WHERE disposition IN ('answered', 'unknown') OR EXISTS"
                " (SELECT 1 FROM calls WHERE calls.attempt_id = attempts.id"
                " AND (calls.disposition = 'answered'"
                " OR (attempts.disposition IN ('busy', 'no_answer', 'failed', 'canceled')"
                " AND calls.transcript <> '')"
                " OR (attempts.disposition IN ('failed', 'canceled') AND calls.duration_seconds > 0)))"
            )
        )


def _keep_closing_times(connection: Connection) -> None:
    # Of older attempts it is not known: their calls are stopped by runs of their own campaign alone.
    kind = schema.attempts.c.closes_at.type.compile(connection.dialect)
    _add_column(connection, "attempts", "closes_at", kind)


def _await_late_results(connection: Connection) -> None:
    _add_column(connection, "calls", "looks_left", "INTEGER DEFAULT 0 NOT NULL")
    for index in schema.calls.indexes:
        if index.name == "ix_calls_incomplete":
            index.create(connection, checkfirst=True)


def _keep_recordings(connection: Connection) -> None:
    schema.recordings.create(connection, checkfirst=True)


def _keep_hints(connection: Connection) -> None:
    schema.listener.create(connection, checkfirst=True)
    schema.hints.create(connection, checkfirst=True)


def _keep_what_is_learnt(connection: Connection) -> None:
    schema.learnt.create(connection, checkfirst=True)


def _keep_opt_outs(connection: Connection) -> None:
    # Of older campaigns it is not known: their calls are judged by the defaults and by whoever runs.
    _add_column(connection, "campaigns", "opt_out", "JSON")


def _keep_judgings(connection: Connection) -> None:
    _add_column(connection, "campaigns", "dispositions", "JSON")
    _add_column(connection, "campaigns", "never_after", "JSON")


def _keep_late_refusals(connection: Connection) -> None:
    _add_column(connection, "attempts", "no_further_try", "TEXT NOT NULL DEFAULT ''")


def _keep_late_statuses(connection: Connection) -> None:
    _add_column(connection, "attempts", "no_further_status", "VARCHAR(16) NOT NULL DEFAULT ''")


def _add_column(connection: Connection, table: str, column: str, kind: str) -> bool:
    """Add a column. False when it is there: a new ledger has all of them."""
    if column in {known["name"] for known in inspect(connection).get_columns(table)}:
        return False
    connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column} {kind}"))
    return True


MIGRATIONS: Sequence[Migration] = (
    Migration(1, "first schema", _create_everything),
    Migration(2, "identity", _give_identity),
    Migration(3, "zone sources", _tell_zone_sources, is_for_older=True),
    Migration(4, "suppression changes", _keep_suppression_changes, is_for_older=True),
    Migration(5, "state and consent", _keep_state_and_consent, is_for_older=True),
    Migration(6, "breakers", _keep_breakers, is_for_older=True),
    Migration(7, "budgets", _keep_budgets, is_for_older=True),
    Migration(8, "how each call ended", _keep_how_each_call_ended, is_for_older=True),
    Migration(9, "time limits and from numbers", _limit_calls, is_for_older=True),
    Migration(10, "agents of rows", _keep_agents_of_rows, is_for_older=True),
    Migration(11, "who has talked", _keep_who_has_talked, is_for_older=True),
    Migration(12, "closing times", _keep_closing_times, is_for_older=True),
    Migration(13, "late results", _await_late_results, is_for_older=True),
    Migration(14, "recordings", _keep_recordings, is_for_older=True),
    Migration(15, "hints", _keep_hints, is_for_older=True),
    Migration(16, "what is learnt", _keep_what_is_learnt, is_for_older=True),
    # Once more: for a time 13 to 15 were the three before this one, and late results had no step yet.
    Migration(17, "late results in every ledger", _await_late_results, is_for_older=True),
    Migration(18, "opt-outs of campaigns", _keep_opt_outs, is_for_older=True),
    Migration(19, "by what campaigns judge their calls", _keep_judgings, is_for_older=True),
    Migration(20, "late results that forbid another try", _keep_late_refusals, is_for_older=True),
    Migration(21, "what such results make of a row", _keep_late_statuses, is_for_older=True),
)


def migrate(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> list[int]:
    """All or nothing: what is pending is applied in the caller's transaction, with its record.

    Of several programs that open one ledger, one migrates at a time: in SQLite the caller's transaction is a
    writing one, and in PostgreSQL a lock is held until that transaction ends.

    Returns:
        The numbers that were recorded.

    Raises:
        LedgerError: The ledger was made by a newer version of this program, or the database is not ours.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_KEY})
    newest_applied = applied(connection)
    newest = max(migration.number for migration in migrations)
    if newest_applied > newest:
        raise LedgerError(
            f"the ledger has schema {newest_applied}, but this version of campaign knows {newest} at most; "
            "install the newer version"
        )
    pending = [migration for migration in migrations if migration.number > newest_applied]
    if newest_applied == 0:
        _refuse_foreign_tables(connection)
    for migration in pending:
        if newest_applied or not migration.is_for_older:
            migration.apply(connection)
    if pending:
        now = datetime.now(UTC)
        records = [{"number": each.number, "name": each.name, "applied_at": now} for each in pending]
        connection.execute(insert(schema.migrations), records)
    return [migration.number for migration in pending]


def _refuse_foreign_tables(connection: Connection) -> None:
    """A new ledger shares no table with another program."""
    foreign = sorted(schema.metadata.tables.keys() & set(inspect(connection).get_table_names()))
    if foreign:
        raise LedgerError(
            f"the database has a table {foreign[0]} of another program; give the ledger its own database"
        )


def applied(connection: Connection) -> int:
    """The newest step that this database has; 0 when it is no ledger yet."""
    if not inspect(connection).has_table(schema.migrations.name):
        return 0
    newest: int | None = connection.scalar(select(func.max(schema.migrations.c.number)))
    return newest or 0
