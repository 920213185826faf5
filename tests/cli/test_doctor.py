"""`campaign doctor` against an account on a real socket: every check, with its cause and its cure."""

import json
import os
import shlex
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from campaign.cli.app import app
from campaign.cli.run import Options, execute
from campaign.doctor.finding import NO_CURE
from campaign.errors import CampaignError, ExitCode, UsageError
from campaign.ledger import breakers, campaigns
from campaign.ledger.ledger import Ledger
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.numbers import Number
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider
from campaign.simulator.server import running
from tests.e2e.impatient import IMPATIENT
from tests.ledger.case import do, people, start
from tests.support import NOON

OURS, OTHER = "+12025550100", "+12025550109"
CONFIG = f"""
name: spring
agent_id: agt_1
from_numbers: ["{OURS}"]
contacts: {{countries: [US, NP]}}
hours: {{days: {{mon-sun: "00:00-24:00"}}, closing_margin: 0s}}
pace: {{calls_per_second: 100}}
"""
US, NEPAL = "+1212555012{}", "+977984123456{}"


def register(simulator: Simulator, number: str) -> None:
    """A number of the account, with everything that it needs."""
    stamp = datetime.now(UTC).isoformat()
    simulator.numbers.known[number] = Number(
        number, number, None, "twilio", "agt_1", None, {"trunk_address": "sip.example.com"}, {}, stamp, stamp
    )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign file, a list of six, and no ledger."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_LEDGER", str(tmp_path / "ledger.db"))
    (tmp_path / "campaign.yaml").write_text(CONFIG)
    write_list(US)
    return tmp_path


def write_list(pattern: str) -> None:
    """Six people with numbers of this kind."""
    rows = "".join(f"{pattern.format(at)},Person {at}\n" for at in range(1, 7))
    Path("list.csv").write_text(f"phone,name\n{rows}")


