"""Retry-After: seconds or a date, within 1 s and 1 h, and never an exception."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.oneinbox.errors import Throttled
from campaign.oneinbox.replies import check_create, retry_after

NOW = datetime(2026, 8, 2, 9, 0, tzinfo=UTC)
SERVER_NOW = NOW + timedelta(minutes=10)


def waited(value: str | None, *, date: str | None = None) -> float | None:
    """What a 429 with this Retry-After asks for."""
    headers = [
        (name, text.encode()) for name, text in (("retry-after", value), ("date", date)) if text is not None
    ]
    return retry_after(
        httpx.Response(429, headers=[(name.encode(), text) for name, text in headers]), now=NOW
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("17", 17),
        (" 17 ", 17),
        ("0", 1),
        ("1", 1),
        ("3600", 3600),
        ("3601", 3600),
        ("999999999", 3600),
        ("99999999999999999999", 3600),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("1e3", None),
        ("\uff11\uff17", None),
        ("\u0663", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Sun, 02 Aug 2026 09:00:30 GMT", 30),
        ("Sunday, 02-Aug-26 09:00:30 GMT", 30),
        ("Sun Aug  2 09:00:30 2026", 30),
        ("Sun, 02 Aug 2026 11:00:30 +0200", 30),
        ("Sun, 02 Aug 2026 08:00:00 GMT", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("Sun, 99 Aug 2026 09:00:30 GMT", None),
        ("Sun, 02 Aug 2026", None),
    ],
)
def test_forms(value: str | None, seconds: float | None) -> None:
    """Both forms of the standard are read and clamped; what is neither says nothing."""
    assert waited(value) == seconds


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        (format_datetime(SERVER_NOW, usegmt=True), 30),
        ("no date", 630),
        (None, 630),
    ],
)
def test_a_date_is_measured_by_the_servers_clock(date: str | None, seconds: float) -> None:
    """A date counts from the reply's own Date, and from our clock only where there is none."""
    until = format_datetime(SERVER_NOW + timedelta(seconds=30), usegmt=True)

    assert waited(until, date=date) == seconds


@pytest.mark.parametrize(
    "value",
    ["Fri, 31 Dec 9999 23:59:59 -0100", f"Mon, 01 Jan {9**30} 00:00:00 GMT", f"1 Jan 2026 00:00 +{9**30}"],
)
def test_a_date_out_of_range_is_still_a_429(value: str) -> None:
    """Whatever a 429 asks for, it says that the request was not accepted."""
    with pytest.raises(Throttled):
        check_create(httpx.Response(429, headers={"retry-after": value}), now=NOW)


@given(
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))
    | st.from_regex(
        r"(Mon, )?[0-9]{1,3}[ -](Jan|Dec)[ -][0-9]{1,5} [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?( [+-][0-9]{4}| GMT)?"
    )
)
def test_no_value_raises(value: str) -> None:
    """Any Retry-After is a wait within bounds, or says nothing."""
    seconds = waited(value, date=value)

    assert seconds is None or 1 <= seconds <= 3600
