"""`campaign explain`, as the operator types it, on both databases."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaign.errors import UsageError
from campaign.ledger import amend, attempts, suppression
from campaign.ledger.ledger import Ledger
from tests.cli.test_commands import call, call_json
from tests.ledger.case import ANNA, BEN, CARA, DORA, Case, contact, do, listed, people, rejected, start
from tests.support import NOON

CONFIG = """
name: spring
agent_id: agt_1
from_numbers: ["+12025550100"]
contacts: {countries: [US]}
hours: {days: {mon-sun: "00:00-24:00"}}
caps: {per_number: {calls: 1, within: 20h}}
"""


@pytest.fixture
def spring(ledger: Ledger, ledger_location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Rows 2 to 4 wait, row 9 is unusable; the ledger is where commands look, and no account is."""
    monkeypatch.setenv("CAMPAIGN_LEDGER", ledger_location)
    monkeypatch.delenv("ONEINBOX_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "campaign.yaml").write_text(CONFIG)
    rows = [contact(number, row) for row, number in enumerate((ANNA, BEN, CARA), start=2)]
    return start(ledger, listed(*rows, rejected()))


def explained(row: int) -> dict[str, Any]:
    """What a program is told of one row."""
    [told] = call_json("explain", "spring", row, "--config", "campaign.yaml")["rows"]
    return dict(told)


def answers(row: int) -> dict[str, bool]:
    """What each gate says."""
    return {gate["gate"]: gate["may_dial"] for gate in explained(row)["gates"]}


def test_every_gate_is_told_with_what_it_looked_at(spring: Case) -> None:
    """Who may be dialled hears a yes from every gate, each with its input."""
    code, said = call("explain", "spring", 2, "--config", "campaign.yaml")
    assert code == 0
    for words in (
        f"row 2  {ANNA}",
        "waiting",
        "suppression        yes  on no list",
        "other campaigns    yes  no other campaign has a call to this number under way",
        "hours              yes  America/New_York ",
        "calls may start 00:00 to 24:00\n",
        "tries              yes  0 tries of 1",
        "cap                yes  0 calls by other campaigns within 20h, 1 allowed",
        "a run would dial it now",
    ):
        assert words in said, said


def test_a_no_says_what_becomes_of_the_row(spring: Case) -> None:
    """All gates are asked, also those behind a no, and a no for good says so."""
    do(spring.ledger, suppression.suppress, [BEN], reason="asked by mail", now=NOON)
    assert answers(3) == {
        "suppression": False,
        "consent": True,
        "valid until": True,
        "other campaigns": True,
        "the agent's words": True,
        "breaker": True,
        "not before": True,
        "hours": True,
        "cap": True,
        "conversations": True,
        "profile": True,
        "from number": True,
        "budget": True,
        "tries": True,
    }
    _, said = call("explain", "spring", 3, "--config", "campaign.yaml")
    assert "suppression        no   asked by mail; the row becomes suppressed" in said
    assert "a run would not dial it now" in said


def test_a_no_for_some_time_says_until_when(spring: Case) -> None:
    """Whom another campaign has called waits until the cap allows one more."""
    other = start(spring.ledger, people(CARA), name="autumn")
    now = datetime.now(UTC)
    attempt = other.intend(CARA, now=now - timedelta(hours=1))
    other.place(attempt, "call_1", now=now - timedelta(hours=1))
    other.end("call_1", now=now - timedelta(minutes=50))
    other.settle("call_1")
    [cap] = [gate for gate in explained(4)["gates"] if gate["gate"] == "cap"]
    assert not cap["may_dial"]
    assert cap["looked_at"] == "1 call by other campaigns within 20h, 1 allowed"
    assert timedelta(hours=18.9) < datetime.fromisoformat(cap["not_before"]) - now < timedelta(hours=19.1)


def test_the_next_time_is_that_at_which_all_say_yes(spring: Case, tmp_path: Path) -> None:
    """A cap ends in the night and hours begin in the morning: the later of the two counts, and is told."""
    now = datetime.now(UTC)
    zone = ZoneInfo("America/New_York")
    opens = (now + timedelta(hours=21)).astimezone(zone).replace(minute=0, second=0, microsecond=0)
    days = {opens.strftime("%a").lower(): f"{opens:%H}:00-24:00"}
    text = f"hours: {{days: {json.dumps(days)}, number_margin: 0s}}\n"
    (tmp_path / "campaign.yaml").write_text(re.sub("hours: .*\n", text, CONFIG), encoding="utf-8")
    other = start(spring.ledger, people(CARA), name="autumn")
    other.place(other.intend(CARA, now=now), "call_1", now=now)
    other.end("call_1", now=now)
    other.settle("call_1")
    told = explained(4)
    eligible = datetime.fromisoformat(told["next_eligible"])
    assert eligible == opens
    assert f"but from {eligible:%Y-%m-%d %H:%M}" in call("explain", "spring", 4, "-c", "campaign.yaml")[1]


def test_what_is_not_a_matter_of_time_has_no_next_time(spring: Case) -> None:
    """Whoever is on a list is never dialled, and the reason stands beside the rule."""
    do(spring.ledger, suppression.suppress, [BEN], reason="asked by mail", now=NOON)
    assert explained(3)["next_eligible"] is None
    assert "no time is known" in call("explain", "spring", 3, "--config", "campaign.yaml")[1]


def test_without_the_campaign_file_the_story_is_told(spring: Case) -> None:
    """How the row stands and what has happened are in the ledger; a note says what gives the rules."""
    told = call_json("explain", "spring", 2)
    assert [(row["status"], row["gates"], row["next_eligible"]) for row in told["rows"]] == [
        ("waiting", [], None)
    ]
    assert told["notes"] == ["with --config FILE it also says what every rule says of the row now"]
    spring.whole_call(ANNA, "call_1")
    done = call_json("explain", "spring", 2)
    assert (done["rows"][0]["events"][-1]["event"], done["notes"]) == ("call.settled", [])


def test_a_row_that_is_final_tells_its_story(spring: Case) -> None:
    """No gate is asked about it any more; what has happened is told from the journal."""
    spring.whole_call(ANNA, "call_1")
    told = explained(2)
    assert (told["status"], told["tries"], told["gates"]) == ("completed", 1, [])
    assert [event["event"] for event in told["events"]][-1] == "call.settled"


def test_why_no_rule_is_asked_is_said(spring: Case) -> None:
    """With the campaign file one expects the rules: a final row and one that is called have none to ask."""
    spring.whole_call(ANNA, "call_1")
    spring.intend(BEN)
    final, called = (
        "  the row is final: no rule is asked about it\n",
        "  a call is under way: no rule is asked",
    )
    assert final in call("explain", "spring", 2, "--config", "campaign.yaml")[1]
    assert final in call("explain", "spring", 9, "--config", "campaign.yaml")[1]
    assert called in call("explain", "spring", 3, "--config", "campaign.yaml")[1]
    assert "no rule is asked" not in call("explain", "spring", 4, "--config", "campaign.yaml")[1]
    assert "no rule is asked" not in call("explain", "spring", 2)[1]


def test_what_the_gates_looked_at_is_read_line_by_line(spring: Case) -> None:
    """Of an earlier dial people read each gate in a line of its own; a program gets the text as kept."""
    kept = "suppression: on no list; tries: 0 tries of 1; hook: allowed"
    do(
        spring.ledger,
        attempts.record_intent,
        spring.contact_id(ANNA),
        token="t",
        to_number=ANNA,
        from_number="+12025550100",
        agent_id="agt_1",
        now=NOON,
        evidence=kept,
    )
    assert call("explain", "spring", 2)[1].splitlines()[-4:] == [
        "  2026-06-03 17:00:00 UTC  call.intended",
        "    suppression: on no list",
        "    tries: 0 tries of 1",
        "    hook: allowed",
    ]
    [told] = call_json("explain", "spring", 2)["rows"]
    assert told["events"][-1]["detail"] == kept


def test_no_terminal_is_driven(spring: Case) -> None:
    """What OneInbox said is told with its control characters as escapes."""
    spring.doubt(spring.intend(ANNA), error="HTTP 502 \x1b]0;owned\x07")
    _, said = call("explain", "spring", 2, "--config", "campaign.yaml")
    assert "\x1b" not in said
    assert "\\x1b]0;owned" in said


def test_a_row_without_a_number(spring: Case) -> None:
    """An unusable row says why, and has nothing that could be asked."""
    told = explained(9)
    assert (told["status"], told["reason"], told["to_number"]) == ("rejected", "phone: too short", None)
    assert told["gates"] == []


def test_a_row_that_two_people_have_had(spring: Case) -> None:
    """When the list was changed, both are told, first the one of the list."""
    spring.whole_call(ANNA, "call_1")
    do(spring.ledger, amend.amend, spring.id, people(DORA), NOON)
    rows = call_json("explain", "spring", 2, "--config", "campaign.yaml")["rows"]
    assert [(row["to_number"], row["is_in_list"]) for row in rows] == [(DORA, True), (ANNA, False)]


def test_a_row_that_is_not_there(spring: Case) -> None:
    """The number is probably that of another spreadsheet."""
    with pytest.raises(UsageError, match="campaign spring has no row 77; rows are numbered as your spread"):
        call("explain", "spring", 77, "--config", "campaign.yaml")
    with pytest.raises(UsageError, match="campaign spring has no row"):
        call("explain", "spring", 2**31 - 1)
    for far in (2**31, 2**63):
        assert call("explain", "spring", far) == (2, "")
