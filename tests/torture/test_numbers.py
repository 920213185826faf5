"""The suite of generated cells counts what it has seen, and tells of a cell that breaks a property."""

from pathlib import Path

import pytest

from tests.contacts.number_properties import CELLS, SHARDS, Checked
from tests.torture import numbers
from tests.torture.tally import Effort


@pytest.mark.e2e
def test_a_sample(tmp_path: Path) -> None:
    """Every shard of every property is counted, and how many cells were read as numbers."""
    tally = numbers.run(Effort(tmp_path, share=200 / CELLS))
    assert tally.is_clean, tally.failures
    cells = 200 * len(SHARDS)
    assert [tally.injected[name] for name in numbers.PROPERTIES] == [cells] * 3
    assert cells * 0.05 <= tally.injected["numbers read quickly in them, and slowly as the same"] < cells
    assert cells * 0.15 <= tally.injected["numbers read in those"] < cells


def read_nothing(shard: int, count: int) -> Checked:
    """A reader that takes no cell for a number."""
    return 0, []


def test_a_reader_that_reads_nothing_is_told(tmp_path: Path) -> None:
    """Cells that were only generated have shown nothing."""
    idle = {"cells": numbers.Property(read_nothing, "numbers read in them", 0.15)}
    tally = numbers.run(Effort(tmp_path, share=10 / CELLS), idle)
    assert tally.failures == ["only 0 of 30 numbers read in them"]


def test_a_cell_that_breaks_a_property_is_told() -> None:
    """It is wrong, and the cell and its shard are named."""
    odd = {"odd": numbers.Property(lambda shard, count: (count, ["+1 555"]))}
    tally = numbers.check(10, ("odd", 3), odd)
    assert not tally.is_clean
    assert tally.wrong == 1
    assert tally.failures == ["odd, shard 3: '+1 555'"]
