"""How a call ended is read from a table: the first line that fits says it; else it is unknown."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.models import Call, Disposition, plain
from campaign.rules.dispositions import NO_LINE_FITS, Reading, has_person, read_disposition
from campaign.rules.endings import refusal_in
from campaign.settings import RetrySettings
from campaign.settings.dispositions import BUNDLED_LINES, DispositionLine
from tests.rules.test_endings import SPOKEN, UNHEARD, ended

WORDS = ("no-answer", "busy", "Canceled", "failed", "completed", "in-progress", "hung up", "")
REASONS = (
    None, "Voicemail-Detected", "machine_end", "dial_no_answer", "noanswer", "unanswered", "user busy",
    "caller_cancelled", "sip_503", "silence_timeout", "busy machine", "declined", "unallocated_number",
)  # fmt: skip
OUTCOMES = (None, "Voicemail", "Not Connected", "Interested", "not_connected ")


def line(**conditions: Any) -> DispositionLine:
    """A line of a campaign file."""
    return DispositionLine.model_validate(conditions)


def without_a_table(call: Call) -> Disposition:
    """The same reading, written as a program."""
    status, reason, outcome = plain(call.status), plain(call.end_reason), plain(call.outcome)
    has_person = any(turn.get("role") == "user" for turn in call.messages)
    if "unallocated" in reason and not has_person:
        return Disposition.FAILED
    if "declined" in reason and outcome == "voicemail":
        return Disposition.VOICEMAIL
    if "declined" in reason and not has_person:
        return Disposition.FAILED if status == "failed" else Disposition.BUSY
    ends = {"no_answer": "no_answer", "busy": "busy", "canceled": "canceled", "cancelled": "canceled"}
    if status in ends:
        return Disposition(ends[status])
    if outcome == "voicemail" or "voicemail" in reason or "machine" in reason:
        return Disposition.VOICEMAIL
    if any(word in reason for word in ("no_answer", "noanswer", "unanswered")):
        return Disposition.NO_ANSWER
    if "busy" in reason or "cancel" in reason:
        return Disposition.BUSY if "busy" in reason else Disposition.CANCELED
    if status == "failed":
        return Disposition.FAILED
    if outcome == "not_connected" and not has_person:
        return Disposition.NO_ANSWER
    is_connected = bool(call.transcript or (call.duration_seconds or 0) > 0 or outcome)
    return Disposition.ANSWERED if status == "completed" and is_connected else Disposition.UNKNOWN


@settings(max_examples=300)
@given(
    status=st.sampled_from(WORDS),
    end_reason=st.sampled_from(REASONS),
    outcome=st.sampled_from(OUTCOMES),
    duration_seconds=st.sampled_from((None, 0.0, 0.5, 61.8)),
    messages=st.sampled_from(((), UNHEARD, SPOKEN)),
    transcript=st.sampled_from(("", "agent: Hello")),
)
def test_the_table_says_what_a_program_would(**facts: Any) -> None:
    """Whatever a call reports, the bundled lines read it as they should."""
    call = ended(**facts)
    reading = read_disposition(call)
    assert reading.disposition is without_a_table(call)
    assert reading.may_retry or reading.disposition in (
        Disposition.UNKNOWN,
        Disposition.FAILED,
        Disposition.BUSY,
        Disposition.VOICEMAIL,
    )


@given(st.text(max_size=30), st.none() | st.text(max_size=30), st.none() | st.text(max_size=30))
def test_any_words_can_be_read(status: str, reason: str | None, outcome: str | None) -> None:
    """What nobody has ever seen is read, and never as something that is tried again by accident."""
    reading = read_disposition(ended(status, end_reason=reason, outcome=outcome))
    assert reading == NO_LINE_FITS or any(each.disposition is reading.disposition for each in BUNDLED_LINES)


def test_every_line_has_its_source() -> None:
    """Who edits the table can see how each line is known."""
    assert all(each.source for each in BUNDLED_LINES)


def test_what_no_line_fits_is_unknown_and_never_tried_again() -> None:
    """An end that nobody has described is not guessed."""
    call = ended("terminated", end_reason="sip_488", duration_seconds=3.0)
    assert read_disposition(call) == Reading(Disposition.UNKNOWN, may_retry=False)


def test_the_campaigns_lines_come_first() -> None:
    """The first of them that fits counts; where none does, the program's own lines say it."""
    own = (
        line(end_reason="sip_4*", outcome="voicemail", **{"is": "voicemail"}),
        line(end_reason="SIP-4*", **{"is": "no_answer"}),
        line(status="?ailed", **{"is": "canceled"}),
    )
    assert read_disposition(ended("failed", end_reason="sip 480"), own).disposition is Disposition.NO_ANSWER
    assert read_disposition(ended("failed", end_reason="sip_503"), own).disposition is Disposition.CANCELED
    assert read_disposition(ended("busy", end_reason="x"), own).disposition is Disposition.BUSY


