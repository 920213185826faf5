"""Leftovers of last night, as the operator is told of them, on both databases."""

from pathlib import Path

import pytest

from campaign.calls.ending import Closed
from campaign.cli.leftovers import LeftoverResults, told
from campaign.ledger import campaigns, ending
from campaign.ledger.ledger import Ledger
from tests.cli.test_commands import call_json
from tests.ledger.case import ANNA, BEN, CARA, do, people
from tests.support import NOON

CONFIG = """
name: night-{date}
agent_id: agt_1
from_numbers: ["+12025550100"]
contacts: {countries: [US]}
"""


@pytest.fixture
def last_night(ledger: Ledger) -> int:
    """An unfinished campaign of two people."""
    return start(ledger, "night-2026-06-02", ANNA, BEN)


def start(ledger: Ledger, name: str, *numbers: str) -> int:
    return do(
        ledger,
        campaigns.start,
        name=name,
        name_pattern="night-{date}",
        agent_id="agt_1",
        intake=people(*numbers),
        now=NOON,
    )


def test_the_plan_says_what_expires(
    ledger_location: str, last_night: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anybody is called, the operator hears of the rows that this campaign closes."""
    monkeypatch.setenv("CAMPAIGN_LEDGER", ledger_location)
    monkeypatch.delenv("ONEINBOX_API_KEY", raising=False)
    (tmp_path / "night.yaml").write_text(CONFIG)
    (tmp_path / "list.csv").write_text(f"phone\n{CARA}\n")

    notes = call_json("plan", tmp_path / "list.csv", "--config", tmp_path / "night.yaml")["notes"]

    [note] = [note for note in notes if "night-2026-06-02" in note]
    assert "is unfinished: 2 rows that still wait expire when night-" in note


@pytest.mark.parametrize("in_use", [False, True])
def test_the_older_result_is_written_again(
    ledger: Ledger, last_night: int, tmp_path: Path, in_use: bool
) -> None:
    """Where it was, but never over a file that this run reads or writes."""
    path = tmp_path / "old.csv"
    path.write_text("as it was")
    do(ledger, ending.remember_output, last_night, str(path))
    [leftover] = ledger.read(
        ending.leftovers_before, "night-{date}", "night-2026-06-03", NOON.replace(hour=20)
    )

    written = LeftoverResults(ledger, [path] if in_use else []).write(leftover)

    assert written == (None if in_use else str(path))
    assert (ANNA in path.read_text()) is not in_use


def test_the_older_result_may_have_a_second_name(ledger: Ledger, last_night: int, tmp_path: Path) -> None:
    """A file that this run reads stays as it is, by whatever name the older campaign has written to it."""
    path = tmp_path / "old.csv"
    path.write_text("as it was")
    (tmp_path / "list.csv").hardlink_to(path)
    do(ledger, ending.remember_output, last_night, str(path))
    [leftover] = ledger.read(
        ending.leftovers_before, "night-{date}", "night-2026-06-03", NOON.replace(hour=20)
    )

    assert LeftoverResults(ledger, [tmp_path / "list.csv"]).write(leftover) is None
    assert path.read_text() == "as it was"


@pytest.mark.parametrize("output", [None, "gone.csv", "folder"])
def test_a_result_that_is_not_there_is_not_made_anew(
    ledger: Ledger, last_night: int, tmp_path: Path, output: str | None
) -> None:
    """Somebody has taken it away, so the run says how to write it."""
    (tmp_path / "folder").mkdir()
    if output is not None:
        do(ledger, ending.remember_output, last_night, str(tmp_path / output))
    [leftover] = ledger.read(
        ending.leftovers_before, "night-{date}", "night-2026-06-03", NOON.replace(hour=20)
    )

    assert LeftoverResults(ledger, []).write(leftover) is None
    assert sorted(each.name for each in tmp_path.iterdir() if each.suffix == ".csv") == []
    assert told(Closed(leftover.name, 2, None), "night-2026-06-03", None) == (
        "night-2026-06-02 was followed by night-2026-06-03: 2 rows were closed without another call; "
        "`campaign results night-2026-06-02 --output FILE` writes them"
    )
