"""Opt-outs: whether a person has asked in a call not to be called again."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from campaign.models import Call, plain
from campaign.rules.speech import said_by_person
from campaign.settings import OptOutSettings
from campaign.settings.phrases import spoken_words

_SENTENCE_END = re.compile("[.!?;।\\n]")
_YES = frozenset({"yes", "true", "1", "y"})


def asked(call: Call, *looked_for: OptOutSettings) -> str:
    """How the person has asked not to be called again, for the ledger; empty when they have not.

    What they said themselves counts, not what the agent said. The text is ours or the campaign file's, never
    the person's own words.

    Args:
        call: The call with its results.
        looked_for: What tells a wish, of one campaign or several: one that finds it is enough.
    """
    found = (_asked(call, settings) for settings in dict.fromkeys(looked_for))
    return next(filter(None, found), "")


def may_be_told_later(call: Call, *looked_for: OptOutSettings) -> bool:
    """Whether the analysis has not come to a field that tells a wish, as far as this API has an analysis."""
    if call.has_analysis is None:
        return False
    return any(settings.field and _value(call.analysis, settings.field) is None for settings in looked_for)


def _asked(call: Call, settings: OptOutSettings) -> str:
    if plain(call.outcome) in {plain(outcome) for outcome in settings.outcomes}:
        return f"outcome {call.outcome}"
    if settings.field and _says_yes(call.analysis, settings.field):
        return f"analysis field {settings.field}"
    spoken = [spoken_words(part) for text in said_by_person(call) for part in _whole_and_parts(text)]
    for phrase in settings.all_phrases:
        if any(phrase.is_in(said) for said in spoken):
            return f"said: {phrase.shown}"
    return ""


def _whole_and_parts(text: str) -> Iterator[str]:
    """All that was said, as a wish may go on behind a full stop; and each sentence, as it may be all."""
    yield text
    sentences = [sentence for sentence in _SENTENCE_END.split(text) if sentence.strip()]
    if len(sentences) > 1:
        yield from sentences


def _says_yes(analysis: Mapping[str, Any], field: str) -> bool:
    value = _value(analysis, field)
    return value == 1 or (isinstance(value, str) and plain(value) in _YES)


def _value(analysis: Mapping[str, Any], field: str) -> Any:
    value: Any = analysis
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
