"""Time limits: nobody is dialled before or after their time, and what its end means for the row."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from campaign.models import RowStatus
from campaign.rules.gate import YES
from campaign.rules.gates import judge
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person
from campaign.rules.time_limits import NOT_BEFORE, VALID_UNTIL
from tests.support import NOON, make_settings

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
MARGIN = 3 * MINUTE
ANNA = Person("+12025550143", Whereabouts(("America/New_York",)), None, [], campaign_started_at=NOON)
"""For her it is one o'clock at noon."""


def test_not_before() -> None:
    """She waits until the very moment, and no longer."""
    later = replace(ANNA, not_before=NOON + MINUTE)
    verdict = judge(later, make_settings(), NOON + MINUTE - SECOND)

    assert (verdict.may_dial, verdict.status, verdict.not_before) == (False, RowStatus.WAITING, NOON + MINUTE)
    assert judge(later, make_settings(), NOON + MINUTE) is YES


@pytest.mark.parametrize(
    ("before_end", "may_dial"),
    [(MARGIN + SECOND, True), (MARGIN, False), (SECOND, False), (timedelta(), False), (-MINUTE, False)],
)
def test_valid_until(before_end: timedelta, may_dial: bool) -> None:
    """The end is half-open, and no call starts within the closing margin before it."""
    person = replace(ANNA, valid_until=NOON + before_end)
    assert judge(person, make_settings(), NOON).may_dial is may_dial


def test_what_was_never_attempted_is_expired() -> None:
    """It is final, and the reason says until when."""
    verdict = judge(replace(ANNA, valid_until=NOON), make_settings(), NOON)

    assert verdict.status is RowStatus.EXPIRED
    assert verdict.reason == "not attempted before 2026-06-03 17:00 UTC"


@pytest.mark.parametrize(("tries", "times"), [(1, "once"), (2, "2 times")])
def test_whose_retry_is_overdue_stays_unreached(tries: int, times: str) -> None:
    """Somebody who was called is not called `not attempted`."""
    verdict = judge(replace(ANNA, valid_until=NOON, tried_times=tries), make_settings(), NOON)

    assert verdict.status is RowStatus.UNREACHED
    assert verdict.reason == f"tried {times}, and not again before 2026-06-03 17:00 UTC"


def test_a_time_that_is_over_before_it_begins() -> None:
    """Whoever could never be called does not wait for it."""
    person = replace(ANNA, not_before=NOON + MARGIN, valid_until=NOON + 2 * MARGIN)
    assert judge(person, make_settings(), NOON).status is RowStatus.EXPIRED


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        # It is 13:00 in New York.
        ({"valid_until": "2026-06-03T13:00"}, RowStatus.EXPIRED),
        ({"valid_until": "2026-06-03T13:04"}, None),
        ({"valid_until": "2026-06-03"}, None),
        ({"valid_until": "2026-06-02"}, RowStatus.EXPIRED),
        ({"valid_until": "2026-06-03T17:00Z"}, RowStatus.EXPIRED),
        ({"valid_for": "3m"}, RowStatus.EXPIRED),
        ({"valid_for": "4m"}, None),
        ({"not_before": "2026-06-03T13:00"}, None),
        ({"not_before": "2026-06-03T13:01"}, RowStatus.WAITING),
        ({"not_before": "2026-06-04"}, RowStatus.WAITING),
        # The tighter of two ends counts.
        ({"valid_for": "20h", "valid_until": "2026-06-02"}, RowStatus.EXPIRED),
    ],
)
def test_limits_of_the_campaign(limits: dict[str, Any], status: RowStatus | None) -> None:
    """A local time is meant on the clock of each person; a span counts from the campaign's first start."""
    verdict = judge(ANNA, make_settings(**limits), NOON)
    assert (None if verdict.may_dial else verdict.status) == status


def test_limits_of_row_and_campaign() -> None:
    """The later start and the earlier end count."""
    settings = make_settings(not_before="2026-06-03T13:10", valid_until="2026-06-03T14:00")
    early = replace(ANNA, not_before=NOON - MINUTE, valid_until=NOON + 24 * 60 * MINUTE)

    assert NOT_BEFORE.ask(early, settings, NOON).not_before == NOON + 10 * MINUTE
    assert not VALID_UNTIL.ask(early, settings, NOON + 57 * MINUTE).may_dial


@pytest.mark.parametrize("zones", [(), ("Mars/Olympus",), ("America/New_York", "Mars/Olympus")])
@pytest.mark.parametrize("limits", [{"not_before": "2026-06-01"}, {"valid_until": "2026-06-30"}])
def test_a_local_time_that_no_zone_tells_is_a_no(zones: tuple[str, ...], limits: dict[str, Any]) -> None:
    """What cannot be evaluated does not dial, and does not end the row either."""
    nowhere = replace(ANNA, whereabouts=Whereabouts(zones))
    gate = NOT_BEFORE if "not_before" in limits else VALID_UNTIL
    verdict = gate.ask(nowhere, make_settings(**limits), NOON)

    assert (verdict.may_dial, verdict.status) == (False, RowStatus.WAITING)
    assert gate.looks_at(nowhere, make_settings(**limits), NOON) == "nobody can tell whether this is its time"


def test_what_is_kept_with_a_dial() -> None:
    """Each gate says in words what it looked at."""
    person = replace(ANNA, not_before=NOON, valid_until=NOON + 60 * MINUTE)

    assert NOT_BEFORE.looks_at(person, make_settings(), NOON) == "from 2026-06-03 17:00 UTC on"
    assert VALID_UNTIL.looks_at(person, make_settings(), NOON) == "until 2026-06-03 18:00 UTC"
    assert NOT_BEFORE.looks_at(ANNA, make_settings(), NOON) == "no time before which not to call"
    assert VALID_UNTIL.looks_at(ANNA, make_settings(), NOON) == "no end"
