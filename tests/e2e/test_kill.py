"""`kill -9` at any moment, signals, and two runs at once, with real processes."""

import random
import resource
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.machinery import PATIENCE_S, Oracle, Workplace, lay_out, people, simulator, wait_until

pytestmark = pytest.mark.e2e

ROWS = 60


def all_dialled_once(oracle: Oracle) -> bool:
    return oracle.dials_by_number() == {row["phone"]: 1 for row in people(ROWS)}


def assert_nothing_lost(place: Workplace, *, needs_review_at_most: int = 0) -> None:
    """Every row once, in order: with the very call that the provider has, or for a human to decide."""
    called = {dial["to_number"]: dial["call_id"] for dial in place.oracle.dials()}
    assert len(called) == len(place.oracle.dials()), "somebody was dialled twice"
    rows = place.results()
    assert [row["phone"] for row in rows] == [row["phone"] for row in people(ROWS)]
    for row in rows:
        if row["call_status"] != "needs_review":
            assert row["call_status"] in ("completed", "unreached")
            assert row["call_id"] == called[row["phone"]]
    in_review = [row["phone"] for row in rows if row["call_status"] == "needs_review"]
    # Whoever was really called is never left to a human: the call is in the list.
    assert not set(in_review) & set(called)
    assert len(in_review) <= needs_review_at_most


def run_to_the_end(place: Workplace) -> int:
    """Run until it is finished, as cron would."""
    for _ in range(5):
        ended = place.run()
        if ended.returncode != 75:
            return ended.returncode
    return 75


@pytest.mark.parametrize("seed", range(2))
def test_kill_9_and_the_same_command_again_finishes(tmp_path: Path, seed: int) -> None:
    """Killed several times, the campaign finishes: nobody is dialled twice, no row and no id is lost."""
    rng = random.Random(seed)
    kills = 4
    with simulator(tmp_path, "--speed", "60", "--seed", str(seed)) as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=60, live=10, impatient=True)
        # Rows that are left to a human may keep a later life from coming so far.
        first, *others = sorted(rng.sample(range(1, ROWS), kills))
        assert place.kill_when(dialled(oracle, first))
        for kill_at in others:
            place.kill_when(dialled(oracle, kill_at))
        # An intent without its request is on disk at most once per live call and crash.
        exit_code = run_to_the_end(place)
        in_review = sum(row["call_status"] == "needs_review" for row in place.results())
        assert exit_code == (80 if in_review else 0)
        assert_nothing_lost(place, needs_review_at_most=kills * 10)


def dialled(oracle: Oracle, number: int) -> Callable[[], bool]:
    """Whether so many people have really been called."""
    return lambda: len(oracle.dials()) >= number


def test_killed_before_the_reply_the_call_is_found_again(tmp_path: Path) -> None:
    """Killed while the provider has acted and not answered: the next run adopts that very call."""
    with simulator(tmp_path, "--speed", "60", "--fault", "stall=30#7-9") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=20, live=10, impatient=True)
        assert place.kill_when(dialled(oracle, 12))
        stalled = {dial["to_number"] for dial in oracle.dials()[6:9]}
        assert run_to_the_end(place) in (0, 80)
        assert_nothing_lost(place, needs_review_at_most=10)
        found = [row for row in place.results() if row["phone"] in stalled]
        assert [row["call_attempts"] for row in found] == ["1", "1", "1"]
        assert all(row["call_id"] for row in found)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_first_signal_drains_and_the_next_run_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    """A signal stops dialling, nothing in flight is lost, exit 75 says to run again."""
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=10, impatient=True)
        process = place.start()
        wait_until(dialled(oracle, 10), process)
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 75, said
        assert 10 <= len(oracle.dials()) < ROWS
        in_doubt = [row for row in place.results() if row["call_status"] in ("dialing", "in_doubt")]
        assert in_doubt == []
        lay_out(tmp_path, oracle, people(ROWS))
        assert run_to_the_end(place) == 0
        assert all_dialled_once(oracle)


