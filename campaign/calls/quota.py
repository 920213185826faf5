"""The account's own quota: asked before the first dial and again as its end comes near.

When it is used up no call starts: the run waits for the provider's next day where that is near, else it ends.
What cannot be asked is unknown, and holds nobody back.
"""

from collections.abc import Sized
from datetime import timedelta

import anyio

from campaign.calls.run import Run
from campaign.logs import get_logger
from campaign.oneinbox.errors import AccountRefused, ApiError, KeyRefused, NotFound, Unsupported
from campaign.oneinbox.usage import Usage
from campaign.rules import quota as rules

log = get_logger(__name__)

LOOK_AGAIN_AFTER = 20
"""After so many starts a quota that could not be asked for at first is asked for again."""
LOOK_AGAIN_S = 30.0
"""So often is a quota looked at that should have begun anew by now."""


class Quota:
    """What the account leaves to one run."""

    def __init__(self, run: Run, in_hand: Sized) -> None:
        """Prepare; nothing is asked.

        Args:
            run: The run.
            in_hand: The dials whose request has not ended, which the provider may not have counted yet.
        """
        self._run = run
        self._in_hand = in_hand
        self._usage: Usage | None = None
        self._left: int | None = None
        """Calls that may still start; None while that is not known."""
        self._starts_until_look: float = 0
        self._questions = 0

    @property
    def is_in_question(self) -> bool:
        """Whether a call was turned away and it is not known yet whether that is the quota's doing."""
        return self._questions > 0

    async def ready(self) -> None:
        """Return when one more call may start. When none may for too long, dialling is ended."""
        while True:
            if self._starts_until_look <= 0:
                await self.look()
            if self._left is None or self._left > 0:
                return
            if self._in_hand:
                # Some of them may have been counted twice: by the provider, and as on the way.
                await self._run.changed.wait(1.0)
                self._starts_until_look = 0
            else:
                await self._wait_for_reset()

    def take(self) -> None:
        """A call starts."""
        self._starts_until_look -= 1
        if self._left is not None:
            self._left -= 1

    def suspect(self) -> None:
        """The provider did not accept a call: before the next one starts, ask whether any is left."""
        if self._left is not None:
            self._starts_until_look = 0

    async def explains(self, error: ApiError) -> bool:
        """Whether a call was turned away because none is left.

        Until that is known none starts and no request is sent, those included that have their start already.
        """
        if self._left is None or not isinstance(error, AccountRefused | KeyRefused):
            return False
        self._left = 0
        self._starts_until_look = 0
        self._questions += 1
        try:
            await self.look(on_the_way=0)
        finally:
            self._questions -= 1
            self._run.changed.ring()
        usage = self._usage if self._starts_until_look > 0 else None
        return usage is not None and usage.left_today == 0

    async def look(self, *, on_the_way: int | None = None) -> None:
        """Ask the provider."""
        run = self._run
        try:
            self._usage = await run.api.get_usage()
        except ApiError as error:
            self._not_told(error)
            return
        left = self._usage.left_today
        if left is None:
            self._left, self._starts_until_look = None, float("inf")
            log.info("quota.unknown", error="the reply does not say")
            return
        reserve = run.settings.budget.reserve_calls
        if on_the_way is None:
            on_the_way = len(self._in_hand)
        self._left = rules.left_to_campaign(left, on_the_way=on_the_way, reserve=reserve)
        self._starts_until_look = rules.next_look(self._left)
        log.info("quota.left", left_today=left, for_this_run=self._left)

    def _not_told(self, error: ApiError) -> None:
        if self._left is not None:
            # What was known goes on as far as it goes.
            self._starts_until_look = rules.next_look(self._left) if self._left else 0
            return
        is_for_good = isinstance(error, NotFound | KeyRefused | Unsupported)
        self._starts_until_look = float("inf") if is_for_good else LOOK_AGAIN_AFTER
        log.info("quota.unknown", error=error.brief)

    async def _wait_for_reset(self) -> None:
        run, now = self._run, self._run.now()
        reset_at = rules.next_reset(now)
        is_late = rules.since_reset(now) < timedelta(seconds=run.timing.clock_skew_s)
        wait_s = LOOK_AGAIN_S if is_late else (reset_at - now).total_seconds()
        if wait_s > run.timing.longest_idle_s:
            run.next_due = reset_at
            run.drain(self._used_up(), leave=False)
            # Dialling has been cancelled: this wait is where the dispatcher ends.
            await anyio.sleep_forever()
        run.waiting_for = "the account's calls of the next day, from 00:00 UTC on"
        await anyio.sleep(min(wait_s, LOOK_AGAIN_S if is_late else run.timing.clock_skew_s))
        self._starts_until_look = 0

    def _used_up(self) -> str:
        usage, reserve = self._usage or Usage(), self._run.settings.budget.reserve_calls
        made = usage.calls_made_today
        of = f" of {usage.max_calls_per_day:,}" if usage.max_calls_per_day is not None else ""
        figures = f": {made:,}{of} made" if made is not None else ""
        others = f", {reserve:,} left to others by budget.reserve_calls" if reserve else ""
        return (
            f"the OneInbox account's calls of today are used up{figures}{others}; it counts anew at 00:00 UTC"
        )