@pytest.mark.parametrize(
    ("conditions", "facts", "fits"),
    [
        ({"end_reason": "*machine*"}, {"end_reason": "Answering-Machine"}, True),
        ({"end_reason": "machine"}, {"end_reason": "answering_machine"}, False),
        ({"end_reason": "sip_4??"}, {"end_reason": "sip_480"}, True),
        ({"end_reason": "sip_4??"}, {"end_reason": "sip_4800"}, False),
        ({"end_reason": "a.c"}, {"end_reason": "abc"}, False),
        ({"end_reason": "[ab]"}, {"end_reason": "a"}, False),
        ({"end_reason": 488}, {"end_reason": "488"}, True),
        ({"end_reason": "?*"}, {}, False),
        ({"outcome": "Call Back Later"}, {"outcome": "call_back-later"}, True),
        ({"min_seconds": 5}, {"duration_seconds": 5.0}, True),
        ({"min_seconds": 5}, {"duration_seconds": 4.9}, False),
        ({"max_seconds": 5}, {"duration_seconds": 5.0}, True),
        ({"max_seconds": 5}, {"duration_seconds": 5.1}, False),
        ({"max_seconds": 5}, {}, False),
        ({"has_person": True}, {"messages": SPOKEN}, True),
        ({"has_person": True}, {"messages": UNHEARD}, False),
        ({"has_person": True}, {"transcript": "agent: Hello\nuser: Hi"}, True),
        ({"has_person": False}, {"transcript": "agent: Hello"}, True),
        ({"has_transcript": False}, {"transcript": "agent: Hello"}, False),
        ({"status": "odd", "min_seconds": 1}, {"duration_seconds": 0.5}, False),
    ],
)
def test_conditions(conditions: dict[str, Any], facts: dict[str, Any], fits: bool) -> None:
    """A line fits when all its conditions do; an unknown duration fulfils none about it."""
    own = (line(**conditions, **{"is": "busy"}),)
    assert (read_disposition(ended("odd", **facts), own).disposition is Disposition.BUSY) is fits


@pytest.mark.parametrize(
    ("status", "reason", "may_retry"),
    [
        ("failed", "unallocated_number", False),
        ("failed", "Invalid Number Format", False),
        ("failed", "user-declined", False),
        ("busy", "603_declined", False),
        ("busy", "call_rejected", False),
        ("busy", "user_rejected", False),
        ("busy", "SIP 603", False),
        ("no-answer", "declined", False),
        ("no-answer", "call_rejected", False),
        ("canceled", "declined", False),
        ("failed", "user_rejected", False),
        ("failed", "rejected", False),
        ("failed", "sip_603", False),
        ("failed", "do_not_call", False),
        ("no-answer", "on_dnc_list", False),
        ("busy", "number_blocked", False),
        ("busy", "carrier_rejected", False),
        ("failed", "sip_404", False),
        ("no-answer", "sip_410_gone", False),
        ("busy", "disconnected_number", False),
        ("failed", "Number not found", False),
        ("failed", "sip_503", True),
        ("busy", "user_busy", True),
        ("no-answer", "user_disconnected", True),
    ],
)
def test_numbers_without_a_phone_and_refusals_are_not_tried_again(
    status: str, reason: str, may_retry: bool
) -> None:
    """Where the end says that nobody is there, or does not wish to talk, the gaps do not matter."""
    assert read_disposition(ended(status, end_reason=reason)).may_retry is may_retry


@pytest.mark.parametrize("reason", ["declined", "call_rejected", "603", "do_not_call", "dnc", "blocked"])
def test_who_has_declined_is_not_tried_again_whatever_else_is_said(reason: str) -> None:
    """The label may say that nobody was connected, or that the call went to voicemail then."""
    for status in ("completed", "failed", "busy", "no_answer", "canceled", "terminated"):
        for outcome in ("Not Connected", "Voicemail", None):
            for messages in ((), UNHEARD, SPOKEN):
                call = ended(status, end_reason=reason, outcome=outcome, messages=messages)
                reading = read_disposition(call)
                final = not reading.may_retry or reading.disposition is Disposition.ANSWERED
                assert final or refusal_in(call, reading, RetrySettings())


@pytest.mark.parametrize(
    ("status", "reason", "disposition"),
    [
        ("busy", "declined", Disposition.BUSY),
        ("no_answer", "call_rejected", Disposition.BUSY),
        # By whom, its status leaves open: so it may be the carrier, which the breaker has to know.
        ("failed", "rejected", Disposition.FAILED),
        ("busy", "carrier_rejected", Disposition.FAILED),
        ("no_answer", "caller_id_rejected", Disposition.FAILED),
        ("no_answer", "blocked", Disposition.FAILED),
        ("busy", "number_not_found", Disposition.FAILED),
    ],
)
def test_a_person_who_declines_is_busy_and_what_cannot_be_put_through_has_failed(
    status: str, reason: str, disposition: Disposition
) -> None:
    """A carrier that rejects the caller, or a number that is nobody's, is no person's refusal."""
    assert read_disposition(ended(status, end_reason=reason)).disposition is disposition


@pytest.mark.parametrize("reason", ["offer_declined", "transfer_rejected", "do_not_call_asked_for"])
def test_who_has_talked_has_answered_whatever_word_the_end_has(reason: str) -> None:
    """Agents give their own reasons for ending a conversation."""
    call = ended(end_reason=reason, messages=SPOKEN, transcript="user: Hi", duration_seconds=31.0)
    assert read_disposition(call).disposition is Disposition.ANSWERED


def test_who_has_said_something_is_a_person() -> None:
    """Both generations of the API are understood: turns, and a text with a line per turn."""
    assert has_person(ended(messages=SPOKEN))
    assert has_person(ended(transcript="agent: Hello\nuser: Hi"))
    assert not has_person(ended(transcript="agent: The user: asked"))