@pytest.fixture
def simulator(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """An account in which nothing is missing."""
    simulated = Simulator(
        provider=Provider(speed=100, behaviour=Behaviour(answer=1, voicemail=0)),
        first_message="Hello {{name}}",
        agents=frozenset({"agt_1"}),
    )
    register(simulated, OURS)
    with running(simulated) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
        yield simulated


def strike(simulator: Simulator, *faults: str) -> None:
    """From now on these go wrong."""
    simulator.faults = FaultPlan(tuple(map(Fault.parse, faults)))


def examined(*arguments: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit code, and what each check says."""
    result = CliRunner().invoke(app, ["doctor", *arguments, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    told = json.loads(result.stdout)
    assert told["exit_code"] == result.exit_code
    found: dict[str, list[dict[str, Any]]] = {}
    for each in told["checks"]:
        assert "\n" not in each["seen"] + (each["cure"] or "")
        assert bool(each["cure"]) is (each["verdict"] in ("problem", "note")), each
        assert each["cure"] != NO_CURE, each
        found.setdefault(each["check"], []).append(each)
    return result.exit_code, found


WHOLE = ("--config", "campaign.yaml", "--list", "list.csv")


def the(check: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """What one check says that is made once, and the exit code."""
    code, found = examined(*(arguments or WHOLE))
    [only] = found[check]
    return code, only


def test_all_is_well(simulator: Simulator) -> None:
    """Nothing is called a problem where nothing is wrong, nothing is made, and nobody is called."""
    code, found = examined(*WHOLE)
    verdicts = {check: each["verdict"] for check, told in found.items() for each in told}
    assert code == 0, found
    assert verdicts.pop("recent calls") == "unknown"
    assert set(verdicts.values()) == {"ok"}
    assert not Path("ledger.db").exists()
    assert not simulator.provider.dials


def test_people_are_told_in_lines(simulator: Simulator) -> None:
    """Off a terminal a line for each check, and one more with the cure."""
    simulator.agents = frozenset({"agt_2"})
    result = CliRunner().invoke(app, ["doctor", "--config", "campaign.yaml"])
    assert result.exit_code == 78
    assert "problem  agent: OneInbox knows no agent agt_1\ncure     take agent_id from" in result.stdout
    assert result.stderr == "campaign: 1 problem to mend first\n"


def test_without_a_campaign_file_the_account_is_looked_at(simulator: Simulator) -> None:
    """Key, numbers, calls, quota, machine and ledger need none."""
    code, found = examined()
    assert code == 0
    assert found["campaign file"][0]["verdict"] == "unknown"
    assert found["from number"][0]["seen"] == f"{OURS} is registered and active"
    assert "agent" not in found
    with pytest.raises(UsageError, match="--config"):
        CliRunner().invoke(app, ["doctor", "--list", "list.csv"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("key", "verdict", "code", "words"),
    [
        (None, "problem", 77, "no API key"),
        (
            "oi_pk_abcdefgh",
            "problem",
            77,
            "the API key is a publishable one (oi_pk_), which cannot place calls",
        ),
        ("oi_sk_wrong_key", "problem", 77, "HTTP 401"),
        ("some_other_key", "problem", 77, "does not begin with oi_sk_"),
    ],
)
def test_the_key(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    key: str | None,
    verdict: str,
    code: int,
    words: str,
) -> None:
    """Missing, of the wrong kind, or refused: exit 77, and the key is in no word of it."""
    monkeypatch.delenv("ONEINBOX_API_KEY")
    if key is not None:
        monkeypatch.setenv("ONEINBOX_API_KEY", key)
    exit_code, found = the("API key")
    assert (exit_code, found["verdict"]) == (code, verdict)
    assert words in found["seen"]
    assert key is None or key not in str(found)


def test_a_key_of_an_unknown_kind_that_works(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first documentation shows no prefix: it is told, and no problem."""
    simulator.api_key = "another_kind_of_key"
    monkeypatch.setenv("ONEINBOX_API_KEY", "another_kind_of_key")
    code, found = the("API key")
    assert (code, found["verdict"]) == (0, "note")


def test_an_account_that_is_away(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is the one thing that must be known; all else of the account could not be checked."""
    monkeypatch.setenv("ONEINBOX_BASE_URL", "http://127.0.0.1:9")
    code, found = examined(*WHOLE)
    assert code == 78
    assert "ONEINBOX_BASE_URL" in found["API key"][0]["cure"]
    for check in ("agent", "from number", "carriers", "recent calls", "quota", "clock"):
        assert found[check][0]["verdict"] == "unknown"
        assert found[check][0]["seen"].startswith("could not be checked, because ")


@pytest.mark.parametrize(
    ("variable", "value", "check"),
    [
        ("ONEINBOX_BASE_URL", "http://api.example.com", "address"),
        ("ONEINBOX_PROXY", "nonsense", "proxy"),
        ("ONEINBOX_API_KEY", "two words", "API key"),
        ("ONEINBOX_API_KEY_FILE", "gone", "API key"),
        ("ONEINBOX_API_KEY_FILE", "campaign.yaml", "API key"),
        ("ONEINBOX_API_KEY_FILE", "binary", "API key"),
        ("CAMPAIGN_LEDGER", "mysql://db/name", "ledger"),
        ("CAMPAIGN_LEDGER", "nonsense://", "ledger"),
        ("CAMPAIGN_LEDGER", "postgresql://127.0.0.1:9/name", "ledger"),
    ],
)
def test_what_stands_in_the_environment(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, check: str
) -> None:
    """An address to which the key must not travel is told before anything is sent there; so is the rest."""
    Path("binary").write_bytes(b"\xff")
    Path("binary").chmod(0o600)
    Path("campaign.yaml").chmod(0o644)
    if variable == "ONEINBOX_API_KEY_FILE":
        monkeypatch.delenv("ONEINBOX_API_KEY")
    monkeypatch.setenv(variable, value)
    code, found = the(check)
    assert (code, found["verdict"]) == (77 if check == "API key" else 78, "problem")


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("status=403@usage", "quota"),
        ("status=404@usage", "quota"),
        ("status=503@agent", "agent"),
        ("status=404@numbers", "from number"),
        ("status=500@carriers", "carriers"),
        ("status=404@carriers", "carriers"),
    ],
)
def test_what_cannot_be_asked_is_no_problem(simulator: Simulator, fault: str, check: str) -> None:
    """An endpoint that is away, or that a key may not use, is neither ok nor a problem."""
    strike(simulator, fault)
    code, found = the(check)
    assert (code, found["verdict"]) == (0, "unknown")


def test_an_account_without_a_list_of_calls(simulator: Simulator) -> None:
    """The key is accepted all the same."""
    strike(simulator, "status=404@list")
    code, found = examined(*WHOLE)
    assert (code, found["API key"][0]["verdict"]) == (0, "ok")
    assert found["recent calls"][0]["seen"].endswith("no list of calls")


@pytest.mark.parametrize("generation", ["v1", "v2", "v3"])
def test_every_generation_is_examined(place: Path, monkeypatch: pytest.MonkeyPatch, generation: str) -> None:
    """What an older generation does not tell is not made up."""
    simulated = Simulator(generation=generation, agents=frozenset({"agt_1"}))
    register(simulated, OURS)
    with running(simulated) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
        code, found = examined(*WHOLE)
    assert code == 0, found
    assert found["from number"][0]["verdict"] == "ok"
    assert found["voicemail detection"][0]["verdict"] == ("ok" if generation == "v3" else "unknown")


def test_an_agent_that_does_not_exist(simulator: Simulator) -> None:
    """Its id is told, and where ids are."""
    simulator.agents = frozenset({"agt_2"})
    code, found = the("agent")
    assert (code, found["seen"]) == (78, "OneInbox knows no agent agt_1")
    assert "dashboard" in found["cure"]


@pytest.mark.parametrize(
    ("agents", "found"),
    [
        (["", "agt_1"], []),
        (["agt_2", ""], [("ok", "rows name 1 agent, and have a value for everything that is said")]),
        (["agt_gone", "agt_3"], [("problem", "no agent agt_gone, named in row 2: it refuses such calls")]),
        (
            ["agt_3", "agt_4"],
            [("problem", "no value for town, which agent agt_4 says, in row 3: not dialled")],
        ),
        (["agt_5", "agt_5"], [("note", "no value for order, which agent agt_5 says, in row 2: not dialled")]),
    ],
)
def test_agents_that_rows_name(simulator: Simulator, agents: list[str], found: list[tuple[str, str]]) -> None:
    """Each exists and has a value for what it says; who names one that does not would stop the dialling."""
    simulator.agents = frozenset({"agt_1", "agt_2", "agt_3", "agt_4", "agt_5"})
    simulator.first_messages = {"agt_4": "Hello from {{town}}", "agt_5": "About {{order}}"}
    Path("campaign.yaml").write_text(CONFIG.replace("contacts: {", "contacts: {agent_id: agent, "))
    rows = (f"{US.format(at)},Ann,{agent},{'' if at == 1 else 17}\n" for at, agent in enumerate(agents, 1))
    Path("list.csv").write_text(f"phone,name,agent,order\n{''.join(rows)}")
    code, told = examined(*WHOLE)
    of_rows = told.get("agents of rows", [])
    assert [each["verdict"] for each in of_rows] == [verdict for verdict, _ in found]
    assert all(words in each["seen"] for each, (_, words) in zip(of_rows, found, strict=True))
    assert code == (78 if "problem" in dict(found) else 0)


def test_agents_of_rows_that_cannot_be_asked(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an account that is away they are not asked one by one, and nothing is called well."""
    Path("campaign.yaml").write_text(CONFIG.replace("contacts: {", "contacts: {agent_id: agent, "))
    Path("list.csv").write_text(f"phone,agent\n{US.format(1)},agt_2\n")
    monkeypatch.setenv("ONEINBOX_BASE_URL", "http://127.0.0.1:9")
    _, found = the("agents of rows")
    assert found["verdict"] == "unknown"
    assert "1 of 1 agents of the list's rows say was not read (OneInbox could not be asked)" in found["seen"]


@pytest.mark.parametrize(
    ("message", "call", "with_list", "verdict", "words"),
    [
        ("Hello {{name}}", "{}", True, "ok", "{{name}}"),
        ("Hello {{nickname}}", "{}", True, "problem", "nickname"),
        ("Hello {{nickname}}", "{variables: {nickname: you}}", True, "ok", "{{nickname}}"),
        ("Hello {{nickname}}", "{overrides: {first_message: Hi}}", True, "ok", "no variables"),
        ("Hello", "{overrides: {first_message: 'Hi {{nickname}}'}}", True, "problem", "nickname"),
        ("Hello {{name}}", "{}", False, "unknown", "--list"),
        ("Hello {{name | upper}}", "{}", True, "note", "{{name | upper}}"),
    ],
)
def test_what_the_agent_says_first(
    simulator: Simulator, message: str, call: str, with_list: bool, verdict: str, words: str
) -> None:
    """The list has what is heard first, be it the agent's message or that of the campaign file."""
    simulator.first_message = message
    Path("campaign.yaml").write_text(f"{CONFIG}call: {call}\n")
    _, found = examined(*(WHOLE if with_list else WHOLE[:2]))
    assert found["first message"][0]["verdict"] == verdict
    assert words in found["first message"][0]["seen"]


def test_columns_that_the_campaign_file_names(simulator: Simulator) -> None:
    """Where it says which columns are sent, no list is needed to know that one is missing."""
    Path("campaign.yaml").write_text(CONFIG.replace("contacts: {", "contacts: {variables: [order], "))
    code, found = the("first message", *WHOLE[:2])
    assert (code, found["verdict"]) == (78, "problem")
    assert "{{name}}" in found["seen"]


@pytest.mark.parametrize(
    ("details", "more", "check", "verdict"),
    [
        ({"enable_recording": True}, "", "recording", "ok"),
        ({"enable_recording": "maybe"}, "", "recording", "unknown"),
        ({"voicemail_detection": True}, "", "voicemail detection", "ok"),
        ({}, "retry: {max_attempts: 2, voicemail: [1h]}", "voicemail detection", "note"),
        ({"max_duration_seconds": 3600}, "", "longest call", "problem"),
        ({"max_duration_seconds": 3600}, "call: {max_duration: 1h}", "longest call", "ok"),
        ({"max_duration_seconds": None}, "", "longest call", "unknown"),
    ],
)
def test_what_the_agent_does(
    simulator: Simulator, details: dict[str, Any], more: str, check: str, verdict: str
) -> None:
    """Recording, voicemail detection and the longest call, as the campaign file depends on them."""
    simulator.agent_details = details
    Path("campaign.yaml").write_text(CONFIG + more)
    assert the(check)[1]["verdict"] == verdict


@pytest.mark.parametrize(
    ("fault", "words", "cure"),
    [
        ("inactive@numbers", "is inactive", "dashboard"),
        ("no_trunk@numbers", "no trunk", "register it anew"),
        ("no_agent@numbers", "who calls back reaches nobody", f"numbers update {OURS} --agent ID"),
    ],
)
def test_from_numbers(simulator: Simulator, fault: str, words: str, cure: str) -> None:
    """Inactive, without a trunk, without an agent for calls that come in: each is told with its own cure.

    None is a problem, as what the list of numbers looks like is not documented.
    """
    strike(simulator, fault)
    code, found = the("from number")
    assert (code, found["verdict"]) == (0, "note")
    assert words in found["seen"]
    assert cure in found["cure"]


def test_a_from_number_that_is_not_listed(simulator: Simulator) -> None:
    """Of several numbers each is looked at; one that is missing may be refused, or do all the same."""
    Path("campaign.yaml").write_text(CONFIG.replace(f'["{OURS}"]', f'["{OURS}", "{OTHER}"]'))
    code, found = examined(*WHOLE)
    assert code == 0
    assert [each["verdict"] for each in found["from number"]] == ["ok", "note"]
    missing = f"{OTHER} is not among the numbers that OneInbox lists: its calls may be refused"
    assert found["from number"][1]["seen"] == missing
    assert "campaign numbers register" in found["from number"][1]["cure"]


def test_a_from_number_that_calls_went_out_from_lately(simulator: Simulator) -> None:
    """Where nothing is listed, or nothing that can be read, the account's latest calls say that it works."""
    simulator.numbers.known.clear()
    register(simulator, "a number of no kind")
    _, found = the("from number")
    assert found["seen"] == f"{OURS} is not among the numbers that OneInbox lists: its calls may be refused"
    made = simulator.provider.place(
        agent_id="agt_1", to_number=US.format(1), from_number="+1 (202) 555-0100", variables={}, metadata={}
    )
    made.placed_at = -1000.0
    simulator.numbers.known.clear()
    code, found = the("from number")
    assert (code, found["verdict"]) == (0, "note")
    went = "yet 1 of the account's latest calls went through from it"
    assert found["seen"] == f"{OURS} is not listed: OneInbox lists none, {went}"
    assert found["cure"].startswith("leave it while calls go through; else register")


def test_an_account_without_numbers(simulator: Simulator) -> None:
    """It may call from numbers of its own carrier, so that this stops nobody."""
    simulator.numbers.known.clear()
    code, found = examined()
    assert (code, found["from number"][0]["verdict"]) == (0, "note")
    assert found["from number"][0]["seen"] == "OneInbox lists no number of this account"


def test_numbers_are_compared_by_their_digits(simulator: Simulator) -> None:
    """However OneInbox writes a number, it is the one that the campaign file means."""
    simulator.numbers.known.clear()
    register(simulator, "+1 (202) 555-0100")
    code, found = the("from number")
    assert (code, found["seen"]) == (0, f"{OURS} is registered and active")


@pytest.mark.parametrize(
    ("quota", "made", "budget", "code", "verdict"),
    [
        (None, 0, "", 0, "ok"),
        (10, 2, "", 0, "ok"),
        (10, 5, "", 0, "note"),
        (10, 10, "", 78, "problem"),
        (10, 5, "budget: {reserve_calls: 5}", 78, "problem"),
    ],
)
def test_the_quota(
    simulator: Simulator, quota: int | None, made: int, budget: str, code: int, verdict: str
) -> None:
    """Against the people of the list, and what is left to others."""
    simulator.provider.daily_quota = quota
    for at in range(made):
        simulator.provider.place(
            agent_id="agt_2", to_number=f"+1202555{at:04d}", from_number=OURS, variables={}, metadata={}
        )
    Path("campaign.yaml").write_text(CONFIG + budget)
    exit_code, found = the("quota")
    assert (exit_code, found["verdict"]) == (code, verdict)


@pytest.mark.parametrize(("ahead_s", "direction"), [(3600.0, "behind"), (-3600.0, "ahead of")])
def test_a_clock_that_is_wrong(simulator: Simulator, ahead_s: float, direction: str) -> None:
    """Against the date of OneInbox's replies, as hours go by it."""
    simulator.clock_ahead_s = ahead_s
    code, found = the("clock")
    assert (code, found["verdict"]) == (78, "problem")
    assert f"s {direction} OneInbox's" in found["seen"]


def test_a_campaign_file_that_cannot_be_used(simulator: Simulator) -> None:
    """The account and the machine are looked at all the same."""
    Path("campaign.yaml").write_text(CONFIG + "paces: {}\n")
    code, found = examined(*WHOLE)
    assert (code, found["campaign file"][0]["verdict"]) == (78, "problem")
    assert "did you mean pace?" in found["campaign file"][0]["cure"]
    assert found["API key"][0]["verdict"] == "ok"


@pytest.mark.parametrize(
    "content",
    [
        "name: [a",
        "",
        "name: spring",
        b"name: \xff",
        CONFIG.replace("agt_1", "''"),
        CONFIG + "call: {webhook_url: 'http://crm.example/events'}",
        CONFIG + "budget: {minutes: many}",
        CONFIG + "dispositions: gone.yaml",
        CONFIG.replace("name: spring", "name: 's-{day}'"),
        CONFIG.replace("name: spring", "name: a/b"),
        CONFIG.replace("100}", "-1}"),
    ],
)
def test_every_mistake_in_a_campaign_file_has_a_cure(simulator: Simulator, content: str | bytes) -> None:
    """Its own, which `examined` demands of each check."""
    Path("campaign.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
    code, found = the("campaign file")
    assert (code, found["verdict"]) == (78, "problem")


def test_files_beside_the_campaign_file(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Suppression lists by their age, the days off, the profile, the result's folder, the webhook's host."""
    week_ago = time.time() - 7 * 86400
    for name in ("young.csv", "old.csv", "ripe.csv"):
        Path(name).write_text("+12125550199\n")
        os.utime(name, (week_ago, week_ago) if name != "young.csv" else None)
    lists = "[young.csv, {file: old.csv, max_age: 3d}, {file: ripe.csv, max_age: 8d}, gone.csv]"
    Path("campaign.yaml").write_text(
        CONFIG.replace("closing_margin: 0s", "blackout: none.csv")
        + f"suppression: {lists}\noutput: nowhere/r.csv\ncall: {{webhook_url: 'https://evil.example/?t=1'}}\n"
    )
    monkeypatch.setenv("CAMPAIGN_WEBHOOK_HOSTS", "crm.example")
    code, found = examined(*WHOLE)
    assert code == 78
    assert [each["verdict"] for each in found["suppression"]] == ["ok", "problem", "note", "problem"]
    assert "7 days old" in found["suppression"][1]["seen"]
    assert "mkdir -p nowhere" in found["result"][0]["cure"]
    for check in ("days off", "webhook", "result"):
        assert found[check][0]["verdict"] == "problem"


@pytest.mark.parametrize("dates", ["soon\n", "2026-02-30\n", "2026-03-02..2026-03-01\n", "", b"\xff"])
def test_dates_that_are_none(simulator: Simulator, dates: str | bytes) -> None:
    """A blackout file that cannot be understood lets nobody be called, and is told with its cure."""
    Path("off.csv").write_bytes(dates.encode() if isinstance(dates, str) else dates)
    Path("campaign.yaml").write_text(CONFIG.replace("closing_margin: 0s", "blackout: off.csv"))
    code, found = the("days off")
    assert (code, found["verdict"]) == (78, "problem")


@pytest.mark.parametrize("numbers", ["12\n", "", 'a,"b\n', "a,b\n1,2\n", b"\xff\xfe", b"\xffa"])
def test_suppression_lists_that_are_none(simulator: Simulator, numbers: str | bytes) -> None:
    """One that cannot be read whole lets nobody be called, and is told with its cure."""
    Path("dnc.csv").write_bytes(numbers.encode() if isinstance(numbers, str) else numbers)
    Path("campaign.yaml").write_text(CONFIG + "suppression: [dnc.csv]\n")
    code, found = the("suppression")
    assert (code, found["verdict"]) == (78, "problem")


@pytest.mark.parametrize("output", ["r.pdf", "campaign.yaml/r.csv", "gone/r.csv", "folder.csv"])
def test_a_result_that_cannot_be_written(simulator: Simulator, output: str) -> None:
    """Before a night of calls, and with its cure."""
    Path("folder.csv").mkdir()
    Path("campaign.yaml").write_text(f"{CONFIG}output: {output}\n")
    code, found = the("result")
    assert (code, found["verdict"]) == (78, "problem")


@pytest.mark.parametrize(
    ("command", "code", "verdict"), [("[sh, -c, exit]", 0, "ok"), ("[no-such-program]", 78, "problem")]
)
def test_the_hook(simulator: Simulator, command: str, code: int, verdict: str) -> None:
    """Whether it is there; it is not asked about anybody."""
    Path("campaign.yaml").write_text(f"{CONFIG}hook: {{command: {command}}}\n")
    exit_code, found = the("hook")
    assert (exit_code, found["verdict"]) == (code, verdict)


def test_a_profile_and_its_expiry(simulator: Simulator) -> None:
    """Rules that nobody has looked at since they expired call nobody."""
    hours = "hours: {profile: us, profile_confirmed: 2099-01-01}\n"
    without = "\n".join(line for line in CONFIG.splitlines() if not line.startswith("hours"))
    Path("campaign.yaml").write_text(f"{without}\n{hours}")
    code, found = examined("--config", "campaign.yaml")
    assert (code, found["profile"][0]["verdict"]) == (78, "problem")
    assert "profile_confirmed" in found["profile"][0]["seen"]


@pytest.mark.parametrize(
    ("rows", "verdict", "words"),
    [
        ("+12125550121,A\n12,B\n", "problem", "50.0% of the rows are unusable"),
        ("12,B\n", "problem", "none of its 1 rows"),
        ("".join(f"{US.format(at)},A\n" for at in range(10)) * 2, "note", "10 people can be called, 10 rows"),
    ],
)
def test_the_list(simulator: Simulator, rows: str, verdict: str, words: str) -> None:
    """Numbers that are no numbers are found before anybody is called."""
    Path("list.csv").write_text(f"phone,name\n{rows}")
    _, found = the("contact list")
    assert found["verdict"] == verdict
    assert words in found["seen"]
    assert "campaign validate" in found["cure"]


@pytest.mark.parametrize("kind", ["none", "folder", "empty", "no phone", "binary", "quote", "cells"])
def test_a_list_that_cannot_be_read(simulator: Simulator, kind: str) -> None:
    """It is one problem among others, and has its cure."""
    path = Path("list.csv")
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind != "none":
        path.write_bytes(
            {
                "empty": b"",
                "no phone": b"who,what\na,b\n",
                "binary": b"\x89PNG\0\0",
                "quote": b'phone,n\n+12125550121,"a\n',
                "cells": b"phone,n\n+12125550121,a,b\n",
            }[kind]
        )
    code, found = the("contact list")
    assert (code, found["verdict"]) == (78, "problem")


def test_a_ledger_that_is_in_use(simulator: Simulator) -> None:
    """Who has it is told, and nothing is taken from them."""
    with Ledger.open("ledger.db") as ledger, ledger.run_lock("campaign spring"):
        start(ledger, people("+12125550121"))
        code, found = the("run lock")
        do(ledger, campaigns.finish_settled, NOON)
    assert (code, found["verdict"]) == (0, "note")
    assert "campaign spring, process " in found["seen"]
    assert the("run lock")[1]["seen"] == "free"


def test_a_ledger_that_is_a_copy(simulator: Simulator) -> None:
    """It does not know whom others have called, and what a run would refuse is told."""
    with Ledger.open("ledger.db") as ledger:
        start(ledger, people("+12125550121"))
    Path("ledger.db.generation").unlink()
    code, found = the("ledger")
    assert (code, found["verdict"]) == (78, "problem")
    assert "is a copy" in found["seen"]
    assert "--accept-ledger" in found["cure"]


@pytest.mark.parametrize("content", [b"not a database, but a text that is long enough" * 40, b""])
def test_a_ledger_that_is_none(simulator: Simulator, content: bytes) -> None:
    """A file that is no database is told; an empty one is as good as none."""
    Path("ledger.db").write_bytes(content)
    code, found = the("ledger")
    assert (code, found["verdict"]) == ((78, "problem") if content else (0, "ok"))


def test_what_stops_dialling_is_told_with_its_cure(simulator: Simulator) -> None:
    """What an earlier run has met, and a human has to close; the command that does is told whole."""
    with Ledger.open("ledger.db") as ledger:
        spring = start(ledger, people("+12125550121"))
        do(
            ledger,
            breakers.record_open,
            spring.id,
            rule="credit",
            cause="HTTP 402",
            cure="top up",
            scope="campaign",
            subject="",
            evidence={},
            needs_reset=True,
            of_account=True,
            now=NOON,
        )
    code, found = the("breaker", "--config", "campaign.yaml")
    assert (code, found["seen"]) == (78, "spring: HTTP 402")
    assert found["cure"] == "top up, then `campaign resume spring --reason TEXT`"
    _, found = the("breaker", "--config", "campaign.yaml", "--ledger", "ledger.db")
    assert found["cure"] == "top up, then `campaign resume spring --reason TEXT --ledger ledger.db`"
    command = shlex.split(found["cure"].split("`")[1].replace("TEXT", "paid"))[1:]
    resumed = CliRunner().invoke(app, command)
    assert resumed.exit_code == 0, resumed.output
    assert "breaker" not in examined("--config", "campaign.yaml")[1]


TROUBLESHOOTING: Sequence[tuple[str, str, str, ExitCode, str, str]] = (
    # fault, list, how it shows, exit of the run, check of the doctor, the cure
    ("status=401", US, "refused", ExitCode.KEY_REFUSED, "breaker", "ONEINBOX_API_KEY"),
    ("refuse", US, "refused", ExitCode.API_UNAVAILABLE, "breaker", "call_error in the result says why"),
    ("fail_call=invalid_number", US, "failed", ExitCode.API_UNAVAILABLE, "recent calls", "with their plus"),
    ("refuse_country=977", NEPAL, "refused", ExitCode.API_UNAVAILABLE, "breaker", "geo permissions"),
    (
        "fail_call=geo_permission_denied",
        NEPAL,
        "failed",
        ExitCode.API_UNAVAILABLE,
        "recent calls",
        "geo perm",
    ),
    ("refuse_setup=carrier", US, "refused", ExitCode.CONFIG, "breaker", "campaign carriers add"),
    ("fail_call=carrier_auth_failed", US, "failed", ExitCode.API_UNAVAILABLE, "recent calls", "carriers add"),
    ("refuse_setup=from_number", US, "refused", ExitCode.CONFIG, "breaker", "campaign numbers register"),
    (
        "fail_call=caller_id_unverified",
        US,
        "failed",
        ExitCode.API_UNAVAILABLE,
        "recent calls",
        "numbers register",
    ),
    ("refuse_setup=agent", US, "refused", ExitCode.CONFIG, "breaker", "agent_id"),
    ("fail_call=insufficient_balance", US, "failed", ExitCode.API_UNAVAILABLE, "recent calls", "top up"),
)


@pytest.mark.parametrize(("fault", "people", "how", "code", "check", "cure"), TROUBLESHOOTING)
def test_the_vendors_troubleshooting_table(
    simulator: Simulator, fault: str, people: str, how: str, code: ExitCode, check: str, cure: str
) -> None:
    """Whether a cause shows as a refused request or as a failed call, run and doctor tell the same cure."""
    write_list(people)
    strike(simulator, fault)
    options = Options(
        contact_list=Path("list.csv"),
        config=Path("campaign.yaml"),
        ledger="ledger.db",
        yes=True,
        as_json=True,
    )
    printed = _run(options)
    assert printed["exit_code"] == code
    told = str(printed["stopped_because"]) + str(printed["breakers"])
    assert cure in told
    _, found = examined(*WHOLE)
    assert any(cure in (each["cure"] or "") for each in found[check]), found[check]
    # A number of the list says nothing of the next one; all else would go wrong again.
    expected = "note" if "invalid_number" in fault else "problem"
    assert found[check][0]["verdict"] == expected
    if how == "failed":
        assert found[check][0]["seen"].startswith(f"{len(simulator.provider.dials)} of the last ")


def _run(options: Options) -> Any:
    """The document that a run prints, whatever it ends with."""
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(CampaignError):
        execute(options, timing=IMPATIENT)
    return json.loads(printed.getvalue())


def test_what_has_worked_since_is_no_problem_any_more(simulator: Simulator) -> None:
    """A cause counts until a call of its kind has gone through: for a country, one to that country."""
    for at, (number, reason) in enumerate(((NEPAL.format(1), "geo_permission_denied"), (US.format(1), ""))):
        made = simulator.provider.place(
            agent_id="agt_1", to_number=number, from_number=OURS, variables={}, metadata={}
        )
        if reason:
            simulator.provider.fail(made, reason)
        made.placed_at = -1000.0 + at
    code, found = the("recent calls")
    assert (code, found["verdict"]) == (78, "problem")
    assert "1 of the last 2 have failed, to NP, " in found["seen"]
    made = simulator.provider.place(
        agent_id="agt_1", to_number=NEPAL.format(2), from_number=OURS, variables={}, metadata={}
    )
    made.placed_at = -990.0
    code, found = the("recent calls")
    assert (code, found["verdict"]) == (0, "note")
    assert found["seen"].endswith("; 1 have gone through since")


def test_people_abroad(simulator: Simulator) -> None:
    """Whether the carrier may call a country only a call can tell, and one that has gone through does."""
    write_list(NEPAL)
    assert "may call NP" in the("geo permissions")[1]["seen"]
    made = simulator.provider.place(
        agent_id="agt_1", to_number=NEPAL.format(9), from_number=OURS, variables={}, metadata={}
    )
    made.placed_at = -1000.0
    assert the("geo permissions")[1]["verdict"] == "ok"


def test_no_number_of_a_person_is_told(simulator: Simulator) -> None:
    """A failed call names its country, and never whom it was for."""
    made = simulator.provider.place(
        agent_id="agt_1", to_number=US.format(1), from_number=OURS, variables={}, metadata={}
    )
    simulator.provider.fail(made, f"carrier error for {US.format(1)}")
    made.placed_at = -1000.0
    assert US.format(1) not in str(examined(*WHOLE))


def test_a_run_whose_rows_are_all_final_tells_what_it_has_met(
    simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """A country that the carrier may not call is told also when its last person was the last of the list."""
    rows = "".join(f"{NEPAL.format(at)},Person {at}\n" for at in range(1, 4))
    Path("list.csv").write_text(f"phone,name\n{rows}")
    strike(simulator, "fail_call=geo_permission_denied")
    options = Options(
        contact_list=Path("list.csv"), config=Path("campaign.yaml"), ledger="ledger.db", yes=True
    )
    assert execute(options, timing=IMPATIENT) is ExitCode.OK
    assert "note: the carrier put none of the last 3 calls to NP through" in capsys.readouterr().err
