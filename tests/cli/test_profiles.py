"""Days off, profiles and consent, as the operator meets them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from campaign.cli import job as jobs
from campaign.errors import ConfigError, InputMissingError, ListError
from campaign.ledger import campaigns
from campaign.ledger.ledger import Ledger
from campaign.settings import Environment
from tests.cli.test_commands import call, call_json
from tests.ledger.case import engine_of
from tests.support import profiled

BASE: dict[str, Any] = {
    "name": "spring",
    "agent_id": "agt_1",
    "from_numbers": "+12025550100",
    "contacts": {"countries": ["US"]},
}
LATER = (datetime.now(UTC) + timedelta(days=3)).date()

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a campaign file with these keys beside a list, in the folder where commands are typed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_LEDGER", str(tmp_path / "ledger.db"))
    monkeypatch.delenv("ONEINBOX_API_KEY", raising=False)

    def write(lines: str = "phone,consent\n+12025550143,yes\n+12025550144,\n", **keys: Any) -> None:
        (tmp_path / "campaign.yaml").write_text(yaml.safe_dump(BASE | keys))
        (tmp_path / "list.csv").write_text(lines)

    return write


COMMANDS = pytest.mark.parametrize(
    "command", [("validate",), ("plan",), ("run", "--yes")], ids=lambda each: each[0]
)


@pytest.fixture
def account(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, and nobody who takes it: whatever a run asks for, it does not get far."""
    monkeypatch.setenv("ONEINBOX_API_KEY", "oi_sk_test")
    monkeypatch.setenv("ONEINBOX_BASE_URL", "http://127.0.0.1:9")


def refused(command: tuple[str, ...], error: type[Exception], match: str) -> None:
    """The command says this in one line, before anybody is called."""
    first, *more = command
    with pytest.raises(error, match=rf"^[^\n]*{match}[^\n]*$"):
        call(first, "list.csv", "--config", "campaign.yaml", *more)


@pytest.mark.usefixtures("account")
@COMMANDS
def test_a_profile_that_does_not_count(write: Write, command: tuple[str, ...]) -> None:
    """Every command that prepares a run refuses it, with the cure."""
    write(hours={"profile": "us", "profile_confirmed": LATER})
    refused(command, ConfigError, "hours.profile: profile_confirmed: .* is in the future")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("command", [("plan",), ("run", "--yes")], ids=["plan", "run"])
def test_an_end_that_has_passed_starts_nothing(
    write: Write, command: tuple[str, ...], tmp_path: Path
) -> None:
    """A year mistyped would expire the whole list for good, so a new campaign is refused and keeps no row."""
    write(valid_until="2025-12-31")
    refused(command, ConfigError, "valid_until: 2025-12-31 has passed, .* write a later one")
    with Ledger.open(str(tmp_path / "ledger.db")) as ledger:
        assert ledger.read(campaigns.find, "spring") is None


@pytest.mark.usefixtures("account")
@COMMANDS
def test_dates_that_are_gone(write: Write, command: tuple[str, ...]) -> None:
    """Without the file of dates nobody is called."""
    write(hours={"blackout": "closed.csv"})
    refused(command, InputMissingError, "hours.blackout: .*closed.csv: No such file")


@pytest.mark.usefixtures("account")
@COMMANDS
def test_a_line_that_is_no_date(write: Write, command: tuple[str, ...], tmp_path: Path) -> None:
    """It is named by its number; the file stands beside the campaign file."""
    write(hours={"blackout": "closed.csv"})
    (tmp_path / "closed.csv").write_text("2026-12-24\nsoon\n")
    refused(command, ConfigError, "closed.csv, line 2: not a date")


@pytest.mark.usefixtures("account")
@COMMANDS
def test_a_list_without_consent(write: Write, command: tuple[str, ...]) -> None:
    """Under a profile that demands it, the list as a whole is refused."""
    write("phone\n+12025550143\n", hours=profiled("us"))
    refused(command, ListError, "demands consent")


