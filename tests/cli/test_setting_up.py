"""`campaign carriers` and `campaign numbers`, as they are typed, against the simulator on a real socket."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from campaign.cli import secrets
from campaign.cli.app import app
from campaign.cli.setting_up import explained
from campaign.errors import (
    ApiUnavailableError,
    CampaignError,
    ConfigError,
    ExitCode,
    InputMissingError,
    KeyRefusedError,
    UsageError,
)
from campaign.oneinbox import errors
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.server import running
from tests.cli.test_commands import call, call_json

GENERATIONS = ("v1", "v2", "v3")
SECRET = "carrier-token-4711"
PASSWORD = "trunk-pass-4711"
NUMBER = "+14155550123"
ADD = ("carriers", "add", "Production", "--provider", "twilio", "--secret-env", "CARRIER_TOKEN")
BY_TRUNK = (
    *("numbers", "register", NUMBER, "--agent", "agt_1", "--provider", "twilio"),
    *("--trunk", "sip.example.com", "--trunk-user", "one", "--secret-env", "TRUNK_PASSWORD"),
)


@pytest.fixture
def simulator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """An account of the newest generation, or of the one that a test asks for; secrets in the environment."""
    simulated = Simulator(generation=getattr(request, "param", "v3"))
    with running(simulated) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
        monkeypatch.setenv("CARRIER_TOKEN", SECRET)
        monkeypatch.setenv("TRUNK_PASSWORD", PASSWORD)
        yield simulated


def told(*arguments: str) -> str:
    """All that a command says."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.exception
    return result.stdout + result.stderr


def strike(simulator: Simulator, *faults: str) -> None:
    """From now on these faults strike."""
    simulator.faults = FaultPlan(tuple(map(Fault.parse, faults)))


@pytest.mark.parametrize("simulator", GENERATIONS, indirect=True)
def test_a_carrier_is_stored_listed_and_removed(simulator: Simulator) -> None:
    """By id or by name, as text and for programs; what it holds is told to the account only."""
    added = call_json(*ADD, "--account-sid", "AC1", "--metadata", "region=us1")
    [kept] = simulator.carriers.known.values()
    assert (kept.api_key, kept.metadata) == (SECRET, {"account_sid": "AC1", "region": "us1"})
    assert added == {
        "id": kept.id,
        "name": "Production",
        "provider": "twilio",
        "created_at": added["created_at"],
    }
    assert call_json("carriers", "list") == [added]
    second = told("carriers", "add", "Other", "--provider", "tenyx", "--secret-env", "CARRIER_TOKEN")
    assert "numbers are registered with --carrier" in second
    said = told("carriers", "list")
    assert said.splitlines()[0] == f"{kept.id}  Production  twilio"
    assert SECRET not in second + said + json.dumps(added)
    told("carriers", "remove", "Other", "--yes")
    told("carriers", "remove", kept.id, "--yes")
    assert simulator.carriers.known == {}
    assert call("carriers", "list") == (0, "")
    assert "no carrier is stored" in told("carriers", "list")
    assert call_json("carriers", "list") == []


def test_a_name_is_used_once(simulator: Simulator) -> None:
    """After a reply that was lost the same command stores no second credential."""
    strike(simulator, "lose_reply@add_carrier")
    with pytest.raises(ApiUnavailableError, match="look with `campaign carriers list` before you try again"):
        call(*ADD)
    strike(simulator)
    with pytest.raises(UsageError, match="there is a carrier Production already"):
        call(*ADD)
    assert len(simulator.carriers.known) == 1


