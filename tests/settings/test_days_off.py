"""The file of days off, looked at again in a long run: what it said once stays, and what is wrong is told."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from campaign.errors import ConfigError, InputMissingError
from campaign.settings import Calendar, DaysOff, HourSettings
from tests.support import NOON

XMAS, NEW_YEAR, EASTER = date(2026, 12, 25), date(2027, 1, 1), date(2027, 3, 28)

Write = Callable[..., None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "closed.csv"


@pytest.fixture
def write(path: Path) -> Write:
    """Replace the file, as a careful program does."""

    def write(*lines: str) -> None:
        new = path.with_suffix(".new")
        new.write_text("\n".join(lines) + "\n")
        new.replace(path)

    return write


@pytest.fixture
def days_off(path: Path, write: Write) -> DaysOff:
    """One day off at first, beside the holidays of the United States."""
    write("2026-12-25, Christmas")
    return DaysOff(HourSettings(blackout=path, holidays=("US",)), NOON)


def closed(calendar: Calendar) -> set[date]:
    """Which of three days are off in France, which has no part in American holidays."""
    days = (XMAS, NEW_YEAR, EASTER)
    return {day for day in days if calendar.closed_because(day, country="FR", state="")}


def test_a_file_that_has_changed_is_read_again(days_off: DaysOff, write: Write) -> None:
    """A date that is added counts from then on, and the holidays stay."""
    assert closed(days_off.read()) == {XMAS}
    write("2026-12-25, Christmas", "2027-01-01")
    calendar = days_off.read()
    assert closed(calendar) == {XMAS, NEW_YEAR}
    assert calendar.closed_because(date(2026, 7, 4), country="US", state="") is not None


def test_a_file_that_has_not_changed_is_left_alone(days_off: DaysOff) -> None:
    """Looking costs next to nothing, and gives the very same days."""
    assert days_off.read() is days_off.read()


def test_a_date_that_was_read_once_stays(days_off: DaysOff, write: Write) -> None:
    """Half a file may be there for a moment: what it does not say any more is no reason to call people."""
    days_off.read()
    write("2027-01-01..2027-03-31")
    assert closed(days_off.read()) == {XMAS, NEW_YEAR, EASTER}


def test_a_file_that_is_written_over_in_place_is_noticed(days_off: DaysOff, path: Path) -> None:
    """Also when it has the same length, and the clock of the disk is coarse."""
    days_off.read()
    path.write_text("2027-01-01, Christmas\n")
    os.utime(path, ns=(1, 1))
    assert closed(days_off.read()) == {XMAS, NEW_YEAR}


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda path: path.unlink(), InputMissingError),
        (lambda path: path.write_text("24.12.2026\n"), ConfigError),
        (lambda path: path.write_text(""), ConfigError),
        (lambda path: path.write_bytes(b"\xff\xfe\n"), ConfigError),
    ],
)
def test_a_file_that_is_gone_or_broken_is_told(
    days_off: DaysOff, path: Path, spoil: Callable[[Path], object], error: type[Exception]
) -> None:
    """In one line with the key and the path, at every look until it is mended."""
    days_off.read()
    spoil(path)
    for _ in range(2):
        with pytest.raises(error, match=r"^hours\.blackout: [^\n]*closed\.csv[^\n]*$"):
            days_off.read()
    path.write_text("2027-01-01\n")
    assert closed(days_off.read()) == {XMAS, NEW_YEAR}


def test_without_a_file() -> None:
    """There is nothing to look at."""
    days_off = DaysOff(HourSettings(), NOON)
    assert days_off.read() == Calendar()
    assert closed(days_off.read()) == set()