def test_the_plan_counts_who_has_not_agreed(write: Write) -> None:
    """The other one may be called, now or when it is time."""
    write(hours=profiled("us"))
    planned = call_json("plan", "list.csv", "--config", "campaign.yaml")
    assert planned["final"] == {"suppressed: no consent on record": 1}
    assert planned["dial_now"] + sum(planned["dial_later"].values()) == 1


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_what_is_no_consent_is_shown_with_counts(write: Write, command: str) -> None:
    """Who names consent otherwise than the campaign file sees at once which words are taken for a no."""
    said = ["", "yes", "Formular A", "Formular A", "FALSCH", "2026-01-02"]
    cells = "".join(f"+120255501{at},{cell}\n" for at, cell in enumerate(said, start=43))
    write(f"phone,consent\n{cells}", hours=profiled("us"))
    notes = call_json(command, "list.csv", "--config", "campaign.yaml")["notes"]
    assert (
        "no consent on record: the list says 'Formular A' in 2 rows, nothing in 1 row, 'FALSCH' in 1 row; "
        "what counts as consent is listed in contacts.consent_values"
    ) in notes
    contacts = {"consent_values": ["Formular A"], "consent_basis": "signed forms"}
    write(f"phone,consent\n{cells}", hours=profiled("us"), contacts=contacts)
    notes = call_json(command, "list.csv", "--config", "campaign.yaml")["notes"]
    [note] = [note for note in notes if "consent" in note]
    assert "the list says 'yes' in 1 row, 'FALSCH' in 1 row; what" in note


def test_the_plan_counts_by_hour(write: Write) -> None:
    """For each of the next 24 hours, on the terminal too."""
    write("phone,tz\n+12025550143,Atlantic/Reykjavik\n", hours={"days": {"mon-sun": "00:00-24:00"}})
    hours = call_json("plan", "list.csv", "--config", "campaign.yaml")["by_hour_utc"]
    assert list(hours.values()) == [1] * 24
    assert all(hour.endswith(":00Z") for hour in hours)
    code, said = call("plan", "list.csv", "--config", "campaign.yaml")
    assert code == 0
    assert "dialled in each hour, by the clock of UTC" in said


def test_a_basis_for_everybody_is_kept(write: Write) -> None:
    """By what the people of a campaign have agreed is in its journal, once for each text."""
    write("phone\n+12025550143\n", contacts={"countries": ["US"], "consent_basis": "signed forms"})
    for basis in ("signed forms", "signed forms", "order of May", "signed forms"):
        write(
            "phone\n+12025550143\n",
            hours=profiled("us"),
            contacts={"countries": ["US"], "consent_basis": basis},
        )
        with jobs.prepare(
            Path("list.csv"),
            Path("campaign.yaml"),
            name=None,
            ledger=None,
            create_ledger=True,
            environment=Environment(),
        ) as job:
            campaign_id = jobs.enrol(job, amend=True, now=datetime.now(UTC))
            jobs.note_consent(job, campaign_id, datetime.now(UTC))
    with Ledger.open("ledger.db") as ledger, engine_of(ledger).connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT detail FROM events WHERE event = 'campaign.consent' ORDER BY id"
        )
        assert [row.detail for row in rows] == ["signed forms", "order of May", "signed forms"]
    told = call_json("explain", "spring", 2, "--config", "campaign.yaml")["rows"][0]["gates"]
    assert {gate["gate"]: gate["looked_at"] for gate in told}["consent"] == (
        "by the campaign file for everybody: 'signed forms'"
    )


def test_explain_tells_the_state_and_the_day_off(write: Write, tmp_path: Path) -> None:
    """Which rules hold, why, and until when the row waits."""
    today = datetime.now(UTC).date()
    (tmp_path / "closed.csv").write_text(
        f"{today - timedelta(days=1)}..{today + timedelta(days=1)}, moving house\n"
    )
    lines = "phone,tz,state,consent\n+12025550143,America/New_York,RI,web form\n"
    write(lines, hours=profiled("us-strict", blackout="closed.csv"))
    with jobs.prepare(
        Path("list.csv"),
        Path("campaign.yaml"),
        name=None,
        ledger=None,
        create_ledger=True,
        environment=Environment(),
    ) as job:
        jobs.enrol(job, amend=False, now=datetime.now(UTC))
    [row] = call_json("explain", "spring", 2, "--config", "campaign.yaml")["rows"]
    gates = {gate["gate"]: gate for gate in row["gates"]}
    assert "closed that day: moving house (rules of RI, as the list says)" in gates["hours"]["looked_at"]
    assert gates["hours"]["not_before"] is not None
    assert gates["consent"]["looked_at"] == "the list says 'web form'"
    assert "calls by all campaigns: 0, 1 call within 1d allowed" in gates["profile"]["looked_at"]
