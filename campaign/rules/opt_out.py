"""Opt-outs: whether a person has asked in a call not to be called again."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

from campaign.models import Call, plain
from campaign.settings import OptOutSettings

_PERSONS = frozenset({"user", "human", "customer"})
_YES = frozenset({"yes", "true", "1", "y"})
_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`\u00b4]")


def asked(call: Call, settings: OptOutSettings) -> str:
    """How the person has asked not to be called again, for the ledger; empty when they have not.

    What they said themselves counts, not what the agent said. The text is ours or the campaign file's, never
    the person's own words.
    """
    if plain(call.outcome) in {plain(outcome) for outcome in settings.outcomes}:
        return f"outcome {call.outcome}"
    if settings.field and _says_yes(call.analysis, settings.field):
        return f"analysis field {settings.field}"
    spoken = [_words(text) for text in said_by_person(call)]
    for phrase in settings.all_phrases:
        words = _phrase_words(phrase)
        if any(words in said for said in spoken):
            return f"said: {phrase}"
    return ""


def said_by_person(call: Call) -> list[str]:
    """The texts of the person, a turn each, without those of the agent."""
    if call.messages:
        turns = [(turn.get("role"), turn.get("content")) for turn in call.messages]
    else:
        # The older generation has the text alone, a line per turn.
        lines = [line.partition(": ") for line in call.transcript.splitlines()]
        turns = [(speaker, text) for speaker, _, text in lines]
    # What is no text was not said: anything may stand in a turn.
    return [
        text
        for speaker, text in turns
        if isinstance(speaker, str) and isinstance(text, str) and plain(speaker) in _PERSONS
    ]


def _says_yes(analysis: Mapping[str, Any], field: str) -> bool:
    value: Any = analysis
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value == 1 or (isinstance(value, str) and plain(value) in _YES)


@cache
def _phrase_words(phrase: str) -> str:
    return _words(phrase)


def _words(text: str) -> str:
    """The words in lower case with a blank around each, so that a phrase is found as whole words."""
    plain_text = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text).casefold())
    words = " ".join(_WORD.findall(plain_text))
    return f" {words} "
