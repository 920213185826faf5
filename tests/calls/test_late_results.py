"""Results that come after a call has settled, in whole runs on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import anyio
import pytest

from campaign.errors import ExitCode
from campaign.ledger import ending, late, suppression
from campaign.ledger.ending import Leftover
from campaign.models import Disposition, RowStatus, TranscriptStatus
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from tests.calls.harness import FAST, Stage, numbers, simulated
from tests.calls.held_time import HeldClock
from tests.ledger.case import Case
from tests.support import make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
ANNA, BEN = numbers(2)
SAID = "asked in call {} not to be called again (said: stop calling)"


def angry(late_s: float, **changes: float) -> Behaviour:
    """Everybody asks not to be called again, and the results say so this much later, in real seconds."""
    shares = {"answer": 1.0, "voicemail": 0.0, "busy": 0.0, "no_answer": 0.0} | changes
    return Behaviour(**shares, results_late_s=500 * late_s, replies=("Please stop calling me.",))


async def suppressed(stage: Stage) -> dict[str, str]:
    """Whom the ledger forbids to call, with the reason."""
    return await stage.read(suppression.suppressed)


async def test_results_that_come_during_the_run_are_read_at_its_end(stage: MakeStage) -> None:
    """Transcript, outcome and the wish not to be called again are applied, and the result has them."""
    spring = stage(simulator=simulated(behaviour=angry(0.8)))
    spring.timing = replace(spring.timing, late_first_s=1.5)
    await spring.enrol(ANNA, BEN)

    report = await spring.run()

    assert report.exit_code is ExitCode.OK
    assert report.opt_outs == 2
    calls = {call.to_number: call.id for call in spring.simulator.provider.calls.values()}
    assert await suppressed(spring) == {number: SAID.format(call) for number, call in calls.items()}
    for row in await spring.rows():
        assert (row.status, row.reason) == (RowStatus.COMPLETED, "asked not to be called again")
        assert row.transcript_status is TranscriptStatus.COMPLETE
        assert "stop calling" in (row.transcript or "")
        assert row.outcome


async def test_results_that_come_after_the_run_are_read_by_the_next_one(
    stage: MakeStage, clock: HeldClock
) -> None:
    """Also by that of another campaign, before it dials anybody; the older result is written again."""
    spring = stage(simulator=simulated(behaviour=angry(20.0)))
    # Nothing but the wish keeps them from being called.
    spring.settings = make_settings(pace=FAST, caps={"per_number": {"calls": 9, "within": "1h"}})
    await spring.enrol(ANNA, BEN)
    await spring.write(ending.remember_output, spring.campaign_id, "night.csv")
    report = await spring.run()
    assert report.exit_code is ExitCode.OK
    assert (await suppressed(spring), report.opt_outs) == ({}, 0)
    assert {row.transcript_status for row in await spring.rows()} == {TranscriptStatus.EMPTY}
    first = spring.campaign_id

    clock.advance(3600.0)
    await spring.enrol(ANNA, BEN, "+13125550199", name="summer")
    written: list[Leftover] = []

    async def write(older: Leftover) -> str | None:
        written.append(older)
        return older.output_path

    spring.write_leftover = write
    report = await spring.run()

    assert set(await suppressed(spring)) >= {ANNA, BEN}
    assert spring.dialled() == {ANNA: 1, BEN: 1, "+13125550199": 1}
    assert report.opt_outs == 2
    [again] = written
    assert (again.campaign_id, again.name, again.output_path) == (first, "spring", "night.csv")
    spring.campaign_id = first
    assert {row.transcript_status for row in await spring.rows()} == {TranscriptStatus.COMPLETE}


async def test_each_call_is_looked_at_a_few_times_only(stage: MakeStage, clock: HeldClock) -> None:
    """Looks are counted in the ledger; a run that has nothing else to do makes them, too."""
    spring = stage(simulator=simulated(behaviour=angry(10**6)))
    await spring.enrol(ANNA)
    await spring.run()
    asked = []
    for _ in range(5):
        before = spring.simulator.faults._requests.get("get", 0)
        clock.advance(3700.0)
        assert (await spring.run()).exit_code is ExitCode.OK
        asked.append(spring.simulator.faults._requests["get"] - before)
    assert asked == [1, 1, 0, 0, 0]


@pytest.mark.parametrize(("opt_out", "is_due"), [({}, False), ({"field": "post_call.do_not_call"}, True)])
async def test_a_call_whose_field_for_a_wish_is_missing_is_looked_at_again(
    stage: MakeStage, opt_out: dict[str, str], is_due: bool
) -> None:
    """Transcript and label are there, and the field that may say it comes a moment later, or never."""
    spring = stage(simulator=simulated(behaviour=replace(angry(0.0), replies=("Who is there?",))))
    spring.settings = make_settings(pace=FAST, opt_out=opt_out)
    await spring.enrol(ANNA)
    assert (await spring.run()).exit_code is ExitCode.OK
    due = await spring.read(late.incomplete_calls, spring.now() + timedelta(hours=2))
    assert bool(due) is is_due


async def test_after_a_day_nobody_looks_any_more(stage: MakeStage, clock: HeldClock) -> None:
    """What has not come by then never will."""
    spring = stage(simulator=simulated(behaviour=angry(30.0)))
    await spring.enrol(ANNA)
    await spring.run()
    clock.advance(25 * 3600.0)
    await spring.run()
    assert await suppressed(spring) == {}


async def test_a_call_that_turns_out_to_be_a_talk_was_answered(stage: MakeStage, clock: HeldClock) -> None:
    """Until the transcript was there, nothing said how it had ended."""
    short = replace(angry(20.0), talk_median_s=0.1, replies=("Who is there?",))
    spring = stage(simulator=simulated(behaviour=short, generation="v1"))
    await spring.enrol(ANNA)
    await spring.run()
    [row] = await spring.rows()
    assert (row.disposition, row.status) == (Disposition.UNKNOWN, RowStatus.COMPLETED)

    clock.advance(3600.0)
    await spring.run()

    [row] = await spring.rows()
    assert (row.disposition, row.status, row.reason) == (Disposition.ANSWERED, RowStatus.COMPLETED, "")
    assert "Who is there?" in (row.transcript or "")


@pytest.mark.parametrize("fault", ["status=404@get", "status=503@get", "throttle=60@get", "status=401@get"])
async def test_a_look_that_fails_changes_no_end(stage: MakeStage, fault: str, clock: HeldClock) -> None:
    """It is no trouble of the run that has finished, and nobody waits for it."""
    spring = stage(simulator=simulated(behaviour=angry(10**6)))
    await spring.enrol(ANNA)
    assert (await spring.run()).exit_code is ExitCode.OK
    clock.advance(3700.0)
    spring.simulator.faults.faults = (Fault.parse(fault),)
    assert (await spring.run()).exit_code is ExitCode.OK


async def test_who_was_not_connected_is_not_looked_at_again(stage: MakeStage, clock: HeldClock) -> None:
    """There is nothing to come."""
    nobody = Behaviour(answer=0.0, voicemail=0.0, busy=0.5, no_answer=0.5)
    spring = stage(simulator=simulated(behaviour=nobody))
    await spring.enrol(ANNA, BEN)
    await spring.run()
    assert await spring.read(late.incomplete_calls, spring.now()) == []


async def test_a_wish_that_comes_between_two_tries_holds_the_second(stage: MakeStage) -> None:
    """What an earlier call has said is read right before its person is dialled again, in the same run."""
    spring = stage(simulator=simulated(behaviour=angry(20.0)))
    spring.timing = replace(spring.timing, longest_idle_s=7200.0)
    spring.patience_s = 10_000.0
    spring.settings = make_settings(
        pace=FAST,
        retry={"max_attempts": 2, "voicemail": ["1h"]},
        dispositions=[{"status": "completed", "has_transcript": False, "is": "voicemail"}],
    )
    await spring.enrol(ANNA, BEN)

    report = await spring.run()

    assert report.exit_code is ExitCode.OK
    assert spring.dialled() == {ANNA: 1, BEN: 1}
    assert set(await suppressed(spring)) == {ANNA, BEN}
    assert {(row.status, row.reason) for row in await spring.rows()} == {
        (RowStatus.COMPLETED, "asked not to be called again")
    }


@pytest.mark.parametrize("gap", ["2h", "30m"])
async def test_who_has_talked_in_a_call_that_broke_is_not_tried_again(
    stage: MakeStage, clock: HeldClock, gap: str
) -> None:
    """Its words come after it has settled: read by the next run, or right before the next try is dialled."""
    broken = replace(angry(20.0), replies=("Who is there?",))
    spring = stage(simulator=simulated(behaviour=broken))
    spring.timing = replace(spring.timing, longest_idle_s=0.0)
    spring.settings = make_settings(
        pace=FAST,
        retry={"max_attempts": 2, "failed": [gap]},
        dispositions=[{"status": "completed", "is": "failed"}],
    )
    await spring.enrol(ANNA)
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    assert [row.status for row in await spring.rows()] == [RowStatus.WAITING]

    clock.advance(3600.0)
    assert (await spring.run()).exit_code is ExitCode.OK

    assert spring.dialled() == {ANNA: 1}
    [row] = await spring.rows()
    assert (row.status, row.reason) == (RowStatus.COMPLETED, "failed, but the person has talked")


async def test_who_has_declined_is_looked_at_again_and_stays_unreached(
    stage: MakeStage, clock: HeldClock
) -> None:
    """The line was connected for some seconds, no word of it is known, and no try follows such an end."""
    spring = stage(simulator=simulated(behaviour=angry(10**6)))
    spring.settings = make_settings(
        pace=FAST, dispositions=[{"status": "completed", "is": "failed", "retry": False}]
    )
    await spring.enrol(ANNA)
    for _ in range(2):
        assert (await spring.run()).exit_code is ExitCode.OK
        assert [row.status for row in await spring.rows()] == [RowStatus.UNREACHED]
        clock.advance(3600.0)


async def test_who_was_reached_after_all_is_not_told_as_unreached(stage: MakeStage, clock: HeldClock) -> None:
    """Also where no further try was due."""
    spring = stage(simulator=simulated(behaviour=replace(angry(20.0), replies=("Who is there?",))))
    spring.settings = make_settings(
        pace=FAST, dispositions=[{"status": "completed", "has_transcript": False, "is": "no_answer"}]
    )
    await spring.enrol(ANNA)
    await spring.run()
    assert [row.status for row in await spring.rows()] == [RowStatus.UNREACHED]

    clock.advance(3600.0)
    await spring.run()

    [row] = await spring.rows()
    assert (row.status, row.reason, row.disposition) == (RowStatus.COMPLETED, "", Disposition.ANSWERED)


@pytest.mark.parametrize("follow_others", [True, False])
async def test_another_campaigns_run_reads_a_call_by_the_rules_of_its_own(
    stage: MakeStage, clock: HeldClock, follow_others: bool
) -> None:
    """What the campaign takes for a voicemail stays one, and the try that is due stays due."""
    spring = stage(simulator=simulated(behaviour=angry(10**6)))
    spring.timing = replace(spring.timing, longest_idle_s=0.0)
    spring.settings = make_settings(
        pace=FAST,
        retry={"max_attempts": 2, "voicemail": ["2h"]},
        dispositions=[{"status": "completed", "has_transcript": False, "is": "voicemail"}],
    )
    await spring.enrol(ANNA)
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    before, first = await spring.rows(), spring.campaign_id
    assert [(row.status, row.disposition) for row in before] == [(RowStatus.WAITING, Disposition.VOICEMAIL)]

    clock.advance(3600.0)
    spring.settings = make_settings(pace=FAST)
    await spring.enrol(BEN, name="summer")
    await spring.run(follow_others=follow_others)

    spring.campaign_id = first
    assert await spring.rows() == before


@pytest.mark.parametrize("fault", ["throttle=1@get#1", "status=503@get#1-3", "drop@get#1-2"])
async def test_a_look_that_fails_holds_its_person_until_it_works(
    stage: MakeStage, fault: str, clock: HeldClock
) -> None:
    """The wish has been there for hours when the next campaign begins: nobody is dialled before it is read.

    Others are not kept waiting.
    """
    spring = stage(simulator=simulated(behaviour=angry(20.0)))
    spring.settings = make_settings(pace=FAST)
    await spring.enrol(ANNA)
    await spring.run()
    clock.advance(21 * 3600.0)
    spring.simulator.faults = FaultPlan((Fault.parse(fault),))
    spring.timing = replace(spring.timing, longest_idle_s=7200.0)
    spring.patience_s = 10_000.0
    await spring.enrol(ANNA, BEN, name="summer")

    report = await spring.run()

    assert report.exit_code is ExitCode.OK
    assert spring.dialled() == {ANNA: 1, BEN: 1}
    assert {row.to_number: row.status for row in await spring.rows()} == {
        ANNA: RowStatus.SUPPRESSED,
        BEN: RowStatus.COMPLETED,
    }


@pytest.mark.parametrize("fault", ["status=404@get", "status=422@get", "status=400@get"])
async def test_a_call_that_cannot_be_read_holds_nobody_for_good(
    stage: MakeStage, fault: str, clock: HeldClock
) -> None:
    """Where OneInbox says that there is no such call, nothing more is to come."""
    spring = stage(simulator=simulated(behaviour=angry(10**6)))
    await spring.enrol(ANNA)
    await spring.run()
    clock.advance(21 * 3600.0)
    spring.simulator.faults = FaultPlan((Fault.parse(fault + "#1-2"),))
    await spring.enrol(ANNA, name="summer")
    await spring.run()
    assert spring.dialled() == {ANNA: 2}


async def test_a_call_that_nobody_can_read_leaves_its_person_to_the_next_run(
    stage: MakeStage, clock: HeldClock
) -> None:
    """The run looks less and less often, and ends; its row waits and says why."""
    spring = stage(simulator=simulated(behaviour=angry(20.0)))
    await spring.enrol(ANNA)
    await spring.run()
    clock.advance(21 * 3600.0)
    spring.simulator.faults = FaultPlan((Fault.parse("status=503@get#1-60"),))
    spring.patience_s = 10_000.0
    await spring.enrol(ANNA, name="summer")

    report = await spring.run()

    assert report.exit_code is ExitCode.NOT_FINISHED
    assert spring.dialled() == {ANNA: 1}
    [row] = await spring.rows()
    assert (row.status, row.reason) == (RowStatus.WAITING, "what was said in an earlier call is not read yet")


async def test_a_weekend_between_a_wish_and_the_next_call(stage: MakeStage, clock: HeldClock) -> None:
    """However long nobody has looked: before its person is dialled, what was said is read."""
    spring = stage(simulator=simulated(behaviour=angry(20.0)))
    await spring.enrol(ANNA)
    await spring.run()
    clock.advance(65 * 3600.0)
    await spring.enrol(ANNA, name="summer")
    await spring.run()
    assert spring.dialled() == {ANNA: 1}
    assert set(await suppressed(spring)) == {ANNA}


async def test_what_was_settled_as_known_without_its_analysis_is_looked_at_again(stage: MakeStage) -> None:
    """A wish not to be called again may stand in the label alone, which comes after the words."""
    spring = stage("status=404@get")
    await spring.enrol(ANNA, BEN)
    case = Case(spring.ledger, spring.campaign_id)

    def end(number: str, call_id: str, **details: Any) -> None:
        case.place(case.intend(number), call_id)
        case.end(call_id, duration_seconds=30.0, transcript="user: Hello", **details)

    await anyio.to_thread.run_sync(lambda: end(ANNA, "call-1"))
    await anyio.to_thread.run_sync(lambda: end(BEN, "call-2", outcome="Interested"))

    assert (await spring.run()).exit_code is ExitCode.OK

    due = await spring.read(late.incomplete_calls, spring.now() + timedelta(hours=2))
    assert [each.call_id for each in due] == ["call-1"]
