"""The sections of a campaign file: each a frozen model whose unknown keys are errors."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from campaign.settings.consent import USUAL_CONSENTS, ConsentBasis, ConsentValues
from campaign.settings.values import (
    Duration,
    NumberTypes,
    PlaceZone,
    Rate,
    Region,
    Share,
    Stages,
    Variables,
    Whole,
)


class Section(BaseModel):
    """What all sections share. What was wrong is not repeated in errors, as it may be a number."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ContactSettings(Section):
    """How to read the contact list."""

    to_number: str | None = None
    """Column of the phone number; recognised by name when absent."""
    default_region: Region | None = None
    """Country of the numbers that are written without a plus; when absent, those rows are rejected."""
    countries: tuple[Region, ...] | None = None
    """Countries that may be called; by default those of the from numbers."""
    block_types: NumberTypes = ()
    """Types of numbers that are refused beside those that are nobody's phone."""
    variables: Variables | None = None
    """Columns sent to the agent, as a list or as `name: column`; by default every other column."""
    required: tuple[str, ...] = ()
    """Variables that must have a value in every row, beside those that the agent's first message says."""
    timezone: str | None = None
    """Column with the IANA time zone of the person; by default the zones of the number."""
    default_timezone: PlaceZone | None = None
    """For numbers that are of no time zone, like satellite phones; when absent, those rows are rejected."""
    not_before: str | None = None
    """Column with the date or time before which the person is not dialled; recognised by this name."""
    valid_until: str | None = None
    """Column with the date or time from which the person is not dialled any more; recognised by this name."""
    from_number: str | None = None
    """Column with the number of the pool that the person is to see; recognised by this name."""
    agent_id: str | None = None
    """Column with the agent that calls the person; where a cell is empty, that of the campaign does."""
    state: str | None = None
    """Column with the state of the US, as two letters; by default the area code tells it."""
    consent: str | None = None
    """Column that says by what a person has agreed to such calls; who has not is never called."""
    consent_values: ConsentValues = USUAL_CONSENTS
    """What that column says of whoever has agreed, perhaps with a date; everything else is no consent."""
    consent_basis: ConsentBasis | None = Field(default=None, min_length=3, max_length=500)
    """By what everybody on the list has agreed; where the list has a column, for whom that is empty."""
    key: str | None = None
    """Column that tells people apart, like a customer id; a second row with the same key is a duplicate."""
    max_invalid: Share = 0.05
    """Share of unusable rows above which nobody is called."""


class PaceSettings(Section):
    """How fast calls start, and how many may be live."""

    calls_per_second: Rate = Field(default=1.0, gt=0, le=1000)
    burst: Whole = Field(default=1, ge=1, le=100)
    max_live_calls: Whole = Field(default=10, ge=1, le=10_000)
    stages: Stages = (1, 5, 25)
    """A campaign starts with so many calls; each stage has to end well before the next begins."""


_NAMED_COLUMNS: dict[str, Any] = {
    "anyOf": [
        {"type": ["string", "integer"], "examples": ["phone", 2]},
        {"type": "array", "items": {"type": ["string", "integer"]}},
    ]
}


def _named_columns(value: object) -> object:
    columns = [value] if isinstance(value, str | int) else value
    if not isinstance(columns, list | tuple) or not all(map(_names_column, columns)):
        raise ValueError("write the name of a column, its position counted from 1, or a list of them")
    return tuple(columns)


def _names_column(value: object) -> bool:
    # YAML's yes is a number for Python.
    if isinstance(value, bool):
        return False
    return value > 0 if isinstance(value, int) else isinstance(value, str) and bool(value.strip())


NamedColumns = Annotated[
    tuple[str | int, ...],
    BeforeValidator(_named_columns),
    WithJsonSchema(_NAMED_COLUMNS),
]
"""One column of a file or several, each by its name or by its position."""


class SuppressionFile(Section):
    """One list of numbers that must not be called."""

    file: Path
    max_age: Duration | None = None
    """By an older file nobody is called; its time is that of its last change."""
    column: NamedColumns = ()
    """Columns with the numbers, by name or counted from 1; those named like phones when absent."""
    may_be_empty: bool = False
    """Whether a file without a number is one; else it is taken for a download that has failed."""


def _as_suppression_file(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


SuppressionEntry = Annotated[
    SuppressionFile,
    BeforeValidator(_as_suppression_file),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "examples": ["dnc.csv"]},
                {
                    "type": "object",
                    "properties": {
                        "file": {"type": "string"},
                        "max_age": {"type": "string", "examples": ["31d"]},
                        "column": _NAMED_COLUMNS,
                        "may_be_empty": {"type": "boolean"},
                    },
                    "required": ["file"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""A path, or a path with what it must fulfil."""
