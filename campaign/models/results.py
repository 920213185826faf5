"""A row of the result, and the columns that files of ours have beside the operator's own."""

from dataclasses import dataclass
from datetime import datetime

from campaign.models.states import Disposition, RowStatus, TranscriptStatus

RESULT_COLUMNS = (
    "call_status", "call_reason", "call_disposition", "call_outcome", "call_id", "call_attempts",
    "call_to_number", "call_from_number", "call_provider_status", "call_end_reason", "call_started_at",
    "call_ended_at", "call_duration_seconds", "call_cost_cents", "call_credits_used", "call_summary",
    "call_transcript", "call_transcript_status", "call_recording_url", "call_error",
)  # fmt: skip
"""The columns that a result file has beside the operator's own, in this order."""

REJECT_COLUMNS = ("reject_reason", "reject_column")
"""The columns that a file of rejected rows has beside the operator's own."""

CHECK_COLUMNS = ("check_result", "check_reason", "check_proposal")
"""The columns that a marked copy of a list has beside the operator's own."""

OUR_COLUMNS = frozenset((*RESULT_COLUMNS, *REJECT_COLUMNS, *CHECK_COLUMNS))
"""When a list that we wrote is read again, these are replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One row of the result: the operator's cells, where the row stands, and its latest call."""

    row_number: int
    cells: tuple[str, ...]
    status: RowStatus
    reason: str
    attempts: int
    """Tries that count: those in which a person may have been called."""
    to_number: str | None = None
    from_number: str | None = None
    disposition: Disposition | None = None
    error: str = ""
    call_id: str | None = None
    provider_status: str | None = None
    end_reason: str | None = None
    outcome: str | None = None
    summary: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: float | None = None
    cost_cents: float | None = None
    credits_used: float | None = None
    transcript: str | None = None
    transcript_status: TranscriptStatus | None = None
    recording_url: str | None = None
