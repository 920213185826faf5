"""Numbering plans: a quick yes for a clean E.164 number, with the verdict that `phone.read` would give.

`phone.read` asks phonenumbers some ten questions about each number. Here the same metadata becomes one
regular expression per country calling code, which says yes to most numbers that may be called and nothing to
all others. Whoever gets no yes asks `phone.read`; so a pattern may be too narrow, but never too wide.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import product

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberDesc, PhoneNumberType
from phonenumbers.tzdata import TIMEZONE_DATA

from campaign.contacts import problems
from campaign.contacts.layout import MOST_DIGITS
from campaign.contacts.phone import LONGEST_SHORT, BadNumber, NumberRules
from campaign.models import E164

QuickReader = Callable[[str], tuple[str, ...] | None]
"""A cell in; its time zones out when the cell is, as it stands, a number that may be called; else None."""

_BLOCKED = ("premium_rate", "shared_cost", "personal_number", "pager", "uan", "voicemail")
_PLACELESS = ("toll_free", "voip")
_NO_COUNTRY = ("001",)
_SHORT_LENGTHS = range(2, 7)
_KINDS = (_PLACELESS, ("fixed_line",), ("mobile",))
"""What a yes may be about: one group of the pattern for each, region after region."""


def quick_reader(rules: NumberRules) -> QuickReader:
    """The quick way to read a column under these rules."""
    plans: dict[str, _Plan | None] = {
        str(code): None
        for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
        if not rules.countries.isdisjoint(regions) and regions != _NO_COUNTRY
    }

    def read(cell: str) -> tuple[str, ...] | None:
        # Calling codes have one to three digits, and none begins with another.
        code = cell[1:2]
        if code not in plans:
            code = cell[1:3]
            if code not in plans:
                code = cell[1:4]
                if code not in plans:
                    return None
        plan = plans[code]
        if plan is None:
            plan = plans[code] = _plan(code, rules)
        return plan.read(cell)

    return read


def quick_lost_plus(cell: str, quick: QuickReader, rules: NumberRules) -> BadNumber | None:
    """The verdict on a number that has only lost its plus, as whole columns do; None for all other cells."""
    has_lost = rules.default_region is None and cell.isascii() and cell.isdigit()
    # Shorter ones may be emergency numbers, and a zero in front may stand for the plus.
    if not has_lost or len(cell) <= LONGEST_SHORT or cell[0] == "0" or quick("+" + cell) is None:
        return None
    return BadNumber(problems.LOST_PLUS, E164("+" + cell))


class _Plan:
    """The numbers of one country calling code."""

    def __init__(self, code: str, rules: NumberRules) -> None:
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)]
        main = _metadata(regions[0])
        # What looks like a national prefix might be taken away; a leading zero might be Italian.
        prefix = rf"(?!0|{main.national_prefix_for_parsing or '0'})"
        allowed = [
            _pattern_of(region, earlier=regions[:at], rules=rules)
            for at, region in enumerate(regions)
            if region in rules.countries
        ]
        # Some German numbers are longer than E.164 allows.
        length = rf"(?!\d{{{MOST_DIGITS + 1}}})"
        self._match = re.compile(rf"\+{length}{code}{prefix}(?:{'|'.join(allowed)})", re.ASCII).fullmatch
        self._first_group = re.compile(prefix).groups + 1
        is_local = phonenumbers.is_number_type_geographical
        self._has_place = (False, True, is_local(PhoneNumberType.MOBILE, int(code)))
        self._of_code = tuple(TIMEZONE_DATA.get(code, ()))
        self._longest = max((len(key) for key in TIMEZONE_DATA if key.startswith(code)), default=0)

    def read(self, cell: str) -> tuple[str, ...] | None:
        match = self._match(cell)
        if match is None or match.lastindex is None:
            return None
        if self._has_place[(match.lastindex - self._first_group) % len(_KINDS)]:
            for length in range(self._longest, 0, -1):
                zones: tuple[str, ...] | None = TIMEZONE_DATA.get(cell[1 : 1 + length])
                if zones is not None:
                    return zones
        # Whoever has no known zone is left to the slow way.
        return self._of_code or None


# Each takes longer to make than a short list to read, and a process may read several.
@lru_cache(maxsize=512)
def _plan(code: str, rules: NumberRules) -> _Plan:
    return _Plan(code, rules)


def _pattern_of(region: str, *, earlier: tuple[str, ...], rules: NumberRules) -> str:
    """The national numbers of one region that may be called, with one group for each of `_KINDS`."""
    metadata = _metadata(region)
    blocked = (*_BLOCKED, *sorted(rules.block_types))
    parts = [rf"(?={_exactly(metadata.general_desc)}\Z)"]
    parts += [_leading(metadata, "=")] if metadata.leading_digits else []
    parts += [_not_of(other) for other in earlier]
    parts += [rf"(?!{_exactly(desc)}\Z)" for name in blocked if (desc := getattr(metadata, name))]
    parts += [rf"(?!{start})" for start in _emergency_starts(region, metadata.national_prefix or "")]
    kinds = "|".join(f"({_any_of(metadata, names)})" for names in _KINDS)
    return "".join(parts) + f"(?:{kinds})"


def _not_of(region: str) -> str:
    """No number of a region that comes before in the same numbering plan."""
    metadata = _metadata(region)
    if metadata.leading_digits:
        return _leading(metadata, "!")
    names = (*_BLOCKED, *_PLACELESS, "fixed_line", "mobile")
    return rf"(?!(?:{_any_of(metadata, names)})\Z)"


def _metadata(region: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None:
        raise LookupError(f"phonenumbers knows no numbers of {region}")
    return metadata


def _leading(metadata: PhoneMetadata, sign: str) -> str:
    return f"(?{sign}{metadata.leading_digits})"


def _any_of(metadata: PhoneMetadata, names: tuple[str, ...]) -> str:
    found = [_exactly(desc) for name in names if (desc := getattr(metadata, name)) is not None]
    # Nothing matches where the region has no such numbers.
    return "|".join(found) or "(?!)"


def _exactly(desc: PhoneNumberDesc | None) -> str:
    """The pattern of a description, with the lengths that it allows."""
    if desc is None or not desc.national_number_pattern:
        return "(?!)"
    lengths = "|".join(rf"\d{{{length}}}" for length in desc.possible_length)
    only = rf"(?=(?:{lengths})\Z)" if lengths else ""
    return f"{only}(?:{desc.national_number_pattern})"


def _emergency_starts(region: str, national_prefix: str) -> Iterator[str]:
    """Beginnings of national numbers that may reach an emergency service, with the prefix or without."""
    metadata = PhoneMetadata.short_metadata_for_region(region, None)
    emergency = metadata.emergency if metadata is not None else None
    if emergency is None or not emergency.national_number_pattern:
        return
    yield f"(?:{emergency.national_number_pattern})"
    pattern = re.compile(emergency.national_number_pattern)
    for length in emergency.possible_length or _SHORT_LENGTHS:
        if national_prefix and pattern.fullmatch(national_prefix[:length]):
            yield ""
        for rest in product("0123456789", repeat=max(length - len(national_prefix), 0)):
            if national_prefix and rest and pattern.fullmatch(national_prefix + "".join(rest)):
                yield "".join(rest)
