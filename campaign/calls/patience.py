"""Patience: how long dialling waits while OneInbox accepts no calls, or is not there, before it stops.

So it does where the ledger or the network is too slow for any request.
"""

from datetime import timedelta

import anyio

from campaign.calls.run import ONEINBOX, Run
from campaign.errors import ApiUnavailableError, LedgerError
from campaign.oneinbox.errors import NotSent, Throttled
from campaign.settings import describe_duration


class Spell:
    """A time in which one thing fails, and fails again. Time in which nothing was tried ends it."""

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._since: float | None = None
        self._pause_ends_at = 0.0

    def goes_on(self, now: float, *, pause_s: float) -> float:
        """It has failed, and is left alone for so long. Returns for how many seconds it has failed by now."""
        if self._since is None or now - self._pause_ends_at > self._gap_s:
            self._since = now
        self._pause_ends_at = now + pause_s
        return now - self._since

    def is_over(self) -> None:
        """It has not failed."""
        self._since = None


class Patience:
    """Of one run. It pauses the pace for all, longer from failure to failure, and ends dialling at last."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._failures = 0
        """In a row, without an accepted call between them."""
        self._unreachable = Spell(run.timing.api_patience_s)
        self._throttled = Spell(run.timing.api_patience_s)
        self._too_late = Spell(run.timing.api_patience_s)

    def in_time(self) -> None:
        """A request goes out."""
        self._too_late.is_over()
        self._run.pauses_for = ONEINBOX

    def too_late(self) -> None:
        """A request was not sent, as its moment had passed when it was about to leave."""
        run, timing = self._run, self._run.timing
        self._failures += 1
        pause_s = self._backoff_s()
        if self._too_late.goes_on(anyio.current_time(), pause_s=pause_s) > timing.api_patience_s:
            patience = describe_duration(timedelta(seconds=timing.api_patience_s))
            run.halt(
                LedgerError(
                    f"no request was in time for {patience}: ledger and connection take longer than "
                    f"{timing.stale_s:g} s; see what keeps its disk or server, or the network, then run again"
                )
            )
        run.pauses_for = "the ledger, or the network"
        run.pace.pause(pause_s)

    def answered(self) -> None:
        """A request was taken, whatever has become of it."""
        self._unreachable.is_over()
        self._throttled.is_over()

    def placed(self) -> None:
        """A call was accepted."""
        self.answered()
        self._failures = 0

    def throttled(self, error: Throttled) -> None:
        """OneInbox asks to wait."""
        run = self._run
        self._failures += 1
        self._unreachable.is_over()
        pause_s = error.retry_after_s or self._backoff_s()
        lasts_s = self._throttled.goes_on(anyio.current_time(), pause_s=pause_s)
        if lasts_s > run.timing.throttle_patience_s:
            patience = describe_duration(timedelta(seconds=run.timing.throttle_patience_s))
            run.halt(
                ApiUnavailableError(
                    f"OneInbox has accepted no call for {patience} ({error.what}); "
                    "lower pace.calls_per_second or ask OneInbox about the account's limits, then run again"
                )
            )
        run.pace.throttle()
        run.pace.pause(pause_s)

    def unreachable(self, error: NotSent) -> None:
        """A request could not be sent."""
        run = self._run
        self._failures += 1
        pause_s = self._backoff_s()
        lasts_s = self._unreachable.goes_on(anyio.current_time(), pause_s=pause_s)
        if lasts_s > run.timing.api_patience_s:
            patience = describe_duration(timedelta(seconds=run.timing.api_patience_s))
            run.halt(ApiUnavailableError(f"{error.what} for {patience}; run again when it is back"))
        run.pace.pause(pause_s)

    def _backoff_s(self) -> float:
        timing = self._run.timing
        return min(timing.backoff_s * 2.0 ** min(self._failures - 1, 10), timing.backoff_max_s)
