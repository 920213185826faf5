"""The suites by name, in the order of the table."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.torture import (
    breaker,
    disk,
    hours,
    kills,
    mutants,
    network,
    numbers,
    overlap,
    powercuts,
    replies,
    secrets,
    simulation,
    syscalls,
)
from tests.torture.tally import COUNTS, Effort, Tally

CALLS = frozenset(COUNTS) | {"in_review"}
"""What a suite counts that compares the calls, the ledger and the rows of whole campaigns."""
WRONG = frozenset({"wrong"})


class Suite(NamedTuple):
    """How to run a suite, and which of the table's counts its oracle takes."""

    run: Callable[[Effort], Tally]
    counted: frozenset[str]


SUITES: Mapping[str, Suite] = {
    "simulation": Suite(simulation.run, CALLS),
    "kills": Suite(kills.run, CALLS),
    "syscalls": Suite(syscalls.run, CALLS),
    "powercuts": Suite(powercuts.run, CALLS - {"forbidden_dials"}),
    "network": Suite(network.run, CALLS),
    "replies": Suite(replies.run, WRONG | {"double_dials"}),
    "disk": Suite(disk.run, CALLS),
    "overlap": Suite(overlap.run, CALLS),
    "secrets": Suite(secrets.run, WRONG),
    "numbers": Suite(numbers.run, WRONG),
    "hours": Suite(hours.run, WRONG),
    "breaker": Suite(breaker.run, WRONG),
    "mutants": Suite(mutants.run, WRONG),
}
