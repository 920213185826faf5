"""Hours: whether now is a time at which a person may be called, and when the next one is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from campaign.settings import HourSettings, Window

_WEEK_DAYS = 8
"""Within so many days every window of a week comes."""
_SOON_DAYS = 3
"""Nearly every window closes within so many days."""
_FARTHEST_DAYS = 512
"""Days off are known for about so long."""
_DAY = timedelta(days=1)
_NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a person may be."""

    time_zones: Sequence[str]
    """IANA names. Hours must be open in all of them; without one nobody may be called."""
    is_certain: bool = True
    """False where only the number tells: then the hours are narrower."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When people may be called, by the clock on their wall."""

    days: Mapping[int, Window]
    """A window per weekday, Monday being 0; a day without one is closed."""
    closing_margin: timedelta = _NOTHING
    """So long before a window closes no call starts any more."""
    uncertain_margin: timedelta = _NOTHING
    """For whom the zone is not certain, a window opens so much later and closes so much earlier."""
    closed_because: Callable[[date], str | None] | None = None
    """Why a date is off, whatever the weekday; None where there are no days off."""

    @classmethod
    def of(
        cls,
        settings: HourSettings,
        *,
        days: Mapping[int, Window] | None = None,
        closed_because: Callable[[date], str | None] | None = None,
    ) -> "Schedule":
        """The schedule of a campaign file, perhaps with narrower days."""
        week = settings.days if days is None else days
        return cls(week, settings.closing_margin, settings.number_margin, closed_because)

    @property
    def is_always_open(self) -> bool:
        """Whether the windows of all days meet at midnight."""
        whole_day = Window(opens=_NOTHING, closes=_DAY)
        return self.closed_because is None and all(self.days.get(day) == whole_day for day in range(7))

    def window_on(self, day: date, *, is_certain: bool) -> Window | None:
        """When calls may start on this local day; None when they may not.

        Where two windows meet at midnight nothing opens or closes, so there are no margins.
        """
        window = self._whole_window(day)
        if window is None:
            return None
        later = earlier = _NOTHING if is_certain else self.uncertain_margin
        if window.opens == _NOTHING and self._closes_at_midnight(day - _DAY):
            later = _NOTHING
        if self._closes_at_midnight(day) and self._opens_at_midnight(day + _DAY):
            earlier = _NOTHING
        else:
            earlier += self.closing_margin
        opens, closes = window.opens + later, window.closes - earlier
        return _window(opens, closes) if opens < closes else None

    def _opens_at_midnight(self, day: date) -> bool:
        window = self._whole_window(day)
        return window is not None and window.opens == _NOTHING

    def _closes_at_midnight(self, day: date) -> bool:
        window = self._whole_window(day)
        return window is not None and window.closes == _DAY

    def _whole_window(self, day: date) -> Window | None:
        window = self.days.get(day.weekday())
        is_off = (
            window is not None and self.closed_because is not None and self.closed_because(day) is not None
        )
        return None if is_off else window


# A campaign has few, and asks for one of them for each day that it looks at.
@lru_cache(maxsize=1024)
def _window(opens: timedelta, closes: timedelta) -> Window:
    return Window(opens=opens, closes=closes)


def is_open(schedule: Schedule, person: Whereabouts, now: datetime) -> bool:
    """Whether a call may start at an aware time, in every zone in which the person may be."""
    return bool(person.time_zones) and all(
        _is_open_in(schedule, zone, now, is_certain=person.is_certain) for zone in person.time_zones
    )


def next_opening(schedule: Schedule, person: Whereabouts, now: datetime) -> datetime | None:
    """The first time from `now` on at which a call may start in every zone, in UTC.

    None when there is none within a week without days off: the zones are never open together, or one of
    them is unknown. With days off, also when they go on for more than a year.
    """
    if is_open(schedule, person, now):
        return now.astimezone(UTC)
    if schedule.closed_because is None:
        return _first_opening(schedule, person, now, _WEEK_DAYS)
    if not is_ever_open(schedule, person, now):
        return None
    days, found = _WEEK_DAYS, None
    while days <= _FARTHEST_DAYS:
        found = _first_opening(schedule, person, now, days)
        # On its last day one zone may hide an opening that comes earlier on the next day of another.
        if found is not None and found < now + (days - 1) * _DAY:
            return found
        days *= 2
    return found


