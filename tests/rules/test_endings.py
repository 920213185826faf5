"""What an ended call means, and what becomes of its row."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.models import Call, Disposition, Ending, RowStatus, plain
from campaign.rules.dispositions import Reading, read_disposition
from campaign.rules.endings import (
    decide,
    final_ending,
    has_talked,
    refusal_in,
    together,
    was_never_put_through,
)
from campaign.settings import RetrySettings
from tests.support import NOON

SPOKEN = ({"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Hi"})
UNHEARD = ({"role": "assistant", "content": "Hello"},)


def ended(status: str = "completed", **facts: Any) -> Call:
    """A call that has ended."""
    return Call(id="call_1", status=status, has_ended=True, **facts)


def retry(**keys: Any) -> RetrySettings:
    """A retry section of a campaign file."""
    return RetrySettings.model_validate(keys)


@pytest.mark.parametrize(
    ("call", "disposition"),
    [
        (ended("no-answer"), Disposition.NO_ANSWER),
        (ended("No Answer"), Disposition.NO_ANSWER),
        (ended("busy"), Disposition.BUSY),
        (ended("BUSY", outcome="Interested"), Disposition.BUSY),
        (ended("canceled"), Disposition.CANCELED),
        (ended("cancelled"), Disposition.CANCELED),
        (ended("completed", outcome="Voicemail"), Disposition.VOICEMAIL),
        (ended("completed", end_reason="voicemail_detected", transcript="Hi"), Disposition.VOICEMAIL),
        (ended("completed", end_reason="Answering-Machine"), Disposition.VOICEMAIL),
        (ended("failed", end_reason="dial_no_answer"), Disposition.NO_ANSWER),
        (ended("failed", end_reason="SIP NoAnswer"), Disposition.NO_ANSWER),
        (ended("failed", end_reason="unanswered"), Disposition.NO_ANSWER),
        (ended("failed", end_reason="user busy"), Disposition.BUSY),
        (ended("failed", end_reason="caller_cancelled"), Disposition.CANCELED),
        (ended("failed", end_reason="sip_503"), Disposition.FAILED),
        (ended("failed"), Disposition.FAILED),
        (ended("completed", transcript="Agent: Hello"), Disposition.ANSWERED),
        (ended("completed", duration_seconds=12.5), Disposition.ANSWERED),
        (ended("completed", outcome="Appointment Booked"), Disposition.ANSWERED),
        (ended("completed", outcome="Not Connected", messages=UNHEARD), Disposition.NO_ANSWER),
        (ended("completed", outcome="Not Connected", messages=SPOKEN), Disposition.ANSWERED),
        (ended("completed", duration_seconds=0.0), Disposition.UNKNOWN),
        (ended("completed"), Disposition.UNKNOWN),
        (ended("terminated", transcript="Agent: Hello"), Disposition.UNKNOWN),
        (ended(""), Disposition.UNKNOWN),
    ],
)
def test_disposition(call: Call, disposition: Disposition) -> None:
    """How a call ended is read from status, reason and outcome; what they do not say is unknown."""
    assert read_disposition(call).disposition is disposition


@pytest.mark.parametrize(
    ("word", "simple"),
    [(None, ""), ("", ""), (" No-Answer ", "no_answer"), ("Not Connected", "not_connected")],
)
def test_plain(word: str | None, simple: str) -> None:
    """Case, hyphens and blanks make no other word."""
    assert plain(word) == simple


@pytest.mark.parametrize(
    ("disposition", "status", "reason"),
    [
        (Disposition.ANSWERED, RowStatus.COMPLETED, ""),
        (Disposition.VOICEMAIL, RowStatus.COMPLETED, ""),
        (Disposition.UNKNOWN, RowStatus.COMPLETED, "the call ended, but OneInbox does not say how"),
        (Disposition.NO_ANSWER, RowStatus.UNREACHED, "tried once, last end: no_answer"),
        (Disposition.BUSY, RowStatus.UNREACHED, "tried once, last end: busy"),
        (Disposition.FAILED, RowStatus.UNREACHED, "tried once, last end: failed"),
        (Disposition.CANCELED, RowStatus.UNREACHED, "tried once, last end: canceled"),
    ],
)
def test_without_retries(disposition: Disposition, status: RowStatus, reason: str) -> None:
    """Without retries every end is final: reached, not reached, or not known."""
    ending = decide(disposition, tries=1, ended_at=NOON, retry=retry())
    assert ending == Ending(status, reason)


RETRIES: dict[str, Any] = {
    "max_attempts": 3,
    "no_answer": ["30m", "4h", "1d"],
    "busy": ["10m", "1h"],
    "voicemail": ["2h"],
}


@pytest.mark.parametrize(
    ("disposition", "tries", "gap"),
    [
        (Disposition.NO_ANSWER, 1, timedelta(minutes=30)),
        (Disposition.NO_ANSWER, 2, timedelta(hours=4)),
        (Disposition.NO_ANSWER, 3, None),
        (Disposition.BUSY, 1, timedelta(minutes=10)),
        (Disposition.BUSY, 2, timedelta(hours=1)),
        (Disposition.BUSY, 3, None),
        (Disposition.VOICEMAIL, 1, timedelta(hours=2)),
        (Disposition.VOICEMAIL, 2, None),
        (Disposition.FAILED, 1, None),
        (Disposition.ANSWERED, 1, None),
        (Disposition.CANCELED, 1, None),
        (Disposition.UNKNOWN, 1, None),
    ],
)
def test_retries(disposition: Disposition, tries: int, gap: timedelta | None) -> None:
    """Each disposition has its gaps, one per try so far, under one budget of tries for all of them."""
    ending = decide(disposition, tries=tries, ended_at=NOON, retry=retry(**RETRIES))
    if gap is None:
        assert ending.status is not RowStatus.WAITING
        assert ending.not_before is None
    else:
        assert ending == Ending(RowStatus.WAITING, f"{disposition}; next try is due", NOON + gap)


def test_reason_counts_tries() -> None:
    """A row that was tried in vain says how often."""
    ending = decide(Disposition.BUSY, tries=3, ended_at=NOON, retry=retry(**RETRIES))
    assert ending == Ending(RowStatus.UNREACHED, "tried 3 times, last end: busy")


def test_voicemail_after_its_retries() -> None:
    """Voicemail that is not tried again counts as reached, even when a try after it was planned once."""
    ending = decide(Disposition.VOICEMAIL, tries=3, ended_at=NOON, retry=retry(**RETRIES))
    assert ending.status is RowStatus.COMPLETED


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (ended("busy", outcome="not-interested"), "the outcome is one after which nobody is tried again"),
        (ended("no-answer", outcome="Do Not Call"), "the outcome is one after which nobody is tried again"),
        (
            ended("completed", end_reason="voicemail", outcome="NOT INTERESTED"),
            "the outcome is one after which nobody is tried again",
        ),
        (ended("failed", messages=SPOKEN), "the person has talked"),
        (ended("busy", transcript="agent: Hello\nuser: Hi"), "the person has talked"),
        (ended("completed", outcome="Voicemail", messages=SPOKEN), ""),
        (ended("failed", messages=UNHEARD), ""),
        (ended("busy", outcome="Interested"), ""),
        (ended("completed", outcome="Not Interested"), ""),
    ],
)
def test_nobody_is_tried_again_after_a_refusal_or_an_answer(call: Call, why: str) -> None:
    """Whatever one field says, another may tell that the person was reached: then no try follows."""
    settings, reading = retry(**RETRIES, failed=["1h"]), read_disposition(call)
    assert refusal_in(call, reading, settings) == (f"but {why}" if why else "")
    ending = decide(
        reading.disposition,
        tries=1,
        ended_at=NOON,
        retry=settings,
        refusal=refusal_in(call, reading, settings),
    )
    is_final = bool(why) or reading.disposition is Disposition.ANSWERED
    assert ending.status is (RowStatus.COMPLETED if is_final else RowStatus.WAITING)


@pytest.mark.parametrize(
    ("call", "may_retry", "left"),
    [
        (ended("no-answer"), True, None),
        (ended("completed", end_reason="voicemail"), True, None),
        (ended("failed", messages=UNHEARD), True, None),
        (ended("failed", messages=SPOKEN), True, (RowStatus.COMPLETED, "failed, but the person has talked")),
        (ended("completed", transcript="agent: Hello"), True, (RowStatus.COMPLETED, "")),
        (ended("failed"), False, (RowStatus.UNREACHED, "failed, after which nobody is tried again")),
        (ended("completed", end_reason="voicemail"), False, (RowStatus.COMPLETED, "")),
        (
            ended("terminated"),
            False,
            (RowStatus.COMPLETED, "the call ended, but OneInbox does not say how"),
        ),
    ],
)
def test_what_a_late_reading_makes_of_a_row_by_itself(
    call: Call, may_retry: bool, left: tuple[RowStatus, str] | None
) -> None:
    """As in time, but for the number of tries; what forbids nothing leaves the row as it is."""
    reading = Reading(read_disposition(call).disposition, may_retry)
    ending = final_ending(call, reading, retry(**RETRIES), has_opted_out=False)
    assert ending == (Ending(*left) if left else None)
    wished = final_ending(call, reading, retry(**RETRIES), has_opted_out=True)
    assert wished == Ending(RowStatus.COMPLETED, "asked not to be called again")


@pytest.mark.parametrize(
    ("call", "talked"),
    [
        (ended("completed", transcript="agent: Hello"), True),
        (ended("failed", duration_seconds=90.0, messages=SPOKEN), True),
        (ended("failed", duration_seconds=90.0), True),
        (ended("failed", duration_seconds=90.0, messages=UNHEARD), False),
        (ended("failed"), False),
        (ended("failed", outcome="Interested"), True),
        (ended("failed", outcome="Not Connected"), False),
        (ended("canceled", duration_seconds=4.0), True),
        (ended("busy", duration_seconds=12.0), False),
        (ended("no-answer", duration_seconds=45.0), False),
        (ended("no-answer", transcript="agent: Hello\nDana: Hi"), True),
        (ended("no-answer", transcript="agent: Hello"), False),
        (ended("terminated"), True),
        (ended(""), True),
        (ended("completed", end_reason="voicemail", messages=SPOKEN, duration_seconds=30.0), False),
    ],
)
def test_who_has_talked(call: Call, talked: bool) -> None:
    """Whatever the status says, what was said, the label and the duration may tell of a conversation."""
    assert has_talked(call, read_disposition(call).disposition) is talked


def test_the_campaign_says_which_outcomes_are_refusals() -> None:
    """Its own labels take the place of the default ones."""
    settings = retry(**RETRIES, never_after=["Wrong Number"])
    for outcome, is_refusal in (("wrong_number", True), ("Not Interested", False)):
        call = ended("busy", outcome=outcome)
        assert bool(refusal_in(call, read_disposition(call), settings)) is is_refusal


def test_an_end_after_which_the_table_allows_no_try() -> None:
    """The row is final although a gap is there, as after the last try."""
    ending = decide(Disposition.FAILED, tries=1, ended_at=NOON, retry=retry(**RETRIES), may_retry=False)
    assert ending == Ending(RowStatus.UNREACHED, "tried once, last end: failed")


@given(
    budget=st.integers(2, 20),
    gaps=st.lists(st.integers(1, 600).map(lambda minutes: f"{minutes}m"), min_size=1, max_size=25),
    ends=st.lists(st.sampled_from(list(Disposition)), min_size=30, max_size=30),
)
def test_tries_never_exceed_the_budget(budget: int, gaps: list[str], ends: list[Disposition]) -> None:
    """Whatever ends follow each other, nobody is tried more often than max_attempts."""
    longest = gaps + ["1m"] * (budget - 1 - len(gaps))
    settings = retry(max_attempts=budget, no_answer=gaps, busy=longest, voicemail=gaps, failed=gaps)
    tries = 1
    while decide(ends[tries - 1], tries=tries, ended_at=NOON, retry=settings).status is RowStatus.WAITING:
        tries += 1
    assert tries <= budget


WAITS, LATER = (Ending(RowStatus.WAITING, "again", NOON + timedelta(minutes=at)) for at in (60, 90))
GONE, DONE = Ending(RowStatus.UNREACHED, "in vain"), Ending(RowStatus.COMPLETED, "done")


@pytest.mark.parametrize(
    ("endings", "left"),
    [
        ((WAITS, LATER), LATER),
        ((WAITS, GONE), GONE),
        ((LATER, WAITS, GONE), GONE),
        ((GONE, DONE), DONE),
        ((WAITS, DONE), DONE),
        ((WAITS,), WAITS),
    ],
)
def test_of_several_calls_each_has_to_allow_a_further_try(endings: tuple[Ending, ...], left: Ending) -> None:
    """What the calls of one request leave of the row together, whichever of them settles last."""
    for order in permutations(endings):
        assert together(order) == left


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (ended("failed"), True),
        (ended(" Failed "), True),
        (ended("failed", started_at=NOON), False),
        (ended("failed", duration_seconds=3.0), False),
        (ended("completed"), False),
        (Call(id="call_1", status="failed", has_ended=False), False),
    ],
)
def test_only_a_failed_call_without_a_connection_was_never_put_through(call: Call, *, expected: bool) -> None:
    """Whatever tells that it was connected, or that it has not ended, makes it a call."""
    assert was_never_put_through(call) is expected
