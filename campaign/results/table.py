"""The result as a table: the operator's columns, then ours, as text and plain numbers."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from campaign.models import RESULT_COLUMNS, ResultRow, RowStatus

Cell = str | int | float

# A number in any layout that people use. A spreadsheet can only do arithmetic with it, not run it.
_NUMBER_LIKE = re.compile(r"[+\-]?[\d\s().,/\-]+")


def header(headers: Sequence[str]) -> list[str]:
    """The columns of a result file."""
    return [*headers, *RESULT_COLUMNS]


def our_cells(row: ResultRow) -> list[Cell]:
    """The cells of our columns, in their order; an empty text where there is nothing to say."""
    cells: dict[str, Cell | None] = {
        "call_status": row.status.value,
        "call_reason": row.reason,
        "call_disposition": row.disposition,
        "call_outcome": row.outcome,
        "call_id": row.call_id,
        "call_attempts": row.attempts,
        "call_to_number": row.to_number,
        "call_from_number": row.from_number,
        "call_provider_status": row.provider_status,
        "call_end_reason": row.end_reason,
        "call_started_at": _time(row.started_at),
        "call_ended_at": _time(row.ended_at),
        "call_duration_seconds": _number(row.duration_seconds),
        "call_cost_cents": _number(row.cost_cents),
        "call_credits_used": _number(row.credits_used),
        "call_summary": row.summary,
        "call_transcript": row.transcript,
        "call_transcript_status": row.transcript_status,
        "call_recording_url": row.recording_url,
        "call_error": row.error if row.status not in (RowStatus.COMPLETED, RowStatus.LIVE) else "",
    }
    return [_plain(cells[column]) for column in RESULT_COLUMNS]


def defuse(cell: Cell) -> Cell:
    """The cell as text that no spreadsheet takes for a formula; numbers and E.164 stay as they are."""
    if not isinstance(cell, str) or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return cell
    return cell if _NUMBER_LIKE.fullmatch(cell) else "'" + cell


def _plain(cell: Cell | None) -> Cell:
    if cell is None:
        return ""
    return str(cell) if isinstance(cell, str) else cell


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _number(value: float | None) -> Cell | None:
    return int(value) if value is not None and float(value).is_integer() else value
