"""Hours of the campaign file: days off are known, and a profile is neither widened nor out of date."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from campaign.errors import ConfigError, InputMissingError
from campaign.settings import HourSettings, make_calendar, refuse_expired
from campaign.settings.area_codes import STATES, state_of_number
from campaign.settings.calendar import Calendar, Span, read_blackout
from campaign.settings.profile import CONFIRMED_FOR, PROFILES, find_profile
from tests.support import NOON

NEW_YEAR = date(2027, 1, 1)
EXPIRED = find_profile("us").expires_on
DAY = timedelta(days=1)


def hours(**keys: object) -> HourSettings:
    """The section with these keys."""
    return HourSettings.model_validate(keys)


def refused(**keys: object) -> str:
    """What is said about a section that makes no sense."""
    with pytest.raises(ValidationError) as caught:
        hours(**keys)
    return str(caught.value.errors()[0]["msg"])


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_says_where_it_comes_from(name: str) -> None:
    """Each has sources, and dates in their order; the file says that it is no legal advice."""
    profile = find_profile(name)
    assert all(url.startswith(("https://", "http://")) for url in profile.source)
    assert profile.reviewed_on < profile.expires_on <= profile.reviewed_on + timedelta(days=366)
    file = Path(__file__).parents[2] / "campaign" / "settings" / "profiles" / f"{name}.yaml"
    assert "not legal" in file.read_text().replace("\n# ", " ")
    assert set(profile.states) <= STATES


def test_days_come_from_the_profile() -> None:
    """Without days of its own a campaign has those of its profile; custom is none."""
    assert hours(profile="us").days == find_profile("us").days
    assert sorted(hours(profile="us-strict").days) == [0, 1, 2, 3, 4, 5]
    assert hours(profile="custom") == hours().model_copy(update={"profile": "custom"})


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"mon": "08:30-20:00"}, "days: mon is 08:30-20:00, but profile us-strict allows 09:00-20:00"),
        ({"mon-fri": "10:00-12:00", "sat": "09:00-20:01"}, "days: sat is 09:00-20:01, but profile us-strict"),
        ({"sun": "12:00-13:00"}, "days: sun is open, but profile us-strict is closed that day"),
    ],
)
def test_days_only_narrow(days: dict[str, str], said: str) -> None:
    """A day that is wider than the profile is refused by its name, with the profile's window."""
    assert said in refused(profile="us-strict", days=days)
    assert hours(profile="us-strict", days={"mon": "09:00-20:00", "tue": "12:00-13:00"}).days.keys() == {0, 1}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"profile": "usa"}, "'us-strict'"),
        ({"profile_confirmed": "2027-06-01"}, "no effect without a profile"),
        ({"profile": "custom", "profile_confirmed": "2027-06-01"}, "no effect without a profile"),
        ({"profile": "us", "profile_confirmed": 20270601}, "is not a date"),
        ({"profile": "us", "profile_confirmed": "2027-02-30"}, "is not a date"),
        ({"profile": "us", "profile_confirmed": datetime(2027, 6, 1, 12)}, "without a time"),  # noqa: DTZ001
        ({"holidays": "US"}, "valid tuple"),
        ({"holidays": ["us"]}, "write it like US or US-FL"),
        ({"holidays": ["USA"]}, "write it like US or US-FL"),
        ({"holidays": [False]}, 'write Norway in quotes: "NO"'),
        ({"blackout": ""}, "write the path of a file"),
        ({"blackout": ["2026-12-24"]}, "write the path of a file"),
    ],
)
def test_nonsense(keys: dict[str, object], said: str) -> None:
    """What makes no sense is refused with the right form."""
    assert said in refused(**keys)


@pytest.mark.parametrize(
    ("on", "confirmed", "said"),
    [
        (EXPIRED - 2 * DAY, None, None),
        (EXPIRED, None, "has expired on .* nobody has confirmed it since; check .*profile_confirmed: "),
        (EXPIRED + 10 * DAY, EXPIRED - DAY, "is before that"),
        (EXPIRED + 10 * DAY, EXPIRED, None),
        (EXPIRED + 10 * DAY, EXPIRED + 10 * DAY, None),
        (EXPIRED + 10 * DAY, EXPIRED + 12 * DAY, "is in the future"),
        (EXPIRED - 10 * DAY, EXPIRED + 12 * DAY, "is in the future"),
        (EXPIRED - 10 * DAY, EXPIRED - 20 * DAY, None),
        (EXPIRED + CONFIRMED_FOR - DAY, EXPIRED, None),
        (EXPIRED + CONFIRMED_FOR, EXPIRED, "is 90 days old or more"),
    ],
)
def test_an_expired_profile_is_refused(on: date, confirmed: date | None, said: str | None) -> None:
    """From its date on it counts only for 90 days after somebody has confirmed it."""
    noon = datetime(on.year, on.month, on.day, 9, tzinfo=UTC)
    section = hours(profile="us", profile_confirmed=confirmed)
    if said is None:
        refuse_expired(section, noon)
        return
    with pytest.raises(ConfigError, match=f"^hours.profile: .*{said}"):
        refuse_expired(section, noon)


