"""Intake: every row once, in order, as a contact or as a rejected row with its reason."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from campaign.contacts.intake import allowed_countries, take_in, take_in_for
from campaign.errors import ConfigError, ListError
from campaign.models import RESULT_COLUMNS, Contact, Intake, RejectedRow, ResultRow, RowStatus, ZoneSource
from campaign.results import files
from campaign.settings import ContactSettings
from tests.support import Rows, make_settings

MakeIntake = Callable[..., Intake]


def test_contact(make_intake: MakeIntake) -> None:
    """A good row becomes a contact with its number, its variables as written, and its zones."""
    intake = make_intake("Name,Phone,order", "Ann,+1 202 555 0143, 007 ")
    assert list(intake.rejected) == []
    [contact] = intake.contacts
    assert contact.to_number == "+12025550143"
    assert contact.variables == {"Name": "Ann", "order": " 007 "}
    assert contact.time_zones == ("America/New_York",)
    assert (contact.row.number, contact.row.cells) == (2, ("Ann", "+1 202 555 0143", " 007 "))
    assert intake.headers == ("Name", "Phone", "order")
    assert intake.phone_column == "Phone"


def test_every_row_once_in_order(make_intake: MakeIntake) -> None:
    """Good, bad and repeated rows all come out, each once and in the list's order."""
    intake = make_intake(
        "phone,name",
        *("+12025550143,a", "", "abc,b", "+12025550143,c", ",d", "+12025550144,e", "(202) 555-0143,f"),
        settings=make_settings(contacts={"default_region": "US"}),
    )
    assert [row.row.number for row in intake.rows] == [2, 4, 5, 6, 7, 8]
    statuses = [row.status if isinstance(row, RejectedRow) else None for row in intake.rows]
    rejected, duplicate = RowStatus.REJECTED, RowStatus.DUPLICATE
    assert statuses == [None, rejected, duplicate, rejected, None, duplicate]


def test_duplicates_name_the_first_row(make_intake: MakeIntake) -> None:
    """However often and in whatever layout a number comes again, the reason names its first row."""
    intake = make_intake("phone", "+12025550143", "+1 (202) 555-0143", "+1-202-555-0143")
    assert [(row.row.number, row.reason, row.status) for row in intake.rejected] == [
        (3, "the same number as in row 2", RowStatus.DUPLICATE),
        (4, "the same number as in row 2", RowStatus.DUPLICATE),
    ]
    assert {row.to_number for row in intake.rejected} == {"+12025550143"}


def test_duplicates_name_the_row_that_has_the_same(make_intake: MakeIntake) -> None:
    """The row that is named has that number or that key itself, also when it is a duplicate."""
    intake = make_intake(
        "phone,id",
        *("+12025550143,a", "+12025550143,b", "+12025550144,b", "+12025550144,c", "+12025550145,a"),
        settings=make_settings(contacts={"key": "id"}),
    )
    assert [(row.row.number, row.reason, row.code) for row in intake.rejected] == [
        (3, "the same number as in row 2", "duplicate_number"),
        (4, "the same key as in row 3", "duplicate_key"),
        (5, "the same number as in row 4", "duplicate_number"),
        (6, "the same key as in row 2", "duplicate_key"),
    ]


@pytest.mark.parametrize(
    "numbers", [("+5491143211234", "+541143211234"), ("+541143211234", "+5491143211234")]
)
def test_both_forms_of_a_number_are_one_person(make_intake: MakeIntake, numbers: tuple[str, str]) -> None:
    """An Argentine mobile with and without its mark rings once: in the form that comes first, as written."""
    settings = make_settings(contacts={"countries": ["AR"]})
    intake = make_intake("phone", *numbers, "+5491143211235", numbers[0], settings=settings)
    assert [contact.to_number for contact in intake.contacts] == [numbers[0], "+5491143211235"]
    assert [(row.row.number, row.to_number, row.reason, row.status, row.code) for row in intake.rejected] == [
        (3, numbers[1], "the same number as in row 2", RowStatus.DUPLICATE, "duplicate_number"),
        (5, numbers[0], "the same number as in row 2", RowStatus.DUPLICATE, "duplicate_number"),
    ]


