"""The hook in whole runs: asked between the rules and the pace, and nobody is dialled without its yes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import Connection, select

from campaign.errors import ExitCode
from campaign.hook.answer import Answer, HookFailed
from campaign.hook.ask import Question
from campaign.ledger import hook as noes
from campaign.ledger import schema, suppression
from campaign.models import OPEN_ATTEMPTS, AttemptState, RowStatus
from campaign.settings import CampaignSettings, HookSettings
from campaign.simulator.people import Behaviour
from tests.calls.harness import FAST, QUICK, Stage, numbers, simulated
from tests.calls.held_time import HeldClock
from tests.support import NOON, make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
YES = Answer(may_dial=True)
NOBODY = Behaviour(answer=0, voicemail=0, busy=0, no_answer=1)
HOOK = {"command": ["true"], "timeout": "5s"}
PATIENT = replace(
    QUICK,
    longest_idle_s=7200,
    throttle_patience_s=7200,
    refresh_min_s=600,
    progress_s=600,
    clock_look_s=60,
)
"""For runs over hours, in which little happens."""
A_DAY_S = 86_400.0


def hooked(*, pace: dict[str, Any] | None = None, **changes: Any) -> CampaignSettings:
    """A campaign with a hook."""
    return make_settings(hook=HOOK, pace=pace or FAST, **changes)


@dataclass
class FakeHook:
    """The far side of a hook: says what it is told to say, and remembers what it was asked."""

    says: Callable[[Question], Awaitable[Answer] | Answer]
    asked: list[Question] = field(default_factory=list)
    at_a_time: int = 0
    most_at_a_time: int = 0

    async def __call__(self, _hook: HookSettings, question: Question) -> Answer:
        self.asked.append(question)
        self.at_a_time += 1
        self.most_at_a_time = max(self.most_at_a_time, self.at_a_time)
        try:
            answer = self.says(question)
            return answer if isinstance(answer, Answer) else await answer
        finally:
            self.at_a_time -= 1

    @property
    def numbers(self) -> list[str]:
        return [question.to_number for question in self.asked]


def fail(_: Question) -> Answer:
    """No answer."""
    raise HookFailed("exit code 3")


def journal(connection: Connection) -> list[tuple[str, str]]:
    """What has happened, as the journal has it."""
    table = schema.events.c
    return [
        (row.event, row.detail)
        for row in connection.execute(select(table.event, table.detail).order_by(table.id))
    ]


async def test_it_is_asked_about_every_call(stage: MakeStage) -> None:
    """With the document of one call: campaign, row, number, what the agent gets to say, and the try."""
    spring = stage()
    spring.settings = hooked(call={"variables": {"company": "Acme"}})
    spring.ask_hook = hook = FakeHook(lambda _: YES)
    await spring.enrol(*numbers(2))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(2), 1)
    assert min(hook.asked, key=lambda question: question.row) == Question(
        campaign="spring",
        row=2,
        to_number=numbers(1)[0],
        variables={"company": "Acme", "customer_name": "Person 0"},
        attempt=1,
    )


async def test_a_further_try_is_asked_about_anew(stage: MakeStage) -> None:
    """The hook hears which try it is, and may say no to it."""
    spring = stage(simulator=simulated(behaviour=NOBODY))
    spring.settings = hooked(
        retry={"max_attempts": 3, "no_answer": ["1s", "1s"], "busy": ["1s", "1s"], "per_day": 3}
    )
    spring.ask_hook = hook = FakeHook(
        lambda question: Answer(may_dial=question.attempt < 3, is_final=True, reason="twice is enough")
    )
    await spring.enrol(*numbers(1))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert [question.attempt for question in hook.asked] == [1, 2, 3]
    assert spring.dialled() == {numbers(1)[0]: 2}
    [row] = await spring.rows()
    assert (row.status, row.reason) == (RowStatus.SUPPRESSED, "the hook says no: twice is enough")


async def test_a_real_command(stage: MakeStage, tmp_path: Path) -> None:
    """A program of the operator's own decides, beside the campaign file."""
    spring = stage()
    (tmp_path / "blocked").write_text(f"{numbers(2)[1]}\n")
    script = (
        'if grep -q -f blocked; then echo \'{"dial": false, "final": true, "reason": "on our list"}\'; fi'
    )
    settings = make_settings(hook={"command": ["sh", "-c", script], "timeout": "60s"}, pace=FAST)
    assert settings.hook is not None
    spring.settings = settings.model_copy(update={"hook": settings.hook.within(tmp_path)})
    await spring.enrol(*numbers(3))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == {numbers(3)[0]: 1, numbers(3)[2]: 1}
    assert [row.reason for row in await spring.rows()] == ["", "the hook says no: on our list", ""]


