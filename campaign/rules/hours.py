"""Hours: whether now is a time at which a person may be called, and when the next one is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from campaign.settings import HourSettings, Window

_WEEK_DAYS = 8
"""Within so many days every window of a week comes."""
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
    now = now.astimezone(UTC)
    opening = _common_opening(schedule, person, now, _WEEK_DAYS)
    if opening is not None or schedule.closed_because is None or not is_ever_open(schedule, person, now):
        return opening
    return _common_opening(schedule, person, now + _WEEK_DAYS * _DAY, _FARTHEST_DAYS)


def next_closing(schedule: Schedule, person: Whereabouts, now: datetime) -> datetime | None:
    """The first time from `now` on at which a call may not start in every zone, in UTC.

    None when it may at any time of a week.
    """
    if not is_open(schedule, person, now):
        return now.astimezone(UTC)
    if schedule.is_always_open:
        return None
    closings = (_closing_in(schedule, name, now, is_certain=person.is_certain) for name in person.time_zones)
    return min((closing for closing in closings if closing is not None), default=None)


def is_ever_open(schedule: Schedule, person: Whereabouts, now: datetime) -> bool:
    """Whether a call may start at any time of a week without days off."""
    week = replace(schedule, closed_because=None)
    return _common_opening(week, person, now, _WEEK_DAYS) is not None


def _common_opening(schedule: Schedule, person: Whereabouts, now: datetime, days: int) -> datetime | None:
    """The first time of so many days at which a call may start in every zone, in UTC; None without one.

    Nobody may be called before the last of the zones opens: so the search leaps from opening to opening,
    until all are open.
    """
    if not person.time_zones:
        return None
    moment = now.astimezone(UTC)
    end = moment + days * _DAY
    while True:
        before = moment
        for name in person.time_zones:
            opening = _opening_in(schedule, name, moment, end, is_certain=person.is_certain)
            if opening is None:
                return None
            moment = opening
        if moment == before:
            return moment


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


def _opening_in(
    schedule: Schedule, name: str, moment: datetime, end: datetime, *, is_certain: bool
) -> datetime | None:
    """The first time from one moment to another at which a call may start in a zone; None without one."""
    if _is_open_in(schedule, name, moment, is_certain=is_certain):
        return moment
    zone = find_zone(name)
    if zone is None:
        return None
    day, last = moment.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        window = schedule.window_on(day, is_certain=is_certain)
        for opening in _edges(zone, day, window.opens) if window is not None else ():
            if moment < opening <= end and _is_open_in(schedule, name, opening, is_certain=is_certain):
                return opening
        day += _DAY
    return None


def _closing_in(schedule: Schedule, name: str, now: datetime, *, is_certain: bool) -> datetime | None:
    """The first time from `now` on at which no call may start in a zone, in UTC.

    None when there is none within a week and a day, as a window that is open now may be that of today.
    """
    zone = find_zone(name)
    if zone is None:
        return now.astimezone(UTC)
    today = now.astimezone(zone).date()
    for later in range(_WEEK_DAYS + 1):
        day = today + later * _DAY
        window = schedule.window_on(day, is_certain=is_certain)
        # Before a day without a window the last one has closed, at midnight or earlier.
        for closing in _edges(zone, day, window.closes) if window is not None else ():
            if closing > now and not _is_open_in(schedule, name, closing, is_certain=is_certain):
                return closing
    return None


def _edges(zone: ZoneInfo, day: date, at: timedelta) -> list[datetime]:
    """The instants of a local day at which a window may open or close, in UTC and in their order.

    It does so at its local time, which comes twice when clocks go back, or at the moment of the clock change:
    a time that clocks skip is none.
    """
    midnight = datetime.combine(day, time())
    local = midnight + at
    at_its_time = {
        each for each in _instants(zone, local) if each.astimezone(zone).replace(tzinfo=None) == local
    }
    # Where clocks skip the midnight itself, this is before the change.
    start = min(_instants(zone, midnight))
    return sorted({*at_its_time, *_clock_change(zone, start, start + _DAY)})


def _instants(zone: ZoneInfo, local: datetime) -> list[datetime]:
    return [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]


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
