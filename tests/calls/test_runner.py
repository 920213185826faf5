"""Whole runs on both databases, each with one thing going wrong."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import pytest
from sqlalchemy import func, select

from campaign.errors import ConfigError, ExitCode, InputMissingError
from campaign.ledger import attempts, campaigns, rows, schema, suppression, waiting
from campaign.ledger.ledger import Connection, Ledger
from campaign.models import Disposition, RowStatus, TranscriptStatus
from campaign.oneinbox.errors import KeyRefused
from campaign.rules.gates import GATES
from campaign.simulator.faults import Fault
from campaign.simulator.people import Behaviour
from tests.calls.harness import FAST, IMPATIENT, QUICK, Stage, numbers, simulated
from tests.calls.held_time import HeldClock
from tests.ledger.case import EVA, EVA_TOO
from tests.support import NOON, make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]


async def many_turns() -> None:
    """Let every task go as far as it can before time passes."""
    for _ in range(500):
        await anyio.lowlevel.checkpoint()


def number_of_attempts(connection: Connection) -> int:
    """How many intents were ever written down."""
    return connection.scalar(select(func.count()).select_from(schema.attempts)) or 0


class LateAnswers(Ledger):
    """Says when the next row is due only after every task has gone as far as it can."""

    def __init__(self, ledger: Ledger) -> None:
        vars(self).update(vars(ledger))

    def read(self, verb: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As in the ledger, but late."""
        if verb is waiting.next_due:
            # First what the tasks have for the writer, then what they do with its answers.
            anyio.from_thread.run(many_turns)
            self.write(lambda _connection: None).result()
            anyio.from_thread.run(many_turns)
        return super().read(verb, *args, **kwargs)


async def test_a_run_calls_everybody_once_and_brings_the_results_back(stage: MakeStage) -> None:
    """Everybody is dialled once, every row is final, transcripts and outcomes are in."""
    spring = stage()
    await spring.enrol(*numbers(30))
    report = await spring.run()
    assert report.exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(30), 1)
    for row in await spring.rows():
        assert row.status in (RowStatus.COMPLETED, RowStatus.UNREACHED)
        reached = row.disposition in (Disposition.ANSWERED, Disposition.VOICEMAIL)
        assert bool(row.transcript) is reached
        assert row.transcript_status is (TranscriptStatus.COMPLETE if reached else TranscriptStatus.EMPTY)


async def test_nothing_is_asked_of_the_api_when_nothing_is_left_to_do(stage: MakeStage) -> None:
    """A finished campaign ends at once, even while the API is down."""
    spring = stage()
    await spring.enrol(*numbers(3))
    await spring.run()
    spring.simulator = simulated("status=503@list")
    report = await spring.run()
    assert report.exit_code is ExitCode.OK
    assert spring.simulator.provider.dials == []


@pytest.mark.parametrize("fault", ["lose_reply", "cut", "garble", "no_id", "act_then_status=500"])
@pytest.mark.parametrize("generation", ["v1", "v3"])
async def test_a_call_whose_reply_was_lost_is_found_and_followed(
    stage: MakeStage, fault: str, generation: str
) -> None:
    """In doubt is not redialled: the call is found in the list, and its results come back."""
    spring = stage(simulator=simulated(f"{fault}#2-3", generation=generation))
    await spring.enrol(*numbers(6))
    report = await spring.run()
    assert report.exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(6), 1)
    assert {row.call_id for row in await spring.rows()} == set(spring.simulator.provider.calls)


async def test_a_reply_that_does_not_come_is_in_doubt_after_the_deadline(stage: MakeStage) -> None:
    """A stalled reply ends by the total deadline, and the call is found."""
    spring = stage("stall=5#2")
    await spring.enrol(*numbers(4))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(4), 1)


async def test_a_call_that_is_in_no_list_is_for_a_human(stage: MakeStage) -> None:
    """Never sent or never listed: after the wait and two looks the row needs review, and nobody redials."""
    spring = stage("drop#2")
    await spring.enrol(*numbers(5))
    report = await spring.run()
    assert report.exit_code is ExitCode.NEEDS_REVIEW
    assert (await spring.statuses())[RowStatus.NEEDS_REVIEW] == 1
    assert (await spring.run()).exit_code is ExitCode.NEEDS_REVIEW
    assert len(spring.simulator.provider.dials) == 4


async def test_a_list_that_lags_is_waited_for(stage: MakeStage) -> None:
    """A call that the list shows late is found late, and is not given up before."""
    spring = stage(simulator=simulated("lose_reply#2", lag_s=0.3))
    await spring.enrol(*numbers(4))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(4), 1)


async def test_a_list_that_fails_says_nothing(stage: MakeStage) -> None:
    """While the list cannot be read, a doubt stays one: the run ends with 69, the next one settles it."""
    spring = stage("lose_reply#2", "status=503@list#2-9999")
    spring.timing = IMPATIENT
    await spring.enrol(*numbers(3))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert (await spring.statuses())[RowStatus.IN_DOUBT] == 1
    spring.simulator.faults.faults = ()
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(3), 1)


