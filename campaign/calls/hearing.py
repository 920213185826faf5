"""Hearing: whether events tell of the calls that end, so that looking may be rare.

Events are never believed, only compared with what was seen: as soon as a call ends of which none has told,
or the listener is gone, looks are as frequent as without it.
"""

TRUSTED_AFTER = 3
"""So many calls in a row have to be told of."""


class Hearing:
    """What a run has heard of its calls."""

    def __init__(self) -> None:
        self._is_listened_to = False
        self._told_in_a_row = 0

    @property
    def is_trusted(self) -> bool:
        """Whether the next end will be told of, as far as one can know."""
        return self._is_listened_to and self._told_in_a_row >= TRUSTED_AFTER

    def listened_to(self, is_there: bool) -> bool:
        """Whether a listener is there. Returns whether trust was lost by it."""
        before = self.is_trusted
        self._is_listened_to = is_there
        return before and not self.is_trusted

    def over(self, *, was_told: bool) -> bool:
        """A call has ended, and everything about it is known. Returns whether trust was lost by it.

        Args:
            was_told: Whether any event has told of it.
        """
        before = self.is_trusted
        self._told_in_a_row = self._told_in_a_row + 1 if was_told else 0
        return before and not was_told
