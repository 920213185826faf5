"""Processes of tests that have the product loaded when they begin."""

from importlib.util import find_spec

import pytest

from tests.forks import LOADED


@pytest.mark.parametrize("name", LOADED)
def test_what_is_loaded_before_is_there(name: str) -> None:
    """What is not would be left out in silence, and loaded by each process again."""
    assert find_spec(name) is not None
