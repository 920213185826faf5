"""Events from the simulator through `campaign listen` into a run: three processes, as on a real machine."""

import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.e2e.machinery import COMMAND, KEY, Workplace, lay_out, people, simulator, wait_until
from tests.warm import run

pytestmark = pytest.mark.e2e


@contextmanager
def listener(place: Workplace, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`campaign listen` beside the ledger of a run, and what leads to it."""
    log = place.folder / "listener.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            [*COMMAND, "listen", "--port", "0", "--ledger", str(place.folder / "ledger.db"), *options],
            env=place.environment(ONEINBOX_API_KEY=""),
            stderr=said,
            stdout=subprocess.DEVNULL,
            text=True,
        )
    try:
        wait_until(lambda: "port" in log.read_text(encoding="utf-8"), process)
        port = re.search(r"port (\d+)", log.read_text(encoding="utf-8"))
        assert port is not None, log.read_text(encoding="utf-8")
        yield process, f"http://127.0.0.1:{port[1]}"
    finally:
        process.kill()
        process.wait()


def test_a_run_hears_of_its_calls(tmp_path: Path) -> None:
    """The listener is registered, a test event arrives, and a run is told of each of its calls."""
    with simulator(tmp_path, "--speed", "20", "--answer", "1") as oracle:
        place = lay_out(tmp_path, oracle, people(8), rate=20)
        with listener(place) as (process, address):
            environment = place.environment(CAMPAIGN_LEDGER=str(tmp_path / "ledger.db"))
            secret = tmp_path / "secret.txt"
            for words in (("add", address, "--keep-secret", str(secret)), ("test", "campaign")):
                ended = run("webhooks", *words, environment=environment)
                assert ended.returncode == 0, ended.stderr
            assert place.run().returncode == 0
            assert hinted(tmp_path) == 8
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
            said = (tmp_path / "listener.log").read_text(encoding="utf-8")
        with listener(place, "--secret-file", str(secret)) as (process, address):
            ended = run("webhooks", "add", address, "--name", "again", environment=environment)
            assert ended.returncode == 0, ended.stderr
            # It is another address, and so another webhook with another secret.
            assert run("webhooks", "test", "again", environment=environment).returncode == 69
    assert KEY not in said
    assert secret.read_text(encoding="utf-8").strip() not in said
    assert people(1)[0]["phone"] not in said


def hinted(folder: Path) -> int:
    """How many calls runs were sent to."""
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        (number,) = database.execute("SELECT count(*) FROM hints").fetchone()
    return int(number)
