"""Hours are half-open, in the person's own zones, on every day that clocks can have."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo, reset_tzpath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.rules import hours
from campaign.rules.hours import Schedule, Whereabouts
from campaign.settings import HourSettings, Window

NEW_YORK, LORD_HOWE = "America/New_York", "Australia/Lord_Howe"
MINUTE = timedelta(minutes=1)
DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = (
    NEW_YORK,
    "America/Los_Angeles",
    "Europe/Berlin",
    "Asia/Kolkata",
    LORD_HOWE,
    "Pacific/Kiritimati",
    "UTC",
)


def week(days: Mapping[str, str], *, closing: int = 0, uncertain: int = 0) -> Schedule:
    """A schedule as the campaign file has it; margins in minutes."""
    margins = {"closing_margin": f"{closing}m", "number_margin": f"{uncertain}m"}
    return Schedule.of(HourSettings.model_validate({"days": days, **margins}))


def is_open(schedule: Schedule, zones: Sequence[str], now: datetime) -> bool:
    """For a person whose zones are certain."""
    return hours.is_open(schedule, Whereabouts(zones), now)


def next_opening(schedule: Schedule, zones: Sequence[str], now: datetime) -> datetime | None:
    """The same of the next opening."""
    return hours.next_opening(schedule, Whereabouts(zones), now)


def utc(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first_open(days: Schedule, zones: Sequence[str], now: datetime, until: datetime) -> datetime | None:
    """The first open time on a grid of minutes from `now` on, found by looking at each."""
    at = now
    while at <= until:
        if is_open(days, zones, at):
            return at
        at += MINUTE
    return None


def first_closed(days: Schedule, zones: Sequence[str], now: datetime) -> datetime | None:
    """The first closed time of a week on the same grid."""
    at = now
    while at <= now + timedelta(days=7):
        if not is_open(days, zones, at):
            return at
        at += MINUTE
    return None


def first_on_grid(
    schedule: Schedule, person: Whereabouts, now: datetime, days: int, *, wanted: bool
) -> datetime | None:
    """The first time, on a grid of quarters of an hour from `now` on, that is open, or closed."""
    for quarter in range(days * 96 + 1):
        at = now + quarter * 15 * MINUTE
        if hours.is_open(schedule, person, at) is wanted:
            return at
    return None


OFFICE = week({"mon-fri": "09:00-20:00", "sat": "10:00-16:00"})
ALL_DAY = week({"mon-sun": "00:00-24:00"})


@pytest.mark.parametrize(
    ("local", "is_within"),
    [
        ("2026-06-03T08:59:59.999999", False),
        ("2026-06-03T09:00:00", True),
        ("2026-06-03T19:59:59.999999", True),
        ("2026-06-03T20:00:00", False),
        ("2026-06-05T19:00:00", True),
        ("2026-06-06T09:30:00", False),
        ("2026-06-06T10:00:00", True),
        ("2026-06-06T16:00:00", False),
        ("2026-06-07T12:00:00", False),
        ("2026-06-08T09:00:00", True),
    ],
)
@pytest.mark.parametrize("zone", [NEW_YORK, "Asia/Kolkata", "Pacific/Kiritimati"])
def test_half_open(zone: str, local: str, is_within: bool) -> None:
    """A window begins with its opening and ends just before its closing, in local time and weekday."""
    now = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))
    assert is_open(OFFICE, [zone], now) is is_within
    assert is_open(OFFICE, [zone], now.astimezone(UTC)) is is_within


def test_all_day() -> None:
    """A window to 24:00 covers the last microsecond of the day."""
    assert is_open(ALL_DAY, ["UTC"], utc("2026-06-03T23:59:59.999999"))


def test_no_zone() -> None:
    """A person without a known zone may never be called."""
    assert not is_open(ALL_DAY, [], utc("2026-06-03T12:00"))
    assert next_opening(ALL_DAY, [], utc("2026-06-03T12:00")) is None


@pytest.mark.parametrize(
    ("now", "is_within"),
    [
        ("2026-06-03T13:00", False),
        ("2026-06-03T15:59", False),
        ("2026-06-03T16:00", True),
        ("2026-06-03T23:59", True),
        ("2026-06-04T00:00", False),
    ],
)
def test_several_zones(now: str, is_within: bool) -> None:
    """Whoever may be in one of several zones is called only when all of them are open."""
    assert is_open(OFFICE, [NEW_YORK, "America/Los_Angeles"], utc(now)) is is_within


def test_zones_that_are_never_open_together() -> None:
    """When the zones share no time of the week there is no next opening."""
    mornings = week({"mon-sun": "09:00-11:00"})
    assert next_opening(mornings, [NEW_YORK, "Asia/Tokyo"], utc("2026-06-03T12:00")) is None


@pytest.mark.parametrize(
    ("zones", "now", "opening"),
    [
        ([NEW_YORK], "2026-06-03T17:00", "2026-06-03T17:00"),
        ([NEW_YORK], "2026-06-03T12:59:59", "2026-06-03T13:00"),
        ([NEW_YORK], "2026-06-04T00:00", "2026-06-04T13:00"),
        ([NEW_YORK], "2026-06-06T20:00", "2026-06-08T13:00"),
        ([NEW_YORK, "Europe/London"], "2026-06-03T20:00", "2026-06-04T13:00"),
        ([NEW_YORK], "2026-03-07T21:00", "2026-03-09T13:00"),
        ([NEW_YORK], "2026-10-31T20:00", "2026-11-02T14:00"),
        ([LORD_HOWE], "2026-04-03T12:00", "2026-04-03T23:00"),
        ([LORD_HOWE], "2026-04-04T06:00", "2026-04-05T22:30"),
        ([LORD_HOWE], "2026-10-03T06:00", "2026-10-04T22:00"),
    ],
)
def test_next_opening(zones: list[str], now: str, opening: str) -> None:
    """The next opening is the window's local opening, whatever the clocks did in between."""
    assert next_opening(OFFICE, zones, utc(now)) == utc(opening)


