"""What the commands that call nobody say of the hook, and that none of them asks it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaign.errors import ConfigError
from campaign.ledger import attempts
from campaign.ledger import hook as noes
from campaign.ledger.ledger import Ledger
from campaign.models import RowStatus
from tests.cli.test_commands import call, call_json
from tests.ledger.case import ANNA, BEN, CARA, Case, do, people, start
from tests.support import NOON

CONFIG = """
name: spring
agent_id: agt_1
from_numbers: ["+12025550100"]
contacts: {countries: [US]}
hours: {days: {mon-sun: "00:00-24:00"}}
hook: {command: [./may-we-call, --token, secret]}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign file with a hook that leaves a trace, and a list."""
    monkeypatch.setenv("CAMPAIGN_LEDGER", str(tmp_path / "ledger.db"))
    monkeypatch.setenv("ONEINBOX_API_KEY", "oi_sk_test")
    monkeypatch.setenv("ONEINBOX_BASE_URL", "http://127.0.0.1:1")
    folder = tmp_path / "campaign"
    folder.mkdir()
    (folder / "c.yaml").write_text(CONFIG)
    program = folder / "may-we-call"
    program.write_text("#!/bin/sh\ntouch asked\n")
    program.chmod(0o700)
    (folder / "list.csv").write_text("phone\n" + "".join(f"+1202555010{at}\n" for at in range(1, 6)))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def spring(place: Path) -> Iterator[Case]:
    """Three people who wait, in the ledger where commands look."""
    with Ledger.open(str(place.parent / "ledger.db")) as ledger:
        yield start(ledger, people(ANNA, BEN, CARA))


def explain(row: int) -> str:
    """What people are told of a row."""
    return call("explain", "spring", row, "--config", "campaign/c.yaml")[1]


def say_no(case: Case, number: str, event: str, said: str) -> None:
    """The hook has said something else than yes in a run."""
    do(
        case.ledger,
        noes.record_no,
        case.contact_id(number),
        campaign_id=case.id,
        event=event,
        said=said,
        status=RowStatus.WAITING,
        reason=f"the hook says {said}",
        now=NOON,
        not_before=None,
    )


def test_plan_says_that_it_will_be_asked(place: Path) -> None:
    """In one line, without its arguments, which may hold a secret; a program reads its name."""
    code, said = call("plan", "campaign/list.csv", "--config", "campaign/c.yaml")
    assert code == 0
    words = " ".join(said.split())
    assert (
        "Before each call the hook ./may-we-call is asked and may say no; this plan has not asked it."
        in words
    )
    assert "secret" not in said
    assert call_json("plan", "campaign/list.csv", "--config", "campaign/c.yaml")["hook"] == "./may-we-call"
    assert not (place / "asked").exists()


def test_plan_without_a_hook(place: Path) -> None:
    """Nothing is said of what there is not."""
    (place / "c.yaml").write_text(CONFIG.replace("hook:", "# hook:"))
    assert "hook" not in call("plan", "campaign/list.csv", "--config", "campaign/c.yaml")[1]
    assert call_json("plan", "campaign/list.csv", "--config", "campaign/c.yaml")["hook"] is None


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_hook_that_is_not_there(place: Path, command: str) -> None:
    """Before anybody is called, and before the operator is asked, in one line: exit 78."""
    (place / "may-we-call").unlink()
    options = ["--yes"] if command == "run" else []
    with pytest.raises(
        ConfigError, match=r"^hook.command: there is no program ./may-we-call that can be run"
    ):
        call(command, "campaign/list.csv", "--config", "campaign/c.yaml", *options)


def test_explain_says_what_it_said_last(spring: Case, place: Path) -> None:
    """Its last word, with the time, and that it is not asked now."""
    assert (
        "  hook               ?    ./may-we-call, never asked yet; this command does not ask it\n"
        in explain(2)
    )
    say_no(spring, ANNA, noes.NO, "no: at lunch")
    said = explain(2)
    assert (
        "  hook               ?    ./may-we-call, last it said: no: at lunch (2026-06-03 17:00:00 UTC); "
        "this command does not ask it\n"
    ) in said
    assert "  a run would ask the hook, and dial it now after a yes\n" in said
    assert "2026-06-03 17:00:00 UTC  hook.no  no: at lunch\n" in said
    assert "secret" not in said
    assert not (place / "asked").exists()


def test_explain_knows_failures_and_yes(spring: Case) -> None:
    """A failure is no answer, and a yes stands with its dial."""
    say_no(spring, BEN, noes.FAILED, "no answer within 5 s")
    assert "./may-we-call, last it said: failed: no answer within 5 s (" in explain(3)
    do(
        spring.ledger,
        attempts.record_intent,
        spring.contact_id(CARA),
        token="t",
        to_number=CARA,
        from_number="+12025550100",
        agent_id="agt_1",
        evidence="consent: the hook; hook: signed; hook: yes, a good customer",
        now=NOON,
    )
    [told] = call_json("explain", "spring", 4, "--config", "campaign/c.yaml")["rows"]
    assert told["hook"]["name"] == "./may-we-call"
    assert told["hook"]["said"] == "yes, a good customer"


def test_the_schema_knows_it() -> None:
    """Editors are told what a hook may be."""
    schema = json.loads(call("init", "--schema")[1])
    assert set(schema["$defs"]["HookSettings"]["properties"]) == {"command", "url", "timeout"}
