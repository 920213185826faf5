"""Phone numbers: what a cell says in, an E.164 number or the reason why not out.

Nothing is guessed. A number that could be read in two ways is refused, since a silently changed number
calls a stranger.
"""

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, timezone

from campaign.models import E164

# One dot and nothing behind it but digits, or a single digit after a last dot: `12025550143.0`.
_FLOAT_TAIL = re.compile(r"\+?\d+\.\d*|.*\.\d?")
# A short tail after a slash is a second number (`030 123456/7`), a long one follows an area code.
_TWO_NUMBERS = re.compile(r".*/(?:\D*\d){0,4}\D*|.*/.*/.*")
_EXPONENT = re.compile(r"\+?\d+(?:[.,]\d+)?[eE][+-]?\d+")
_LAYOUT = re.compile(r"\+?[\d\s().\-/]+")
_MINUSES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_CALLABLE_TYPES = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.TOLL_FREE,
    }
)
_UNKNOWN_ZONE = "Etc/Unknown"


@dataclass(frozen=True, slots=True)
class BadNumber:
    """Why a cell is not a number that may be called, in words for the operator."""

    reason: str


def parse(cell: str, *, default_region: str | None, countries: frozenset[str]) -> E164 | BadNumber:
    """Read one cell.

    Args:
        cell: The text exactly as the list has it.
        default_region: Country of numbers in national form (`US`); None refuses them.
        countries: The only countries that may be called, as ISO 3166 codes.

    Returns:
        The number, or the reason why it is not one.
    """
    text = _tidy(cell)
    problem = _layout_problem(text, default_region)
    if problem:
        return BadNumber(problem)
    try:
        number = phonenumbers.parse(text, default_region)
    except phonenumbers.NumberParseException:
        return BadNumber("this is not a phone number")
    if not phonenumbers.is_valid_number(number):
        return BadNumber(_invalid_reason(number))
    region = phonenumbers.region_code_for_number(number)
    if region not in countries:
        allowed = ", ".join(sorted(countries))
        return BadNumber(f"a number of {region}, which is not among the allowed countries ({allowed})")
    if phonenumbers.number_type(number) not in _CALLABLE_TYPES:
        return BadNumber("a special number (premium rate, shared cost, pager or the like), not a person's")
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not _same_digits(text, e164, str(number.country_code)):
        return BadNumber("the digits cannot be read without changing them; write a plus and digits")
    return E164(e164)


def normalise(text: str, *, default_region: str | None) -> E164 | None:
    """The E.164 form of a number that only has to be compared, assigned or not; None when it is none."""
    text = _tidy(text)
    if _layout_problem(text, default_region):
        return None
    try:
        number = phonenumbers.parse(text, default_region)
    except phonenumbers.NumberParseException:
        return None
    return E164(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def time_zones(number: E164) -> tuple[str, ...]:
    """Every IANA zone that people with this number's prefix live in; empty when none is known."""
    zones: tuple[str, ...] = timezone.time_zones_for_number(phonenumbers.parse(number))
    return () if _UNKNOWN_ZONE in zones else tuple(zones)


def all_regions() -> frozenset[str]:
    """Every country that has phone numbers, as ISO codes."""
    return frozenset(phonenumbers.SUPPORTED_REGIONS)


def regions_of(numbers: tuple[str, ...]) -> frozenset[str]:
    """The countries of E.164 numbers, as ISO codes; for +1 the country, not all of its numbering plan."""
    regions: set[str] = set()
    for number in numbers:
        with suppress(phonenumbers.NumberParseException):
            region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
            regions |= {region} if region else set()
    return frozenset(regions)


def _tidy(cell: str) -> str:
    """Drop what cannot carry meaning: outer blanks, a text apostrophe, invisible marks at the ends."""
    text = cell
    while text and (text[0].isspace() or unicodedata.category(text[0]) == "Cf"):
        text = text[1:]
    while text and (text[-1].isspace() or unicodedata.category(text[-1]) == "Cf"):
        text = text[:-1]
    return text.removeprefix("'").replace("\u00a0", " ")


def _layout_problem(text: str, default_region: str | None) -> str | None:
    """The accident that happened to this cell, or None when it has the layout of one phone number."""
    if not text:
        return "the phone number is missing"
    if _EXPONENT.fullmatch(text):
        return "scientific notation: the spreadsheet has lost digits; enter the number again as text"
    if _FLOAT_TAIL.fullmatch(text):
        return "a decimal number, not a phone number; enter it again as text"
    if text[0] in _MINUSES:
        return "a minus sign stands in front; write a plus and digits"
    if any(character.isalpha() for character in text):
        return "it has letters; write one number, as a plus and digits, without an extension"
    if _TWO_NUMBERS.fullmatch(text):
        return "this looks like two numbers; write one, as a plus and digits"
    if not text.isascii() or not _LAYOUT.fullmatch(text):
        return "it has characters that no phone number has; write one number, as a plus and digits"
    if not text.startswith("+") and default_region is None:
        return "no plus in front and no contacts.default_region set: the country is unknown"
    return None


def _invalid_reason(number: phonenumbers.PhoneNumber) -> str:
    match phonenumbers.is_possible_number_with_reason(number):
        case phonenumbers.ValidationResult.TOO_SHORT:
            return "too few digits"
        case phonenumbers.ValidationResult.TOO_LONG:
            return "too many digits"
        case phonenumbers.ValidationResult.INVALID_COUNTRY_CODE:
            return "there is no such country code"
        case _:
            return "there is no such number range; a digit is wrong or missing"


def _same_digits(text: str, e164: str, country_code: str) -> bool:
    """Whether the result has the cell's digits, in order, but for one prefix taken away or added."""
    given = "".join(character for character in text if character.isdigit())
    national = e164.removeprefix(f"+{country_code}")
    return given.endswith(national) and len(given) - len(national) <= len(country_code) + 3
