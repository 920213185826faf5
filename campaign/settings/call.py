"""What every create-call request of a campaign says beside the person, and how long a call may last."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from campaign.models import OUR_METADATA
from campaign.settings.addresses import checked_url
from campaign.settings.sections import Section
from campaign.settings.values import Duration, Rate, Texts

LONGEST_URL = 2_000
LONGEST_MESSAGE = 2_000
LONGEST_PROMPT = 50_000
LARGEST_METADATA = 2_000
"""Bytes of it as JSON."""

# Line breaks and tabs may stand in a prompt; the others in no text that is sent.
_UNSENDABLE = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def _check_url(value: object) -> str:
    url = checked_url(value, like="https://crm.example/calls", without="@#{")
    if len(url) > LONGEST_URL:
        raise ValueError(f"at most {LONGEST_URL:,} characters")
    return url


def _check_text(value: str) -> str:
    if match := _UNSENDABLE.search(value):
        raise ValueError(f"it has a character that cannot be sent (U+{ord(match[0]):04X})")
    if not value.strip():
        raise ValueError("it is empty; leave the key out to keep what the agent has")
    return value


def _check_metadata(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    for key, item in value.items():
        if not isinstance(key, str):
            raise ValueError(f"a key would be read as {key}; write it in quotes")
        if not isinstance(item, str | int | float):
            raise ValueError(f"{key} needs a text, a number, or true or false as its value")
    try:
        size = len(json.dumps(dict(value), allow_nan=False).encode())
    except ValueError:
        raise ValueError("a number in it is no number that can be sent") from None
    if size > LARGEST_METADATA:
        raise ValueError(f"{size:,} bytes as JSON; at most {LARGEST_METADATA:,} are sent with each call")
    for text in (text for pair in value.items() for text in pair if isinstance(text, str)):
        if _UNSENDABLE.search(text):
            raise ValueError("it has a character that cannot be sent")
    return value


WebhookUrl = Annotated[
    str,
    BeforeValidator(_check_url),
    WithJsonSchema({"type": "string", "format": "uri", "examples": ["https://crm.example/calls"]}),
]
Metadata = Annotated[Mapping[str, str | int | float | bool], BeforeValidator(_check_metadata)]
Name = Annotated[str, Field(max_length=200), AfterValidator(_check_text)]
"""Of a model, a voice, a language or a provider: what there is, OneInbox alone knows."""
Degree = Annotated[Rate, Field(ge=0, le=100, allow_inf_nan=False)]


class LlmOverrides(Section):
    """Of the language model."""

    provider: Name | None = None
    model: Name | None = None
    temperature: Degree | None = None
    system_prompt: Annotated[str, Field(max_length=LONGEST_PROMPT), AfterValidator(_check_text)] | None = None


class TranscriberOverrides(Section):
    """Of what turns speech into text."""

    provider: Name | None = None
    model: Name | None = None
    language: Name | None = None


class TtsOverrides(Section):
    """Of the voice."""

    provider: Name | None = None
    voice_id: Name | None = None
    model: Name | None = None
    speed: Degree | None = None
    stability: Degree | None = None


class CallOverrides(Section):
    """What the agent has otherwise in these calls. What is not set stays as the agent has it."""

    llm: LlmOverrides = LlmOverrides()
    transcriber: TranscriberOverrides = TranscriberOverrides()
    tts: TtsOverrides = TtsOverrides()
    first_message: Annotated[str, Field(max_length=LONGEST_MESSAGE), AfterValidator(_check_text)] | None = (
        None
    )
    """What the agent opens with; its `{{placeholders}}` are checked in place of the agent's own."""

    def as_sent(self) -> dict[str, Any]:
        """What is set, as the request says it; empty when nothing is."""
        return {key: value for key, value in self.model_dump(exclude_none=True).items() if value != {}}


class CallSettings(Section):
    """What every create-call request says, and how long a call may last."""

    variables: Texts = Field(default_factory=dict)
    """Sent with every call; a column of the same name wins."""
    metadata: Metadata = Field(default_factory=dict)
    """Kept by OneInbox on every call, beside what this program writes there; our keys win."""
    webhook_url: WebhookUrl | None = None
    """Where OneInbox sends the events of these calls. No row of a list can change it."""
    overrides: CallOverrides = CallOverrides()
    max_duration: Duration = timedelta(minutes=30)
    """How long a call is followed at least; that of an agent who allows more is followed longer. Five minutes
    after that it needs review."""

    def variables_for(self, row: Mapping[str, str]) -> dict[str, str]:
        """What the request of one person sends: the values for every call, and over them those of the row."""
        return {**self.variables, **row}

    def metadata_for(self, ours: Mapping[str, str | int]) -> dict[str, str | int | float | bool]:
        """What the request of one person sends: the campaign file's, and over them ours."""
        return {**self.metadata, **ours}

    @property
    def not_sent(self) -> tuple[str, ...]:
        """Keys of the metadata that are never sent, as ours have these names."""
        return tuple(key for key in self.metadata if key in OUR_METADATA)
