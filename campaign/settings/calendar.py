"""The calendar: days on which people are not called, from holidays by country and from a file of dates.

It is made before a run and when the file has changed, and is an argument of the rules.
"""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from campaign.errors import ConfigError, InputMissingError
from campaign.settings.hours import HourSettings

_LINE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s*\.\.\s*(\d{4}-\d{2}-\d{2}))?")
_PART = re.compile("[A-Z0-9]{1,3}")
_UNITED_STATES = "US"
_TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})
"""Countries by their numbers, and parts of the United States."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days from the first to the last on which nobody is called."""

    first: date
    last: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days off."""

    blackout: Sequence[Span] = ()
    holidays: Mapping[str, Mapping[int, Mapping[date, str]]] = field(default_factory=dict)
    """By place (`US`, `US-FL`) and year, the names of the holidays. A year that is not here is not known."""

    def closed_because(self, day: date, *, country: str | None, state: str) -> str | None:
        """Why a person is not called on this local day; None when they may be.

        Args:
            day: By the clock on the person's wall.
            country: Of the number; None when it is not known, and then all holidays count.
            state: Of the United States; empty when it is not known, and then those of all states count.
        """
        for span in self.blackout:
            if span.first <= day <= span.last:
                return span.reason or "a date of hours.blackout"
        for place, years in self.holidays.items():
            if not _counts(place, country, state):
                continue
            if day.year not in years:
                return f"the holidays of {place} in {day.year} are not known"
            if (name := years[day.year].get(day)) is not None:
                return f"{name} ({place})"
        return None


NO_DAYS_OFF = Calendar()


def _counts(place: str, country: str | None, state: str) -> bool:
    of_country, _, part = place.partition("-")
    if country is None:
        return True
    if of_country != _UNITED_STATES:
        return country == of_country
    # Only of the United States a list or an area code tells the part of the country.
    is_other_part = part and state and part != state
    return country in (_UNITED_STATES, *_TERRITORIES) and not is_other_part


def make_calendar(hours: HourSettings, now: datetime) -> Calendar:
    """The days off around a time.

    Raises:
        InputMissingError: The file of dates is not there, or cannot be opened.
        ConfigError: A line of it is not a date; or a country is not known.
    """
    if not hours.needs_calendar:
        return NO_DAYS_OFF
    blackout = read_blackout(hours.blackout) if hours.blackout is not None else ()
    years = range(now.year - 1, now.year + 2)
    return Calendar(blackout, {place: _holidays_of(place, years) for place in hours.all_holidays})


class DaysOff:
    """The days off of a campaign, whose file of dates may be looked at again in a long run.

    A date that was read once stays a day off as long as this lives: somebody may just replace the file, and
    half of it be there.
    """

    def __init__(self, hours: HourSettings, now: datetime) -> None:
        """Look up the holidays around a time. Raises ConfigError when a country is not known."""
        self._path = hours.blackout
        self._mark: tuple[int, ...] = ()
        self._calendar = make_calendar(hours.model_copy(update={"blackout": None}), now)

    def read(self) -> Calendar:
        """The days off by now. Reads the file when it has changed. Raises as `read_blackout` does."""
        if self._path is None:
            return self._calendar
        mark = _look(self._path)
        if mark != self._mark:
            known = self._calendar.blackout
            spans = (*known, *(span for span in read_blackout(self._path) if span not in known))
            self._calendar, self._mark = replace(self._calendar, blackout=spans), mark
        return self._calendar


def _look(path: Path) -> tuple[int, ...]:
    """What differs when a file was written or replaced."""
    try:
        state = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return (state.st_mtime_ns, state.st_size, state.st_ino)


def _unreadable(path: Path, error: OSError) -> InputMissingError:
    return InputMissingError(
        f"hours.blackout: {path}: {error.strerror}; put the file back, or leave the key out"
    )


def read_blackout(path: Path) -> tuple[Span, ...]:
    """The dates of a file: a line like `2026-12-24` or `2026-12-24..2027-01-02`, perhaps with `, a reason`.

    Raises:
        InputMissingError: There is no such file, or it cannot be opened.
        ConfigError: A line is something else, or there is no date at all.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"hours.blackout: {path}: not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    spans = tuple(_spans(path, text))
    if not spans:
        raise ConfigError(f"hours.blackout: {path}: there is no date in it; fill it, or leave the key out")
    return spans


def _spans(path: Path, text: str) -> Iterator[Span]:
    for number, line in enumerate(text.splitlines(), start=1):
        dates, _, reason = line.partition("#")[0].strip().partition(",")
        if not dates and not reason:
            continue
        match = _LINE.fullmatch(dates.strip())
        where = f"hours.blackout: {path}, line {number}"
        if match is None:
            raise ConfigError(
                f"{where}: not a date; write it like 2026-12-24 or 2026-12-24..2027-01-02, "
                "and a reason behind a comma"
            )
        try:
            first = date.fromisoformat(match[1])
            last = date.fromisoformat(match[2] or match[1])
        except ValueError:
            raise ConfigError(f"{where}: there is no such day; mend the line") from None
        if last < first:
            raise ConfigError(f"{where}: the span ends before it begins; mend the line")
        yield Span(first, last, " ".join(reason.split()))


def _holidays_of(place: str, years: Sequence[int]) -> Mapping[int, Mapping[date, str]]:
    # Loading it takes as long as a whole short command.
    import holidays

    country, _, part = place.partition("-")
    parts = holidays.list_supported_countries().get(country)
    if parts is None:
        raise ConfigError(
            f"hours.holidays: no holidays are known of {country}; name the dates in hours.blackout"
        )
    if part and part not in parts:
        known = ", ".join(sorted(filter(_PART.fullmatch, parts))[:8])
        cure = f"known parts begin with {known}" if known else "no parts of it are known"
        raise ConfigError(f"hours.holidays: no holidays are known of {place}; {cure}")
    languages = holidays.country_holidays(country).supported_languages
    language = "en_US" if "en_US" in languages else None
    found: dict[int, Mapping[date, str]] = {}
    for year in years:
        try:
            with warnings.catch_warnings():
                # The library warns of years for which it knows only some of the holidays.
                warnings.simplefilter("error")
                of_year = holidays.country_holidays(
                    country, subdiv=part or None, years=year, expand=False, language=language
                )
        except UserWarning:
            continue
        if days := {day: name for day, name in of_year.items() if day.year == year}:
            found[year] = days
    return found
