"""Dates and times are ISO 8601, and in several zones each means what calls fewer people."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from campaign.settings import end_of, parse_moment, start_of
from tests.support import make_settings

NEW_YORK, CHICAGO, BERLIN = "America/New_York", "America/Chicago", "Europe/Berlin"


@pytest.mark.parametrize(
    "text",
    [
        "03/04/2026", "3.4.2026", "2026-3-4", "20260304", "04-03-2026", "tomorrow", "2026-02-30",
        "2026-12-31T25:00",
        "2026-12-31T18", "18:00", "2026-12-31T18:00 EST", "2026-12-31 18:00 pm", "46000", "0026-12-31",
        "9999-12-31",
        "2026-W01-1", "٢٠٢٦-12-31", "2026-12-31T24:00",
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_refused(text: str) -> None:
    """Nothing is guessed, and the error shows the right form without repeating the cell."""
    with pytest.raises(ValueError, match=r"write it like 2026-12-31, 2026-12-31T18:00"):
        parse_moment(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-31", date(2026, 12, 31)),
        (" 2026-12-31T18:00 ", datetime.fromisoformat("2026-12-31T18:00")),
        ("2026-12-31 18:00:30", datetime.fromisoformat("2026-12-31T18:00:30")),
        ("2026-12-31T18:00Z", datetime(2026, 12, 31, 18, tzinfo=UTC)),
        (date(2026, 12, 31), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 18, tzinfo=UTC), datetime(2026, 12, 31, 18, tzinfo=UTC)),
    ],
)
def test_iso_8601_is_read(text: object, moment: object) -> None:
    """A day, a local time and an instant, as text or as YAML has read it."""
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    ("text", "zones", "start", "end"),
    [
        ("2026-06-03T18:00", [NEW_YORK], "2026-06-03T22:00", "2026-06-03T22:00"),
        # Of several zones: the latest start, the earliest end.
        ("2026-06-03T18:00", [NEW_YORK, CHICAGO], "2026-06-03T23:00", "2026-06-03T22:00"),
        ("2026-06-03", [NEW_YORK, CHICAGO], "2026-06-03T05:00", "2026-06-04T04:00"),
        # An instant is the same everywhere, and needs no zone.
        ("2026-06-03T18:00-07:00", [BERLIN], "2026-06-04T01:00", "2026-06-04T01:00"),
        ("2026-06-03T18:00Z", [], "2026-06-03T18:00", "2026-06-03T18:00"),
        # A time that comes twice, and one that never comes, when clocks change.
        ("2026-11-01T01:30", [NEW_YORK], "2026-11-01T06:30", "2026-11-01T05:30"),
        ("2026-03-08T02:30", [NEW_YORK], "2026-03-08T07:30", "2026-03-08T06:30"),
        # Days of 23 and of 25 hours.
        ("2026-03-08", [NEW_YORK], "2026-03-08T05:00", "2026-03-09T04:00"),
        ("2026-11-01", [NEW_YORK], "2026-11-01T04:00", "2026-11-02T05:00"),
    ],
)
def test_a_moment_in_zones(text: str, zones: list[str], start: str, end: str) -> None:
    """It starts as late and ends as early as anywhere where the person may be; a day lasts until midnight."""
    moment = parse_moment(text)

    assert start_of(moment, zones) == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert end_of(moment, zones) == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_without_a_zone_nobody_can_tell() -> None:
    """A local time of a person without a zone is no time."""
    assert start_of(parse_moment("2026-06-03"), []) is None
    assert end_of(parse_moment("2026-06-03T18:00"), []) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"not_before": "03/04/2026"}, "not_before"),
        ({"valid_until": "soon"}, "valid_until"),
        ({"valid_for": "tonight"}, "valid_for"),
        ({"not_before": "2026-06-04", "valid_until": "2026-06-03"}, "must come after not_before"),
        (
            {"not_before": "2026-06-03T18:00Z", "valid_until": "2026-06-03T18:00Z"},
            "must come after not_before",
        ),
        ({"from_number_limits": {}, "valid_until": 3}, "valid_until"),
        ({"from_number_limits": {"timezone": "UTC"}}, "no limit in it"),
        ({"from_number_limits": {"per_day": 0}}, "per_day"),
        ({"from_number_limits": {"calls_per_second": 0}}, "calls_per_second"),
        ({"from_number_limits": {"per_day": 5, "timezone": "Mars"}}, "no time zone"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, object], said: str) -> None:
    """A limit that is none, or that leaves no time at all, is an error that names its key."""
    with pytest.raises(ValidationError, match=said):
        make_settings(**changes)


def test_a_day_is_a_time_of_its_own() -> None:
    """The same day may be both the first and the last."""
    settings = make_settings(not_before="2026-06-03", valid_until="2026-06-03")

    assert settings.valid_until == date(2026, 6, 3)
