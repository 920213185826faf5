"""Bounds of a workbook that is read: beyond these it is no contact list, but damaged or hostile."""

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the reading of one workbook may cost, and how large it may be once unpacked."""

    memory: int = 1_500 * MB
    """Bytes of address space of the child process."""
    cpu_seconds: int = 60
    wall_seconds: float = 120
    """How long the parent waits for the child and reads what it says, altogether."""
    parts: int = 2_000
    """Files in the archive."""
    part_bytes: int = 200 * MB
    unpacked_bytes: int = 500 * MB
    """Of all parts together."""
    characters: int = 100 * MB
    """Of all cells together, which can be more than the parts hold, since cells can share a text."""
    output_bytes: int = 300 * MB
    """What the child may say."""
    ratio: int = 200
    """How many times larger than packed a part may be."""
    ratio_from: int = 10 * MB
    """Smaller parts may have any ratio."""
    cells: int = 10_000_000
    """Of the rectangle around all used cells."""


def megabytes(count: int) -> str:
    """A number of bytes in the words of a message."""
    return f"{count // MB:,} MB"
