"""`campaign demo` may be tried again and again, and never at the cost of real calls."""

import subprocess
from pathlib import Path

import pytest

from campaign.ledger import campaigns
from campaign.ledger.ledger import Ledger
from campaign.models import Intake
from tests.e2e.machinery import COMMAND, PATIENCE_S
from tests.support import NOON, Rows

pytestmark = pytest.mark.e2e


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it in this folder."""
    return subprocess.run(
        [*COMMAND, "demo", "--folder", folder],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def enrol(folder: Path, name: str) -> None:
    """Put a campaign of this name into the folder's ledger."""
    intake = Intake("list.csv", ("phone",), "phone", Rows(()), "c" * 64, "f" * 64)
    with Ledger.open(str(folder / "ledger.db")) as ledger:
        ledger.write(
            campaigns.start, name=name, name_pattern=name, agent_id="a", intake=intake, now=NOON
        ).result()


def test_a_demo_replaces_the_one_before(tmp_path: Path) -> None:
    """It starts anew in the folder of an earlier one."""
    enrol(tmp_path, "demo-2026-01-01")
    assert demo(tmp_path).returncode == 0
    with Ledger.open(str(tmp_path / "ledger.db")) as ledger:
        [record] = ledger.read(campaigns.newest)
    assert record.name != "demo-2026-01-01"


def test_a_demo_leaves_a_real_ledger_alone(tmp_path: Path) -> None:
    """In a folder with a ledger of one's own it refuses, and names the campaign."""
    enrol(tmp_path, "spring")
    ended = demo(tmp_path)
    assert ended.returncode == 64
    assert "is the ledger of campaign spring; choose another place with --folder" in ended.stderr
    with Ledger.open(str(tmp_path / "ledger.db")) as ledger:
        assert [record.name for record in ledger.read(campaigns.newest)] == ["spring"]
