"""What a spreadsheet shows for a number: a value and a format code in, text out, in an English locale.

Written here because no maintained library does it: the one port of SheetJS' formatter on the package index is
from 2020.
"""

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache

from campaign.contacts.files import moments

GENERAL = "General"
DIGITS_END = 1e15
"""From here on a floating point number no longer has all its digits."""

_PHONE_SIZED = 1e6
_CODE_CHARACTERS = 255
"""The longest format code of a spreadsheet."""
_EXACT = Context(prec=2_000)
"""Room for every place, percent sign and comma that a code can ask for."""
_ASCII_NUMBER = re.compile(r"[ \t\r\n]*[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?[ \t\r\n]*")
_DECIMAL = re.compile(r"[+-]?[0-9]+\.[0-9]+")
_OF_NO_PHONE = re.compile(r"[^\d\s().+/\-]")
_SECTIONS = re.compile(r'(?:"[^"]*"|\\.|[_*].|\[[^\]]*\]|[^;])+|(?<=;)(?=;|$)|^(?=;)', re.DOTALL)
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<blank>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General)|(?P<noon>AM/PM|A/P)|(?P<moment>y+|m+|d+|h+|s+)|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
_COLOUR = re.compile(r"(black|blue|cyan|green|magenta|red|white|yellow|color ?\d+)", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)")
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_SYSTEM_DATE, _SYSTEM_TIME = "$-F800", "$-F400"
_PLACES = "0#?"
_OF_MOMENTS = frozenset({"moment", "elapsed"})
_OF_NO_NUMBER = _OF_MOMENTS | {"noon", "unknown"}


@dataclass(frozen=True, slots=True)
class Section:
    """One of the parts of a format code between semicolons."""

    tokens: tuple[tuple[str, str], ...]
    """Kind and text: literal, general, place, point, comma, percent, moment, elapsed, noon, unknown."""
    condition: tuple[str, Decimal] | None

    @property
    def is_moment(self) -> bool:
        """Whether it shows a date or a time."""
        kinds = [kind for kind, _ in self.tokens]
        # Places stand in a time only for fractions of a second.
        first_place = kinds.index("place") if "place" in kinds else len(kinds)
        if first_place < len(kinds) and "point" not in kinds[:first_place]:
            return False
        return not _OF_MOMENTS.isdisjoint(kinds)


def number(value: float, code: str, epoch_1904: bool = False) -> str:
    """The text of a numeric cell. No digit of a whole number is ever lost.

    Args:
        value: A finite number.
        code: The format code; `General` where the cell has none.
        epoch_1904: Whether the workbook counts days from 1904.

    Returns:
        What the spreadsheet shows. A whole number below 10^15 has all its digits even when its format hides
        some; a larger one comes in scientific form, so that it is never taken for digits. A date whose
        format is unknown comes as ISO 8601, any other number whose format is unknown in its plain form.
    """
    if abs(value) >= DIGITS_END or code == GENERAL:
        return plain(value)
    with localcontext(_EXACT):
        section = _chosen(value, code)
        if section is None or not section.is_moment:
            return kept(render(value, code) or "", value)
        text = moments.render(value, section.tokens, epoch_1904) or plain(value)
        return text if value.is_integer() else kept(text, value)


def render(value: float, code: str) -> str | None:
    """What the spreadsheet shows for a number that is no date; None when the code is not known."""
    section = _chosen(value, code)
    if section is None:
        return None
    kinds = {kind for kind, _ in section.tokens}
    if not _OF_NO_NUMBER.isdisjoint(kinds) or _is_fraction(section.tokens):
        return None
    sections = _sections(code)
    own_sign = section.condition is None and len(sections) > 1 and section is sections[1]
    if value < 0 and len(sections) > 1 and not own_sign:
        return None
    magnitude = abs(value)
    if "general" in kinds:
        body = "".join(plain(magnitude) if kind == "general" else text for kind, text in section.tokens)
        sign = value < 0
    else:
        body, rounded = _digits(magnitude, section.tokens)
        sign = value < 0 and rounded != 0
    return ("-" if sign and not own_sign else "") + body.strip(" ")


