"""The stall rule: a run in which nothing moves for longer than any wait allows does not go on in silence.

It sees what a run writes down and what it waits for, and ends it with an error that says for how long.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

import anyio

from campaign.calls.run import Run, Signs, Step
from campaign.calls.timing import Timing
from campaign.calls.track import PARALLEL_GETS
from campaign.errors import CampaignError, InputMissingError, LedgerError, OutputError
from campaign.logs import get_logger
from campaign.oneinbox.asking import GET_DEADLINE_S
from campaign.settings import describe_duration

log = get_logger(__name__)


class AwakeClock:
    """Seconds in which the one who reads it was awake.

    A machine that sleeps, a process that was stopped and one that gets no processor do not age by it: of the
    time between two readings at most one step counts.
    """

    def __init__(self, now: float, *, step_s: float) -> None:
        self._last = now
        self._step_s = step_s
        self._awake_s = 0.0

    def read(self, now: float) -> float:
        """Seconds awake since the start. `now` is any clock that does not go back."""
        self._awake_s += min(now - self._last, self._step_s)
        self._last = now
        return self._awake_s


def longest_silence_s(timing: Timing, *, call_s: float, gap_s: float, max_live_calls: int) -> float:
    """For how long a sound run may have nothing to write down, pauses that OneInbox asked for left aside.

    Args:
        timing: The waits of the run.
        call_s: How long a call may last.
        gap_s: Time between two call starts at the present pace.
        max_live_calls: Calls that are looked at in one sweep at most.
    """
    a_call_s = max(call_s + timing.end_margin_s, timing.foreign_longest_s, timing.doubt_wait_s)
    a_wait_s = max(a_call_s + timing.results_wait_s, timing.longest_idle_s, 2 * gap_s)
    # A sweep in which every answer comes late; patience is counted from its end, and over at another's.
    a_sweep_s = GET_DEADLINE_S * (1 + max_live_calls / PARALLEL_GETS) + timing.backoff_max_s
    return a_wait_s + max(timing.api_patience_s, timing.throttle_patience_s) + 2 * a_sweep_s


class StallRule:
    """Decides whether a run has stalled, from its signs of life and the time."""

    def __init__(self, now: float, *, step_s: float, longest_steps: Mapping[Step, float]) -> None:
        """Begin to count.

        Args:
            now: The event loop's clock.
            step_s: Time between two looks that counts at most.
            longest_steps: How many seconds each step may take.
        """
        self._clock = AwakeClock(now, step_s=step_s)
        self._longest_steps = longest_steps
        self._moves = 0
        self._moved_at = 0.0
        self._seen_since: dict[int, float] = {}

    def look(self, signs: Signs, now: float, *, patience_s: float, is_paused: bool) -> CampaignError | None:
        """The error that ends the run; None while it is sound.

        Args:
            signs: What the run has written down and waits for.
            now: The event loop's clock.
            patience_s: For how long it may be silent.
            is_paused: Whether OneInbox has asked to wait.
        """
        at = self._clock.read(now)
        if signs.moves != self._moves or is_paused:
            self._moves, self._moved_at = signs.moves, at
        self._seen_since = {serial: self._seen_since.get(serial, at) for serial in signs.under_way}
        for serial, step in signs.under_way.items():
            lasted_s = at - self._seen_since[serial]
            if lasted_s > self._longest_steps[step]:
                return _stuck(step, lasted_s)
        silent_s = at - self._moved_at
        if silent_s > patience_s:
            return CampaignError(
                f"a fault in this program: nothing has happened for {_span(silent_s)}; "
                "what was done so far is in the ledger, run the same command again"
            )
        return None


def _stuck(step: Step, lasted_s: float) -> CampaignError:
    if step in (Step.LISTS, Step.DAYS_OFF):
        return InputMissingError(
            f"the {step} could not be read within {_span(lasted_s)}; "
            "see whether their disk answers, then run the same command again"
        )
    if step is Step.RESULTS:
        return OutputError(
            f"the result file could not be written within {_span(lasted_s)}; "
            "see whether its disk answers, then run the same command again"
        )
    return LedgerError(
        f"the ledger has not answered for {_span(lasted_s)}; "
        "see whether its disk or server answers, then run the same command again"
    )


def _span(seconds: float) -> str:
    whole = timedelta(minutes=round(seconds / 60)) if seconds >= 120 else timedelta(seconds=seconds)
    return describe_duration(whole)


async def watch_stall(run: Run, on_stall: Callable[[CampaignError], None]) -> None:
    """Look at the run now and then; when it has stalled, stop dialling and say so once."""
    timing, settings = run.timing, run.settings
    rule = StallRule(
        anyio.current_time(),
        step_s=2 * timing.stall_look_s,
        longest_steps={
            Step.LEDGER: timing.ledger_longest_s,
            Step.RESULTS: timing.step_longest_s,
            Step.LISTS: timing.suppression_longest_s,
            Step.DAYS_OFF: timing.suppression_longest_s,
        },
    )
    error: CampaignError | None = None
    while error is None:
        await anyio.sleep(timing.stall_look_s)
        error = rule.look(
            run.signs,
            anyio.current_time(),
            patience_s=longest_silence_s(
                timing,
                call_s=run.longest_call_s,
                gap_s=1 / run.pace.rate,
                max_live_calls=settings.pace.max_live_calls,
            ),
            is_paused=run.pace.paused_for > 0,
        )
    log.error(
        "run.stalled",
        error=str(error),
        live=len(run.live),
        settling=len(run.settling),
        in_doubt=len(run.in_doubt),
        under_way=sorted(run.signs.under_way.values()),
        waiting_for=run.waiting_for or None,
    )
    run.halt(error, leave=True)
    on_stall(error)
