"""Recordings in the ledger: which are wanted, and what has become of them."""

from datetime import timedelta
from typing import Any

import pytest

from campaign.ledger import recordings, rows
from campaign.ledger.ledger import Ledger
from campaign.ledger.recordings import Wanted
from campaign.models import RowStatus
from tests.ledger.case import ANNA, BEN, CARA, Case, do, people, start
from tests.support import NOON

LONG_AGO = NOON - timedelta(days=30)
LINK = "https://recordings.example/a?signature=x"


def wanted(case: Case, *, since: Any = LONG_AGO) -> list[str]:
    """The calls whose recordings a run would try to keep."""
    return [each.call_id for each in case.ledger.read(recordings.wanted, case.id, since=since)]


def only(case: Case) -> Wanted:
    """The one that is wanted."""
    [found] = case.ledger.read(recordings.wanted, case.id, since=LONG_AGO)
    return found


def missing(case: Case, recording: Wanted, *, most_tries: int = 3) -> None:
    do(case.ledger, recordings.record_missing, recording, why="HTTP 500", most_tries=most_tries, now=NOON)


def events(case: Case) -> list[tuple[str, str]]:
    """What the history of Anna's row tells of recordings."""
    told = case.ledger.read(rows.history, case.contact_id(ANNA))
    return [(each.event, each.detail) for each in told if each.event.startswith("recording")]


def test_settled_calls_that_may_have_one_are_wanted(case: Case) -> None:
    """Whoever was reached; not who is still on the line, and not one call twice."""
    case.whole_call(ANNA, "call-1")
    case.place(case.intend(BEN), "call-2")
    case.end("call-2")
    assert wanted(case) == ["call-1"]
    found = only(case)
    assert (found.row_number, found.campaign_id, found.contact_id) == (2, case.id, case.contact_id(ANNA))


def test_what_was_saved_is_not_wanted_any_more(case: Case) -> None:
    """Also after its file was moved elsewhere: the ledger remembers. The link in the result is the newest."""
    case.whole_call(ANNA, "call-1")
    do(case.ledger, recordings.record_saved, only(case), file="000002-call-1.wav", link=LINK, now=NOON)
    assert wanted(case) == []
    assert events(case) == [("recording.saved", "000002-call-1.wav")]
    assert case.result().recording_url == LINK


def test_a_file_that_was_there_keeps_the_link_as_it_is(case: Case) -> None:
    """A run that was killed between file and ledger knows no link."""
    case.whole_call(ANNA, "call-1")
    do(case.ledger, recordings.record_saved, only(case), file="000002-call-1.wav", link=None, now=NOON)
    assert wanted(case) == []
    assert case.result().recording_url is None


def test_what_is_missing_is_tried_by_so_many_runs(case: Case) -> None:
    """Each of them leaves a note, and the last one gives it up."""
    case.whole_call(ANNA, "call-1")
    for run in range(3):
        assert wanted(case) == ["call-1"], f"run {run}"
        missing(case, only(case))
    assert wanted(case) == []
    assert events(case) == [("recording.missing", "HTTP 500")] * 3


def test_another_campaign_takes_up_what_was_left_open(ledger: Ledger, case: Case) -> None:
    """Last night's campaign is run no more, so tonight's tries what it has left open."""
    case.whole_call(ANNA, "call-1")
    case.whole_call(BEN, "call-2")
    do(ledger, recordings.want, "call-1", NOON)
    do(ledger, recordings.want, "call-1", NOON + timedelta(days=1))
    tonight = start(ledger, people(CARA), name="tonight")
    assert wanted(tonight) == ["call-1"]
    assert wanted(tonight, since=NOON) == []
    assert wanted(case) == ["call-1", "call-2"]


@pytest.mark.parametrize("duration", [0.0, None, 12.5])
def test_who_was_not_reached_has_no_recording(case: Case, duration: float | None) -> None:
    """Unless the call has lasted, or has a link."""
    case.place(case.intend(ANNA), "call-1")
    case.end("call-1")
    case.settle("call-1", status=RowStatus.UNREACHED, call={"duration_seconds": duration})
    forget_disposition(case)
    assert wanted(case) == (["call-1"] if duration else [])


def test_a_call_with_a_link_has_a_recording(case: Case) -> None:
    """Whatever else is known of it."""
    case.place(case.intend(ANNA), "call-1")
    case.end("call-1", recording_url=LINK)
    case.settle("call-1")
    forget_disposition(case)
    assert wanted(case) == ["call-1"]


def forget_disposition(case: Case) -> None:
    """As for an end that no line knows."""
    do(case.ledger, lambda connection: connection.exec_driver_sql("UPDATE calls SET disposition = 'unknown'"))