async def test_several_calls_of_one_request_open_the_breaker(stage: MakeStage) -> None:
    """When the provider doubles a call, all are adopted, nobody else is dialled, and the run says so."""
    spring = stage("duplicate#2", "lose_reply#2")
    spring.settings = make_settings(pace={"calls_per_second": 20, "max_live_calls": 2})
    await spring.enrol(*numbers(40))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "2 calls of one request" in str(report.stop_error)
    assert spring.dialled()[numbers(2)[1]] == 2
    assert (await spring.statuses())[RowStatus.WAITING] > 20


async def test_an_endless_call_is_for_a_human_and_is_looked_at_again(stage: MakeStage) -> None:
    """A call without an end needs review; when it has ended after all, the next run takes its results."""
    spring = stage("never_end#2")
    spring.settings = make_settings(pace=FAST, call={"max_duration": "0.5s"})
    await spring.enrol(*numbers(4))
    report = await spring.run()
    assert report.exit_code is ExitCode.NEEDS_REVIEW
    assert (await spring.statuses())[RowStatus.NEEDS_REVIEW] == 1
    for call in spring.simulator.provider.calls.values():
        spring.simulator.provider.stop(call)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(4), 1)


async def test_unknown_statuses_are_followed_to_their_end(stage: MakeStage) -> None:
    """A status that nobody has documented ends the call when it has an end time, and is kept as it came."""
    spring = stage("odd_status=Teleported#1")
    await spring.enrol(*numbers(2))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert "Teleported" in {row.provider_status for row in await spring.rows()}


@pytest.mark.parametrize("fault", ["status=404@list", "status=405@list", "status=501@list"])
async def test_without_a_list_calls_are_followed_one_by_one(stage: MakeStage, fault: str) -> None:
    """An account without a usable list is tracked by single requests."""
    spring = stage(fault)
    await spring.enrol(*numbers(5))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert all(row.call_id for row in await spring.rows())


async def test_a_refused_row_does_not_stop_the_others(stage: MakeStage) -> None:
    """422 about one number is final for that row, with the API's words, and costs the others nothing."""
    spring = stage("refuse#2")
    await spring.enrol(*numbers(5))
    assert (await spring.run()).exit_code is ExitCode.OK
    refused = [row for row in await spring.rows() if row.status is RowStatus.REFUSED]
    assert [(row.attempts, row.error) for row in refused] == [
        (0, "HTTP 422: to_number: not a callable number")
    ]


async def test_an_unknown_agent_stops_the_campaign(stage: MakeStage) -> None:
    """What all rows share is wrong: one request, exit 78, every row still waiting."""
    spring = stage(simulator=simulated(agents=frozenset({"agt_other"})))
    spring.settings = make_settings(pace={"calls_per_second": 100, "max_live_calls": 1})
    await spring.enrol(*numbers(5))
    report = await spring.run()
    assert report.exit_code is ExitCode.CONFIG
    assert await spring.statuses() == {RowStatus.WAITING: 5}
    assert "agent_id" in str(report.stop_error)


async def test_a_429_without_a_time_backs_off_and_costs_no_attempt(stage: MakeStage) -> None:
    """Throttled requests are repeated later, and count as no try."""
    spring = stage("throttle#3-6")
    await spring.enrol(*numbers(10))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(10), 1)
    assert {row.attempts for row in await spring.rows()} == {1}


async def test_suppressed_people_are_not_called(stage: MakeStage) -> None:
    """Neither those of the ledger nor those of the campaign file's lists."""
    spring = stage()
    await spring.enrol(*numbers(4))
    listed, own = numbers(4)[1], numbers(4)[2]
    spring.suppressed = {listed: "on the suppression list dnc.csv"}
    await spring.write(suppression.suppress, [own], reason="asked not to be called", now=NOON)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert listed not in spring.dialled()
    assert own not in spring.dialled()
    reasons = {row.to_number: row.reason for row in await spring.rows() if row.status is RowStatus.SUPPRESSED}
    assert reasons == {listed: "on the suppression list dnc.csv", own: "asked not to be called"}


async def test_who_is_suppressed_without_a_reason_is_not_called(stage: MakeStage) -> None:
    """Another program may have put them into the ledger, and said no more; `plan` counts them as well."""
    spring = stage()
    await spring.enrol(*numbers(2))
    silent = numbers(2)[0]
    await spring.write(suppression.suppress, [silent], reason="", now=NOON)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == {numbers(2)[1]: 1}
    assert [row.status for row in await spring.rows()] == [RowStatus.SUPPRESSED, RowStatus.COMPLETED]


