"""Layout: what a cell with a phone number looks like, before anybody asks which number it is.

Decoration that cannot carry meaning is taken away and reported; an accident is named. Nothing is guessed.
"""

import re
import unicodedata
from enum import StrEnum

from campaign.contacts import problems
from campaign.contacts.problems import Problem


class Repair(StrEnum):
    """A change of a cell that keeps every digit."""

    BLANKS = "blanks around the number"
    MARKS = "invisible marks at the ends"
    APOSTROPHE = "an apostrophe in front"
    TEXT_FORMULA = 'the number written as ="..."'
    TEL = "tel: in front"
    FULL_WIDTH = "full-width characters"
    DIGITS = "Arabic-Indic or Devanagari digits"
    BLANK_KINDS = "unusual blanks between the digits"


_TEXT_FORMULA = re.compile(r'="([^"]*)"')
_TEL = re.compile(r"tel:\s*", re.IGNORECASE)
_FULL_WIDTH = {0xFF0B: "+", 0xFF08: "(", 0xFF09: ")", 0xFF0D: "-", 0xFF0F: "/"} | {
    0xFF10 + digit: str(digit) for digit in range(10)
}
_SCRIPTS = tuple(
    {first + digit: str(digit) for digit in range(10)}
    # Arabic-Indic, its Persian and Urdu form, Devanagari.
    for first in (0x0660, 0x06F0, 0x0966)
)
_REVERSING = frozenset("\u202e\u2067")
"""Marks that show the digits in another order than the one in which they would be dialled."""

_ERROR = re.compile(
    r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!|GETTING_DATA)"
    r"|#{2,}|Err:\d{3}"
)
_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d*)?\s?[eE]\s?[+-]?\s?\d+")
_DECIMAL = re.compile(r"[+-]?\d+[.,]\d*")
# A lonely digit behind several dots: `415.555.1234.0`.
_LAST_DOT = re.compile(r".*\.\d?")
_EXTENSION = re.compile(
    r"[^,;]*?\d[\s)]*(?:;\s*ext\s*=|,{1,2}\s*|(?:ext(?:ension|n)?|xtn|x|int|anexo|доб)[\s.:=]*|#\s*)\d{1,9}\s*#?",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:19|20)\d\d[-/. ]{1,3}(?:0?[1-9]|1[0-2])[-/. ]{1,3}\d.*"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/. ]{1,3}(?:0?[1-9]|1[0-2])[-/. ]{1,3}(?:19|20)\d\d(?!\d).*"
    r"|\d{1,2}([./-])\d{1,2}\1\d\d"
)
# The zero that is dialled inside the country only: behind the country code, or in front of the area code.
_TRUNK_ZERO = re.compile(r"(?:(?:\+|00)\s*\d{1,3}[\s.\-]*)?\(0\)")
_BETWEEN_NUMBERS = re.compile(r"[;,|&\r\n]")
_BRACKETED_CODE = re.compile(r"\(\s*\+\s*(\d{1,3})\s*\)")
_LAYOUT = re.compile(r"\+?[\d\s().\-/]+")
_MINUSES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_LONGEST_AREA = 8
"""Digits of a country code with an area code."""
_LONGEST_TAIL = 4
"""Digits by which an office names its next line."""
LONGEST = 100
"""Characters of a cell that may be a phone number at all."""
MOST_DIGITS = 15
"""Of an international number, by ITU-T E.164."""


def tidy(cell: str) -> tuple[str, tuple[Repair, ...]]:
    """Take away what cannot carry meaning.

    Returns:
        The text, in ASCII as far as it is a number, and what was repaired.
    """
    repairs: list[Repair] = []
    text = _without_apostrophe(_without_ends(cell, repairs), repairs)
    if match := _TEXT_FORMULA.fullmatch(text):
        text = _without_apostrophe(_without_ends(match[1], repairs), repairs)
        repairs.append(Repair.TEXT_FORMULA)
    if match := _TEL.match(text):
        text = text[match.end() :]
        repairs.append(Repair.TEL)
    if not text.isascii():
        text = _in_ascii(text, repairs)
    text = _BRACKETED_CODE.sub(r"+\1 ", text, count=1) if text.startswith("(") else text
    return text, tuple(dict.fromkeys(repairs))


def trimmed(text: str) -> str:
    """The text without blanks and invisible marks at its ends."""
    return _without_ends(text, [])


