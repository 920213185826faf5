"""Hours: random people at random moments, and every change of a clock, against an oracle of whole minutes.

The oracle turns moments into wall-clock minutes with pandas, by the thousand, and knows nothing of how the
product looks for an opening. It works out the holidays of the United States itself, and has the strictest
profile in words of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import phonenumbers
import yaml
from phonenumbers import timezone
from phonenumbers.tzdata import TIMEZONE_DATA

from campaign.rules import gates, hours
from campaign.rules.calling_hours import schedule_for
from campaign.rules.gate import Verdict
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person
from campaign.settings import Calendar, CampaignSettings, make_calendar
from tests import forks
from tests.contacts import cells
from tests.support import make_settings
from tests.torture.tally import Effort, Tally

PAIRS = 1_000_000
CHUNK = 20_000
FIRST, LAST = "2024-01-01", "2033-01-01"
AROUND = timedelta(hours=3)
"""Before and after the change of a clock every minute is looked at."""
DAY = 24 * 60
CLOSING, UNCERTAIN = 3, 60
"""Margins in minutes, as the product has them by default."""
UNKNOWN = "Etc/Unknown"

Minutes = Mapping[int, tuple[int, int]]
"""For each weekday, Monday being 0, the minutes of its window; a day without one is closed."""

WEEKS: Sequence[Minutes] = (
    dict.fromkeys(range(7), (9 * 60, 20 * 60)),
    dict.fromkeys(range(7), (0, DAY)),
    {**dict.fromkeys(range(5), (8 * 60, 21 * 60)), 5: (10 * 60, 16 * 60)},
    {6: (0, 4 * 60), 0: (30, 3 * 60 + 30), 4: (20 * 60, DAY), 5: (0, 5 * 60)},
)
"""The last one is open at night, when clocks change."""
OF_THE_UNITED_STATES = frozenset({"US", "AS", "GU", "MP", "PR", "VI"})
"""The country and its territories, where its federal holidays are kept as well."""
STRICT = dict.fromkeys(range(6), (9 * 60, 20 * 60))
STRICT_IN = {"KY": (10 * 60, 20 * 60), "RI": (9 * 60, 18 * 60), "any": (10 * 60, 18 * 60)}
"""The hours of the strictest profile where a state has narrower ones; `any` is a number of no state."""
AREAS = {
    "+1305": "FL", "+1401": "RI", "+1502": "KY", "+1205": "AL", "+1212": "NY", "+1907": "AK", "+1800": "any",
    "+1416": "", "+1876": "", "+44207": "",
}  # fmt: skip
"""How numbers begin, with the state of their area code."""


@dataclass(frozen=True, slots=True)
class Book:
    """What a campaign keeps to."""

    week: Minutes
    has_holidays: bool = False
    """Those of the United States, for numbers of it and of its territories."""
    is_strict: bool = False


BOOKS: Sequence[Book] = (
    *map(Book, WEEKS),
    Book(WEEKS[0], has_holidays=True),
    Book(WEEKS[1], has_holidays=True),
    Book(WEEKS[3], has_holidays=True),
    Book(STRICT, has_holidays=True, is_strict=True),
)
NIGHTS = (len(WEEKS) - 1, len(WEEKS) + 2)
"""The books that are open at night."""
_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@cache
def all_zones() -> tuple[str, ...]:
    """Every time zone that a number can have."""
    return tuple(sorted({zone for zones in TIMEZONE_DATA.values() for zone in zones} - {UNKNOWN}))


@cache
def settings_of(book: int) -> CampaignSettings:
    """The campaign file of one of the books."""
    if BOOKS[book].is_strict:
        return make_settings(hours={"profile": "us-strict"}, contacts={"consent_basis": "signed forms"})
    week = BOOKS[book].week
    days = {_NAMES[day]: f"{_clock(opens)}-{_clock(closes)}" for day, (opens, closes) in week.items()}
    return make_settings(hours={"days": days, "holidays": ["US"] if BOOKS[book].has_holidays else []})


@cache
def calendar_of(book: int) -> Calendar:
    """The days off as the product knows them, of all the years."""
    years: dict[int, Any] = {}
    for year in range(2024, 2036, 3):
        made = make_calendar(settings_of(book).hours, datetime(year, 6, 1))  # noqa: DTZ001 - a year
        years |= made.holidays.get("US", {})
    return Calendar(holidays={"US": years} if years else {})


@cache
def days_off() -> pd.DatetimeIndex:
    """The federal holidays of the United States, those of a weekend also on the weekday beside it."""
    found: list[date] = []
    for year in range(2023, 2035):
        for month, day in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25)):
            feast = date(year, month, day)
            found += [feast, feast + timedelta(days={5: -1, 6: 1}.get(feast.weekday(), 0))]
        for month, weekday, which in ((1, 0, 3), (2, 0, 3), (9, 0, 1), (10, 0, 2), (11, 3, 4)):
            first = date(year, month, 1)
            found.append(first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1)))
        last = date(year, 5, 31)
        found.append(last - timedelta(days=last.weekday()))
    return pd.DatetimeIndex(sorted(set(found)))


@cache
def strict_until() -> pd.Timestamp:
    """From then on it is the day somewhere on which the strictest profile expires."""
    file = Path(__file__).parents[2] / "campaign" / "settings" / "profiles" / "us-strict.yaml"
    expires_on = yaml.safe_load(file.read_text(encoding="utf-8"))["expires_on"]
    return pd.Timestamp(expires_on, tz="UTC") - timedelta(hours=14)


def _clock(minute: int) -> str:
    return "{:02}:{:02}".format(*divmod(minute, 60))


def may_ring(
    week: Minutes, zone: str, moments: pd.DatetimeIndex, *, is_certain: bool, has_holidays: bool = False
) -> Any:
    """For each moment whether a call may start by the clock on the wall, as an array of truth values."""
    local = moments.tz_convert(zone)
    minute = np.asarray(local.hour * 60 + local.minute)
    weekday = np.asarray(local.day_of_week)
    today = local.tz_localize(None).normalize()
    allowed = np.zeros(len(moments), dtype=bool)

    def is_off(later: int) -> Any:
        on = today + timedelta(days=later)
        return np.asarray(on.isin(days_off())) if has_holidays else np.zeros(len(moments), dtype=bool)

    inset = 0 if is_certain else UNCERTAIN
    for day, (opens, closes) in week.items():
        goes_on = (closes == DAY and week.get((day + 1) % 7, (1, 1))[0] == 0) & ~is_off(1)
        came_on = (opens == 0 and week.get((day - 1) % 7, (0, 0))[1] == DAY) & ~is_off(-1)
        first = np.where(came_on, opens, opens + inset)
        last = np.where(goes_on, closes, closes - inset - CLOSING)
        allowed |= (weekday == day) & (minute >= first) & (minute < last)
    return allowed & ~is_off(0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody may be."""

    zones: tuple[str, ...]
    is_certain: bool
    number: str = "+12025550143"
    country: str | None = "US"
    listed_state: str = ""

    @property
    def state(self) -> str:
        """By the list, else by how the number begins; empty where no state has narrower hours."""
        found = next((state for start, state in AREAS.items() if self.number.startswith(start)), "")
        return self.listed_state or found