def plain(value: float) -> str:
    """A number as its digits, without the noise of floating point; in scientific form where it must."""
    if abs(value) < DIGITS_END and value.is_integer():
        return str(int(value))
    text = f"{value:.15g}"
    # 2.9999999999999996 is the noise of a sum; but no phone number is made from a fraction.
    is_phone_sized = _PHONE_SIZED <= abs(value) < DIGITS_END
    return repr(value) if is_phone_sized and "." not in text else text


def kept(text: str, value: float) -> str:
    """The text shown for a number, or its plain form where that hides what must be seen.

    That are digits of a whole number, and the fraction of one that else looks like a phone number.
    """
    if abs(value) >= DIGITS_END:
        return plain(value)
    if not value.is_integer():
        is_plain = abs(value) >= _PHONE_SIZED and not _shows_fraction(text, value)
        return plain(value) if is_plain or not text else text
    scientific = re.search(r"\de[+-]?\d", text, re.IGNORECASE)
    digits = re.sub(r"\D", "", text)
    return text if str(abs(int(value))) in digits and not scientific else str(int(value))


def _shows_fraction(text: str, value: float) -> bool:
    """Whether nobody can take the text of a number with a fraction for a phone number."""
    if _DECIMAL.fullmatch(text):
        return True
    point = max(text.rfind("."), text.rfind(","))
    whole, decimals = re.sub(r"\D", "", text[: max(point, 0)]), re.sub(r"\D", "", text[point + 1 :])
    return whole == str(abs(int(value))) and decimals != "" and _OF_NO_PHONE.search(text) is not None


def in_format(text: str, code: str) -> str | None:
    """The text of a cell as its format shows it; None when the format adds to it, hides it or is not known.

    Args:
        text: What the cell holds.
        code: The format code.
    """
    if code in (GENERAL, "@"):
        return text
    sections = _sections(code) if len(code) <= _CODE_CHARACTERS else ()
    own = sections[3:] or tuple(s for s in sections[-1:] if any(shown == "@" for _, shown in s.tokens))
    if not own:
        return text
    added = "".join("" if token in ("@", "general") else token for _, token in own[0].tokens)
    texts = sum(token in ("@", "general") for _, token in own[0].tokens)
    return text if texts == 1 and not added.strip(" ") else None


def _chosen(value: float, code: str) -> Section | None:
    """The section of the code that speaks about the value; None when none does or it is not clear."""
    sections = _sections(code) if len(code) <= _CODE_CHARACTERS else ()
    if not sections:
        return None
    if not any(section.condition for section in sections):
        if value < 0 and len(sections) > 1:
            return sections[1]
        return sections[2] if value == 0 and len(sections) > 2 else sections[0]
    numeric = sections[:3]
    for place, section in enumerate(numeric):
        if section.condition is None:
            if place == len(numeric) - 1 or (place == 1 and value < 0):
                return section
        elif _holds(value, *section.condition):
            return section
    return None


def _holds(value: float, sign: str, bound: Decimal) -> bool:
    exact = Decimal(value)
    return {
        "<": exact < bound,
        "<=": exact <= bound,
        ">": exact > bound,
        ">=": exact >= bound,
        "=": exact == bound,
        "<>": exact != bound,
    }[sign]


@lru_cache(maxsize=1_000)
def _sections(code: str) -> tuple[Section, ...]:
    if code.strip() in ("@", ""):
        code = GENERAL
    return tuple(_section(part) for part in _SECTIONS.findall(code)[:4])


def _section(code: str) -> Section:
    tokens: list[tuple[str, str]] = []
    condition = None
    for match in _TOKEN.finditer(code):
        kind, text = str(match.lastgroup), match[match.lastgroup or 0]
        found = _CONDITION.fullmatch(text) if kind == "bracket" else None
        if found:
            condition = (found[1], Decimal(found[2]))
        elif kind == "bracket":
            tokens += _bracket(text)
        elif kind == "plain":
            tokens.append(_plain_token(text))
        elif kind in ("quoted", "escaped"):
            tokens.append(("literal", text))
        elif kind == "blank":
            tokens.append(("literal", " "))
        elif kind != "fill":
            tokens.append((kind, text.lower()))
    return Section(tuple(tokens), condition)