async def test_who_may_not_be_dialled_is_not_asked_about(stage: MakeStage) -> None:
    """The rules come first: what they forbid is nobody else's business."""
    spring = stage()
    spring.settings = hooked()
    spring.suppressed = {numbers(2)[0]: "on the list dnc.csv"}
    spring.ask_hook = hook = FakeHook(lambda _: YES)
    await spring.enrol(*numbers(2))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert hook.numbers == [numbers(2)[1]]


async def test_the_rules_are_asked_again_after_it(stage: MakeStage) -> None:
    """Who is suppressed while the hook is asked is not dialled, though it says yes."""
    spring = stage()
    spring.settings = hooked()

    async def suppress(question: Question) -> Answer:
        await spring.write(suppression.suppress, [question.to_number], reason="asked us", now=NOON)
        return YES

    spring.ask_hook = FakeHook(suppress)
    await spring.enrol(*numbers(1))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert not spring.dialled()
    assert [row.reason for row in await spring.rows()] == ["asked us"]


async def test_a_yes_is_kept_with_the_dial(stage: MakeStage) -> None:
    """Why a call was allowed can be read later: the rules' evidence, and the hook's word behind it."""
    spring = stage()
    spring.settings = hooked()
    spring.ask_hook = FakeHook(lambda _: Answer(may_dial=True, reason="a good customer"))
    await spring.enrol(*numbers(1))
    await spring.run()
    [(_, evidence)] = [each for each in await spring.read(journal) if each[0] == "call.intended"]
    assert evidence.startswith("suppression: ")
    assert evidence.endswith("; hook: yes, a good customer")


async def test_a_final_no_suppresses_the_row(stage: MakeStage) -> None:
    """The row is done, says why, and both are in the journal like what the rules have decided."""
    spring = stage()
    spring.settings = hooked()
    spring.ask_hook = hook = FakeHook(lambda _: Answer(may_dial=False, reason="has paid", is_final=True))
    await spring.enrol(*numbers(1))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert len(hook.asked) == 1
    [row] = await spring.rows()
    assert (row.status, row.reason) == (RowStatus.SUPPRESSED, "the hook says no: has paid")
    assert [each for each in await spring.read(journal) if not each[0].startswith("campaign.")] == [
        ("hook.no", "no: has paid (for good)"),
        ("row.suppressed", "the hook says no: has paid"),
    ]