def test_a_key_joins_the_other_form_of_a_number(make_intake: MakeIntake) -> None:
    """What a row says that repeats a person in the other form is remembered of that person."""
    settings = make_settings(contacts={"countries": ["AR"], "key": "id"})
    rows = ("+5491143211234,a", "+541143211234,b", "+5491143211235,b")
    intake = make_intake("phone,id", *rows, settings=settings)
    assert [(row.row.number, row.code) for row in intake.rejected] == [
        (3, "duplicate_number"),
        (4, "duplicate_key"),
    ]


def test_rejected_row_is_nobodys_first(make_intake: MakeIntake) -> None:
    """A row that was rejected for its zone does not make the next good row a duplicate."""
    intake = make_intake("phone,tz", "+12025550143,America", "+12025550143,Asia/Tokyo")
    assert [row.row.number for row in intake.contacts] == [3]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("+442071838750", "a number of GB, which is not among the allowed countries (US)"),
        ("2025550143", "the country is unknown"),
        ("12025550143.0", "a decimal number"),
        ("1.20256E+10", "scientific notation"),
        ("", "the phone number is missing"),
    ],
)
def test_bad_number(make_intake: MakeIntake, cell: str, reason: str) -> None:
    """A row with a bad number is rejected, with the reason and the column."""
    [row] = make_intake("phone,name", f"{cell},Ann").rejected
    assert reason in row.reason
    assert (row.column, row.status, row.to_number) == ("phone", RowStatus.REJECTED, None)
    assert row.row.cells == (cell, "Ann")


@pytest.mark.parametrize(
    ("cell", "zones"),
    [
        ("Europe/Paris", ("Europe/Paris",)),
        (" Asia/Calcutta ", ("Asia/Calcutta",)),
        ("US/Eastern", ("US/Eastern",)),
        ("America/Argentina/Salta", ("America/Argentina/Salta",)),
    ],
)
def test_time_zone_column(make_intake: MakeIntake, cell: str, zones: tuple[str, ...]) -> None:
    """A zone in the row is the person's zone, instead of those of the number."""
    [contact] = make_intake("phone,timezone", f"+12025550143,{cell}").contacts
    assert (contact.time_zones, contact.zone_source) == (zones, ZoneSource.COLUMN)


def test_empty_time_zone_cell(make_intake: MakeIntake) -> None:
    """An empty zone cell means the zones of the number."""
    [contact] = make_intake("phone,timezone", "+12025550143, ").contacts
    assert (contact.time_zones, contact.zone_source) == (("America/New_York",), ZoneSource.NUMBER)


@pytest.mark.parametrize(
    "zone",
    ["Mars/Olympus", "New York", "America", "EST5EDT6", "+02:00", "../etc/passwd", "/etc/passwd", "x" * 300,
     "UTC", "GMT", "Z", "EST", "EST5EDT", "CET", "Factory", "localtime", "posixrules", "Etc/GMT-5", "Etc/UTC",
     "posix/America/New_York", "right/America/New_York", "america/new_york", "zone.tab"],
)  # fmt: skip
def test_no_time_zone_of_a_place(make_intake: MakeIntake, zone: str) -> None:
    """A zone that does not exist, or is nowhere, rejects its row, and only its row."""
    intake = make_intake("phone,tz", f"+12025550143,{zone}", "+12025550144,America/Denver")
    [row] = intake.rejected
    assert (row.reason, row.column) == ("no time zone of a place", "tz")
    assert "America/New_York" in row.cure
    assert intake.callable_rows == 1


def test_result_fed_back(make_intake: MakeIntake) -> None:
    """A result that is used as a list has its own columns only, in rows, headers and variables."""
    ours = ",".join("old" for _ in RESULT_COLUMNS)
    intake = make_intake(f"phone,{','.join(RESULT_COLUMNS)},name", f"+12025550143,{ours},Ann")
    assert intake.headers == ("phone", "name")
    [contact] = intake.contacts
    assert contact.row.cells == ("+12025550143", "Ann")
    assert contact.variables == {"name": "Ann"}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl", ".parquet"])
