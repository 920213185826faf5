"""Certainty: whether a text can be read as a phone number in one way only.

phonenumbers reads as much as it can; each of these finds a case in which it would change whom a cell names.
"""

import re

import phonenumbers
from phonenumbers import CountryCodeSource, Leniency, PhoneMetadata, PhoneNumber, PhoneNumberMatcher

from campaign.contacts import layout

_DIGITS = re.compile(r"\d+")
_AREA, _TAIL, _WHOLE = 3, 5, 7
"""Digits of an area code, of the shortest last group that is a number of its own, and of such groups."""


def lost_its_plus(number: PhoneNumber) -> bool:
    """The country code was found in digits without a plus.

    Where it is also the national prefix, as in the US, people write it so.
    """
    if number.country_code_source != CountryCodeSource.FROM_NUMBER_WITHOUT_PLUS_SIGN:
        return False
    return _national_prefix(number) != str(number.country_code)


def lost_its_zero(number: PhoneNumber, digits: str, region: str) -> bool:
    """The country writes this number with a prefix that the cell lacks: a spreadsheet took its zero."""
    if number.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY:
        return False
    # The library's own finder of numbers in texts refuses those without a prefix that is never left out.
    return not PhoneNumberMatcher(digits, region, leniency=Leniency.VALID).has_next()


def with_plus(number: PhoneNumber, digits: str) -> PhoneNumber | None:
    """The valid number that the digits of a national one are with a plus in front; None when they are none.

    Where people write no national prefix, as in Italy, a number may begin like the country code.
    """
    code = str(number.country_code)
    if number.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY or not digits.startswith(code):
        return None
    try:
        other = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return None
    return other if phonenumbers.is_valid_number(other) else None


def holds_another(text: str, region: str | None) -> bool:
    """Whether the digits are a whole number and a second one behind it.

    Where numbers have no fixed length, `030 12345 030 67890` can be valid as one number of nobody.
    """
    groups = list(_DIGITS.finditer(text.replace("(0)", "   ")))
    for at, group in enumerate(groups[1:], start=1):
        rest = groups[at:]
        is_long = sum(len(each[0]) for each in rest) >= _WHOLE or (len(rest) == 1 and len(group[0]) >= _TAIL)
        repeats_area = len(group[0]) >= _AREA and group[0] == groups[0][0]
        if (is_long or repeats_area) and _is_valid(text[: group.start()], region):
            return True
    return False


def _is_valid(text: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, region))
    except phonenumbers.NumberParseException:
        return False


def keeps_digits(text: str, number: PhoneNumber, region: str | None) -> bool:
    """Whether the number has the cell's digits, in order, but for one known prefix taken away or added."""
    given = layout.digits_of(text)
    code, national = str(number.country_code), phonenumbers.national_significant_number(number)
    prefix = _national_prefix(number)
    # A second 1 behind +1 is a digit too many, not a prefix.
    inner = {"", prefix} - {code}
    if text.startswith("+"):
        return given in {code + between + national for between in inner}
    if number.country_code_source == CountryCodeSource.FROM_NUMBER_WITH_IDD and region is not None:
        abroad = _international_prefix(region)
        return bool(abroad) and given in {abroad + code + between + national for between in inner}
    return given in {national, prefix + national}


def _international_prefix(region: str) -> str:
    """What people of a country dial in place of the plus; empty where it is not one and the same.

    In Brazil it names a carrier: the library takes all of 0055 away, and reads Recife's 0055 81 as Japan.
    """
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None:
        return ""
    prefix = (metadata.preferred_international_prefix or metadata.international_prefix or "").replace("~", "")
    return prefix if prefix.isdecimal() else ""


def _national_prefix(number: PhoneNumber) -> str:
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    metadata = PhoneMetadata.metadata_for_region(region, None)
    return (metadata.national_prefix or "") if metadata is not None else ""