async def test_what_the_gates_looked_at_is_kept_with_every_dial(stage: MakeStage) -> None:
    """Later it can be explained why a person was called, and why another was not."""
    spring = stage()
    await spring.enrol(*numbers(2))
    called, listed = numbers(2)
    spring.suppressed = {listed: "on the suppression list dnc.csv"}
    assert (await spring.run()).exit_code is ExitCode.OK

    result = await spring.rows()

    async def told(number: str) -> list[tuple[str, str]]:
        [row] = [row for row in result if row.to_number == number]
        [at] = await spring.read(rows.rows_numbered, spring.campaign_id, row.row_number)
        return [(each.event, each.detail) for each in await spring.read(rows.history, at.contact_id)]

    evidence = dict(await told(called))["call.intended"]
    assert all(f"{gate.name}: " in evidence for gate in GATES)
    assert "suppression: on no list; " in evidence
    assert await told(listed) == [("row.suppressed", "on the suppression list dnc.csv")]


async def test_who_comes_onto_a_list_during_a_run_is_not_called(stage: MakeStage) -> None:
    """The lists are looked at again, and count at the next dial."""
    spring = stage()
    spring.settings = make_settings(pace={"calls_per_second": 5, "burst": 1, "max_live_calls": 5})
    spring.timing = replace(QUICK, suppression_look_s=0.05)
    await spring.enrol(*numbers(6))

    async def everybody() -> dict[str, str]:
        return dict.fromkeys(numbers(6), "on the suppression list dnc.csv")

    spring.read_suppression = everybody
    assert (await spring.run()).exit_code is ExitCode.OK
    assert len(spring.dialled()) < 3
    assert (await spring.statuses())[RowStatus.SUPPRESSED] > 3


async def test_a_list_that_cannot_be_read_any_more_stops_dialling(stage: MakeStage) -> None:
    """Nobody can say who must not be called: the run says so, and follows the calls that are live."""
    spring = stage()
    spring.settings = make_settings(pace={"calls_per_second": 5, "burst": 1, "max_live_calls": 5})
    spring.timing = replace(QUICK, suppression_look_s=0.05)
    await spring.enrol(*numbers(6))

    async def gone() -> dict[str, str]:
        while not spring.dialled():  # noqa: ASYNC110 - the simulator rings no bell
            await anyio.sleep(0.01)
        raise InputMissingError("suppression list dnc.csv: No such file or directory")

    spring.read_suppression = gone
    report = await spring.run()
    assert report.exit_code is ExitCode.NO_INPUT
    assert "dnc.csv" in str(report.stop_error)
    assert 0 < len(spring.dialled()) < 6
    assert (await spring.statuses())[RowStatus.WAITING] == 6 - len(spring.dialled())


async def test_a_list_that_is_just_being_replaced_holds_dialling_for_a_moment(
    stage: MakeStage, clock: HeldClock
) -> None:
    """Nobody is dialled from the look at which it could not be read until the one at which it can."""
    spring = stage()
    spring.settings = make_settings(pace={"calls_per_second": 5, "burst": 1, "max_live_calls": 5})
    spring.timing = replace(QUICK, suppression_look_s=10.0, longest_idle_s=120.0)
    spring.steady = clock.monotonic
    await spring.enrol(*numbers(60))
    looks: list[float] = []

    async def half_there() -> dict[str, str]:
        looks.append(clock.monotonic())
        if len(looks) == 1:
            raise ConfigError("suppression list dnc.csv: there is no number in it")
        return {}

    spring.read_suppression = half_there
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(60), 1)
    bad, good, *_ = looks
    dialled_at = [dial.at for dial in spring.simulator.provider.dials]
    assert not any(bad + 1 < at < good for at in dialled_at)
    assert any(at > good for at in dialled_at)


async def test_lists_that_cannot_be_read_to_their_end(stage: MakeStage, clock: HeldClock) -> None:
    """A read that hangs, as on a network disk, is noticed: dialling waits, and then the run says why."""
    spring = stage()
    spring.settings = make_settings(pace={"calls_per_second": 5, "burst": 1, "max_live_calls": 5})
    spring.timing = replace(
        QUICK,
        suppression_look_s=1.0,
        suppression_stale_s=5.0,
        suppression_longest_s=20.0,
        stall_look_s=1.0,
        longest_idle_s=90.0,
    )
    spring.steady = clock.monotonic
    await spring.enrol(*numbers(60))
    started_at = clock.monotonic()

    async def hangs() -> dict[str, str]:
        await anyio.sleep_forever()
        raise AssertionError

    spring.read_suppression = hangs
    report = await spring.run()
    assert report.exit_code is ExitCode.NO_INPUT
    assert "the suppression lists could not be read within 2" in str(report.stop_error)
    last = max(dial.at for dial in spring.simulator.provider.dials) - started_at
    assert 4 < last < 7
    assert (await spring.statuses())[RowStatus.WAITING] == 60 - len(spring.dialled())


