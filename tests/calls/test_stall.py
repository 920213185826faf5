"""When a run has stalled, decided from its signs of life and the time, without waiting for it."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest

from campaign.calls.run import Signs, Step
from campaign.calls.stall import AwakeClock, StallRule, longest_silence_s
from campaign.calls.timing import Timing
from campaign.errors import CampaignError, ExitCode
from campaign.ledger import attempts
from campaign.ledger.ledger import Ledger
from tests.calls.harness import QUICK, Stage, numbers
from tests.calls.held_time import HeldClock

LOOK_S = 30.0
PATIENCE_S = 7200.0
LONGEST = {Step.LEDGER: 600.0, Step.RESULTS: 1800.0, Step.LISTS: 600.0, Step.DAYS_OFF: 600.0}


class Watched:
    """A stall rule that is asked twice a minute."""

    def __init__(self) -> None:
        self.signs = Signs()
        self.now = 1000.0
        self._rule = StallRule(self.now, step_s=2 * LOOK_S, longest_steps=LONGEST)

    def after(self, seconds: float, *, is_paused: bool = False) -> CampaignError | None:
        """What the rule says when so many seconds have gone by with nothing new."""
        error = None
        until = self.now + seconds
        while error is None and self.now < until:
            self.now += LOOK_S
            error = self._rule.look(self.signs, self.now, patience_s=PATIENCE_S, is_paused=is_paused)
        return error

    def asleep(self, seconds: float) -> CampaignError | None:
        """What it says after it could not look for so long."""
        self.now += seconds
        return self._rule.look(self.signs, self.now, patience_s=PATIENCE_S, is_paused=False)


def test_silence_up_to_the_longest_wait_is_sound_and_beyond_it_is_a_stall() -> None:
    """Nothing on disk for longer than any wait: a fault in this program, which says for how long."""
    watched = Watched()
    assert watched.after(PATIENCE_S) is None
    error = watched.after(LOOK_S)
    assert error is not None
    assert error.exit_code is ExitCode.BUG
    assert "nothing has happened for 2h" in str(error)
    assert "run the same command again" in str(error)


def test_whatever_moves_starts_the_count_anew() -> None:
    """One commit, and the whole patience is there again."""
    watched = Watched()
    watched.after(PATIENCE_S)
    watched.signs.moves += 1
    assert watched.after(PATIENCE_S) is None
    assert watched.after(2 * LOOK_S) is not None


def test_a_pause_that_was_asked_for_is_no_silence() -> None:
    """While OneInbox has asked to wait, nothing can move."""
    watched = Watched()
    assert watched.after(3 * PATIENCE_S, is_paused=True) is None


def test_time_asleep_is_no_silence() -> None:
    """A machine that was suspended for a night, or a process that was stopped, has its patience left."""
    watched = Watched()
    with watched.signs.step(Step.LEDGER):
        assert watched.asleep(50_000) is None
        assert watched.after(300) is None


@pytest.mark.parametrize(
    ("step", "code", "said"),
    [
        (Step.LEDGER, ExitCode.LEDGER, "the ledger has"),
        (Step.RESULTS, ExitCode.NO_OUTPUT, "the result file"),
        (Step.LISTS, ExitCode.NO_INPUT, "the suppression lists could not be read within"),
        (Step.DAYS_OFF, ExitCode.NO_INPUT, "the days off could not be read within"),
    ],
)
def test_a_step_that_does_not_end_is_a_stall_though_others_move(
    step: Step, code: ExitCode, said: str
) -> None:
    """A ledger or a result file that does not answer within its own time ends the run, with its own code."""
    watched = Watched()
    with watched.signs.step(step):
        assert watched.after(LONGEST[step]) is None
        watched.signs.moves += 1
        error = watched.after(2 * LOOK_S)
    assert error is not None
    assert error.exit_code is code
    assert str(error).startswith(said)


def test_steps_that_follow_each_other_are_not_one_long_step() -> None:
    """Ten commits of five minutes each are slow, and no stall."""
    watched = Watched()
    for _ in range(10):
        with watched.signs.step(Step.LEDGER):
            assert watched.after(300) is None


@pytest.mark.parametrize(
    ("call_s", "gap_s", "at_least"),
    [(1800, 1, 7200 + 1800), (14_400, 1, 14_400 + 1800), (1800, 64_000, 128_000)],
)
def test_no_wait_of_a_run_is_longer_than_its_patience(call_s: float, gap_s: float, at_least: float) -> None:
    """Long calls and a slow pace are waited for; short ones do not make a hang last for ever."""
    longest = longest_silence_s(Timing(), call_s=call_s, gap_s=gap_s, max_live_calls=10)
    assert at_least < longest < at_least + 3600


def test_the_awake_clock_counts_one_step_at_most() -> None:
    """What lies between two late readings does not count in full."""
    clock = AwakeClock(5.0, step_s=2.0)
    assert [clock.read(now) for now in (6.0, 8.0, 1000.0, 1001.0)] == [1.0, 3.0, 5.0, 6.0]


class StuckLedger(Ledger):
    """Its writer hangs at the end of the first request, like one whose disk is gone for a while."""

    def __init__(self, ledger: Ledger, clock: HeldClock) -> None:
        vars(self).update(vars(ledger))
        self._clock = clock
        self._has_hung = False

    def write(self, verb: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As in the ledger, but the writer hangs first."""
        if verb is attempts.record_placed and not self._has_hung:
            self._has_hung = True
            super().write(lambda _connection: self._clock.hang(10))
        return super().write(verb, *args, **kwargs)


@pytest.mark.anyio
async def test_a_run_whose_ledger_hangs_stops_dialling_and_says_so(
    stage: Callable[..., Stage], clock: HeldClock
) -> None:
    """Dialling stops, whoever can end the process is told, and the run ends with 74 as soon as it can."""
    spring = stage()
    await spring.enrol(*numbers(40))
    spring.ledger = StuckLedger(spring.ledger, clock)
    spring.timing = replace(QUICK, ledger_longest_s=0.5, stall_look_s=0.05)
    told: list[tuple[CampaignError, float]] = []
    spring.on_stall = lambda error: told.append((error, clock.monotonic()))
    started_at = clock.monotonic()
    report = await spring.run()
    assert report.exit_code is ExitCode.LEDGER
    [(error, told_at)] = told
    assert report.stop_error is error
    assert 0.5 < told_at - started_at < 1
    assert 10 < clock.monotonic() - started_at < 11
    assert 0 < len(spring.dialled()) < 40
