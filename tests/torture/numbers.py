"""A million cells for each property of the number reader: none is read as somebody else's number."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from tests import forks
from tests.contacts import number_properties
from tests.contacts.number_properties import CELLS, SHARDS, Checked
from tests.torture.tally import Effort, Tally


class Property(NamedTuple):
    """What must hold of all cells of a kind."""

    check: Callable[[int, int], Checked]
    """Of a shard and a number of cells."""
    accepted: str = ""
    """What the table calls those that were read as numbers; only they can be read wrongly."""
    least: float = 0.0
    """Such a share of all cells they are at least."""


PROPERTIES: Mapping[str, Property] = {
    "plain cells": Property(
        number_properties.quick_yes_is_slow_yes, "numbers read quickly in them, and slowly as the same", 0.05
    ),
    "cells in odd layouts": Property(number_properties.digits_are_preserved, "numbers read in those", 0.15),
    "cells with decimals": Property(number_properties.floats_are_no_numbers),
}


def run(effort: Effort, properties: Mapping[str, Property] = PROPERTIES) -> Tally:
    """Every shard of every property."""
    cases = [(name, shard) for name in properties for shard in SHARDS]
    tally, each = Tally(), effort.count(CELLS)
    with forks.pool(effort.jobs) as pool:
        for part in pool.map(partial(check, each, properties=properties), cases):
            tally.add(part)
    cells = each * len(SHARDS)
    tally.require({kind.accepted: int(kind.least * cells) for kind in properties.values() if kind.accepted})
    return tally


def check(count: int, case: tuple[str, int], properties: Mapping[str, Property] = PROPERTIES) -> Tally:
    """One shard of one property; each cell that breaks it is wrong."""
    name, shard = case
    of_kind = properties[name]
    accepted, wrong = of_kind.check(shard, count)
    tally = Tally(wrong=len(wrong))
    tally.injected[name] += count
    if of_kind.accepted:
        tally.injected[of_kind.accepted] += accepted
    for cell in wrong:
        tally.fail(f"{name}, shard {shard}: {cell!r}")
    return tally
