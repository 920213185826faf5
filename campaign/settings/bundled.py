"""The tables that come with the program, as YAML beside the code that knows what they mean."""

from importlib.resources import files
from typing import Any

import yaml

# Every command reads these tables as it starts, and libyaml is ten times as quick.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_table(name: str) -> Any:
    """The content of a file of this folder.

    Args:
        name: Its path below this folder, without the suffix.
    """
    text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, _LOADER)  # noqa: S506 - a safe loader
