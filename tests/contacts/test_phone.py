"""A cell becomes the E.164 number that it says, or a reason; never another number."""

import re

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, PhoneNumberFormat

from campaign.contacts import phone, plans
from campaign.contacts.layout import Repair
from campaign.contacts.phone import BadNumber, GoodNumber, NumberRules
from campaign.models import E164
from tests.contacts import cells

ALL = phone.all_regions()


def verdict(cell: str, region: str | None = None, *countries: str) -> str:
    """The number that a cell is read as, or the code of its problem and what is proposed."""
    read = phone.read(cell, NumberRules(frozenset(countries) or ALL, region))
    if isinstance(read, GoodNumber):
        return str(read.number)
    return read.problem.code + (f" {read.proposal!s}" if read.proposal else "")


@pytest.mark.parametrize(
    ("cell", "region", "number"),
    [
        ("+15739693824", None, "+15739693824"),
        ("+1 (573) 969-3824", None, "+15739693824"),
        ("(+1) 573 969 3824", None, "+15739693824"),
        ("+1.573.969.3824", None, "+15739693824"),
        ("+44 (0)20 7183 8750", None, "+442071838750"),
        ("+44 0 20 7183 8750", None, "+442071838750"),
        ("+39 06 1234 5678", None, "+390612345678"),
        ("+7 (8) 916 123 45 67", None, "+79161234567"),
        ("+36 (06) 1 234 5678", None, "+3612345678"),
        ("+54 9 11 2345 6789", None, "+5491123456789"),
        ("+442071838750", "US", "+442071838750"),
        ("573-969-3824", "US", "+15739693824"),
        ("573.969.3824", "US", "+15739693824"),
        ("15739693824", "US", "+15739693824"),
        ("1 573 969 3824", "US", "+15739693824"),
        ("07911 123456", "GB", "+447911123456"),
        ("030/1234567", "DE", "+49301234567"),
        ("015112345678", "DE", "+4915112345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("612345678", "ES", "+34612345678"),
        ("3123456789", "IT", "+393123456789"),
        ("3931234567", "IT", "+393931234567"),
        # With a plus it would be nobody's phone but a service.
        ("55 3002 8663", "BR", "+555530028663"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("9876543210", "IN", "+919876543210"),
        ("09876543210", "IN", "+919876543210"),
        ("11987654321", "BR", "+5511987654321"),
        ("32 12 34 56", "DK", "+4532123456"),
        ("8 916 123-45-67", "RU", "+79161234567"),
        ("06 1 234 5678", "HU", "+3612345678"),
    ],
)
def test_accepted(cell: str, region: str | None, number: str) -> None:
    """A number that can be read in one way only is accepted in whatever layout people write it."""
    assert verdict(cell, region) == number


@pytest.mark.parametrize(
    ("cell", "region", "expected"),
    [
        ("0049 30 1234567", "DE", "+49301234567"),
        ("00 49 (0)30 1234567", "FR", "+49301234567"),
        ("011 44 20 7183 8750", "US", "+442071838750"),
        ("0011 1 573 969 3824", "AU", "+15739693824"),
        ("009 1 573 969 3824", "NG", "+15739693824"),
        ("010 1 573 969 3824", "JP", "+15739693824"),
        ("8 10 1 573 969 3824", "RU", "+15739693824"),
        ("0044 20 7183 8750", "US", "too_many_digits"),
        ("0044 20 7183 8750", None, "zeros_for_plus +442071838750"),
        ("00 1 573 969 3824", None, "zeros_for_plus +15739693824"),
        ("+0015739693824", None, "country_code"),
        # Brazil's prefixes name a carrier: 55 is one, and 81 is Recife, not Japan.
        ("0055 81 9 8765 4321", "BR", "changed_digits"),
        ("0019 1 573 969 3824", "AU", "changed_digits"),
        ("001 44 20 7183 8750", "SG", "changed_digits"),
    ],
)
def test_international_prefix(cell: str, region: str | None, expected: str) -> None:
    """What stands for the plus is read by the rule of the default region, and proposed without one."""
    assert verdict(cell, region) == expected


@pytest.mark.parametrize(
    ("cell", "region", "expected"),
    [
        ("15739693824", None, "lost_plus +15739693824"),
        ("447911123456", None, "lost_plus +447911123456"),
        ("447911123456", "GB", "lost_plus +447911123456"),
        ("33612345678", "FR", "lost_plus +33612345678"),
        ("919876543210", "IN", "lost_plus +919876543210"),
        ("79161234567", "RU", "lost_plus +79161234567"),
        ("34612345678", "ES", "lost_plus +34612345678"),
        # A landline that lacks its plus, or a mobile number that begins like it, so nothing is proposed.
        ("3906123456", "IT", "lost_plus"),
        ("390 612 3456", "IT", "lost_plus"),
        ("3902123456", "IT", "lost_plus"),
        ("390212345", "IT", "lost_plus"),
        # With a plus it is a number of the Vatican.
        ("3906698123", "IT", "lost_plus"),
        ("390669812345", "IT", "lost_plus +390669812345"),
        ("7911123456", "GB", "lost_zero +447911123456"),
        ("7911 123456", "JE", "lost_zero +447911123456"),
        ("2071838750", "GB", "lost_zero +442071838750"),
        ("15112345678", "DE", "lost_zero +4915112345678"),
        ("3012345678", "DE", "lost_zero +493012345678"),
        # It may lack its zero or its plus, so nothing is proposed.
        ("4915112345678", "DE", "lost_zero"),
        ("612345678", "FR", "lost_zero +33612345678"),
        ("412345678", "AU", "lost_zero +61412345678"),
        ("8031234567", "NG", "lost_zero +2348031234567"),
        ("5739693824", None, "no_country"),
        ("(573) 969-3824", None, "no_country"),
        ("447911123456", "US", "too_many_digits"),
        ("612345678", "IT", "no_such_range"),
    ],
)
def test_what_a_spreadsheet_took(cell: str, region: str | None, expected: str) -> None:
    """A lost plus or zero is not guessed but proposed, save where people write numbers without."""
    assert verdict(cell, region) == expected


@pytest.mark.parametrize(
    ("cell", "region", "expected"),
    [
        ("1.41556E+10", "US", "scientific_notation"),
        ("1,41556E+10", "DE", "scientific_notation"),
        ("14155551234.0", "US", "float_tail +14155551234"),
        ("14155551234.0", None, "float_tail"),
        ("+14155551234.00", None, "float_tail +14155551234"),
        ("4155551234,0", "US", "float_tail +14155551234"),
        ("14155551234.5", "US", "float_tail"),
        ("+9991234567.0", None, "float_tail"),
        ("415.555.1234.0", "US", "one_dot"),
        ("+1800FLOWERS", "US", "letters"),
        ("call 4155551234 now", "US", "letters"),
        ("O4155551234", "US", "letters"),
        ("+14155551234 x123", "US", "extension"),
        ("+14155551234;ext=123", None, "extension"),
        ("+14155551234,,123#", None, "extension"),
        ("+15739693824;+12025550123", "US", "two_numbers"),
        ("030 1234 030 5678", "DE", "two_numbers"),
        ("030 123456  654321", "DE", "two_numbers"),
        ("030 12345 - 030 678", "DE", "two_numbers"),
        ("+49 30 12345 54321", None, "two_numbers"),
        ("0664 12345 67890", "AT", "two_numbers"),
        ("030 123456/7", "DE", "two_numbers"),
        ("-5739693824", "US", "minus"),
        ("+1573\u202e9693824", "US", "hidden_characters"),
        ("+1573969382\u0664", "US", "mixed_digits"),
        ("#N/A", "US", "spreadsheet_error"),
        # A date, which has the digits of a valid German number.
        ("06.05.2024", "DE", "not_a_number"),
        ("", "US", "missing"),
        ("+1 4155551234567890", None, "beyond_15_digits"),
        ("+1573969382", None, "too_few_digits"),
        ("+157396938244", None, "too_many_digits"),
        ("+5739693824", None, "no_such_range"),
        ("+9991234567", None, "country_code"),
        ("+1 1 573 969 3824", None, "changed_digits"),
        ("+1 (1) 573 969 3824", None, "changed_digits"),
        ("0 15 11 98765 4321", "BR", "changed_digits"),
        ("011 15 2345 6789", "AR", "changed_digits"),
        ("+54 11 15 2345 6789", None, "changed_digits"),
    ],
)
def test_refused(cell: str, region: str | None, expected: str) -> None:
    """What is no number, or would be one only with changed digits, is refused by its accident."""
    assert verdict(cell, region) == expected


FLOAT_TAILS = (
    "+431234567890", "+358412345678", "+3592123456", "+56600123456", "+4930123456", "+24106031234",
    "+62218350123", "+390212345678", "+8222123456", "+35227123456", "+951234567", "+26461221234",
    "+64211234567", "+38110234567", "+468123456", "+25271123456", "+6903101", "+390669812345", "+38328012345",
)  # fmt: skip
"""A number of each region where one more zero makes another valid number; AX and FI share one."""


@pytest.mark.parametrize("number", FLOAT_TAILS)
def test_a_float_tail_is_never_read_as_a_digit(number: str) -> None:
    """Where the number with the zero of `.0` is valid too, it is somebody else's: refused."""
    assert phonenumbers.is_valid_number(phonenumbers.parse(number + ".0"))
    assert verdict(number) == number
    assert verdict(number + ".0") == f"float_tail {number}"
    region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    assert verdict(number[1:] + ".0", region).startswith("float_tail")


@pytest.mark.parametrize(
    ("cell", "repairs"),
    [
        ("+15739693824", ()),
        (" +15739693824 ", (Repair.BLANKS,)),
        ("\u202a+15739693824\u202c", (Repair.MARKS,)),
        ("'+15739693824", (Repair.APOSTROPHE,)),
        ('="+15739693824"', (Repair.TEXT_FORMULA,)),
        ("tel:+15739693824", (Repair.TEL,)),
        ("\uff0b15739693824", (Repair.FULL_WIDTH,)),
        ("+\u0661\u0665\u0667\u0663\u0669\u0666\u0669\u0663\u0668\u0662\u0664", (Repair.DIGITS,)),
        ("+1\u00a0573\u00a0969\u00a03824", (Repair.BLANK_KINDS,)),
    ],
)
def test_repairs_are_reported(cell: str, repairs: tuple[Repair, ...]) -> None:
    """What was mended without loss is accepted, and told."""
    expected = GoodNumber(E164("+15739693824"), ("America/Chicago",), repairs)
    assert phone.read(cell, NumberRules(ALL)) == expected


@pytest.mark.parametrize(
    ("cell", "is_national"), [("5739693824", True), ("0049301234567", False), ("+49301234567", False)]
)
def test_national_numbers_are_marked(cell: str, is_national: bool) -> None:
    """A number whose country the default region decided says so."""
    read = phone.read(cell, NumberRules(ALL, "US" if cell[0] == "5" else "DE"))
    assert isinstance(read, GoodNumber)
    assert read.is_national is is_national


@pytest.mark.parametrize(
    ("cell", "countries", "expected"),
    [
        ("+18765551234", ("US",), "country_not_allowed"),
        ("+18095551234", ("US", "CA"), "country_not_allowed"),
        ("+12042345678", ("US",), "country_not_allowed"),
        ("+12042345678", ("CA",), "+12042345678"),
        ("+77011234567", ("RU",), "country_not_allowed"),
        ("+79161234567", ("RU",), "+79161234567"),
        ("+79161234567", ("KZ",), "country_not_allowed"),
        ("+447911123456", ("JE",), "country_not_allowed"),
        ("447911123456", ("US",), "no_country"),
        ("14155551234.0", ("GB",), "float_tail"),
    ],
)
def test_countries(cell: str, countries: tuple[str, ...], expected: str) -> None:
    """Only allowed countries are called or proposed, and a shared country code allows nobody else."""
    assert verdict(cell, None, *countries) == expected


def test_a_foreign_country_is_named() -> None:
    """The reason says which country it is and which are allowed, and the cure names the key."""
    bad = phone.read("+442071838750", NumberRules(frozenset({"US", "CA"})))
    assert isinstance(bad, BadNumber)
    assert bad.reason == "a number of GB, which is not among the allowed countries (CA, US)"
    assert bad.problem.cure == "leave the row out, or add GB to contacts.countries"


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("+19002345678", "premium rate"),
        ("+449012345678", "premium rate"),
        ("+4918012345", "shared cost"),
        ("+15002345678", "personal number service"),
        ("+447012345678", "personal number service"),
        ("+447640123456", "pager"),
        ("+443031231234", "company number service"),
        ("+681401234", "voicemail access"),
    ],
)
def test_special_numbers(cell: str, kind: str) -> None:
    """Valid numbers that are nobody's phone, or cost extra, are refused by their kind."""
    bad = phone.read(cell, NumberRules(ALL))
    assert isinstance(bad, BadNumber)
    assert bad.reason == f"a special number ({kind}), not a person's"


