"""The writer: one commit for many, durable when answered, fail-closed."""

import os
import resource
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from campaign.errors import LedgerError
from campaign.ledger import suppression
from campaign.ledger.ledger import Ledger
from campaign.ledger.writer import MOST_TRIES
from tests.ledger.case import WAIT_S, do, engine_of, generation_of, until_one_waits
from tests.support import NOON

TOLD = r"^the ledger cannot be written \([^\n]*nothing more is dialled[^\n]*run again[^\n]*$"


def add(connection: Connection, number: str) -> int:
    """A piece of work that leaves a trace."""
    return suppression.suppress(connection, [number], reason="asked", now=NOON)


def numbers(ledger: Ledger) -> set[str]:
    """The traces that are committed."""
    return set(ledger.read(suppression.suppressed))


@contextmanager
def held_up(ledger: Ledger) -> Iterator[Future[None]]:
    """While this is open the writer is busy, so that what is submitted waits and becomes one batch."""
    busy, go_on = threading.Event(), threading.Event()

    def wait(_connection: Connection) -> None:
        busy.set()
        assert go_on.wait(WAIT_S)

    answer = ledger.write(wait)
    assert busy.wait(WAIT_S)
    yield answer
    go_on.set()


def fails(_connection: Connection) -> None:
    raise ZeroDivisionError


def breaks_a_constraint(connection: Connection) -> None:
    add(connection, "+1")
    connection.exec_driver_sql("INSERT INTO suppression SELECT * FROM suppression")


def test_durable_when_answered(ledger: Ledger, ledger_location: str) -> None:
    """What was answered is seen by every other connection at once."""
    with Ledger.open(ledger_location) as other:
        for at in range(5):
            assert do(ledger, add, f"+{at}") == 1
            assert len(numbers(other)) == at + 1


def test_nothing_is_seen_before_it_is_answered(ledger: Ledger, ledger_location: str) -> None:
    """Work that waits for its commit is seen by nobody."""
    with Ledger.open(ledger_location) as other:
        with held_up(ledger):
            answer = ledger.write(add, "+1")
            assert not answer.done()
            assert numbers(other) == set()
        answer.result(WAIT_S)
        assert numbers(other) == {"+1"}


def test_many_submits_share_a_commit(ledger: Ledger) -> None:
    """What waits when the writer is free again is committed as one transaction."""
    commits: list[Connection] = []
    event.listen(engine_of(ledger), "commit", commits.append)

    with held_up(ledger):
        answers = [ledger.write(add, f"+{at}") for at in range(150)]
    for answer in answers:
        answer.result(WAIT_S)

    assert len(commits) == 2
    assert len(numbers(ledger)) == 150


def test_work_is_done_in_order(ledger: Ledger) -> None:
    """Work is done in the order in which it came, also beyond one batch."""
    done: list[int] = []

    def note(_connection: Connection, at: int) -> None:
        done.append(at)

    with held_up(ledger):
        answers = [ledger.write(note, at) for at in range(450)]
    for answer in answers:
        answer.result(WAIT_S)

    assert done == list(range(450))


@pytest.mark.parametrize(
    ("work", "error"), [(fails, ZeroDivisionError), (breaks_a_constraint, IntegrityError)]
)
def test_a_failing_piece_does_not_disturb_its_neighbours(
    ledger: Ledger, work: object, error: type[Exception]
) -> None:
    """One piece fails alone and leaves nothing; those before and after it in the batch are committed."""
    assert callable(work)
    with held_up(ledger):
        before = ledger.write(add, "+2")
        failing = ledger.write(work)
        after = ledger.write(add, "+3")

    assert (before.result(WAIT_S), after.result(WAIT_S)) == (1, 1)
    with pytest.raises(error):
        failing.result(WAIT_S)
    assert numbers(ledger) == {"+2", "+3"}
    assert do(ledger, add, "+4") == 1


def adds_and_fails(connection: Connection) -> None:
    add(connection, "+1")
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("work", "error"), [(adds_and_fails, ZeroDivisionError), (breaks_a_constraint, IntegrityError)]
)
def test_a_piece_that_fails_alone_leaves_nothing(
    ledger: Ledger, ledger_location: str, work: object, error: type[Exception]
) -> None:
    """Also as the first of all, it leaves no row, and no ledger that looks older than it is."""
    assert callable(work)
    for at in range(2):
        with pytest.raises(error):
            do(ledger, work)
        assert numbers(ledger) == {f"+{each}" for each in range(10, 10 + at)}
        # As the next program would: it has to take this ledger for the newest.
        with Ledger.open(ledger_location) as other:
            do(other, add, f"+{10 + at}")
    assert do(ledger, add, "+20") == 1


