"""The README and the pages of docs/ say what is true."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from pydantic import BaseModel

from campaign.cli.app import app
from campaign.errors import ExitCode
from campaign.models import OUR_COLUMNS, RowStatus
from campaign.settings import CampaignSettings, Environment

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / name for name in ("README.md", "GUARANTEES.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)


def _campaign_file(page: str) -> dict[str, Any]:
    """The first campaign file on a page."""
    block = re.search(r"```yaml\n(name:.*?)```", page, re.DOTALL)
    assert block is not None
    content: dict[str, Any] = yaml.safe_load(block[1])
    return content


def test_the_campaign_file_in_the_readme_is_accepted() -> None:
    """Who copies it has a campaign file."""
    CampaignSettings.model_validate(_campaign_file(README))


def test_the_campaign_file_of_all_keys_is_accepted_and_complete() -> None:
    """It is valid, and shows every key that there is."""
    content = _campaign_file((ROOT / "docs" / "campaign-file.md").read_text(encoding="utf-8"))
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


def test_every_column_of_ours_is_described() -> None:
    """Whatever stands behind the operator's columns has its line."""
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert {column for column in OUR_COLUMNS if f"`{column}`" not in page} == set()


def test_every_page_is_found_from_the_readme() -> None:
    """There is no page that only a listing of the folder shows."""
    linked = set(re.findall(r"\]\(([^)#:]+)[)#]", README))
    assert {str(page.relative_to(ROOT)) for page in PAGES} - {"README.md"} <= linked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """The file is there, and has the heading."""
    for target, heading in re.findall(r"\]\(([^)#:\s]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        assert not heading or heading in _anchors(linked), f"{target}#{heading}"


def _anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links, as GitHub does it."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "folder", sorted(path.parent.name for path in (ROOT / "campaign").glob("*/__init__.py"))
)
def test_every_folder_is_in_the_data_path(folder: str) -> None:
    """The folder listing is the first diagram, and the README explains it."""
    assert f"(campaign/{folder})" in README