@pytest.mark.parametrize(("cell", "kind"), [("+445612345678", "voip"), ("+18005550123", "toll_free")])
def test_blockable_types(cell: str, kind: str) -> None:
    """Internet and toll-free numbers are called unless the campaign file blocks their type."""
    assert verdict(cell) == cell
    other = next(name for name in phone.BLOCKABLE_TYPES if name != kind)
    assert isinstance(phone.read(cell, NumberRules(ALL, None, frozenset({other}))), GoodNumber)
    bad = phone.read(cell, NumberRules(ALL, None, frozenset({kind})))
    assert isinstance(bad, BadNumber)
    assert (bad.problem.code, bad.reason) == ("blocked_type", f"a number of a blocked type ({kind})")


@pytest.mark.parametrize("cell", ["+8816123456789", "+80012345678", "+979123456789", "+883510012345"])
def test_numbers_of_no_country(cell: str) -> None:
    """Satellite and international service numbers belong to no country and are refused."""
    assert verdict(cell) == "no_countrys_number"


@pytest.mark.parametrize(
    ("cell", "region", "expected"),
    [
        ("911", "US", "emergency"),
        ("112", "US", "emergency"),
        ("9-1-1", "US", "emergency"),
        ("999", "GB", "emergency"),
        ("110", "DE", "emergency"),
        ("112", None, "emergency"),
        ("+1911", None, "emergency"),
        ("+44999", None, "emergency"),
        ("+49112", "US", "emergency"),
        ("9116666666", "US", "no_such_range"),
        # In Lithuania it is dialled as 0 31 234567, which may end at 03, the ambulance.
        ("+37031234567", None, "emergency"),
        ("411", "US", "short_number"),
        ("61234", "US", "short_number"),
        ("123456", None, "short_number"),
        ("10115", "DE", "short_number"),
        ("+112", None, "too_few_digits"),
    ],
)
def test_emergency_and_short_numbers(cell: str, region: str | None, expected: str) -> None:
    """No emergency service and no other short number is ever called, with a country code or without."""
    assert verdict(cell, region) == expected


