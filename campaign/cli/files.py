"""Files of a command: where the examples are, and what must not be overwritten."""

from collections.abc import Iterable
from pathlib import Path

import campaign
from campaign.errors import UsageError


def bundled(name: str) -> Path:
    """The path of a file of `configs/` or `sample_data/`, like `configs/demo.yaml`."""
    package = Path(campaign.__file__).parent
    inside = package / "bundled" / name
    return inside if inside.exists() else package.parent / name


def refuse_to_overwrite(option: str, path: Path, used: Iterable[Path]) -> None:
    """Raise UsageError when a file to be written would take the place of one that the command uses."""
    for other in used:
        if path.resolve() == other.resolve():
            raise UsageError(f"{option} {path}: this file is used by the same command; choose another name")
