"""Migrations: applied once, whole, and never backwards."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, event, inspect
from sqlalchemy.exc import SQLAlchemyError

from campaign.errors import LedgerError
from campaign.ledger import calls, campaigns, ending, judging, late, schema, tried, waiting
from campaign.ledger.judging import Kept
from campaign.ledger.ledger import Ledger
from campaign.ledger.migrations import MIGRATIONS, Migration, migrate
from campaign.models import Disposition, Ending, RowStatus, ZoneSource
from tests.ledger.case import Case, engine_of, people, start
from tests.postgresql import Databases
from tests.support import NOON


@pytest.fixture
def postgresql_location(databases: Databases) -> str:
    """An empty database of the test's own: these tests change the schema."""
    return databases.new()


def adds_a_table(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE extra (id INTEGER PRIMARY KEY)")
    connection.exec_driver_sql("INSERT INTO extra VALUES (1)")


def fails_half_way(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE half (id INTEGER PRIMARY KEY)")
    connection.exec_driver_sql("ALTER TABLE contacts ADD COLUMN half INTEGER")
    raise ZeroDivisionError


def fails_in_sql(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE half (id INTEGER PRIMARY KEY)")
    connection.exec_driver_sql("ALTER TABLE nothing ADD COLUMN half INTEGER")


def is_killed(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE half (id INTEGER PRIMARY KEY)")
    raise KeyboardInterrupt


NEXT = Migration(MIGRATIONS[-1].number + 1, "a table more", adds_a_table)


def newest(*more: Migration) -> tuple[Migration, ...]:
    return (*MIGRATIONS, *more)


def applied(ledger: Ledger) -> list[tuple[int, str]]:
    with engine_of(ledger).connect() as connection:
        rows = connection.exec_driver_sql("SELECT number, name FROM migrations ORDER BY number")
        return [(row.number, row.name) for row in rows]


def tables(ledger: Ledger) -> set[str]:
    return set(inspect(engine_of(ledger)).get_table_names())


def schema_and_rows(ledger: Ledger) -> dict[str, tuple[set[str], set[str], int]]:
    with engine_of(ledger).connect() as connection:
        look = inspect(connection)
        return {
            table: (
                {
                    f"{column['name']} {column['type']!r} {column['nullable']}"
                    for column in look.get_columns(table)
                },
                {f"{index['name']} {index['column_names']}" for index in look.get_indexes(table)},
                connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one(),  # noqa: S608
            )
            for table in look.get_table_names()
        }


def test_a_rerun_applies_nothing(ledger: Ledger, ledger_location: str) -> None:
    """Opening a ledger again applies no migration twice."""
    before = applied(ledger)

    with engine_of(ledger).begin() as connection:
        assert migrate(connection) == []
    with Ledger.open(ledger_location) as again:
        assert applied(again) == before == [(step.number, step.name) for step in MIGRATIONS]


def test_the_change_and_its_record_come_together(ledger: Ledger) -> None:
    """A new step is applied once, with its record."""
    with engine_of(ledger).begin() as connection:
        assert migrate(connection, newest(NEXT)) == [NEXT.number]
    with engine_of(ledger).begin() as connection:
        assert migrate(connection, newest(NEXT)) == []

    assert "extra" in tables(ledger)
    assert applied(ledger)[-1] == (NEXT.number, "a table more")


def test_a_new_ledger_lacks_nothing_that_older_ones_are_given(ledger: Ledger) -> None:
    """The steps that it has skipped would change nothing."""
    before = schema_and_rows(ledger)
    skipped = [step for step in MIGRATIONS if step.is_for_older]

    with engine_of(ledger).begin() as connection:
        for step in skipped:
            step.apply(connection)

    assert schema_and_rows(ledger) == before
    assert [step.name for step in MIGRATIONS if step not in skipped] == ["first schema", "identity"]


@pytest.mark.parametrize(
    ("step", "error"),
    [(fails_half_way, ZeroDivisionError), (fails_in_sql, SQLAlchemyError), (is_killed, KeyboardInterrupt)],
)
def test_a_failing_migration_leaves_nothing(
    ledger: Ledger, step: Callable[[Connection], None], error: type[BaseException]
) -> None:
    """When one step fails, neither it nor a step before it in the same run has changed anything."""
    before, known = tables(ledger), applied(ledger)

    with pytest.raises(error), engine_of(ledger).begin() as connection:
        migrate(connection, newest(NEXT, Migration(NEXT.number + 1, "fails", step)))

    assert (tables(ledger), applied(ledger)) == (before, known)
    columns = {column["name"] for column in inspect(engine_of(ledger)).get_columns("contacts")}
    assert "half" not in columns


def test_a_newer_ledger_is_refused(ledger: Ledger, ledger_location: str) -> None:
    """A ledger that a newer version has migrated is left alone, with the cure in one line."""
    with engine_of(ledger).begin() as connection:
        migrate(connection, newest(NEXT))

    with pytest.raises(
        LedgerError, match=rf"^[^\n]*schema {NEXT.number}[^\n]*install the newer version[^\n]*$"
    ):
        Ledger.open(ledger_location)
    assert applied(ledger)[-1] == (NEXT.number, "a table more")


def test_the_database_of_another_program_is_left_alone(ledger: Ledger, ledger_location: str) -> None:
    """A table of it that is called as one of ours is neither used nor changed."""
    with engine_of(ledger).begin() as connection:
        connection.exec_driver_sql("DROP TABLE migrations")
    before = schema_and_rows(ledger)

    with pytest.raises(LedgerError, match=r"^[^\n]*a table attempts[^\n]*give the ledger its own database$"):
        Ledger.open(ledger_location)
    assert schema_and_rows(ledger) == before


def start_old(connection: Connection) -> int:
    """A campaign with one person, as an older version may have left it."""
    return campaigns.start(
        connection,
        name="old",
        name_pattern="old",
        agent_id="agt",
        intake=people("+12025550143"),
        now=NOON,
    )


def test_an_older_ledger_does_not_know_where_zones_come_from(ledger: Ledger, ledger_location: str) -> None:
    """Its rows count as zones of the number, which are called at fewer hours."""
    with engine_of(ledger).begin() as connection:
        campaign_id = start_old(connection)
        connection.exec_driver_sql("UPDATE contacts SET zone_source = 'column'")
        connection.exec_driver_sql("ALTER TABLE contacts DROP COLUMN zone_source")
        connection.exec_driver_sql("DELETE FROM migrations WHERE number >= 3")

    with Ledger.open(ledger_location) as again:
        [contact] = again.read(waiting.due, campaign_id, NOON, skip=(), limit=1)
        assert contact.zone_source is ZoneSource.NUMBER


def test_an_older_ledger_knows_no_limits_of_rows(ledger: Ledger, ledger_location: str) -> None:
    """Its rows wait without any, and the next list may give them some."""
    with engine_of(ledger).begin() as connection:
        campaign_id = start_old(connection)
        for column in ("list_not_before", "list_valid_until", "list_from_number"):
            connection.exec_driver_sql(f"ALTER TABLE contacts DROP COLUMN {column}")
        connection.exec_driver_sql("ALTER TABLE campaigns DROP COLUMN output_path")
        connection.exec_driver_sql("DROP INDEX ix_attempts_from_number")
        connection.exec_driver_sql("DELETE FROM migrations WHERE number >= 9")

    with Ledger.open(ledger_location) as again:
        [contact] = again.read(waiting.due, campaign_id, NOON, skip=(), limit=1)
        assert (contact.not_before, contact.valid_until, contact.from_number) == (None, None, None)
        indexes = inspect(engine_of(again)).get_indexes("attempts")
        assert "ix_attempts_from_number" in {index["name"] for index in indexes}
        again.write(ending.remember_output, campaign_id, "/results/old.csv").result()


def test_an_older_ledger_knows_no_agents_of_rows(ledger: Ledger, ledger_location: str) -> None:
    """The campaign's agent calls its people, and the next list may name another."""
    with engine_of(ledger).begin() as connection:
        campaign_id = start_old(connection)
        connection.exec_driver_sql("ALTER TABLE contacts DROP COLUMN list_agent_id")
        connection.exec_driver_sql("DELETE FROM migrations WHERE number >= 10")

    with Ledger.open(ledger_location) as again:
        [contact] = again.read(waiting.due, campaign_id, NOON, skip=(), limit=1)
        assert contact.agent_id is None


def test_an_older_ledger_knows_no_state_and_no_consent(ledger: Ledger, ledger_location: str) -> None:
    """Its rows have neither, so that the area code tells the state and no consent is on record."""
    with engine_of(ledger).begin() as connection:
        campaign_id = start_old(connection)
        for column in ("us_state", "consent"):
            connection.exec_driver_sql(f"ALTER TABLE contacts DROP COLUMN {column}")
        connection.exec_driver_sql("DELETE FROM migrations WHERE number >= 5")

    with Ledger.open(ledger_location) as again:
        [contact] = again.read(waiting.due, campaign_id, NOON, skip=(), limit=1)
        assert (contact.state, contact.consent) == ("", "")


def test_of_an_older_ledger_whoever_may_have_talked_has(ledger: Ledger, ledger_location: str) -> None:
    """What it knows of the ends of calls does not tell all of it, so that in doubt it was a conversation."""
    ends: dict[str, tuple[Disposition, str, float]] = {
        "+12025550101": (Disposition.ANSWERED, "", 0),
        "+12025550102": (Disposition.UNKNOWN, "", 0),
        "+12025550103": (Disposition.FAILED, "", 90),
        "+12025550104": (Disposition.BUSY, "agent: Hello", 0),
        "+12025550105": (Disposition.NO_ANSWER, "", 45),
        "+12025550106": (Disposition.VOICEMAIL, "agent: Hello", 20),
        "+12025550107": (Disposition.FAILED, "", 0),
    }
    old = start(ledger, people(*ends), name="old")
    for number, (disposition, transcript, seconds) in ends.items():
        old.place(old.intend(number), number)
        told: dict[str, Any] = {"transcript": transcript, "duration_seconds": seconds}
        old.end(number, **told)
        old.settle(number, disposition=disposition, call=told)
    with engine_of(ledger).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE attempts DROP COLUMN talked")
        connection.exec_driver_sql("DELETE FROM migrations WHERE number >= 10")

    with Ledger.open(ledger_location) as again:
        assert sorted(again.read(waiting.conversations, campaign_id=None)) == sorted(ends)[:4]


def test_an_older_ledger_does_not_know_when_hours_close(ledger: Ledger, ledger_location: str) -> None:
    """Its calls are brought to their end as before, and new ones keep the time."""
    with engine_of(ledger).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE attempts DROP COLUMN closes_at")
        connection.exec_driver_sql("DELETE FROM migrations WHERE number >= 12")

    with Ledger.open(ledger_location) as again:
        assert "closes_at" in {known["name"] for known in inspect(engine_of(again)).get_columns("attempts")}
        assert again.read(calls.open_calls) == []


def test_an_older_ledger_awaits_no_late_results(ledger: Ledger, ledger_location: str) -> None:
    """What settled under it is not looked at again."""
    with engine_of(ledger).begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_calls_incomplete")
        connection.exec_driver_sql("ALTER TABLE calls DROP COLUMN looks_left")
        connection.exec_driver_sql("DELETE FROM migrations WHERE number >= 12")

    with Ledger.open(ledger_location) as again:
        assert again.read(late.incomplete_calls, NOON) == []
        indexes = inspect(engine_of(again)).get_indexes("calls")
        assert "ix_calls_incomplete" in {index["name"] for index in indexes}


def test_an_older_ledger_does_not_know_by_what_campaigns_judge_their_calls(
    ledger: Ledger, ledger_location: str
) -> None:
    """Nothing is kept of its campaigns until they run again."""
    with engine_of(ledger).begin() as connection:
        campaign_id = start_old(connection)
        for column in ("opt_out", "dispositions", "never_after"):
            connection.exec_driver_sql(f"ALTER TABLE campaigns DROP COLUMN {column}")
        connection.exec_driver_sql("DELETE FROM migrations WHERE number >= 18")

    with Ledger.open(ledger_location) as again:
        old = Case(again, campaign_id)
        old.place(old.intend("+12025550143"), "call-1")
        assert again.read(judging.kept_of, "call-1") == Kept()
        again.write(judging.keep, campaign_id, Kept({"phrases": ["basta ya"]}, [], ["Never"])).result()
        assert again.read(judging.kept_of, "call-1") == Kept({"phrases": ["basta ya"]}, [], ["Never"])


def test_a_ledger_whose_steps_were_numbered_otherwise(ledger: Ledger, ledger_location: str) -> None:
    """Late results once came after what is learnt: a ledger of that time gets their column all the same."""
    with engine_of(ledger).begin() as connection:
        start_old(connection)
        connection.exec_driver_sql("DROP INDEX ix_calls_incomplete")
        connection.exec_driver_sql("ALTER TABLE calls DROP COLUMN looks_left")
        connection.exec_driver_sql("DELETE FROM migrations WHERE number > 12")
        for number, name in ((13, "recordings"), (14, "hints"), (15, "what is learnt")):
            connection.exec_driver_sql(f"INSERT INTO migrations VALUES ({number}, '{name}', '2026-11-26')")  # noqa: S608 - ours
    with Ledger.open(ledger_location) as migrated:
        assert migrated.read(late.incomplete_calls, NOON) == []
        assert "ix_calls_incomplete" in {
            index["name"] for index in inspect(engine_of(migrated)).get_indexes("calls")
        }


def test_first_starts_do_not_collide(postgresql_location: str) -> None:
    """Two programs that open one new PostgreSQL ledger at once both get it, and apply each step once."""
    together = threading.Barrier(2)

    def first_start(_: int) -> list[tuple[int, str]]:
        together.wait(60)
        with Ledger.open(postgresql_location) as opened:
            return applied(opened)

    with ThreadPoolExecutor(2) as threads:
        seen = list(threads.map(first_start, range(2)))

    assert seen == [[(step.number, step.name) for step in MIGRATIONS]] * 2


def test_a_new_ledger_is_made_by_the_words_of_its_database(ledger: Ledger) -> None:
    """The statements that are kept are those with which the schema would be made here and now."""
    made: list[str] = []

    def take(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.strip().startswith("CREATE"):
            made.append(statement)

    with engine_of(ledger).connect() as connection, connection.begin() as transaction:
        event.listen(connection, "before_cursor_execute", take)
        schema.metadata.drop_all(connection)
        migrate(connection)
        by_migration = made[:]
        made.clear()
        schema.metadata.drop_all(connection)
        schema.metadata.create_all(connection, checkfirst=False)
        transaction.rollback()

    assert len(made) > len(schema.metadata.tables)
    assert by_migration == made


def test_an_older_ledger_knows_nothing_that_was_found_out_later_of_its_tries(
    ledger: Ledger, ledger_location: str
) -> None:
    """Its attempts forbid no further try by themselves; what is found out from now on is kept."""
    with engine_of(ledger).begin() as connection:
        campaign_id = start_old(connection)
    old = Case(ledger, campaign_id)
    old.place(old.intend("+12025550143"), "call-1")
    with engine_of(ledger).begin() as connection:
        for column in ("no_further_try", "no_further_status"):
            connection.exec_driver_sql(f"ALTER TABLE attempts DROP COLUMN {column}")
        connection.exec_driver_sql("DELETE FROM migrations WHERE number >= 20")

    with Ledger.open(ledger_location) as again:
        contact_id = Case(again, campaign_id).contact_id("+12025550143")
        assert [made.no_further for made in again.read(tried.tries, contact_id).made] == [None]
        rang = Ending(RowStatus.UNREACHED, "rang in vain")
        again.write(calls.forbid_further_tries, 1, rang).result()
        assert [made.no_further for made in again.read(tried.tries, contact_id).made] == [rang]
        again.write(_forget_status).result()
        assert [made.no_further for made in again.read(tried.tries, contact_id).made] == [
            Ending(RowStatus.COMPLETED, "rang in vain")
        ]


def _forget_status(connection: Connection) -> None:
    """As it is in a ledger in which a further try was forbidden before its status was kept."""
    connection.execute(schema.attempts.update().values(no_further_status=""))
