"""The database itself refuses what must never happen, also to raw SQL."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.exc import IntegrityError

from campaign.ledger import schema
from campaign.ledger.ledger import Ledger
from campaign.models import OPEN_ATTEMPTS, AttemptState, RowStatus
from tests.ledger.case import ANNA, BEN, Case, engine_of, people, start


def run_sql(ledger: Ledger, statement: str) -> None:
    with engine_of(ledger).begin() as connection:
        connection.exec_driver_sql(statement)


def copy_row(ledger: Ledger, table: Table, **changes: object) -> None:
    """Insert the first row of a table once more, with some columns changed, past every rule of ours."""
    with engine_of(ledger).begin() as connection:
        row = dict(connection.execute(select(table).order_by(table.c.id).limit(1)).mappings().one())
        del row["id"]
        connection.execute(insert(table).values(row | changes))


def test_one_open_attempt_per_contact(case: Case) -> None:
    """A second open attempt of one contact cannot be stored, in any of the open states; a closed one can."""
    case.intend(ANNA)

    for state in OPEN_ATTEMPTS:
        with pytest.raises(IntegrityError):
            copy_row(case.ledger, schema.attempts, number=2, token="t2", state=state)
    copy_row(case.ledger, schema.attempts, number=2, token="t2", state=AttemptState.ENDED)


def test_the_identity_of_an_attempt_is_unique(case: Case) -> None:
    """Neither an attempt number of a contact nor a token exists twice."""
    case.not_called(case.intend(ANNA, token="t1"))

    for number, token in ((1, "t2"), (2, "t1")):
        with pytest.raises(IntegrityError):
            copy_row(case.ledger, schema.attempts, number=number, token=token)
    copy_row(case.ledger, schema.attempts, number=2, token="t2")


def test_a_person_stands_in_a_campaign_once(case: Case) -> None:
    """The same number cannot be in a campaign twice, except as a row that is not called."""
    for status in sorted(set(RowStatus) - {RowStatus.REJECTED, RowStatus.DUPLICATE}):
        with pytest.raises(IntegrityError):
            copy_row(case.ledger, schema.contacts, position=50, status=status)
    copy_row(case.ledger, schema.contacts, position=50, status=RowStatus.DUPLICATE)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE contacts SET status = 'called'",
        "UPDATE contacts SET status = 'WAITING'",
        "UPDATE contacts SET to_number = NULL",
        "UPDATE attempts SET state = 'sent'",
        "UPDATE attempts SET disposition = 'happy'",
        "UPDATE calls SET transcript_status = 'lost'",
        "UPDATE calls SET attempt_id = 4711",
        "UPDATE contacts SET campaign_id = 4711",
        "UPDATE contacts SET position = 0",
        "DELETE FROM attempts",
    ],
)
def test_the_database_refuses(sqlite_location: str, statement: str) -> None:
    """Unknown words, missing numbers, dangling references and doubled places are refused."""
    with Ledger.open(sqlite_location) as ledger:
        _refuses(ledger, statement)


def test_postgresql_refuses_the_same(postgresql_location: str) -> None:
    """PostgreSQL holds the constraints that SQLite holds."""
    with Ledger.open(postgresql_location) as ledger:
        for statement in ("UPDATE contacts SET status = 'called'", "UPDATE attempts SET state = 'sent'"):
            _refuses(ledger, statement)


def _refuses(ledger: Ledger, statement: str) -> None:
    case = start(ledger, people(ANNA, BEN), name=statement)
    case.place(case.intend(ANNA), statement)
    before = case.rows()
    with pytest.raises(IntegrityError):
        run_sql(ledger, statement)
    assert case.rows() == before


def test_the_states_agree(case: Case) -> None:
    """Every status and every state that the program knows can be stored."""
    attempt = case.intend(ANNA)
    for status in RowStatus:
        case.force(status=status)
    for state in AttemptState:
        case.force(status=RowStatus.WAITING, attempt=attempt, state=state)


def test_pragmas(sqlite_location: str) -> None:
    """The writer's connection and the readers' survive a power cut: WAL with full synchronisation."""
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    with Ledger.open(sqlite_location) as ledger:

        def ask(connection: Connection) -> list[object]:
            return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas]

        assert ledger.write(ask).result(10) == ["wal", 2, 1]
        assert ledger.read(ask) == ["wal", 2, 1]


def test_files_are_private(tmp_path: Path) -> None:
    """The folder, the database and what SQLite puts beside it are for their owner alone."""
    path = tmp_path / "new" / "ledger.db"
    with Ledger.open(str(path)) as ledger, ledger.run_lock("spring"):
        run_sql(ledger, "INSERT INTO suppression VALUES ('+12025550111', 'asked', '2026-06-03 17:00:00')")
        ledger.write(lambda _connection: None).result(10)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    names = ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.lock", "ledger.db.generation")
    assert modes == dict.fromkeys(names, 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_was_put_back_is_private_again(sqlite_location: str) -> None:
    """`cp` gives a backup the usual rights; the ledger and what is put beside it are its owner's alone."""
    path = Path(sqlite_location)
    Ledger.open(sqlite_location).close()
    path.chmod(0o644)
    beside = path.with_name(f"{path.name}-wal")
    beside.write_bytes(b"put back as well")
    beside.chmod(0o644)
    with Ledger.open(sqlite_location) as ledger:
        ledger.write(lambda _connection: None).result(10)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob("ledger.db*")}
    assert len(modes) >= 3
    assert set(modes.values()) == {0o600}
