"""How often campaigns may call one number, and peace after a conversation."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from campaign.settings.values import Duration, Whole, describe_duration


class NumberCap(BaseModel):
    """At most `calls` calls to one number `within` a rolling time."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    calls: Whole = Field(default=1, ge=1)
    within: Duration = timedelta(hours=20)
    counts: Literal["other", "all"] = "other"
    """Calls of other campaigns of the ledger only, or those of this campaign as well."""

    def __str__(self) -> str:
        return f"{{calls: {self.calls}, within: {describe_duration(self.within)}}}"

    def forbids_what(self, other: "NumberCap") -> bool:
        """Whether whoever keeps to this cap keeps to the other one anyhow."""
        counts_as_much = self.counts in ("all", other.counts)
        return counts_as_much and self.calls <= other.calls and self.within >= other.within


def _as_list(value: object) -> object:
    return [value] if isinstance(value, dict | NumberCap) else value


def _each_has_effect(caps: tuple[NumberCap, ...]) -> tuple[NumberCap, ...]:
    if not caps:
        raise ValueError("an empty list is no cap; write at least one, like {calls: 1, within: 20h}")
    for cap in caps:
        for other in caps:
            if other is not cap and other.forbids_what(cap):
                raise ValueError(f"{cap} has no effect beside {other}; leave it out")
    return caps


NumberCaps = Annotated[
    tuple[NumberCap, ...],
    BeforeValidator(_as_list),
    AfterValidator(_each_has_effect),
    WithJsonSchema(
        {
            "anyOf": [
                NumberCap.model_json_schema(),
                {"type": "array", "items": NumberCap.model_json_schema(), "minItems": 1},
            ]
        }
    ),
]
"""One cap, or several that all hold."""


class CapSettings(BaseModel):
    """Limits across all campaigns of the ledger."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    per_number: NumberCaps = (NumberCap(),)
    after_conversation: Duration | None = None
    """Who has talked with another campaign's agent is left in peace for so long."""

    @property
    def longest(self) -> timedelta:
        """As far back as the caps look."""
        return max(cap.within for cap in self.per_number)
