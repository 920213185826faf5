"""Calls: from live to settled, once, with nothing forgotten."""

from datetime import timedelta
from typing import Any

import pytest

from campaign.ledger import attempts, calls, results
from campaign.models import AttemptState, Disposition, RowStatus, TranscriptStatus
from tests.ledger.case import ANNA, BEN, CARA, Case, people, start
from tests.support import NOON

EVERYTHING: dict[str, Any] = {
    "status": "completed",
    "end_reason": "user_hangup",
    "outcome": "Interested",
    "summary": "Wants a call back.",
    "started_at": NOON + timedelta(seconds=7),
    "ended_at": NOON + timedelta(seconds=69),
    "duration_seconds": 61.8,
    "cost_cents": 1.4,
    "credits_used": 1.03,
    "messages": ({"role": "agent", "content": "Hello"},),
    "transcript": "agent: Hello",
    "recording_url": "https://recordings.example/1",
}


def open_ids(case: Case, **only: int) -> list[str]:
    return [call.call_id for call in case.ledger.read(calls.open_calls, **only)]


def test_open_calls_are_all_that_have_not_settled(case: Case) -> None:
    """Live and settling calls, and those given up, whichever campaign made them; settled ones are not."""
    live, ended = case.intend(ANNA), case.intend(BEN)
    case.place(live, "live-1", "live-2")
    case.place(ended, "ended")
    case.end("ended")
    case.whole_call(CARA, "over")
    other = start(case.ledger, people(ANNA, BEN), name="other")
    other.place(other.intend(ANNA), "elsewhere")

    lost = other.intend(BEN)
    other.place(lost, "given up")
    other.give_up(lost)

    assert open_ids(case) == ["live-1", "live-2", "ended", "elsewhere", "given up"]
    assert open_ids(case, attempt_id=live) == ["live-1", "live-2"]


def test_an_open_call_counts_the_tries_of_its_person(case: Case) -> None:
    """The tries of an open call are those of its person that count, itself included."""
    case.not_called(case.intend(ANNA))
    case.whole_call(ANNA, "call-1", status=RowStatus.WAITING)
    attempt = case.intend(ANNA)
    case.place(attempt, "call-2", now=NOON + timedelta(hours=1))

    (found,) = case.ledger.read(calls.open_calls)

    assert found == calls.OpenCall(
        call_id="call-2",
        attempt_id=attempt,
        campaign_id=case.id,
        contact_id=case.contact_id(ANNA),
        row_number=2,
        tries=2,
        placed_at=NOON + timedelta(hours=1),
        ended_at=None,
        state=AttemptState.LIVE,
        to_number=ANNA,
        from_number="+12025550100",
        agent_id="agt_test",
        time_zones=found.time_zones,
        zone_source=found.zone_source,
    )
    assert found.time_zones == ("America/New_York",)


def test_an_open_call_that_was_stopped_is_known(case: Case) -> None:
    """A stop is journalled for the one call, and known as long as the call is open."""
    case.place(case.intend(ANNA), "one", "two")
    first, _ = case.ledger.read(calls.open_calls)

    case.ledger.write(calls.record_stopped, first, NOON).result()

    found = case.ledger.read(calls.open_calls)
    assert {record.call_id: record.was_stopped for record in found} == {"one": True, "two": False}


def test_a_call_ends_once(case: Case) -> None:
    """The first report of the end makes the row settling; a repeated one does not move it."""
    attempt = case.intend(ANNA)
    case.place(attempt, "call-1")

    assert case.end("call-1", now=NOON + timedelta(minutes=1))
    assert not case.end("call-1", now=NOON + timedelta(minutes=9))

    assert (case.state(attempt), case.statuses()[ANNA]) == (AttemptState.SETTLING, RowStatus.SETTLING)
    assert case.result(ANNA).ended_at == NOON + timedelta(minutes=1)


