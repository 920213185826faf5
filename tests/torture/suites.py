"""The suites by name, in the order of the table."""

from collections.abc import Callable, Mapping

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
from tests.torture.tally import Effort, Tally

SUITES: Mapping[str, Callable[[Effort], Tally]] = {
    "simulation": simulation.run,
    "kills": kills.run,
    "syscalls": syscalls.run,
    "powercuts": powercuts.run,
    "network": network.run,
    "replies": replies.run,
    "disk": disk.run,
    "overlap": overlap.run,
    "secrets": secrets.run,
    "numbers": numbers.run,
    "hours": hours.run,
    "breaker": breaker.run,
    "mutants": mutants.run,
}
