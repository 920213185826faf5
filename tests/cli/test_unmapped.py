"""Ends that no line of dispositions knows are shown, in words that can do no harm."""

from pathlib import Path

import pytest

from campaign.calls.report import RunReport
from campaign.cli.summary import as_data as as_summary
from campaign.cli.summary import summarise
from campaign.cli.unmapped import as_data, lines
from campaign.ledger import calls
from campaign.ledger.ledger import Ledger
from campaign.models import Call, Disposition, RowStatus, TranscriptStatus
from tests.cli.test_commands import call, call_json
from tests.ledger.case import ANNA, BEN, CARA, Case, do, people, start
from tests.support import NOON, nothing_left


def test_lines() -> None:
    """The most frequent ones a line each, the others together."""
    told = as_data(
        {("failed", "sip_488"): 1_203, ("gone", ""): 1, **{("odd", f"r{at}"): 1 for at in range(7)}}
    )
    said = lines(told)
    assert said[:2] == [
        "1,203 calls ended with the end reason sip_488 (status failed), which no line of dispositions knows",
        "1 call ended with the status gone alone, which no line of dispositions knows",
    ]
    assert (len(said), said[-1]) == (6, "4 calls ended in other ways that no line of dispositions knows")
    assert len(told) == 9
    assert lines([]) == []


def test_words_of_oneinbox_are_harmless() -> None:
    """They can neither drive a terminal nor fill it."""
    [told] = as_data({("\x1b]0;gone\x07", "\u202e" + "x" * 500): 1})
    assert told["status"] == "\\x1b]0;gone\\x07"
    assert told["end_reason"].isprintable()
    assert len(told["end_reason"]) < 100


def test_status_tells_them(ledger: Ledger, ledger_location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`campaign status NAME` says which ends no line knows, and how many calls ended so."""
    monkeypatch.setenv("CAMPAIGN_LEDGER", ledger_location)
    spring: Case = start(ledger, people(ANNA, BEN, CARA), name="spring")
    for number in (ANNA, BEN):
        spring.place(spring.intend(number), f"call-{number}")
        gone = Call(id=f"call-{number}", status="gone", has_ended=True, end_reason="sip_488")
        do(spring.ledger, calls.record_ended, gone, NOON)
        do(
            spring.ledger,
            calls.record_settled,
            gone,
            disposition=Disposition.UNKNOWN,
            transcript_status=TranscriptStatus.EMPTY,
            status=RowStatus.COMPLETED,
            reason="",
            not_before=None,
            with_others=nothing_left,
            now=NOON,
        )
    code, said = call("status", "spring")
    assert code == 0
    assert "2 calls ended with the end reason sip_488 (status gone), which no line of dispositions" in said
    [told] = call_json("status", "spring")
    assert told["unmapped"] == [{"status": "gone", "end_reason": "sip_488", "calls": 2}]


def test_the_end_of_a_run_tells_them(capsys: pytest.CaptureFixture[str]) -> None:
    """In the summary for people, and in the document for programs."""
    report = RunReport(
        name="spring",
        counts={RowStatus.COMPLETED: 3},
        dispositions={Disposition.UNKNOWN: 3},
        dials=3,
        elapsed_s=1.0,
        stop_error=None,
        stop_notice="",
        next_due=None,
        unmapped={("gone", "sip_488"): 3},
    )
    summarise(report, Path("result.csv"), ledger=None)
    said = capsys.readouterr().err
    assert (
        "3 calls ended with the end reason sip_488 (status gone), which no line of dispositions knows" in said
    )
    assert as_summary(report, Path("result.csv"))["unmapped"] == [
        {"status": "gone", "end_reason": "sip_488", "calls": 3}
    ]
