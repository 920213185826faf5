"""Stages: a campaign starts with few calls, and each stage has to end well before the next one begins."""

from collections.abc import Sequence

ENOUGH_FAILED = 3
"""One call that fails may be the person's own line; so many of a stage with no other in it are not."""


class Stages:
    """How far the first calls of a campaign have come."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sizes = sizes
        self._at = 0
        self._failed: list[bool] = []
        """Of the calls of the present stage that have ended, in their order."""

    def ended(self, *, has_failed: bool) -> bool:
        """One more call has ended. Returns whether that makes a stage in which every call has failed."""
        if self.is_over:
            return False
        self._failed.append(has_failed)
        size = self._sizes[self._at]
        if len(self._failed) < size:
            return False
        if all(self._failed):
            return len(self._failed) >= max(size, ENOUGH_FAILED)
        self._at += 1
        self._failed = []
        return False

    def begin_stage_anew(self) -> None:
        """What has ended in the present stage does not count, as its cause is known and held back."""
        self._failed = []

    @property
    def is_over(self) -> bool:
        """Whether every stage has been passed."""
        return self._at >= len(self._sizes)

    @property
    def failed(self) -> int:
        """How many calls of the present stage have failed."""
        return sum(self._failed)

    @property
    def allowed(self) -> int | None:
        """How many calls may be under way; None when the stages are over."""
        if self.is_over:
            return None
        # All of the stage failed: one more at a time, until one does not or they are enough.
        return max(self._sizes[self._at] - len(self._failed), 1)

    @property
    def awaited(self) -> str:
        """What the next stage waits for, for people."""
        size = max(self._sizes[self._at], len(self._failed) + 1) if not self.is_over else 0
        return f"first calls: {len(self._failed)} of {size} ended"
