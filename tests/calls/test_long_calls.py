"""Runs with calls that last longer than the campaign file says: how long they are followed, and by whom."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from campaign.errors import ExitCode
from campaign.ledger import ending, suppression
from campaign.ledger.ending import Leftover
from campaign.models import Disposition, RowStatus
from campaign.simulator.app import Simulator
from campaign.simulator.people import Behaviour
from tests.calls.harness import FAST, QUICK, Stage, numbers, simulated
from tests.support import make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]


def talking(seconds: float, *faults: str, says: str = "Who is there?") -> Simulator:
    """An account where everybody answers and talks for so long."""
    people = Behaviour(
        answer=1.0, voicemail=0.0, busy=0.0, no_answer=0.0, talk_median_s=500 * seconds, talk_sigma=0.0
    )
    return simulated(*faults, behaviour=replace(people, replies=(says,)))


@pytest.mark.parametrize(
    ("by_the_file", "by_the_agent"), [("0.5s", 6.0), ("6s", 0.5), ("6s", None), ("6s", float("inf"))]
)
async def test_a_call_may_last_as_long_as_the_file_or_its_agent_allows(
    stage: MakeStage, by_the_file: str, by_the_agent: float | None
) -> None:
    """Whichever is longer: until then nobody gives it up, and its transcript comes back."""
    spring = stage(simulator=talking(3.0))
    spring.settings = make_settings(pace=FAST, call={"max_duration": by_the_file})
    await spring.enrol(*numbers(3))
    report = await spring.run(longest_call_s=by_the_agent)
    assert report.exit_code is ExitCode.OK
    assert all(row.status is RowStatus.COMPLETED and row.transcript for row in await spring.rows())


async def test_a_line_is_not_free_while_the_agent_still_talks(stage: MakeStage) -> None:
    """No more calls are live at a time than may be, however long they last."""
    spring = stage(simulator=talking(3.0))
    spring.settings = make_settings(
        pace={"calls_per_second": 500, "max_live_calls": 1}, call={"max_duration": "0.5s"}
    )
    await spring.enrol(*numbers(3))
    assert (await spring.run(longest_call_s=6.0)).exit_code is ExitCode.OK
    dials = spring.simulator.provider.dials
    assert all(later.at - earlier.at >= 3.0 for earlier, later in pairwise(dials))


async def test_a_long_silence_of_long_calls_is_no_stall(stage: MakeStage) -> None:
    """While everybody talks for as long as the agent allows, nothing is written down, and nothing hangs."""
    spring = stage(simulator=talking(2000.0))
    spring.settings = make_settings(pace=FAST, call={"max_duration": "0.5s"})
    spring.timing = replace(QUICK, look_max_s=10.0, foreign_longest_s=1.0, stall_look_s=5.0)
    spring.patience_s = 10_000.0
    await spring.enrol(*numbers(2))
    assert (await spring.run(longest_call_s=2500.0)).exit_code is ExitCode.OK


async def test_a_call_that_was_given_up_is_looked_at_by_a_run_of_another_campaign(stage: MakeStage) -> None:
    """A campaign with a date in its name has no later run: that of the next night takes results and wish."""
    spring = stage(simulator=talking(0.1, "never_end#1", says="Please stop calling me."))
    spring.settings = make_settings(pace=FAST, call={"max_duration": "0.5s"})
    await spring.enrol(*numbers(2), name="night-1")
    first_night = spring.campaign_id
    await spring.write(ending.remember_output, first_night, "night-1.csv")
    assert (await spring.run()).exit_code is ExitCode.NEEDS_REVIEW
    [endless] = [row for row in await spring.rows() if row.status is RowStatus.NEEDS_REVIEW]
    for call in spring.simulator.provider.calls.values():
        spring.simulator.provider.stop(call)

    await spring.enrol(numbers(9)[-1], name="night-2")
    written: list[tuple[str, str | None]] = []

    async def write(older: Leftover) -> str | None:
        written.append((older.name, older.output_path))
        return older.output_path

    spring.write_leftover = write
    assert (await spring.run()).exit_code is ExitCode.OK
    assert written == [("night-1", "night-1.csv")]
    spring.campaign_id = first_night
    [row] = [row for row in await spring.rows() if row.call_id == endless.call_id]
    assert (row.status, row.disposition) == (RowStatus.COMPLETED, Disposition.ANSWERED)
    assert endless.to_number in await spring.read(suppression.suppressed)


async def test_a_call_that_still_has_no_end_is_left_to_its_human_by_other_runs_too(stage: MakeStage) -> None:
    """One look, no dial, and the run of the other campaign ends as it would have."""
    spring = stage("never_end#1")
    spring.settings = make_settings(pace=FAST, call={"max_duration": "0.5s"})
    await spring.enrol(*numbers(2), name="night-1")
    first_night = spring.campaign_id
    assert (await spring.run()).exit_code is ExitCode.NEEDS_REVIEW
    await spring.enrol(numbers(9)[-1], name="night-2")
    began = spring.steady()
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.steady() - began < 60
    spring.campaign_id = first_night
    assert (await spring.statuses())[RowStatus.NEEDS_REVIEW] == 1
    assert len(spring.simulator.provider.dials) == 3
