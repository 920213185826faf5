"""The tables that come with the program."""

from pathlib import Path

import pytest
import yaml

from campaign import settings
from campaign.settings.bundled import read_table

FOLDER = Path(settings.__file__).parent
TABLES = sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.rglob("*.yaml"))


def test_they_are_there() -> None:
    """Whatever else comes: the endings, the phrases, the area codes."""
    assert {"dispositions", "opt_out_phrases", "profiles/area_codes"} <= set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_both_loaders_read_the_same(name: str) -> None:
    """Where PyYAML has no libyaml, its slower loader takes the place of it."""
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")

    assert read_table(name) == yaml.safe_load(text)
