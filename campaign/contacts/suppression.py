"""Suppression files: numbers that must not be called, one per line, as text or in a CSV column."""

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaign.contacts import phone
from campaign.contacts.columns import PHONE_NAMES, simplified
from campaign.errors import ConfigError, InputMissingError
from campaign.models import E164
from campaign.settings import SuppressionFile


class SuppressionLists:
    """The lists of a campaign file, which may be looked at again in a long run.

    A number that was read once stays suppressed as long as this lives: a list may just be replaced by
    somebody, and half of it be there.
    """

    def __init__(self, files: Sequence[SuppressionFile], *, default_region: str | None) -> None:
        self._files = files
        self._default_region = default_region
        self._marks: dict[Path, tuple[int, ...]] = {}
        self._numbers: dict[str, str] = {}

    def read(self, now: datetime) -> Mapping[str, str]:
        """Everybody who stands in one of the lists by now, with the list. Reads what has changed.

        Raises:
            InputMissingError: A list is gone, or cannot be opened.
            ConfigError: A list is older than it may be, or an entry is not a phone number.
        """
        for entry in self._files:
            mark = self._look(entry, now)
            if self._marks.get(entry.file) != mark:
                for number in read_numbers(entry.file, default_region=self._default_region):
                    self._numbers.setdefault(number, f"on the suppression list {entry.file.name}")
                self._marks[entry.file] = mark
        return dict(self._numbers)

    def _look(self, entry: SuppressionFile, now: datetime) -> tuple[int, ...]:
        try:
            state = entry.file.stat()
        except OSError as error:
            raise InputMissingError(f"suppression list {entry.file}: {error.strerror}") from error
        age = now - datetime.fromtimestamp(state.st_mtime, UTC)
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


def read_numbers(path: Path, *, default_region: str | None) -> frozenset[E164]:
    """Every number of one file, in E.164.

    The first line may name the columns; else the number stands first in each line, or each line is the area
    code and the number of a US registry file, `202,5550143`. An entry that cannot be read refuses the file:
    nobody can say whom it was meant to protect.

    Raises:
        InputMissingError: There is no such file, or it cannot be opened.
        ConfigError: An entry is not a phone number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, cells) for cells in reader if any(cells)]
    except OSError as error:
        raise InputMissingError(f"suppression list {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"suppression list {path}: not CSV or text in UTF-8") from error
    except csv.Error as error:
        raise ConfigError(
            f"suppression list {path}, line {reader.line_num}: a quote is out of place"
        ) from error
    others = [line for line, cells in lines if not _is_of_registry(cells)]
    if len(others) < len(lines) / 2:
        if others:
            raise ConfigError(
                f"suppression list {path}, line {others[0]}: not an area code and a number, as the other "
                "lines are; mend the line"
            )
        return frozenset(E164(f"+1{area}{number}") for _, (area, number) in lines)
    column = 0
    if lines and not any(character.isdigit() for character in "".join(lines[0][1])):
        names = [simplified(cell) for cell in lines.pop(0)[1]]
        column = next((names.index(name) for name in PHONE_NAMES if name in names), 0)
    numbers: set[E164] = set()
    for line, cells in lines:
        text = cells[column].strip() if column < len(cells) else ""
        number = phone.normalise(text, default_region=default_region)
        if number is None:
            raise ConfigError(
                f"suppression list {path}, line {line}: not a phone number with a plus and digits; "
                "mend the line, or say the country of numbers without a plus "
                "(contacts.default_region, --region)"
            )
        numbers.add(number)
    return frozenset(numbers)


def _is_of_registry(cells: list[str]) -> bool:
    """Whether this is a line as the US do-not-call registry has it: area code and number, nothing else.

    Source: the registry's flat text files, telemarketing.donotcall.gov.
    """
    return len(cells) == 2 and bool(re.fullmatch(r"[2-9]\d\d,[2-9]\d{6}", ",".join(cells), re.ASCII))
