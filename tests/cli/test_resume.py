"""`campaign resume`, and how an open breaker is told, on both databases."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaign.errors import UsageError
from campaign.ledger import breakers
from campaign.ledger.ledger import Ledger
from tests.cli.test_commands import call, call_json
from tests.cli.test_explain import CONFIG
from tests.ledger.case import ANNA, BEN, Case, do, people, start


@pytest.fixture
def spring(ledger: Ledger, ledger_location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """A campaign that a refused key has stopped, where commands look for it."""
    monkeypatch.setenv("CAMPAIGN_LEDGER", ledger_location)
    monkeypatch.delenv("ONEINBOX_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "campaign.yaml").write_text(CONFIG)
    case = start(ledger, people(ANNA, BEN))
    open_one(case)
    return case


def open_one(case: Case, *, needs_reset: bool = True, rule: str = "") -> None:
    do(
        case.ledger,
        breakers.record_open,
        case.id,
        rule=rule or ("key refused" if needs_reset else "calls failed"),
        cause="HTTP 401: Invalid API key",
        cure="check ONEINBOX_API_KEY",
        scope="campaign",
        subject="",
        evidence={"requests before it": 7},
        needs_reset=needs_reset,
        of_account=needs_reset,
        now=datetime.now(UTC),
    )


def test_status_tells_cause_and_cure(spring: Case) -> None:
    """For people in lines, for programs as data."""
    code, said = call("status", "spring")
    assert code == 0
    assert "stopped" in said
    assert "HTTP 401: Invalid API key" in said
    assert "cure: check ONEINBOX_API_KEY; `campaign resume spring --reason TEXT` closes it" in said
    [told] = call_json("status", "spring")
    [breaker] = told["breakers"]
    assert (breaker["rule"], breaker["needs_reset"], breaker["all_campaigns"]) == ("key refused", True, True)
    assert breaker["evidence"] == {"requests before it": 7}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("calls failed", "the next run dials again, with one call first"),
        ("first calls failed", "the next run dials again, with one call first"),
        ("opt-outs", "the next run dials again, with one call first"),
        ("requests lost", "the next run dials again"),
        ("no answers", "the next run dials again"),
    ],
)
def test_status_tells_what_the_next_run_does(spring: Case, rule: str, words: str) -> None:
    """Where no human has to close it, and how that run begins."""
    open_one(spring, needs_reset=False, rule=rule)
    assert f"  cure: check ONEINBOX_API_KEY; {words}\n" in call("status", "spring")[1]


def test_every_campaign_of_the_ledger_is_held(spring: Case) -> None:
    """Its status says who has met it."""
    start(spring.ledger, people(ANNA), name="autumn")
    [told] = call_json("status", "autumn")
    assert [each["opened_by"] for each in told["breakers"]] == ["spring"]
    assert "met by spring" in call("status", "autumn")[1]


def test_explain_has_the_gate(spring: Case) -> None:
    """It says no with the cause; when it was closed, yes."""
    _, said = call("explain", "spring", 2, "--config", "campaign.yaml")
    assert "breaker            no   HTTP 401: Invalid API key" in said
    call("resume", "spring", "--reason", "new key")
    _, said = call("explain", "spring", 2, "--config", "campaign.yaml")
    assert "breaker            yes  nothing has stopped these calls" in said


def test_resume_keeps_who_and_why(spring: Case) -> None:
    """With the login name, as a review does; a second time there is nothing to close."""
    told = call_json("resume", "spring", "--reason", "new key")
    assert told["by"]
    assert [each["cause"] for each in told["closed"]] == ["HTTP 401: Invalid API key"]
    with_reason = spring.ledger.read(
        lambda connection: connection.exec_driver_sql("SELECT closed_by, closed_because FROM breakers").one()
    )
    assert tuple(with_reason) == (told["by"], "new key")
    journal = spring.ledger.read(
        lambda connection: connection.exec_driver_sql(
            "SELECT event, detail FROM events WHERE event LIKE 'breaker.%%' ORDER BY id"
        ).all()
    )
    assert [event for event, _ in journal] == ["breaker.opened", "breaker.reset"]
    assert "new key" in journal[-1][1]
    assert call_json("resume", "spring", "--reason", "again")["closed"] == []
    [status] = call_json("status", "spring")
    assert status["breakers"] == []


def test_resume_wants_a_reason(spring: Case) -> None:
    """It is kept in the ledger, so there must be one."""
    with pytest.raises(UsageError, match="--reason"):
        call("resume", "spring")


def test_what_needs_no_human_is_closed_by_the_next_run(spring: Case) -> None:
    """And what does stays; the ledger says which is which."""
    open_one(spring, needs_reset=False)
    assert len(spring.ledger.read(breakers.open_breakers, spring.id)) == 2
    left = do(spring.ledger, breakers.begin_run, spring.id, datetime.now(UTC))
    assert [each.rule for each in left] == ["key refused"]
    # The same sign is open once, however often it is met.
    open_one(spring)
    assert len(spring.ledger.read(breakers.open_breakers, spring.id)) == 1