def test_one_day_a_week() -> None:
    """Just after the only window of the week the next opening is a week later."""
    assert next_opening(week({"mon": "09:00-10:00"}), ["UTC"], utc("2026-06-01T10:00")) == utc(
        "2026-06-08T09:00"
    )


@pytest.mark.parametrize(
    ("zone", "window", "now"),
    [
        (NEW_YORK, "09:00-20:00", "2026-03-08T04:00"),
        (NEW_YORK, "09:00-20:00", "2026-11-01T04:00"),
        (NEW_YORK, "02:30-20:00", "2026-03-08T06:00"),
        (NEW_YORK, "02:00-02:30", "2026-03-08T06:00"),
        (NEW_YORK, "01:30-02:00", "2026-11-01T06:05"),
        (NEW_YORK, "00:30-01:30", "2026-11-01T05:40"),
        (LORD_HOWE, "09:00-20:00", "2026-04-04T13:00"),
        (LORD_HOWE, "09:00-20:00", "2026-10-03T13:00"),
        (LORD_HOWE, "02:15-20:00", "2026-10-03T14:00"),
        (LORD_HOWE, "01:45-02:00", "2026-04-04T15:05"),
    ],
)
def test_days_on_which_clocks_change(zone: str, window: str, now: str) -> None:
    """Where clocks skip or repeat time, the next opening is still the first open minute."""
    days = week({"mon-sun": window})
    expected = first_open(days, [zone], utc(now), utc(now) + timedelta(days=2))
    assert expected is not None
    assert next_opening(days, [zone], utc(now)) == expected


@pytest.mark.parametrize(
    ("local", "certain", "uncertain"),
    [
        ("2026-06-03T09:00", True, False),
        ("2026-06-03T09:59", True, False),
        ("2026-06-03T10:00", True, True),
        ("2026-06-03T18:56", True, True),
        ("2026-06-03T18:57", True, False),
        ("2026-06-03T19:56", True, False),
        ("2026-06-03T19:57", False, False),
    ],
)
def test_margins(local: str, certain: bool, uncertain: bool) -> None:
    """No call starts just before closing; where only the number tells the zone, hours are narrower."""
    schedule = week({"mon-fri": "09:00-20:00"}, closing=3, uncertain=60)
    now = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(NEW_YORK))
    assert hours.is_open(schedule, Whereabouts([NEW_YORK]), now) is certain
    assert hours.is_open(schedule, Whereabouts([NEW_YORK], is_certain=False), now) is uncertain


