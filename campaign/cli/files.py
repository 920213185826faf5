"""Where the example files are: in a checkout, or inside the installed package."""

from pathlib import Path

import campaign


def bundled(name: str) -> Path:
    """The path of a file of `configs/` or `sample_data/`, like `configs/demo.yaml`."""
    package = Path(campaign.__file__).parent
    inside = package / "bundled" / name
    return inside if inside.exists() else package.parent / name
