"""`campaign calls`: single calls of an account, over a real socket."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from campaign.cli.app import app
from campaign.errors import ApiUnavailableError, CampaignError, KeyRefusedError, UsageError
from campaign.ledger import rows, suppression
from campaign.ledger.ledger import Ledger
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider, SimulatedCall
from campaign.simulator.server import running
from tests.ledger.case import ANNA, Case, people, start

TALKING = Behaviour(answer=1, voicemail=0, busy=0, no_answer=0, results_late_s=0)


def call(*arguments: object, typed: str | None = None) -> tuple[int, str, str]:
    """Run a command: exit code, stdout, stderr. An error for people is raised."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=typed)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def call_json(*arguments: object) -> Any:
    """The JSON document that a command prints."""
    return json.loads(call(*arguments, "--json")[1])


class Clock:
    """Time as the account has it, which a test sets."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """At the beginning."""
    return Clock()


@pytest.fixture
def simulator(clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """An account on a real socket, and no ledger yet."""
    simulated = Simulator(provider=Provider(behaviour=TALKING, monotonic=clock))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_LEDGER", str(tmp_path / "ledger.db"))
    with running(simulated) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
        yield simulated


def placed(simulator: Simulator, *, agent: str = "agt_1", to: str = ANNA) -> SimulatedCall:
    """A call that is on the line now."""
    return simulator.provider.place(
        agent_id=agent,
        to_number=to,
        from_number="+12025550100",
        variables={"customer_name": "Dana"},
        metadata={"team": "north"},
    )


def ended(simulator: Simulator, clock: Clock) -> SimulatedCall:
    """A call that is over, with its results."""
    made = placed(simulator)
    clock.seconds = made.ends_at() + 60
    return made


def of_campaign(tmp_path: Path, call_id: str) -> Case:
    """A ledger in which a campaign has made that call."""
    spring = start(Ledger.open(str(tmp_path / "ledger.db")), people(ANNA))
    spring.whole_call(ANNA, call_id)
    return spring


def test_a_call_is_shown_with_everything(simulator: Simulator, clock: Clock, tmp_path: Path) -> None:
    """Status, numbers, times, what was said, the analysis, and whose call it was."""
    made = ended(simulator, clock)
    of_campaign(tmp_path, made.id)
    code, said, _ = call("calls", "show", made.id)
    assert code == 0
    for words in (
        f"call        {made.id}",
        "status      completed (user_hangup)",
        "campaign    spring, row 2, try 1",
        "from        +12025550100",
        f"to          {ANNA}",
        "outcome     ",
        "cost        ",
        "metadata    team=north",
        "agent: Hello Dana",
    ):
        assert words in said, said
    told = call_json("calls", "show", made.id)
    assert told["attempt"] == {"campaign": "spring", "row": 2, "number": 1}
    assert told["transcript"].startswith("agent: Hello Dana")
    assert told["messages"][-1]["role"] == "tool_result"
    assert told["analysis"]["summary"]
    assert (told["has_recording"], "recording_url" in told) == (False, False)


@pytest.mark.parametrize("generation", ["v1", "v2", "v3"])
def test_every_generation_is_shown(simulator: Simulator, clock: Clock, generation: str) -> None:
    """What a generation does not tell is left out."""
    simulator.generation = generation
    made = ended(simulator, clock)
    told = call_json("calls", "show", made.id)
    assert (told["status"], told["to_number"]) == ("completed", ANNA)
    assert "Hello Dana" in told["transcript"]


def test_a_call_on_the_line_is_shown_as_it_stands(simulator: Simulator) -> None:
    """Before the end there is nothing to read, and no ledger is made by looking."""
    made = placed(simulator)
    _, said, _ = call("calls", "show", made.id)
    assert "status      initiated" in said
    assert "(what is said can be read after the end)" in said
    assert not Path("ledger.db").exists()


@pytest.mark.parametrize("call_id", ["nobody", "../agents/agt_1", "call 1"])
def test_a_call_that_does_not_exist(simulator: Simulator, call_id: str) -> None:
    """The line says where ids are found; an id leads to no other endpoint."""
    with pytest.raises(UsageError, match="`campaign calls list`"):
        call("calls", "show", call_id)


def test_calls_are_listed_newest_first(simulator: Simulator, clock: Clock) -> None:
    """Of everybody or of one agent, and no more than were asked for."""
    made = []
    for at in range(5):
        clock.seconds = at
        made.append(placed(simulator, agent=f"agt_{at % 2}", to=f"+1202555012{at}"))
    assert [each["id"] for each in call_json("calls", "list")] == [each.id for each in made[::-1]]
    assert [each["id"] for each in call_json("calls", "list", "--limit", 2)] == [made[4].id, made[3].id]
    assert [each["id"] for each in call_json("calls", "list", "--agent", "agt_1")] == [made[3].id, made[1].id]
    assert "transcript" not in call_json("calls", "list")[0]
    _, said, _ = call("calls", "list")
    assert len(said.splitlines()) == 5
    assert f"+12025550100 to +12025550124  -  -  {made[4].id}" in said


def test_an_account_without_calls(simulator: Simulator) -> None:
    """Nothing on stdout, a word for people."""
    assert call("calls", "list") == (0, "", "this account has no calls\n")


@pytest.mark.parametrize("generation", ["v1", "v3"])
def test_a_call_is_stopped(simulator: Simulator, tmp_path: Path, generation: str) -> None:
    """The person is cut off, and the ledger knows who did it."""
    simulator.generation = generation
    made = placed(simulator)
    spring = of_campaign(tmp_path, made.id)
    told = call_json("calls", "stop", made.id, "--yes")
    assert made.stopped_at is not None
    assert told["status"] == "completed"
    events = spring.ledger.read(rows.history, spring.contact_id(ANNA))
    assert events[-1].event == "call.hung_up"


def test_nobody_is_cut_off_without_a_yes(simulator: Simulator) -> None:
    """Off a terminal it has to be said on the command line."""
    made = placed(simulator)
    with pytest.raises(UsageError, match="--yes"):
        call("calls", "stop", made.id)
    assert made.stopped_at is None


def test_a_call_that_has_ended_is_left_alone(simulator: Simulator, clock: Clock) -> None:
    """No question and no request, as there is nobody to hang up on."""
    made = ended(simulator, clock)
    _, _, said = call("calls", "stop", made.id)
    assert said == "the call has ended already (completed); nothing was done\n"
    assert made.stopped_at is None


def test_an_outcome_is_set_by_hand(simulator: Simulator, clock: Clock, tmp_path: Path) -> None:
    """By its label or its name, at OneInbox and in the ledger, whose gates and results go by it."""
    made = ended(simulator, clock)
    spring = of_campaign(tmp_path, made.id)
    assert call("calls", "outcome", made.id, "Appointment Booked")[1] == "Appointment Booked\n"
    assert made.outcome == "Appointment Booked"
    assert call_json("calls", "outcome", made.id, "not_interested")["outcome"] == "Not Interested"
    row = spring.result()
    assert row.outcome == "Not Interested"
    assert "Not Interested, by " in spring.ledger.read(rows.history, spring.contact_id(ANNA))[-1].detail


def test_who_is_labelled_not_to_be_called_is_suppressed(
    simulator: Simulator, clock: Clock, tmp_path: Path
) -> None:
    """A label of the account's own goes by its name, and one that is a wish is kept as one."""
    made = ended(simulator, clock)
    spring = of_campaign(tmp_path, made.id)
    add_outcome(simulator, "Do Not Call", "dnc_list")
    _, _, said = call("calls", "outcome", made.id, "do not call")
    assert "will not be called any more" in said
    assert spring.ledger.read(suppression.suppressed) == {ANNA: f"labelled Do Not Call in call {made.id}"}


