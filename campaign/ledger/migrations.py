"""Migrations: numbered steps, each applied together with the record that it was."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, inspect, select, text

from campaign.errors import LedgerError
from campaign.ledger import schema

_ADVISORY_KEY = 0x6D696772617465  # "migrate" in ASCII; the run lock has a key of its own


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from an older schema to a newer one. Applied steps are never edited."""

    number: int
    name: str
    apply: Callable[[Connection], None]


def _create_everything(connection: Connection) -> None:
    schema.metadata.create_all(connection)


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
    known = {column["name"] for column in inspect(connection).get_columns("contacts")}
    # Of older rows nothing was kept: then the area code tells the state, and no consent is on record.
    for name, kind in (("us_state", "VARCHAR(2)"), ("consent", "TEXT")):
        if name not in known:
            connection.execute(text(f"ALTER TABLE contacts ADD COLUMN {name} {kind}"))


MIGRATIONS: Sequence[Migration] = (
    Migration(1, "first schema", _create_everything),
    Migration(2, "identity", _give_identity),
    Migration(3, "zone sources", _tell_zone_sources),
    Migration(4, "suppression changes", _keep_suppression_changes),
    Migration(5, "state and consent", _keep_state_and_consent),
)


def migrate(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> list[int]:
    """All or nothing: what is pending is applied in the caller's transaction, with its record.

    Of several programs that open one ledger, one migrates at a time: in SQLite the caller's transaction is a
    writing one, and in PostgreSQL a lock is held until that transaction ends.

    Returns:
        The numbers that were applied.

    Raises:
        LedgerError: The ledger was made by a newer version of this program.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_KEY})
    applied = _applied(connection)
    newest = max(migration.number for migration in migrations)
    if applied > newest:
        raise LedgerError(
            f"the ledger has schema {applied}, but this version of campaign knows {newest} at most; "
            "install the newer version"
        )
    pending = [migration for migration in migrations if migration.number > applied]
    for migration in pending:
        migration.apply(connection)
        connection.execute(
            insert(schema.migrations).values(
                number=migration.number, name=migration.name, applied_at=datetime.now(UTC)
            )
        )
    return [migration.number for migration in pending]


def _applied(connection: Connection) -> int:
    if not inspect(connection).has_table(schema.migrations.name):
        return 0
    newest: int | None = connection.scalar(select(func.max(schema.migrations.c.number)))
    return newest or 0