def test_a_campaign_without_a_profile_never_expires() -> None:
    """There is nothing that could."""
    refuse_expired(hours(profile="custom"), NOON + 9999 * DAY)
    refuse_expired(hours(), NOON + 9999 * DAY)


def blackout(folder: Path, text: str) -> tuple[Span, ...]:
    """The dates of a file with this text."""
    path = folder / "closed.csv"
    path.write_text(text, encoding="utf-8")
    return read_blackout(path)


def test_dates_of_a_file(tmp_path: Path) -> None:
    """A date, a span, each perhaps with a reason; comments and blank lines say nothing."""
    lines = ["\ufeff# closed", "2026-12-24, stocktaking", "", "2026-12-28..2027-01-02"]
    lines += ["2027-02-01 .. 2027-02-01,a, b # x", ""]
    assert blackout(tmp_path, "\n".join(lines)) == (
        Span(date(2026, 12, 24), date(2026, 12, 24), "stocktaking"),
        Span(date(2026, 12, 28), date(2027, 1, 2)),
        Span(date(2027, 2, 1), date(2027, 2, 1), "a, b"),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("24.12.2026", "not a date; write it like 2026-12-24"),
        ("2026-12-24..", "not a date"),
        ("date,reason", "not a date"),
        (",reason", "not a date"),
        ("2026-02-30", "there is no such day"),
        ("2026-12-24..2026-12-23", "the span ends before it begins"),
    ],
)
def test_a_line_that_is_no_date(tmp_path: Path, line: str, said: str) -> None:
    """It is refused with the number of the line."""
    with pytest.raises(ConfigError, match=rf"^hours\.blackout: \S+closed\.csv, line 2: {said}[^\n]*$"):
        blackout(tmp_path, f"2026-12-24\n{line}\n")


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_a_file_without_dates(tmp_path: Path, text: str) -> None:
    """It may be one that was cut off, so nobody is called by it."""
    with pytest.raises(ConfigError, match="there is no date in it"):
        blackout(tmp_path, text)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    """Nobody knows then when to call."""
    with pytest.raises(InputMissingError, match=r"^hours\.blackout: .*No such file"):
        make_calendar(hours(blackout=str(tmp_path / "closed.csv")), NOON)
    (tmp_path / "latin.csv").write_bytes(b"2026-12-24,\xe9\n")
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        read_blackout(tmp_path / "latin.csv")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("ZZ", "no holidays are known of ZZ"),
        ("US-ZZ", "no holidays are known of US-ZZ; known parts begin with AK"),
        ("VA-XX", "no parts of it are known"),
    ],
)
def test_a_place_without_holidays(place: str, said: str) -> None:
    """A country that is not known is refused, not taken for one without holidays."""
    with pytest.raises(ConfigError, match=f"^hours.holidays: .*{said}"):
        make_calendar(hours(holidays=[place]), NOON)


def test_holidays_count_for_the_country_of_the_number() -> None:
    """Those of a part of the United States only for people who may be there; unknown countries have all."""
    calendar = make_calendar(hours(holidays=["US", "US-FL", "GB-SCT"]), datetime(2026, 6, 3, tzinfo=UTC))
    thanksgiving, after = date(2026, 11, 26), date(2026, 11, 27)

    def because(day: date, country: str | None, state: str = "") -> str | None:
        return calendar.closed_because(day, country=country, state=state)

    assert because(thanksgiving, "US") == "Thanksgiving Day (US)"
    assert because(thanksgiving, "GB") is None
    assert because(thanksgiving, None) is not None
    assert [bool(because(after, "US", state)) for state in ("FL", "NY", "")] == [True, False, True]
    assert because(date(2026, 11, 30), "GB") is not None
    assert because(date(2026, 6, 4), "US") is None


def test_a_year_that_is_not_known_is_closed() -> None:
    """Nobody is called by holidays that nobody knows."""
    calendar = make_calendar(hours(holidays=["IN"]), datetime(2035, 6, 3, tzinfo=UTC))
    because = calendar.closed_because(date(2036, 6, 4), country="IN", state="")
    assert because == "the holidays of IN in 2036 are not known"
    assert calendar.closed_because(date(2036, 6, 4), country="US", state="") is None


def test_no_days_off_no_calendar() -> None:
    """A campaign without them needs none."""
    assert make_calendar(hours(), NOON) == Calendar()


@pytest.mark.parametrize(
    ("number", "state"),
    [
        ("+13055550143", "FL"),
        ("+12125550143", "NY"),
        ("+17875550143", "PR"),
        ("+14165550143", ""),
        ("+442079460123", ""),
        ("+18005550143", None),
        ("+15005550143", None),
    ],
)
def test_area_codes(number: str, state: str | None) -> None:
    """The area code tells the state; that of another country none, and a toll-free one any."""
    assert state_of_number(number) == state