def test_the_next_opening_has_the_margin() -> None:
    """A person of an uncertain zone waits an hour longer."""
    schedule = week({"mon-sun": "09:00-20:00"}, uncertain=60)
    person = Whereabouts([NEW_YORK], is_certain=False)
    assert hours.next_opening(schedule, person, utc("2026-06-03T12:00")) == utc("2026-06-03T14:00")


@pytest.mark.parametrize(
    ("local", "is_within"),
    [
        ("2026-06-01T00:30", False),
        ("2026-06-01T01:00", True),
        ("2026-06-01T23:59", True),
        ("2026-06-02T00:00", True),
        ("2026-06-02T22:56", True),
        ("2026-06-02T22:57", False),
    ],
)
def test_windows_that_meet_at_midnight(local: str, is_within: bool) -> None:
    """Where nothing opens or closes there is no margin."""
    schedule = week({"mon-tue": "00:00-24:00"}, closing=3, uncertain=60)
    now = datetime.fromisoformat(local).replace(tzinfo=UTC)
    assert hours.is_open(schedule, Whereabouts(["UTC"], is_certain=False), now) is is_within


def test_margins_that_leave_nothing() -> None:
    """A window that is no longer than its margins never opens."""
    schedule = week({"mon-sun": "09:00-11:00"}, uncertain=60)
    person = Whereabouts(["UTC"], is_certain=False)
    assert hours.next_opening(schedule, person, utc("2026-06-03T10:00")) is None


windows = (
    st.tuples(st.integers(3 * 60, 24 * 60), st.integers(3 * 60, 24 * 60))
    .filter(lambda pair: pair[0] != pair[1])
    .map(sorted)
    .map(lambda pair: "{:02}:{:02}-{:02}:{:02}".format(*divmod(pair[0], 60), *divmod(pair[1], 60)))
)
"""Windows by day; `test_days_on_which_clocks_change` has the night hours that clocks skip or repeat."""
minutes_of_2026 = st.integers(0, 365 * 24 * 60 - 1).map(lambda n: utc("2026-01-01T00:00") + n * MINUTE)


@settings(max_examples=100, deadline=None)
@given(
    days=st.builds(
        week,
        st.dictionaries(st.sampled_from(DAY_NAMES), windows, min_size=1, max_size=7),
        closing=st.sampled_from((0, 3)),
    ),
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True),
    now=minutes_of_2026,
)
def test_next_opening_is_the_first(days: Schedule, zones: list[str], now: datetime) -> None:
    """The next opening is open, and no minute before it is; without one no minute of the week is open."""
    opening = next_opening(days, zones, now)
    if opening is None:
        assert first_open(days, zones, now, now + timedelta(days=7)) is None
        return
    assert opening >= now
    assert opening.utcoffset() == timedelta()
    assert is_open(days, zones, opening)
    assert first_open(days, zones, now, opening) == opening


@pytest.mark.parametrize(
    ("zones", "now", "closing"),
    [
        ([NEW_YORK], "2026-06-03T17:00", "2026-06-04T00:00"),
        ([NEW_YORK, "America/Los_Angeles"], "2026-06-03T17:00", "2026-06-04T00:00"),
        ([NEW_YORK], "2026-06-03T12:59:59", "2026-06-03T12:59:59"),
        ([NEW_YORK], "2026-06-04T00:00", "2026-06-04T00:00"),
        ([], "2026-06-03T17:00", "2026-06-03T17:00"),
    ],
)
def test_next_closing(zones: list[str], now: str, closing: str) -> None:
    """The window's local closing in the first of the zones; at once where it is closed already."""
    assert hours.next_closing(OFFICE, Whereabouts(zones), utc(now)) == utc(closing)


def test_a_week_of_open_days_closes_at_its_end() -> None:
    """However many midnights are passed; what is open all week never closes."""
    schedule = week({"mon-sat": "00:00-24:00"})
    assert hours.next_closing(schedule, Whereabouts(["UTC"]), utc("2026-06-01T12:00")) == utc(
        "2026-06-07T00:00"
    )
    assert hours.next_closing(ALL_DAY, Whereabouts([NEW_YORK]), utc("2026-06-01T12:00")) is None