Rule = Callable[[Person, CampaignSettings, datetime], Verdict]


def differences(
    book: int,
    place: Place,
    moments: pd.DatetimeIndex,
    rule: Rule = gates.judge,
    *,
    has_every_minute: bool = False,
) -> list[str]:
    """The moments at which the product's rule and the oracle do not agree.

    Where no minute is left out, that is asked of the next opening and of the next closing as well.
    """
    rules = BOOKS[book]
    week = dict(rules.week)
    if rules.is_strict and place.state in STRICT_IN:
        week = dict.fromkeys(week, STRICT_IN[place.state])
    expected = np.ones(len(moments), dtype=bool)
    is_held = rules.has_holidays and place.country in OF_THE_UNITED_STATES
    for zone in place.zones:
        expected &= may_ring(week, zone, moments, is_certain=place.is_certain, has_holidays=is_held)
    if not place.zones:
        expected &= False
    if rules.is_strict:
        expected &= np.asarray(moments < strict_until())
    person = Person(
        place.number,
        Whereabouts(place.zones, is_certain=place.is_certain),
        None,
        [],
        country=place.country,
        state=place.listed_state,
        calendar=calendar_of(book),
        all_calls=[],
    )
    settings = settings_of(book)
    verdicts = [rule(person, settings, moment) for moment in moments.to_pydatetime()]
    told = np.array([verdict.may_dial for verdict in verdicts])
    wrong = [f"{moments[at]}: the rule says {told[at]}" for at in np.flatnonzero(told != expected).tolist()]
    if has_every_minute:
        wrong += _wrong_edges(expected, moments, verdicts, person, settings)
    return [f"book {book}, {place}, {each}" for each in wrong]


def _wrong_edges(
    expected: Any,
    moments: pd.DatetimeIndex,
    verdicts: Sequence[Verdict],
    person: Person,
    settings: CampaignSettings,
) -> Iterator[str]:
    """The moments of which another next opening or closing is told than the next one of the oracle."""
    schedule, minutes = schedule_for(person, settings), moments.to_pydatetime()
    opens, closes = np.flatnonzero(expected), np.flatnonzero(~expected)
    for at, verdict in enumerate(verdicts):
        if expected[at]:
            told, edges = hours.next_closing(schedule, person.whereabouts, minutes[at]), closes
        else:
            told, edges = verdict.not_before, opens
        following = edges[np.searchsorted(edges, at) :]
        is_beyond = told is None or told > minutes[-1]
        is_right = told == minutes[following[0]] if len(following) else is_beyond
        if not is_right:
            yield f"{minutes[at]}: it says that {told} is the next {'closing' if expected[at] else 'opening'}"


