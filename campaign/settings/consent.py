"""Consent: what a list may say in its column for a person to be called, and what says the contrary."""

import re
import unicodedata
from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

USUAL_CONSENTS = (
    "yes", "y", "true", "1", "signed", "signed form", "written", "written consent", "web form", "opt in",
    "opted in", "optin", "given", "consent given", "consented", "agreed", "accepted", "granted",
    # A plain yes, and how spreadsheets write their TRUE in other languages.
    "ja", "oui", "sí", "si", "sim", "wahr", "vrai", "verdadero", "vero", "verdadeiro", "waar",
)  # fmt: skip
"""What counts as consent unless a campaign file lists values of its own."""

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`\u00b4]")
_OPT_IN = re.compile(r"\bopt(?:ed)?[ _-]*in\b|\boptin\b", re.IGNORECASE)
_REFUSALS = frozenset(
    {
        "no", "not", "none", "never", "n", "false", "f", "0", "null", "nil", "nan", "na", "without",
        "missing", "unknown", "unclear", "pending", "asked", "requested", "refused", "declined", "denied",
        "rejected", "withdrawn", "revoked", "expired", "cancelled", "canceled", "objected", "opt", "optout",
        "opted", "unsubscribed", "dnc", "stop", "dont", "cannot", "tbd", "tbc", "todo", "unverified",
        "unconfirmed", "awaiting", "nein", "nicht", "kein", "keine", "ohne", "falsch", "non", "pas", "sans",
        "faux", "sin", "falso", "nee", "niet", "geen", "nao", "não", "sem", "senza", "nie",
    }
)  # fmt: skip
"""Words that make a text a refusal, or at least no consent, whatever else it says."""
# As a spreadsheet writes a date, perhaps with the time of day.
_DATE = re.compile(
    r"(?<!\d)(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d)"
)
_AHEAD = timedelta(hours=14)
"""Somewhere on Earth the date is already that of so many hours later."""


def is_refusal(text: str) -> bool:
    """Whether a text says anything that is no consent, or nothing at all."""
    words = _words(_OPT_IN.sub(" agreed ", text))
    return not words or not _REFUSALS.isdisjoint(words)


def is_consent(cell: str, values: tuple[str, ...], now: datetime) -> bool:
    """Whether a cell says that the person has agreed: one of the values, a date that is past, or both.

    Args:
        cell: As the list has it.
        values: What counts as consent; capitals and punctuation do not matter.
        now: The date counts where it is not in the future anywhere on Earth.
    """
    dates = _DATE.findall(cell)
    if "?" in cell or len(dates) > 1 or not all(_is_past(each, now) for each in dates):
        return False
    rest = tuple(_words(_DATE.sub(" ", cell)))
    return bool(dates) if not rest else rest in _listed(values)


@cache
def _listed(values: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(_words(value)) for value in values)


def _is_past(text: str, now: datetime) -> bool:
    try:
        return date.fromisoformat(text) <= (now + _AHEAD).date()
    except ValueError:
        return False


def _words(text: str) -> list[str]:
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text).casefold())
    return _WORD.findall(plain)


def _texts(value: object) -> object:
    values = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(each, bool) for each in values):
        raise ValueError('write yes and true in quotes: "yes"')
    return [str(each) if isinstance(each, int) else each for each in values]


def _say_yes(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("write at least one, like signed")
    for value in values:
        if is_refusal(value):
            raise ValueError(
                f"{value!r} says no, or nothing; write what your list says of whoever has agreed"
            )
    return values


def _is_basis(text: str) -> str:
    if is_refusal(text):
        raise ValueError("this says no, or nothing; write by what everybody has agreed, like signed forms")
    return text


ConsentValues = Annotated[
    tuple[str, ...],
    BeforeValidator(_texts),
    AfterValidator(_say_yes),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "examples": [["signed", "web form"]]}),
]
"""What a list says of people who have agreed."""
ConsentBasis = Annotated[str, AfterValidator(_is_basis)]
"""By what everybody on a list has agreed."""
