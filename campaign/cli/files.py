"""Files of a command: where the examples are, and what must not be overwritten."""

from collections.abc import Iterable
from contextlib import suppress
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
    if is_among(path, used):
        raise UsageError(f"{option} {path}: this file is used by the same command; choose another name")


def is_among(path: Path, used: Iterable[Path]) -> bool:
    """Whether this is one of these files, by any name: a link, or on a disk that tells no capitals."""
    return any(_is_same(path, other) for other in used)


def _is_same(path: Path, other: Path) -> bool:
    if path.resolve() == other.resolve():
        return True
    with suppress(OSError):
        return path.samefile(other)
    return False
