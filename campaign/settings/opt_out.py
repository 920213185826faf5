"""What tells that a person has asked in a call not to be called again."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from campaign.settings.bundled import read_table
from campaign.settings.phrases import Phrase, spoken_words


def _read_phrases() -> Mapping[str, tuple[Phrase, ...]]:
    table = read_table("opt_out_phrases")
    return {language: tuple(map(Phrase, phrases)) for language, phrases in table.items()}


# Read once, at import: later there is an event loop that must not wait for a disk.
BUNDLED_PHRASES = _read_phrases()
"""The phrases that come with the program, by language."""


class OptOutSettings(BaseModel):
    """Whoever asks in a call not to be called again is suppressed at once, for all campaigns."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    outcomes: tuple[str, ...] = ("Do Not Call", "DNC", "Opt Out", "Opted Out", "Unsubscribed")
    """OneInbox's labels that say so, whatever their capitals."""
    languages: tuple[str, ...] | None = None
    """Languages whose phrases are looked for in what the person said; by default all that are known."""
    phrases: tuple[str, ...] = ()
    """Phrases of your own beside those."""
    field: str | None = None
    """Where the analysis of a call says so: `extracted_data.post_call.do_not_call`."""

    @field_validator("languages")
    @classmethod
    def _are_known(cls, value: tuple[str, ...] | None) -> Any:
        unknown = [language for language in value or () if language not in BUNDLED_PHRASES]
        if unknown:
            raise ValueError(
                f"no phrases for {unknown[0]!r}; known are {', '.join(BUNDLED_PHRASES)}, "
                "and opt_out.phrases takes others"
            )
        return value

    @field_validator("phrases", "outcomes")
    @classmethod
    def _are_texts(cls, value: tuple[str, ...]) -> Any:
        if any(not spoken_words(text).strip() for text in value):
            raise ValueError("an empty text would fit every call")
        return value

    @property
    def all_phrases(self) -> tuple[Phrase, ...]:
        """Those of the chosen languages, and the campaign's own."""
        known = BUNDLED_PHRASES
        bundled = tuple(phrase for language in self.languages or known for phrase in known[language])
        return bundled + tuple(map(_own_phrase, self.phrases))


def as_kept(settings: OptOutSettings) -> dict[str, Any]:
    """For the ledger, as JSON has it."""
    return settings.model_dump(mode="json")


def read_kept(kept: Mapping[str, Any] | None) -> OptOutSettings:
    """What the ledger has of a campaign, in doubt wider than it was; the defaults where it has nothing.

    Another version may have kept it: keys that are not known are left out, and for languages that are not
    known all are looked for.
    """
    known = {key: value for key, value in (kept or {}).items() if key in OptOutSettings.model_fields}
    if not BUNDLED_PHRASES.keys() >= set(known.get("languages") or ()):
        del known["languages"]
    return OptOutSettings.model_validate(known)


@cache
def _own_phrase(text: str) -> Phrase:
    return Phrase(text, is_pattern=False)
