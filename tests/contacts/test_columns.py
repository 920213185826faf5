"""Columns are recognised, named in the campaign file, or missed in a line that helps."""

import pytest

from campaign.contacts import columns
from campaign.errors import ListError
from campaign.models import OUR_COLUMNS
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


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        (["name"], ((0, "name"),)),
        (["Name"], ((0, "Name"),)),
        (["secret", "name"], ((2, "secret"), (0, "name"))),
        ({"customer_name": "Name"}, ((0, "customer_name"),)),
        ({"customer_name": "name", "code": "secret"}, ((0, "customer_name"), (2, "code"))),
        ({"a": "Name", "b": "Name"}, ((0, "a"), (0, "b"))),
        ({"number": "phone"}, ((1, "number"),)),
        ([], ()),
    ],
)
def test_named_variables(variables: object, found: tuple[tuple[int, str], ...]) -> None:
    """Only the named columns are variables, under the names of the campaign file."""
    settings = ContactSettings.model_validate({"variables": variables})
    assert columns.find(["Name", "phone", "secret"], settings).variables == found


@pytest.mark.parametrize("key", ["Customer ID", "customer id"])
def test_key_column(key: str) -> None:
    """The campaign file names the key column; it stays a variable, as it is the operator's own."""
    found = columns.find(["phone", "Customer ID", "name"], ContactSettings(key=key))
    assert found.key == 1
    assert found.variables == ((1, "Customer ID"), (2, "name"))


def test_no_key_by_default() -> None:
    """No column is the key unless the campaign file says so, whatever it is called."""
    assert columns.find(["phone", "customer_id"], ANY).key is None


def test_columns_of_an_earlier_result_are_dropped() -> None:
    """A result that is fed back loses our columns: they are neither kept, nor variables, nor the phone."""
    found = columns.find(["phone", "name", *OUR_COLUMNS, "city"], ANY)
    assert found.phone == 0
    assert [name for _, name in found.variables] == ["name", "city"]
    assert found.kept == (0, 1, 2 + len(OUR_COLUMNS))


def test_our_number_column_is_not_the_phone_column() -> None:
    """The number column of an earlier result cannot stand in for the operator's own."""
    with pytest.raises(ListError, match="no column 'call_to_number'"):
        columns.find(["phone", "call_to_number"], ContactSettings(to_number="call_to_number"))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"to_number": "phon"}, "contacts.to_number: the list has no column 'phon'; did you mean 'phone'?"),
        ({"key": "custom"}, "contacts.key: the list has no column 'custom'; did you mean 'customer'?"),
        (
            {"variables": {"who": "Custmer"}},
            "contacts.variables: the list has no column 'Custmer'; did you mean 'customer'?",
        ),
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


@pytest.mark.parametrize(
    ("headers", "advice"),
    [
        (["name", "fone"], "name it with contacts.to_number in the campaign file, or call it phone"),
        (
            ["name", "phonne"],
            "did you mean 'phonne'? Set contacts.to_number in the campaign file, or call it phone",
        ),
    ],
)
def test_advice_by_name(headers: list[str], advice: str) -> None:
    """A header that is nearly the name of a phone column is pointed at."""
    with pytest.raises(ListError) as caught:
        columns.find(headers, ANY)
    assert str(caught.value) == f"no phone column among {', '.join(headers)}; {advice}"


def test_advice_by_cells() -> None:
    """A column whose cells are phone numbers is pointed at, before one that has a likely name."""
    with pytest.raises(ListError) as caught:
        columns.find(["phonne", "reach", "other"], ANY, looks_like_phone=lambda at: at >= 1)
    assert str(caught.value) == (
        "no phone column among phonne, reach, other; 'reach' looks like it: "
        "set contacts.to_number to 'reach' in the campaign file"
    )


HEADERS = ("phone", "First Name", "secret", *OUR_COLUMNS)


def unmet(*names: str, variables: object = None, given: tuple[str, ...] = ()) -> str | None:
    """What a list with these headers lacks of some variables."""
    where = columns.find(HEADERS, ContactSettings.model_validate({"variables": variables}))
    return columns.unmet(names, where, HEADERS, given=given, because="the agent says")


def test_required_variables_are_there() -> None:
    """A variable that the agent says may come from a column, a mapping, or one value for all calls."""
    assert unmet("First Name", "secret") is None
    assert unmet("first_name", variables={"first_name": "First Name"}) is None
    assert unmet("company", given=("company",)) is None
    assert unmet() is None


