"""Further tries of whole runs: never too many, too soon or too often a day, whatever was decided earlier."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaign.errors import ExitCode
from campaign.ledger import waiting
from campaign.models import Disposition, RowStatus
from campaign.simulator.people import Behaviour
from tests.calls.harness import FAST, Stage, numbers, simulated
from tests.support import make_settings

pytestmark = pytest.mark.anyio
MakeStage = Callable[..., Stage]
NOBODY = Behaviour(answer=0, voicemail=0, busy=0, no_answer=1)
OFTEN = {"max_attempts": 3, "no_answer": ["0.1s", "0.1s"], "per_day": 3}


def away(stage: MakeStage, **retry: Any) -> Stage:
    """A campaign whose people never answer, in the middle of their day."""
    spring = stage(simulator=simulated(behaviour=NOBODY))
    spring.settings = make_settings(pace=FAST, retry={**OFTEN, **retry})
    at_noon = datetime(2026, 6, 3, 17, 0, tzinfo=UTC) - datetime.now(UTC)
    spring.now = lambda: datetime.now(UTC) + at_noon
    return spring


async def test_the_last_try_of_a_day_is_followed_by_one_on_the_next(stage: MakeStage) -> None:
    """The run ends with 75 and says when; on the next day the third try is made, and no fourth."""
    spring = away(stage, per_day=2)
    await spring.enrol(*numbers(2))
    report = await spring.run()
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert spring.dialled() == dict.fromkeys(numbers(2), 2)
    assert report.next_due == datetime(2026, 6, 4, 4, 0, tzinfo=UTC)
    assert {row.reason for row in await spring.rows()} == {"tried 2 times today"}
    today = spring.now
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    spring.now = lambda: today() + timedelta(days=1)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(2), 3)
    assert await spring.statuses() == {RowStatus.UNREACHED: 2}


async def test_a_time_that_was_lost_does_not_bring_a_try_forward(stage: MakeStage) -> None:
    """Were the stored time of the next try gone, the end of the last one would still hold it."""
    spring = away(stage, no_answer=["4h", "4h"])
    await spring.enrol(*numbers(2))
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    for due in await spring.read(
        waiting.due, spring.campaign_id, spring.now() + timedelta(days=1), skip=(), limit=9
    ):
        await spring.write(
            waiting.hold,
            due.contact_id,
            status=RowStatus.WAITING,
            reason="",
            now=spring.now(),
            not_before=None,
        )
    report = await spring.run()
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert spring.dialled() == dict.fromkeys(numbers(2), 1)
    assert report.next_due is not None
    assert timedelta(hours=3) < report.next_due - spring.now() < timedelta(hours=4, seconds=1)


async def test_fewer_tries_than_before(stage: MakeStage) -> None:
    """Who waits for a try that the campaign file does not allow any more is final, and not dialled."""
    spring = away(stage, no_answer=["4h", "4h"])
    await spring.enrol(*numbers(2))
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    spring.settings = make_settings(pace=FAST)
    today = spring.now
    spring.now = lambda: today() + timedelta(hours=5)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(2), 1)
    assert {(row.status, row.reason) for row in await spring.rows()} == {
        (RowStatus.UNREACHED, "tried once, last end: no_answer")
    }


async def test_the_campaigns_own_lines_say_how_a_call_ended(stage: MakeStage) -> None:
    """Here its carrier says no answer for people who are to be left alone."""
    spring = away(stage)
    spring.settings = make_settings(
        pace=FAST, retry=OFTEN, dispositions=[{"status": "no-answer", "is": "canceled"}]
    )
    await spring.enrol(*numbers(2))
    report = await spring.run()
    assert report.exit_code is ExitCode.OK
    assert report.dispositions == {Disposition.CANCELED: 2}
    assert spring.dialled() == dict.fromkeys(numbers(2), 1)


async def test_ends_that_no_line_knows_are_told_and_not_tried_again(stage: MakeStage) -> None:
    """The report has OneInbox's words for them, and how many calls ended so."""
    spring = away(stage)
    spring.simulator = simulated("odd_status=hung-up", behaviour=Behaviour(answer=1))
    await spring.enrol(*numbers(3))
    report = await spring.run()
    assert report.exit_code is ExitCode.OK
    assert report.unmapped == {("hung-up", "user_hangup"): 3}
    assert spring.dialled() == dict.fromkeys(numbers(3), 1)


async def test_a_cap_may_count_the_campaigns_own_calls(stage: MakeStage) -> None:
    """Two calls in a week are no more than two, retries and other campaigns among them."""
    spring = away(stage)
    spring.settings = make_settings(
        pace=FAST, retry=OFTEN, caps={"per_number": [{"calls": 2, "within": "7d", "counts": "all"}]}
    )
    await spring.enrol(*numbers(2))
    report = await spring.run()
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert spring.dialled() == dict.fromkeys(numbers(2), 2)
    assert report.next_due is not None
    assert timedelta(days=6) < report.next_due - spring.now() <= timedelta(days=7)
    await spring.enrol(*numbers(3), name="second")
    await spring.run()
    assert spring.dialled() == {**dict.fromkeys(numbers(2), 2), numbers(3)[2]: 2}
