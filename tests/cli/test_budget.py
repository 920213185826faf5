"""Budget and quota as the operator sees them: in the plan, at the end of a run, in `status` and `explain`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from campaign.cli.app import app
from campaign.ledger import spending
from campaign.ledger.ledger import Ledger
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.provider import Provider
from campaign.simulator.server import running
from tests.cli.test_commands import call, call_json
from tests.ledger.case import ANNA, BEN, CARA, Case, do, people, start

CONFIG = """
name: spring
agent_id: agt_1
from_numbers: ["+12025550100"]
contacts: {countries: [US]}
hours: {days: {mon-sun: "00:00-24:00"}}
pace: {calls_per_second: 100, burst: 5}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list of three people, and a ledger where commands look."""
    monkeypatch.setenv("CAMPAIGN_LEDGER", str(tmp_path / "ledger.db"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.csv").write_text(f"phone,name\n{ANNA},A\n{BEN},B\n{CARA},C\n")
    return tmp_path


@pytest.fixture
def simulator(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """An account with ten calls a day, whose agent ends calls after ten minutes."""
    simulated = Simulator(provider=Provider(daily_quota=10, speed=400))
    with running(simulated) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
        yield simulated


def configure(place: Path, budget: str) -> None:
    """The campaign file, with this budget."""
    (place / "campaign.yaml").write_text(CONFIG + f"budget: {budget}\n")


def planned() -> tuple[Any, str]:
    """The plan, for a program and for people on one line."""
    data = call_json("plan", "list.csv", "--config", "campaign.yaml")
    return data, " ".join(call("plan", "list.csv", "--config", "campaign.yaml")[1].split())


def test_the_plan_says_what_is_to_come(place: Path, simulator: Simulator) -> None:
    """At least and at most, by the agent's own maximum, and what budget and account leave."""
    configure(place, "{minutes: 25, cents: 100, cents_per_minute: 2, reserve_calls: 8}")
    data, said = planned()
    assert data["prospect"] == {
        "at_least": {"calls": 3, "minutes": 0, "cents": 0, "credits": 0},
        "expected": None,
        "at_most": {"calls": 3, "minutes": 30, "cents": 60, "credits": 30},
        "calls_left_today": 10,
        "reserved_calls": 8,
    }
    assert data["budget"]["allowed"] == {"minutes": 25, "cents": 100}
    assert "at least 3 calls; at most 3 calls, 30 minutes, 60 cents, 30 credits" in said
    assert "0 of 25 minutes" in said
    assert "when the budget of minutes is used up" in said
    assert "make 10 more calls today, 8 of them left to others: at most 2 of 3 people" in said


@pytest.mark.parametrize("trouble", ["status=404", "status=403", "no_id"])
def test_an_unknown_quota_is_a_note(place: Path, simulator: Simulator, trouble: str) -> None:
    """The plan stands; what could not be read is said, or not told at all."""
    simulator.faults = FaultPlan((Fault.parse(f"{trouble}@usage"),))
    configure(place, "{minutes: 25}")
    data, said = planned()
    assert data["prospect"]["calls_left_today"] is None
    assert "more calls today" not in said
    is_told = any("may still make today is not known" in note for note in data["notes"])
    assert is_told is (trouble != "no_id")


def test_calls_of_the_agent_tell_what_to_expect(place: Path) -> None:
    """After five settled calls of the same agent, also in other campaigns, the plan says what is likely."""
    numbers = [f"+1202555{at:04d}" for at in range(100, 105)]
    with Ledger.open(str(place / "ledger.db")) as ledger:
        other = start(ledger, people(*numbers), name="winter")
        for nth, number in enumerate(numbers):
            attempt = other.intend(number)
            other.place(attempt, f"call-{nth}")
            other.end(f"call-{nth}")
            other.settle(f"call-{nth}", call={"duration_seconds": 60.0, "cost_cents": 2.0})
    configure(place, "{minutes: 300}")
    text = (place / "campaign.yaml").read_text().replace("agt_1", "agt_test")
    (place / "campaign.yaml").write_text(text)
    data, said = planned()
    assert data["prospect"]["expected"] == {"calls": 3, "minutes": 3, "cents": 6, "credits": 3}
    assert "as the last 5 calls of this agent went, 3 minutes, 6 cents, 3 credits" in said


def test_the_end_of_a_run_says_what_was_spent(place: Path, simulator: Simulator) -> None:
    """One call is allowed: exit 75, the line with the cure, and the sums for people and programs."""
    configure(place, "{calls: 1}")
    result = CliRunner().invoke(app, ["run", "list.csv", "--config", "campaign.yaml", "--yes", "--json"])
    assert result.exit_code == 75
    budget = json.loads(result.stdout)["budget"]
    assert (budget["spent"]["calls"], budget["at_most"]["calls"], budget["allowed"]) == (1, 1, {"calls": 1})
    assert "campaign: the budget of 1 calls is used up: 1 spent; raise budget.calls; 2 rows" in result.stderr
    assert "spent: 1 of 1 calls, " in result.stderr
    assert len(simulator.provider.dials) == 1
    assert call_json("status", "spring")[0]["budget"] == budget
    assert "spent: 1 of 1 calls, " in call("status", "spring")[1]
    assert "budget" not in call_json("status")[0]


def test_explain_tells_the_gate_and_its_figures(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that waits for the budget can be understood."""
    monkeypatch.delenv("ONEINBOX_API_KEY", raising=False)
    configure(place, "{calls: 1}")
    with Ledger.open(str(place / "ledger.db")) as ledger:
        case: Case = start(ledger, people(ANNA, BEN))
        case.place(case.intend(ANNA), "call-1")
        do(ledger, spending.record_budget, case.id, {"calls": 1})
    [row] = call_json("explain", "spring", 3, "--config", "campaign.yaml")["rows"]
    [gate] = [gate for gate in row["gates"] if gate["gate"] == "budget"]
    assert (gate["may_dial"], gate["becomes"]) == (False, "waiting")
    assert gate["looked_at"] == "0 calls spent, 2 at most with live calls and this one, 1 allowed"
