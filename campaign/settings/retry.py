"""Which ends of a call are followed by another try, when, and how often at most."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from campaign.models import Disposition, plain
from campaign.settings.values import Duration, Whole, describe_duration


class RetrySettings(BaseModel):
    """Further tries of whoever was not reached, under one budget for all ends together."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    max_attempts: Whole = Field(default=1, ge=1, le=20)
    """All tries of one person in this campaign, the first included."""
    no_answer: tuple[Duration, ...] = ()
    busy: tuple[Duration, ...] = ()
    voicemail: tuple[Duration, ...] = ()
    failed: tuple[Duration, ...] = ()
    min_gap: Duration | None = None
    """Never sooner than this after the end of the last try; by default the shortest of the gaps."""
    per_day: Whole = Field(default=2, ge=1, le=20)
    """Tries of one person in one calendar day where they are."""
    never_after: tuple[str, ...] = ("Not Interested", "Do Not Call")
    """OneInbox's labels after which nobody is tried again, however the call ended; capitals do not matter."""

    @field_validator("never_after")
    @classmethod
    def _are_texts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not plain(text) for text in value):
            raise ValueError("an empty text would fit calls that have no outcome")
        return value

    @model_validator(mode="after")
    def _takes_effect(self) -> Self:
        gaps = [gap for several in self.gaps.values() for gap in several]
        if gaps and self.max_attempts == 1:
            raise ValueError("gaps have no effect while max_attempts is 1; set it to 2 or more")
        if self.max_attempts > 1 and not gaps:
            raise ValueError("max_attempts needs a gap, like no_answer: [30m, 4h]")
        if not gaps and self.min_gap is not None:
            raise ValueError("min_gap has no effect while no end of a call has a gap")
        longest = max(map(len, self.gaps.values()))
        if longest < self.max_attempts - 1:
            raise ValueError(
                f"the longest list has {longest} gap{'s' if longest > 1 else ''}, which is enough for "
                f"{longest + 1} tries; give it one for each further try, or lower max_attempts"
            )
        if gaps and self.min_gap is not None and min(gaps) < self.min_gap:
            raise ValueError(
                f"a gap of {describe_duration(min(gaps))} is shorter than min_gap, "
                f"which is {describe_duration(self.min_gap)}"
            )
        return self

    @classmethod
    def of_others(cls, never_after: Sequence[str] | None) -> Self:
        """For the calls of a campaign that this run does not dial for: no further try.

        Args:
            never_after: As the ledger has it of that campaign; the default where it has nothing.
        """
        texts = None if never_after is None else tuple(text for text in never_after if plain(text))
        return cls() if texts is None else cls(never_after=texts)

    @property
    def gaps(self) -> Mapping[Disposition, tuple[timedelta, ...]]:
        """After which ends another try may follow: the gap before the second try, the third, and so on."""
        return {
            Disposition.NO_ANSWER: self.no_answer,
            Disposition.BUSY: self.busy,
            Disposition.VOICEMAIL: self.voicemail,
            Disposition.FAILED: self.failed,
        }

    @property
    def shortest_gap(self) -> timedelta:
        """What `min_gap` says, or the shortest of the gaps; nothing when there is no further try."""
        gaps = [gap for several in self.gaps.values() for gap in several]
        return self.min_gap if self.min_gap is not None else min(gaps, default=timedelta())

    @property
    def final_outcomes(self) -> frozenset[str]:
        """The labels of `never_after` as they are compared."""
        return frozenset(map(plain, self.never_after))
