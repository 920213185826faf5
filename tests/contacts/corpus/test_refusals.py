"""Every malformed file of the corpus through the installed command: one line, exit 65, and no harm done."""

import os
from pathlib import Path

import pytest

from tests import warm
from tests.contacts.corpus.cases import Case
from tests.contacts.corpus.collection import REFUSED

pytestmark = pytest.mark.e2e

MEMORY = 400_000_000
"""Bytes that the command and the child that reads for it may each have had at most."""


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """The files of a folder, with their sizes and the time of their last change."""
    return {path.name: (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.iterdir()}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_malformed_file_gets_one_line(tmp_path: Path, case: Case) -> None:
    """Exit 65 and one line; nothing written, no child left behind, and the memory bounded."""
    folder, temporary = tmp_path / "folder", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    path = case.write(folder)
    flags = case.flags()
    if case.contacts:
        (folder / "campaign.yaml").write_text(case.campaign_file())
        flags += ["--config", "campaign.yaml"]
    before = listing(folder)
    ended = warm.run(
        "validate", path.name, "--rejects", "out.csv", "--fixed", "fixed.csv", *flags,
        folder=folder, environment=os.environ | {"ONEINBOX_API_KEY": "", "TMPDIR": str(temporary)},
    )  # fmt: skip
    assert ended.returncode == 65, ended.stderr
    [line] = ended.stderr.splitlines()
    assert line.startswith("campaign: ")
    assert ended.stdout == ""
    assert listing(folder) == before
    assert list(temporary.iterdir()) == []
    assert not ended.left_over
    assert ended.memory < MEMORY
