"""Days off that become known in the middle of a run."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import anyio
import pytest

from campaign.errors import ExitCode, InputMissingError
from campaign.models import RowStatus
from campaign.settings import Calendar, CampaignSettings
from campaign.settings.calendar import Span
from tests.calls.harness import QUICK, Stage, numbers
from tests.calls.held_time import HeldClock
from tests.support import NOON, make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
TODAY = NOON.date()
LOOKS_OFTEN = replace(QUICK, suppression_look_s=0.05)


def closing_today(today: date = TODAY) -> Calendar:
    """Nobody is called today, nor tomorrow."""
    return Calendar((Span(today, today + timedelta(days=1), "moving house"),))


@pytest.fixture
def settings() -> CampaignSettings:
    """Five calls a second, so that a look comes in between."""
    return make_settings(
        pace={"calls_per_second": 5, "burst": 1, "max_live_calls": 5},
        hours={"days": {"mon-sun": "00:00-24:00"}, "blackout": "closed.csv"},
    )


async def test_a_day_that_is_off_from_now_on(stage: MakeStage, settings: CampaignSettings) -> None:
    """Who has not been called by then waits for the next day that is not off."""
    spring = stage()
    spring.settings, spring.timing, spring.calendar = settings, LOOKS_OFTEN, Calendar()
    await spring.enrol(*numbers(6))

    async def read() -> Calendar:
        return closing_today() if spring.dialled() else Calendar()

    spring.read_calendar = read
    report = await spring.run()
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert report.next_due is not None
    assert report.next_due.date() == TODAY + timedelta(days=2)
    assert 0 < len(spring.dialled()) < 6
    waiting = [row for row in await spring.rows() if row.status is RowStatus.WAITING]
    assert len(waiting) == 6 - len(spring.dialled())
    assert {row.reason for row in waiting} == {"outside calling hours"}


async def test_days_that_cannot_be_read_to_their_end(
    stage: MakeStage, settings: CampaignSettings, clock: HeldClock
) -> None:
    """A read that hangs, as on a network disk, ends the run after a while and does not go unnoticed."""
    spring = stage()
    spring.settings, spring.calendar = settings, Calendar()
    spring.timing = replace(
        QUICK, suppression_look_s=1.0, suppression_longest_s=5.0, stall_look_s=1.0, longest_idle_s=90.0
    )
    spring.steady = clock.monotonic
    await spring.enrol(*numbers(60))

    async def hangs() -> Calendar:
        await anyio.sleep_forever()
        raise AssertionError

    spring.read_calendar = hangs
    report = await spring.run()
    assert report.exit_code is ExitCode.NO_INPUT
    assert "the days off could not be read within" in str(report.stop_error)
    assert 0 < len(spring.dialled()) < 60


async def test_days_that_cannot_be_read_any_more_stop_dialling(
    stage: MakeStage, settings: CampaignSettings
) -> None:
    """Nobody can say when people may be called: the run says so, and follows the calls that are live."""
    spring = stage()
    spring.settings, spring.timing, spring.calendar = settings, LOOKS_OFTEN, Calendar()
    await spring.enrol(*numbers(6))

    async def gone() -> Calendar:
        while not spring.dialled():  # noqa: ASYNC110 - the simulator rings no bell
            await anyio.sleep(0.01)
        raise InputMissingError("hours.blackout: closed.csv: No such file or directory")

    spring.read_calendar = gone
    report = await spring.run()
    assert report.exit_code is ExitCode.NO_INPUT
    assert "closed.csv" in str(report.stop_error)
    assert 0 < len(spring.dialled()) < 6
    assert (await spring.statuses())[RowStatus.WAITING] == 6 - len(spring.dialled())