def test_a_secret_from_a_file(simulator: Simulator, tmp_path: Path) -> None:
    """A private file is read; one that others can read, or that is missing, stores nothing."""
    path = tmp_path / "token"
    path.write_text(f"{SECRET}\n")
    add = (*ADD[:5], "--secret-file", str(path))
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others can read it; run chmod 600"):
        call(*add)
    path.chmod(0o600)
    assert call(*add)[0] == 0
    path.unlink()
    with pytest.raises(InputMissingError):
        call(*add)
    assert [carrier.api_key for carrier in simulator.carriers.known.values()] == [SECRET]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (ADD[:5], UsageError, "there is no terminal to ask on; give --secret-env or --secret-file"),
        ((*ADD, "--secret-file", "token"), UsageError, "say one of them"),
        ((*ADD[:-1], SECRET), ConfigError, "not the secret itself"),
        ((*ADD, "--metadata", SECRET), UsageError, "write KEY=VALUE"),
        ((*ADD, "--metadata", "a=1", "--metadata", "a=2"), UsageError, "each key once"),
        ((*ADD, "--account-sid", "AC1", "--metadata", "account_sid=AC2"), UsageError, "say one of them"),
        (("carriers", "add", " ", *ADD[3:]), UsageError, "must not be empty"),
        (("carriers", "remove", "nobody", "--yes"), UsageError, "there is no such carrier"),
        (("numbers", "register", "4155550123", *BY_TRUNK[3:]), UsageError, "not a whole phone number"),
        (("numbers", "register", "+1415555012", *BY_TRUNK[3:]), UsageError, "not a whole phone number"),
        (BY_TRUNK[:5], UsageError, "say --carrier or --trunk, one of them"),
        ((*BY_TRUNK, "--carrier", "x"), UsageError, "say --carrier or --trunk, one of them"),
        (
            (*BY_TRUNK[:5], "--carrier", "x", "--secret-env", "TRUNK_PASSWORD"),
            UsageError,
            "only a --trunk has a user and a secret",
        ),
        ((*BY_TRUNK[:5], "--carrier", "x"), UsageError, "there is no such carrier"),
        ((*BY_TRUNK[:9], *BY_TRUNK[11:]), UsageError, "needs its --trunk-user, too"),
        ((*BY_TRUNK[:5], *BY_TRUNK[7:]), UsageError, "say whose trunk it is with --provider"),
        (BY_TRUNK[:-2], UsageError, "the password of the trunk is needed"),
        (("numbers", "search", "--country", "usa"), UsageError, "write two capital letters"),
        (("numbers", "search", "--country", "US", "--carrier", "x"), UsageError, "there is no such carrier"),
        (
            ("numbers", "search", "--country", "US", "--area-code", "abc"),
            UsageError,
            "--area-code: write dig",
        ),
        (("numbers", "search", "--country", "US", "--area-code", ""), UsageError, "--area-code: write dig"),
        (("numbers", "search", "--country", "US", "--contains", "+1x"), UsageError, "--contains: write dig"),
        (
            ("numbers", "search", "--country", "US", "--contains", "\u0661"),
            UsageError,
            "--contains: write dig",
        ),
        (("numbers", "show", NUMBER), UsageError, "the number is not registered"),
        (("numbers", "show", "phn_1"), UsageError, "Phone number not found; look up the id"),
        (("numbers", "update", NUMBER), UsageError, "say what is to change"),
        (("numbers", "remove", "+1", "--yes"), UsageError, "not a whole phone number"),
        (("numbers", "show", NUMBER[1:]), UsageError, "write it with a plus"),
        (("numbers", "show", " 1 (415) 555-0123"), UsageError, "write it with a plus"),
        (("numbers", "update", "1-415-555-0123", "--agent", "agt_1"), UsageError, "write it with a plus"),
        (("numbers", "remove", "4155550", "--yes"), UsageError, "write it with a plus"),
        (("numbers", "update", NUMBER, "--name", ""), UsageError, "--name is empty"),
        (("numbers", "update", NUMBER, "--name", "Sales", "--agent", " "), UsageError, "--agent is empty"),
    ],
)
def test_what_is_not_done(
    simulator: Simulator, arguments: tuple[str, ...], kind: type[CampaignError], words: str
) -> None:
    """What is missing, double or unknown is said in one line without secrets and numbers; nothing changes."""
    with pytest.raises(kind, match=words) as caught:
        call(*arguments)
    text = str(caught.value)
    assert "\n" not in text
    assert not any(private in text for private in (SECRET, PASSWORD, NUMBER, NUMBER[1:]))
    assert (simulator.carriers.known, simulator.numbers.known) == ({}, {})


@pytest.mark.parametrize(
    "key",
    [
        *("secret", "token", "password", "api_key", "key", "API-Key", "authToken", "client.secret", "pwd"),
        *(
            "apikey",
            "AUTHTOKEN",
            "private key",
            "passphrase",
            "credentials",
            "webhook_secrets",
            "bearer",
            "Authorization",
        ),
    ],
)
def test_a_secret_is_no_metadata(simulator: Simulator, key: str) -> None:
    """Others of this machine see arguments, so what a key calls a secret is not sent; its places are told."""
    with pytest.raises(UsageError, match=r"names a secret.*prompt, --secret-env or --secret-file") as caught:
        call(*ADD, "--metadata", f"{key}=whatever-4711")
    assert "4711" not in str(caught.value)
    assert simulator.carriers.known == {}


@pytest.mark.parametrize("option", [("--metadata", f"region={SECRET}"), ("--account-sid", f" {SECRET}")])
def test_the_secret_itself_is_no_metadata(simulator: Simulator, option: tuple[str, str]) -> None:
    """Whatever it is called there; it has been seen by then, which is said."""
    with pytest.raises(UsageError, match=r"holds the secret itself.*give the carrier a new one") as caught:
        call(*ADD, *option)
    assert SECRET not in str(caught.value)
    assert simulator.carriers.known == {}