def _without_ends(text: str, repairs: list[Repair]) -> str:
    start, end = 0, len(text)
    while start < end and _is_blank_or_mark(text[start]):
        start += 1
    while start < end and _is_blank_or_mark(text[end - 1]):
        end -= 1
    ends = text[:start] + text[end:]
    if ends.strip():
        repairs.append(Repair.MARKS)
    elif ends:
        repairs.append(Repair.BLANKS)
    return text[start:end]


def _without_apostrophe(text: str, repairs: list[Repair]) -> str:
    if not text.startswith("'"):
        return text
    repairs.append(Repair.APOSTROPHE)
    return _without_ends(text[1:], repairs)


def _is_blank_or_mark(character: str) -> bool:
    if character in _REVERSING:
        return False
    return character.isspace() or unicodedata.category(character) == "Cf"


def _in_ascii(text: str, repairs: list[Repair]) -> str:
    for table, repair in (
        (_FULL_WIDTH, Repair.FULL_WIDTH),
        *((script, Repair.DIGITS) for script in _SCRIPTS),
    ):
        changed = text.translate(table)
        if changed != text:
            repairs.append(repair)
        text = changed
    changed = "".join(" " if unicodedata.category(character) == "Zs" else character for character in text)
    if changed != text:
        repairs.append(Repair.BLANK_KINDS)
    return changed


def accident(cell: str, text: str) -> Problem | None:
    """The accident that happened to a cell, or None when it has the layout of one phone number.

    Args:
        cell: As the list has it.
        text: The same, tidied.
    """
    if not text:
        return problems.MISSING
    if is_spreadsheet_error(text):
        return problems.SPREADSHEET_ERROR
    if len(text) > LONGEST or is_date(text):
        return problems.NOT_A_NUMBER
    if any(unicodedata.category(character) == "Cf" for character in text):
        return problems.HIDDEN
    if _scripts_of(cell) > 1:
        return problems.MIXED_DIGITS
    if _EXPONENT.fullmatch(text):
        return problems.SCIENTIFIC
    if _DECIMAL.fullmatch(text):
        return problems.FLOAT_TAIL
    if text[0] in _MINUSES:
        return problems.MINUS
    if _EXTENSION.fullmatch(text):
        return problems.EXTENSION
    if any(character.isalpha() for character in text):
        return problems.LETTERS
    # One dot is never a layout by itself: `+1 415.5551234` could be either.
    if text.count(".") == 1 or _LAST_DOT.fullmatch(text):
        return problems.ONE_DOT
    if _are_two_numbers(text):
        return problems.TWO_NUMBERS
    if not text.isascii() or not _LAYOUT.fullmatch(text):
        return problems.ODD_CHARACTERS
    if "(0)" in text and (text.count("(0)") > 1 or not _TRUNK_ZERO.match(text)):
        return problems.ODD_CHARACTERS
    if len(digits_of(text.replace("(0)", "")).removeprefix("00")) > MOST_DIGITS:
        return problems.BEYOND_15
    return None


def _are_two_numbers(text: str) -> bool:
    if "+" in text[1:]:
        return True
    if text.replace("(0)", "").count("(") > 1:
        return True
    if sum(len(digits_of(part)) >= 5 for part in _BETWEEN_NUMBERS.split(text)) > 1:
        return True
    head, *tails = text.replace("(0)", "").split("/")
    if not tails:
        return False
    # After a slash stands the number of an area code; what is shorter, or comes after a whole number
    # (`030 12345/67890`), is a second one.
    groups = re.findall(r"\d+", head)
    is_area_code = len(groups) <= (2 if head.startswith("+") else 1) and len(digits_of(head)) <= _LONGEST_AREA
    return len(tails) > 1 or len(digits_of(tails[0])) <= _LONGEST_TAIL or not is_area_code


def is_date(text: str) -> bool:
    """Whether a tidied text is a date: in Germany 06.05.2024 would be a valid phone number."""
    return _DATE.fullmatch(text) is not None


def is_spreadsheet_error(text: str) -> bool:
    """Whether a spreadsheet shows an error in place of a value, like `#N/A` or `########`."""
    return _ERROR.fullmatch(text.strip()) is not None


def digits_of(text: str) -> str:
    """The digits of a tidied text, in their order."""
    return "".join(character for character in text if "0" <= character <= "9")


def _scripts_of(cell: str) -> int:
    """How many kinds of digits a cell has."""
    return len(
        {ord(character) - unicodedata.decimal(character) for character in cell if character.isdecimal()}
    )