async def test_a_no_until_a_time_waits_until_then(stage: MakeStage) -> None:
    """The row is asked about again at that time, and not before."""
    spring = stage()
    spring.settings = hooked()
    spring.timing, spring.patience_s = PATIENT, A_DAY_S
    until = NOON + timedelta(minutes=40)
    asked_at: list[datetime] = []

    def says(_: Question) -> Answer:
        asked_at.append(spring.now())
        return YES if len(asked_at) > 1 else Answer(may_dial=False, reason="at lunch", not_before=until)

    spring.ask_hook = FakeHook(says)
    await spring.enrol(*numbers(1))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert len(asked_at) == 2
    assert asked_at[1] >= until
    assert ("hook.no", f"no: at lunch (not before {until:%Y-%m-%d %H:%M:%S} UTC)") in await spring.read(
        journal
    )


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Answer(may_dial=False), timedelta(minutes=15)),
        (Answer(may_dial=False, not_before=NOON - timedelta(days=1)), timedelta(minutes=1)),
    ],
)
async def test_a_no_without_a_time_is_asked_about_again(
    stage: MakeStage, answer: Answer, wait: timedelta
) -> None:
    """A quarter of an hour later; a time that is over already is no reason to ask without a pause."""
    spring = stage()
    spring.settings = hooked()
    spring.timing, spring.patience_s = PATIENT, A_DAY_S
    asked_at: list[datetime] = []

    def says(_: Question) -> Answer:
        asked_at.append(spring.now())
        return answer if len(asked_at) < 4 else YES

    spring.ask_hook = FakeHook(says)
    await spring.enrol(*numbers(1))
    assert (await spring.run()).exit_code is ExitCode.OK
    gaps = [later - earlier for earlier, later in pairwise(asked_at)]
    assert len(gaps) == 3
    assert all(wait <= gap < wait + timedelta(minutes=1) for gap in gaps)
    # The same answer again and again is one line of the journal.
    assert [event for event, _ in await spring.read(journal)].count("hook.no") == 1


async def test_a_row_that_waits_for_it_says_why(stage: MakeStage) -> None:
    """A run that ends before the hook's time leaves the row waiting, with the hook's words."""
    spring = stage()
    spring.settings = hooked()
    spring.ask_hook = FakeHook(lambda _: Answer(may_dial=False, reason="at lunch"))
    await spring.enrol(*numbers(1))
    report = await spring.run()
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert report.next_due is not None
    [row] = await spring.rows()
    assert (row.status, row.reason) == (RowStatus.WAITING, "the hook says no: at lunch")


async def test_a_failure_is_a_no(stage: MakeStage) -> None:
    """The row waits for some minutes and is asked about again; a success in between lets the run go on."""
    spring = stage()
    spring.settings = hooked(pace={**FAST, "max_live_calls": 1})
    spring.timing, spring.patience_s = PATIENT, A_DAY_S
    asked_at: list[datetime] = []

    def says(_: Question) -> Answer:
        asked_at.append(spring.now())
        if len(asked_at) % 5:
            raise HookFailed("exit code 3")
        return YES

    spring.ask_hook = hook = FakeHook(says)
    await spring.enrol(*numbers(3))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(3), 1)
    first = [
        at for at, question in zip(asked_at, hook.asked, strict=True) if question.to_number == numbers(1)[0]
    ]
    assert all(later - earlier >= timedelta(minutes=5) for earlier, later in pairwise(first))
    assert ("hook.failed", "exit code 3") in await spring.read(journal)


async def test_a_broken_hook_stops_the_run(stage: MakeStage, capfd: pytest.CaptureFixture[str]) -> None:
    """After five failures in a row nobody is called any more, and one line names the hook and the trouble."""
    spring = stage()
    asked_at = "https://crm.example/ask"
    spring.settings = make_settings(hook={"url": f"{asked_at}?token=secret"}, pace=FAST)
    spring.ask_hook = hook = FakeHook(fail)
    await spring.enrol(*numbers(20))
    report = await spring.run()
    assert report.exit_code is ExitCode.API_UNAVAILABLE
    assert str(report.stop_error) == (
        f"the hook {asked_at} has failed 5 times in a row, at last with 'exit code 3', "
        "and without its answer nobody is called; mend it, then run again"
    )
    assert not spring.dialled()
    assert 5 <= len(hook.asked) <= FAST["max_live_calls"]
    assert await spring.statuses() == {RowStatus.WAITING: 20}
    said = "".join(capfd.readouterr())
    assert "hook.failed" in said
    assert not any(number[-7:] in said for number in numbers(20))


async def test_calls_that_are_live_are_followed_when_it_breaks(stage: MakeStage) -> None:
    """A hook that breaks on the way stops dialling, and takes nothing from the calls before."""
    spring = stage()
    spring.settings = hooked(pace={**FAST, "max_live_calls": 1})
    spring.ask_hook = hook = FakeHook(lambda question: YES if question.row == 2 else fail(question))
    await spring.enrol(*numbers(10))
    assert (await spring.run()).exit_code is ExitCode.API_UNAVAILABLE
    assert len(hook.asked) == 6
    assert await spring.statuses() == {RowStatus.COMPLETED: 1, RowStatus.WAITING: 9}