def test_metadata_that_is_no_secret(simulator: Simulator) -> None:
    """What public ids are called may have such a word in it, and so may ordinary words."""
    pairs = ("api_key_sid=SK1", "keyboard=us", "monkey=1", "auth_username=one", "region=us1")
    told(*ADD, *(part for pair in pairs for part in ("--metadata", pair)))
    [kept] = simulator.carriers.known.values()
    assert kept.metadata == dict(pair.split("=") for pair in pairs)


@pytest.mark.parametrize("simulator", GENERATIONS, indirect=True)
def test_numbers_are_registered_shown_changed_and_removed(simulator: Simulator) -> None:
    """By carrier and by trunk, by number or id, as text and for programs."""
    told(*ADD)
    first = call_json("numbers", "register", "+14155550100", "--carrier", "Production", "--agent", "agt_1")
    second = call_json(*BY_TRUNK, "--name", "Support Line")
    assert [first["phone_number"], second["phone_number"]] == ["+14155550100", NUMBER]
    assert second | {"id": ""} == {
        "id": "",
        "phone_number": NUMBER,
        "name": "Support Line",
        "provider": "twilio",
        "agent_id": "agt_1",
        "status": None if simulator.generation == "v1" else "active",
        "can_call_out": None if simulator.generation == "v1" else True,
    }
    assert call_json("numbers", "list") == [first, second]
    assert told("numbers", "list").splitlines()[1].startswith(f"{NUMBER}  Support Line  twilio  agent agt_1")
    assert call_json("numbers", "show", NUMBER) == call_json("numbers", "show", second["id"]) == second
    assert "Support Line" in told("numbers", "show", second["id"])
    changed = call_json("numbers", "update", NUMBER, "--agent", "agt_2", "--name", "Sales")
    assert (changed["agent_id"], changed["name"]) == ("agt_2", "Sales")
    assert "agent agt_3" in told("numbers", "update", second["id"], "--agent", "agt_3")
    assert call_json("numbers", "show", f" {NUMBER[:2]} (415) 555-0123")["agent_id"] == "agt_3"
    assert "the carrier still has it" in told("numbers", "remove", NUMBER, "--yes")
    told("numbers", "remove", first["id"], "--yes")
    assert simulator.numbers.known == {}
    assert "no number is registered" in told("numbers", "list")


def test_a_number_is_registered_once(simulator: Simulator) -> None:
    """After a reply that was lost the same command registers nothing more."""
    strike(simulator, "act_then_status=502@register")
    with pytest.raises(ApiUnavailableError, match="look with `campaign numbers list` before you try again"):
        call(*BY_TRUNK)
    strike(simulator)
    with pytest.raises(UsageError, match="the number is registered already, as "):
        call(*BY_TRUNK)
    assert len(simulator.numbers.known) == 1


@pytest.mark.parametrize("what", ["carriers", "numbers"])
def test_removing_asks(simulator: Simulator, what: str) -> None:
    """Where nobody can be asked, it has to be said beforehand."""
    told(*ADD)
    told(*BY_TRUNK)
    name = "Production" if what == "carriers" else NUMBER
    with pytest.raises(UsageError, match="there is no terminal to ask on; add --yes"):
        call(what, "remove", name)
    assert len(simulator.carriers.known) == len(simulator.numbers.known) == 1


@pytest.mark.parametrize("simulator", GENERATIONS, indirect=True)
def test_searching(simulator: Simulator) -> None:
    """Numbers come as lines or as data; what a search has to know, and that a carrier has none, is said."""
    told(*ADD)
    told("carriers", "add", "Other", "--provider", "tenyx", "--secret-env", "CARRIER_TOKEN")
    search = ("numbers", "search", "--country", "US")
    by_carrier = (*search, "--carrier", "Production", "--limit", "2")
    assert [offer["phone_number"] for offer in call_json(*by_carrier)] == ["+14155550100", "+14155550101"]
    assert told(*by_carrier, "--area-code", "212", "--contains", "0101") == "+12125550101  Area 212\n"
    assert "no such number can be had" in told(*by_carrier, "--contains", "99999")
    assert call_json(*by_carrier, "--contains", "99999") == []
    with pytest.raises(
        ApiUnavailableError, match=r"this carrier has no number search.*take a number that you"
    ):
        call(*search, "--carrier", "Other")
    if simulator.generation == "v1":
        with pytest.raises(
            UsageError, match="this account searches with a carrier: say which with --carrier"
        ):
            call(*search)
    else:
        assert call(*search)[0] == 0


