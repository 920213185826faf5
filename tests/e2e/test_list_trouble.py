"""What `campaign run` makes of a list with trouble, and of an agent who says something new."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaign.simulator import server
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.provider import Provider
from tests import warm

pytestmark = pytest.mark.e2e

CONFIG = """
name: spring
agent_id: agt_test
from_numbers: ["+12025550100"]
hours: {days: {mon-sun: "00:00-24:00"}}
"""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GOOD = "+12025550143,Ann,1\n"


@pytest.fixture
def simulator() -> Simulator:
    """An account whose people talk fast."""
    return Simulator(provider=Provider(speed=60))


@pytest.fixture
def place(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a campaign file, beside an account."""
    (tmp_path / "campaign.yaml").write_text(CONFIG, encoding="utf-8")
    with server.running(simulator) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
        yield tmp_path


def run(place: Path, rows: str, *options: str) -> warm.Ended:
    """The command with a list of these rows."""
    (place / "list.csv").write_text("phone,name,order\n" + rows, encoding="utf-8")
    return warm.run(
        "run", place / "list.csv", "--config", place / "campaign.yaml", "--yes", "--json",
        "--ledger", place / "ledger.db", "--output", place / "out.csv", *options,
    )  # fmt: skip


def test_a_broken_list_calls_nobody_until_it_is_allowed(place: Path, simulator: Simulator) -> None:
    """One bad row of two is 50%: exit 65 and nobody called; allowed once, the campaign may be continued."""
    rows = GOOD + "12,Ben,2\n"
    refused = run(place, rows)
    assert refused.returncode == 65
    assert "50.0% of the rows are unusable" in refused.stderr
    assert "--allow-invalid" in refused.stderr
    assert simulator.provider.dials == []

    assert run(place, rows, "--allow-invalid").returncode == 0
    assert run(place, rows).returncode == 0
    assert [dial.to_number for dial in simulator.provider.dials] == ["+12025550143"]


def test_a_list_without_a_callable_row_ends_no_campaign(place: Path, simulator: Simulator) -> None:
    """When tonight's list has become useless, the run says so instead of finishing with nobody called."""
    simulator.first_message = "Hello {{order}}"
    assert run(place, "+12025550143,Ann,\n+12025550144,Ben,2\n", "--allow-invalid").returncode == 0
    ended = run(place, "1.2E10,Ann,1\n1.3E10,Ben,2\n", "--amend")
    assert ended.returncode == 65
    assert "no row can be called" in ended.stderr


def test_an_agent_who_says_something_new_stops_dialling_and_nothing_else(
    place: Path, simulator: Simulator
) -> None:
    """A campaign under way whose agent suddenly says an unknown variable dials nobody, and says why."""
    simulator.first_message = "Hello {{name}}"
    # In no time zone is it this day of the week now.
    another_day = WEEKDAYS[(datetime.now(UTC).weekday() + 3) % 7]
    (place / "campaign.yaml").write_text(CONFIG.replace("mon-sun", another_day), encoding="utf-8")
    assert run(place, GOOD).returncode == 75
    (place / "campaign.yaml").write_text(CONFIG, encoding="utf-8")

    simulator.first_message = "Hello {{name}} in {{city}}"
    ended = run(place, GOOD)
    assert simulator.provider.dials == []
    assert ended.returncode == 75
    assert "{{city}}" in ended.stderr
    assert json.loads(ended.stdout)["rows"] == {"waiting": 1}

    simulator.first_message = "Hello {{name}}"
    assert run(place, GOOD).returncode == 0
    assert len(simulator.provider.dials) == 1


def test_a_new_campaign_does_not_start_without_what_the_agent_says(place: Path, simulator: Simulator) -> None:
    """Before anybody is called: exit 65, one line, the nearest column, and no ledger entry."""
    simulator.first_message = "About order {{order_id}}"
    ended = run(place, GOOD)
    assert ended.returncode == 65
    assert "contacts.variables: {order_id: order} would take it from column 'order'" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert simulator.provider.dials == []
