"""The suites run the program in processes of their own or in virtual time; others watch its loop."""

import pytest


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """A process that is forked here must not inherit what watches this one."""
