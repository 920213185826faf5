"""Stages for whole runs in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from campaign.ledger.ledger import Ledger
from campaign.simulator.app import Simulator
from tests.calls.harness import Stage, simulated
from tests.calls.held_time import HeldClock
from tests.support import NOON


@pytest.fixture
def clock() -> HeldClock:
    """The time of a test."""
    return HeldClock(NOON)


@pytest.fixture
def anyio_backend(clock: HeldClock) -> tuple[str, dict[str, Any]]:
    """Runs go by a clock of their own, so that a slow machine is not one more thing that goes wrong."""
    return "asyncio", {"loop_factory": clock.new_loop}


@pytest.fixture
def stage(ledger: Ledger, tmp_path: Path) -> Callable[..., Stage]:
    """Set up a run against a simulated account, on both databases."""

    def make(*faults: str, simulator: Simulator | None = None) -> Stage:
        return Stage(ledger, tmp_path, simulator or simulated(*faults))

    return make
