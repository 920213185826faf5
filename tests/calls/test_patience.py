"""Patience: what counts towards its end, and what does not."""

from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

from campaign.calls.pace import LocalPace
from campaign.calls.patience import Patience
from campaign.calls.run import Run
from campaign.calls.timing import Timing
from campaign.errors import CampaignError
from campaign.oneinbox.errors import NotSent, Throttled
from campaign.settings import PaceSettings

pytestmark = pytest.mark.anyio

TIMING = Timing()
Fail = Callable[[Patience], None]


def unreachable(patience: Patience) -> None:
    patience.unreachable(NotSent("OneInbox cannot be reached (ConnectTimeout)"))


def throttled(patience: Patience) -> None:
    patience.throttled(Throttled("too many requests", retry_after_s=None))


def too_late(patience: Patience) -> None:
    patience.too_late()


FAILURES = pytest.mark.parametrize(
    ("fail", "patience_s"),
    [
        (unreachable, TIMING.api_patience_s),
        (throttled, TIMING.throttle_patience_s),
        (too_late, TIMING.api_patience_s),
    ],
    ids=["unreachable", "throttled", "too late"],
)


class Night:
    """A run of which only its patience is there."""

    def __init__(self) -> None:
        self.errors: list[CampaignError] = []
        self.pace = LocalPace(PaceSettings(calls_per_second=1), rng=Random(1))
        run: Any = SimpleNamespace(timing=TIMING, pace=self.pace, halt=self.errors.append)
        self.patience = Patience(cast("Run", run))

    async def fails_for(self, fail: Fail, seconds: float) -> None:
        """Every request fails, and the next one goes out when the pause after it is over."""
        until = anyio.current_time() + seconds
        while anyio.current_time() < until:
            fail(self.patience)
            await anyio.sleep(self.pace.paused_for)


@FAILURES
async def test_failures_for_longer_than_its_patience_end_a_run(fail: Fail, patience_s: float) -> None:
    """They are counted over all pauses between them, and no sooner than said."""
    night = Night()
    await night.fails_for(fail, patience_s - TIMING.backoff_max_s)
    assert night.errors == []
    await night.fails_for(fail, 3 * TIMING.backoff_max_s)
    assert night.errors


@FAILURES
async def test_two_failures_with_nothing_tried_between_them_end_nothing(
    fail: Fail, patience_s: float
) -> None:
    """Hours may have been closed meanwhile: time in which nothing was tried says nothing of OneInbox."""
    night = Night()
    fail(night.patience)
    await anyio.sleep(patience_s * 2)
    fail(night.patience)
    assert night.errors == []


@FAILURES
async def test_a_request_that_was_taken_starts_the_count_anew(fail: Fail, patience_s: float) -> None:
    """Whatever has become of it: OneInbox was there."""
    night = Night()
    await night.fails_for(fail, patience_s - TIMING.backoff_max_s)
    night.patience.in_time()
    night.patience.answered()
    await night.fails_for(fail, patience_s - TIMING.backoff_max_s)
    assert night.errors == []