def hides_a_failure(connection: Connection) -> None:
    """After some errors SQLite rolls back by itself, and after every one PostgreSQL will keep nothing."""
    add(connection, "+1")
    with suppress(ProgrammingError, OperationalError):
        connection.exec_driver_sql("SELECT nothing")
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("ROLLBACK")


def ends_its_transaction(connection: Connection) -> None:
    add(connection, "+1")
    connection.rollback()


def writes_after_its_transaction(connection: Connection) -> None:
    ends_its_transaction(connection)
    add(connection, "+1")


@pytest.mark.parametrize("company", ["alone", "among others"])
@pytest.mark.parametrize("work", [hides_a_failure, ends_its_transaction, writes_after_its_transaction])
def test_what_the_database_has_given_up_is_not_answered(ledger: Ledger, work: object, company: str) -> None:
    """Work that ends without an error is durable only if its transaction is still there to be committed."""
    assert callable(work)
    told = "the database has given up what was to be written" if company == "alone" else TOLD
    for answer in submitted(ledger, work, company):
        with pytest.raises(LedgerError, match=told):
            answer.result(WAIT_S)
    with pytest.raises(LedgerError, match=TOLD):
        do(ledger, add, "+4")
    assert numbers(ledger) == set()


def test_a_lost_connection_of_which_the_work_makes_nothing_is_noticed(postgresql_location: str) -> None:
    """What was written through it is gone, and is not answered."""

    def hides_the_loss(connection: Connection) -> None:
        add(connection, "+1")
        with suppress(OperationalError):
            connection_lost(connection)

    with Ledger.open(postgresql_location) as ledger:
        with pytest.raises(LedgerError, match=r"\(the database has given up what was to be written\)"):
            do(ledger, hides_the_loss)
        assert numbers(ledger) == set()


@pytest.mark.parametrize("company", ["alone", "among others"])
def test_work_may_mend_its_own_errors(ledger: Ledger, company: str) -> None:
    """What it has fenced off itself, and undone, is no sign that the database has given up."""

    def mends(connection: Connection) -> None:
        add(connection, "+5")
        with suppress(IntegrityError), connection.begin_nested():
            breaks_a_constraint(connection)

    for answer in submitted(ledger, mends, company):
        answer.result(WAIT_S)
    assert numbers(ledger) == {"+5"} | ({"+2", "+3"} if company == "among others" else set())


def submitted(ledger: Ledger, work: Callable[[Connection], object], company: str) -> list[Future[Any]]:
    """One piece of work, perhaps with one before and one after it in the same transaction."""
    if company == "alone":
        return [ledger.write(work)]
    with held_up(ledger) as first:
        answers: list[Future[Any]] = [
            ledger.write(add, "+2"), ledger.write(work), ledger.write(add, "+3")
        ]  # fmt: skip
    first.result(WAIT_S)
    return answers


def test_a_deadlock_with_another_process_ends_nothing(postgresql_location: str) -> None:
    """Of two that wait for each other PostgreSQL undoes one, and what it has undone is done again."""

    def patiently(connection: Connection) -> None:
        connection.exec_driver_sql("SET LOCAL deadlock_timeout = '2s'")
        add(connection, "+2")

    with Ledger.open(postgresql_location) as ledger:
        with engine_of(ledger).begin() as other:
            # The victim is who looks first.
            other.exec_driver_sql("SET LOCAL deadlock_timeout = '1min'")
            add(other, "+1")
            with held_up(ledger):
                answers: list[Future[Any]] = [ledger.write(patiently)]
                answers += [ledger.write(add, number) for number in ("+1", "+3")]
            until_one_waits(ledger)
            add(other, "+2")
        assert [answer.result(WAIT_S) for answer in answers] == [None, 0, 1]
        assert do(ledger, add, "+4") == 1
        assert numbers(ledger) == {"+1", "+2", "+3", "+4"}


def test_a_batch_that_is_undone_again_and_again_ends_the_writing(postgresql_location: str) -> None:
    """What others undo each time is not tried for ever, and nothing of it is answered as done."""
    tries: list[None] = []

    def is_undone(connection: Connection) -> None:
        tries.append(None)
        connection.exec_driver_sql("DO $$ BEGIN RAISE deadlock_detected; END $$")

    with Ledger.open(postgresql_location) as ledger:
        with pytest.raises(LedgerError, match=TOLD):
            do(ledger, is_undone)
        assert len(tries) == MOST_TRIES
        with pytest.raises(LedgerError, match=TOLD):
            do(ledger, add, "+1")


def test_a_caller_that_goes_away_takes_nothing_back(ledger: Ledger) -> None:
    """Submitted work cannot be cancelled: what happened has to reach the disk."""
    with held_up(ledger):
        answer = ledger.write(add, "+1")
        assert not answer.cancel()

    assert answer.result(WAIT_S) == 1


