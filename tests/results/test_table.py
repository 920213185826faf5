"""The result table: our cells in their order, times and numbers in one form, formulas defused."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaign.models import RESULT_COLUMNS, Disposition, ResultRow, RowStatus, TranscriptStatus
from campaign.results import table


def result(**facts: Any) -> ResultRow:
    """A completed row, with some facts changed."""
    known: dict[str, Any] = {"status": RowStatus.COMPLETED, "reason": "", "attempts": 1}
    return ResultRow(row_number=2, cells=("Ann",), **(known | facts))


def ours(**facts: Any) -> dict[str, table.Cell]:
    """Our cells by column."""
    return dict(zip(RESULT_COLUMNS, table.our_cells(result(**facts)), strict=True))


def test_header() -> None:
    """The operator's columns come first, then ours."""
    assert table.header(["phone", "name"]) == ["phone", "name", *RESULT_COLUMNS]


def test_every_fact_has_its_column() -> None:
    """Each fact of a call stands in the column of its name."""
    start = datetime(2026, 6, 3, 17, 0, 1, 999_999, tzinfo=UTC)
    assert ours(
        status=RowStatus.NEEDS_REVIEW, reason="why", disposition=Disposition.ANSWERED, outcome="Interested",
        call_id="call_1", attempts=2, to_number="+12025550143", from_number="+12025550100",
        provider_status="completed", end_reason="hangup", started_at=start,
        ended_at=start + timedelta(minutes=1), duration_seconds=60.5, cost_cents=12.0, credits_used=0.25,
        summary="sum", transcript="text", transcript_status=TranscriptStatus.COMPLETE,
        recording_url="https://r", error="err",
    ) == {
        "call_status": "needs_review", "call_reason": "why", "call_disposition": "answered",
        "call_outcome": "Interested", "call_id": "call_1", "call_attempts": 2,
        "call_to_number": "+12025550143", "call_from_number": "+12025550100",
        "call_provider_status": "completed", "call_end_reason": "hangup",
        "call_started_at": "2026-06-03T17:00:01Z", "call_ended_at": "2026-06-03T17:01:01Z",
        "call_duration_seconds": 60.5, "call_cost_cents": 12, "call_credits_used": 0.25,
        "call_summary": "sum", "call_transcript": "text", "call_transcript_status": "complete",
        "call_recording_url": "https://r", "call_error": "err",
    }  # fmt: skip


def test_unknown_facts_are_empty() -> None:
    """What is not known is None and not an empty text, so that each format can say it in its own way."""
    cells = ours(attempts=0)
    assert {column for column, cell in cells.items() if cell is not None} == {"call_status", "call_attempts"}


def test_cells_are_plain() -> None:
    """Cells are plain texts and numbers, without the types of this program."""
    cells = ours(disposition=Disposition.BUSY, transcript_status=TranscriptStatus.EMPTY).values()
    assert {type(cell) for cell in cells} <= {str, int, float, type(None)}


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 6, 3, 17, 0, tzinfo=UTC), "2026-06-03T17:00:00Z"),
        (
            datetime(2026, 6, 3, 22, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            "2026-06-03T17:00:00Z",
        ),
    ],
)
def test_times_are_utc(moment: datetime, text: str) -> None:
    """A time is written in UTC, whatever zone it came in."""
    assert ours(started_at=moment)["call_started_at"] == text


@pytest.mark.parametrize(
    ("seconds", "cell"), [(60.0, "60"), (60, "60"), (60.25, "60.25"), (0.0, "0"), (0, "0"), (None, "None")]
)
def test_numbers(seconds: float | None, cell: str) -> None:
    """A whole number has no decimal point, whether it came as an int or as a float, and zero is not empty."""
    assert str(ours(duration_seconds=seconds)["call_duration_seconds"]) == cell


@pytest.mark.parametrize(
    ("status", "is_shown"),
    [
        (RowStatus.COMPLETED, False),
        (RowStatus.LIVE, False),
        (RowStatus.UNREACHED, True),
        (RowStatus.REFUSED, True),
        (RowStatus.NEEDS_REVIEW, True),
    ],
)
def test_error_of_an_earlier_try(status: RowStatus, is_shown: bool) -> None:
    """An error that a later success has overtaken is not shown beside the success."""
    assert bool(ours(status=status, error="no route")["call_error"]) is is_shown


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (["phone", "name"], ["phone", "name"]),
        (["", "phone", ""], ["column_1", "phone", "column_3"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["", "column_1"], ["column_1_2", "column_1"]),
        ([], []),
    ],
)
def test_unique_names(header: list[str], names: list[str]) -> None:
    """Blank and repeated columns get names of their own, and no column loses its name to them."""
    assert table.unique_names(header) == names


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", '=HYPERLINK("http://x")', "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1", "\r=1",
        "\n=1", "=", "+", "- yes, please", "+49 (30) x", "-1+1", "+1+1", "\n+15739693824",
    ],
)  # fmt: skip
def test_formula_is_defused(cell: str) -> None:
    """A text that a spreadsheet would take for a formula begins with an apostrophe and is else unchanged."""
    assert table.defuse(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell",
    [
        "+15739693824",
        "+1 (573) 969-3824",
        "-12.5",
        "-3",
        "Ann",
        "",
        "a=b",
        " =1",
        "007",
        "1+1",
        5,
        -2.5,
        None,
    ],
)
def test_harmless_cell_is_unchanged(cell: table.Cell) -> None:
    """An E.164 number, an amount or an ordinary text stays exactly as it is."""
    assert table.defuse(cell) == cell


@settings(max_examples=200)
@given(cell=st.one_of(st.text(max_size=12), st.text(alphabet="=+-@\t\r\n0123456789().ab ", max_size=12)))
@example("+\u0661\u0662\u0663")
@example("-1\n=1")
def test_output_never_starts_a_formula(cell: str) -> None:
    """No text leaves as a formula unless it is digits and their punctuation; none is lost or grows."""
    safe = table.defuse(cell)
    assert isinstance(safe, str)
    if safe[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") and safe:
        assert re.fullmatch(r"[+\-]?[\d\s().,/\-]+", safe)
    assert safe in (cell, "'" + cell)