@pytest.mark.parametrize("simulator", GENERATIONS, indirect=True)
@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("status=401@register", 77, "check ONEINBOX_API_KEY"),
        ("status=402@register", 69, "top up"),
        ("bad_carrier=400@register", 78, "Invalid carrier credentials; the carrier is not satisfied"),
        ("bad_carrier@register", 78, "Invalid carrier credentials; the carrier is not satisfied"),
        ("bad_number@register", 64, "phone_number: String should match"),
        ("throttle@register", 69, "nothing was changed, try again later"),
        ("status=503@register", 69, "before you try again"),
        ("status=503@numbers", 69, "before you try again"),
    ],
)
def test_exit_codes(simulator: Simulator, fault: str, code: int, words: str) -> None:
    """Each refusal has its line with a cure, and its code."""
    strike(simulator, fault)
    with pytest.raises(CampaignError, match=words) as caught:
        call(*BY_TRUNK)
    assert caught.value.exit_code == code
    assert simulator.numbers.known == {}


def test_without_a_key_or_an_account(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing key, a wrong one, and an account that is not there have their codes, too."""
    monkeypatch.setenv("ONEINBOX_API_KEY", "oi_sk_wrong")
    with pytest.raises(KeyRefusedError):
        call("carriers", "list")
    monkeypatch.delenv("ONEINBOX_API_KEY")
    with pytest.raises(KeyRefusedError, match="no API key"):
        call("numbers", "list")
    monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
    monkeypatch.setenv("ONEINBOX_BASE_URL", "http://127.0.0.1:1")
    with pytest.raises(ApiUnavailableError, match="cannot be reached"):
        call("numbers", "list")


@pytest.mark.parametrize("field", ["api_key", "message"])
def test_a_reply_that_repeats_a_secret(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, field: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the account says about it, the secret is neither printed nor logged."""
    detail = {"api_key": [{"loc": ["body", "api_key"], "msg": f"{SECRET} is wrong", "input": SECRET}]}
    body = (
        {"detail": detail["api_key"]} if field == "api_key" else {"error": SECRET, "message": f"no {SECRET}"}
    )

    async def echo(scope: Any, receive: Any, send: Any) -> None:
        content, status = (b"[]", 200) if scope["method"] == "GET" else (json.dumps(body).encode(), 422)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": content})

    echoing = Simulator()
    echoing.app = echo  # type: ignore[assignment]
    with running(echoing) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        result = CliRunner().invoke(app, list(ADD))
    assert isinstance(result.exception, UsageError)
    assert "[key]" in str(result.exception)
    said = result.stdout + result.stderr + str(result.exception) + caplog.text
    assert SECRET not in said


@pytest.mark.parametrize(
    ("error", "look", "code", "words"),
    [
        (errors.NotSent("x"), "see", ExitCode.API_UNAVAILABLE, "nothing was changed"),
        (errors.Throttled("x", retry_after_s=None), "see", ExitCode.API_UNAVAILABLE, "nothing was changed"),
        (errors.OutcomeUnknown("x"), "see", ExitCode.API_UNAVAILABLE, "look with `see` before you try again"),
        (errors.OutcomeUnknown("x"), "", ExitCode.API_UNAVAILABLE, "; try again later"),
        (errors.ApiError("x"), "see", ExitCode.API_UNAVAILABLE, "look with `see` before you try again"),
        (errors.NotFound("x"), "see", ExitCode.USAGE, "look up the id"),
        (errors.Unsupported("x"), "see", ExitCode.API_UNAVAILABLE, "doing: x"),
        (errors.Refused("x"), "see", ExitCode.USAGE, "nothing was changed"),
        (errors.SetupRefused("x"), "see", ExitCode.CONFIG, "with the right secret"),
        (errors.KeyRefused("x"), "see", ExitCode.KEY_REFUSED, "check ONEINBOX_API_KEY"),
        (errors.AccountRefused("x"), "see", ExitCode.API_UNAVAILABLE, "top up"),
    ],
)
def test_every_error_has_a_cure(error: errors.ApiError, look: str, code: ExitCode, words: str) -> None:
    """Only what nobody knows sends the operator to look first."""
    cure = explained(error, "doing", look=look)
    assert (cure.exit_code, words in str(cure)) == (code, True)


def test_a_secret_that_is_asked_for() -> None:
    """On a terminal it is asked for by what it is; other places go first."""
    asked: list[str] = []

    def ask(what: str) -> str:
        asked.append(what)
        return f" {SECRET} "

    typed: Callable[[str], str] = ask
    assert secrets.read_secret("the token", None, None, ask=typed).get_secret_value() == SECRET
    assert asked == ["the token"]
    with pytest.raises(ConfigError):
        secrets.read_secret("the token", "NOT_THERE", None, ask=typed)
    with pytest.raises(InputMissingError):
        secrets.read_secret("the token", None, Path("not-there"), ask=typed)
    assert asked == ["the token"]
