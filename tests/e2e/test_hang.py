"""A process that hangs is ended and shows where; one that is only slow or was stopped is left alone."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.e2e.hanging import HASTY
from tests.e2e.machinery import PATIENCE_S, Oracle, Workplace, lay_out, people, simulator, wait_until
from tests.postgresql import Databases, leave_server, start_server

pytestmark = pytest.mark.e2e

ROWS = 30
LIMIT_S = PATIENCE_S
"""A hang would last for ever."""
STEP_S = 10.0
"""So long a step may take where the test waits for its end: still longer than any does on a busy machine."""


@pytest.fixture(scope="module")
def postgresql_of_its_own() -> Iterator[Databases]:
    """A server that nobody else uses: a connection that is stopped may hold what all others wait for."""
    with tempfile.TemporaryDirectory(prefix="campaign-postgresql-") as folder:
        server = start_server(Path(folder) / "data")
        with Databases(server) as databases:
            yield databases
        leave_server(server)


@contextmanager
def started(
    place: Workplace,
    *,
    ledger: str = "",
    hang: str = "loop",
    ledger_longest_s: float = PATIENCE_S,
    step_longest_s: float = PATIENCE_S,
    stdin: int | None = None,
    changes: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """The run in a process of its own, which does not outlive the test."""
    timing = {"ledger_longest_s": ledger_longest_s, "step_longest_s": step_longest_s}
    process = subprocess.Popen(
        [
            sys.executable, "-m", "tests.e2e.hanging", str(place.list_path), str(place.config),
            str(place.result_path), ledger or str(place.folder / "ledger.db"),
        ],
        env=place.environment(HANG=hang, TIMING=json.dumps(timing), **(changes or {})),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def dialled(oracle: Oracle, number: int) -> Callable[[], bool]:
    """Whether so many people have really been called."""
    return lambda: len(oracle.dials()) >= number


@contextmanager
def silenced(location: str) -> Iterator[None]:
    """No connection of this database gets an answer, as from a server whose disk hangs."""
    with psycopg.connect(location) as connection:
        others = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    for (pid,) in others:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for (pid,) in others:
            os.kill(pid, signal.SIGCONT)


def test_a_blocked_loop_is_noticed_and_named(tmp_path: Path) -> None:
    """Blocked in the event loop, the process ends with 70, says where, and the next run finishes."""
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=20, impatient=True)
        with started(place) as process:
            wait_until(dialled(oracle, 5), process)
            process.send_signal(signal.SIGUSR1)
            _, said = process.communicate(timeout=LIMIT_S)
            assert process.returncode == 70, said
        assert "in block_the_loop" in said
        assert "campaign: a fault in this program: the event loop has hung" in said.splitlines()[-1]
        assert not any(row["phone"] in said or row["customer_name"] in said for row in people(ROWS))
        assert place.run().returncode in (0, 80)
        assert oracle.dials_by_number().most_common(1)[0][1] == 1


def test_a_thread_that_keeps_all_others_out_is_noticed(tmp_path: Path) -> None:
    """Where no other thread can run, the kernel ends the process after so much processor time."""
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=20)
        with started(place, hang="interpreter") as process:
            wait_until(dialled(oracle, 5), process)
            process.send_signal(signal.SIGUSR1)
            _, said = process.communicate(timeout=LIMIT_S)
            assert process.returncode == -signal.SIGPROF, said
        assert "in hold_the_interpreter" in said


def test_a_reader_of_stderr_who_hangs_cannot_keep_the_process(tmp_path: Path) -> None:
    """Blocked because nobody reads what it says, the process ends all the same, though it cannot say so."""
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=20)
        with started(place, hang="stderr") as process:
            wait_until(dialled(oracle, 5), process)
            process.send_signal(signal.SIGUSR1)
            assert process.wait(LIMIT_S) == 70


def test_a_stopped_process_is_left_alone(tmp_path: Path) -> None:
    """Stopped for longer than a hang may last, a sound run goes on and finishes."""
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=20)
        with started(place) as process:
            wait_until(dialled(oracle, 5), process)
            process.send_signal(signal.SIGSTOP)
            # Time in which nothing happens is the very thing that is tested.
            time.sleep(HASTY.hang_s * 2)
            process.send_signal(signal.SIGCONT)
            _, said = process.communicate(timeout=LIMIT_S)
            assert process.returncode in (0, 80), said
        assert oracle.dials_by_number().most_common(1)[0][1] == 1


def test_a_ledger_that_hangs_is_noticed(tmp_path: Path, postgresql_of_its_own: Databases) -> None:
    """When the ledger does not answer any more, the process ends with 74 and says so."""
    location = postgresql_of_its_own.new_ledger()
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=20)
        with started(place, ledger=location, ledger_longest_s=5) as process:
            wait_until(dialled(oracle, 5), process)
            with silenced(location):
                _, said = process.communicate(timeout=LIMIT_S)
            assert process.returncode == 74, said
        assert "campaign: the ledger has not answered for" in said.splitlines()[-1]


def test_a_slow_ledger_is_waited_for(tmp_path: Path, postgresql_of_its_own: Databases) -> None:
    """A ledger that answers late, though within its own limit, ends no run."""
    location = postgresql_of_its_own.new_ledger()
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=20)
        with started(place, ledger=location) as process:
            wait_until(dialled(oracle, 5), process)
            with silenced(location):
                time.sleep(HASTY.hang_s * 2)
            _, said = process.communicate(timeout=LIMIT_S)
            assert process.returncode in (0, 80), said
        assert oracle.dials_by_number().most_common(1)[0][1] == 1


@pytest.mark.parametrize("changes", [{}, {"CALLS": people(1)[0]["phone"]}], ids=["run", "call"])
def test_a_key_file_that_hangs_is_noticed(tmp_path: Path, changes: Mapping[str, str]) -> None:
    """A key that does not come, as from a disk that is gone, ends the process with 70; nobody is called."""
    key = tmp_path / "key"
    os.mkfifo(key, 0o600)
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS))
        changes = {**changes, "ONEINBOX_API_KEY": "", "ONEINBOX_API_KEY_FILE": str(key)}
        with started(place, changes=changes) as process:
            _, said = process.communicate(timeout=LIMIT_S)
            assert process.returncode == 70, said
        assert "campaign: a fault in this program: reading the API key has hung" in said.splitlines()[-1]
        assert oracle.dials() == []


def test_a_list_on_standard_input_is_waited_for_and_nothing_beside_it(tmp_path: Path) -> None:
    """Who feeds the list may take hours; a suppression list that hangs meanwhile ends the process with 70."""
    os.mkfifo(tmp_path / "dnc.csv", 0o600)
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), extra=f"suppression: [{tmp_path / 'dnc.csv'}]\n")
        piped = replace(place, list_path=Path("-"))
        with started(piped, step_longest_s=STEP_S, stdin=subprocess.PIPE) as process:
            # Time in which nothing happens is the very thing that is tested.
            time.sleep(STEP_S + 2)
            assert process.poll() is None
            _, said = process.communicate(place.list_path.read_text(encoding="utf-8"), timeout=LIMIT_S)
            assert process.returncode == 70, said
        assert "campaign: a fault in this program: reading the list has hung" in said.splitlines()[-1]
        assert oracle.dials() == []
