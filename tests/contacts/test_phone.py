"""A cell becomes the E.164 number that it says, or a reason; never another number."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.contacts import phone
from campaign.contacts.phone import BadNumber
from campaign.models import E164

ALL = phone.all_regions()
REGIONS = ("US", "DE", "GB", "IT", "IN", "BR", "AU", "NG")


def read(cell: str, region: str | None = None) -> E164 | BadNumber:
    """Read one cell, with every country allowed."""
    return phone.parse(cell, default_region=region, countries=ALL)


def mobile(region: str) -> phonenumbers.PhoneNumber:
    """A valid mobile number of a country."""
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert number is not None
    return number


def digits(text: str) -> str:
    """The digits of a text."""
    return "".join(character for character in text if character.isdigit())


@pytest.mark.parametrize(
    ("cell", "region", "number"),
    [
        ("+15739693824", None, "+15739693824"),
        ("+1 (573) 969-3824", None, "+15739693824"),
        ("  +15739693824\t", None, "+15739693824"),
        ("'+15739693824", None, "+15739693824"),
        ("\ufeff+15739693824\u200b", None, "+15739693824"),
        ("\u202a+15739693824\u202c", None, "+15739693824"),
        ("+1\u00a0573\u00a0969\u00a03824", None, "+15739693824"),
        ("573-969-3824", "US", "+15739693824"),
        ("15739693824", "US", "+15739693824"),
        ("573.969.3824", "US", "+15739693824"),
        ("011 44 20 7183 8750", "US", "+442071838750"),
        ("+44 (0)20 7183 8750", None, "+442071838750"),
        ("030/1234567", "DE", "+49301234567"),
        ("0049 30 1234567", "DE", "+49301234567"),
        ("+39 06 1234 5678", None, "+390612345678"),
        ("+442071838750", "US", "+442071838750"),
    ],
)
def test_accepted(cell: str, region: str | None, number: str) -> None:
    """A number that can be read in one way only is accepted in whatever layout people write it."""
    assert read(cell, region) == number


@pytest.mark.parametrize(
    ("cell", "region", "reason"),
    [
        ("", "US", "missing"),
        (" \t\u00a0", "US", "missing"),
        ("'", "US", "missing"),
        ("15739693824", None, "country is unknown"),
        ("15739693824.0", "US", "decimal number"),
        ("5739693824.", "US", "decimal number"),
        ("1.57397E+10", "US", "scientific notation"),
        ("+1.57397e10", "US", "scientific notation"),
        ("1,57397E+10", "DE", "scientific notation"),
        ("15739693824,0", "DE", "characters that no phone number has"),
        ("-5739693824", "US", "minus sign"),
        ("\u22125739693824", "US", "minus sign"),
        ("1-800-FLOWERS", "US", "letters"),
        ("tel:+15739693824", "US", "letters"),
        ("+1 573 969 3824 x5", "US", "letters"),
        ("+15739693824;+12025550100", "US", "write one number"),
        ("+15739693824, +12025550100", "US", "write one number"),
        ("+15739693824 +12025550100", "US", "write one number"),
        ("\uff11\uff15\uff17\uff13\uff19\uff16\uff19\uff13\uff18\uff12\uff14", "US", "write one number"),
        ("=15739693824", "US", "write one number"),
        ("#N/A", "US", "letters"),
        ("+1573969382", None, "too few digits"),
        ("+157396938244", None, "too many digits"),
        ("5739693824/2025550100", "US", "not a phone number"),
        ("+5739693824", None, "no such number range"),
        ("+9991234567", None, "not a phone number"),
        ("+19002345678", None, "special number"),
        ("+15739693824\n+12025550100", "US", "write one number"),
    ],
)
def test_refused(cell: str, region: str | None, reason: str) -> None:
    """A cell that is no phone number, or could be two, is refused with a reason that says why."""
    refused = read(cell, region)
    assert isinstance(refused, BadNumber)
    assert reason in refused.reason


def test_countries() -> None:
    """A valid number of a country that is not allowed is refused, and the reason lists what is allowed."""
    refused = phone.parse("+442071838750", default_region=None, countries=frozenset({"US", "CA"}))
    assert refused == BadNumber("a number of GB, which is not among the allowed countries (CA, US)")


def test_shared_country_code() -> None:
    """Canada is not allowed by allowing the US, although both are +1."""
    refused = phone.parse("+12042345678", default_region="US", countries=frozenset({"US"}))
    assert isinstance(refused, BadNumber)
    assert "a number of CA" in refused.reason


@settings(max_examples=200, deadline=None)
@given(region=st.sampled_from(REGIONS), between=st.lists(st.sampled_from(["", "", " ", "-"]), min_size=16))
def test_every_layout_reads_the_same(region: str, between: list[str]) -> None:
    """Blanks and hyphens between the digits of an international number change nothing."""
    number = phonenumbers.format_number(mobile(region), phonenumbers.PhoneNumberFormat.E164)
    laid_out = "+" + "".join(d + gap for d, gap in zip(number[1:], between, strict=False))
    assert read(laid_out) == number


@settings(max_examples=200, deadline=None)
@given(
    region=st.sampled_from(REGIONS),
    cell=st.one_of(
        st.from_regex(r"\A\+(1|44|49|39|91|55|61)[\d ()./-]{6,14}\Z"),
        st.from_regex(r"\A0{0,2}[1-9][\d ()./-]{5,14}\Z"),
        st.text(alphabet="+0123456789 ().-/'", min_size=5, max_size=20),
    ),
)
def test_digits_are_never_changed(region: str, cell: str) -> None:
    """The digits of an accepted number are those of the cell, save a prefix."""
    number = read(cell, region)
    if isinstance(number, BadNumber):
        return
    parsed = phonenumbers.parse(number)
    national = phonenumbers.national_significant_number(parsed)
    assert number == f"+{parsed.country_code}{national}"
    assert digits(cell).endswith(national)
    if "+" in cell:
        assert digits(cell).startswith(str(parsed.country_code))


@settings(max_examples=200, deadline=None)
@given(
    region=st.sampled_from([*REGIONS, None]),
    number=st.integers(10**6, 10**15 - 1),
    shape=st.sampled_from(["{}.0", "{}.00", "{}.", "+{}.0", " {}.0 ", "'{}.0", "{},0", "\ufeff{}.0"]),
)
def test_float_shaped_cell(region: str | None, number: int, shape: str) -> None:
    """A float-shaped cell is never a number."""
    assert isinstance(read(shape.format(number), region), BadNumber)


@settings(max_examples=200, deadline=None)
@given(
    region=st.sampled_from([*REGIONS, None]),
    number=st.integers(10**6, 10**15 - 1),
    shape=st.sampled_from(["{:e}", "{:.5E}", "{:.0e}", "+{:.9e}", "'{:.3E}", " {:E}"]),
    comma=st.booleans(),
)
def test_exponent_cell(region: str | None, number: int, shape: str, comma: bool) -> None:
    """A cell in scientific notation is never a number, with a decimal point or a decimal comma."""
    cell = shape.format(float(number))
    assert isinstance(read(cell.replace(".", ",") if comma else cell, region), BadNumber)


@settings(max_examples=200, deadline=None)
@given(cell=st.text(max_size=30), region=st.sampled_from([*REGIONS, None]))
def test_any_text(cell: str, region: str | None) -> None:
    """Whatever a cell holds, the answer is a well-formed number or a one-line reason."""
    answer = read(cell, region)
    if isinstance(answer, BadNumber):
        assert answer.reason
        assert "\n" not in answer.reason
    else:
        assert answer.startswith("+")
        assert answer[1:].isdigit()


@pytest.mark.parametrize("region", REGIONS)
def test_national_form_needs_its_region(region: str) -> None:
    """A national number is read in the default region, and refused when there is none."""
    number = mobile(region)
    cell = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    assert read(cell, region) == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert isinstance(read(cell, None), BadNumber)


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+12025550100", ("America/New_York",)),
        ("+12085550100", ("America/Boise", "America/Los_Angeles")),
        ("+442071838750", ("Europe/London",)),
        ("+883510012345", ()),
    ],
)
def test_time_zones(number: str, zones: tuple[str, ...]) -> None:
    """A number has every zone in which people with its prefix live, and none when that is unknown."""
    assert tuple(sorted(phone.time_zones(E164(number)))) == zones


def test_regions_of() -> None:
    """From numbers stand for their own countries, not for their whole numbering plan."""
    assert phone.regions_of(("+12045550100", "+442071838750")) == {"CA", "GB"}
