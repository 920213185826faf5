"""The run lock: one run per ledger, whoever dies and however."""

import errno
import fcntl
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, event, select

from campaign.errors import LedgerError, NotFinishedError
from campaign.ledger import attempts, schema
from campaign.ledger.ledger import Ledger
from campaign.ledger.lock import LockLostError, file_lock
from campaign.models import AttemptState, RowStatus
from tests.e2e.machinery import PATIENCE_S, lay_out, simulator, wait_until
from tests.e2e.machinery import people as listed_people
from tests.ledger.case import ANNA, BEN, WAIT_S, engine_of, people, start
from tests.support import NOON

HOLDER = """
import sys
import threading
from campaign.ledger.ledger import Ledger
with Ledger.open(sys.argv[1]) as ledger, ledger.run_lock("nightly"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(location: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, location],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_told_who_holds_the_lock(ledger: Ledger, ledger_location: str) -> None:
    """While a run lives, a second one gets NotFinishedError with the holder's process, in one line."""
    with (
        holder(ledger_location) as process,
        pytest.raises(NotFinishedError, match=rf"^[^\n]*process {process.pid}\b[^\n]*$"),
        ledger.run_lock("spring"),
    ):
        pytest.fail("the lock was given twice")


def test_the_holders_campaign_is_named(sqlite_location: str) -> None:
    """Beside a SQLite ledger the holder is told with its campaign and host."""
    with (
        Ledger.open(sqlite_location) as ledger,
        holder(sqlite_location),
        pytest.raises(NotFinishedError, match=rf"nightly, process .* on {os.uname().nodename}, since "),
        ledger.run_lock("spring"),
    ):
        pytest.fail("the lock was given twice")


def test_a_killed_holder_frees_the_lock(sqlite_location: str) -> None:
    """After SIGKILL of the holder the next run gets the lock at once."""
    with holder(sqlite_location) as process:
        process.kill()
        process.wait()
        with Ledger.open(sqlite_location) as ledger, ledger.run_lock("spring"):
            pass


def test_only_the_holder_is_named(sqlite_location: str) -> None:
    """Nothing is left of the name of a holder that was killed, however long it was."""
    with holder(sqlite_location) as process:
        process.kill()
        process.wait()
        with Ledger.open(sqlite_location) as ledger, ledger.run_lock("x"):
            assert re.fullmatch(r"x, process .* UTC", Path(sqlite_location + ".lock").read_text())


def test_a_second_ledger_of_the_same_process_is_refused(ledger: Ledger, ledger_location: str) -> None:
    """Two runs in one process exclude each other as two processes do."""
    with (
        Ledger.open(ledger_location) as other,
        ledger.run_lock("spring"),
        pytest.raises(NotFinishedError),
        other.run_lock("summer"),
    ):
        pytest.fail("the lock was given twice")


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
def test_the_lock_is_free_when_the_run_is_over(
    ledger: Ledger, ledger_location: str, error: type[Exception] | None
) -> None:
    """A run that has ended, well or badly, leaves the lock to the next, though its ledger is still open."""
    with Ledger.open(ledger_location) as other:
        try:
            with ledger.run_lock("spring"):
                if error is not None:
                    raise error
        except ZeroDivisionError:
            pass
        with other.run_lock("summer"):
            pass


def test_a_lock_file_that_cannot_be_made(sqlite_location: str) -> None:
    """A lock file that is a link is not followed; that is a LedgerError in one line."""
    with Ledger.open(sqlite_location) as ledger:
        Path(sqlite_location + ".lock").symlink_to("/dev/null")

        with pytest.raises(LedgerError, match=r"^lock file [^\n]+$"), ledger.run_lock("spring"):
            pytest.fail("the lock was given")


def test_writing_goes_on_under_the_lock(ledger: Ledger, ledger_location: str) -> None:
    """The lock keeps a second run out, not the readers and writers of the first."""
    with ledger.run_lock("spring"), Ledger.open(ledger_location) as other:
        assert (
            ledger.write(lambda connection: connection.exec_driver_sql("SELECT 1").scalar()).result(WAIT_S)
            == 1
        )
        assert other.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar()) == 1


