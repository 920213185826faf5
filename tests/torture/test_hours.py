"""A sample of the hours, and rules that are found out."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from campaign.rules import gates
from campaign.rules.gate import Verdict
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person
from campaign.settings import Calendar, CampaignSettings
from tests.torture import hours
from tests.torture.hours import Place, Rule
from tests.torture.tally import Effort

HOLIDAYS, STRICT = len(hours.WEEKS), len(hours.BOOKS) - 1
NEW_YORK = "America/New_York"


@pytest.mark.e2e
def test_a_sample(tmp_path: Path) -> None:
    """Nobody is rung out of hours, and nobody waits who may be rung."""
    tally = hours.run(Effort(tmp_path, share=0.005))
    assert tally.is_clean, tally.failures
    assert tally.injected["random people and moments"] == hours.PAIRS * 0.005


@pytest.mark.parametrize("zone", [NEW_YORK, "Australia/Lord_Howe", "Africa/Casablanca", "America/Asuncion"])
def test_every_change_of_some_clocks(zone: str) -> None:
    """Each minute around each change is judged as the clock on the wall says, half-hour changes too."""
    tally = hours.clock_changes(zone)
    assert tally.is_clean, tally.failures
    assert tally.injected["changes of clocks, minute by minute"] > 0


def an_hour_late(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    """Knows when hours are open, and not when they will be."""
    verdict = gates.judge(person, settings, now)
    if verdict.not_before is None:
        return verdict
    return replace(verdict, not_before=verdict.not_before + timedelta(hours=1))


def test_a_rule_that_says_when_too_late_is_found_out() -> None:
    """Where every minute is looked at, the next opening is compared too: of a rule, and so of the product."""
    moments = pd.date_range("2026-03-08", periods=24 * 60, freq="min", tz="UTC")
    place = Place((NEW_YORK,), is_certain=True)
    assert not hours.differences(0, place, moments, has_every_minute=True)
    assert not hours.differences(0, place, moments, an_hour_late)
    wrong = hours.differences(0, place, moments, an_hour_late, has_every_minute=True)
    assert wrong
    assert all("is the next opening" in line for line in wrong)


def test_every_zone_of_a_number_is_known() -> None:
    """The time zone data that is installed has all names that phonenumbers gives, old ones too."""
    assert len(hours.all_zones()) > 250
    assert {"Asia/Calcutta", NEW_YORK} <= set(hours.all_zones())


def with_fixed_offset(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    """Takes New York to be four hours behind all year."""
    return gates.judge(replace(person, whereabouts=Whereabouts(["Etc/GMT+4"])), settings, now)


def with_first_zone_only(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    """Overlooks all zones but the first."""
    first = replace(person.whereabouts, time_zones=person.whereabouts.time_zones[:1])
    return gates.judge(replace(person, whereabouts=first), settings, now)


def with_certainty(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    """Trusts the number."""
    sure = replace(person.whereabouts, is_certain=True)
    return gates.judge(replace(person, whereabouts=sure), settings, now)


def until_the_end(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    """Dials until the last minute."""
    late = settings.model_copy(
        update={"hours": settings.hours.model_copy(update={"closing_margin": timedelta()})}
    )
    return gates.judge(person, late, now)


def without_holidays(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    """Has an empty calendar."""
    known = (person.calendar or Calendar()).holidays
    empty: dict[str, dict[int, dict[date, str]]] = {
        place: {year: {} for year in years} for place, years in known.items()
    }
    return gates.judge(replace(person, calendar=Calendar(holidays=empty)), settings, now)


def by_our_date(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    """Takes a holiday to be where we are."""
    calendar = person.calendar or Calendar()
    if calendar.closed_because(now.date(), country=person.country, state=""):
        return Verdict(may_dial=False)
    return without_holidays(person, settings, now)


def without_state(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    """Overlooks what the list says."""
    return gates.judge(replace(person, state=""), settings, now)


@pytest.mark.parametrize(
    ("book", "rule", "place", "day"),
    [
        (HOLIDAYS, without_holidays, Place((NEW_YORK,), is_certain=True), "2026-11-26"),
        (HOLIDAYS, by_our_date, Place(("Pacific/Guam",), is_certain=True), "2026-11-26"),
        (STRICT, without_state, Place((NEW_YORK,), True, "+12125550143", "US", "RI"), "2026-12-02"),
        (STRICT, without_holidays, Place((NEW_YORK,), is_certain=False), "2026-12-25"),
    ],
)
def test_a_rule_that_does_not_know_the_books_is_found_out(
    book: int, rule: Rule, place: Place, day: str
) -> None:
    """Each of these would ring somebody on a day off, or too late in the state."""
    moments = pd.date_range(day, periods=24 * 60, freq="min", tz="UTC")
    assert hours.differences(book, place, moments) == []
    assert hours.differences(book, place, moments, rule) != []


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (with_fixed_offset, Place((NEW_YORK,), is_certain=True)),
        (with_first_zone_only, Place((NEW_YORK, "America/Los_Angeles"), is_certain=True)),
        (with_certainty, Place((NEW_YORK,), is_certain=False)),
        (until_the_end, Place((NEW_YORK,), is_certain=True)),
    ],
)
def test_a_wrong_rule_is_found_out(rule: Rule, place: Place) -> None:
    """Each of these would ring somebody at a forbidden minute of one winter day."""
    moments = pd.date_range("2026-01-14", "2026-01-15", freq="min", tz="UTC")
    assert hours.differences(0, place, moments) == []
    assert hours.differences(0, place, moments, rule) != []
