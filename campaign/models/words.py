"""Words that all others use: a phone number, and how two spellings of a number or a word are compared."""

import re
from collections.abc import Container


class E164(str):
    """A valid phone number as a plus and digits. `campaign.contacts` alone decides what is one.

    Its repr shows the last two digits only, so that a number cannot reach a log through an error text.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"E164('…{self[-2:]}')"


_MOBILE_MARKS = {"+52": "1", "+54": "9"}
"""What stands behind the country code of mobile phones that may be written without it as well."""
_NATIONAL_DIGITS = 10
"""Of Mexico and Argentina, without that mark."""


def forms_of(number: str) -> tuple[str, ...]:
    """Every E.164 number under which the same line may stand in a list, the given one first.

    Source: national numbering plans, ITU-T E.129. Mexico had the mark for calls from abroad until 2019; in
    Argentina the ten digits are of one subscriber with and without it.
    """
    country, rest = number[:3], number[3:]
    mark = _MOBILE_MARKS.get(country)
    if mark is not None and len(rest) == _NATIONAL_DIGITS:
        return (number, country + mark + rest)
    if mark is not None and len(rest) == _NATIONAL_DIGITS + 1 and rest.startswith(mark):
        return (number, country + rest[1:])
    return (number,)


def person_of(number: str) -> str:
    """What the forms of a number have in common, and no other number has: one of them, to compare people by.

    Never to be dialled: that is the number as it was written.
    """
    return min(forms_of(number)) if number[:3] in _MOBILE_MARKS else number


def known_form(number: str, known: Container[str]) -> str:
    """The form of a number that is among the known ones, the given one first; the number when none is."""
    return next((form for form in forms_of(number) if form in known), number)


_PUNCTUATION = re.compile(r"[\s().\-/\u2010-\u2015]")


def bare_number(text: str) -> str:
    """A phone number without the punctuation that people put between its digits; any other text as it is.

    Nothing is added: whether it is a whole number, `campaign.contacts` decides.
    """
    bare = _PUNCTUATION.sub("", text)
    return bare if re.fullmatch(r"\+?[0-9]+", bare) else text


def plain(word: str | None) -> str:
    """Lower case with underscores, as `No-Answer` and `no_answer` are the same."""
    return (word or "").strip().lower().replace("-", "_").replace(" ", "_")
