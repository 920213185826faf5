"""The hook: the command or URL that is asked before each call whether it may be made."""

import shlex
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, PrivateAttr, WithJsonSchema, model_validator

from campaign.settings.addresses import checked_url
from campaign.settings.sections import Section
from campaign.settings.values import Duration

LONGEST = timedelta(minutes=1)

_OF_A_SHELL = frozenset("|&;<>()$`*?[]{}~\n")
"""What a shell would act upon."""


def _read_command(value: object) -> object:
    if isinstance(value, str):
        if set(value) & _OF_A_SHELL:
            raise ValueError("no shell reads it; put this into a script, or write a list of words")
        try:
            value = shlex.split(value)
        except ValueError:
            raise ValueError("a quote is not closed") from None
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise ValueError("write a list of words, all of them texts, like [./may-we-call, --strict]")
    if not value or not value[0].strip():
        raise ValueError("it names no program; write it like [./may-we-call, --strict]")
    if any("\0" in word for word in value):
        raise ValueError("a word has a character that no command can have")
    return tuple(value)


def _check_url(value: object) -> str:
    return checked_url(value, like="https://crm.example/may-we-call")


def _check_timeout(value: timedelta) -> timedelta:
    if value > LONGEST:
        raise ValueError("at most 1m: a line is kept free for the call meanwhile")
    return value


Command = Annotated[
    tuple[str, ...],
    BeforeValidator(_read_command),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
                {"type": "string", "minLength": 1},
            ],
            "examples": [["./may-we-call", "--strict"]],
        }
    ),
]
HookUrl = Annotated[
    str,
    BeforeValidator(_check_url),
    WithJsonSchema({"type": "string", "format": "uri", "examples": ["https://crm.example/may-we-call"]}),
]


class HookSettings(Section):
    """Who is asked before each call, and for how long an answer is waited for. No answer is a no."""

    command: Command | None = None
    """A program and its arguments, run without a shell in the folder of the campaign file."""
    url: HookUrl | None = None
    """An address that answers a POST."""
    timeout: Annotated[Duration, AfterValidator(_check_timeout)] = timedelta(seconds=5)
    _folder: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.command is None) == (self.url is None):
            raise ValueError("write either command or url")
        return self

    def within(self, folder: Path) -> "HookSettings":
        """The same in the folder of the campaign file."""
        placed = self.model_copy()
        placed._folder = folder
        return placed

    @property
    def folder(self) -> Path:
        """Where the command runs."""
        return self._folder

    @property
    def name(self) -> str:
        """The program or the address, for people: without arguments and query, which may hold a secret."""
        return self.command[0] if self.command is not None else str(self.url).partition("?")[0]