async def test_who_asks_not_to_be_called_is_suppressed_at_once(stage: MakeStage) -> None:
    """For every campaign and with the reason; no further try is made, and the report counts them."""
    spring = stage(simulator=simulated(behaviour=Behaviour(replies=("Stop calling me.",))))
    spring.settings = make_settings(
        pace=FAST, retry={"max_attempts": 2, "voicemail": ["1s"], "no_answer": ["1s"]}
    )
    await spring.enrol(*numbers(3))
    report = await spring.run()
    answered = {row.to_number for row in await spring.rows() if row.disposition is Disposition.ANSWERED}
    assert answered
    assert report.opt_outs == len(answered)
    kept = await spring.read(suppression.suppressed)
    assert kept.keys() == answered
    assert all("not to be called again (said: stop calling)" in reason for reason in kept.values())
    rows = [row for row in await spring.rows() if row.to_number in answered]
    assert {(row.status, row.reason) for row in rows} == {
        (RowStatus.COMPLETED, "asked not to be called again")
    }


async def test_nobody_is_called_outside_the_hours(stage: MakeStage) -> None:
    """Closed hours hold every row, the run ends with 75 and says when the next may be called."""
    spring = stage()
    spring.now = lambda: NOON.replace(hour=4)
    spring.settings = make_settings(pace=FAST, hours={"days": {"mon-sun": "09:00-20:00"}})
    await spring.enrol(*numbers(3))
    report = await spring.run()
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert spring.simulator.provider.dials == []
    # Where only the number tells the zone, it is an hour later.
    assert report.next_due == datetime(2026, 6, 3, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "minute", "is_called"),
    [
        ("America/New_York", "13:30", True),
        ("", "13:30", False),
        ("", "14:00", True),
        ("America/New_York", "23:57", False),
    ],
)
async def test_hours_are_narrower_where_only_the_number_tells_the_zone(
    stage: MakeStage, zone: str, minute: str, is_called: bool
) -> None:
    """Half past nine in New York is in hours for who lives there, and not for who only has such a number."""
    spring = stage()
    moment = datetime.fromisoformat(f"2026-06-03T{minute}").replace(tzinfo=UTC)
    spring.now = lambda: moment
    spring.settings = make_settings(pace=FAST, hours={"days": {"mon-sun": "09:00-20:00"}})
    await spring.enrol_cells("phone,timezone", f"{numbers(1)[0]},{zone}")
    await spring.run()
    assert bool(spring.simulator.provider.dials) is is_called


async def test_rows_that_may_not_be_dialled_take_no_time(stage: MakeStage) -> None:
    """Holding a row is not a call: at a call a minute, hundreds of closed rows are held at once."""
    spring = stage()
    spring.now = lambda: NOON.replace(hour=4)
    spring.settings = make_settings(
        pace={"calls_per_second": 1 / 60}, hours={"days": {"mon-sun": "09:00-20:00"}}
    )
    await spring.enrol(*(f"+1{area}5550{at:03d}" for area in (202, 212) for at in range(100, 250)))
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    assert {row.reason for row in await spring.rows()} == {"outside calling hours"}


@pytest.mark.parametrize(
    ("fault", "refused", "final"),
    [("status=400#3-9999", 3, 0), ("refuse#3-9999", 3, 3)],
    ids=["unnamed", "about the row"],
)
async def test_one_refusal_after_the_other_stops_dialling(
    stage: MakeStage, fault: str, refused: int, final: int
) -> None:
    """Refusals in a row stop the run; rows about which the reply did not complain wait again."""
    spring = stage(fault)
    spring.settings = make_settings(pace={"calls_per_second": 100, "max_live_calls": 1})
    await spring.enrol(*numbers(40))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert f"refused {refused} rows in a row" in str(report.stop_error)
    statuses = await spring.statuses()
    assert (statuses[RowStatus.REFUSED], statuses[RowStatus.WAITING]) == (final, 38 - final)


async def test_requests_that_are_never_found_stop_dialling(stage: MakeStage) -> None:
    """Every reply is lost and no call is in the list: those in flight are for a human, the others wait."""
    spring = stage("status=503#3-9999")
    spring.settings = make_settings(pace=FAST | {"max_live_calls": 10})
    await spring.enrol(*numbers(40))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    statuses = await spring.statuses()
    assert 4 <= statuses[RowStatus.NEEDS_REVIEW] <= 10
    assert statuses[RowStatus.WAITING] >= 28


async def test_replies_that_are_all_lost_do_not_stop_a_campaign(stage: MakeStage) -> None:
    """As long as the calls are found in the list, everybody is called, and nobody twice."""
    spring = stage("lose_reply")
    await spring.enrol(*numbers(15))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(15), 1)


async def test_nothing_but_429_ends_the_run(stage: MakeStage) -> None:
    """When OneInbox accepts nothing for long, the run ends with 69, and no try is used up."""
    spring = stage("throttle")
    spring.timing = IMPATIENT
    await spring.enrol(*numbers(3))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "has accepted no call" in str(report.stop_error)
    assert {row.attempts for row in await spring.rows()} == {0}