@pytest.mark.parametrize(
    "numbers",
    [
        (signal.SIGHUP, signal.SIGHUP),
        (signal.SIGTERM, signal.SIGHUP),
        (signal.SIGHUP, signal.SIGTERM),
    ],
    ids=["window", "session", "session, the other way round"],
)
def test_a_closed_terminal_is_one_wish_to_stop(tmp_path: Path, numbers: tuple[signal.Signals, ...]) -> None:
    """A window that is closed sends SIGHUP twice, the end of a session SIGTERM and SIGHUP: the run drains."""
    with simulator(tmp_path, "--speed", "60", "--fault", "stall=4#5") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=30, impatient=True)
        process = place.start()
        wait_until(dialled(oracle, 5), process)
        for number in numbers:
            process.send_signal(number)
            assert process.stderr is not None
            # The drain is announced before the next signal is sent.
            for line in process.stderr:
                if "run.draining" in line:
                    break
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 75, said
        in_doubt = [row for row in place.results() if row["call_status"] in ("dialing", "in_doubt")]
        assert in_doubt == []
        assert len(oracle.dials()) < ROWS


def test_the_second_signal_leaves_at_once(tmp_path: Path) -> None:
    """While a request hangs, a second signal does not wait for it; nobody is dialled twice for that."""
    with simulator(tmp_path, "--speed", "60", "--fault", "stall=600#5") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=30, impatient=True)
        process = place.start()
        wait_until(dialled(oracle, 8), process)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        # The drain is announced before the second signal is sent.
        for line in process.stderr:
            if "run.draining" in line:
                break
        process.send_signal(signal.SIGTERM)
        # Far less than the request may take.
        _, said = process.communicate(timeout=40)
        assert process.returncode == 130, said
        assert run_to_the_end(place) in (0, 80)
        assert_nothing_lost(place, needs_review_at_most=10)


def test_a_run_that_dies_leaves_no_image_of_its_memory(tmp_path: Path) -> None:
    """The key, numbers and names are in it, so no core is written, whatever the shell allows."""

    def allow_cores() -> None:
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        # What is started in the background by a shell, as these tests may be, ignores it.
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)

    # However long it takes until the signal comes, the run is still there.
    with simulator(tmp_path, "--fault", "never_end") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=2, impatient=True)
        process = subprocess.Popen(
            place.command(),
            cwd=tmp_path,
            env=place.environment(),
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=allow_cores,
        )
        wait_until(dialled(oracle, 2), process)
        soft, _ = resource.prlimit(process.pid, resource.RLIMIT_CORE)
        process.send_signal(signal.SIGQUIT)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == -signal.SIGQUIT
        assert soft == 0
        assert not list(tmp_path.glob("core*"))


def test_a_second_run_is_kept_out_and_told_who_is_in(tmp_path: Path) -> None:
    """Two runs of one ledger at a time: the second one calls nobody, names the first, exits 75."""
    with simulator(tmp_path, "--speed", "60") as oracle:
        # It takes half a minute, so that it is still there however long the second one takes to start.
        place = lay_out(tmp_path, oracle, people(ROWS), rate=2, impatient=True)
        first = place.start()
        wait_until(dialled(oracle, 2), first)
        second = place.run()
        assert second.returncode == 75
        assert f"process {first.pid}" in second.stderr
        _, said = first.communicate(timeout=PATIENCE_S)
        assert first.returncode == 0, said
        assert all_dialled_once(oracle)


def test_the_result_file_is_whole_at_any_moment(tmp_path: Path) -> None:
    """From the first dial on, the result file has every row, also after a kill."""
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(ROWS), rate=60)
        process = place.start()
        wait_until(dialled(oracle, 1), process)
        assert [row["phone"] for row in place.results()] == [row["phone"] for row in people(ROWS)]
        process.kill()
        process.communicate()
        assert len(place.results()) == ROWS
