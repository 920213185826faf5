"""Phone numbers: what a cell says in, an E.164 number or the reason why not out. Home of phonenumbers.

Nothing is guessed. A number that could be read in two ways is refused, since a silently changed number
calls a stranger.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import phonenumbers
from phonenumbers import (
    CountryCodeSource,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    timezone,
)

from campaign.contacts import certainty, layout, problems
from campaign.contacts.layout import Repair
from campaign.contacts.problems import Problem
from campaign.models import E164, forms_of

_SPECIAL_TYPES: Mapping[int, str] = {
    PhoneNumberType.PREMIUM_RATE: "premium rate",
    PhoneNumberType.SHARED_COST: "shared cost",
    PhoneNumberType.PERSONAL_NUMBER: "personal number service",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "company number service",
    PhoneNumberType.VOICEMAIL: "voicemail access",
    PhoneNumberType.UNKNOWN: "of no known type",
}
BLOCKABLE_TYPES: Mapping[str, int] = {
    "voip": PhoneNumberType.VOIP,
    "toll_free": PhoneNumberType.TOLL_FREE,
}
"""Types that a campaign file may block with `contacts.block_types`."""

_UNKNOWN_ZONE = "Etc/Unknown"
_WORLD = "001"
_FEWEST = 9
"""Digits that make a phone number likely without a plus; order numbers and dates have fewer."""
_NUMBER_PROBLEMS = frozenset(
    {
        problems.NO_COUNTRY, problems.LOST_ZERO, problems.EXTENSION, problems.TWO_NUMBERS, problems.TOO_MANY,
        problems.SCIENTIFIC, problems.NO_RANGE, problems.CHANGED_DIGITS, problems.FLOAT_TAIL, problems.HIDDEN,
        problems.PERHAPS_LOST_PLUS,
    }
)  # fmt: skip
LONGEST_SHORT = 6
"""Digits of the longest short number."""
_country_by_start: dict[str, str] = {}
"""Of numbers that were looked at, by how they begin."""
_FEW_COUNTRIES = 3
"""With more countries to choose from, a number without one is nothing but a guess."""


@dataclass(frozen=True, slots=True)
class GoodNumber:
    """A number that may be called as far as the cell tells."""

    number: E164
    time_zones: tuple[str, ...]
    """Every IANA zone in which people with such a number live; empty when none is known."""
    repairs: tuple[Repair, ...] = ()
    is_national: bool = False
    """Whether the cell has no country code, so that the default region decided."""


@dataclass(frozen=True, slots=True)
class BadNumber:
    """A cell that is not a number which may be called."""

    problem: Problem
    proposal: E164 | None = None
    """What was meant, as far as one can tell. A human has to confirm it."""

    @property
    def reason(self) -> str:
        """In words for the operator."""
        return self.problem.reason


@dataclass(frozen=True)
class NumberRules:
    """Which numbers may be called."""

    countries: frozenset[str]
    """The only countries that may be called, as ISO 3166 codes."""
    default_region: str | None = None
    """Country of numbers in national form (`US`); None refuses them."""
    block_types: frozenset[str] = frozenset()
    """Of `BLOCKABLE_TYPES`."""

    @cached_property
    def refused_types(self) -> Mapping[int, Problem]:
        """Why a number of a type is not called."""
        blocked = {BLOCKABLE_TYPES[name]: problems.blocked_type(name) for name in self.block_types}
        return {kind: problems.special_type(name) for kind, name in _SPECIAL_TYPES.items()} | blocked


def read(cell: str, rules: NumberRules) -> GoodNumber | BadNumber:
    """Read one cell.

    Args:
        cell: The text exactly as the list has it.
        rules: Which numbers may be called.
    """
    text, repairs = layout.tidy(cell)
    accident = layout.accident(cell, text)
    if accident is not None:
        return BadNumber(accident, _proposal_for(accident, text, rules))
    parsed = _parse(text, rules)
    if isinstance(parsed, BadNumber):
        return parsed
    problem = _objection(parsed, rules)
    if problem is not None:
        return BadNumber(problem)
    e164 = E164(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))
    is_national = parsed.country_code_source == CountryCodeSource.FROM_DEFAULT_COUNTRY
    return GoodNumber(e164, time_zones(e164), repairs, is_national)


def resembles(cell: str, rules: NumberRules) -> bool:
    """Whether a cell looks like a phone number or the accident of one, not like a name or an amount."""
    verdict = read(cell, rules)
    if isinstance(verdict, GoodNumber) or verdict.proposal is not None:
        return True
    return len(layout.digits_of(layout.tidy(cell)[0])) >= _FEWEST and verdict.problem in _NUMBER_PROBLEMS


def share(cells: Sequence[str], rules: NumberRules) -> float:
    """The share of cells, blank ones left aside, that resemble phone numbers."""
    filled = [cell for cell in cells if cell.strip()]
    return sum(resembles(cell, rules) for cell in filled) / len(filled) if filled else 0.0


def normalise(text: str, *, default_region: str | None) -> E164 | None:
    """The E.164 form of a number that only has to be compared, assigned or not.

    None when it is none: also when it has too many or too few digits to be anybody's.
    """
    tidied, _ = layout.tidy(text)
    if layout.accident(text, tidied) is not None:
        return None
    is_national = not tidied.startswith("+")
    if default_region is None and is_national:
        return None
    try:
        number = phonenumbers.parse(tidied, default_region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    if certainty.holds_another(tidied, default_region) or not certainty.keeps_digits(
        tidied, number, default_region
    ):
        return None
    if is_national and default_region is not None:
        # Read in one way only, or it would protect somebody else.
        digits = layout.digits_of(tidied)
        is_valid = phonenumbers.is_valid_number(number)
        if (
            certainty.lost_its_plus(number)
            or _may_lack_its_plus(number, digits)
            or (is_valid and certainty.lost_its_zero(number, digits, default_region))
        ):
            return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return next((E164(form) for form in forms_of(e164) if _is_possible(form)), None)


def _is_possible(number: str) -> bool:
    """Whether it has as many digits as numbers of its country. Without an area code it has not."""
    reason = phonenumbers.is_possible_number_with_reason(phonenumbers.parse(number))
    return reason == phonenumbers.ValidationResult.IS_POSSIBLE


def of_our_own(text: str) -> E164 | None:
    """The E.164 form of a number that is one's own: with its plus, as long as its country allows; else None.

    Whether it is assigned its carrier knows better.
    """
    number = normalise(text, default_region=None)
    if number is None or not phonenumbers.is_possible_number(phonenumbers.parse(number)):
        return None
    return number


def time_zones(number: str) -> tuple[str, ...]:
    """Every IANA zone that people with this number's prefix live in; empty when none is known."""
    zones: tuple[str, ...] = timezone.time_zones_for_number(phonenumbers.parse(number))
    return () if _UNKNOWN_ZONE in zones else tuple(zones)


