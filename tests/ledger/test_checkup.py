"""The check-up: after a run that was cut off, the ledger is checked before anything else."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from campaign.errors import LedgerError, NotFinishedError
from campaign.ledger import campaigns
from campaign.ledger.checkup import check_up
from campaign.ledger.ledger import Ledger
from tests.ledger.case import ANNA, BEN, engine_of, people, start
from tests.ledger.test_lock import holder
from tests.ledger.test_writer import disk_full


def cut_off(path: Path) -> None:
    """A run of this ledger is killed."""
    with holder(str(path)) as process:
        process.kill()
        process.wait()


def next_run(path: Path) -> None:
    with Ledger.open(str(path)) as opened, opened.run_lock("next"):
        pass


def said_to_be_cut_off(path: Path) -> bool:
    """What the lock file tells the next run."""
    return bool(Path(f"{path}.lock").read_text())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with people in it."""
    place = tmp_path / "ledger.db"
    with Ledger.open(str(place)) as opened:
        start(opened, people(ANNA, BEN))
    return place


def spoil_index(path: Path) -> None:
    """An entry of an index disappears from the file: every query still works."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("DELETE FROM sqlite_master WHERE name = 'uq_contacts_person'")
        database.commit()


def spoil_page(path: Path) -> None:
    """Half a page in the middle of the file is overwritten."""
    with path.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(b"\xff" * 2048)


@pytest.mark.parametrize("harm", [spoil_index, spoil_page])
def test_a_damaged_ledger_is_refused_after_a_kill(path: Path, harm: object) -> None:
    """A ledger that is broken after a kill is refused in one line with the cure, at every try."""
    assert callable(harm)
    cut_off(path)
    harm(path)

    for _ in range(2):
        with pytest.raises(LedgerError, match=r"^ledger [^\n]+nobody was called[^\n]+--accept-ledger$"):
            next_run(path)
        assert said_to_be_cut_off(path)


def test_a_sound_ledger_goes_on_after_a_kill(path: Path) -> None:
    """A kill leaves the holder's name behind, and the next clean run takes it away."""
    cut_off(path)
    assert said_to_be_cut_off(path)

    next_run(path)

    assert not said_to_be_cut_off(path)


@contextmanager
def grown_log(path: Path) -> Iterator[Path]:
    """A killed process leaves commits in the -wal file that are not in the database yet."""
    script = (
        "import os, sys; from campaign.ledger.ledger import Ledger; from tests.ledger.case import *;"
        "ledger = Ledger.open(sys.argv[1]); lock = ledger.run_lock('x'); lock.__enter__();"
        "start(ledger, people(ANNA), name='killed'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False, cwd=Path(__file__).parents[2])
    yield Path(f"{path}-wal")


def test_what_a_killed_run_wrote_is_written_again(path: Path) -> None:
    """The log is moved into the database before anything else, so that each page is written once more."""
    with grown_log(path) as log, Ledger.open(str(path)) as opened:
        assert log.stat().st_size > 0
        with opened.run_lock("next"):
            assert log.stat().st_size == 0
            assert "killed" in {record.name for record in opened.read(campaigns.newest)}


@contextmanager
def read_meanwhile(path: Path) -> Iterator[tuple[Ledger, sqlite3.Connection]]:
    """A ledger that has to be checked, while another program is in the middle of reading it."""
    with grown_log(path), Ledger.open(str(path)) as opened, closing(sqlite3.connect(path)) as reader:
        with engine_of(opened).connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 50")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM contacts").fetchone()
        yield opened, reader


def test_another_reader_is_not_overlooked(path: Path) -> None:
    """When another program does not end reading a ledger that has to be checked, the run says so and ends."""
    with (
        read_meanwhile(path) as (opened, _),
        pytest.raises(NotFinishedError, match=r"^ledger [^\n]+another program reads it[^\n]+$"),
        opened.run_lock("next", reader_patience_s=0),
    ):
        pytest.fail("the lock was given")
    assert said_to_be_cut_off(path)


def test_another_reader_is_waited_for(path: Path) -> None:
    """A view or a backup that is on for a minute costs nobody the night."""
    pauses: list[float] = []
    with read_meanwhile(path) as (opened, reader):

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                reader.rollback()

        check_up(engine_of(opened), path, pause=pause)

        assert len(pauses) == 3
        assert Path(f"{path}-wal").stat().st_size == 0


def test_another_reader_is_not_waited_for_without_end(path: Path) -> None:
    """After its patience, two minutes by default, the check gives up."""
    elapsed = [0.0]

    def pause(seconds: float) -> None:
        elapsed.append(elapsed[-1] + seconds)

    with read_meanwhile(path) as (opened, _), pytest.raises(NotFinishedError):
        check_up(engine_of(opened), path, pause=pause, clock=lambda: elapsed[-1])
    assert elapsed[-1] == 120


def test_a_failed_commit_makes_the_ledger_suspect(path: Path) -> None:
    """A run that could not write leaves its name behind, so that the next one checks; other ends do not."""
    with Ledger.open(str(path)) as opened:
        with pytest.raises(LedgerError, match="suspect"), opened.run_lock("spring"):
            opened.write(disk_full).result()
        assert said_to_be_cut_off(path)
    next_run(path)

    with Ledger.open(str(path)) as opened, pytest.raises(ZeroDivisionError), opened.run_lock("spring"):
        raise ZeroDivisionError
    assert not said_to_be_cut_off(path)


def test_a_ledger_that_was_closed_well_is_not_checked(path: Path) -> None:
    """Without a cut-off run nobody waits for a check."""
    with Ledger.open(str(path)) as opened:
        statements: list[str] = []
        with engine_of(opened).connect() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            raw.set_trace_callback(statements.append)
        with opened.run_lock("spring"):
            pass
    assert not [statement for statement in statements if "integrity_check" in statement]