def test_close_finishes_what_was_submitted(ledger_location: str) -> None:
    """Everything that was submitted before the close is on disk after it, and its thread is gone."""
    ledger = Ledger.open(ledger_location)
    with held_up(ledger):
        answers = [ledger.write(add, f"+{at}") for at in range(250)]
    ledger.close()

    assert all(answer.done() for answer in answers)
    with Ledger.open(ledger_location) as again:
        assert len(numbers(again)) == 250


def test_work_after_close_is_answered(sqlite_location: str) -> None:
    """Work that comes after the close fails with LedgerError, and nobody waits for it for ever."""
    ledger = Ledger.open(sqlite_location)
    ledger.close()

    with pytest.raises(LedgerError):
        ledger.write(add, "+1").result(WAIT_S)


def disk_full(connection: Connection) -> None:
    """The database may grow no further."""
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    for at in range(500):
        suppression.suppress(connection, [f"+{at}"], reason="x" * 5000, now=NOON)


def commit_refused(connection: Connection) -> None:
    """The commit itself fails: a foreign key that is looked at only then."""
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    connection.exec_driver_sql(
        "INSERT INTO events (at, campaign_id, event, detail) VALUES ('2026-06-03 17:00:00', 4711, 'x', '')"
    )


def connection_lost(connection: Connection) -> None:
    """The server ends the writer's session."""
    connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


def interrupted(connection: Connection) -> None:
    """Not an error that work could have by its own fault."""
    add(connection, "+1")
    raise KeyboardInterrupt


@pytest.mark.parametrize("company", ["alone", "among others"])
@pytest.mark.parametrize(
    ("location", "failure"),
    [
        ("sqlite_location", interrupted),
        ("postgresql_location", interrupted),
        ("sqlite_location", disk_full),
        ("sqlite_location", commit_refused),
        ("postgresql_location", connection_lost),
    ],
)
def test_after_a_failed_commit_nothing_is_written(
    request: pytest.FixtureRequest, location: str, failure: object, company: str
) -> None:
    """When the database fails, the whole batch and all that comes later fail with LedgerError in one line."""
    assert callable(failure)
    with Ledger.open(request.getfixturevalue(location)) as ledger:
        answers = submitted(ledger, failure, company)
        for answer in (*answers, ledger.write(add, "+4")):
            with pytest.raises(LedgerError, match=TOLD):
                answer.result(WAIT_S)
        assert numbers(ledger) == set()


def damaged(connection: Connection) -> None:
    """A page of the database is not what it should be."""
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql("UPDATE sqlite_master SET rootpage = 1 WHERE name = 'suppression'")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")
    suppression.suppress(connection, ["+1"], reason="x", now=NOON)


def file_may_not_grow(connection: Connection) -> None:
    """The process may write no larger files, and what is written soon meets that limit."""
    connection.exec_driver_sql("PRAGMA cache_size = 5")
    wal = Path(connection.exec_driver_sql("PRAGMA database_list").all()[0][2] + "-wal")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size + 10_000, hard))
    try:
        for at in range(100):
            suppression.suppress(connection, [f"+{at}"], reason="x" * 5000, now=NOON)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def read_only(connection: Connection) -> None:
    """The database refuses writes."""
    connection.exec_driver_sql("PRAGMA query_only = ON")
    suppression.suppress(connection, ["+1"], reason="x", now=NOON)


@pytest.mark.parametrize("company", ["alone", "among others"])
@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (disk_full, "disk full"),
        (file_may_not_grow, "disk I/O error: a write failed, perhaps over a quota or a limit on file sizes"),
        (read_only, "it is read-only"),
        (damaged, "the file is damaged"),
    ],
)
def test_trouble_with_the_disk_has_a_name(
    sqlite_location: str, failure: object, words: str, company: str
) -> None:
    """What is wrong with the disk is said in words, though the clean-up after it fails as well."""
    assert callable(failure)
    with Ledger.open(sqlite_location) as ledger:
        do(ledger, add, "+9")
        for answer in submitted(ledger, failure, company):
            with pytest.raises(LedgerError, match=rf"^the ledger cannot be written \({words}\); [^\n]+$"):
                answer.result(WAIT_S)
        assert numbers(ledger) == {"+9"}


def test_a_witness_that_fails_stops_the_writer(sqlite_location: str) -> None:
    """What is on disk is answered so; when its witness cannot be told, nothing more is written."""
    with Ledger.open(sqlite_location) as ledger:
        do(ledger, add, "+1")
        generation = generation_of(ledger)

        def lose_witness(connection: Connection) -> None:
            add(connection, "+2")
            generation.close()
            generation._descriptor = os.open(generation.witness_path, os.O_RDONLY)

        do(ledger, lose_witness)
        told = rf"^[^\n]*{sqlite_location}.generation[^\n]*nothing more is dialled[^\n]*$"
        with pytest.raises(LedgerError, match=told):
            do(ledger, add, "+3")
        assert numbers(ledger) == {"+1", "+2"}
