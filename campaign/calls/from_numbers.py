"""From numbers: which number of the pool a person sees."""

import zlib
from collections.abc import Sequence


def choose_from_number(from_numbers: Sequence[str], to_number: str) -> str:
    """The same person always sees the same number of the pool."""
    return from_numbers[zlib.crc32(to_number.encode()) % len(from_numbers)]