async def test_no_more_are_asked_about_than_lines_are_free(stage: MakeStage) -> None:
    """Calls that are live and calls that are asked about share the lines."""
    spring = stage()
    spring.settings = hooked(pace={"calls_per_second": 100, "burst": 5, "max_live_calls": 4})
    busy: list[int] = []

    async def says(_: Question) -> Answer:
        await anyio.sleep(0.2)
        states = await spring.read(
            lambda connection: connection.scalars(select(schema.attempts.c.state)).all()
        )
        busy.append(
            hook.at_a_time + sum(state in OPEN_ATTEMPTS - {AttemptState.SETTLING} for state in states)
        )
        return YES

    spring.ask_hook = hook = FakeHook(says)
    await spring.enrol(*numbers(20))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert hook.most_at_a_time == 4
    assert max(busy) <= 4
    assert spring.dialled() == dict.fromkeys(numbers(20), 1)


async def test_it_is_not_asked_far_ahead_of_the_pace(stage: MakeStage) -> None:
    """With a start each two seconds and five for an answer, three are asked about at a time."""
    spring = stage()
    spring.settings = hooked(pace={"calls_per_second": 0.5, "max_live_calls": 50})
    spring.ask_hook = hook = FakeHook(lambda _: after(4))
    await spring.enrol(*numbers(12))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert hook.most_at_a_time == 3
    times = [dial.at for dial in spring.simulator.provider.dials]
    # The pace is kept although each answer takes two starts.
    assert all(gap == pytest.approx(2, abs=0.2) for gap in list(map(_gap, pairwise(times)))[3:])


async def test_late_answers_lead_to_no_burst(stage: MakeStage) -> None:
    """Answers that come all at once are dialled at the pace, one after the other."""
    spring = stage()
    spring.settings = hooked(pace={"calls_per_second": 2, "max_live_calls": 50})
    come = anyio.Event()

    async def says(_: Question) -> Answer:
        if len(hook.asked) == 10:
            come.set()
        await come.wait()
        return YES

    spring.ask_hook = hook = FakeHook(says)
    await spring.enrol(*numbers(10))
    assert (await spring.run()).exit_code is ExitCode.OK
    times = [dial.at for dial in spring.simulator.provider.dials]
    assert len(times) == 10
    assert min(map(_gap, pairwise(times))) >= 0.45


async def test_a_yes_grows_old(stage: MakeStage, clock: HeldClock) -> None:
    """What was allowed before OneInbox asked to wait for long is asked about again."""
    spring = stage("throttle=600#1")
    spring.settings = hooked(pace={"calls_per_second": 1, "max_live_calls": 50})
    spring.timing, spring.patience_s = PATIENT, A_DAY_S
    asked_at: dict[str, datetime] = {}

    def says(question: Question) -> Answer:
        asked_at[question.to_number] = spring.now()
        return YES

    spring.ask_hook = hook = FakeHook(says)
    await spring.enrol(*numbers(8))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert len(hook.asked) > 8
    for dial in spring.simulator.provider.dials:
        dialled_at = NOON + timedelta(seconds=dial.at)
        assert dialled_at - asked_at[dial.to_number] <= timedelta(seconds=20)


async def test_slow_pace(stage: MakeStage) -> None:
    """Where starts are far apart, the hook is asked just before its call and not long before."""
    spring = stage()
    spring.settings = hooked(pace={"calls_per_second": 0.01, "max_live_calls": 50})
    spring.timing, spring.patience_s = PATIENT, A_DAY_S
    asked_at: dict[str, datetime] = {}

    def says(question: Question) -> Answer:
        asked_at[question.to_number] = spring.now()
        return YES

    spring.ask_hook = hook = FakeHook(says)
    await spring.enrol(*numbers(4))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert len(hook.asked) == 4
    for dial in spring.simulator.provider.dials:
        assert (
            timedelta()
            <= NOON + timedelta(seconds=dial.at) - asked_at[dial.to_number]
            <= timedelta(seconds=6)
        )