def beside_emergencies(region: str) -> set[str]:
    """Numbers of a region that begin like its emergency numbers, after a national prefix or without."""
    metadata = PhoneMetadata.short_metadata_for_region(region, None)
    if metadata is None or metadata.emergency is None or not metadata.emergency.national_number_pattern:
        return set()
    pattern = re.compile(metadata.emergency.national_number_pattern)
    services = [f"{n:0{length}d}" for length in (2, 3, 4) for n in range(10**length)]
    code = str(phonenumbers.country_code_for_region(region))
    trunk = phonenumbers.ndd_prefix_for_region(region, True) or ""
    starts = {start for s in services if pattern.fullmatch(s) for start in (s, s.removeprefix(trunk))}
    nationals = {number[1 + len(code) :] for number in cells.examples(region)}
    return {
        f"+{code}{(start + fill)[: len(national)]}"
        for national in nationals
        for start in starts
        for fill in (national[len(start) :], "2" * 14, "6" * 14)
    }


def test_no_accepted_number_reaches_an_emergency_service() -> None:
    """In no country is a number accepted, slowly or quickly, that as people dial it may end at 911 or 112."""
    rules = NumberRules(ALL)
    quick = plans.quick_reader(rules)
    accepted = refused = 0
    for region in cells.REGIONS:
        for cell in sorted(beside_emergencies(region)):
            read = phone.read(cell, rules)
            refused += isinstance(read, BadNumber) and read.problem.code == "emergency"
            if isinstance(read, BadNumber) and quick(cell) is None:
                continue
            accepted += 1
            number = phonenumbers.parse(cell)
            dialled = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
            home = phonenumbers.region_code_for_number(number)
            assert not phonenumbers.connects_to_emergency_number(dialled, home or ""), cell
    assert accepted > 100
    assert refused > 10