@pytest.mark.parametrize("name", ["ledger.db", "ledger.db.lock"])
@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_lock_that_keeps_nobody_out_is_noticed(sqlite_location: str, name: str, how: str) -> None:
    """When the ledger or its lock file is taken away under a run, its check says which, in one line."""
    path = Path(sqlite_location).with_name(name)
    with Ledger.open(sqlite_location) as ledger, ledger.run_lock("spring") as held:
        held.check()
        path.rename(f"{path}.away")
        if how == "replaced":
            path.touch()
        with pytest.raises(LedgerError, match=rf"^{path} was removed or replaced [^\n]+$"):
            held.check()


@pytest.mark.parametrize("name", ["ledger.db", "ledger.db.lock"])
def test_a_file_that_cannot_be_looked_at_is_not_called_removed(sqlite_location: str, name: str) -> None:
    """When the disk does not say whether a file is still there, the check says what it said, in one line."""
    path = Path(sqlite_location).with_name(name)
    with Ledger.open(sqlite_location) as ledger, ledger.run_lock("spring") as held:
        path.rename(f"{path}.away")
        path.symlink_to(path)
        with pytest.raises(
            LedgerError, match=rf"^{path} cannot be looked at \({os.strerror(errno.ELOOP)}\)[^\n]+$"
        ):
            held.check()


def test_a_ledger_that_is_gone_before_the_lock_is_noticed(sqlite_location: str) -> None:
    """A ledger that was taken away between opening and locking does not count as still there."""
    with (
        file_lock(Path(sqlite_location), holder="spring") as held,
        pytest.raises(LedgerError, match=r"ledger\.db was removed or replaced"),
    ):
        held.check()


def test_a_lock_session_that_was_lost_is_noticed(postgresql_location: str) -> None:
    """When the session with the lock ends, its check says so, and goes on saying so."""
    with Ledger.open(postgresql_location) as ledger, ledger.run_lock("spring") as held:
        held.check()
        end_lock_session(postgresql_location)
        for _ in range(2):
            with pytest.raises(LedgerError, match=r"^the database session with the ledger's lock [^\n]+$"):
                held.check()


def test_by_a_lock_that_another_run_has_no_intent_is_written(postgresql_location: str) -> None:
    """Its session may be lost without a word; as soon as another run has the lock, it is known."""
    with Ledger.open(postgresql_location) as ledger, Ledger.open(postgresql_location) as other:
        spring = start(ledger, people(ANNA, BEN))
        with ledger.run_lock("spring") as held:
            spring.intend(ANNA, epoch=held.epoch)
            end_lock_session(postgresql_location)
            with (
                other.run_lock("summer") as held_by_other,
                pytest.raises(LockLostError, match=r"^another run has taken [^\n]+ nothing more is dialled"),
            ):
                spring.intend(BEN, epoch=held.epoch)
            assert spring.statuses() == {ANNA: RowStatus.DIALING, BEN: RowStatus.WAITING}
            # What its requests have come to is written all the same.
            spring.place(1, "call-1")
        spring.intend(BEN, epoch=held_by_other.epoch)


def test_who_takes_the_lock_knows_every_intent_that_was_written_by_it_before(
    postgresql_location: str,
) -> None:
    """A commit that is under way when the session ends is waited for: its request may leave."""
    with Ledger.open(postgresql_location) as ledger, Ledger.open(postgresql_location) as other:
        spring = start(ledger, people(ANNA))
        is_written, may_commit = threading.Event(), threading.Event()
        anna, known = spring.contact_id(ANNA), list[AttemptState]()

        def intend(connection: Connection, epoch: int | None) -> None:
            record_anna(connection, anna, epoch)
            is_written.set()
            assert may_commit.wait(WAIT_S)

        def take_lock() -> None:
            with other.run_lock("summer"):
                known.extend(other.read(states))

        with ledger.run_lock("spring") as held:
            intent = ledger.write(intend, held.epoch)
            assert is_written.wait(WAIT_S)
            end_lock_session(postgresql_location)
            taking = threading.Thread(target=take_lock)
            taking.start()
            wait_until(lambda: is_waiting(postgresql_location) or not taking.is_alive())
            may_commit.set()
            intent.result(WAIT_S)
            taking.join(WAIT_S)
    assert known == [AttemptState.DIALING]


