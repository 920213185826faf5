"""What a row says of its own call: read strictly, or the row is rejected with a reason and a cure."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from campaign.models import Intake
from tests.support import make_settings

MakeIntake = Callable[..., Intake]
POOL = ["+12025550100", "+12025550101"]
ANNA = "+12025550143"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_columns_are_recognised_and_not_sent(make_intake: MakeIntake) -> None:
    """By their names, in the zone of each person; the agent gets the other columns."""
    intake = make_intake(
        "phone,Not Before,VALID_UNTIL,from-number,timezone,name",
        f"{ANNA},2026-06-03,2026-06-03T18:00,{POOL[1]},America/Los_Angeles,Ann",
        "+12125550144,,2026-06-03T18:00+02:00,,,Ben",
        settings=make_settings(from_numbers=POOL),
    )

    anna, ben = intake.contacts
    assert (anna.not_before, anna.valid_until) == (moment("2026-06-03T07:00"), moment("2026-06-04T01:00"))
    assert (anna.from_number, anna.variables) == (POOL[1], {"name": "Ann"})
    assert (ben.not_before, ben.valid_until, ben.from_number) == (None, moment("2026-06-03T16:00"), None)


def test_columns_may_have_other_names(make_intake: MakeIntake) -> None:
    """The campaign file says which; a number of several zones gets the tightest time."""
    contacts = {"not_before": "start", "valid_until": "stop", "from_number": "line", "countries": ["US"]}
    intake = make_intake(
        "phone,start,stop,line",
        f"+18005550143,2026-06-03,2026-06-03,{POOL[0]}",
        settings=make_settings(contacts=contacts, from_numbers=POOL),
    )

    [contact] = intake.contacts
    assert len(contact.time_zones) > 1
    assert contact.not_before is not None
    assert contact.valid_until is not None
    assert contact.valid_until - contact.not_before < moment("2026-06-04T00:00") - moment("2026-06-03T00:00")


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ("03/04/2026,,", "not_before", "bad_time"),
        (",03/04/2026,", "valid_until", "bad_time"),
        (",soon,", "valid_until", "bad_time"),
        ("2026-06-04,2026-06-03,", "valid_until", "no_time_left"),
        ("2026-06-03T18:00,2026-06-03T18:00,", "valid_until", "no_time_left"),
        (",,+12025550109", "from_number", "not_in_pool"),
        (",,2025550100", "from_number", "not_in_pool"),
    ],
)
def test_what_is_not_clear_is_rejected(make_intake: MakeIntake, cells: str, column: str, code: str) -> None:
    """Nobody is called for such a row, and its reason and cure say what to do."""
    intake = make_intake(
        "phone,not_before,valid_until,from_number",
        f"{ANNA},{cells}",
        settings=make_settings(from_numbers=POOL),
    )

    [row] = intake.rejected
    assert (row.column, row.code) == (column, code)
    assert row.reason
    assert row.cure


def test_the_phone_number_is_told_first(make_intake: MakeIntake) -> None:
    """A row with several faults names the first that the operator has to mend."""
    [row] = make_intake("phone,valid_until", "12,soon").rejected
    assert row.column == "phone"


def test_a_list_is_known_as_before_where_rows_say_nothing(make_intake: MakeIntake) -> None:
    """Which from numbers there are matters to a list only where its rows name some."""
    lines = ("phone,name", f"{ANNA},Ann")
    one, both = (make_intake(*lines, settings=make_settings(from_numbers=pool)) for pool in (POOL[:1], POOL))
    named = ("phone,from_number", f"{ANNA},{POOL[0]}")
    other, others = (
        make_intake(*named, settings=make_settings(from_numbers=pool)) for pool in (POOL[:1], POOL)
    )

    assert one.fingerprint == both.fingerprint
    assert other.fingerprint != others.fingerprint
