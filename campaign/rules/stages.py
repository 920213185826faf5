"""Stages: a campaign starts with few calls, and each stage has to end well before the next one begins."""

from collections.abc import Sequence

ENOUGH_CALLS = 3
"""One call that fails may be the person's own line; so many of a stage, with too few others, are not."""


class Stages:
    """How far the first calls of a campaign have come."""

    def __init__(self, sizes: Sequence[int], failed_share: float) -> None:
        """Begin with the first stage.

        Args:
            sizes: Calls of each stage.
            failed_share: A stage has ended well when fewer than this share of its calls have failed.
        """
        self._sizes = sizes
        self._failed_share = failed_share
        self._at = 0
        self.seen = 0
        """Calls of the present stage that have ended."""
        self.failed: list[str] = []
        """The end reasons of those that have failed."""

    def ended(self, *, has_failed: bool, reason: str = "") -> bool:
        """One more call has ended. Returns whether that makes a stage in which too many have failed."""
        if self.is_over:
            return False
        self.seen += 1
        if has_failed:
            self.failed.append(reason)
        if self.seen < self._sizes[self._at]:
            return False
        if self._is_sane:
            self._at += 1
            self.begin_stage_anew()
            return False
        return self.seen >= ENOUGH_CALLS

    @property
    def _is_sane(self) -> bool:
        failed = len(self.failed)
        return failed < self._failed_share * self.seen or failed <= 1 < self.seen

    def begin_stage_anew(self) -> None:
        """What has ended in the present stage does not count, as its cause is known and held back."""
        self.seen, self.failed = 0, []

    @property
    def is_over(self) -> bool:
        """Whether every stage has been passed."""
        return self._at >= len(self._sizes)

    @property
    def allowed(self) -> int | None:
        """How many calls may be under way; None when the stages are over."""
        if self.is_over:
            return None
        # Too many of the stage failed: one more at a time, until they are enough to tell.
        return max(self._sizes[self._at] - self.seen, 1)

    @property
    def awaited(self) -> str:
        """What the next stage waits for, for people."""
        size = max(self._sizes[self._at], self.seen + 1) if not self.is_over else 0
        return f"first calls: {self.seen} of {size} ended"