def _bracket(text: str) -> list[tuple[str, str]]:
    """What stands in square brackets: a colour, a currency, a language, elapsed time."""
    if text.upper() == _SYSTEM_DATE:
        return [("moment", "system date")]
    if text.upper() == _SYSTEM_TIME:
        return [("moment", "system time")]
    if _COLOUR.fullmatch(text):
        return []
    if text.startswith("$"):
        symbol = text[1:].rpartition("-")[0] if "-" in text else text[1:]
        return [("literal", symbol)]
    return [("elapsed" if _ELAPSED.fullmatch(text) else "unknown", text.lower())]


def _plain_token(text: str) -> tuple[str, str]:
    if text in _PLACES:
        return "place", text
    kinds = {".": "point", ",": "comma", "%": "percent"}
    if text in kinds:
        return kinds[text], text
    is_word = text.isascii() and (text.isalnum() or text in '@"[]\\_*;')
    return ("unknown" if is_word else "literal"), text


def _digits(magnitude: float, tokens: tuple[tuple[str, str], ...]) -> tuple[str, Decimal]:
    """A number that is not negative, laid into the places of a section; and what it was rounded to."""
    kinds = [kind for kind, _ in tokens]
    point = kinds.index("point") if "point" in kinds else len(kinds)
    whole_places = [i for i, kind in enumerate(kinds) if kind == "place" and i < point]
    decimal_places = [i for i, kind in enumerate(kinds) if kind == "place" and i > point]
    last = whole_places[-1] if whole_places else point
    commas = [i for i, kind in enumerate(kinds) if kind == "comma"]
    scale = sum(1 for i in commas if last < i) * 3
    exact = Decimal(f"{magnitude:.15g}").scaleb(2 * kinds.count("percent") - scale)
    rounded = exact.quantize(Decimal(1).scaleb(-len(decimal_places)), ROUND_HALF_UP)
    whole, _, decimals = f"{rounded:f}".partition(".")
    shown = _whole(
        whole.lstrip("0"), tokens, whole_places, bool(whole_places) and any(i < last for i in commas)
    )
    if not whole_places and point < len(kinds):
        shown[point] = whole.lstrip("0")
    significant = len(decimals.rstrip("0"))
    for place, i in enumerate(decimal_places):
        blank = {"0": "0", "#": "", "?": " "}[tokens[i][1]]
        shown[i] = decimals[place] if place < significant else blank
    text = ""
    for i, (kind, token) in enumerate(tokens):
        if kind == "point":
            text += shown.get(i, "") + "."
        elif kind == "place":
            text += shown[i]
        elif kind != "comma":
            text += token
    return text, rounded


def _is_fraction(tokens: tuple[tuple[str, str], ...]) -> bool:
    """Whether a slash stands between places: `# ?/?`."""
    texts = [_PLACES if kind == "place" else text for kind, text in tokens]
    return any(texts[i : i + 3] == [_PLACES, "/", _PLACES] for i in range(len(texts)))


def _whole(
    digits: str, tokens: tuple[tuple[str, str], ...], places: list[int], in_thousands: bool
) -> dict[int, str]:
    """The digits before the point by the position of their place. The first place takes all that are left."""
    shown = {}
    count = 0
    for i in reversed(places):
        taken = digits if i == places[0] else digits[-1:]
        digits = digits[: len(digits) - len(taken)]
        text = ""
        for digit in reversed(taken or {"0": "0", "#": "", "?": " "}[tokens[i][1]]):
            if in_thousands and count and count % 3 == 0 and digit.isdigit():
                text = "," + text
            text = digit + text
            count += 1
        shown[i] = text
    return shown


def finite(text: str) -> float | None:
    """The number that a cell of a workbook holds as text; None when it is none."""
    if not _ASCII_NUMBER.fullmatch(text):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
