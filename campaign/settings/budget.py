"""What a campaign may spend over all its runs, and what it leaves to others of the account's day."""

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _is_number(value: object) -> object:
    # YAML's yes is a number for Python.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("write a plain number, like 300")
    return value


def _is_whole(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("write a whole number, like 500")
    return value


Amount = Annotated[float, BeforeValidator(_is_number), Field(gt=0, le=1e9, allow_inf_nan=False)]
Count = Annotated[int, BeforeValidator(_is_whole), Field(gt=0, le=1_000_000_000)]
CountOrNone = Annotated[int, BeforeValidator(_is_whole), Field(ge=0, le=1_000_000_000)]

LIMITS = ("calls", "minutes", "cents", "credits")
"""The keys that limit what a campaign spends, in the order in which they are told."""


class BudgetSettings(BaseModel):
    """No call starts that could pass one of these, however long it and the live calls last."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    calls: Count | None = None
    minutes: Amount | None = None
    """As OneInbox counts them: from the answer to the end."""
    cents: Amount | None = None
    """As OneInbox reports them: the carrier's part."""
    credits: Amount | None = None
    cents_per_minute: Amount | None = None
    """What a started minute costs at most, for calls whose cost is not known."""
    reserve_calls: CountOrNone = 0
    """So many calls of the account's day are left to others."""

    @model_validator(mode="after")
    def _can_count_cents(self) -> Self:
        if self.cents is not None and self.cents_per_minute is None:
            raise ValueError(
                "cents needs cents_per_minute, what a started minute costs at most, to count live calls"
            )
        return self

    @property
    def limits(self) -> dict[str, float]:
        """What is limited, and to how much."""
        given = {name: getattr(self, name) for name in LIMITS}
        return {name: limit for name, limit in given.items() if limit is not None}
