"""Watchers: tasks beside a run that tell it to stop, read what may have changed, and refresh the result."""

import math
import signal
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import anyio

from campaign.calls import breaker
from campaign.calls.run import Run, Step
from campaign.calls.track import Tracker
from campaign.errors import CampaignError, LedgerError, OutputError
from campaign.ledger import hints
from campaign.logs import get_logger
from campaign.settings import Calendar

log = get_logger(__name__)

LOCK_LOOK_S = 2.0
"""The run lock is looked at so often."""
MOST_HINTS = 100
"""So many are passed on at a time; the others wait for the next."""


class InterruptedTwice(BaseException):
    """A second SIGINT or SIGTERM: the operator wants out at once."""


async def watch_signals(run: Run) -> None:
    numbers = [signal.SIGINT, signal.SIGTERM]
    # Under nohup a hang-up is ignored, and stays so.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    with anyio.open_signal_receiver(*numbers) as signals:
        wishes = 0
        async for number in signals:
            # A window that is closed sends SIGHUP twice, the end of a session beside SIGTERM: all one wish.
            wishes += number is not signal.SIGHUP
            if wishes > 1:
                raise InterruptedTwice
            log.warning("run.draining", signal=number.name)
            run.drain(f"stopped by {number.name}", leave=True)


async def watch_lock(run: Run, check_lock: Callable[[], Awaitable[object]]) -> None:
    while not run.is_stopping:
        await anyio.sleep(LOCK_LOOK_S)
        try:
            with run.signs.step(Step.LEDGER):
                await check_lock()
        except LedgerError as error:
            # Another run may follow the live calls by now.
            run.halt(error, leave=True)


async def watch_suppression(run: Run, read_suppression: Callable[[], Awaitable[Mapping[str, str]]]) -> None:
    run.suppression_read_at, has_failed = run.steady(), False
    while not run.is_stopping:
        await anyio.sleep(run.timing.suppression_look_s)
        try:
            with run.signs.step(Step.LISTS):
                run.suppressed = await read_suppression()
        except CampaignError as error:
            if has_failed:
                # Nobody can say any more who must not be called.
                run.halt(error)
            # Somebody may just be replacing a list. Until it can be read, nobody is dialled.
            run.suppression_read_at, has_failed = -math.inf, True
        else:
            run.suppression_read_at, has_failed = run.steady(), False
            run.changed.ring()


async def watch_calendar(run: Run, read_calendar: Callable[[], Awaitable[Calendar]]) -> None:
    while not run.is_stopping:
        await anyio.sleep(run.timing.suppression_look_s)
        try:
            with run.signs.step(Step.DAYS_OFF):
                run.calendar = await read_calendar()
        except CampaignError as error:
            # Nobody can say any more when people may be called.
            run.halt(error)


async def watch_deadline(run: Run, deadline: datetime) -> None:
    # In steps, as the wall clock may be set or the machine suspended meanwhile.
    while (left_s := (deadline - run.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a time, not an event
        await anyio.sleep(min(left_s, 60.0))
    run.heed_deadline()


async def watch_hints(run: Run, tracker: Tracker, is_listened_to: Callable[[], Awaitable[bool]]) -> None:
    """Pass on what a listener in another process has heard."""
    since = await run.fetch(hints.latest)
    while True:
        await anyio.sleep(run.timing.hint_look_s)
        with run.signs.step(Step.LEDGER):
            is_there = await is_listened_to()
        tracker.listened_to(is_there)
        if is_there and (found := await run.fetch(hints.news, since, most=MOST_HINTS)):
            since = found[-1].serial
            tracker.hint(hint.call_id for hint in found)


async def watch_clock(run: Run) -> None:
    """Hours depend on the wall clock: who sets it during a run has to say that it is right."""
    while not run.is_stopping:
        await breaker.check_clock(run)
        await anyio.sleep(run.timing.clock_look_s)


async def refresh_results(run: Run, write_results: Callable[[], Awaitable[object]]) -> None:
    """Keep the result file fresh, at a bounded share of the run's time."""
    wait_s = run.timing.refresh_min_s
    while True:
        await anyio.sleep(wait_s)
        before = anyio.current_time()
        try:
            await write_results()
        except OutputError as error:
            # At the end of the run it is tried again, and then it counts.
            log.warning("results.unwritable", error=str(error))
        took_s = anyio.current_time() - before
        wait_s = max(run.timing.refresh_min_s, took_s / run.timing.refresh_share)
