"""Agents of rows, as the operator meets them: asked about before anybody is called."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from campaign.cli import job as jobs
from campaign.doctor.row_agents import MOST_AGENTS
from campaign.settings import Environment
from campaign.simulator import server
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from tests.cli.test_commands import call, call_json

CONFIG = """
name: spring
agent_id: agt_1
from_numbers: ["+12025550100"]
contacts: {countries: [US], agent_id: agent}
hours: {days: {mon-sun: "00:00-24:00"}}
call: {max_duration: 20m}
"""

Write = Callable[..., None]


@pytest.fixture
def simulator() -> Simulator:
    """An account with three agents, of which one says something of its own."""
    return Simulator(
        agents=frozenset({"agt_1", "agt_2", "agt_3"}), first_messages={"agt_2": "Hello {{name}} in {{city}}"}
    )


@pytest.fixture
def write(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a list with these agents, in the folder where commands are typed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_LEDGER", str(tmp_path / "ledger.db"))
    (tmp_path / "campaign.yaml").write_text(CONFIG)

    def write(*agents: str, city: str = "Rome") -> None:
        rows = (f"+1202555{at:04d},{agent},Ann,{city}" for at, agent in enumerate(agents, start=100))
        (tmp_path / "list.csv").write_text("\n".join(["phone,agent,name,city", *rows]) + "\n")

    with server.running(simulator) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
        yield write


def notes(command: str) -> list[str]:
    """What the operator should know."""
    told: list[str] = call_json(command, "list.csv", "--config", "campaign.yaml")["notes"]
    return told


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_agents_that_do_not_exist_are_named(write: Write, command: str) -> None:
    """With how many rows and the first of them, and what will come of it."""
    write("", "agt_gone", "agt_2", "agt_gone", "agt_lost")
    assert notes(command) == [
        "OneInbox knows no agent agt_gone, named in 2 rows (row 3 first): it refuses such calls, and after a "
        "few in a row dialling stops; mend the column 'agent'",
        "OneInbox knows no agent agt_lost, named in row 6: it refuses such calls, and after a few in a row "
        "dialling stops; mend the column 'agent'",
    ]


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_agents_that_are_all_right_are_no_news(write: Write, command: str) -> None:
    """Nothing is said of agents that exist, and that have a value for what they say."""
    write("", "agt_1", "agt_2", "agt_3")
    assert notes(command) == []


def test_a_list_that_names_no_agents_asks_for_none(write: Write, simulator: Simulator) -> None:
    """Only the campaign's agent is asked about."""
    write("", "")
    assert notes("plan") == []
    assert simulator.faults._requests["agent"] == 1


def test_rows_without_a_value_for_their_own_agent(write: Write) -> None:
    """They are counted before anybody is called, and the plan does not count on them now."""
    write("", "agt_2", "agt_2", "agt_3", city="")
    assert notes("plan") == [
        "no value for city, which agent agt_2 says, in 2 rows (row 3 first): not dialled until then; "
        "fill it in, or change what that agent says"
    ]
    planned = call_json("plan", "list.csv", "--config", "campaign.yaml")
    assert planned["dial_now"] == 2
    assert planned["dial_later"] == {"no value for city, which the agent says": 2}


def test_a_first_message_of_the_campaign_file_is_heard_from_all(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an agent says otherwise does not matter then, also of agents that cannot be asked."""
    call = "call: {max_duration: 20m, overrides: {first_message: 'Hi {{name}}, from {{town}}'}}"
    overridden = CONFIG.replace("call: {max_duration: 20m}", call)
    Path("campaign.yaml").write_text(overridden.replace("from {{town}}", "goodbye"))
    write("agt_2", city="")
    assert notes("plan") == []
    Path("campaign.yaml").write_text(overridden.replace("{{town}}", "{{city}}"))
    for key in (SIMULATOR_KEY, "oi_sk_wrong"):
        monkeypatch.setenv("ONEINBOX_API_KEY", key)
        assert call_json("plan", "list.csv", "--config", "campaign.yaml")["dial_now"] == 0


def test_agents_that_cannot_be_asked(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the operator is told that nothing is checked, once for all of them."""
    write("agt_2", "agt_3")
    monkeypatch.setenv("ONEINBOX_API_KEY", "oi_sk_wrong")
    assert notes("plan")[-1] == (
        "what 2 of 2 agents of the list's rows say was not read (OneInbox refused the API key), so their "
        "variables are not checked"
    )
    monkeypatch.delenv("ONEINBOX_API_KEY")
    assert "(no API key; set ONEINBOX_API_KEY" in notes("validate")[-1]


def test_very_many_agents(write: Write, simulator: Simulator) -> None:
    """A bounded number is asked about, and that is told."""
    simulator.agents = None
    write(*(f"agt_x{at}" for at in range(MOST_AGENTS + 5)))
    assert notes("plan") == [
        f"the list's rows name {MOST_AGENTS + 5} agents; {MOST_AGENTS} of them were asked about"
    ]
    assert simulator.faults._requests["agent"] == MOST_AGENTS + 1


@pytest.mark.parametrize(("agents", "longest_s"), [(["", ""], 600), (["agt_2"], 600), (["agt_gone"], 1200)])
def test_a_budget_counts_on_the_longest_of_all_agents(
    write: Write, agents: list[str], longest_s: float
) -> None:
    """Where one of them is not known, what the campaign file says is not too short for it."""
    write(*agents)
    options: dict[str, Any] = {"name": None, "ledger": None, "create_ledger": False}
    with jobs.prepare(Path("list.csv"), Path("campaign.yaml"), environment=Environment(), **options) as job:
        assert job.longest_call_s == longest_s


def test_explain_asks_the_agent_of_the_row(write: Write, tmp_path: Path) -> None:
    """What that one says decides, and not what the campaign's agent says."""
    write("", "agt_2", "agt_gone", city="")
    with jobs.prepare(
        Path("list.csv"),
        Path("campaign.yaml"),
        name=None,
        ledger=str(tmp_path / "ledger.db"),
        create_ledger=True,
        environment=Environment(),
    ) as job:
        jobs.enrol(job, amend=False, now=datetime.now(UTC))
    words = {}
    for row in (2, 3, 4):
        told = call_json("explain", "spring", row, "--config", "campaign.yaml")
        [gate] = [gate for gate in told["rows"][0]["gates"] if gate["gate"] == "the agent's words"]
        words[row] = gate["looked_at"], told["notes"]
    assert words[2] == ("there is a value for everything that the agent is known to say", [])
    assert words[3] == ("there is no value for city", [])
    assert words[4][1] == [
        "the first message of agent agt_gone was not read, so its variables are not checked"
    ]
    assert call("explain", "spring", 3, "--config", "campaign.yaml")[0] == 0