def all_regions() -> frozenset[str]:
    """Every country that has phone numbers, as ISO codes."""
    return frozenset(phonenumbers.SUPPORTED_REGIONS)


def region_of(number: str) -> str | None:
    """The country of an E.164 number, as an ISO code; for +1 the country, not all of its numbering plan."""
    with suppress(phonenumbers.NumberParseException):
        region: str | None = phonenumbers.region_code_for_number(phonenumbers.parse(number))
        return region
    return None


def country_of(number: str) -> str | None:
    """Like `region_of` for a valid number, and quick for many."""
    for length in (2, 3, 4):
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(number[1:length]))
        if regions is not None and len(regions) == 1:
            return str(regions[0]) if regions[0] != _WORLD else None
        if regions is not None:
            break
    # Within a calling code that is shared, the country shows in the area code or in the next digits.
    start = number[: 5 if number.startswith("+1") else 9]
    country = _country_by_start.get(start)
    if country is None and (country := region_of(number)) is not None:
        _country_by_start[start] = country
    return country


def regions_of(numbers: tuple[str, ...]) -> frozenset[str]:
    """The countries of E.164 numbers."""
    return frozenset(region for number in numbers if (region := region_of(number)))


def _parse(text: str, rules: NumberRules) -> PhoneNumber | BadNumber:
    """The number that a text with the layout of one stands for, when it can be read in one way only."""
    region = rules.default_region
    digits = layout.digits_of(text)
    if not text.startswith("+"):
        if short := _short(digits, rules):
            return BadNumber(short)
        if region is None:
            return _without_country(digits, rules)
    try:
        number = phonenumbers.parse(text, region, keep_raw_input=True)
    except phonenumbers.NumberParseException as error:
        is_code = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        return BadNumber(problems.COUNTRY_CODE if is_code else problems.NOT_A_NUMBER)
    if text.startswith("+") and number.country_code_source != CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN:
        return BadNumber(problems.COUNTRY_CODE)
    if not phonenumbers.is_valid_number(number):
        return BadNumber(_why_invalid(number))
    if certainty.holds_another(text, region):
        return BadNumber(problems.TWO_NUMBERS)
    e164 = E164(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    if not text.startswith("+") and region is not None:
        if certainty.lost_its_plus(number):
            return BadNumber(problems.LOST_PLUS, _confirmable(e164, rules))
        if certainty.lost_its_zero(number, digits, region):
            # `4915112345678` in Germany may lack its zero or its plus: two people, so neither is proposed.
            is_clear = _confirmable_text("+" + digits, None, rules) is None
            return BadNumber(problems.LOST_ZERO, _confirmable(e164, rules) if is_clear else None)
        if _may_lack_its_plus(number, digits):
            # `3906123456` in Italy is a mobile phone, or one in Rome: two people, so neither is proposed.
            return BadNumber(problems.PERHAPS_LOST_PLUS)
    if not certainty.keeps_digits(text, number, region):
        return BadNumber(problems.CHANGED_DIGITS)
    return number


def _may_lack_its_plus(number: PhoneNumber, digits: str) -> bool:
    """Whether the digits of a national number are another person's number with a plus in front."""
    other = certainty.with_plus(number, digits)
    return other is not None and phonenumbers.number_type(other) not in _SPECIAL_TYPES


def _objection(number: PhoneNumber, rules: NumberRules) -> Problem | None:
    """Why a valid number is not called, or None."""
    region = phonenumbers.region_code_for_number(number)
    if region == _WORLD or region is None:
        return problems.WORLD
    kind = phonenumbers.number_type(number)
    if kind in rules.refused_types:
        return rules.refused_types[kind]
    if region not in rules.countries:
        return problems.foreign(region, rules.countries)
    # As people dial it inside the country: a call to 911 666 6666 may end at 911.
    national = layout.digits_of(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))
    if phonenumbers.connects_to_emergency_number(national, region):
        return problems.EMERGENCY
    return None