@pytest.mark.parametrize(
    ("zone", "window", "now"),
    [
        (NEW_YORK, "01:00-02:30", "2026-03-08T06:30"),
        (NEW_YORK, "01:30-02:00", "2026-11-01T05:40"),
        (NEW_YORK, "00:30-01:30", "2026-11-01T05:10"),
        (LORD_HOWE, "01:00-02:15", "2026-10-03T14:40"),
        (LORD_HOWE, "01:30-01:45", "2026-04-04T14:35"),
    ],
)
def test_the_next_closing_on_days_on_which_clocks_change(zone: str, window: str, now: str) -> None:
    """Where clocks skip or repeat time, it is still the first closed minute."""
    days = week({"mon-sun": window})
    assert is_open(days, [zone], utc(now))
    assert hours.next_closing(days, Whereabouts([zone]), utc(now)) == first_closed(days, [zone], utc(now))


@settings(max_examples=100, deadline=None)
@given(
    days=st.dictionaries(st.sampled_from(DAY_NAMES), windows, min_size=1).map(week),
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True),
    now=minutes_of_2026,
)
def test_next_closing_is_the_first(days: Schedule, zones: list[str], now: datetime) -> None:
    """The next closing is closed, and every minute before it is open."""
    assert hours.next_closing(days, Whereabouts(zones), now) == first_closed(days, zones, now)


CHANGES = (
    ("America/Nuuk", "2026-03-29T01:00"),  # the last hour of a day is skipped
    ("America/Nuuk", "2026-10-25T01:00"),
    ("Africa/Cairo", "2026-04-23T22:00"),  # the first hour
    ("Africa/Cairo", "2026-10-29T21:00"),
    ("America/Havana", "2026-03-08T05:00"),
    ("America/Havana", "2026-11-01T05:00"),  # midnight comes twice
    ("Atlantic/Azores", "2026-10-25T01:00"),
    ("America/Santiago", "2026-09-06T04:00"),
    ("Antarctica/Troll", "2026-03-29T01:00"),  # by two hours
    (LORD_HOWE, "2026-10-03T15:30"),  # by half an hour
    ("Pacific/Apia", "2011-12-30T10:00"),  # a whole day is skipped
)
quarters = st.integers(0, 96).map(lambda n: n * 15 * MINUTE)
night_windows = (
    st.tuples(quarters, quarters)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: Window(opens=min(pair), closes=max(pair)))
)


@settings(max_examples=300, deadline=None)
@given(
    change=st.sampled_from(CHANGES),
    quarter=st.integers(-5 * 96, 48),
    days=st.builds(
        Schedule,
        st.dictionaries(st.integers(0, 6), night_windows, min_size=1),
        closing_margin=st.sampled_from((0 * MINUTE, 15 * MINUTE)),
        uncertain_margin=st.sampled_from((0 * MINUTE, 60 * MINUTE)),
    ),
    more=st.lists(st.sampled_from((NEW_YORK, "Europe/Berlin")), max_size=1),
    is_certain=st.booleans(),
)
def test_openings_and_closings_around_a_change_of_clocks(
    change: tuple[str, str], quarter: int, days: Schedule, more: list[str], is_certain: bool
) -> None:
    """Wherever clocks skip or repeat time, at midnight as well, each is the first of a grid."""
    zone, at = change
    now = utc(at) + quarter * 15 * MINUTE
    person = Whereabouts([zone, *more], is_certain=is_certain)
    opening, closing = hours.next_opening(days, person, now), hours.next_closing(days, person, now)
    first_open = first_on_grid(days, person, now, 7, wanted=True)
    first_closed = first_on_grid(days, person, now, 7, wanted=False)
    # What comes after a week is on no grid.
    end = now + timedelta(days=7)
    assert (opening if opening is not None and opening <= end else None) == first_open
    assert (closing if closing is not None and closing <= end else None) == first_closed


@pytest.mark.parametrize(
    ("zone", "days", "now", "opening"),
    [
        # The last half hour of Saturday is skipped, and with it its window.
        (
            "America/Nuuk",
            {"sat": "23:30-23:45", "sun": "00:15-08:00"},
            "2026-03-29T00:30",
            "2026-03-29T01:15",
        ),
        # Friday is skipped.
        (
            "Pacific/Apia",
            {"fri": "09:00-20:00", "sat": "08:00-20:00"},
            "2011-12-30T06:00",
            "2011-12-30T18:00",
        ),
        # Friday begins at one o'clock, after a day without a window.
        ("Africa/Cairo", {"fri": "00:30-20:00"}, "2026-04-23T12:00", "2026-04-23T22:00"),
    ],
)
def test_the_next_opening_where_clocks_skip_midnight(
    zone: str, days: Mapping[str, str], now: str, opening: str
) -> None:
    """A time that is skipped is none, and a change at midnight belongs to the day that it begins."""
    assert first_open(week(days), [zone], utc(now), utc(opening)) == utc(opening)
    assert next_opening(week(days), [zone], utc(now)) == utc(opening)


