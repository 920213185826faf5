"""What OneInbox says of a call reaches the ledger, on both databases, whatever stands in it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from campaign.ledger import calls
from campaign.ledger.ledger import Ledger
from campaign.models import Disposition, RowStatus, TranscriptStatus
from campaign.oneinbox import wire
from campaign.results import files
from tests.ledger.case import ANNA, all_rows, do, people, start
from tests.support import NOON, nothing_left

ODD = {
    "NUL": b'{"role": "us\\u0000er", "content": "a\\u0000b", "k\\u0000": {"x\\u0000": ["\\u0000"]}}',
    "lone surrogate": b'{"role": "user", "content": "\\ud83d", "\\udc00": "\\ud800"}',
    "not a number": b'{"role": "user", "content": "x", "at": NaN, "until": [-Infinity, {"y": Infinity}]}',
    "huge number": b'{"role": "user", "content": "x", "at": ' + b"9" * 4200 + b', "until": 1e999}',
    "repeated key": b'{"role": "user", "content": "x", "content": "y"}',
    "deep": b'{"role": "user", "content": "x", "in": ' + b"[" * 900 + b"]" * 900 + b"}",
    "no object": b'"just a text\\u0000"',
    "a number": b"1e400",
    "nothing": b"null",
}


@pytest.mark.parametrize("odd", ODD)
def test_no_message_can_break_the_ledger(ledger: Ledger, tmp_path: Path, odd: str) -> None:
    """A call with such a message settles with all that was said, and every kind of result file is written."""
    body = json.loads(
        b'{"id": "call_1", "status": "completed\\u0000", "cost_cents": 1e999, "duration_seconds": NaN,'
        b'"end_reason": "\\u0000\\ud800", "outcome": "\\u0000", "ai_summary": "\\udfff",'
        b'"recording_url": "\\u0000", "messages": [' + ODD[odd] + b', {"role": "agent", "content": "Hello"}]}'
    )
    call = wire.parse_call(body)
    assert call is not None
    case = start(ledger, people(ANNA))
    case.place(case.intend(ANNA), "call_1")
    later = NOON + timedelta(minutes=1)
    do(ledger, calls.record_ended, call, later)
    do(
        ledger,
        calls.record_settled,
        call,
        disposition=Disposition.ANSWERED,
        transcript_status=TranscriptStatus.COMPLETE,
        status=RowStatus.COMPLETED,
        reason="",
        not_before=None,
        with_others=nothing_left,
        now=later,
    )
    stored = ledger.read(calls.stored, "call_1")
    assert "agent: Hello" in stored.transcript
    assert [dict(message) for message in stored.messages] == [dict(message) for message in call.messages]
    for suffix in (".csv", ".xlsx", ".jsonl", ".parquet"):
        path, rows = tmp_path / f"results{suffix}", ledger.read(all_rows, case.id)
        assert files.write(path, ("phone", "name"), rows) == 1