def _short(digits: str, rules: NumberRules) -> Problem | None:
    """Whether digits without a plus are an emergency or another short number."""
    if len(digits) > LONGEST_SHORT:
        return None
    regions = (rules.default_region,) if rules.default_region else sorted(rules.countries)
    if any(phonenumbers.is_emergency_number(digits, region) for region in regions):
        return problems.EMERGENCY
    return problems.SHORT


def _without_country(digits: str, rules: NumberRules) -> BadNumber:
    """No plus and no default region: name the accident where the digits tell it."""
    stem = digits.removeprefix("00")
    proposal = _confirmable_text("+" + stem, None, rules)
    if proposal is not None:
        return BadNumber(problems.LOST_PLUS if stem == digits else problems.ZEROS_FOR_PLUS, proposal)
    if len(rules.countries) > _FEW_COUNTRIES:
        return BadNumber(problems.NO_COUNTRY)
    readings = {_confirmable_text(digits, region, rules) for region in rules.countries} - {None}
    return BadNumber(problems.NO_COUNTRY, readings.pop() if len(readings) == 1 else None)


def _proposal_for(accident: Problem, text: str, rules: NumberRules) -> E164 | None:
    if accident is not problems.FLOAT_TAIL:
        return None
    stem = text.replace(",", ".").partition(".")
    return _confirmable_text(stem[0], rules.default_region, rules) if not stem[2].strip("0") else None


def _confirmable_text(text: str, region: str | None, rules: NumberRules) -> E164 | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return _confirmable(E164(phonenumbers.format_number(number, PhoneNumberFormat.E164)), rules)


def _confirmable(e164: E164, rules: NumberRules) -> E164 | None:
    """A proposal that would pass when a human wrote it into the list."""
    return e164 if _objection(phonenumbers.parse(e164), rules) is None else None


def _why_invalid(number: PhoneNumber) -> Problem:
    national = phonenumbers.national_significant_number(number)
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    if any(phonenumbers.is_emergency_number(national, region) for region in regions):
        return problems.EMERGENCY
    match phonenumbers.is_possible_number_with_reason(number):
        case phonenumbers.ValidationResult.TOO_SHORT:
            return problems.TOO_FEW
        case phonenumbers.ValidationResult.TOO_LONG:
            return problems.TOO_MANY
        case phonenumbers.ValidationResult.INVALID_COUNTRY_CODE:
            return problems.COUNTRY_CODE
        case _:
            return problems.NO_RANGE
