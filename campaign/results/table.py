"""Tables: a header and rows of text and plain numbers; the result as one, ours behind the operator's columns.

What a format does not know it leaves out: only a workbook has widths and marks, only Parquet has types.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from campaign.models import RESULT_COLUMNS, ResultRow, RowStatus

Cell = str | int | float | None
"""None where there is nothing to say: an empty cell, or null where a format has it."""

Colour = Literal["red", "amber", "green", "grey"]

Marks = Mapping[str, Mapping[str, Colour]]
"""Which cells of a column stand out: column, then the cell's text, then its colour."""

Types = Mapping[str, type[int] | type[float] | type[datetime]]
"""What the columns hold that are not text; times are ISO 8601 in the cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What one file is to hold."""

    header: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    """Each as wide as the header."""
    delimiter: str = ","
    sheet: str = "results"
    widths: Mapping[str, int] = field(default_factory=dict)
    marks: Marks = field(default_factory=dict)
    types: Types = field(default_factory=dict)


WIDTHS: Mapping[str, int] = {"call_summary": 40, "call_transcript": 40}

TYPES: Types = {
    "call_attempts": int,
    "call_started_at": datetime,
    "call_ended_at": datetime,
    "call_duration_seconds": float,
    "call_cost_cents": float,
    "call_credits_used": float,
}

# A number in any layout that people use. A spreadsheet can only do arithmetic with it, not run it.
_NUMBER_LIKE = re.compile(r"[+\-]?[\d\s().,/\-]+")


def header(headers: Sequence[str]) -> list[str]:
    """The columns of a result file."""
    return [*headers, *RESULT_COLUMNS]


def our_cells(row: ResultRow) -> list[Cell]:
    """The cells of our columns, in their order; None where there is nothing to say."""
    cells: dict[str, Cell] = {
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


def unique_names(header: Sequence[str]) -> list[str]:
    """The header for formats that know a column by its name.

    A blank name becomes `column_` and its place, a repeated one gets a number. No other name changes.
    """
    names: list[str] = []
    given, used = set(header), set[str]()
    for place, name in enumerate(header, start=1):
        unique = base = name or f"column_{place}"
        number = 1
        while unique in used or (unique != name and unique in given):
            number += 1
            unique = f"{base}_{number}"
        names.append(unique)
        used.add(unique)
    return names


def defuse(cell: Cell) -> Cell:
    """The cell as text that no spreadsheet takes for a formula; numbers and E.164 stay as they are."""
    if not isinstance(cell, str) or not cell.lstrip("'").startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return cell
    return cell if _NUMBER_LIKE.fullmatch(cell) else "'" + cell


def _plain(cell: Cell) -> Cell:
    """None for an empty text, and plain types for those of this program."""
    return (str(cell) or None) if isinstance(cell, str) else cell


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _number(value: float | None) -> Cell:
    return int(value) if value is not None and float(value).is_integer() else value