async def test_a_row_that_comes_back_while_the_ledger_is_asked_is_dialled(stage: MakeStage) -> None:
    """A run does not end between the question what is due and the answer that nothing is under way."""
    spring = stage("status=429#1-3")
    await spring.enrol(*numbers(3))
    spring.ledger = LateAnswers(spring.ledger)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(3), 1)


async def test_calls_that_cannot_be_followed_end_the_run(stage: MakeStage) -> None:
    """When every look at the live calls fails, the run ends with 69, and the next one takes them up."""
    spring = stage("status=503@get", "status=404@list")
    spring.timing = IMPATIENT
    await spring.enrol(*numbers(3))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert "cannot be followed" in str(report.stop_error)
    spring.simulator.faults.faults = ()
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(3), 1)


async def test_a_failing_look_is_no_end_of_a_call(stage: MakeStage) -> None:
    """After a long break an API that fails for a moment does not hand old calls to a human."""
    spring = stage()
    spring.settings = make_settings(pace=FAST, call={"max_duration": "1s"})
    await spring.enrol(*numbers(3))
    now, late = spring.now, spring.now() - timedelta(hours=5)
    spring.now = lambda: late
    with anyio.move_on_after(0.3):
        await spring.run()
    for call in spring.simulator.provider.calls.values():
        spring.simulator.provider.stop(call)
    spring.now = now
    spring.simulator.faults.faults = (Fault.parse("status=503@list#2-4"), Fault.parse("status=503@get#1-4"))
    assert (await spring.run()).exit_code is ExitCode.OK


async def test_a_call_that_was_forgotten_does_not_hold_up_the_run(stage: MakeStage) -> None:
    """A call that has ended and is then unknown to the API is settled with what the ledger has."""
    spring = stage(simulator=simulated(behaviour=Behaviour(results_late_s=10**6)))
    await spring.enrol(*numbers(2))

    async def forget() -> None:
        while True:
            for call_id, call in list(spring.simulator.provider.calls.items()):
                if call.has_ended(spring.simulator.provider.now() - 50):
                    del spring.simulator.provider.calls[call_id]
            await anyio.sleep(0.01)

    report = await spring.run(alongside=forget)
    assert report.exit_code in (ExitCode.OK, ExitCode.NEEDS_REVIEW)


async def test_a_list_without_conversations_is_completed_by_single_looks(stage: MakeStage) -> None:
    """Where list items carry no messages, the transcript is read from the call itself."""
    spring = stage(simulator=simulated(slim_lists=True))
    await spring.enrol(*numbers(20))
    assert (await spring.run()).exit_code is ExitCode.OK
    for row in await spring.rows():
        reached = row.disposition in (Disposition.ANSWERED, Disposition.VOICEMAIL)
        assert bool(row.transcript) is reached


async def test_calls_that_another_campaign_left_are_brought_to_their_end(stage: MakeStage) -> None:
    """Tonight's run follows what last night's left on the line, and dials none of its people."""
    spring = stage("never_end#1-4")
    await spring.enrol(*numbers(4), name="last-night")
    left_over = spring.campaign_id
    with anyio.move_on_after(0.6):
        await spring.run()
    dialled = dict(spring.dialled())
    for call in spring.simulator.provider.calls.values():
        spring.simulator.provider.stop(call)
    await spring.enrol("+13125550199", name="tonight")
    assert (await spring.run()).exit_code is ExitCode.OK
    spring.campaign_id = left_over
    statuses = await spring.statuses()
    assert not statuses[RowStatus.LIVE]
    assert dict(spring.dialled()) == {**dialled, "+13125550199": 1}


async def test_nobody_is_called_while_another_campaigns_call_is_unknown(stage: MakeStage) -> None:
    """A call that needs review in one campaign holds the same person in every other."""
    spring = stage("drop#1")
    spring.settings = make_settings(pace=FAST, caps={"per_number": {"calls": 5, "within": "1s"}})
    await spring.enrol(numbers(1)[0], name="first")
    assert (await spring.run()).exit_code is ExitCode.NEEDS_REVIEW
    await spring.enrol(*numbers(2), name="second")
    assert (await spring.run()).exit_code is ExitCode.NEEDS_REVIEW
    assert spring.dialled() == {numbers(2)[1]: 1}
    assert "needs review first" in (await spring.rows())[0].reason


async def test_both_forms_of_a_number_are_one_person_of_a_list(stage: MakeStage) -> None:
    """The telephone behind both rings once, under the number of the first row."""
    spring = stage()
    spring.settings = make_settings(pace=FAST, contacts={"countries": ["AR"]})
    await spring.enrol(EVA, EVA_TOO)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == {EVA: 1}
    assert (await spring.statuses())[RowStatus.DUPLICATE] == 1