def next_closing(schedule: Schedule, person: Whereabouts, now: datetime) -> datetime | None:
    """The first time from `now` on at which a call may not start in every zone, in UTC.

    None when it may at any time of a week.
    """
    if not is_open(schedule, person, now):
        return now.astimezone(UTC)
    if schedule.is_always_open:
        return None
    zones = [zone for zone in map(find_zone, person.time_zones) if zone is not None]
    found = None
    for days in (_SOON_DAYS, _WEEK_DAYS + 1):
        closings = {
            closing
            for zone in zones
            for closing in _closings(schedule, zone, now, days, is_certain=person.is_certain)
            if closing > now
        }
        found = next((each for each in sorted(closings) if not is_open(schedule, person, each)), None)
        # On the last of these days one zone may hide a closing that comes earlier in another.
        if found is not None and found < now + (days - 1) * _DAY:
            return found
    return found


def is_ever_open(schedule: Schedule, person: Whereabouts, now: datetime) -> bool:
    """Whether a call may start at any time of a week without days off."""
    week = replace(schedule, closed_because=None)
    return is_open(week, person, now) or _first_opening(week, person, now, _WEEK_DAYS) is not None


def _first_opening(schedule: Schedule, person: Whereabouts, now: datetime, days: int) -> datetime | None:
    zones = [zone for zone in map(find_zone, person.time_zones) if zone is not None]
    openings = {
        opening
        for zone in zones
        for opening in _openings(schedule, zone, now, days, is_certain=person.is_certain)
        if opening > now
    }
    return next((opening for opening in sorted(openings) if is_open(schedule, person, opening)), None)


def find_zone(name: str) -> ZoneInfo | None:
    """The time zone of an IANA name; None when there is no such zone."""
    try:
        return _zone(name)
    except (KeyError, OSError, ValueError):
        return None


# The interpreter keeps eight of them, and reads the file of any other anew. What cannot be read is not kept.
@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _is_open_in(schedule: Schedule, name: str, now: datetime, *, is_certain: bool) -> bool:
    zone = find_zone(name)
    if zone is None:
        return False
    local = now.astimezone(zone)
    window = schedule.window_on(local.date(), is_certain=is_certain)
    return window is not None and window.contains(local.timetz())


def _openings(
    schedule: Schedule, zone: ZoneInfo, now: datetime, days: int, *, is_certain: bool
) -> Iterator[datetime]:
    """Every instant of the next days at which the window may open in one zone, in UTC.

    It opens at its local time, which comes twice when clocks go back, or at the moment of the clock change.
    """
    today = now.astimezone(zone).date()
    for later in range(days):
        day = today + later * _DAY
        window = schedule.window_on(day, is_certain=is_certain)
        if window is None:
            continue
        midnight = datetime.combine(day, time())
        local = (midnight + window.opens).replace(tzinfo=zone)
        yield from (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        start = midnight.replace(tzinfo=zone).astimezone(UTC)
        yield from _clock_change(zone, start, start + _DAY)


def _closings(
    schedule: Schedule, zone: ZoneInfo, now: datetime, days: int, *, is_certain: bool
) -> Iterator[datetime]:
    """Every instant of the next days at which the window may close in one zone, in UTC."""
    today = now.astimezone(zone).date()
    for later in range(days):
        day = today + later * _DAY
        midnight = datetime.combine(day, time())
        window = schedule.window_on(day, is_certain=is_certain)
        if window is not None:
            local = (midnight + window.closes).replace(tzinfo=zone)
            yield from (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        start = midnight.replace(tzinfo=zone).astimezone(UTC)
        yield from _clock_change(zone, start, start + _DAY)


def _clock_change(zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """The instant between two others at which the zone's clocks change, if they do."""
    before = start.astimezone(zone).utcoffset()
    if before == end.astimezone(zone).utcoffset():
        return []
    while end - start > timedelta(seconds=1):
        middle = start + (end - start) / 2
        if middle.astimezone(zone).utcoffset() == before:
            start = middle
        else:
            end = middle
    return [end.replace(microsecond=0)]
