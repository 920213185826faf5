"""Limits of each from number: how fast calls start with it, and how many a day."""

from typing import Self

from pydantic import Field, model_validator

from campaign.settings.sections import Section
from campaign.settings.values import Rate, Whole, Zone


class FromNumberLimits(Section):
    """For each number of the pool alone. Nobody gets another number because of them."""

    calls_per_second: Rate | None = Field(default=None, gt=0, le=1000)
    """Call starts; `pace` limits those of all numbers together."""
    per_day: Whole | None = Field(default=None, ge=1)
    """Calls of one day, counting all campaigns of the ledger."""
    timezone: Zone = "UTC"
    """Where the day begins and ends."""

    @model_validator(mode="after")
    def _takes_effect(self) -> Self:
        if self.model_fields_set and self.calls_per_second is None and self.per_day is None:
            raise ValueError("no limit in it; set calls_per_second or per_day, or leave the section out")
        return self