def test_the_next_closing_where_clocks_skip_midnight() -> None:
    """The window of the new day may close before the one that was skipped would have."""
    days = week({"sat": "20:00-23:30", "sun": "00:00-00:15"})
    person, now = Whereabouts(["America/Nuuk"]), utc("2026-03-29T00:30")
    assert hours.next_closing(days, person, now) == utc("2026-03-29T01:15")
    assert first_closed(days, person.time_zones, now) == utc("2026-03-29T01:15")


def test_an_opening_that_a_change_of_clocks_brings() -> None:
    """These zones are never open together while one of them has winter time: from the change on they are."""
    schedule = week({"mon-sun": "09:00-20:00"}, uncertain=60)
    zones = ["Asia/Tokyo", "Atlantic/Canary", "Asia/Tbilisi", "Europe/Monaco"]
    person = Whereabouts(zones, is_certain=False)
    before = utc("2032-03-20T19:34:38")
    assert hours.next_opening(schedule, person, before) == utc("2032-03-28T09:00")
    assert hours.next_opening(schedule, person, before - timedelta(days=1)) is None


def test_a_zone_that_is_unknown_never_opens() -> None:
    """Wherever it stands among others."""
    for zones in ([NEW_YORK, "Nowhere/At_All"], ["Nowhere/At_All", NEW_YORK]):
        person = Whereabouts(zones)
        assert hours.next_opening(ALL_DAY, person, utc("2026-06-03T12:00")) is None
        assert not hours.is_ever_open(ALL_DAY, person, utc("2026-06-03T12:00"))
        assert hours.next_closing(ALL_DAY, person, utc("2026-06-03T12:00")) == utc("2026-06-03T12:00")


def test_a_day_off_closes_a_week_that_is_always_open() -> None:
    """At its midnight, and the week opens again at the next one, however long the days off go on."""
    off = {date(2026, 6, 5) + timedelta(days=later) for later in range(20)}
    whole = replace(ALL_DAY, closed_because=lambda day: "off" if day in off else None)
    person = Whereabouts([NEW_YORK, "UTC"])
    assert hours.next_closing(whole, person, utc("2026-06-03T12:00")) == utc("2026-06-05T00:00")
    assert hours.next_opening(whole, person, utc("2026-06-05T00:00")) == utc("2026-06-25T04:00")


def test_the_zone_of_the_clock_makes_no_difference() -> None:
    """The same instant, told in another zone and in the second of two hours of one name."""
    now = datetime(2026, 11, 1, 1, 30, 15, 250, tzinfo=ZoneInfo(NEW_YORK), fold=1)
    days = week({"sun": "01:00-01:45", "wed": "09:00-10:00"})
    person = Whereabouts([NEW_YORK])
    assert hours.next_closing(days, person, now) == utc("2026-11-01T06:45")
    assert hours.next_opening(days, person, now + timedelta(minutes=30)) == utc("2026-11-04T14:00")


@settings(max_examples=100, deadline=None)
@given(days=st.dictionaries(st.sampled_from(DAY_NAMES), windows, min_size=1).map(week), now=minutes_of_2026)
def test_more_zones_never_open_more(days: Schedule, now: datetime) -> None:
    """Doubt about a person's zone only ever closes."""
    for zone in ZONES:
        if is_open(days, [NEW_YORK, zone], now):
            assert is_open(days, [NEW_YORK], now)
            assert is_open(days, [zone], now)


def test_a_zone_whose_file_was_broken_is_known_when_it_is_mended(tmp_path: Path) -> None:
    """What could not be read once is read again."""
    name = "Antarctica/Vostok"
    file = tmp_path / name
    file.parent.mkdir()
    file.write_bytes(b"half a copy")
    try:
        reset_tzpath([tmp_path])
        ZoneInfo.clear_cache()
        assert hours.find_zone(name) is None
        file.write_bytes(files("tzdata").joinpath("zoneinfo", name).read_bytes())
        assert hours.find_zone(name) is not None
    finally:
        reset_tzpath()
