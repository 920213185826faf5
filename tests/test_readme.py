"""The README says what is true."""

import re
from pathlib import Path

import pytest
import typer
import yaml
from pydantic import BaseModel

from campaign.cli.app import app
from campaign.errors import ExitCode
from campaign.models import RowStatus
from campaign.settings import CampaignSettings, Environment

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_campaign_file_in_the_readme_is_accepted_and_complete() -> None:
    """It is valid, and shows every key that there is."""
    block = re.search(r"## The campaign file\n\n```yaml\n(.*?)```", README, re.DOTALL)
    assert block is not None
    content = yaml.safe_load(block[1])
    CampaignSettings.model_validate(content)

    def assert_complete(model: type[BaseModel], shown: dict[str, object]) -> None:
        assert set(shown) == set(model.model_fields)
        for name, field in model.model_fields.items():
            inner = field.annotation
            section = shown[name]
            if isinstance(inner, type) and issubclass(inner, BaseModel) and isinstance(section, dict):
                assert_complete(inner, section)

    assert_complete(CampaignSettings, content)


def test_every_exit_code_is_in_the_table() -> None:
    """No code more, none less."""
    section = README.split("## Exit codes")[1].split("##")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)} == set(ExitCode)


def test_every_command_is_in_the_table() -> None:
    """What people can type is described."""
    commands = set(typer.main.get_group(app).commands)
    assert commands == set(re.findall(r"^\| `campaign (\w+)", README, re.MULTILINE))


@pytest.mark.parametrize("status", list(RowStatus))
def test_every_status_is_explained(status: RowStatus) -> None:
    """Whatever `call_status` can be is in the README."""
    assert f"`{status}`" in README


@pytest.mark.parametrize("variable", [*(name.upper() for name in Environment.model_fields), "XDG_STATE_HOME"])
def test_every_environment_variable_is_named(variable: str) -> None:
    """Nothing is read from the environment in silence."""
    assert f"`{variable}`" in README


def test_every_file_that_is_linked_exists() -> None:
    """Links into the repository lead somewhere."""
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize(
    "folder", sorted(path.parent.name for path in (ROOT / "campaign").glob("*/__init__.py"))
)
def test_every_folder_is_in_the_data_path(folder: str) -> None:
    """The folder listing is the first diagram, and the README explains it."""
    assert f"(campaign/{folder})" in README
