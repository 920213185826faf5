"""A profile narrows by country and state, limits calls, demands consent, and expires."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from campaign.models import RowStatus
from campaign.rules.consent import NOT_ON_RECORD
from campaign.rules.gates import evidence, judge
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person
from campaign.rules.profile import looks_back
from campaign.settings import NO_DAYS_OFF, CampaignSettings, make_calendar
from campaign.settings.profile import find_profile
from tests.support import make_settings

NEW_YORK = "America/New_York"
NEW_YORKER, FLORIDIAN, MAINER, TOLL_FREE = "+12125550143", "+13055550143", "+12075550143", "+18005550143"
TORONTO, LONDON = "+14165550143", "+442079460123"
HOUR = timedelta(hours=1)
WEEKDAY = "2026-12-02"
CALENDAR = make_calendar(
    make_settings(hours={"profile": "us-strict"}).hours, datetime(2026, 12, 2, tzinfo=UTC)
)


def campaign(profile: str = "us-strict", **contacts: object) -> CampaignSettings:
    """By a profile that has not expired in December 2026, without margins."""
    made = make_settings(hours={"profile": profile}, contacts={"consent_basis": "signed forms"} | contacts)
    no_margins = {"closing_margin": timedelta(), "number_margin": timedelta()}
    return made.model_copy(update={"hours": made.hours.model_copy(update=no_margins)})


def person(
    number: str = NEW_YORKER, *, state: str = "", consent: str = "", calls: list[datetime] | None = None
) -> Person:
    """Somebody in the zone of New York."""
    return Person(
        number,
        Whereabouts([NEW_YORK]),
        None,
        [],
        country="US",
        state=state,
        consent=consent,
        calendar=CALENDAR,
        all_calls=[] if calls is None else calls,
    )


def at(clock: str, day: str = WEEKDAY) -> datetime:
    """A time on the clocks of New York."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZoneInfo(NEW_YORK)).astimezone(UTC)


def open_hours(somebody: Person, day: str = WEEKDAY, profile: str = "us-strict") -> list[int]:
    """The hours of a day in which a call may start."""
    return [
        hour for hour in range(24) if judge(somebody, campaign(profile), at(f"{hour:02}:30", day)).may_dial
    ]


@pytest.mark.parametrize(
    ("state", "first", "last"),
    [
        ("NY", 9, 19), ("FL", 9, 19), ("OK", 9, 19), ("WA", 9, 19), ("KY", 10, 19), ("MI", 9, 19),
        ("AL", 9, 19), ("RI", 9, 17), ("PR", 9, 19),
    ],
)  # fmt: skip
def test_the_state_narrows(state: str, first: int, last: int) -> None:
    """On a weekday both the profile's window and the state's must be open."""
    assert open_hours(person(state=state)) == list(range(first, last + 1))


def test_the_list_wins_over_the_area_code() -> None:
    """An area code is no proof: where the list names a state, that one counts."""
    assert open_hours(person("+14015550143")) == list(range(9, 18))
    assert open_hours(person("+14015550143", state="NY")) == list(range(9, 20))
    told = evidence(person("+14015550143"), campaign(), at("12:00"))
    assert "(rules of RI, by the area code)" in told
    told = evidence(person("+12125550143", state="RI"), campaign(), at("12:00"))
    assert "(rules of RI, as the list says)" in told


def test_a_number_of_no_state() -> None:
    """A number of the United States that may be of any state gets the strictest window of all."""
    assert open_hours(person(TOLL_FREE)) == list(range(10, 18))
    assert "rules of all states" in evidence(person(TOLL_FREE), campaign(), at("12:00"))


@pytest.mark.parametrize("number", [TORONTO, LONDON, NEW_YORKER])
def test_numbers_without_state_rules(number: str) -> None:
    """Numbers of other countries, and of states without rules, have the profile's own window."""
    assert open_hours(person(number)) == list(range(9, 20))


@pytest.mark.parametrize(
    ("day", "is_open"), [("2026-12-05", True), ("2026-12-06", False), ("2026-12-25", False)]
)
def test_days_of_the_strict_profile(day: str, is_open: bool) -> None:
    """It calls on Saturdays, and neither on Sundays nor on holidays of the country."""
    assert bool(open_hours(person(), day)) is is_open


def test_the_federal_profile() -> None:
    """From 8 to 21 on every day, whatever the state."""
    assert open_hours(person(state="RI"), "2026-12-06", "us") == list(range(8, 21))
    assert looks_back(campaign("us")) is None


def test_calls_of_all_campaigns_count() -> None:
    """At most one call a day, the own campaign's included; the row waits until the day is over."""
    noon = at("12:00")
    verdict = judge(person(calls=[noon - 3 * HOUR]), campaign(), noon)
    assert (verdict.may_dial, verdict.status, verdict.not_before) == (
        False,
        RowStatus.WAITING,
        noon + 21 * HOUR,
    )
    assert verdict.reason == "profile us-strict allows 1 call within 1d"
    assert judge(person(calls=[noon - 24 * HOUR]), campaign(), noon).may_dial
    assert looks_back(campaign()) == 24 * HOUR


def test_calls_that_were_not_looked_up() -> None:
    """What is not known is a no."""
    unknown = Person(NEW_YORKER, Whereabouts([NEW_YORK]), None, [], calendar=NO_DAYS_OFF, country="US")
    verdict = judge(unknown, campaign(), at("12:00"))
    assert (verdict.may_dial, verdict.reason) == (False, "it is not known when this number was called")