@settings(max_examples=200, deadline=None)
@given(cell=st.text(max_size=30), region=st.sampled_from(["US", "DE", "GB", "IT", "IN", "BR", None]))
def test_any_text(cell: str, region: str | None) -> None:
    """Whatever a cell holds, the answer is a well-formed number or a one-line reason with a cure."""
    read = phone.read(cell, NumberRules(ALL, region))
    if isinstance(read, GoodNumber):
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", read.number)
    else:
        assert read.reason.isprintable()
        assert read.problem.cure.isprintable()


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+1 (573) 969-3824", None, "+15739693824"),
        ("573 969 3824", "US", "+15739693824"),
        ("573 969 3824", None, None),
        # Whether it is assigned does not matter when numbers are compared.
        ("+1 999 555 0100", None, "+19995550100"),
        ("7911123456", "GB", None),
        ("tel:+15739693824", None, "+15739693824"),
        # Read otherwise than it was meant, an entry would protect a stranger and nobody else.
        ("15739693824", "DE", None),
        ("442079460018", "GB", None),
        ("3906123456", "IT", None),
        ("+1 1 4155552671", None, None),
        ("4155552671 4155", "DE", None),
        ("15739693824.0", "US", None),
        ("+15739693824 x5", None, None),
        ("+1800FLOWERS", None, None),
        ("+9991234567", None, None),
        # A digit lost, or the area code: the number of nobody.
        ("+1202555014", None, None),
        ("5550143", "US", None),
        ("100234", "US", None),
        # As people dialled mobile phones in Mexico from abroad until 2019.
        ("+5215512345678", None, "+525512345678"),
        ("+52 1 55 1234 5678", None, "+525512345678"),
        ("", "US", None),
        ("note", "US", None),
    ],
)
def test_normalise(text: str, region: str | None, number: str | None) -> None:
    """A number to compare has one form, assigned or not; what is no one number has none."""
    assert phone.normalise(text, default_region=region) == number


