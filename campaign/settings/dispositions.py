"""The table that says how a call ended: lines that are data, of which the first that fits counts."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from campaign.models import Disposition, plain
from campaign.settings import strict_yaml
from campaign.settings.bundled import read_table
from campaign.settings.values import Rate

_SAID = tuple(disposition for disposition in Disposition if disposition is not Disposition.UNKNOWN)
_WORDS = ("status", "end_reason", "outcome")
_FLAGS = ("has_person", "has_transcript")
# Stands for a star of the narrower pattern, which only a star of the wider one covers.
_STAR = "\ue000"


def _disposition(value: object) -> object:
    if value in _SAID:
        return value
    if value == Disposition.UNKNOWN:
        raise ValueError("unknown is what no line fits; say how such a call ended, or leave the line out")
    known = f"{', '.join(_SAID[:-1])} or {_SAID[-1]}"
    near = difflib.get_close_matches(str(value), _SAID, n=1)
    raise ValueError("this is no disposition; " + (f"did you mean {near[0]}?" if near else f"write {known}"))


def _pattern(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError('write a text, in quotes when it has a star: "*machine*"')
    pattern = plain(str(value))
    if not pattern.strip("*"):
        raise ValueError('this fits every call; leave it out, or write "?*" for any word')
    return pattern


Pattern = Annotated[
    str, BeforeValidator(_pattern), WithJsonSchema({"type": "string", "examples": ["*machine*"]})
]
Said = Annotated[
    Disposition,
    BeforeValidator(_disposition),
    WithJsonSchema({"type": "string", "enum": [disposition.value for disposition in _SAID]}),
]
Seconds = Annotated[Rate, Field(ge=0, allow_inf_nan=False)]


class DispositionLine(BaseModel):
    """One line of the table. It fits a call that fulfils all its conditions."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    status: Pattern | None = None
    end_reason: Pattern | None = None
    outcome: Pattern | None = None
    min_seconds: Seconds | None = None
    max_seconds: Seconds | None = None
    has_person: bool | None = None
    """Whether the person has said something."""
    has_transcript: bool | None = None
    disposition: Said = Field(alias="is")
    retry: bool = True
    """Whether another try may follow, where `retry` of the campaign file has a gap for it."""
    source: str = ""
    """How it is known that such calls end so."""

    @model_validator(mode="after")
    def _can_fit(self) -> Self:
        if not any(getattr(self, name) is not None for name in (*_WORDS, *_FLAGS, *_SECONDS)):
            raise ValueError("a line without a condition would fit every call")
        if self.min_seconds is not None and self.min_seconds > _or_inf(self.max_seconds):
            raise ValueError("this can never fit a call: min_seconds is more than max_seconds")
        return self

    def covers(self, other: "DispositionLine") -> bool:
        """Whether every call that the other line fits is one that this line fits."""
        words = all(_covers(getattr(self, name), getattr(other, name)) for name in _WORDS)
        flags = all(getattr(self, name) in (None, getattr(other, name)) for name in _FLAGS)
        has_seconds = self.min_seconds is None and self.max_seconds is None
        is_known = other.min_seconds is not None or other.max_seconds is not None
        seconds = has_seconds or (
            is_known
            and (self.min_seconds or 0.0) <= (other.min_seconds or 0.0)
            and _or_inf(self.max_seconds) >= _or_inf(other.max_seconds)
        )
        return words and flags and seconds


_SECONDS = ("min_seconds", "max_seconds")


def _or_inf(seconds: float | None) -> float:
    return float("inf") if seconds is None else seconds


@cache
def pattern_of(glob: str, *, any_character: str = ".") -> re.Pattern[str]:
    """A pattern of a line: `*` stands for any characters, `?` for one, all else for itself."""
    parts = {"*": ".*", "?": any_character}
    return re.compile("".join(parts.get(part, re.escape(part)) for part in glob), re.DOTALL)


def _covers(wider: str | None, narrower: str | None) -> bool:
    if wider is None or narrower is None:
        return wider is None
    pattern = pattern_of(wider, any_character=f"[^{_STAR}]")
    return pattern.fullmatch(narrower.replace("*", _STAR)) is not None


def _each_can_fit(lines: tuple[DispositionLine, ...]) -> tuple[DispositionLine, ...]:
    for at, line in enumerate(lines):
        for before, earlier in enumerate(lines[:at]):
            if earlier.covers(line):
                raise ValueError(f"line {at + 1} can never count: line {before + 1} fits all its calls")
    return lines


DispositionLines = Annotated[
    tuple[DispositionLine, ...],
    AfterValidator(_each_can_fit),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "examples": ["dispositions.yaml"]},
                {"type": "array", "items": DispositionLine.model_json_schema()},
            ]
        }
    ),
]
"""Lines of a campaign file, which may also name a file that has them."""


def read_lines(path: Path) -> Any:
    """The lines of a file, not checked yet. Raises ValueError in one line when it has none."""
    try:
        content = strict_yaml.load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ValueError(f"{path}{where}: not valid YAML") from error
    if not isinstance(content, list):
        raise ValueError(
            f'{path}: expected a list of lines like - {{end_reason: "*machine*", is: voicemail}}'
        )
    return content


def kept_lines(lines: Iterable[DispositionLine]) -> list[dict[str, Any]]:
    """For the ledger, as JSON has them."""
    return [line.model_dump(mode="json", by_alias=True, exclude_defaults=True) for line in lines]


def read_lines_kept(kept: Iterable[Mapping[str, Any]] | None) -> tuple[DispositionLine, ...]:
    """What the ledger has of a campaign; none where it has nothing.

    Another version may have kept them: a line that this one cannot read is left out.
    """
    lines = []
    for line in kept or ():
        with suppress(ValidationError):
            lines.append(DispositionLine.model_validate(line))
    return tuple(lines)


def _bundled() -> Sequence[DispositionLine]:
    return _each_can_fit(tuple(map(DispositionLine.model_validate, read_table("dispositions"))))


# Read once, at import: later there is an event loop that must not wait for a disk.
BUNDLED_LINES = _bundled()
"""The table that comes with the program. A campaign's own lines come before it."""