@pytest.mark.parametrize(
    ("fault", "caps", "reason"),
    [
        ("drop#1", {"per_number": {"calls": 5, "within": "1s"}}, "needs review first"),
        ("throttle#9", {}, "called by another campaign within 20h"),
        (
            "throttle#9",
            {"per_number": {"calls": 5, "within": "1s"}, "after_conversation": "7d"},
            "talked with another campaign's agent within 7d",
        ),
    ],
    ids=["in doubt", "cap", "peace"],
)
async def test_another_campaigns_call_counts_in_the_other_form_of_the_number(
    stage: MakeStage, fault: str, caps: dict[str, Any], reason: str
) -> None:
    """Whom one campaign has called is not called by the next one that writes the number otherwise."""
    spring = stage(simulator=simulated(fault, behaviour=Behaviour(answer=1, voicemail=0)))
    spring.settings = make_settings(pace=FAST, contacts={"countries": ["AR"]}, caps=caps)
    await spring.enrol(EVA, name="first")
    await spring.run()
    called = dict(spring.dialled())
    await spring.enrol(EVA_TOO, name="second")
    assert (await spring.run()).exit_code is not ExitCode.OK
    assert dict(spring.dialled()) == called
    assert reason in (await spring.rows())[0].reason


@pytest.mark.parametrize("status", ["failed", "Teleported"])
async def test_a_conversation_gives_peace_whatever_its_end_is_called(stage: MakeStage, status: str) -> None:
    """Who has talked is left in peace by the next campaign, also where the call ends as failed."""
    simulator = simulated(f"odd_status={status}", behaviour=Behaviour(answer=1, voicemail=0))
    spring = stage(simulator=simulator)
    caps = {"per_number": {"calls": 5, "within": "1s"}, "after_conversation": "7d"}
    spring.settings = make_settings(pace=FAST, caps=caps)
    [ann] = numbers(1)
    await spring.enrol(ann, name="first")
    await spring.run()
    await spring.enrol(ann, name="second")
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    assert spring.dialled() == {ann: 1}
    assert (await spring.rows())[0].reason == "talked with another campaign's agent within 7d"


async def test_a_disk_that_hangs_does_not_end_dialling(stage: MakeStage, clock: HeldClock) -> None:
    """Requests whose moment has passed are not sent; when the disk works again, everybody is called once."""
    spring = stage()
    spring.timing = replace(spring.timing, stale_s=0.3)
    spring.settings = make_settings(pace={"calls_per_second": 20, "max_live_calls": 20})
    await spring.enrol(*numbers(20))

    async def hang() -> None:
        await anyio.sleep(0.3)
        await spring.write(lambda _connection: clock.hang(1.0))

    assert (await spring.run(alongside=hang)).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(20), 1)
    at = [dial.at for dial in spring.simulator.provider.dials]
    assert max(sum(0 <= later - at[i] < 0.1 for later in at) for i in range(20)) <= 6


