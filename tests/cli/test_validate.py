"""`campaign validate`, and what `plan` and `run` make of a list with trouble."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from campaign.cli.app import app
from campaign.contacts.intake import take_in
from campaign.errors import CampaignError, ConfigError, ListError, OutputError, UsageError
from campaign.ledger import campaigns
from campaign.ledger.ledger import Ledger
from campaign.settings import load_campaign_file
from campaign.simulator import server
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from tests.support import NOON

CONFIG = """
name: spring
agent_id: agt_test
from_numbers: ["+12025550100"]
hours: {days: {mon-sun: "00:00-24:00"}}
"""
MIXED = """phone,name,order
+12025550143,Ann,1
\u202a+12025550144\u202c,Ben,2
12025550145,Cara,3
1.20256E+10,Dora,4
+1 (202) 555-0143,Emil,5
+442079460018,Fay,6
"""


def call(*arguments: object, piped: bytes | None = None) -> tuple[int, str, str]:
    """Run a command: its exit code, stdout and stderr. An error for people is raised."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=piped)
    if isinstance(result.exception, CampaignError):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def validated(*arguments: object) -> Any:
    """The JSON document of `validate`."""
    return json.loads(call("validate", *arguments, "--json")[1])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a campaign file and a list of six rows, of which two can be called."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "campaign.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "list.csv").write_text(MIXED, encoding="utf-8")
    return tmp_path


@contextmanager
def account(monkeypatch: pytest.MonkeyPatch, first_message: str) -> Iterator[None]:
    """An account whose agent says this first."""
    with server.running(Simulator(first_message=first_message)) as url:
        monkeypatch.setenv("ONEINBOX_BASE_URL", url)
        monkeypatch.setenv("ONEINBOX_API_KEY", SIMULATOR_KEY)
        yield


def test_every_problem_has_its_name_its_rows_and_its_cure(place: Path) -> None:
    """All problems come at once, each with a code that programs can rely on."""
    found = validated("list.csv", "--config", "campaign.yaml")
    assert {(problem["row"], problem["code"]) for problem in found["problems"]} == {
        (4, "lost_plus"),
        (5, "scientific_notation"),
        (6, "duplicate_number"),
        (7, "country_not_allowed"),
    }
    assert all(group["cure"] for group in found["groups"])
    assert found["repairs"] == {"invisible marks at the ends": 1}
    assert (found["callable"], found["invalid_share"], found["max_invalid"]) == (2, 0.5, 0.05)


def test_duplicates_are_one_problem(place: Path) -> None:
    """Each duplicate names the row that it repeats, and together they are one group with a common reason."""
    good = "+12025550143,Ann,1\n+12025550144,Ben,2\n"
    (place / "list.csv").write_text(f"phone,name,order\n{good * 2}", encoding="utf-8")
    found = validated("list.csv")
    assert [problem["reason"] for problem in found["problems"]] == [
        "the same number as in row 2",
        "the same number as in row 3",
    ]
    [group] = found["groups"]
    assert (group["code"], group["reason"], group["rows"], group["examples"]) == (
        "duplicate_number",
        "the same number as in an earlier row",
        2,
        [4, 5],
    )