def random_pairs(seed: int, pairs: int) -> Tally:
    """So many random people at random moments of nine years."""
    rng, tally = Random(seed), Tally()
    first = pd.Timestamp(FIRST, tz="UTC")
    seconds = int((pd.Timestamp(LAST, tz="UTC") - first).total_seconds())
    while pairs > 0:
        some = min(pairs, rng.randint(20, 60))
        moments = pd.DatetimeIndex([first + timedelta(seconds=rng.randrange(seconds)) for _ in range(some)])
        _compare(tally, rng.randrange(len(BOOKS)), _somebody(rng), moments)
        tally.injected["random people and moments"] += some
        pairs -= some
    return tally


def _somebody(rng: Random) -> Place:
    """A number of any country, or a person of whom the list says the zone, perhaps the state."""
    if rng.random() < 0.3:
        return Place((rng.choice(all_zones()),), is_certain=True)
    if rng.random() < 0.4:
        number = rng.choice(list(AREAS))
        number += "5550143" if number.startswith("+1") else "9460123"
        state = rng.choice(("", "", "RI", "KY", "FL", "PR"))
        zone = rng.choice(("America/New_York", "America/Anchorage", "Pacific/Guam"))
        return Place((zone,), True, number, _country(number), state)
    number = rng.choice(cells.examples(rng.choice(cells.REGIONS)))
    zones = timezone.time_zones_for_number(phonenumbers.parse(number))
    known = () if UNKNOWN in zones else tuple(zones)
    # The oracle knows only some area codes, so the list says a state that has no rules.
    return Place(known, False, number, _country(number), "PR" if number.startswith("+1") else "")


def _country(number: str) -> str | None:
    region: str | None = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    return region


def clock_changes(zone: str) -> Tally:
    """Every minute around every change of the clocks of one zone."""
    tally = Tally()
    quarters = pd.date_range(FIRST, LAST, freq="15min", tz="UTC")
    offsets = quarters.tz_convert(zone).tz_localize(None) - quarters.tz_localize(None)
    changed = np.flatnonzero(np.asarray(offsets)[1:] != np.asarray(offsets)[:-1]) + 1
    for at in changed.tolist():
        moments = pd.date_range(quarters[at] - AROUND, quarters[at] + AROUND, freq="min")
        for book in NIGHTS:
            _compare(tally, book, Place((zone,), is_certain=True), moments, has_every_minute=True)
        tally.injected["changes of clocks, minute by minute"] += 1
    return tally


def _compare(
    tally: Tally, book: int, place: Place, moments: pd.DatetimeIndex, *, has_every_minute: bool = False
) -> None:
    wrong = differences(book, place, moments, has_every_minute=has_every_minute)
    tally.wrong += len(wrong)
    for line in wrong:
        tally.fail(line)


def around_holidays(book: int, zone: str, year: int) -> Tally:
    """Every half hour from the day before to the day after each holiday, there and in a territory."""
    tally = Tally()
    days = [day for day in days_off().tz_localize("UTC") if day.year == year]
    around = [pd.date_range(day - timedelta(days=1), periods=3 * 48, freq="30min") for day in days]
    moments = pd.DatetimeIndex(np.concatenate([each.tz_localize(None) for each in around])).tz_localize("UTC")
    for country in ("US", "PR"):
        _compare(tally, book, Place((zone,), is_certain=True, country=country), moments)
        tally.injected["half hours around holidays"] += len(moments)
    return tally


def run(effort: Effort) -> Tally:
    """Random pairs, changes of clocks zone by zone, and holidays year by year; each in its share."""
    tally = Tally()
    wanted = effort.count(PAIRS)
    sizes = [min(CHUNK, wanted - done) for done in range(0, wanted, CHUNK)]
    zones = all_zones()[:: max(round(1 / effort.share), 1)]
    with forks.pool(effort.jobs) as pool:
        for part in pool.map(random_pairs, count(effort.seed * 100_000), sizes):
            tally.add(part)
        for part in pool.map(clock_changes, zones):
            tally.add(part)
        years = [
            (book, zone, year)
            for book in range(len(WEEKS), len(BOOKS))
            for zone in ("America/New_York", "Pacific/Guam")
            for year in range(2024, 2033)
        ]
        for part in pool.map(around_holidays, *zip(*years[:: max(round(1 / effort.share), 1)], strict=True)):
            tally.add(part)
    tally.notes.append(f"{len(zones)} time zones")
    return tally