@pytest.mark.parametrize(
    ("cell", "region"),
    [
        ("+15739693824", None),
        ("(573) 969-3824", "US"),
        ("447911123456", None),
        ("7911123456", "GB"),
        ("3906123456", "IT"),
        ("14155551234.0", "US"),
        ("1.41556123E+10", "US"),
        ("+14155551234 x123", "US"),
        ("+15739693824;+12025550123", "US"),
        ("+1573\u200b9693824", "US"),
    ],
)
def test_resembles_a_phone_number(cell: str, region: str | None) -> None:
    """A number, or one that an accident happened to, makes a column look like phone numbers."""
    assert phone.resembles(cell, NumberRules(ALL, region))


@pytest.mark.parametrize("region", [None, "US", "DE"])
@pytest.mark.parametrize(
    "cell",
    [
        "", "John Smith", "O'Brien", "N/A", "#N/A", "$1,234.50", "49.90", "1234.50", "1,234", "2024-05-06",
        "06.05.2024", "05/06/2024", "2024-05-06T12:30:00Z", "12:30",
        "ORD-100234", "A-1002", "100234", "#1002",
        "94105", "10115", "SW1A 1AA", "123 Main St", "me@example.org", "America/New_York", "yes", "-5", "3",
    ],
)  # fmt: skip
def test_does_not_resemble_a_phone_number(cell: str, region: str | None) -> None:
    """Names, amounts, dates, order ids and zip codes do not look like phone numbers."""
    assert not phone.resembles(cell, NumberRules(ALL, region))


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
    assert phone.regions_of(("+12045550100", "+442071838750", "no number")) == {"CA", "GB"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+14155550123", "+14155550123"),
        (" +1 (415) 555-0123 ", "+14155550123"),
        ("+18005550123", "+18005550123"),
        ("+447700900123", "+447700900123"),
        ("4155550123", None),
        ("14155550123", None),
        ("+1415555012", None),
        ("+141555501234", None),
        ("+999123456789", None),
        ("+14155550123x1", None),
        ("", None),
    ],
)
def test_numbers_of_our_own(text: str, number: str | None) -> None:
    """With a plus and as long as its country allows, whatever it is used for, and assigned or not."""
    assert phone.of_our_own(text) == number