def record_anna(connection: Connection, contact_id: int, epoch: int | None) -> None:
    """Write an intent down."""
    attempts.record_intent(
        connection,
        contact_id,
        token="token",
        to_number=ANNA,
        from_number="+12025550100",
        agent_id="agt_test",
        now=NOON,
        epoch=epoch,
    )


def states(connection: Connection) -> list[AttemptState]:
    """Of all attempts."""
    return list(connection.scalars(select(schema.attempts.c.state)))


def is_waiting(location: str) -> bool:
    """Whether a session of the database waits for another one."""
    with psycopg.connect(location, autocommit=True) as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return found.fetchone() is not None


def test_a_session_that_ends_while_the_lock_is_taken_is_told(postgresql_location: str) -> None:
    """In one line; the lock is free for the next run."""
    with Ledger.open(postgresql_location) as ledger:
        engine = engine_of(ledger)

        @event.listens_for(engine, "before_cursor_execute")
        def end(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("UPDATE identity"):
                end_lock_session(postgresql_location)

        with (
            pytest.raises(LedgerError, match=r"^the ledger's lock cannot be taken: [^\n]+$"),
            ledger.run_lock("spring"),
        ):
            pytest.fail("the lock was given")
        event.remove(engine, "before_cursor_execute", end)
        with ledger.run_lock("spring"):
            pass


def end_lock_session(location: str) -> None:
    """The server ends the session that holds the lock of this database."""
    with psycopg.connect(location, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchall()
    assert ended == [(True,)]


def take_lock_away(location: str) -> None:
    """Somebody tidies up beside the ledger."""
    Path(location + ".lock").unlink()


def lose_lock(location: str) -> None:
    """Whatever keeps other runs out of a ledger is gone."""
    (end_lock_session if "://" in location else take_lock_away)(location)


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("location", "harm", "told"),
    [
        ("sqlite_location", take_lock_away, "ledger.db.lock was removed"),
        ("postgresql_location", end_lock_session, "the database session with the ledger's lock is gone"),
    ],
)
def test_a_run_that_loses_its_lock_stops_dialling(
    request: pytest.FixtureRequest, tmp_path: Path, location: str, harm: Callable[[str], None], told: str
) -> None:
    """A run whose lock is gone calls nobody more, exits 74 with one line, and the next run finishes."""
    ledger = request.getfixturevalue(location)
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, listed_people(60), rate=4, live=10, impatient=True)
        process = place.start("--ledger", ledger)
        wait_until(lambda: len(oracle.dials()) >= 3, process)
        harm(ledger)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, "Traceback" in said) == (74, False), said
        assert [line for line in said.splitlines() if line.startswith("campaign: ") and told in line]
        assert len(oracle.dials()) < 40
        lay_out(tmp_path, oracle, listed_people(60))
        finished = place.run("--ledger", ledger)
        assert finished.returncode == 0, finished.stderr
        assert set(oracle.dials_by_number().values()) == {1}
        assert len(oracle.dials()) == 60


@contextmanager
def nameless_lock(path: Path) -> Iterator[int]:
    """The lock file, locked by a run that has not written its name yet."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_a_name_that_is_still_being_written_is_waited_for(tmp_path: Path) -> None:
    """Kept out in the very moment between the lock and the holder's name, a run still names the holder."""
    with nameless_lock(tmp_path / "ledger.db.lock") as descriptor:
        naming = threading.Timer(0.1, os.pwrite, (descriptor, b"campaign spring, process 7", 0))
        naming.start()
        with (
            pytest.raises(NotFinishedError, match="in use by campaign spring, process 7;"),
            file_lock(tmp_path / "ledger.db", holder="summer"),
        ):
            pytest.fail("the lock was given twice")
        naming.join()


def test_a_holder_without_a_name_is_another_run(tmp_path: Path) -> None:
    """The name is not waited for without end."""
    with (
        nameless_lock(tmp_path / "ledger.db.lock"),
        pytest.raises(NotFinishedError, match="in use by another run;"),
        file_lock(tmp_path / "ledger.db", holder="summer"),
    ):
        pytest.fail("the lock was given twice")
