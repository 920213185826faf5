"""On a day off nobody is called, by the date on the person's own calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaign.models import RowStatus
from campaign.rules.gate import Verdict
from campaign.rules.gates import evidence, judge
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person
from campaign.settings import Calendar, CampaignSettings
from campaign.settings.calendar import Span
from tests.support import make_settings

NEW_YORK, AUCKLAND = "America/New_York", "Pacific/Auckland"
CHRISTMAS = date(2026, 12, 25)
HOLIDAYS = Calendar(holidays={"US": {2026: {CHRISTMAS: "Christmas Day"}, 2027: {}}})
DAY = timedelta(days=1)


def campaign(**hours: object) -> CampaignSettings:
    """Calls every day from nine to five, without margins, but not on holidays of the United States."""
    section = {
        "holidays": ["US"],
        "days": {"mon-sun": "09:00-17:00"},
        "closing_margin": "0s",
        "number_margin": "0s",
    }
    return make_settings(hours=section | hours)


def person(*zones: str, calendar: Calendar | None = HOLIDAYS, country: str | None = "US") -> Person:
    """Somebody with a number of this country."""
    return Person("+12125550143", Whereabouts(zones), None, [], calendar=calendar, country=country)


def local(text: str, zone: str = NEW_YORK) -> datetime:
    """A time on the clock of a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "at", "may_dial"),
    [
        (NEW_YORK, "2026-12-24T16:59:59", True),
        (NEW_YORK, "2026-12-25T12:00:00", False),
        (NEW_YORK, "2026-12-26T09:00:00", True),
        (AUCKLAND, "2026-12-25T09:00:00", False),
        (AUCKLAND, "2026-12-26T10:00:00", True),
    ],
)
def test_the_date_is_the_persons(zone: str, at: str, may_dial: bool) -> None:
    """A holiday is from midnight to midnight where the person is, not where we are."""
    assert judge(person(zone), campaign(), local(at, zone)).may_dial is may_dial


def test_the_row_waits_until_the_day_is_over() -> None:
    """The next opening is that of the day after, and the reason is kept."""
    verdict = judge(person(NEW_YORK), campaign(), local("2026-12-25T12:00"))
    assert verdict == Verdict(
        may_dial=False, reason="outside calling hours", not_before=local("2026-12-26T09:00")
    )
    told = evidence(person(NEW_YORK), campaign(), local("2026-12-25T12:00"))
    assert "closed that day: Christmas Day (US)" in told


def test_a_person_of_several_zones() -> None:
    """While it is the holiday in one of them, nobody rings."""
    both = person(NEW_YORK, "America/Los_Angeles")
    assert not judge(both, campaign(), local("2026-12-25T12:00")).may_dial
    assert judge(both, campaign(), local("2026-12-24T15:00")).may_dial


def test_numbers_of_other_countries() -> None:
    """The holidays of a country are for its numbers; where the country is unknown, they count."""
    noon = local("2026-12-25T12:00")
    assert judge(person(NEW_YORK, country="CA"), campaign(), noon).may_dial
    assert not judge(person(NEW_YORK, country=None), campaign(), noon).may_dial


@pytest.mark.parametrize(
    ("place", "state", "may_dial"),
    [
        ("US", "", False),
        ("US-PR", "", False),
        ("PR", "", False),
        ("US-FL", "", True),
        ("US-FL", "FL", False),
        ("US-PR", "FL", True),
        ("CA", "", True),
    ],
)
def test_numbers_of_a_territory(place: str, state: str, may_dial: bool) -> None:
    """Puerto Rico is a country by its numbers and a part of the United States: holidays of either hold.

    As anywhere in the United States the state of the list says where the person is, and else the area code.
    """
    calendar = Calendar(holidays={place: {2026: {CHRISTMAS: "Christmas Day"}, 2027: {}}})
    here = Whereabouts(("America/Puerto_Rico",))
    them = Person("+17875550143", here, None, [], calendar=calendar, country="PR", state=state)
    at = local("2026-12-25T12:00", "America/Puerto_Rico")
    assert judge(them, campaign(holidays=[place]), at).may_dial is may_dial


def test_days_off_that_nobody_knows() -> None:
    """Without a calendar nobody is called; the row waits, and another run asks again."""
    verdict = judge(person(NEW_YORK, calendar=None), campaign(), local("2026-12-24T12:00"))
    assert (verdict.may_dial, verdict.status) == (False, RowStatus.WAITING)
    assert verdict.reason == "the days off are not known"
    assert verdict.not_before == local("2026-12-25T12:00")
    assert judge(person(NEW_YORK, calendar=None), campaign(holidays=[]), local("2026-12-24T12:00")).may_dial


@pytest.mark.parametrize("days", [1, 6, 7, 8, 20, 100, 400])
def test_a_long_time_off(days: int) -> None:
    """However long a span of dates is, the row waits for its end and does not expire."""
    first = date(2026, 6, 3)
    calendar = Calendar(blackout=[Span(first, first + (days - 1) * DAY, "moving house")])
    verdict = judge(
        person(NEW_YORK, calendar=calendar), campaign(blackout="x.csv"), local("2026-06-03T12:00")
    )
    assert (verdict.status, verdict.reason) == (RowStatus.WAITING, "outside calling hours")
    assert verdict.not_before == local(f"{first + days * DAY}T09:00")


def test_time_off_without_an_end() -> None:
    """Beyond what is known the row still does not expire: each run asks anew."""
    calendar = Calendar(blackout=[Span(date(2026, 1, 1), date(2036, 1, 1))])
    verdict = judge(
        person(NEW_YORK, calendar=calendar), campaign(blackout="x.csv"), local("2026-06-03T12:00")
    )
    assert (verdict.status, verdict.reason) == (
        RowStatus.WAITING,
        "closed for as long as the days off are known",
    )
    assert verdict.not_before == local("2026-06-04T12:00")


def test_zones_that_never_open_together_are_named_also_on_a_day_off() -> None:
    """The reason is not the day off, as no other day would do."""
    nobody = person(NEW_YORK, "Asia/Tokyo")
    assert "no time of the week" in judge(nobody, campaign(), local("2026-12-25T12:00")).reason


@pytest.mark.parametrize(
    ("at", "may_dial"),
    [
        ("2026-12-24T23:56", True),
        ("2026-12-24T23:57", False),
        ("2026-12-26T00:59", False),
        ("2026-12-26T01:00", True),
        ("2026-12-23T23:59", True),
    ],
)
def test_margins_at_the_edge_of_a_day_off(at: str, may_dial: bool) -> None:
    """Where windows would meet at midnight, a day off between them closes and opens."""
    settings = campaign(days={"mon-sun": "00:00-24:00"}, closing_margin="3m", number_margin="1h")
    whereabouts = Whereabouts([NEW_YORK], is_certain=False)
    somebody = Person("+12125550143", whereabouts, None, [], calendar=HOLIDAYS, country="US")
    # The eve closes an hour early as well, so only the last of its minutes are told from the others.
    sure = Person("+12125550143", Whereabouts([NEW_YORK]), None, [], calendar=HOLIDAYS, country="US")
    asked = sure if at.startswith("2026-12-24") else somebody
    assert judge(asked, settings, local(at)).may_dial is may_dial