def test_people_are_told_in_groups_without_a_phone_number(place: Path) -> None:
    """The text has counts, row numbers and cures, and no number of anybody."""
    _, said, warned = call("validate", "list.csv", "--config", "campaign.yaml")
    assert "1 row: the plus in front of the country code is missing (column 'phone')" in said
    assert "repaired without losing a digit: 1 with invisible marks at the ends" in said
    assert "555" not in said + warned
    assert "50.0% of the rows are unusable, and contacts.max_invalid allows 5.0%" in warned


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [
        ("phone\n+12025550143\n", (), 0),
        ("phone\n+12025550143\n", ("--strict",), 0),
        ("phone\n+12025550143\n12\n", (), 0),
        ("phone\n+12025550143\n12\n", ("--strict",), 65),
        ("phone\n+12025550143\n+12025550143\n", ("--strict",), 65),
        ("phone\n12\n", (), 65),
    ],
)
def test_the_exit_code_says_whether_the_list_is_good(
    place: Path, content: str, options: tuple[str, ...], code: int
) -> None:
    """0 when somebody can be called, 65 when nobody can; with --strict 65 as soon as anybody cannot."""
    (place / "list.csv").write_text(content, encoding="utf-8")
    assert call("validate", "list.csv", *options)[0] == code


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl", ".parquet"])
def test_rejects_open_again_with_the_same_problems(place: Path, suffix: str) -> None:
    """The rows to mend, with their reasons, and nobody among them who would be called twice."""
    call("validate", "list.csv", "--config", "campaign.yaml", "--rejects", f"rejects{suffix}")
    again = validated(f"rejects{suffix}", "--config", "campaign.yaml")
    assert [problem["code"] for problem in again["problems"]] == [
        "lost_plus",
        "scientific_notation",
        "country_not_allowed",
    ]
    assert again["callable"] == 0


