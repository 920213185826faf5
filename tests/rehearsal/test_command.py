"""`campaign rehearse` on the command line."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from campaign.cli.app import app
from campaign.errors import UsageError
from campaign.ledger import suppression
from campaign.ledger.ledger import Ledger
from tests.support import NOON

CONFIG = """
name: spring
agent_id: agt_test
from_numbers: ["+12025550100"]
contacts: {countries: [US]}
pace: {calls_per_second: 2, max_live_calls: 5}
hours: {days: {mon-sun: "00:00-24:00"}}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a list of ten people and a campaign file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    lines = ["phone", *(f"+1202555{at:04d}" for at in range(100, 110))]
    (tmp_path / "list.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def rehearse(*options: str) -> Any:
    """What the command prints for a program."""
    result = CliRunner().invoke(app, ["rehearse", "list.csv", "--config", "c.yaml", "--json", *options])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return json.loads(result.stdout)


def test_three_nights_are_told(place: Path) -> None:
    """As usual, under a storm, and killed twice: calls, minutes and cost of each; no file is written."""
    before = sorted(path.name for path in place.iterdir())
    told = rehearse("--price", "0.1", "--at", "2026-06-03T17:00+00:00")
    assert [night["weather"] for night in told["nights"]] == [
        "a usual night", "a storm of 429", "killed twice",
    ]  # fmt: skip
    for night in told["nights"]:
        assert (night["calls"], night["called_twice"], night["exit_code"]) == (10, 0, 0)
        assert night["cost"] == pytest.approx(night["minutes"] * 0.1, abs=0.01)
        assert night["starts_at"].startswith("2026-06-03T17:00")
    assert sorted(path.name for path in place.iterdir()) == before


def test_the_ledgers_own_suppression_holds(place: Path) -> None:
    """Who may not be called for good is not called in a rehearsal."""
    location = str(place / "ledger.db")
    with Ledger.open(location) as ledger:
        ledger.write(suppression.suppress, ["+12025550100"], reason="asked us", now=NOON).result()
    told = rehearse("--ledger", location)
    assert {night["calls"] for night in told["nights"]} == {9}


def test_the_hook_is_never_asked(place: Path) -> None:
    """A rehearsal goes on as if the hook had allowed every call, and says so."""
    hook = "hook: {command: [sh, -c, 'touch asked; exit 1']}\n"
    (place / "c.yaml").write_text(CONFIG + hook, encoding="utf-8")
    told = rehearse("--at", "2026-06-03T17:00+00:00")
    assert {night["calls"] for night in told["nights"]} == {10}
    assert "the hook sh is not asked; rehearsed as if it allowed every call" in told["notes"]
    assert not (place / "asked").exists()


def test_people_see_a_table(place: Path) -> None:
    """One column for each night, within the width of a terminal."""
    result = CliRunner().invoke(app, ["rehearse", "list.csv", "--config", "c.yaml"])
    assert result.exit_code == 0
    for line in ("a usual night", "called twice", "ends at", "Nobody was called."):
        assert line in result.stdout
    assert max(map(len, result.stdout.splitlines())) < 100


def test_the_date_in_the_name_is_that_of_the_night(place: Path) -> None:
    """The campaign is called as a run at that time would call it."""
    (place / "c.yaml").write_text(CONFIG.replace("spring", "spring-{date}"), encoding="utf-8")
    at = ("--at", "2026-12-01T18:00")
    assert rehearse(*at)["campaign"] == "spring-2026-12-01"
    shown = CliRunner().invoke(app, ["rehearse", "list.csv", "--config", "c.yaml", *at]).stdout
    assert shown.startswith("Rehearsal of campaign spring-2026-12-01, from 2026-12-01 18:00")
    assert rehearse()["campaign"] == f"spring-{datetime.now().astimezone().date()}"


def test_a_time_that_is_none_is_refused(place: Path) -> None:
    """One line, and how to write it."""
    with pytest.raises(UsageError, match="--at tonight: write a time like"):
        rehearse("--at", "tonight")