def test_result_with_a_long_conversation_fed_back(tmp_path: Path, suffix: str) -> None:
    """A result of any format is a list again, however long somebody has talked."""
    path = tmp_path / f"out{suffix}"
    talk = "user: yes\n" * 4_500
    row = ResultRow(
        row_number=2,
        cells=("+12025550143",),
        status=RowStatus.COMPLETED,
        reason="",
        attempts=1,
        transcript=talk,
    )
    files.write(path, ["phone"], [row])
    intake = take_in(path, make_settings())
    assert intake.headers == ("phone",)
    assert [contact.to_number for contact in intake.contacts] == ["+12025550143"]


def test_what_the_agent_says_is_told(tmp_path: Path) -> None:
    """A variable of the agent without a column is told with the list; one of the campaign file refuses it."""
    path = tmp_path / "list.csv"
    path.write_text("phone,name\n+12025550143,Ann\n", encoding="utf-8")
    assert take_in(path, make_settings(), spoken=("name",)).unspoken == ""
    intake = take_in(path, make_settings(), spoken=("name", "city"))
    assert intake.unspoken.startswith(
        f"{path}: the agent says {{{{city}}}}, but the list has no such column;"
    )
    assert intake.callable_rows == 1
    with pytest.raises(ListError, match=r"list\.csv: contacts\.required has {{city}}, but the list"):
        take_in(path, make_settings(contacts={"required": ["city"]}), spoken=("city",))


def test_missing_column(make_intake: MakeIntake) -> None:
    """A list without the column of the campaign file is unusable as a whole."""
    with pytest.raises(ListError, match=r"contacts\.to_number"):
        make_intake("phone,name", "+12025550143,Ann", settings=make_settings(contacts={"to_number": "mobil"}))


@pytest.mark.parametrize(
    ("head", "dialled", "others"),
    [
        ("phone,mobile", "'phone'", "'mobile'"),
        ("mobile,phone", "'phone'", "'mobile'"),
        ("Phone,Phone #", "'Phone'", "'Phone #'"),
        ("tel,Cell,mobile", "'mobile'", "'tel', 'Cell'"),
    ],
)
def test_several_phone_columns(make_intake: MakeIntake, head: str, dialled: str, others: str) -> None:
    """Where several columns are named like phones, the operator is told which is dialled, and the cure."""
    intake = make_intake(head, ",".join(["+12025550143"] * len(head.split(","))))
    assert intake.notes == (
        f"the numbers in column {dialled} are dialled, not those in {others}; "
        "contacts.to_number names another column",
    )


@pytest.mark.parametrize(
    ("head", "contacts"),
    [
        ("phone,mobile", {"to_number": "mobile"}),
        ("phone,number", {"key": "number"}),
        ("phone,tel", {"from_number": "tel"}),
        ("phone,call_to_number", {}),
    ],
)
def test_one_phone_column(make_intake: MakeIntake, head: str, contacts: dict[str, str]) -> None:
    """Nothing is said where the campaign file names the column, or says what the other one is."""
    intake = make_intake(head, "+12025550143,+12025550100", settings=make_settings(contacts=contacts))
    assert intake.notes == ()


@pytest.mark.parametrize(
    ("from_numbers", "countries", "allowed"),
    [
        (["+12025550100"], None, {"US"}),
        (["+12025550100", "+442071838750"], None, {"US", "GB"}),
        (["+12025550100"], ["CA"], {"CA"}),
    ],
)
def test_allowed_countries(from_numbers: list[str], countries: list[str] | None, allowed: set[str]) -> None:
    """The countries of the campaign file may be called, else those of the from numbers."""
    settings = make_settings(from_numbers=from_numbers, contacts={"countries": countries})
    assert allowed_countries(settings) == allowed


def test_from_number_of_no_country() -> None:
    """From numbers of no known country allow nobody, which is a mistake in the campaign file."""
    with pytest.raises(ConfigError, match=r"set contacts\.countries"):
        allowed_countries(make_settings(from_numbers=["+9991234567"]))


def test_same_as_for_settings(tmp_path: Path) -> None:
    """The sample campaign reads a list as its contact settings and countries say."""
    path = tmp_path / "list.csv"
    path.write_text("phone\n+12025550143\n+442071838750\n")
    intake = take_in(path, make_settings())
    other = take_in_for(path, ContactSettings(), frozenset({"US"}))
    assert list(intake.rows) == list(other.rows)
    assert replace(intake, rows=Rows()) == replace(other, rows=Rows())
    assert [type(row) for row in intake.rows] == [Contact, RejectedRow]
    assert intake.path == str(path)


