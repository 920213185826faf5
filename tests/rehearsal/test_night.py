"""A night in virtual time is the real run: same rules, same promise, other weather."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from campaign.errors import ExitCode
from campaign.models import Intake, RowStatus
from campaign.rehearsal.night import KILLED, STORM, USUAL, Forecast, Night
from tests.support import NOON, make_settings

PEOPLE = 30
MakeNight = Callable[..., Night]


@pytest.fixture
def make_night(make_intake: Callable[..., Intake]) -> MakeNight:
    """A night with some people and a campaign file."""

    def make(**changes: object) -> Night:
        lines = ["phone,customer_name", *(f"+1202555{at:04d},Person {at}" for at in range(100, 100 + PEOPLE))]
        settings = make_settings(pace={"calls_per_second": 1, "max_live_calls": 5}, **changes)
        return Night(make_intake(*lines, settings=settings), settings, NOON)

    return make


def told_alike(forecast: Forecast) -> tuple[object, ...]:
    """All of a forecast but its name."""
    return (forecast.ends_at, forecast.counts, forecast.dispositions, forecast.minutes, forecast.waited_s)


def test_a_usual_night_reaches_its_end(make_night: MakeNight) -> None:
    """Every row is final, everybody was called once, and the end is not before the pace allows it."""
    forecast = make_night().pass_under(USUAL)
    assert forecast.exit_code is ExitCode.OK
    assert forecast.calls == PEOPLE
    assert forecast.called_twice == 0
    assert forecast.counts.keys() <= {RowStatus.COMPLETED, RowStatus.UNREACHED}
    assert forecast.seconds > PEOPLE - 1
    assert "a free line" in forecast.waited_s


def test_the_same_seed_tells_the_same_night(make_night: MakeNight) -> None:
    """A rehearsal can be repeated; another seed has other people."""
    first, again = make_night().pass_under(USUAL), make_night().pass_under(USUAL)
    assert told_alike(first) == told_alike(again)
    other = make_night()
    other.seed = 2
    assert told_alike(other.pass_under(USUAL)) != told_alike(first)


def test_a_storm_delays_and_costs_nobody_a_call(make_night: MakeNight) -> None:
    """Under 429s the night lasts longer, and everybody is still called once."""
    usual, storm = make_night().pass_under(USUAL), make_night().pass_under(STORM)
    assert storm.turned_away > 0
    assert storm.ends_at > usual.ends_at
    assert (storm.calls, storm.called_twice) == (PEOPLE, 0)


def test_a_killed_run_is_continued(make_night: MakeNight) -> None:
    """Killed twice and started again, the night has called nobody twice and brought every row to its end."""
    usual = make_night().pass_under(USUAL)
    killed = make_night().pass_under(KILLED, usual_s=usual.seconds)
    assert killed.ends_at - usual.ends_at > timedelta(seconds=60)
    assert (killed.called_twice, killed.exit_code in (ExitCode.OK, ExitCode.NEEDS_REVIEW)) == (0, True)


def test_closed_hours_leave_rows_to_another_run(make_night: MakeNight) -> None:
    """At night nobody is called, and the forecast says from when on another run finds rows."""
    night = make_night(hours={"days": {"mon-sun": "09:00-20:00"}})
    night.start = datetime(2026, 6, 3, 5, 0, tzinfo=UTC)
    forecast = night.pass_under(USUAL)
    assert forecast.exit_code is ExitCode.NOT_FINISHED
    assert forecast.calls == 0
    # Only the numbers tell where these people are, so they are called an hour later.
    assert forecast.next_due == datetime(2026, 6, 3, 14, 0, tzinfo=UTC)


def test_suppressed_people_are_not_called_in_a_rehearsal_either(make_night: MakeNight) -> None:
    """The do-not-call lists of the campaign are the real ones."""
    night = make_night()
    night.suppressed = {"+12025550100": "on the list dnc.csv"}
    forecast = night.pass_under(USUAL)
    assert forecast.calls == PEOPLE - 1
    assert forecast.counts[RowStatus.SUPPRESSED] == 1
