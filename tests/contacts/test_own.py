"""What a row says of its own call: read strictly, or the row is rejected with a reason and a cure."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaign.contacts.intake import take_in
from campaign.errors import ListError
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


def test_an_agent_of_a_rows_own(make_intake: MakeIntake) -> None:
    """The campaign file names the column; an empty cell means the campaign's agent, and nobody hears it."""
    intake = make_intake(
        "phone,calls,name",
        f"{ANNA}, agt_b ,Ann",
        "+12125550144,,Ben",
        "+12125550145,7b0f7a52-90c3-4a1c-9d5e-2f6c0b6d1e11,Cara",
        settings=make_settings(contacts={"agent_id": "calls", "countries": ["US"]}),
    )

    contacts = list(intake.contacts)
    assert [contact.agent_id for contact in contacts] == [
        "agt_b", None, "7b0f7a52-90c3-4a1c-9d5e-2f6c0b6d1e11",
    ]  # fmt: skip
    assert [contact.variables for contact in contacts] == [{"name": name} for name in ("Ann", "Ben", "Cara")]


def test_an_agent_is_never_taken_from_a_column_by_its_name(make_intake: MakeIntake) -> None:
    """In many lists `agent_id` is a person who sells: without contacts.agent_id it is a plain variable."""
    [contact] = make_intake("phone,agent_id", f"{ANNA},17").contacts
    assert (contact.agent_id, contact.variables) == (None, {"agent_id": "17"})


def test_a_column_of_agents_that_is_not_there(make_intake: MakeIntake) -> None:
    """A name that the list does not have refuses the list."""
    with pytest.raises(ListError, match=r"contacts\.agent_id: the list has no column 'calls'"):
        make_intake("phone,name", f"{ANNA},Ann", settings=make_settings(contacts={"agent_id": "calls"}))


@pytest.mark.parametrize(
    "cell",
    ["agt b", "agt/b", "../v1", "agt?x=1", "<b>", "ägent", "agt\u200bb", "-", "a" * 201, "agt_b;agt_c"],
)
def test_what_cannot_be_an_agent_is_rejected(make_intake: MakeIntake, cell: str) -> None:
    """It would stand in a request and in an address, so it has letters, digits and a few signs."""
    settings = make_settings(contacts={"agent_id": "agent_id", "countries": ["US"]})
    [row] = make_intake("phone,agent_id", f"{ANNA},{cell}", settings=settings).rejected
    assert (row.column, row.code) == ("agent_id", "bad_agent")


def test_what_the_campaigns_agent_says_is_nothing_to_other_agents(tmp_path: Path) -> None:
    """A row with an agent of its own needs no value for it; one without does, as for what is required."""
    path = tmp_path / "list.csv"
    path.write_text(f"phone,agent,name,order\n{ANNA},agt_b,,1\n+12125550144,,,2\n+12125550145,agt_test,,3\n")
    contacts = {"agent_id": "agent", "countries": ["US"]}
    intake = take_in(path, make_settings(contacts=contacts), spoken=["name"])
    assert [contact.agent_id for contact in intake.contacts] == ["agt_b"]
    assert [row.code for row in intake.rejected] == ["value_missing", "value_missing"]
    required = make_settings(contacts=contacts | {"required": ["name"]})
    assert take_in(path, required, spoken=["name"]).callable_rows == 0


def test_a_word_without_a_column_matters_where_the_campaigns_agent_calls(tmp_path: Path) -> None:
    """When every row has another agent, nobody is to hear it."""
    path = tmp_path / "list.csv"
    settings = make_settings(contacts={"agent_id": "agent", "countries": ["US"]})
    path.write_text(f"phone,agent\n{ANNA},agt_b\n")
    assert not take_in(path, settings, spoken=["name"]).unspoken
    path.write_text(f"phone,agent\n{ANNA},agt_b\n+12125550144,\n")
    assert (
        "the agent says {{name}}, but the list has no such column"
        in take_in(path, settings, spoken=["name"]).unspoken
    )


def test_a_list_without_agents_is_known_as_before(make_intake: MakeIntake) -> None:
    """The key that came later changes no list that does not use it."""
    lines = ("phone,agent_id", f"{ANNA},17")
    plain = make_intake(*lines)
    named = make_intake(*lines, settings=make_settings(contacts={"agent_id": "agent_id"}))
    assert plain.fingerprint != named.fingerprint
    # As it was before there was such a key.
    assert plain.fingerprint == "33d95e0c8842ea56c9a90a005703efab252a25b84b12eef9750a22318e85a24f"