@pytest.mark.parametrize(
    ("name", "variables", "message"),
    [
        (
            "first_name",
            None,
            "the agent says {{first_name}}, but the list has no such column; "
            "contacts.variables: {first_name: First Name} would take it from column 'First Name'",
        ),
        (
            "company",
            None,
            "the agent says {{company}}, but the list has no such column; "
            "add the column, or give one value for all calls with call.variables",
        ),
        (
            "secret",
            ["First Name"],
            "the agent says {{secret}}, but the column 'secret' is not sent: name it in contacts.variables, "
            "with the others that the agent needs",
        ),
    ],
)
def test_required_variable_is_missing(name: str, variables: object, message: str) -> None:
    """A variable without a value is told with the nearest header or the other cure."""
    assert unmet(name, variables=variables) == message


def test_the_first_of_several_is_told() -> None:
    """Of several variables without a value the first is told, in the order in which they are asked for."""
    assert "{{company}}" in str(unmet("secret", "company", "order"))


def test_our_columns_are_not_advised() -> None:
    """A column of an earlier result is never the cure for a missing variable."""
    assert "add the column" in str(unmet(sorted(OUR_COLUMNS)[0][:-1]))


LONG = "What the customer said when we called for the last time"
CUT = "What the customer said when we called fo…"


@pytest.mark.parametrize(
    ("headers", "keys", "said"),
    [
        ([LONG, "x"], {}, f"among {CUT}, x;"),
        (["x"], {"to_number": LONG}, f"no column '{CUT}'"),
        ([LONG], {"to_number": LONG[:-1]}, f"did you mean '{CUT}'?"),
        ([LONG], {}, f"'{CUT}' looks like it: set contacts.to_number to '{CUT}'"),
    ],
)
def test_long_headers_are_cut(headers: list[str], keys: dict[str, str], said: str) -> None:
    """A whole sentence in a header does not make the line unreadable."""
    with pytest.raises(ListError) as caught:
        columns.find(headers, ContactSettings.model_validate(keys), looks_like_phone=lambda at: at == 0)
    assert said in str(caught.value)
    assert LONG not in str(caught.value)


def test_a_long_header_is_cut_as_a_cure() -> None:
    """The header that would give a variable its value is cut like any other."""
    headers = ("phone", LONG)
    where = columns.find(headers, ANY)
    said = columns.unmet([LONG[:-1]], where, headers, given=(), because="the agent says")
    assert str(said).endswith(f"would take it from column '{CUT}'")


@pytest.mark.parametrize(
    ("headers", "first_row", "is_title"),
    [
        (["Our list", "", ""], ["Name", "Phone Number", "City"], True),
        (["Our list"], ["phone"], True),
        (["phone", "name"], ["phone", "Ann"], False),
        (["phone", ""], ["+12025550143", "Ann"], False),
    ],
)
def test_a_title_is_no_header(headers: list[str], first_row: list[str], is_title: bool) -> None:
    """One name alone, above a row with the name of a phone column, is a title, and named as such."""
    if not is_title:
        assert columns.find(headers, ANY, first_row=(5, first_row)).phone == 0
        return
    with pytest.raises(ListError) as caught:
        columns.find(headers, ContactSettings(to_number="Mobile"), first_row=(5, first_row))
    assert str(caught.value) == (
        "the first line looks like a title, since row 5 names the columns; put the column names first"
    )


@pytest.mark.parametrize(
    ("name", "headers", "expected"),
    [
        ("first_name", ["First Name", "last"], "First Name"),
        ("First Name", ["first_name"], "first_name"),
        ("custmer", ["customer", "city"], "customer"),
        ("company", ["phone", "city"], None),
        ("name", [], None),
        ("name", ["", "Name "], "Name "),
        ("name", ["NAME", "name"], "NAME"),
    ],
)
def test_nearest(name: str, headers: list[str], expected: str | None) -> None:
    """The header that was probably meant is found whatever its capitals and blanks, or none is."""
    assert columns.nearest(name, headers) == expected


@pytest.mark.parametrize(
    ("header", "plain"),
    [("Phone #", "phone"), (" First  Name ", "first_name"), ("e-mail", "e_mail"), ("TZ", "tz"), ("#", "")],
)
def test_simplified(header: str, plain: str) -> None:
    """Headers are compared in lower case with one underscore between words."""
    assert columns.simplified(header) == plain
