"""What tells that a person has asked in a call not to be called again."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, field_validator


def _read_phrases() -> Mapping[str, tuple[str, ...]]:
    text = files(__package__).joinpath("opt_out_phrases.yaml").read_text(encoding="utf-8")
    return {language: tuple(phrases) for language, phrases in yaml.safe_load(text).items()}


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
        if any(not any(map(str.isalnum, text)) for text in value):
            raise ValueError("an empty text would fit every call")
        return value

    @property
    def all_phrases(self) -> tuple[str, ...]:
        """Those of the chosen languages, and the campaign's own."""
        known = BUNDLED_PHRASES
        return (
            tuple(phrase for language in self.languages or known for phrase in known[language]) + self.phrases
        )
