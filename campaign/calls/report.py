"""The report: how a run ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaign.calls.ending import Closed
from campaign.calls.recordings import Kept
from campaign.errors import CampaignError, ExitCode
from campaign.models import FINAL_STATUSES, Disposition, RowStatus
from campaign.rules.opening import Opening
from campaign.rules.outlay import Outlay


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended."""

    name: str
    counts: Mapping[RowStatus, int]
    dispositions: Mapping[Disposition, int]
    dials: int
    elapsed_s: float
    stop_error: CampaignError | None
    stop_notice: str
    next_due: datetime | None
    leftovers: Sequence[Closed] = ()
    """Unfinished campaigns of earlier days that this one has followed."""
    opt_outs: int = 0
    """People who have asked in a call of this run not to be called again."""
    openings: tuple[Opening, ...] = ()
    """What the breaker holds at the end."""
    outlay: Outlay | None = None
    """What the campaign has spent, over all its runs."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """What it may spend."""
    unmapped: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Calls of the campaign that no line of dispositions knows, by status and end reason."""
    kept: Kept | None = None
    """Recordings; None when they were not asked for."""

    @property
    def unfinished(self) -> int:
        """Rows that are not final."""
        return sum(number for status, number in self.counts.items() if status not in FINAL_STATUSES)

    @property
    def exit_code(self) -> ExitCode:
        """What the process says to cron."""
        if self.stop_error is not None:
            return self.stop_error.exit_code
        if self.unfinished:
            is_held = bool(self.openings) and not self.stop_notice
            return ExitCode.API_UNAVAILABLE if is_held else ExitCode.NOT_FINISHED
        return ExitCode.NEEDS_REVIEW if self.counts.get(RowStatus.NEEDS_REVIEW) else ExitCode.OK
