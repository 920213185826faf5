"""`campaign init --from LIST`: a campaign file for a list that nobody has described."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from campaign.cli.app import app
from campaign.errors import CampaignError, ListError, OutputError
from campaign.settings import load_campaign_file

HEADER = "Customer No,Full Name,Landline,Mobile,Zone,Notes,Order ID\n"
ROWS = "".join(
    f'C{at},Person {at},(202) 555-01{at},+120255501{at},America/New_York,"two\nlines",A-{at}\n'
    for at in range(40, 60)
)


def init(*arguments: object) -> str:
    """What the command says on stderr."""
    result = CliRunner().invoke(app, ["init", *(str(argument) for argument in arguments)])
    if isinstance(result.exception, CampaignError):
        raise result.exception
    assert result.exit_code == 0
    return result.stderr


@pytest.fixture
def contact_list(tmp_path: Path) -> Path:
    """A list with two columns of numbers, an id, a zone, and notes that no agent should read."""
    path = tmp_path / "people.csv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    return path


def test_the_mapping_that_was_recognised_works(tmp_path: Path, contact_list: Path) -> None:
    """The file is valid as it is, with column names as agents write variables."""
    init(tmp_path / "new", "--from", contact_list)
    contacts = load_campaign_file(tmp_path / "new" / "campaign.yaml").contacts
    assert (contacts.to_number, contacts.timezone) == ("Mobile", "Zone")
    assert contacts.variables == {
        "customer_no": "Customer No",
        "full_name": "Full Name",
        "order_id": "Order ID",
    }
    assert (tmp_path / "new" / "results").is_dir()


def test_what_is_unsure_is_asked(tmp_path: Path, contact_list: Path) -> None:
    """Two columns of numbers, an id and the countries are questions, in the file and on the screen."""
    said = init(tmp_path / "new", "--from", contact_list)
    text = (tmp_path / "new" / "campaign.yaml").read_text(encoding="utf-8")
    for question in (
        "'Landline' holds phone numbers, too",
        "the numbers are of US 20; may all of these be called?",
        "does 'Customer No' tell people apart?",
    ):
        assert question in said
        assert question in text
    assert "# left out: 'Notes', the value has a line break" in text


def test_the_next_steps_can_be_typed_as_they_stand(
    tmp_path: Path, contact_list: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One command per line, on the screen and at the head of the file, also where a name has a blank."""
    monkeypatch.chdir(tmp_path)
    contact_list.rename("my people.csv")
    said = init("new list", "--from", "my people.csv").splitlines()
    assert said[0].startswith("wrote new list/campaign.yaml, new list/results/: numbers from column")
    text = Path("new list/campaign.yaml").read_text(encoding="utf-8")
    arguments = "'my people.csv' --config 'new list/campaign.yaml'"
    assert said[-3:] == [
        "Next: answer the questions and set agent_id and from_numbers in new list/campaign.yaml, then look:",
        f"  campaign validate {arguments}",
        f"  campaign plan {arguments}",
    ]
    for command in ("validate", "plan", "run"):
        assert f"#   campaign {command} {arguments}\n" in text


def test_a_template_comes_with_its_next_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made is told, and the folder for results only where it was not there."""
    monkeypatch.chdir(tmp_path)
    steps = [
        "Next: set agent_id and from_numbers in campaign.yaml, fill the list, then look:",
        "  campaign validate contacts.csv --config campaign.yaml",
        "  campaign plan contacts.csv --config campaign.yaml",
    ]
    assert init().splitlines() == ["wrote campaign.yaml, contacts.csv, results/", *steps]
    Path("campaign.yaml").unlink()
    Path("contacts.csv").unlink()
    assert init().splitlines() == ["wrote campaign.yaml, contacts.csv", *steps]


def test_a_list_with_a_line_break_in_its_name(tmp_path: Path, contact_list: Path) -> None:
    """The campaign file that names it is one that can be read."""
    odd = contact_list.rename(tmp_path / "people\nname: other.csv")
    init(tmp_path / "new", "--from", odd)
    assert load_campaign_file(tmp_path / "new" / "campaign.yaml").name == "spring-offer"


def test_numbers_without_a_plus_raise_the_question_of_their_country(tmp_path: Path) -> None:
    """Nothing is guessed from digits alone."""
    path = tmp_path / "list.csv"
    path.write_text("phone,name\n2025550143,Ann\n2025550144,Ben\n", encoding="utf-8")
    said = init(tmp_path / "new", "--from", path)
    assert "2 of 2 numbers have no plus; of which country are they?" in said
    assert load_campaign_file(tmp_path / "new" / "campaign.yaml").contacts.default_region is None


def test_odd_column_names_stay_names(tmp_path: Path) -> None:
    """Whatever a heading says, YAML takes it for a text."""
    path = tmp_path / "list.csv"
    path.write_text(
        'phone,"no: {x}, #1",yes,"""q""",\u540d\u524d,a - b\n+12025550143,1,2,3,4,5\n', encoding="utf-8"
    )
    init(tmp_path / "new", "--from", path)
    variables = load_campaign_file(tmp_path / "new" / "campaign.yaml").contacts.variables
    assert variables == {
        "no_x_1": "no: {x}, #1",
        "yes": "yes",
        "q": '"q"',
        "\u540d\u524d": "\u540d\u524d",
        "a_b": "a - b",
    }


def test_a_list_without_numbers_is_refused(tmp_path: Path) -> None:
    """No column is taken for phone numbers when none holds any."""
    path = tmp_path / "list.csv"
    path.write_text("name,born\nAnn,1990-01-02\n", encoding="utf-8")
    with pytest.raises(ListError, match="no column holds phone numbers; the columns are name, born"):
        init(tmp_path / "new", "--from", path)
    assert not (tmp_path / "new").exists()


def test_a_title_above_the_names_is_refused(tmp_path: Path) -> None:
    """A title in the place of the names is named as such, and no mapping is made of it."""
    path = tmp_path / "list.csv"
    path.write_text("Our list,\nPhone,Name\n+12025550143,Ann\n", encoding="utf-8")
    with pytest.raises(ListError, match=r"list\.csv: the first line looks like a title, since row 2 names"):
        init(tmp_path / "new", "--from", path)


def test_nothing_is_overwritten(tmp_path: Path, contact_list: Path) -> None:
    """A campaign file that is there already is left alone."""
    (tmp_path / "campaign.yaml").write_text("name: mine\n", encoding="utf-8")
    with pytest.raises(OutputError, match="there already"):
        init(tmp_path, "--from", contact_list)
