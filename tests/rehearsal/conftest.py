"""In virtual time nothing waits for a disk: the ledger is in memory and belongs to the event loop."""

import pytest


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """SQLite in memory may be called from the loop here."""
