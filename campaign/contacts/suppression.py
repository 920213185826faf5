"""Suppression lists: the files of a campaign file in; out, everybody whom they forbid to call."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from campaign.contacts.suppression_file import read_numbers
from campaign.errors import ConfigError, InputMissingError
from campaign.models import forms_of
from campaign.settings import SuppressionFile

CLOCK_SKEW = timedelta(minutes=5)
"""The clock of whoever wrote a list and ours may differ by so much."""


class SuppressionLists:
    """The lists of a campaign file, which may be looked at again in a long run.

    A number that was read once stays suppressed as long as this lives: a list may just be replaced by
    somebody, and half of it be there.
    """

    def __init__(self, files: Sequence[SuppressionFile], *, default_region: str | None) -> None:
        self._files = files
        self._default_region = default_region
        # By entry: two of them may read different columns of one file.
        self._marks: dict[SuppressionFile, tuple[int, ...]] = {}
        self._numbers: dict[str, str] = {}

    def read(self, now: datetime) -> Mapping[str, str]:
        """Everybody who stands in one of the lists by now, with the list. Reads what has changed.

        Raises:
            InputMissingError: A list is gone, or cannot be opened.
            ConfigError: A list is older than it may be, or is not one of phone numbers.
        """
        for entry in self._files:
            mark = self._mark_of(entry, now)
            if self._marks.get(entry) != mark:
                for number in read_numbers(entry, default_region=self._default_region):
                    for form in forms_of(number):
                        self._numbers.setdefault(form, f"on the suppression list {entry.file.name}")
                self._marks[entry] = mark
        return dict(self._numbers)

    def _mark_of(self, entry: SuppressionFile, now: datetime) -> tuple[int, ...]:
        try:
            state = entry.file.stat()
        except OSError as error:
            was_never_there = isinstance(error, FileNotFoundError) and entry not in self._marks
            cure = "create it" if was_never_there else "put it back"
            raise InputMissingError(
                f"suppression list {entry.file}: {error.strerror}; {cure}, or take it out of the "
                "campaign file"
            ) from error
        age = now - datetime.fromtimestamp(state.st_mtime, UTC)
        if entry.max_age is not None and age < -CLOCK_SKEW:
            raise ConfigError(
                f"suppression list {entry.file}: its time lies {in_words(-age)} ahead, so nobody can tell "
                "whether it is older than max_age; fetch a new one, or set the clock right"
            )
        if entry.max_age is not None and age > entry.max_age:
            raise ConfigError(
                f"suppression list {entry.file}: {in_words(age)} old, and max_age is "
                f"{in_words(entry.max_age)}; fetch a new one"
            )
        return (state.st_mtime_ns, state.st_size, state.st_ino)


def in_words(age: timedelta) -> str:
    """How old something is, in the unit that suits: `31 days`, `40 hours`, `90 seconds`."""
    seconds = age.total_seconds()
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
