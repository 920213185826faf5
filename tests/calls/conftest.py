"""Stages for whole runs in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from campaign.ledger.ledger import Ledger
from campaign.simulator.app import Simulator
from tests.calls.harness import Stage, simulated


@pytest.fixture
def stage(ledger: Ledger, tmp_path: Path) -> Callable[..., Stage]:
    """Set up a run against a simulated account, on both databases."""

    def make(*faults: str, simulator: Simulator | None = None) -> Stage:
        return Stage(ledger, tmp_path, simulator or simulated(*faults))

    return make
