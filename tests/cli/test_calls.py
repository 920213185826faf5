"""`campaign calls`: single calls of an account, over a real socket."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner

from campaign.cli import calls
from campaign.cli.app import app
from campaign.errors import (
    ApiUnavailableError,
    CampaignError,
    ExitCode,
    KeyRefusedError,
    LedgerError,
    UsageError,
)
from campaign.ledger import judging, rows, suppression
from campaign.ledger.judging import Kept
from campaign.ledger.ledger import Ledger
from campaign.oneinbox.client import OneInbox
from campaign.settings import OptOutSettings
from campaign.settings.opt_out import as_kept
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider, SimulatedCall
from campaign.simulator.server import running
from tests.ledger.case import ANNA, BEN, Case, do, people, start

TALKING = Behaviour(answer=1, voicemail=0, busy=0, no_answer=0, results_late_s=0)
SUPPRESSED = "the person is suppressed: no campaign of this ledger calls them"
ALL_THE_SAME = "the person is suppressed all the same: no campaign of this ledger calls them"
NOT_SUPPRESSED = (
    "the person is NOT suppressed and may be called again: `campaign suppress add NUMBER --reason TEXT`"
)


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


@pytest.mark.parametrize("moves", [True, False])
def test_a_list_without_an_end_is_cut(simulator: Simulator, moves: bool) -> None:
    """Whether or not the list gives new calls for ever, and the line says how many were looked at."""
    asked = 0

    def page(_request: Request) -> Response:
        nonlocal asked
        asked += 1
        call_id = f"call_{asked if moves else 1}"
        items = [{"id": call_id, "agent_id": "agt_1", "status": "completed"}]
        return JSONResponse({"items": items, "next_cursor": f"page_{asked}", "has_more": True})

    instead(simulator, "/v1/calls/cursor", page, "GET")
    seen = "50 calls were" if moves else "call was"
    _, shown, said = call("calls", "list", "--agent", "agt_2")
    assert (shown, asked) == ("", 50)
    assert said.startswith(f"only the newest {seen} looked at")
    _, shown, said = call("calls", "list", "--limit", 60)
    assert len(shown.splitlines()) == (50 if moves else 1)
    assert said.startswith(f"only the newest {seen} looked at")
    # Who has found enough has not been cut off.
    assert call("calls", "list", "--limit", 1)[2] == ""


@pytest.mark.anyio
async def test_a_list_that_comes_slowly_is_cut() -> None:
    """All pages together have a time, after which what was found is shown."""
    asked = 0

    async def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        if asked > 1:
            await anyio.sleep_forever()
        return httpx.Response(200, json={"items": [{"id": "call_1"}], "next_cursor": "2", "has_more": True})

    transport = httpx.MockTransport(answer)
    async with OneInbox("http://127.0.0.1", SecretStr("oi_sk_4711"), transport=transport) as api:
        found = await calls.latest(api, None, 20, within_s=0.2)
    assert ([each.id for each in found.calls], found.looked_at, found.is_cut) == (["call_1"], 1, True)


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


@pytest.mark.parametrize("fault", ["status=503", "status=401", "throttle", "garble", "drop"])
def test_a_call_that_cannot_be_looked_at_is_stopped(simulator: Simulator, fault: str) -> None:
    """Whoever says --yes wants it stopped, and has to know only that it is."""
    made = placed(simulator)
    simulator.faults = FaultPlan((Fault.parse(f"{fault}@get"),))
    code, _, said = call("calls", "stop", made.id, "--yes")
    assert (code, made.stopped_at is not None) == (0, True)
    assert said.startswith("the call is stopped")
    with pytest.raises(CampaignError):
        call("calls", "stop", made.id)


def test_a_stop_whose_reply_says_nothing(simulator: Simulator) -> None:
    """It worked, also when the look that follows does not."""
    made = placed(simulator)
    simulator.faults = FaultPlan((Fault.parse("status=503@get"),))
    instead(simulator, "/v1/calls/{call_id}/stop", lambda _: JSONResponse({}), "POST")
    assert call("calls", "stop", made.id, "--yes")[2] == "the call is stopped\n"
    assert call_json("calls", "stop", made.id, "--yes")["id"] == made.id


def test_a_call_that_is_not_there_is_not_stopped(simulator: Simulator) -> None:
    """The look says so, and nothing is sent after it."""
    with pytest.raises(UsageError, match="`campaign calls list`"):
        call("calls", "stop", "nobody", "--yes")


def test_a_stop_that_the_ledger_does_not_take(simulator: Simulator) -> None:
    """The person has been cut off, and that is said before what is wrong with the ledger, and with it."""
    made = placed(simulator)
    Path("ledger.db").write_text("no ledger" * 1_000)
    result = CliRunner().invoke(app, ["calls", "stop", made.id, "--yes", "--json"])
    assert isinstance(result.exception, LedgerError)
    assert str(result.exception).startswith("the call is stopped, but the ledger does not know it: ledger ")
    assert made.stopped_at is not None
    assert result.stderr == "the call is stopped (completed)\n"
    assert json.loads(result.stdout)["id"] == made.id


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


def test_a_call_that_seems_to_have_ended_is_stopped_with_a_yes(
    simulator: Simulator, clock: Clock, tmp_path: Path
) -> None:
    """What a status means may be read wrongly. The ledger does not say that somebody was cut off."""
    made = ended(simulator, clock)
    spring = of_campaign(tmp_path, made.id)
    asked: list[str] = []

    def stop(request: Request) -> Response:
        asked.append(request.path_params["call_id"])
        return JSONResponse({"id": made.id, "status": "completed"})

    instead(simulator, "/v1/calls/{call_id}/stop", stop, "POST")
    _, _, said = call("calls", "stop", made.id, "--yes")
    assert (said, asked) == ("the call had ended already (completed); the stop changes nothing\n", [made.id])
    events = spring.ledger.read(rows.history, spring.contact_id(ANNA))
    assert "call.hung_up" not in [event.event for event in events]


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
    code, _, said = call("calls", "outcome", made.id, "do not call")
    assert (code, said) == (0, f"{SUPPRESSED}\n")
    assert spring.ledger.read(suppression.suppressed) == {ANNA: f"labelled Do Not Call in call {made.id}"}


def test_a_name_whose_label_is_a_wish_is_one(simulator: Simulator, clock: Clock, tmp_path: Path) -> None:
    """Whoever types what OneInbox calls it means the same; the label alone tells that it is a wish."""
    made = ended(simulator, clock)
    spring = of_campaign(tmp_path, made.id)
    add_outcome(simulator, "Do Not Call", "list_7")
    simulator.faults = FaultPlan((Fault.parse("lose_reply@outcomes#2"),))
    with pytest.raises(ApiUnavailableError, match=ALL_THE_SAME):
        call("calls", "outcome", made.id, "list_7")
    assert list(spring.ledger.read(suppression.suppressed)) == [ANNA]


@pytest.mark.parametrize("generation", ["v1", "v2", "v3"])
def test_a_wish_is_kept_although_its_label_is_not_known(
    simulator: Simulator, clock: Clock, tmp_path: Path, generation: str
) -> None:
    """No generation has it by itself; the refusal says that the person is suppressed all the same."""
    of_generation(simulator, generation)
    made = ended(simulator, clock)
    spring = of_campaign(tmp_path, made.id)
    with pytest.raises(CampaignError, match=ALL_THE_SAME) as caught:
        call("calls", "outcome", made.id, "Do Not Call")
    assert caught.value.exit_code == (ExitCode.API_UNAVAILABLE if generation == "v1" else ExitCode.USAGE)
    assert spring.ledger.read(suppression.suppressed) == {ANNA: f"labelled Do Not Call in call {made.id}"}


@pytest.mark.parametrize("fault", ["lose_reply", "drop", "status=503", "status=401"])
def test_a_wish_is_kept_whatever_comes_of_its_label(
    simulator: Simulator, clock: Clock, tmp_path: Path, fault: str
) -> None:
    """A lost reply, an account that is away and a refused key change nothing for the person."""
    made = ended(simulator, clock)
    spring = of_campaign(tmp_path, made.id)
    simulator.faults = FaultPlan((Fault.parse(f"{fault}@outcomes"),))
    with pytest.raises(CampaignError, match=ALL_THE_SAME):
        call("calls", "outcome", made.id, "DNC")
    assert list(spring.ledger.read(suppression.suppressed)) == [ANNA]


def test_a_wish_is_on_disk_before_its_label_is_asked_for(
    simulator: Simulator, clock: Clock, tmp_path: Path
) -> None:
    """Whoever is killed between the two has kept the person from being called."""
    made = ended(simulator, clock)
    of_campaign(tmp_path, made.id)
    kept: list[object] = []

    def look(_request: Request) -> Response:
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as database:
            kept.extend(database.execute("SELECT to_number FROM suppression"))
        return Response(status_code=503)

    instead(simulator, "/v1/calls/{call_id}", look, "PATCH")
    with pytest.raises(ApiUnavailableError):
        call("calls", "outcome", made.id, "Do Not Call")
    assert kept == [(ANNA,)]


def test_a_wish_in_a_call_that_no_campaign_made(simulator: Simulator, clock: Clock, tmp_path: Path) -> None:
    """Whose call it was is asked of OneInbox then."""
    of_campaign(tmp_path, "another call")
    made = ended(simulator, clock)
    made.to_number = BEN
    add_outcome(simulator, "Do Not Call", "do_not_call")
    _, _, said = call("calls", "outcome", made.id, "Do Not Call")
    assert said == f"no campaign of this ledger has made the call\n{SUPPRESSED}\n"
    with Ledger.open(str(tmp_path / "ledger.db")) as ledger:
        assert list(ledger.read(suppression.suppressed)) == [BEN]


def test_a_wish_in_a_call_that_came_in(simulator: Simulator, clock: Clock, tmp_path: Path) -> None:
    """It was of whoever called, and not of the number that they called."""
    of_campaign(tmp_path, "another call")
    made = ended(simulator, clock)

    def show(_request: Request) -> Response:
        numbers = {"from_number": BEN, "to_number": "+12025550100"}
        return JSONResponse({"id": made.id, "status": "completed", "direction": "inbound", **numbers})

    instead(simulator, "/v1/calls/{call_id}", show, "GET")
    with pytest.raises(UsageError, match=ALL_THE_SAME):
        call("calls", "outcome", made.id, "Do Not Call")
    with Ledger.open(str(tmp_path / "ledger.db")) as ledger:
        assert list(ledger.read(suppression.suppressed)) == [BEN]


def test_a_wish_that_cannot_be_kept_is_said_plainly(simulator: Simulator, clock: Clock) -> None:
    """Without a ledger the label is set, and a human still has to act, as the exit code says."""
    made = ended(simulator, clock)
    add_outcome(simulator, "Do Not Call", "do_not_call")
    code, _, said = call("calls", "outcome", made.id, "Do Not Call")
    assert (code, made.outcome) == (ExitCode.NEEDS_REVIEW, "Do Not Call")
    assert said == f"there is no ledger yet, so {NOT_SUPPRESSED}\n"
    assert not Path("ledger.db").exists()
    with pytest.raises(UsageError, match=f"there is no ledger yet, so {NOT_SUPPRESSED}"):
        call("calls", "outcome", made.id, "DNC")


def test_a_wish_in_a_call_of_nobody(simulator: Simulator, clock: Clock, tmp_path: Path) -> None:
    """Where neither ledger nor OneInbox knows the number, nobody is said to be suppressed."""
    of_campaign(tmp_path, "another call")
    made = ended(simulator, clock)
    made.to_number = ""
    with pytest.raises(UsageError, match=f"whose call it was is not known, so {NOT_SUPPRESSED}"):
        call("calls", "outcome", made.id, "Do Not Call")
    with pytest.raises(UsageError, match=f"whose call it was is not known, so {NOT_SUPPRESSED}"):
        call("calls", "outcome", "nobody", "Do Not Call")
    add_outcome(simulator, "Do Not Call", "do_not_call")
    assert call("calls", "outcome", made.id, "Do Not Call")[0] == ExitCode.NEEDS_REVIEW
    assert call_json("calls", "outcome", made.id, "Interested")["is_suppressed"] is None


def test_a_ledger_that_cannot_keep_a_wish(simulator: Simulator, clock: Clock, tmp_path: Path) -> None:
    """Nothing is half done: the label is not asked for, and the line says so."""
    made = ended(simulator, clock)
    spring = of_campaign(tmp_path, made.id)
    spring.ledger.close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON suppression BEGIN SELECT 1 FROM nowhere; END")
    add_outcome(simulator, "Do Not Call", "do_not_call")
    with pytest.raises(LedgerError, match=NOT_SUPPRESSED):
        call("calls", "outcome", made.id, "Do Not Call")
    assert made.outcome is None


def test_a_ledger_that_cannot_be_opened(simulator: Simulator, clock: Clock) -> None:
    """Nothing is done with a wish or any other label, and of a wish it is said plainly."""
    made = ended(simulator, clock)
    Path("ledger.db").write_text("no ledger" * 1_000)
    add_outcome(simulator, "Do Not Call", "do_not_call")
    with pytest.raises(LedgerError, match=f"nothing was done, and {NOT_SUPPRESSED}"):
        call("calls", "outcome", made.id, "Do Not Call")
    with pytest.raises(
        LedgerError, match=r"not a database; name the ledger itself, with --ledger or CAMPAIGN_LEDGER$"
    ):
        call("calls", "outcome", made.id, "Interested")
    assert made.outcome is None


def test_a_label_that_the_ledger_does_not_take(simulator: Simulator, clock: Clock, tmp_path: Path) -> None:
    """What OneInbox knows by then is said before what the ledger does not."""
    made = ended(simulator, clock)
    spring = of_campaign(tmp_path, made.id)
    spring.ledger.close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as database:
        database.execute("CREATE TRIGGER full BEFORE UPDATE ON calls BEGIN SELECT 1 FROM nowhere; END")
    with pytest.raises(LedgerError, match="the outcome IS set at OneInbox; "):
        call("calls", "outcome", made.id, "Interested")
    assert made.outcome == "Interested"


def test_labels_of_a_campaign_file_are_wishes(simulator: Simulator, clock: Clock, tmp_path: Path) -> None:
    """With `--config` they count as in its runs; without it the line says that nobody is suppressed."""
    made = ended(simulator, clock)
    spring = of_campaign(tmp_path, made.id)
    add_outcome(simulator, "Leave Me Alone", "leave_me_alone")
    config = tmp_path / "campaign.yaml"
    config.write_text(
        'name: spring\nagent_id: agt_1\nfrom_numbers: ["+12025550100"]\n'
        "opt_out: {outcomes: [Leave me alone]}\n"
    )
    outcome = ("calls", "outcome", made.id, "leave me alone")
    code, _, said = call(*outcome)
    assert (code, said) == (0, "the person is not suppressed\n")
    assert call_json(*outcome)["is_suppressed"] is False
    assert call_json(*outcome, "--config", config)["is_suppressed"] is True
    assert list(spring.ledger.read(suppression.suppressed)) == [ANNA]
    # From now on it is said of every label.
    assert call("calls", "outcome", made.id, "Interested")[2] == f"{SUPPRESSED}\n"


def test_labels_that_the_campaign_of_the_call_has_named_are_wishes(
    simulator: Simulator, clock: Clock, tmp_path: Path
) -> None:
    """The ledger knows which ones its latest run took for a wish, without the file."""
    made = ended(simulator, clock)
    spring = of_campaign(tmp_path, made.id)
    do(spring.ledger, judging.keep, spring.id, Kept(as_kept(OptOutSettings(outcomes=("Leave me alone",)))))
    add_outcome(simulator, "Leave Me Alone", "leave_me_alone")
    assert call_json("calls", "outcome", made.id, "Interested")["is_suppressed"] is False
    assert call_json("calls", "outcome", made.id, "leave me alone")["is_suppressed"] is True
    assert list(spring.ledger.read(suppression.suppressed)) == [ANNA]


def test_what_is_a_wish_by_itself_stays_one_with_a_campaign_file(
    simulator: Simulator, clock: Clock, tmp_path: Path
) -> None:
    """A file with labels of its own takes none away from a human who types one."""
    made = ended(simulator, clock)
    of_campaign(tmp_path, made.id)
    config = tmp_path / "campaign.yaml"
    config.write_text(
        'name: spring\nagent_id: agt_1\nfrom_numbers: ["+12025550100"]\nopt_out: {outcomes: [Enough]}\n'
    )
    with pytest.raises(UsageError, match=ALL_THE_SAME):
        call("calls", "outcome", made.id, "Do Not Call", "--config", config)


@pytest.mark.parametrize(
    ("asked", "answered", "is_suppressed"),
    [("Interested", "Not Interested", False), ("DNC", "Interested", True), ("Interested", "Opt-Out", True)],
)
def test_another_outcome_than_was_asked_for_is_an_error(
    simulator: Simulator, clock: Clock, tmp_path: Path, asked: str, answered: str, is_suppressed: bool
) -> None:
    """The line says which one the call has; a wish in either of the two is kept."""
    made = ended(simulator, clock)
    spring = of_campaign(tmp_path, made.id)

    def answer(_request: Request) -> Response:
        return JSONResponse({"id": made.id, "status": "completed", "outcome": answered})

    instead(simulator, "/v1/calls/{call_id}", answer, "PATCH")
    standing = ALL_THE_SAME if is_suppressed else "the person is not suppressed"
    with pytest.raises(ApiUnavailableError, match=f"has the outcome {answered}, not {asked};.*{standing}"):
        call("calls", "outcome", made.id, asked)
    assert bool(spring.ledger.read(suppression.suppressed)) is is_suppressed
    assert spring.result().outcome != answered


def test_an_answer_that_tells_no_outcome(simulator: Simulator, clock: Clock, tmp_path: Path) -> None:
    """What was typed is kept, and where to look is said."""
    made = ended(simulator, clock)
    spring = of_campaign(tmp_path, made.id)
    instead(simulator, "/v1/calls/{call_id}", lambda _: JSONResponse({"id": made.id}), "PATCH")
    _, shown, said = call("calls", "outcome", made.id, "interested")
    assert shown == "Interested\n"
    assert f"does not tell which outcome the call has now: `campaign calls show {made.id}`" in said
    assert spring.result().outcome == "Interested"


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
    of_generation(simulator, "v1")
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


def of_generation(simulator: Simulator, generation: str) -> None:
    """An account of another generation, which has other endpoints, too."""
    simulator.generation = generation
    other = Simulator(provider=simulator.provider, generation=generation)
    simulator.app.router.routes[:] = other.app.router.routes


def instead(simulator: Simulator, path: str, answer: Callable[[Request], Response], method: str) -> None:
    """An endpoint answers as a test says."""
    simulator.app.router.routes.insert(0, Route(path, answer, methods=[method]))


def add_outcome(simulator: Simulator, label: str, name: str, *, is_active: bool = True) -> None:
    """One label of the account's own."""
    from campaign.simulator.outcomes import Outcome

    stamp = datetime.now(UTC).isoformat()
    simulator.outcomes.own[name] = Outcome(name, name, label, None, stamp, stamp, is_active)
