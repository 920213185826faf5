"""A drained run lets the request that is in flight come to its end."""

import signal
from pathlib import Path

import pytest

from tests.e2e.machinery import PATIENCE_S, lay_out, people, simulator, wait_until
from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.e2e


def test_a_request_in_flight_is_answered_before_a_drained_run_ends(tmp_path: Path) -> None:
    """The signal comes while OneInbox takes its time: the id of that call is in the result all the same."""
    with simulator(tmp_path, "--fault", "stall=2#1") as oracle:
        place = lay_out(tmp_path, oracle, people(3), live=1, impatient=True)
        process = place.start()
        wait_until(lambda: bool(oracle.dials()), process)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 75, said
        [dial] = oracle.dials()
    assert [row["call_id"] for row in place.results()] == [dial["call_id"], "", ""]
    assert place.results()[0]["call_status"] == "live"


def test_a_terminal_that_is_gone_keeps_no_run_from_draining(tmp_path: Path) -> None:
    """Nobody sees the live view any more: the run drains all the same, loses nothing, and exits with 75."""
    with simulator(tmp_path, "--speed", "60") as oracle:
        place = lay_out(tmp_path, oracle, people(60), rate=10, impatient=True)
        terminal = Terminal(place, *(word for word in place.command() if word != "--json"))
        wait_until(lambda: terminal.shows("rows final") and len(oracle.dials()) >= 5, terminal.process)
        terminal.close()
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.process.wait(PATIENCE_S) == 75
        called = {dial["to_number"]: dial["call_id"] for dial in oracle.dials()}
    rows = place.results()
    assert {row["phone"]: row["call_id"] for row in rows if row["call_id"]} == called
    assert not [row for row in rows if row["call_status"] in ("dialing", "in_doubt")]
