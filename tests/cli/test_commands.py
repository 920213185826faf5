"""The commands that call nobody, through the command line."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from campaign import __version__
from campaign.cli.app import app
from campaign.contacts.intake import take_in
from campaign.errors import CampaignError, InputMissingError, LedgerError, OutputError, UsageError
from campaign.ledger import attempts, campaigns, suppression, waiting
from campaign.ledger.ledger import Ledger
from campaign.settings import load_campaign_file
from tests.support import NOON

SAMPLES = Path(__file__).parents[2] / "sample_data"
CONFIGS = Path(__file__).parents[2] / "configs"


def call(*arguments: object) -> tuple[int, str]:
    """Run a command; what it says on stdout. An error for people is raised."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(result.exception, CampaignError):
        raise result.exception
    return result.exit_code, result.stdout


def call_json(*arguments: object) -> Any:
    """The JSON document that a command prints."""
    return json.loads(call(*arguments, "--json")[1])


def commands(group: typer.core.TyperGroup, *before: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and every group of them, by the words that lead to it."""
    yield before, group
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            yield from commands(command, *before, name)
        else:
            yield (*before, name), command


EVERY = dict(commands(typer.main.get_group(app)))


@pytest.mark.parametrize(
    "words", [words for words, command in EVERY.items() if isinstance(command, typer.core.TyperGroup)]
)
def test_a_list_of_commands_says_what_each_does(words: tuple[str, ...]) -> None:
    """On a terminal of 80 columns no description is cut off."""
    said = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"}).stdout
    for line in said.partition("Commands:")[2].splitlines():
        assert not line.endswith("..."), line


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_help_names_values_by_what_they_are(words: tuple[str, ...]) -> None:
    """A value is called NAME or SHARE there, and not by the type that the program has for it."""
    for parameter in EVERY[words].params:
        is_switch = getattr(parameter, "is_flag", False)
        assert is_switch or parameter.metavar, parameter.name


def test_the_version_is_told() -> None:
    """Whoever reports a fault can say of what."""
    assert call("--version") == (0, f"campaign {__version__}\n")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as `campaign init` leaves it, whose hours are always open."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_LEDGER", str(tmp_path / "ledger.db"))
    assert call("init")[0] == 0
    config = tmp_path / "campaign.yaml"
    config.write_text(
        config.read_text(encoding="utf-8") + '\nhours: {days: {mon-sun: "00:00-24:00"}}\n', encoding="utf-8"
    )
    return tmp_path


@pytest.fixture
def enrolled(place: Path) -> Ledger:
    """The same with the list in the ledger."""
    settings = load_campaign_file(place / "campaign.yaml")
    ledger = Ledger.open(str(place / "ledger.db"))
    ledger.write(
        campaigns.start,
        name="spring-offer",
        name_pattern="spring-offer",
        agent_id="agt_abc123",
        intake=take_in(place / "contacts.csv", settings),
        now=NOON,
    ).result()
    return ledger


def test_init_writes_files_that_work(place: Path) -> None:
    """The campaign file and the list that `init` writes fit together."""
    found = call_json("validate", "contacts.csv", "--config", "campaign.yaml")
    assert (found["rows"], found["callable"], found["phone_column"]) == (2, 2, "phone")
    assert (place / "results").is_dir()


def test_init_overwrites_nothing(place: Path) -> None:
    """A campaign file that is there already is left alone."""
    before = (place / "campaign.yaml").read_bytes()
    with pytest.raises(OutputError, match="there already"):
        call("init")
    assert (place / "campaign.yaml").read_bytes() == before


def test_init_prints_a_schema_that_knows_every_key() -> None:
    """Editors can check a campaign file."""
    schema = json.loads(call("init", "--schema")[1])
    assert {"name", "agent_id", "from_numbers", "pace", "hours"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("name", ["demo", "nightly", "one-off"])
def test_the_shipped_campaign_files_are_right(name: str) -> None:
    """Each file in configs/ is accepted as it is."""
    assert load_campaign_file(CONFIGS / f"{name}.yaml").agent_id


def test_validate_counts_the_sample_lists() -> None:
    """The damage in the sample lists is found, row by row, in words."""
    found = call_json("validate", SAMPLES / "contacts.csv", "--config", CONFIGS / "demo.yaml")
    problems = {problem["row"]: problem["reason"] for problem in found["problems"]}
    assert found["rows"] == 40
    assert found["callable"] == 33
    assert problems[11].startswith("scientific notation")
    assert problems[17].startswith("no plus in front")
    assert problems[28].startswith("it has letters")
    assert problems[32] == "the same number as in row 4"
    assert problems[35] == "the phone number is missing"


def test_validate_reads_workbooks() -> None:
    """A number that lost its plus, a duplicate and an unknown zone are found in the .xlsx sample."""
    found = call_json("validate", SAMPLES / "contacts.xlsx")
    assert found["phone_column"] == "Mobile Number"
    assert {problem["row"]: problem["status"] for problem in found["problems"]} == {
        8: "rejected",
        10: "duplicate",
        12: "rejected",
    }


def test_validate_shows_problems_with_their_rows() -> None:
    """For people: each problem once, with how many rows have it, which, and what to do."""
    code, said = call("validate", SAMPLES / "contacts.csv", "--config", CONFIGS / "demo.yaml")
    assert code == 0
    assert "33 can be called, 7 cannot" in said
    assert (
        "1 row: the phone number is missing (column 'phone')\n"
        "  rows  35\n"
        "  cure  fill the cell, or leave the row out\n"
    ) in said


def test_validate_says_65_when_nobody_can_be_called(tmp_path: Path) -> None:
    """A list without a single usable row has its own exit code."""
    path = tmp_path / "list.csv"
    path.write_text("phone\n123\n", encoding="utf-8")
    assert call("validate", path)[0] == 65


@pytest.mark.parametrize("ledger", [(), ("--ledger", "typo.db"), ("--ledger", "sqlite:///typo.db")])
def test_plan_adds_up_and_makes_no_ledger(place: Path, ledger: tuple[str, ...]) -> None:
    """The counts of a plan add up to the rows of the list; nothing is written, whatever ledger is named."""
    before = set(place.iterdir())
    planned = call_json("plan", "contacts.csv", "--config", "campaign.yaml", *ledger)
    assert planned["campaign"] == "spring-offer"
    assert planned["dial_now"] == planned["rows"] == 2
    assert not (place / "ledger.db").exists()
    assert set(place.iterdir()) == before


def test_plan_knows_what_the_ledger_knows(place: Path, enrolled: Ledger) -> None:
    """People who are suppressed or under way are not planned again."""
    with enrolled:
        due = enrolled.read(waiting.due, 1, NOON, skip=(), limit=2)
        enrolled.write(
            attempts.record_intent,
            due[0].contact_id,
            token="t",
            to_number=due[0].to_number,
            from_number="+12025550100",
            agent_id="agt",
            now=NOON,
        ).result()
        enrolled.write(suppression.suppress, [due[1].to_number], reason="asked us", now=NOON).result()
    planned = call_json("plan", "contacts.csv", "--config", "campaign.yaml")
    assert (planned["dial_now"], planned["under_way"]) == (0, 1)
    assert planned["final"] == {"suppressed: asked us": 1}


def test_plan_says_how_a_list_has_changed(place: Path, enrolled: Ledger) -> None:
    """A list that differs from the campaign's is planned as an amendment."""
    enrolled.close()
    with (place / "contacts.csv").open("a", encoding="utf-8") as file:
        file.write("+12025550150,New Person,A-19\n")
    _, said = call("plan", "contacts.csv", "--config", "campaign.yaml")
    assert "1 people added, 0 changed, 0 removed" in " ".join(said.split())


def test_status_shows_campaigns(enrolled: Ledger) -> None:
    """For programs and for people."""
    enrolled.close()
    (entry,) = call_json("status", "spring-offer")
    assert entry["state"] == "unfinished"
    assert entry["rows"] == {"waiting": 2}
    assert "spring-offer" in call("status")[1]


def test_status_of_an_unknown_campaign_suggests_the_nearest(enrolled: Ledger) -> None:
    """A misspelt name is a usage error with a cure."""
    enrolled.close()
    with pytest.raises(UsageError, match="did you mean spring-offer"):
        call("status", "spring-ofer")


def test_status_without_a_ledger_says_so(place: Path) -> None:
    """A view does not make a ledger."""
    with pytest.raises(LedgerError, match="there is none yet"):
        call("status")
    assert not (place / "ledger.db").exists()


def test_results_can_be_written_at_any_time(place: Path, enrolled: Ledger) -> None:
    """The view of the ledger has every row of the list, in its order, in each format."""
    enrolled.close()
    for suffix in (".csv", ".xlsx", ".jsonl"):
        assert call("results", "spring-offer", "--output", f"now{suffix}")[0] == 0
    with (place / "now.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["customer_name"], row["call_status"]) for row in rows] == [
        ("Dana Example", "waiting"),
        ("Lee Example", "waiting"),
    ]
    assert len((place / "now.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_a_missing_list_is_named() -> None:
    """The error names the file."""
    with pytest.raises(InputMissingError, match=r"nowhere\.csv: no such file"):
        call("validate", "nowhere.csv")


@pytest.mark.parametrize("option", [("--generation", "v9"), ("--envelope", "box"), ("--fault", "explode")])
def test_the_simulator_knows_what_it_can_do(option: tuple[str, str]) -> None:
    """A wrong option of `simulate` is named with what there is."""
    with pytest.raises(UsageError, match=option[1]):
        call("simulate", "--port", "0", *option)