def test_an_expired_profile_calls_nobody() -> None:
    """Also when it expires in the middle of a run; nobody's row ends for that."""
    late = datetime.combine(find_profile("us").expires_on, datetime.min.time(), UTC) + 17 * HOUR
    verdict = judge(person(), campaign("us"), late)
    assert (verdict.may_dial, verdict.status) == (False, RowStatus.WAITING)
    assert verdict.reason == "profile us has expired"
    assert judge(person(), campaign("us"), late - 2 * 24 * HOUR).may_dial


NO_CONSENT = (
    "no", "No.", "N", "false", "0", "-", "?", "none", "n/a", "not given", "opted out", "opt-out 2026-01-02",
    "withdrawn on 2026-03-01", "pending", "unknown", "nein", "FALSCH", "FAUX", "nicht erteilt",
    "sin consentimiento", "don't call", "stop", "TBD", "unverified", "lorem", "yes?", "yes/no",
    "yes until 2026", "signed 2026-13-01", "9999-01-01", "signed 9999-01-01", "2026-01-02 2026-01-03",
    "12026-01-02", "20260102",
)  # fmt: skip


@pytest.mark.parametrize("cell", NO_CONSENT)
def test_what_is_not_listed_is_no_consent(cell: str) -> None:
    """Whatever nobody has listed is a no: there are more words for it than anybody can collect."""
    assert not judge(person(consent=cell), campaign("us"), at("12:00")).may_dial


@pytest.mark.parametrize(
    "cell",
    ["yes", "Y", "1", "TRUE", "2026-01-10 web form", "written", "opt-in", "Opted in, 2026-01-02", "optin",
     "2026-01-10", "2026-01-10T08:30:00Z", "2026-01-10 08:30:00", "Signed", "given", "WAHR"],
)  # fmt: skip
def test_cells_that_are_consent(cell: str) -> None:
    """A plain yes, what it is based on, or since when."""
    assert judge(person(consent=cell), campaign("us"), at("12:00")).may_dial


@pytest.mark.parametrize(
    ("cell", "may_dial"), [("Form B", True), ("form-b 2026-01-10", True), ("yes", False), ("Form C", False)]
)
def test_values_of_a_campaign(cell: str, may_dial: bool) -> None:
    """A campaign file says by itself what its list calls consent; the usual words count no more then."""
    own = campaign("us", consent_values=["form b"])
    assert judge(person(consent=cell), own, at("12:00")).may_dial is may_dial


def test_the_day_of_consent_may_have_begun_elsewhere() -> None:
    """A date counts once it has come anywhere on Earth, and no sooner."""
    when = at("12:00")
    tomorrow = (when + 24 * HOUR).date()
    assert judge(person(consent=f"{when.date()}"), campaign("us"), when).may_dial
    assert not judge(person(consent=f"{tomorrow + timedelta(days=1)}"), campaign("us"), when).may_dial


@pytest.mark.parametrize(
    ("contacts", "words"),
    [
        ({"consent_basis": "no consent"}, "contacts.consent_basis.*this says no, or nothing; write by what"),
        ({"consent_basis": "???"}, "this says no, or nothing"),
        ({"consent_basis": "TBD later"}, "this says no, or nothing"),
        ({"consent_values": []}, "write at least one, like signed"),
        (
            {"consent_values": ["signed", "not given"]},
            "'not given' says no, or nothing; write what your list",
        ),
        ({"consent_values": ["-"]}, "'-' says no, or nothing"),
        ({"consent_values": [True]}, 'write yes and true in quotes: "yes"'),
    ],
)
def test_nonsense_about_consent(contacts: dict[str, object], words: str) -> None:
    """What is no consent cannot be declared to be one."""
    with pytest.raises(ValidationError, match=re.compile(words, re.DOTALL)):
        campaign("us", **contacts)


@pytest.mark.parametrize(
    ("profile", "contacts", "cell", "may_dial"),
    [
        ("us", {"consent_basis": None}, "yes", True),
        ("us", {"consent_basis": None}, "", False),
        ("us", {"consent_basis": None}, " ", False),
        ("us", {"consent_basis": None}, "no", False),
        ("us", {"consent_basis": "signed forms"}, "", True),
        ("us", {"consent_basis": "signed forms"}, "no", False),
        ("us-strict", {"consent_basis": None}, "", False),
        ("gb", {"consent_basis": None}, "", False),
        ("eu", {"consent_basis": None}, "", True),
        ("eu", {"consent_basis": None}, "withdrawn", False),
        ("eu", {"consent_basis": None, "consent": "ok"}, "", False),
        ("custom", {"consent_basis": None, "consent": "ok"}, "no", False),
        ("custom", {"consent_basis": None}, "", True),
    ],
)
def test_consent(profile: str, contacts: dict[str, object], cell: str, may_dial: bool) -> None:
    """Where it is demanded, who has not agreed is never called; a refusal counts everywhere."""
    verdict = judge(person(consent=cell), campaign(profile, **contacts), at("12:00"))
    assert verdict.may_dial is may_dial
    if not may_dial:
        assert (verdict.status, verdict.reason) == (RowStatus.SUPPRESSED, NOT_ON_RECORD)
