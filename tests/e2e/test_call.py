"""`campaign call` as a real process that is killed: nobody is called twice, and the call is not lost."""

import json
import subprocess
from pathlib import Path

import pytest

from tests import warm
from tests.e2e.machinery import COMMAND, PATIENCE_S, lay_out, people, simulator, wait_until

pytestmark = pytest.mark.e2e


def test_killed_while_its_request_is_out(tmp_path: Path) -> None:
    """The intent was on disk: the next call to that person finds the first one, and the cap keeps it back."""
    with simulator(tmp_path, "--speed", "100", "--fault", "stall=3600#1") as oracle:
        place = lay_out(tmp_path, oracle, people(1))
        number = people(1)[0]["phone"]
        arguments = [
            *("call", number, "--config", str(place.config), "--yes", "--wait"),
            *("--ledger", str(tmp_path / "ledger.db")),
        ]
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=place.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        wait_until(lambda: bool(oracle.dials()), process)
        process.kill()
        process.wait(PATIENCE_S)
        again = warm.run(*arguments, environment=place.environment())
        assert again.returncode == 75, again.stderr
        assert "or with --again" in again.stderr
        more = warm.run(*arguments, "--again", "--json", environment=place.environment())
        assert more.returncode == 0, more.stderr
        first, second = oracle.dials()
        assert json.loads(more.stdout)["call_id"] == second["call_id"] != first["call_id"]
        status = warm.run(
            "status", "--json", "--ledger", str(tmp_path / "ledger.db"), environment=place.environment()
        )
        assert json.loads(status.stdout) == []