def test_the_mark_of_a_list_knows_how_it_was_read(make_intake: Callable[..., Intake]) -> None:
    """The same file under other rules makes other people, so it is another list."""
    lines = ("phone,name", "+12025550143,Dana")
    marks = [
        make_intake(*lines, settings=make_settings(contacts=contacts)).fingerprint
        for contacts in ({}, {"countries": ["US", "GB"]}, {"countries": ["US"], "variables": []}, {})
    ]
    assert marks[0] == marks[3]
    assert len(set(marks)) == 3


STRICT = {"profile": "us-strict"}


def test_state_and_consent_of_a_row(make_intake: MakeIntake) -> None:
    """A profile that asks for them finds their columns by name; consent is not for the agent's ears."""
    intake = make_intake(
        "phone,State,Consent,name", "+12025550143, fl ,web form,Ann", settings=make_settings(hours=STRICT)
    )
    [contact] = intake.contacts
    assert (contact.state, contact.consent) == ("FL", "web form")
    assert contact.variables == {"State": " fl ", "name": "Ann"}


def test_columns_that_nobody_asks_for(make_intake: MakeIntake) -> None:
    """Without a profile, columns of these names are like any other, whatever stands in them."""
    intake = make_intake("phone,state,consent", "+12025550143,shipped,no")
    [contact] = intake.contacts
    assert (contact.state, contact.consent) == ("", "")
    assert contact.variables == {"state": "shipped", "consent": "no"}


def test_columns_that_are_named(make_intake: MakeIntake) -> None:
    """The campaign file may name them, with a profile or without."""
    named = make_settings(contacts={"state": "Lives in", "consent": "Agreed"})
    [contact] = make_intake("phone,Lives in,Agreed", "+12025550143,RI,yes", settings=named).contacts
    assert (contact.state, contact.consent) == ("RI", "yes")
    with pytest.raises(ListError, match=r"contacts\.consent: the list has no column"):
        make_intake("phone,Lives in", "+12025550143,RI", settings=named)


@pytest.mark.parametrize(
    ("number", "state", "is_good"),
    [
        ("+12025550143", "ZZ", False),
        ("+12025550143", "Florida", False),
        ("+12025550143", "", True),
        ("+18005550143", "XX", False),
        ("+14165550143", "ON", True),
        ("+442079460123", "Kent", True),
        ("+442079460123", "FL", True),
    ],
)
def test_states_that_do_not_exist(make_intake: MakeIntake, number: str, state: str, is_good: bool) -> None:
    """A row with an unknown state is refused; of a number from elsewhere the cell says something else."""
    settings = make_settings(
        hours=STRICT, contacts={"countries": ["US", "CA", "GB"], "consent_basis": "signed forms"}
    )
    intake = make_intake("phone,state", f"{number},{state}", settings=settings)
    assert [row.code for row in intake.rejected] == ([] if is_good else ["bad_state"])
    assert [contact.state for contact in intake.contacts] == (
        ["FL" if state == "FL" else ""] if is_good else []
    )


def test_a_profile_without_consent(make_intake: MakeIntake) -> None:
    """Where it is demanded and neither the list nor the campaign file has any, the list is refused."""
    with pytest.raises(
        ListError, match=r"contacts\.consent, or record one basis .* contacts\.consent_basis$"
    ):
        make_intake("phone,name", "+12025550143,Ann", settings=make_settings(hours={"profile": "us"}))
    based = make_settings(hours={"profile": "us"}, contacts={"consent_basis": "signed forms"})
    assert make_intake("phone,name", "+12025550143,Ann", settings=based).callable_rows == 1


def test_a_profile_reads_a_list_anew(make_intake: MakeIntake) -> None:
    """With other columns that count it is another list; keys that came later leave its mark alone."""
    lines = ("phone,consent", "+12025550143,yes")
    plain = make_intake(*lines)
    assert (
        make_intake(*lines, settings=make_settings(hours={"profile": "us"})).fingerprint != plain.fingerprint
    )
    assert (
        make_intake(*lines, settings=make_settings(hours={"profile": "eu"})).fingerprint == plain.fingerprint
    )
