"""A question on a terminal may stay there for hours; what counts is what holds when it is answered."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from campaign.ledger import campaigns
from campaign.ledger.ledger import Ledger
from tests.e2e.machinery import COMMAND, PATIENCE_S, Workplace, lay_out, people, simulator, wait_until
from tests.ledger.test_lock import lose_lock

pytestmark = pytest.mark.e2e

ANNA, BEN = (row["phone"] for row in people(2))
ALWAYS_OFF = "2020-01-01..2099-12-31\n"


class Terminal:
    """A terminal with a command on it, and somebody who reads before they answer."""

    def __init__(self, place: Workplace, *arguments: str, ledger: str | None = None) -> None:
        self._ours, theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        self.shown = ""
        self.process = subprocess.Popen(
            [*COMMAND, *arguments, "--ledger", ledger or str(place.folder / "ledger.db")],
            cwd=place.folder,
            env=place.environment(TERM="xterm", COLUMNS="200"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            text=True,
        )
        os.close(theirs)

    def shows(self, text: str) -> bool:
        """Whether it has come by now."""
        try:
            while block := os.read(self._ours, 1 << 16):
                self.shown += block.decode(errors="replace")
        except OSError:
            pass
        return text in self.shown

    def answer(self, text: str) -> int:
        """Type it, and wait for the end. Returns the exit code."""
        os.write(self._ours, text.encode())
        wait_until(lambda: bool(self.shows("\0")) or self.process.poll() is not None)
        os.close(self._ours)
        return self.process.wait(PATIENCE_S)


def test_who_came_onto_a_list_while_a_run_asked_is_not_called(tmp_path: Path) -> None:
    """Lists are read again when somebody has said yes."""
    listed = tmp_path / "dnc.csv"
    listed.write_text("phone\n+16175550199\n", encoding="utf-8")
    with simulator(tmp_path, "--speed", "200") as oracle:
        place = lay_out(tmp_path, oracle, people(2), extra=f"suppression: [{listed}]\n")
        terminal = Terminal(
            place, "run", str(place.list_path), "--config", str(place.config), "--output", "results.csv"
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
        terminal = Terminal(place, "call", ANNA, "--config", str(place.config), "--wait")
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
        terminal = Terminal(place, command, *whom, "--config", str(place.config), ledger=ledger_location)
        wait_until(lambda: terminal.shows(question), terminal.process)
        lose_lock(ledger_location)
        assert terminal.answer("y\n") == 74, terminal.shown
        assert terminal.shows("nothing more is dialled")
        assert oracle.dials() == []
    with Ledger.open(ledger_location) as ledger:
        assert ledger.read(campaigns.newest) == []
