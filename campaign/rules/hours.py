"""Hours: whether now is a time at which a person may be called, and when the next one is."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from campaign.settings import Window

_HORIZON_DAYS = 8


def is_open(days: Mapping[int, Window], time_zones: Sequence[str], now: datetime) -> bool:
    """Whether the window is open in every zone in which the person may be; without a zone it never is.

    Args:
        days: A window per weekday, Monday being 0; a day without one is closed.
        time_zones: IANA names.
        now: An aware time.
    """
    return bool(time_zones) and all(_is_open_in(days, zone, now) for zone in time_zones)


def next_opening(days: Mapping[int, Window], time_zones: Sequence[str], now: datetime) -> datetime | None:
    """The first time from `now` on at which the window is open in every zone, in UTC.

    None when there is none within a week: the zones are never open together, or one of them is unknown.
    """
    if is_open(days, time_zones, now):
        return now.astimezone(UTC)
    zones = [zone for zone in map(_zone, time_zones) if zone is not None]
    openings = {
        opening
        for zone in zones
        for opening in _openings(days, zone, now)
        if opening > now and is_open(days, time_zones, opening)
    }
    return min(openings, default=None)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return None


def _is_open_in(days: Mapping[int, Window], name: str, now: datetime) -> bool:
    zone = _zone(name)
    if zone is None:
        return False
    local = now.astimezone(zone)
    window = days.get(local.weekday())
    return window is not None and window.contains(local.timetz())


def _openings(days: Mapping[int, Window], zone: ZoneInfo, now: datetime) -> list[datetime]:
    """Every instant of the next days at which the window may open in one zone, in UTC.

    It opens at its local time, which comes twice when clocks go back, or at the moment of the clock change.
    """
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    openings = []
    for later in range(_HORIZON_DAYS):
        midnight = today + timedelta(days=later)
        window = days.get(midnight.weekday())
        if window is None:
            continue
        local = (midnight + window.opens).replace(tzinfo=zone)
        openings += [local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
        start = midnight.replace(tzinfo=zone).astimezone(UTC)
        openings += _clock_change(zone, start, start + timedelta(days=1))
    return openings


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