def test_rejects_keep_the_lists_separator(place: Path) -> None:
    """Who keeps lists with semicolons gets the rejects so, with the reason and the column behind."""
    (place / "list.csv").write_text(MIXED.replace(",", ";"), encoding="utf-8")
    call("validate", "list.csv", "--rejects", "rejects.csv")
    with (place / "rejects.csv").open(encoding="utf-8", newline="") as file:
        header, first, *_ = csv.reader(file, delimiter=";", strict=True)
    assert header == ["phone", "name", "order", "reject_reason", "reject_column"]
    assert first == ["12025550145", "Cara", "3", "the plus in front of the country code is missing", "phone"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl", ".parquet"])
def test_the_fixed_copy_has_every_row_and_no_new_problem(place: Path, suffix: str) -> None:
    """Repairs are made, proposals stand beside the refused cells, and the copy reads like the list."""
    before = validated("list.csv", "--config", "campaign.yaml")
    call("validate", "list.csv", "--config", "campaign.yaml", "--fixed", f"fixed{suffix}")
    after = validated(f"fixed{suffix}", "--config", "campaign.yaml")
    assert [(problem["code"]) for problem in after["problems"]] == [
        problem["code"] for problem in before["problems"]
    ]
    assert after["repairs"] == {}
    assert after["callable"] == before["callable"]


def test_the_fixed_workbook_says_what_was_done(place: Path) -> None:
    """Each row says whether it was repaired or refused; a refused cell stays as it was."""
    call("validate", "list.csv", "--config", "campaign.yaml", "--fixed", "fixed.xlsx")
    rows = list(openpyxl.load_workbook(place / "fixed.xlsx").active.iter_rows(values_only=True))
    assert rows[0] == ("phone", "name", "order", "check_result", "check_reason", "check_proposal")
    assert [row[3] for row in rows[1:]] == ["ok", "repaired", "refused", "refused", "duplicate", "refused"]
    assert rows[2][0] == "+12025550144"
    assert rows[3][0] == "12025550145"
    assert rows[3][5] == "+12025550145"
    assert rows[4][5] in (None, "")


@pytest.mark.parametrize(
    "options",
    [
        ("--rejects", "list.csv"),
        ("--fixed", "campaign.yaml"),
        ("--fixed", "same.csv", "--rejects", "./same.csv"),
    ],
)
def test_no_file_that_is_read_is_overwritten(place: Path, options: tuple[str, ...]) -> None:
    """A copy never takes the place of the list, of the campaign file or of the other copy."""
    with pytest.raises(UsageError, match="choose another name"):
        call("validate", "list.csv", "--config", "campaign.yaml", *options)
    assert (place / "list.csv").read_text(encoding="utf-8") == MIXED


def test_no_suppression_list_is_overwritten(place: Path) -> None:
    """The numbers that must not be called stay where they are."""
    (place / "dnc.csv").write_text("+12025550199\n", encoding="utf-8")
    (place / "campaign.yaml").write_text(CONFIG + "suppression: [dnc.csv]\n", encoding="utf-8")
    with pytest.raises(UsageError, match="choose another name"):
        call("validate", "list.csv", "--config", "campaign.yaml", "--rejects", "dnc.csv")
    assert (place / "dnc.csv").read_text(encoding="utf-8") == "+12025550199\n"


def test_an_unknown_format_is_refused(place: Path) -> None:
    """The name of a copy must say its format."""
    with pytest.raises(OutputError, match=r"must end in \.csv"):
        call("validate", "list.csv", "--rejects", "rejects.doc")


def test_options_help_with_lists_that_do_not_speak_for_themselves(place: Path) -> None:
    """Encoding and separator can be named where the file leaves them open."""
    (place / "list.csv").write_bytes("phone|name,first\n+12025550143|Zo\u00eb,x\n".encode("cp1252"))
    with pytest.raises(ListError, match="--encoding"):
        call("validate", "list.csv")
    assert validated("list.csv", "--encoding", "cp1252", "--delimiter", "|")["callable"] == 1


def test_what_the_agent_says_needs_a_column(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A placeholder of the first message without a column is found before anybody is called."""
    with (
        account(monkeypatch, "Hello {{ name }}, about order {{order_id}}."),
        pytest.raises(ListError, match=r"{{order_id}}.*contacts\.variables: {order_id: order}"),
    ):
        call("plan", "list.csv", "--config", "campaign.yaml")


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_what_the_agent_says_is_checked_on_standard_input(
    place: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """A list that can be read only once is refused for a missing variable like any other."""
    with account(monkeypatch, "About order {{order_id}}"), pytest.raises(ListError) as caught:
        call(command, "-", "--config", "campaign.yaml", piped=(place / "list.csv").read_bytes())
    assert str(caught.value).startswith("standard input: the agent says {{order_id}}, but the list has no")


@pytest.mark.parametrize("name", ["list.csv", "-"])
def test_a_campaign_that_knows_the_list_goes_on_without_a_variable(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whoever changes the agent under a running campaign reads why nobody is dialled; its calls go on."""
    content = b"phone,name,order\n+12025550143,Ann,1\n+12025550144,Ben,2\n"
    (place / "list.csv").write_bytes(content)
    with Ledger.open(str(place / "ledger.db")) as ledger:
        settings = load_campaign_file(place / "campaign.yaml")
        ledger.write(
            campaigns.start,
            name="spring",
            name_pattern="spring",
            agent_id="agt_test",
            intake=take_in(Path("list.csv"), settings),
            now=NOON,
        ).result()
    with account(monkeypatch, "Hello {{name}}, about {{order_id}}"):
        _, said, _ = call(
            "plan", name, "-c", "campaign.yaml", "--ledger", place / "ledger.db", "--json", piped=content
        )
    planned = json.loads(said)
    assert planned["dial_later"] == {"no value for order_id, which the agent says": 2}
    [note] = planned["notes"]
    assert "the agent says {{order_id}}" in note
    assert note.endswith("; until then nobody is dialled")


def test_what_the_agent_says_needs_a_value_in_each_row(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row with a blank for a placeholder is rejected; columns that the agent does not say may be blank."""
    (place / "list.csv").write_text(
        "phone,name,note\n+12025550143,Ann,\n+12025550144, ,x\n", encoding="utf-8"
    )
    with account(monkeypatch, "Hello {{name}}"):
        found = validated("list.csv", "--config", "campaign.yaml")
    assert [(problem["row"], problem["column"], problem["code"]) for problem in found["problems"]] == [
        (3, "name", "value_missing")
    ]


def test_a_value_for_every_call_needs_no_column(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the campaign file says for all calls satisfies the agent."""
    (place / "campaign.yaml").write_text(CONFIG + "call: {variables: {company: Acme}}\n", encoding="utf-8")
    with account(monkeypatch, "Hello {{name}} from {{company}}"):
        assert validated("list.csv", "--config", "campaign.yaml")["callable"] == 2


def test_required_variables_hold_without_an_account(place: Path) -> None:
    """`contacts.required` is checked also where OneInbox cannot be asked, which is said."""
    (place / "campaign.yaml").write_text(CONFIG + "contacts: {required: [city]}\n", encoding="utf-8")
    with pytest.raises(ListError, match=r"{{city}}"):
        call("validate", "list.csv", "--config", "campaign.yaml")
    (place / "campaign.yaml").write_text(CONFIG + "contacts: {required: [name]}\n", encoding="utf-8")
    assert any(
        "first message was not read" in note for note in validated("list.csv", "-c", "campaign.yaml")["notes"]
    )


def test_odd_braces_of_the_agent_are_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the check cannot read in the first message is named, not passed over."""
    with account(monkeypatch, "Hello {{ name | upper }}"):
        notes = validated("list.csv", "--config", "campaign.yaml")["notes"]
    assert "the agent's first message has {{ name | upper }}, which is not checked" in notes


def test_odd_braces_of_the_agent_are_cut(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole template in braces does not make the note unreadable."""
    with account(monkeypatch, "Hello {{ " + "name | upper " * 9 + "}}"):
        notes = validated("list.csv", "--config", "campaign.yaml")["notes"]
    assert notes[-1] == (
        "the agent's first message has {{ name | upper name | upper name | uppe…, which is not checked"
    )


def test_who_misses_a_variable_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The campaign file's own wish is not blamed on the agent, and the phone column is named as not sent."""
    for line, said in (
        ("contacts: {required: [city]}", r"contacts\.required has {{city}}"),
        ("contacts: {required: [phone]}", "the column 'phone' is not sent"),
    ):
        (place / "campaign.yaml").write_text(f"{CONFIG}{line}\n", encoding="utf-8")
        with pytest.raises(ListError, match=said):
            call("validate", "list.csv", "--config", "campaign.yaml")


def test_values_for_all_calls_are_fit_to_be_spoken(place: Path) -> None:
    """Braces and control characters are refused in the campaign file as they are in the list."""
    (place / "campaign.yaml").write_text(
        CONFIG + 'call: {variables: {company: "{{prompt}}"}}\n', encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=r"call\.variables\.company: .*curly brace"):
        call("validate", "list.csv", "--config", "campaign.yaml")


def test_every_row_that_cannot_be_called_is_worth_a_warning(place: Path) -> None:
    """Exit 0 with a line on stderr, also below max_invalid."""
    (place / "campaign.yaml").write_text(CONFIG + "contacts: {max_invalid: 0.9}\n", encoding="utf-8")
    code, _, warned = call("validate", "list.csv", "--config", "campaign.yaml")
    assert (code, "3 of 6 rows cannot be called" in warned) == (0, True)


@pytest.mark.parametrize("seed", ["0", "1", "2", "3"])
def test_a_list_is_known_again_by_another_process(place: Path, seed: str) -> None:
    """The mark of a list depends on the list and the settings, and on nothing of the process."""
    (place / "campaign.yaml").write_text(
        CONFIG + "contacts: {block_types: [voip, toll_free], countries: [US, GB, CA]}\n", encoding="utf-8"
    )
    script = (
        "from pathlib import Path; from campaign.contacts.intake import take_in; "
        "from campaign.settings import load_campaign_file; "
        "print(take_in(Path('list.csv'), load_campaign_file(Path('campaign.yaml'))).fingerprint)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    settings = load_campaign_file(place / "campaign.yaml")
    assert printed.strip() == take_in(Path("list.csv"), settings).fingerprint


def test_a_plan_warns_of_a_broken_list(place: Path) -> None:
    """The plan of a list that a run would refuse says so."""
    _, _, warned = call("plan", "list.csv", "--config", "campaign.yaml", "--ledger", place / "ledger.db")
    assert "50.0% of the rows are unusable" in warned
    assert "--allow-invalid" in warned


def test_an_overridden_first_message_is_the_one_that_counts(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its variables are checked in place of the agent's, also when OneInbox cannot be asked."""
    config = place / "campaign.yaml"
    config.write_text(CONFIG + "call: {overrides: {first_message: 'Hi {{nickname}} {{ a | b }}'}}\n")
    with pytest.raises(ListError, match="nickname"):
        call("validate", "list.csv", "--config", "campaign.yaml")
    with account(monkeypatch, "Hello {{something_else}}"):
        with pytest.raises(ListError, match="nickname"):
            call("validate", "list.csv", "--config", "campaign.yaml")
        config.write_text(CONFIG + "call: {overrides: {first_message: 'Hi {{name}} {{ a | b }}'}}\n")
        notes = validated("list.csv", "--config", "campaign.yaml")["notes"]
    assert "call.overrides.first_message has {{ a | b }}, which is not checked" in notes


def test_events_go_where_this_machine_allows(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook of another host is a mistake in the campaign file, found with the list."""
    (place / "campaign.yaml").write_text(CONFIG + "call: {webhook_url: 'https://evil.example/'}\n")
    monkeypatch.setenv("CAMPAIGN_WEBHOOK_HOSTS", "crm.example")
    with pytest.raises(ConfigError, match=r"evil\.example is not among"):
        call("validate", "list.csv", "--config", "campaign.yaml")


USED = ("list.csv", "dnc.csv", "closed.csv", "linked.csv", "second.csv")


def use_files(place: Path) -> str:
    """A campaign that reads each of these files, two of them by another name as well; what each holds."""
    lists = "suppression: [dnc.csv]\n" + CONFIG.replace("hours: {", "hours: {blackout: closed.csv, ")
    (place / "campaign.yaml").write_text(lists, encoding="utf-8")
    (place / "list.csv").write_text("phone\n+12025550143\n", encoding="utf-8")
    (place / "dnc.csv").write_text("phone\n+12025550199\n", encoding="utf-8")
    (place / "closed.csv").write_text("2026-12-24\n", encoding="utf-8")
    (place / "linked.csv").symlink_to("closed.csv")
    # As the second name of a file looks on a disk that does not tell capitals.
    os.link(place / "dnc.csv", place / "second.csv")
    return "".join((place / name).read_text(encoding="utf-8") for name in USED)


@pytest.mark.parametrize("name", USED)
@pytest.mark.parametrize("option", ["--rejects", "--fixed"])
def test_no_copy_takes_the_place_of_a_file_in_use(place: Path, option: str, name: str) -> None:
    """The list, suppression lists and days off are never written over, by whatever name."""
    before = use_files(place)
    with pytest.raises(UsageError, match=f"{option} {name}: this file is used by the same command; choose"):
        call("validate", "list.csv", "--config", "campaign.yaml", option, name)
    assert "".join((place / each).read_text(encoding="utf-8") for each in USED) == before


@pytest.mark.parametrize("name", USED)
def test_no_result_takes_the_place_of_a_file_in_use(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A run writes its result over nothing that it reads, by whatever name, and calls nobody."""
    before = use_files(place)
    monkeypatch.setenv("CAMPAIGN_LEDGER", str(place / "ledger.db"))
    with (
        account(monkeypatch, "Hello"),
        pytest.raises(UsageError, match=f"--output {name}: this file is used by the same command; choose"),
    ):
        call("run", "list.csv", "--config", "campaign.yaml", "--output", name, "--yes")
    assert "".join((place / each).read_text(encoding="utf-8") for each in USED) == before