def test_settled_closes(case: Case) -> None:
    """Disposition, transcript status, reason and the row's end reach the disk together."""
    attempt = case.intend(ANNA)
    case.place(attempt, "call-1")
    case.end("call-1")

    assert case.settle("call-1", call=EVERYTHING)

    row = case.result(ANNA)
    assert (case.state(attempt), row.status, row.reason) == (
        AttemptState.ENDED,
        RowStatus.COMPLETED,
        "reached",
    )
    assert (row.disposition, row.transcript_status) == (Disposition.ANSWERED, TranscriptStatus.COMPLETE)
    assert open_ids(case) == []
    standing = case.ledger.read(results.standing, case.id)
    assert standing.dispositions == {Disposition.ANSWERED: 1}
    assert standing.dials == 1


@pytest.mark.parametrize(
    ("analysis", "is_in"),
    [({}, False), ({"outcome": "Interested"}, True), ({"summary": "Wants a call back."}, True)],
)
def test_a_call_that_is_read_back_tells_whether_its_analysis_is_in(
    case: Case, analysis: dict[str, Any], is_in: bool
) -> None:
    """Without outcome and summary it may still come, whichever generation of the API has told of the call."""
    case.place(case.intend(ANNA), "call-1")
    case.end("call-1", transcript="user: Hello", **analysis)

    assert case.ledger.read(calls.stored, "call-1").has_analysis is is_in


def test_a_retry_waits_until_its_time(case: Case) -> None:
    """A settled call that nobody answered makes its row wait until the retry is due."""
    attempt = case.intend(ANNA)
    case.place(attempt, "call-1")
    case.end("call-1")
    case.settle("call-1", status=RowStatus.WAITING, not_before=NOON + timedelta(hours=1))

    assert case.due() == [BEN, CARA]
    assert case.due(now=NOON + timedelta(hours=1)) == [ANNA, BEN, CARA]


def test_several_calls_of_one_attempt_settle_together(case: Case) -> None:
    """An attempt that became several calls settles only when all of them have ended and settled."""
    attempt = case.intend(ANNA)
    case.place(attempt, "call-1", "call-2")

    assert not case.end("call-1")
    assert case.statuses()[ANNA] == RowStatus.LIVE
    assert not case.settle("call-1")
    assert case.statuses()[ANNA] == RowStatus.LIVE
    assert case.end("call-2")
    assert case.statuses()[ANNA] == RowStatus.SETTLING
    assert case.settle("call-2")
    assert (case.state(attempt), case.statuses()[ANNA]) == (AttemptState.ENDED, RowStatus.COMPLETED)


def test_what_is_reported_is_kept(case: Case) -> None:
    """Every detail of a report is in the result, and a later report that leaves it out erases none."""
    case.place(case.intend(ANNA), "call-1")
    case.end("call-1", **EVERYTHING)
    case.end("call-1")
    case.settle("call-1")

    row = case.result(ANNA)
    kept = {key: getattr(row, key) for key in EVERYTHING.keys() - {"status", "messages"}}
    assert kept == {key: value for key, value in EVERYTHING.items() if key in kept}


def test_a_report_without_a_status_keeps_the_known_one(case: Case) -> None:
    """The provider's status is not forgotten because a later report leaves it out."""
    case.place(case.intend(ANNA), "call-1")
    case.end("call-1", status="completed")
    case.settle("call-1", call={"status": ""})

    assert case.result(ANNA).provider_status == "completed"


def test_a_call_for_review_may_end_after_all(case: Case) -> None:
    """A call that seemed endless and was given up settles when its end is seen later."""
    attempt = case.intend(ANNA)
    case.place(attempt, "call-1")
    case.give_up(attempt, reason="never ended")
    assert open_ids(case) == ["call-1"]

    assert case.end("call-1")
    assert case.statuses()[ANNA] == RowStatus.SETTLING
    assert case.settle("call-1")
    assert case.statuses()[ANNA] == RowStatus.COMPLETED


def test_a_doubt_has_no_open_call(case: Case) -> None:
    """An attempt in doubt is a doubt and not a call to follow."""
    case.doubt(case.intend(ANNA))

    assert open_ids(case) == []
    assert len(case.ledger.read(attempts.doubts)) == 1