async def test_a_number_keeps_its_own_pace(stage: MakeStage) -> None:
    """Answers that come late do not bring the calls of one from number together."""
    spring = stage()
    spring.settings = hooked(
        pace={"calls_per_second": 10, "burst": 1, "max_live_calls": 50},
        from_number_limits={"calls_per_second": 0.5},
    )
    waits = iter([4.0, 0.0, 3.0, 0.0, 0.0, 2.0])
    spring.ask_hook = FakeHook(lambda _: after(next(waits, 0.0)))
    await spring.enrol(*numbers(6))
    assert (await spring.run()).exit_code is ExitCode.OK
    times = [dial.at for dial in spring.simulator.provider.dials]
    assert min(map(_gap, pairwise(times))) >= 1.95


async def test_stopping_ends_the_questions(stage: MakeStage) -> None:
    """When dialling is stopped, nobody waits for an answer any more, and its rows wait as before."""
    spring = stage()
    spring.settings = hooked()
    spring.ask_hook = hook = FakeHook(lambda _: after(50))
    await spring.enrol(*numbers(3))
    report = await spring.run(deadline=NOON + timedelta(seconds=2))
    assert (report.exit_code, report.stop_notice) == (ExitCode.NOT_FINISHED, "the deadline has come")
    assert hook.at_a_time == 0
    assert not spring.dialled()
    assert await spring.statuses() == {RowStatus.WAITING: 3}
    assert report.outlay is not None
    assert report.outlay.committed.calls == 0


async def test_a_breaker_that_opens_meanwhile_holds(stage: MakeStage) -> None:
    """A yes that comes after the breaker has opened dials nobody."""
    spring = stage("status=401@create#1")
    spring.settings = hooked(pace={**FAST, "max_live_calls": 2})
    spring.ask_hook = FakeHook(lambda question: after(0.0 if question.row == 2 else 5.0))
    await spring.enrol(*numbers(4))
    report = await spring.run()
    assert report.exit_code is ExitCode.KEY_REFUSED
    assert not spring.dialled()


async def test_stages_count_who_is_asked_about(stage: MakeStage) -> None:
    """The first call of a staged start is alone, also while the hook is asked."""
    spring = stage()
    spring.settings = hooked(pace={**FAST, "stages": [1, 2]})
    spring.ask_hook = hook = FakeHook(lambda _: after(1.0))
    await spring.enrol(*numbers(3))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert hook.most_at_a_time == 2


async def test_a_budget_counts_who_is_asked_about(stage: MakeStage) -> None:
    """With room for two more calls no third one is asked about."""
    spring = stage()
    spring.settings = hooked(budget={"calls": 2})
    spring.ask_hook = hook = FakeHook(lambda _: after(1.0))
    await spring.enrol(*numbers(5))
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED
    assert sorted(hook.numbers) == numbers(2)
    assert spring.dialled() == dict.fromkeys(numbers(2), 1)


async def test_what_it_said_last_is_known(stage: MakeStage) -> None:
    """From the journal: its latest no or failure, or the yes that stands with a dial."""
    spring = stage()
    spring.settings = hooked()
    spring.timing, spring.patience_s = PATIENT, A_DAY_S
    answers = iter([Answer(may_dial=False, reason="at lunch"), YES])
    spring.ask_hook = FakeHook(lambda _: next(answers))
    await spring.enrol(*numbers(1))
    contact = await spring.read(lambda connection: connection.scalar(select(schema.contacts.c.id)))
    assert await spring.read(noes.last_answer, contact) is None
    await spring.run()
    last = await spring.read(noes.last_answer, contact)
    assert last is not None
    assert (last.event, last.detail) == ("call.intended", "yes")


async def after(seconds: float) -> Answer:
    """A yes that takes its time."""
    await anyio.sleep(seconds)
    return YES


def _gap(pair: tuple[float, float]) -> float:
    return pair[1] - pair[0]
