"""What nobody can limit: whoever feeds standard input, or is asked, may take as long as they like."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaign.calls.watchdog import Watchdog


@contextmanager
def unlimited(watchdog: "Watchdog", part: str, *, then: str, limit_s: float) -> Iterator[None]:
    """Let one part take its time. What comes then may go on for so many seconds."""
    watchdog.allow(part, math.inf)
    try:
        yield
    finally:
        watchdog.allow(then, limit_s)