class SlowDisk(Ledger):
    """Each intent takes a second."""

    def __init__(self, ledger: Ledger, clock: HeldClock) -> None:
        vars(self).update(vars(ledger))
        self._clock = clock

    def write(self, verb: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As in the ledger, and late."""
        if verb is attempts.record_intent:
            super().write(lambda _connection: self._clock.hang(1.0))
        return super().write(verb, *args, **kwargs)


async def test_a_ledger_that_stays_slow_ends_the_run(stage: MakeStage, clock: HeldClock) -> None:
    """Where no request leaves in time any more, the run waits ever longer, then ends with 74 and says why."""
    spring = stage()
    spring.ledger = SlowDisk(spring.ledger, clock)
    spring.timing = replace(QUICK, stale_s=0.5, api_patience_s=60.0, backoff_max_s=20.0)
    await spring.enrol(*numbers(3))
    spring.patience_s = 300.0
    report = await spring.run()
    assert report.exit_code is ExitCode.LEDGER
    assert "no request was in time for 1m: ledger and connection take longer than 0.5 s" in str(
        report.stop_error
    )
    assert any(seen.waiting_for == "the ledger, or the network" for seen in spring.progress)
    assert spring.dialled() == {}
    assert 1 < await spring.read(number_of_attempts) < 60


@pytest.mark.parametrize("status", [503, 404])
async def test_the_last_call_is_followed_by_the_list_when_calls_cannot_be_fetched(
    stage: MakeStage, status: int
) -> None:
    """A page is read for it then, although it costs no fewer requests, and its result is not lost."""
    spring = stage(f"status={status}@get")
    spring.timing = IMPATIENT
    await spring.enrol(*numbers(1))
    with anyio.fail_after(300):
        report = await spring.run()
    assert report.exit_code is ExitCode.OK
    [anna] = await spring.rows()
    assert anna.status is RowStatus.COMPLETED
    assert anna.transcript


async def test_a_call_that_cannot_be_read_does_not_hold_up_the_others(stage: MakeStage) -> None:
    """While OneInbox works otherwise, calls without an answer are settled with what the ledger has."""
    spring = stage(simulator=simulated("status=500@get", slim_lists=True))
    spring.timing = IMPATIENT
    await spring.enrol(*numbers(4))
    report = await spring.run()
    assert report.exit_code is ExitCode.OK
    assert {row.transcript_status for row in await spring.rows()} == {TranscriptStatus.EMPTY}


async def test_doubts_of_a_killed_run_do_not_stop_the_next_one(stage: MakeStage) -> None:
    """That a run was killed before its requests says nothing about OneInbox."""
    spring = stage()
    await spring.enrol(*numbers(12))
    for due in await spring.read(waiting.due, spring.campaign_id, spring.now(), skip=(), limit=7):
        await spring.write(
            attempts.record_intent,
            due.contact_id,
            token=due.to_number,
            to_number=due.to_number,
            from_number="+12025550100",
            agent_id="agt_test",
            now=spring.now(),
        )
    report = await spring.run()
    assert report.exit_code is ExitCode.NEEDS_REVIEW
    assert (await spring.statuses())[RowStatus.NEEDS_REVIEW] == 7
    assert spring.dialled() == dict.fromkeys(numbers(12)[7:], 1)


async def test_a_held_row_is_asked_about_anew_by_every_run(stage: MakeStage) -> None:
    """When the operator widens the hours, the next run dials at once."""
    spring = stage()
    spring.now = lambda: NOON.replace(hour=4)
    spring.settings = make_settings(pace=FAST, hours={"days": {"mon-sun": "09:00-20:00"}})
    await spring.enrol(*numbers(3))
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    spring.settings = make_settings(pace=FAST)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert len(spring.dialled()) == 3


async def test_unanswered_calls_are_tried_again_within_the_budget(stage: MakeStage) -> None:
    """The second try is a new attempt with its own call; after the last one the row is unreached."""
    nobody = Behaviour(answer=0, voicemail=0, busy=0, no_answer=1)
    spring = stage(simulator=simulated(behaviour=nobody))
    spring.settings = make_settings(
        pace=FAST, retry={"max_attempts": 3, "no_answer": ["0.1s", "0.2s"], "per_day": 3}
    )
    await spring.enrol(*numbers(3))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(3), 3)
    assert [(row.status, row.attempts) for row in await spring.rows()] == [(RowStatus.UNREACHED, 3)] * 3


async def test_a_retry_that_is_far_away_is_left_to_the_next_run(stage: MakeStage) -> None:
    """The time of the next try is stored, and the run ends with 75."""
    nobody = Behaviour(answer=0, voicemail=0, busy=1, no_answer=0)
    spring = stage(simulator=simulated(behaviour=nobody))
    spring.settings = make_settings(pace=FAST, retry={"max_attempts": 2, "busy": ["4h"]})
    await spring.enrol(*numbers(2))
    report = await spring.run()
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert report.next_due is not None
    assert report.next_due - spring.now() > timedelta(hours=3)


async def test_the_deadline_ends_dialling(stage: MakeStage) -> None:
    """At the deadline no more calls start, and the exit code says that the run is not finished."""
    spring = stage()
    spring.settings = make_settings(pace={"calls_per_second": 5, "max_live_calls": 5})
    await spring.enrol(*numbers(50))
    report = await spring.run(deadline=spring.now() + timedelta(seconds=1))
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert report.stop_notice == "the deadline has come"
    assert 0 < len(spring.simulator.provider.dials) < 20
    assert (await spring.statuses())[RowStatus.DIALING] == 0


async def test_a_machine_that_slept_through_the_deadline_starts_no_call(stage: MakeStage) -> None:
    """Both clocks are past it at once; nothing is sent before somebody looks at the time again."""
    spring = stage()
    spring.settings = make_settings(pace={"calls_per_second": 5, "burst": 1, "max_live_calls": 5})
    await spring.enrol(*numbers(20))
    now, steady = spring.now, spring.steady
    deadline = now() + timedelta(hours=1)

    def slept_s() -> float:
        return 7200.0 if len(spring.simulator.provider.dials) > 2 else 0.0

    spring.now, spring.steady = lambda: now() + timedelta(seconds=slept_s()), lambda: steady() + slept_s()
    report = await spring.run(deadline=deadline)
    assert (report.exit_code, report.stop_notice) == (ExitCode.NOT_FINISHED, "the deadline has come")
    assert len(spring.simulator.provider.dials) == 3


async def test_the_live_call_limit_holds(stage: MakeStage) -> None:
    """Calls that have not ended, doubts included, never exceed the limit."""
    spring = stage("lose_reply#2")
    spring.settings = make_settings(pace={"calls_per_second": 500, "burst": 10, "max_live_calls": 3})
    await spring.enrol(*numbers(12))

    async def watch() -> None:
        provider = spring.simulator.provider
        while True:
            now = provider.now()
            assert sum(not call.has_ended(now) for call in provider.calls.values()) <= 3
            await anyio.sleep(0.005)

    await spring.run(alongside=watch)
    assert len(spring.simulator.provider.dials) > 3


async def test_the_key_taken_back_while_calls_are_live_ends_the_run(stage: MakeStage) -> None:
    """401 on a GET: the run ends with 77, and the next run takes up the live calls."""
    spring = stage("status=401@list#3-9999", "status=401@get")
    await spring.enrol(*numbers(3))
    report = await spring.run()
    assert report.exit_code is KeyRefused("").stop_reason().exit_code
    spring.simulator.faults.faults = ()
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(3), 1)


async def test_an_intent_without_an_end_is_in_doubt_and_never_redialled(stage: MakeStage) -> None:
    """What a killed run left in the middle of a request is looked up, and else handed to a human."""
    spring = stage()
    await spring.enrol(*numbers(3))
    due_rows = await spring.read(waiting.due, spring.campaign_id, spring.now(), skip=(), limit=1)
    due = due_rows[0]
    await spring.write(
        attempts.record_intent,
        due.contact_id,
        token="0" * 32,
        to_number=due.to_number,
        from_number="+12025550100",
        agent_id="agt_test",
        now=spring.now(),
    )
    report = await spring.run()
    assert report.exit_code is ExitCode.NEEDS_REVIEW
    assert due.to_number not in spring.dialled()
    assert len(spring.dialled()) == 2


async def test_results_and_progress_are_fresh_during_the_run(stage: MakeStage) -> None:
    """The result file is written before the first dial, again and again, and at the end."""
    spring = stage()
    spring.settings = make_settings(pace={"calls_per_second": 20, "max_live_calls": 20})
    await spring.enrol(*numbers(30))
    await spring.run()
    assert spring.written > 4
    last = spring.progress[-1]
    assert sum(last.counts.values()) == 30
    assert last.dials == 30
    record = await spring.read(campaigns.find, "spring")
    assert record is not None
    assert record.finished_at is not None


async def test_who_has_no_value_for_what_the_agent_says_is_not_dialled(stage: MakeStage) -> None:
    """The rows wait with their reason; once the agent says it no more, they are dialled."""
    spring = stage()
    await spring.enrol(*numbers(2))
    spring.spoken = ("customer_name", "order_id")
    report = await spring.run()
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert spring.dialled() == {}
    assert {row.reason for row in await spring.rows()} == {"no value for order_id, which the agent says"}

    spring.spoken = ("customer_name",)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(2), 1)


@pytest.mark.parametrize("generation", ["v1", "v2", "v3"])
async def test_every_call_says_what_the_campaign_file_says(stage: MakeStage, generation: str) -> None:
    """Webhook, metadata and overrides go with each dial; a generation without them calls all the same."""
    spring = stage(
        simulator=simulated(
            behaviour=Behaviour(answer=1, voicemail=0), generation=generation, has_cursor=False
        )
    )
    spring.settings = make_settings(
        pace=FAST,
        call={
            "webhook_url": "http://127.0.0.1:9/calls",
            "metadata": {"team": "north", "row": "theirs"},
            "overrides": {"first_message": "Good day {{customer_name}}.", "llm": {"temperature": 0.2}},
        },
    )
    await spring.enrol(*numbers(1))
    assert (await spring.run()).exit_code is ExitCode.OK
    [call] = spring.simulator.provider.calls.values()
    [row] = await spring.rows()
    assert row.status is RowStatus.COMPLETED
    assert call.webhook_url == "http://127.0.0.1:9/calls"
    if generation == "v3":
        assert (call.metadata["team"], call.metadata["row"]) == ("north", 2)
        assert call.overrides["llm"] == {"temperature": 0.2}
        assert "agent: Good day Person 0." in (row.transcript or "")


async def test_a_refused_override_stops_the_campaign(stage: MakeStage) -> None:
    """What is sent with every call would be refused with every call: the cure names the section."""
    spring = stage("refuse_setup=overrides")
    await spring.enrol(*numbers(3))
    report = await spring.run()
    assert report.exit_code is ExitCode.CONFIG
    assert "call.overrides in the campaign file" in str(report.stop_error)
    assert Counter(row.status for row in await spring.rows()) == {RowStatus.WAITING: 3}


async def test_a_run_may_leave_its_calls_as_soon_as_they_are_placed(stage: MakeStage) -> None:
    """The next one follows them; nobody is dialled again, and no doubt is left behind."""
    spring = stage("never_end", "lose_reply#2")
    await spring.enrol(*numbers(3))
    report = await spring.run(follow=False)
    assert report.unfinished == 3
    assert await spring.statuses() == {RowStatus.LIVE: 3}
    for call in spring.simulator.provider.calls.values():
        spring.simulator.provider.stop(call)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert set(spring.dialled().values()) == {1}


async def test_a_run_may_leave_what_others_have_left(stage: MakeStage) -> None:
    """Their calls are followed by the next run that does; its own are brought to their end."""
    spring = stage("never_end#1")
    await spring.enrol(numbers(2)[0])
    await spring.run(follow=False)
    autumn = replace(spring, campaign_id=0)
    await autumn.enrol(numbers(2)[1], name="autumn")
    assert (await autumn.run(follow_others=False)).exit_code is ExitCode.OK
    assert await spring.statuses() == {RowStatus.LIVE: 1}
