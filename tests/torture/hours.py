"""Hours: random people at random moments, and every change of a clock, against an oracle of whole minutes.

The oracle turns moments into wall-clock minutes with pandas, by the thousand, and knows nothing of how the
product looks for an opening.
"""

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import phonenumbers
from phonenumbers import timezone
from phonenumbers.tzdata import TIMEZONE_DATA

from campaign.rules import gates
from campaign.rules.gate import Verdict
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person
from campaign.settings import CampaignSettings
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
_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@cache
def all_zones() -> tuple[str, ...]:
    """Every time zone that a number can have."""
    return tuple(sorted({zone for zones in TIMEZONE_DATA.values() for zone in zones} - {UNKNOWN}))


@cache
def settings_of(week: int) -> CampaignSettings:
    """The campaign file of one of the weeks."""
    days = {_NAMES[day]: f"{_clock(opens)}-{_clock(closes)}" for day, (opens, closes) in WEEKS[week].items()}
    return make_settings(hours={"days": days})


def _clock(minute: int) -> str:
    return "{:02}:{:02}".format(*divmod(minute, 60))


def may_ring(week: Minutes, zone: str, moments: pd.DatetimeIndex, *, is_certain: bool) -> Any:
    """For each moment whether a call may start by the clock on the wall, as an array of truth values."""
    local = moments.tz_convert(zone)
    minute = np.asarray(local.hour * 60 + local.minute)
    weekday = np.asarray(local.day_of_week)
    allowed = np.zeros(len(moments), dtype=bool)
    inset = 0 if is_certain else UNCERTAIN
    for day, (opens, closes) in week.items():
        goes_on = closes == DAY and week.get((day + 1) % 7, (1, 1))[0] == 0
        came_on = opens == 0 and week.get((day - 1) % 7, (0, 0))[1] == DAY
        first = opens if came_on else opens + inset
        last = closes if goes_on else closes - inset - CLOSING
        allowed |= (weekday == day) & (minute >= first) & (minute < last)
    return allowed


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody may be."""

    zones: tuple[str, ...]
    is_certain: bool


Rule = Callable[[Person, CampaignSettings, datetime], Verdict]


def differences(week: int, place: Place, moments: pd.DatetimeIndex, rule: Rule = gates.judge) -> list[str]:
    """The moments at which the product's rule and the oracle do not agree."""
    expected = np.ones(len(moments), dtype=bool)
    for zone in place.zones:
        expected &= may_ring(WEEKS[week], zone, moments, is_certain=place.is_certain)
    if not place.zones:
        expected &= False
    person = Person("+12025550143", Whereabouts(place.zones, is_certain=place.is_certain), None, [])
    settings = settings_of(week)
    told = np.array([rule(person, settings, moment).may_dial for moment in moments.to_pydatetime()])
    return [
        f"week {week}, {place}, {moments[at].isoformat()}: the rule says {bool(told[at])}"
        for at in np.flatnonzero(told != expected).tolist()
    ]


def random_pairs(seed: int, pairs: int) -> Tally:
    """So many random people at random moments of nine years."""
    rng, tally = Random(seed), Tally()
    first = pd.Timestamp(FIRST, tz="UTC")
    seconds = int((pd.Timestamp(LAST, tz="UTC") - first).total_seconds())
    while pairs > 0:
        some = min(pairs, rng.randint(20, 60))
        moments = pd.DatetimeIndex([first + timedelta(seconds=rng.randrange(seconds)) for _ in range(some)])
        _compare(tally, rng.randrange(len(WEEKS)), _somebody(rng), moments)
        tally.injected["random people and moments"] += some
        pairs -= some
    return tally


def _somebody(rng: Random) -> Place:
    """A number of any country, or a person of whom the list says the zone."""
    if rng.random() < 0.3:
        return Place((rng.choice(all_zones()),), is_certain=True)
    number = rng.choice(cells.examples(rng.choice(cells.REGIONS)))
    zones = timezone.time_zones_for_number(phonenumbers.parse(number))
    return Place(() if UNKNOWN in zones else tuple(zones), is_certain=False)


def clock_changes(zone: str) -> Tally:
    """Every minute around every change of the clocks of one zone."""
    tally = Tally()
    hours = pd.date_range(FIRST, LAST, freq="15min", tz="UTC")
    offsets = hours.tz_convert(zone).tz_localize(None) - hours.tz_localize(None)
    changed = np.flatnonzero(np.asarray(offsets)[1:] != np.asarray(offsets)[:-1]) + 1
    for at in changed.tolist():
        moments = pd.date_range(hours[at] - AROUND, hours[at] + AROUND, freq="min")
        _compare(tally, len(WEEKS) - 1, Place((zone,), is_certain=True), moments)
        tally.injected["changes of clocks, minute by minute"] += 1
    return tally


def _compare(tally: Tally, week: int, place: Place, moments: pd.DatetimeIndex) -> None:
    wrong = differences(week, place, moments)
    tally.wrong += len(wrong)
    for line in wrong:
        tally.fail(line)


def run(effort: Effort) -> Tally:
    """All pairs, and all zones."""
    tally = Tally()
    wanted = effort.count(PAIRS)
    sizes = [min(CHUNK, wanted - done) for done in range(0, wanted, CHUNK)]
    zones = all_zones()[:: max(round(1 / effort.share), 1)]
    with multiprocessing.get_context("spawn").Pool(effort.jobs) as pool:
        chunks = [(effort.seed * 100_000 + at, size) for at, size in enumerate(sizes)]
        for part in pool.starmap(random_pairs, chunks, chunksize=1):
            tally.add(part)
        for part in pool.imap(clock_changes, zones):
            tally.add(part)
    tally.notes.append(f"{len(zones)} time zones")
    return tally
