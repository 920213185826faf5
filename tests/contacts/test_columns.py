"""Columns are recognised, named in the campaign file, or missed in a line that helps."""

import pytest

from campaign.contacts import columns
from campaign.errors import ListError
from campaign.models import RESULT_COLUMNS
from campaign.settings import ContactSettings

ANY = ContactSettings()


@pytest.mark.parametrize(
    "header", ["phone", "Phone", "PHONE NUMBER", "phone_number", "Mobile-Phone", "Phone #", "Cell", "tel."]
)
def test_phone_is_recognised(header: str) -> None:
    """A common name of the phone column is recognised in any spelling."""
    assert columns.find(["name", header, "city"], ANY).phone == 1


@pytest.mark.parametrize(
    ("headers", "at"),
    [
        (["number", "phone"], 1),
        (["phone", "to_number"], 1),
        (["Phone", "phone #"], 0),
        (["telephone", "mobile"], 1),
    ],
)
def test_most_telling_name_wins(headers: list[str], at: int) -> None:
    """Of several phone columns the one with the most telling name is taken, then the leftmost."""
    assert columns.find(headers, ANY).phone == at


def test_named_phone_column() -> None:
    """A column that the campaign file names beats those that are recognised, in any case."""
    settings = ContactSettings(to_number="Reach At")
    assert columns.find(["phone", "reach at"], settings).phone == 1


def test_exact_name_beats_a_folded_one() -> None:
    """A header spelt exactly as the campaign file has it is the one that is meant."""
    assert columns.find(["PHONE", "x", "Home"], ContactSettings(to_number="Home")).phone == 2


@pytest.mark.parametrize("header", ["timezone", "Time Zone", "TZ"])
def test_time_zone_is_recognised(header: str) -> None:
    """A time zone column is recognised and is not a variable."""
    found = columns.find(["phone", header, "name"], ANY)
    assert found.timezone == 1
    assert found.variables == ((2, "name"),)


def test_named_time_zone_column() -> None:
    """The campaign file may name the time zone column."""
    assert columns.find(["phone", "where"], ContactSettings(timezone="where")).timezone == 1


def test_variables_by_default() -> None:
    """Every other column that has a name is a variable."""
    found = columns.find(["name", "phone", "", "order id"], ANY)
    assert found.variables == ((0, "name"), (3, "order id"))
    assert found.kept == (0, 1, 2, 3)
    assert found.timezone is None


def test_named_variables() -> None:
    """Only the named columns are variables, under the names of the campaign file."""
    found = columns.find(["Name", "phone", "secret"], ContactSettings(variables=("name",)))
    assert found.variables == ((0, "name"),)


def test_columns_of_an_earlier_result_are_dropped() -> None:
    """A result that is fed back loses our columns: they are neither kept, nor variables, nor the phone."""
    found = columns.find(["phone", "name", *RESULT_COLUMNS, "city"], ANY)
    assert found.phone == 0
    assert [name for _, name in found.variables] == ["name", "city"]
    assert found.kept == (0, 1, 2 + len(RESULT_COLUMNS))


def test_our_number_column_is_not_the_phone_column() -> None:
    """The number column of an earlier result cannot stand in for the operator's own."""
    with pytest.raises(ListError, match="no column 'call_to_number'"):
        columns.find(["phone", "call_to_number"], ContactSettings(to_number="call_to_number"))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"to_number": "phon"}, "contacts.to_number: the list has no column 'phon'; did you mean 'phone'?"),
        ({"timezone": "zonne"}, "contacts.timezone: the list has no column 'zonne'; did you mean 'zone'?"),
        (
            {"variables": ["name", "custmer"]},
            "contacts.variables: the list has no column 'custmer'; did you mean 'customer'?",
        ),
        (
            {"to_number": "xyz"},
            "contacts.to_number: the list has no column 'xyz'; the columns are phone, name, customer, zone",
        ),
    ],
)
def test_missing_column(keys: dict[str, object], message: str) -> None:
    """A missing column is named with its key in the campaign file and the nearest header."""
    with pytest.raises(ListError) as caught:
        columns.find(["phone", "name", "customer", "zone"], ContactSettings.model_validate(keys))
    assert str(caught.value) == message


def test_no_phone_column() -> None:
    """Without a phone column the headers are listed, not all of a hundred, and both cures are named."""
    with pytest.raises(ListError) as caught:
        columns.find([f"c{n}" for n in range(100)], ANY)
    assert "no phone column among c0, c1," in str(caught.value)
    assert "c11 ...; name it with contacts.to_number" in str(caught.value)
    assert "c12" not in str(caught.value)
