"""The suite of generated cells counts what it has seen, and tells of a cell that breaks a property."""

from pathlib import Path

import pytest

from tests.contacts.number_properties import CELLS, SHARDS
from tests.torture import numbers
from tests.torture.tally import Effort


@pytest.mark.e2e
def test_a_sample(tmp_path: Path) -> None:
    """Every shard of every property is counted."""
    tally = numbers.run(Effort(tmp_path, share=200 / CELLS))
    assert tally.is_clean, tally.failures
    assert tally.injected == dict.fromkeys(numbers.PROPERTIES, 200 * len(SHARDS))


def test_a_cell_that_breaks_a_property_is_told() -> None:
    """It is wrong, and the cell and its shard are named."""
    tally = numbers.check(10, ("odd", 3), {"odd": lambda shard, count: (count, ["+1 555"])})
    assert not tally.is_clean
    assert tally.wrong == 1
    assert tally.failures == ["odd, shard 3: '+1 555'"]
