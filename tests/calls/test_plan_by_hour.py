"""The plan counts, for each of the next hours, the people who could be dialled in it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from campaign.calls.plan import make_plan
from campaign.contacts.intake import take_in
from campaign.ledger.ledger import Ledger
from campaign.models import ZoneSource
from campaign.rules.calling_hours import schedule_for
from campaign.rules.consent import CONSENT
from campaign.rules.hours import Whereabouts, is_open
from campaign.rules.person import Person
from campaign.settings import make_calendar
from tests.ledger.case import Case, contact, listed, start
from tests.support import make_settings

NOW = datetime(2026, 12, 24, 22, 40, tzinfo=UTC)
"""The eve of a holiday, twenty to six in the afternoon in New York."""
HOUR = timedelta(hours=1)
LINES = (
    "phone,timezone,consent,state",
    "+12025550101,America/New_York,yes,",
    "+12025550102,America/Los_Angeles,yes,",
    "+12025550103,America/Los_Angeles,yes,RI",
    "+12025550104,,yes,",
    "+18005550105,,yes,",
    "+14165550106,America/Toronto,yes,",
    "+12025550107,Asia/Tokyo,no,",
    "+12025550108,Asia/Kolkata,yes,KY",
)

ByHour = Callable[..., list[int]]


@pytest.fixture
def by_hour(tmp_path: Path) -> ByHour:
    """The counts of a plan for the list above."""

    def count(hours: dict[str, Any], *, ledger: Ledger | None = None, now: datetime = NOW) -> list[int]:
        path = tmp_path / "list.csv"
        path.write_text("\n".join(LINES) + "\n")
        settings = make_settings(hours=hours, contacts={"countries": ["US", "CA"]})
        planned = make_plan(
            take_in(path, settings),
            settings,
            ledger=ledger,
            campaign=None,
            amendment=None,
            suppressed={},
            calendar=make_calendar(settings.hours, now),
            now=now,
        )
        first = now.replace(minute=0)
        assert [hour for hour, _ in planned.by_hour] == [first + at * HOUR for at in range(24)]
        return [people for _, people in planned.by_hour]

    return count


@pytest.mark.parametrize(
    "hours",
    [
        {"days": {"mon-sun": "09:00-20:00"}},
        {"days": {"mon-sun": "09:30-09:45"}, "closing_margin": "0s", "number_margin": "0s"},
        {"days": {"thu": "00:00-24:00", "sat": "00:00-24:00"}},
        {"days": {"mon-sun": "00:00-24:00"}, "holidays": ["US"]},
        {"profile": "us-strict"},
    ],
)
def test_every_hour(by_hour: ByHour, tmp_path: Path, hours: dict[str, Any]) -> None:
    """A person counts in the hours that have a moment at which a call may start, and in no other."""
    counted = by_hour(hours)
    settings = make_settings(hours=hours, contacts={"countries": ["US", "CA"]})
    calendar = make_calendar(settings.hours, NOW)
    expected = [0] * 24
    for row in take_in(tmp_path / "list.csv", settings).contacts:
        place = Whereabouts(row.time_zones, is_certain=row.zone_source is not ZoneSource.NUMBER)
        country = "CA" if row.to_number.startswith("+1416") else "US"
        person = Person(
            row.to_number, place, None, [], country=country, state=row.state, consent=row.consent,
            calendar=calendar, all_calls=[],
        )  # fmt: skip
        schedule, agreed = schedule_for(person, settings), CONSENT.ask(person, settings, NOW).may_dial
        for at in range(24):
            moments = [NOW.replace(minute=minute) + at * HOUR for minute in range(0, 60, 5)]
            expected[at] += agreed and any(is_open(schedule, place, each) for each in moments if each >= NOW)
    assert counted == expected
    assert any(counted) or "sat" in str(hours)


def test_who_was_called_by_another_campaign(by_hour: ByHour, ledger: Ledger) -> None:
    """A cap holds a person back until its time is over, in the hours as well."""
    case: Case = start(ledger, listed(contact("+12025550101", 2)), name="autumn")
    case.place(case.intend("+12025550101", now=NOW - 15 * HOUR), "call-1")
    case.end("call-1")
    case.settle("call-1")
    always = {"days": {"mon-sun": "00:00-24:00"}, "closing_margin": "0s", "number_margin": "0s"}
    assert by_hour(always, ledger=ledger) == [7] * 5 + [8] * 19
