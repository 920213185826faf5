"""A question on a terminal may stay there for a while; what counts is what holds when it is answered."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from campaign.ledger import campaigns
from campaign.ledger.ledger import Ledger
from tests.e2e.machinery import COMMAND, Workplace, lay_out, people, simulator, wait_until
from tests.e2e.terminal import Terminal
from tests.ledger.test_lock import lose_lock

pytestmark = pytest.mark.e2e

ANNA, BEN = (row["phone"] for row in people(2))
ALWAYS_OFF = "2020-01-01..2099-12-31\n"
STEP_S = 10.0
"""So long a step may take where the watchdog is in a hurry: still longer than any does on a busy machine."""


def hasty(place: Workplace, *, changes: Mapping[str, str] | None = None, **timing: float) -> Terminal:
    """A run whose watchdog is in a hurry, and which asks."""
    files = (place.list_path, place.config, place.result_path, place.folder / "ledger.db")
    program = (sys.executable, "-m", "tests.e2e.hanging")
    return Terminal(
        place, *program, *map(str, files), ASKS="yes", TIMING=json.dumps(timing), **(changes or {})
    )


def test_who_came_onto_a_list_while_a_run_asked_is_not_called(tmp_path: Path) -> None:
    """Lists are read again when somebody has said yes."""
    listed = tmp_path / "dnc.csv"
    listed.write_text("phone\n+16175550199\n", encoding="utf-8")
    with simulator(tmp_path, "--speed", "200") as oracle:
        place = lay_out(tmp_path, oracle, people(2), extra=f"suppression: [{listed}]\n")
        terminal = Terminal(
            place, *COMMAND, "run", str(place.list_path), "-c", str(place.config), "-o", "results.csv"
        )
        wait_until(lambda: terminal.shows("Call 2 people?"), terminal.process)
        listed.write_text(f"phone\n{BEN}\n", encoding="utf-8")
        assert terminal.answer("y\n") == 0, terminal.shown
        assert oracle.dials_by_number() == {ANNA: 1}
        assert {row["phone"]: row["call_status"] for row in place.results()}[BEN] == "suppressed"


@pytest.mark.parametrize("change", ["suppression", "day off"])
def test_who_came_onto_a_list_while_a_call_was_asked_about_is_not_called(tmp_path: Path, change: str) -> None:
    """A single call asks every rule by the lists and the days off of the moment at which it is agreed to."""
    listed, days = tmp_path / "dnc.csv", tmp_path / "closed.csv"
    listed.write_text("phone\n+16175550199\n", encoding="utf-8")
    days.write_text("2020-01-01\n", encoding="utf-8")
    with simulator(tmp_path, "--speed", "200") as oracle:
        place = lay_out(tmp_path, oracle, people(1))
        text = place.config.read_text(encoding="utf-8")
        text = text.replace("hours: {", f"hours: {{blackout: {days}, ") + f"suppression: [{listed}]\n"
        place.config.write_text(text, encoding="utf-8")
        terminal = Terminal(place, *COMMAND, "call", ANNA, "--config", str(place.config), "--wait")
        wait_until(lambda: terminal.shows("now with agent agt_test"), terminal.process)
        if change == "suppression":
            listed.write_text(f"phone\n{ANNA}\n", encoding="utf-8")
        else:
            days.write_text(ALWAYS_OFF, encoding="utf-8")
        assert terminal.answer("y\n") not in (0, 70), terminal.shown
        assert oracle.dials() == []


@pytest.mark.parametrize("command", ["run", "call"])
def test_a_lock_that_was_lost_while_the_question_stood_is_noticed(
    tmp_path: Path, command: str, ledger_location: str
) -> None:
    """Whatever is answered then: nobody is called, nothing is written, and the exit code is 74."""
    with simulator(tmp_path, "--speed", "200") as oracle:
        place = lay_out(tmp_path, oracle, people(2))
        whom, question = {
            "run": ([str(place.list_path), "--output", "results.csv"], "Call 2 people?"),
            "call": ([ANNA, "--wait"], "now with agent agt_test"),
        }[command]
        program = (*COMMAND, command, *whom, "--config", str(place.config))
        terminal = Terminal(place, *program, ledger=ledger_location)
        wait_until(lambda: terminal.shows(question), terminal.process)
        lose_lock(ledger_location)
        assert terminal.answer("y\n") == 74, terminal.shown
        assert terminal.shows("nothing more is dialled")
        assert oracle.dials() == []
    with Ledger.open(ledger_location) as ledger:
        assert ledger.read(campaigns.newest) == []


def test_a_list_that_hangs_when_a_run_was_agreed_to_is_noticed(tmp_path: Path) -> None:
    """The question is waited for, and no longer than usual what comes after it: the run ends with 70."""
    listed = tmp_path / "dnc.csv"
    listed.write_text("phone\n+16175550199\n", encoding="utf-8")
    with simulator(tmp_path, "--speed", "200") as oracle:
        place = lay_out(tmp_path, oracle, people(2), extra=f"suppression: [{listed}]\n")
        terminal = hasty(place, step_longest_s=STEP_S)
        wait_until(lambda: terminal.shows("Call 2 people?"), terminal.process)
        listed.unlink()
        os.mkfifo(listed, 0o600)
        assert terminal.answer("y\n") == 70, terminal.shown
        assert "a fault in this program: reading the lists again has hung" in terminal.shown
        assert oracle.dials() == []


@pytest.mark.parametrize("changes", [{}, {"CALLS": ANNA}], ids=["run", "call"])
def test_a_question_that_nobody_answers_does_not_keep_the_ledger(
    tmp_path: Path, changes: Mapping[str, str]
) -> None:
    """It may stay longer than any step, and not for ever: nobody was called, and the next run can start."""
    with simulator(tmp_path, "--speed", "200") as oracle:
        place = lay_out(tmp_path, oracle, people(2))
        terminal = hasty(place, changes=changes, step_longest_s=STEP_S, question_longest_s=STEP_S + 2)
        wait_until(lambda: terminal.shows("[y/N]:"), terminal.process)
        assert terminal.end() == 75, terminal.shown
        assert "campaign: nobody was called: nobody has answered for 12 s" in terminal.shown
        assert oracle.dials() == []
        assert place.run().returncode == 0


@pytest.mark.parametrize(
    ("typed", "code", "is_called"), [("perhaps\ny\n", 0, True), ("\n", 75, False), ("\x04", 130, False)]
)
def test_only_a_clear_yes_calls_people(tmp_path: Path, typed: str, code: int, is_called: bool) -> None:
    """What is neither yes nor no is asked again; nothing, and the end of what is typed, are a no."""
    with simulator(tmp_path, "--speed", "200") as oracle:
        place = lay_out(tmp_path, oracle, people(1))
        terminal = hasty(place)
        wait_until(lambda: terminal.shows("Call 1 people? [y/N]:"), terminal.process)
        assert terminal.answer(typed) == code, terminal.shown
        assert bool(oracle.dials()) is is_called
