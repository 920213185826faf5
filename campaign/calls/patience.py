"""Patience: how long dialling waits while OneInbox accepts no calls, or is not there, before it stops."""

from datetime import timedelta

import anyio

from campaign.calls.run import Run
from campaign.errors import ApiUnavailableError
from campaign.oneinbox.errors import NotSent, Throttled
from campaign.settings import describe_duration


class Patience:
    """Of one run. It pauses the pace for all, longer from failure to failure, and ends dialling at last."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._failures = 0
        """In a row, without an accepted call between them."""
        self._unreachable_since: float | None = None
        self._throttled_since: float | None = None
        self._pause_ends_at = 0.0

    def answered(self) -> None:
        """A request was taken, whatever has become of it."""
        self._unreachable_since = self._throttled_since = None

    def placed(self) -> None:
        """A call was accepted."""
        self.answered()
        self._failures = 0

    def throttled(self, error: Throttled) -> None:
        """OneInbox asks to wait."""
        run, now = self._run, anyio.current_time()
        self._failures += 1
        self._unreachable_since = None
        pause_s = error.retry_after_s or self._backoff_s()
        if self._throttled_since is None or now - self._pause_ends_at > run.timing.api_patience_s:
            # Time in which nothing was tried says nothing.
            self._throttled_since = now
        self._pause_ends_at = now + pause_s
        if now - self._throttled_since > run.timing.throttle_patience_s:
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
        run, now = self._run, anyio.current_time()
        self._failures += 1
        self._unreachable_since = self._unreachable_since or now
        if now - self._unreachable_since > run.timing.api_patience_s:
            patience = describe_duration(timedelta(seconds=run.timing.api_patience_s))
            run.halt(ApiUnavailableError(f"{error.what} for {patience}; run again when it is back"))
        run.pace.pause(self._backoff_s())

    def _backoff_s(self) -> float:
        timing = self._run.timing
        return min(timing.backoff_s * 2.0 ** min(self._failures - 1, 10), timing.backoff_max_s)
