"""A million cells for each property of the number reader: none is read as somebody else's number."""

from collections.abc import Callable
from functools import partial

from tests import forks
from tests.contacts import number_properties
from tests.contacts.number_properties import CELLS, SHARDS, Checked
from tests.torture.tally import Effort, Tally

Property = Callable[[int, int], Checked]

PROPERTIES: dict[str, Property] = {
    "cells read quickly and slowly": number_properties.quick_yes_is_slow_yes,
    "cells in odd layouts": number_properties.digits_are_preserved,
    "cells with decimals": number_properties.floats_are_no_numbers,
}


def run(effort: Effort) -> Tally:
    """Every shard of every property."""
    cases = [(name, shard) for name in PROPERTIES for shard in SHARDS]
    tally = Tally()
    with forks.pool(effort.jobs) as pool:
        for part in pool.map(partial(check, effort.count(CELLS)), cases):
            tally.add(part)
    return tally


def check(count: int, case: tuple[str, int], properties: dict[str, Property] | None = None) -> Tally:
    """One shard of one property; each cell that breaks it is wrong."""
    name, shard = case
    _, wrong = (properties or PROPERTIES)[name](shard, count)
    tally = Tally(wrong=len(wrong))
    tally.injected[name] += count
    for cell in wrong:
        tally.fail(f"{name}, shard {shard}: {cell!r}")
    return tally
