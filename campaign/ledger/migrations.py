"""Migrations: numbered steps, each applied together with the record that it was."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, inspect, select

from campaign.errors import LedgerError
from campaign.ledger import schema


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from an older schema to a newer one. Applied steps are never edited."""

    number: int
    name: str
    apply: Callable[[Connection], None]


def _create_everything(connection: Connection) -> None:
    schema.metadata.create_all(connection)


MIGRATIONS: Sequence[Migration] = (Migration(1, "first schema", _create_everything),)


def migrate(connection: Connection, migrations: Sequence[Migration] = MIGRATIONS) -> list[int]:
    """All or nothing: what is pending is applied in the caller's transaction, with its record.

    Returns:
        The numbers that were applied.

    Raises:
        LedgerError: The ledger was made by a newer version of this program.
    """
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
