"""`campaign run` with a hook: a program of the operator's decides, and a broken one stops the run."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaign.simulator import server
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.provider import Provider
from tests.e2e.machinery import COMMAND, Measured, measured

pytestmark = pytest.mark.e2e

CONFIG = """
name: spring
agent_id: agt_test
from_numbers: ["+12025550100"]
pace: {calls_per_second: 20, burst: 2, stages: []}
hours: {days: {mon-sun: "00:00-24:00"}}
hook: {command: ./may-we-call, timeout: 60s}
"""
ROWS = "phone,name\n+12025550143,Ann\n+12025550144,Ben\n+12025550145,Cara\n"
DECIDES = """#!/bin/sh
env > environment
if grep -q Ben; then
    echo '{"dial": false, "final": true, "reason": "=has paid"}'
    echo "Ben +12025550144" >&2
fi
"""


@pytest.fixture
def simulator() -> Simulator:
    """An account whose people talk fast."""
    return Simulator(provider=Provider(speed=60))


@pytest.fixture
def place(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a campaign file and a list, beside an account."""
    (tmp_path / "campaign.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "list.csv").write_text(ROWS, encoding="utf-8")
    with server.running(simulator) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
        monkeypatch.setenv("CAMPAIGN_LEDGER", str(tmp_path / "ledger.db"))
        yield tmp_path


def run(place: Path, script: str) -> Measured:
    """The installed command, with this program as the hook."""
    program = place / "may-we-call"
    program.write_text(script, encoding="utf-8")
    program.chmod(0o700)
    return measured(
        [
            *COMMAND, "run", str(place / "list.csv"), "--config", str(place / "campaign.yaml"), "--yes",
            "--json", "--output", str(place / "out.csv"),
        ]
    )  # fmt: skip


def test_the_hook_has_the_last_word(place: Path, simulator: Simulator) -> None:
    """Whom it refuses is not called and the row says why; neither key nor person gets where it should not."""
    ended = run(place, DECIDES)
    assert ended.exit_code == 0, ended.stderr
    assert {dial.to_number for dial in simulator.provider.dials} == {"+12025550143", "+12025550145"}
    with (place / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["name"]: (row["call_status"], row["call_reason"]) for row in csv.DictReader(file)}
    assert rows["Ben"] == ("suppressed", "the hook says no: =has paid")
    environment = (place / "environment").read_text(encoding="utf-8")
    assert SIMULATOR_KEY not in environment
    assert "ledger.db" not in environment
    assert "has paid" not in ended.stderr
    assert "0144" not in ended.stderr


def test_a_broken_hook_ends_the_run_with_69(place: Path, simulator: Simulator) -> None:
    """One line on stderr names the hook and the trouble, and repeats nothing of what it has said."""
    rows = "".join(f"+1202555015{at},Person {at}\n" for at in range(8))
    (place / "list.csv").write_text("phone,name\n" + rows, encoding="utf-8")
    ended = run(place, "#!/bin/sh\ncat; exit 3\n")
    assert ended.exit_code == 69
    assert not simulator.provider.dials
    assert (
        "campaign: the hook ./may-we-call has failed 5 times in a row, at last with 'exit code 3', "
        "and without its answer nobody is called; mend it, then run again\n"
    ) in ended.stderr
    assert json.loads(ended.stdout)["rows"] == {"waiting": 8}
    assert "Person" not in ended.stderr
