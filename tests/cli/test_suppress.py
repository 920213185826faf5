"""`campaign suppress`, as the operator types it, on both databases."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from campaign.cli.app import app
from campaign.cli.reasons import login_name
from campaign.errors import CampaignError, ConfigError, UsageError
from campaign.ledger import suppression
from campaign.ledger.ledger import Ledger
from tests.cli.test_commands import call, call_json
from tests.ledger.case import ANNA, BEN, CARA, engine_of

WHY = ("--reason", "asked by mail")


@pytest.fixture(autouse=True)
def here(ledger_location: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The ledger is where commands look."""
    monkeypatch.setenv("CAMPAIGN_LEDGER", ledger_location)
    return ledger_location


def told(*arguments: str) -> str:
    """What a command says to people."""
    result = CliRunner().invoke(app, ["suppress", *arguments])
    assert result.exit_code == 0, result.exception
    return result.stdout + result.stderr


def suppressed(location: str) -> dict[str, str]:
    """Who must not be called by now."""
    with Ledger.open(location) as ledger:
        return ledger.read(suppression.suppressed)


def test_added_people_are_kept_with_the_reason(here: str) -> None:
    """The ledger is made if there is none; who was there already is told apart."""
    assert "2 people will not be called any more" in told("add", ANNA, BEN, *WHY)
    assert "1 person will not be called any more, in any campaign of this ledger; 1 person already" in told(
        "add", BEN, CARA, *WHY
    )
    assert suppressed(here) == dict.fromkeys((ANNA, BEN, CARA), "asked by mail")


def test_national_numbers_need_their_country(here: str) -> None:
    """As in a list: a number without a plus is nobody's until its country is said."""
    with pytest.raises(UsageError, match="write all its digits with a plus, or say its country"):
        call("suppress", "add", "202-555-0143", *WHY)
    told("add", "202-555-0143", "--region", "US", *WHY)
    assert suppressed(here) == {"+12025550143": "asked by mail"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", ANNA], "suppress add: say why with --reason TEXT"),
        (["add", ANNA, "--reason", " "], "suppress add: say why with --reason TEXT"),
        (["add", ANNA, "--reason", "two\nlines"], "write one plain line"),
        (["add", ANNA, "--reason", "x" * 501], "it has 501 characters"),
        (["remove", ANNA], "suppress remove: say why with --reason TEXT"),
        (["add", ANNA, "12", *WHY], "NUMBER 2 is not a phone number"),
        (["add", ANNA, "+1202555014", *WHY], "NUMBER 2 is not a phone number, or not all of one"),
        (["add", "5550143", "--region", "US", *WHY], "NUMBER 1 is not a phone number, or not all of one"),
        (["add", ANNA, "--region", "usa", *WHY], "--region usa: no country"),
    ],
)
def test_nothing_changes_unless_all_is_right(here: str, arguments: list[str], words: str) -> None:
    """A reason is needed, and one wrong number refuses them all, in one line."""
    with pytest.raises(CampaignError) as refused:
        call("suppress", *arguments)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert suppressed(here) == {}


def test_a_list_is_imported(here: str, tmp_path: Path) -> None:
    """Also the US registry's; a line that cannot be read imports nobody."""
    (tmp_path / "registry.txt").write_text("202,5550143\n202,5550144\n")
    assert "2 people will not be called any more" in told("import", str(tmp_path / "registry.txt"), *WHY)
    assert suppressed(here) == dict.fromkeys(("+12025550143", "+12025550144"), "asked by mail")
    (tmp_path / "broken.csv").write_text(f"{ANNA}\nAnna\n")
    with pytest.raises(ConfigError, match="line 2: not a phone number"):
        call("suppress", "import", str(tmp_path / "broken.csv"), *WHY)
    assert ANNA not in suppressed(here)


def test_the_column_of_a_list_may_be_named(here: str, tmp_path: Path) -> None:
    """What does not say where its numbers stand imports nobody until somebody says it."""
    path = tmp_path / "crm.csv"
    path.write_text(f"Ref,Contact\n100234,{ANNA}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"2 columns, .* say which it is \(column, --column\)"):
        call("suppress", "import", str(path), *WHY)
    told("import", str(path), "--column", "contact", *WHY)
    path.write_text(f"100234,{BEN}\n", encoding="utf-8")
    told("import", str(path), "--column", "2", *WHY)
    assert suppressed(here) == dict.fromkeys((ANNA, BEN), "asked by mail")


def test_who_is_removed_may_be_called_again(here: str) -> None:
    """Who was not suppressed is named."""
    told("add", ANNA, BEN, *WHY)
    said = told("remove", ANNA, CARA, "--reason", "by mistake")
    assert "1 person may be called again; 1 person had not been suppressed" in said
    assert suppressed(here) == {BEN: "asked by mail"}


def test_the_list_for_people_and_for_programs(here: str) -> None:
    """One line for each person, or one JSON document."""
    Ledger.open(here).close()
    assert call_json("suppress", "list") == []
    assert "nobody is suppressed in this ledger" in told("list")
    told("add", ANNA, *WHY)
    assert told("list").startswith(f"{ANNA}  since 20")
    [person] = json.loads(told("list", "--json"))
    assert (person["to_number"], person["reason"]) == (ANNA, "asked by mail")


def test_who_decided_is_kept(here: str) -> None:
    """By the login name of the process."""
    told("add", ANNA, *WHY)
    with Ledger.open(here) as ledger, engine_of(ledger).connect() as connection:
        who = connection.exec_driver_sql("SELECT who FROM suppression_changes").scalars().all()
    assert who == [login_name()]