def test_an_outcome_that_is_not_known(simulator: Simulator, clock: Clock) -> None:
    """OneInbox decides, and the line says where the labels are found."""
    made = ended(simulator, clock)
    with pytest.raises(UsageError, match="`campaign calls outcomes`"):
        call("calls", "outcome", made.id, "Enchanted")
    with pytest.raises(UsageError, match="LABEL is empty"):
        call("calls", "outcome", made.id, " ")


def test_outcomes_are_listed(simulator: Simulator) -> None:
    """The built-in ones and those of the account, with what is not in use any more."""
    add_outcome(simulator, "Call Back", "call_back", is_active=False)
    told = {each["label"]: each for each in call_json("calls", "outcomes")}
    assert told["Interested"] == {
        "label": "Interested",
        "name": "interested",
        "is_own": False,
        "is_active": True,
        "description": None,
    }
    assert (told["Call Back"]["is_own"], told["Call Back"]["is_active"]) == (True, False)
    assert "Call Back                 own  not in use" in call("calls", "outcomes")[1]


def test_a_generation_without_outcomes(simulator: Simulator, clock: Clock) -> None:
    """It is said, and nothing else changes."""
    old = Simulator(provider=simulator.provider, generation="v1")
    simulator.app.router.routes[:] = old.app.router.routes
    made = ended(simulator, clock)
    with pytest.raises(ApiUnavailableError, match="no outcomes"):
        call("calls", "outcomes")
    with pytest.raises(ApiUnavailableError, match="does not know such a request"):
        call("calls", "outcome", made.id, "Interested")


@pytest.mark.parametrize(
    ("arguments", "endpoint"),
    [
        (("show", "ID"), "get"),
        (("list",), "list"),
        (("stop", "ID", "--yes"), "stop"),
        (("outcomes",), "outcomes"),
    ],
)
@pytest.mark.parametrize(
    ("fault", "error"), [("status=401", KeyRefusedError), ("status=503", ApiUnavailableError)]
)
def test_trouble_is_one_line(
    simulator: Simulator, arguments: tuple[str, ...], endpoint: str, fault: str, error: type[CampaignError]
) -> None:
    """A refused key and an account that is away have their own exit codes."""
    made = placed(simulator)
    simulator.faults = FaultPlan((Fault.parse(f"{fault}@{endpoint}"),))
    with pytest.raises(error) as caught:
        call("calls", *(made.id if part == "ID" else part for part in arguments))
    assert "\n" not in str(caught.value)


def add_outcome(simulator: Simulator, label: str, name: str, *, is_active: bool = True) -> None:
    """One label of the account's own."""
    from campaign.simulator.outcomes import Outcome

    stamp = datetime.now(UTC).isoformat()
    simulator.outcomes.own[name] = Outcome(name, name, label, None, stamp, stamp, is_active)
