"""Whether a placed call may still ring, and what a stopped one counts for: pure decisions."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.models import Call, Disposition, Ending, RowStatus
from campaign.rules import closing
from campaign.rules.dispositions import read_disposition
from campaign.rules.hours import Schedule, Whereabouts
from campaign.settings import HourSettings

NEW_YORK = Whereabouts(["America/New_York"])
BY_NUMBER = Whereabouts(["America/New_York"], is_certain=False)
LEAD = timedelta(seconds=15)
HOURS = HourSettings.model_validate({"days": {"mon-sun": "09:00-20:00"}, "closing_margin": "3m"})


@pytest.mark.parametrize(
    ("utc", "person", "may"),
    [
        ("2026-06-03T23:59:00", NEW_YORK, True),  # one minute before 20:00, within the closing margin
        ("2026-06-03T23:59:44", NEW_YORK, True),
        ("2026-06-03T23:59:45", NEW_YORK, False),
        ("2026-06-04T00:00:00", NEW_YORK, False),
        ("2026-06-03T12:59:59", NEW_YORK, False),
        ("2026-06-03T13:00:00", NEW_YORK, True),
        ("2026-06-03T22:59:44", BY_NUMBER, True),
        ("2026-06-03T22:59:45", BY_NUMBER, False),
        ("2026-06-03T17:00:00", Whereabouts(["America/New_York", "Asia/Tokyo"]), False),
        ("2026-06-03T17:00:00", Whereabouts([]), False),
        ("2026-06-03T17:00:00", Whereabouts(["No/Where"]), False),
    ],
)
def test_may_still_ring(utc: str, person: Whereabouts, may: bool) -> None:
    """Until so long before the window closes in every zone, whatever the closing margin of dialling is."""
    now = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert closing.may_still_ring(Schedule.of(HOURS), person, now, lead=LEAD) is may


def test_hours_that_never_close() -> None:
    """Where two windows meet at midnight nothing closes."""
    hours = HourSettings.model_validate({"days": {"mon-sun": "00:00-24:00"}})
    midnight = datetime(2026, 6, 4, 3, 59, 55, tzinfo=UTC)
    assert closing.may_still_ring(Schedule.of(hours), NEW_YORK, midnight, lead=LEAD)
    assert closing.closes_at(Schedule.of(hours), NEW_YORK, midnight) is None


@pytest.mark.parametrize("person", [NEW_YORK, BY_NUMBER])
def test_the_instant_of_closing_is_the_one_from_which_on_it_may_not_ring(person: Whereabouts) -> None:
    """So whoever knows only that instant stops the same calls."""
    now = datetime(2026, 6, 3, 17, 0, tzinfo=UTC)
    closes_at = closing.closes_at(Schedule.of(HOURS), person, now)
    assert closes_at is not None
    for moment in (closes_at - timedelta(seconds=1), closes_at, closes_at + timedelta(hours=1)):
        may = closing.may_still_ring(Schedule.of(HOURS), person, moment, lead=timedelta())
        assert may is (moment < closes_at)


@pytest.mark.parametrize(
    ("call", "queued"),
    [
        (Call("c", "queued", has_ended=False), True),
        (Call("c", "Initiated", has_ended=False), True),
        (Call("c", "scheduled", has_ended=False), True),
        (Call("c", "in-progress", has_ended=False), False),
        (Call("c", "", has_ended=False), False),
        (Call("c", "nobody-knows", has_ended=False), False),
        (Call("c", "queued", has_ended=True), False),
        (Call("c", "initiated", has_ended=False, started_at=datetime(2026, 6, 3, tzinfo=UTC)), False),
        (Call("c", "initiated", has_ended=False, messages=({"role": "agent", "content": "Hi"},)), False),
        (Call("c", "initiated", has_ended=False, transcript="agent: Hi"), False),
    ],
)
def test_queued(call: Call, queued: bool) -> None:
    """Only what OneInbox plainly says is not connected: a person may be talking in every other call."""
    assert closing.is_queued(call) is queued


@pytest.mark.parametrize(
    ("call", "disposition"),
    [
        (Call("c", "canceled", has_ended=True), Disposition.CANCELED),
        (Call("c", "completed", has_ended=True, end_reason="api_stop"), Disposition.CANCELED),
        (Call("c", "completed", has_ended=True, duration_seconds=0.0), Disposition.CANCELED),
        (Call("c", "failed", has_ended=True, end_reason="api_stop"), Disposition.CANCELED),
        (
            Call("c", "completed", has_ended=True, end_reason="api_stop", outcome="Not Connected"),
            Disposition.CANCELED,
        ),
        (Call("c", "busy", has_ended=True), Disposition.BUSY),
        (Call("c", "no_answer", has_ended=True), Disposition.NO_ANSWER),
        (Call("c", "completed", has_ended=True, duration_seconds=4.0), Disposition.ANSWERED),
        (Call("c", "completed", has_ended=True, transcript="user: Yes?"), Disposition.ANSWERED),
    ],
)
def test_how_a_stopped_call_reads(call: Call, disposition: Disposition) -> None:
    """It is canceled, however OneInbox words that, unless it rang or was connected before the stop came."""
    assert closing.reading_after_stop(call, read_disposition(call)).disposition is disposition


def test_what_becomes_of_the_row() -> None:
    """The reason says what was done; a row that is tried again keeps its own."""
    unreached = Ending(RowStatus.UNREACHED, "tried once, last end: canceled")
    assert closing.ending_after_stop(unreached) == Ending(RowStatus.UNREACHED, closing.STOPPED)
    again = Ending(RowStatus.WAITING, "canceled; next try is due", datetime(2026, 6, 4, tzinfo=UTC))
    assert closing.ending_after_stop(again) == again
