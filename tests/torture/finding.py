"""What a judge is told of a campaign, and what it finds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tests.torture.tally import Tally


@dataclass(frozen=True, slots=True)
class RealDial:
    """One dial as the provider counts it."""

    to_number: str
    call_id: str
    token: str
    end: str = ""
    """How the call had ended before this person was dialled again, or at the end of all: answered, voicemail,
    busy, no_answer or failed. Empty when it had not, or when nobody knows."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one ended campaign looks like."""

    double_dials: int
    lost_rows: int
    lost_ids: int
    """Calls that the ledger does not have, or has as those of another person or attempt."""
    is_corrupt: bool
    in_review: int
    unfinished: int
    """Rows that wait, are under way or are in doubt."""
    forbidden_dials: int = 0
    untrue: int = 0
    """Rows and attempts that tell of calls that were not made, or do not tell of those that were."""

    @property
    def is_clean(self) -> bool:
        """Whether all is true and nothing doubled, forbidden, lost or broken. Rows may wait, or be left to
        a human."""
        return not (
            self.double_dials
            or self.forbidden_dials
            or self.lost_rows
            or self.lost_ids
            or self.is_corrupt
            or self.untrue
        )

    def count_into(self, tally: Tally, *, review_bound: int, case: str) -> None:
        """Add this to a suite's counts.

        Args:
            tally: Of the suite.
            review_bound: So many rows of this case may be left to a human.
            case: Names it, should there be more.
        """
        tally.double_dials += self.double_dials
        tally.forbidden_dials += self.forbidden_dials
        tally.lost_rows += self.lost_rows
        tally.lost_ids += self.lost_ids
        tally.corrupt_ledgers += self.is_corrupt
        tally.wrong += self.untrue
        tally.leave(self.in_review, review_bound, case)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is known of a campaign without asking the program."""

    dials: Sequence[RealDial]
    """Every real dial of the provider, in order."""
    numbers: Collection[str]
    """The people on the list, each once."""
    tries: int | Mapping[str, int] = 1
    """So many calls may go to one person: by the campaign file to everybody, or by a human's decision to
    these, whatever became of the call before."""
    forbidden: Collection[str] = ()
    """Nobody may dial these."""
    also: Collection[str] = ()
    """Numbers that are not on the list and may be dialled, as another campaign has them."""
    decided: Collection[str] = ()
    """Of these people a human has said whether they were called."""
    campaign: str | None = None
    """Only this campaign has the list and the result. None when the ledger has no other."""
