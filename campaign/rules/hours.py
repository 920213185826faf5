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

    None when there is none within a week: the zones are never open together.
    """
    if is_open(days, time_zones, now):
        return now.astimezone(UTC)
    openings = {
        opening
        for zone in time_zones
        for opening in _openings(days, ZoneInfo(zone), now)
        if opening > now and is_open(days, time_zones, opening)
    }
    return min(openings, default=None)


def _is_open_in(days: Mapping[int, Window], zone: str, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(zone))
    window = days.get(local.weekday())
    return window is not None and window.contains(local.timetz())


def _openings(days: Mapping[int, Window], zone: ZoneInfo, now: datetime) -> list[datetime]:
    """When the window opens in one zone on each of the next days, in UTC."""
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    openings = []
    for later in range(_HORIZON_DAYS):
        midnight = today + timedelta(days=later)
        window = days.get(midnight.weekday())
        if window is not None:
            # A local time that the clocks skip becomes the first instant after the gap.
            opening = (midnight + window.opens).replace(tzinfo=zone).astimezone(UTC)
            openings.append(opening)
    return openings
