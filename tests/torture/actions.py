"""Actions: what happens to a life, or what it suffers, when a function is entered."""

import os
import resource
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tests.torture.points import Action

if TYPE_CHECKING:
    from tests.torture.step import Place


def chosen(text: str, place: "Place") -> Action:
    """What `Step.actions` names."""
    verb, _, argument = text.partition(" ")
    if verb.startswith("SIG"):
        return partial(os.kill, os.getpid(), getattr(signal, verb))
    return partial(ACTIONS[verb], place, argument)


def _suppress(place: "Place", number: str) -> None:
    with closing(sqlite3.connect(place.ledger, timeout=5)) as database, database:
        database.execute(
            "INSERT INTO suppression VALUES (?, 'asked not to be called', '2026-01-01')", [number]
        )


def _fill_disk(place: "Place", size: str) -> None:
    """From now on no file of this process grows beyond a size; as it is, beyond that of the ledger's log."""
    most = int(size) if size else Path(f"{place.ledger}-wal").stat().st_size
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    limit_files(most)


def limit_files(size: int) -> None:
    """From now on no file of this process grows beyond so many bytes."""
    _, hardest = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hardest))


def _break_ledger(place: "Place", table: str) -> None:
    _alter(place, f"ALTER TABLE {table} RENAME TO broken_{table}")


def _alter(place: "Place", statement: str) -> None:
    with closing(sqlite3.connect(place.ledger, timeout=5)) as database, database:
        database.execute(statement)


def _sleep(_: "Place", seconds: str) -> None:
    time.sleep(float(seconds))


def _remove_lock(place: "Place", _: str) -> None:
    Path(f"{place.ledger}.lock").unlink()


def _grow_list(place: "Place", number: str) -> None:
    with (place.folder / "dnc.csv").open("a", encoding="utf-8") as file:
        file.write(f"{number}\n")


def _remove_list(place: "Place", _: str) -> None:
    (place.folder / "dnc.csv").unlink()


def _remove_recordings(place: "Place", _: str) -> None:
    shutil.rmtree(place.folder / "recordings")


def _close_today(place: "Place", _: str) -> None:
    today = datetime.now(UTC).date()
    days = f"{today - timedelta(days=1)}..{today + timedelta(days=1)}, closed\n"
    written = place.folder / "closed.csv.new"
    written.write_text(days, encoding="utf-8")
    # The run may read it at any moment.
    written.replace(place.folder / "closed.csv")


def _remove_days_off(place: "Place", _: str) -> None:
    (place.folder / "closed.csv").unlink()


def _tangle_lock(place: "Place", _: str) -> None:
    """The lock file is a link to itself, so that nobody can say what it is."""
    lock = Path(f"{place.ledger}.lock")
    lock.unlink()
    lock.symlink_to(lock)


def _end_sessions(place: "Place", state: str) -> None:
    """The server ends every session in this state, that with the lock among the idle ones."""
    with psycopg.connect(place.ledger, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE state = %s AND datname = current_database() AND pid <> pg_backend_pid()",
            [state],
        )


def _take_lock(place: "Place", _: str) -> None:
    """Another run has taken the lock of a PostgreSQL ledger unseen, and is gone again."""
    with psycopg.connect(place.ledger, autocommit=True) as connection:
        connection.execute("UPDATE identity SET generation = generation + 1")


def _spoil_output(place: "Place", _: str) -> None:
    # The run may put a new file into its place at any moment.
    while not place.result.is_dir():
        with suppress(OSError):
            place.result.unlink(missing_ok=True)
            place.result.mkdir()


def mend(place: "Place") -> None:
    """Undo what an action has spoilt."""
    if place.result.is_dir():
        shutil.rmtree(place.result)
    if (lock := Path(f"{place.ledger}.lock")).is_symlink():
        lock.unlink()
    for table in ("events", "identity"):
        with suppress(sqlite3.Error):
            if "://" not in place.ledger:
                _alter(place, f"ALTER TABLE broken_{table} RENAME TO {table}")


def _tell(place: "Place", name: str) -> None:
    (place.folder / name).touch()


ACTIONS: Mapping[str, Callable[["Place", str], None]] = {
    "suppress": _suppress,
    "fill_disk": _fill_disk,
    "spoil_output": _spoil_output,
    "break_ledger": _break_ledger,
    "sleep": _sleep,
    "tell": _tell,
    "remove_lock": _remove_lock,
    "tangle_lock": _tangle_lock,
    "remove_recordings": _remove_recordings,
    "end_sessions": _end_sessions,
    "take_lock": _take_lock,
    "grow_list": _grow_list,
    "remove_list": _remove_list,
    "close_today": _close_today,
    "remove_days_off": _remove_days_off,
}
