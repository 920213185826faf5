"""One run of one campaign: what its tasks share, and how they are told to stop."""

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import count
from typing import Concatenate, ParamSpec, TypeVar

import anyio

from campaign.calls.acquaintance import Acquaintance
from campaign.calls.pace import Pace
from campaign.calls.ports import AskHook, AsyncLedger, CallsApi
from campaign.calls.spending import Spending
from campaign.calls.timing import Timing
from campaign.errors import CampaignError
from campaign.hook.ask import ask
from campaign.ledger.ledger import Connection
from campaign.rules.breaker import Breaker
from campaign.rules.judging import Judging
from campaign.rules.stages import Stages
from campaign.settings import Calendar, CampaignSettings

P = ParamSpec("P")
T = TypeVar("T")


ONEINBOX = "OneInbox, which asked to wait"
"""What a pause of the pace is for, for people."""


def steady_time() -> float:
    """Seconds of a clock that nobody can set, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Bell:
    """Wakes all tasks that wait for it; a ring while nobody waits is kept."""

    def __init__(self) -> None:
        self._rung = anyio.Event()

    def ring(self) -> None:
        """Wake who waits; where nobody does, the next one that would."""
        self._rung.set()

    async def wait(self, at_most_s: float) -> None:
        """Return at the next ring, or when the time is over."""
        rung = self._rung
        with anyio.move_on_after(at_most_s):
            await rung.wait()
        # Of several that were woken, one takes it down.
        if rung.is_set() and self._rung is rung:
            self._rung = anyio.Event()


class Step(StrEnum):
    """What a run may wait for beside the event loop."""

    LEDGER = "ledger"
    RESULTS = "results"
    LISTS = "suppression lists"
    DAYS_OFF = "days off"


class Signs:
    """Signs of life of a run: what it has written down, and what it waits for."""

    def __init__(self) -> None:
        self.moves = 0
        """How many of its commits are on disk."""
        self.under_way: dict[int, Step] = {}
        """Steps that have begun and not ended, by a serial number."""
        self._serials = count()

    @contextmanager
    def step(self, step: Step) -> Iterator[None]:
        """Known as under way for as long as the block lasts."""
        serial = next(self._serials)
        self.under_way[serial] = step
        try:
            yield
        finally:
            del self.under_way[serial]


@dataclass
class Run:
    """The shared state of one run's tasks. All of it belongs to one event loop."""

    campaign_id: int
    name: str
    settings: CampaignSettings
    ledger: AsyncLedger
    api: CallsApi
    pace: Pace
    timing: Timing
    now: Callable[[], datetime]
    ask_hook: AskHook = ask
    ledger_flag: str = ""
    """What a command that is advised needs to open the same ledger: an option after a blank, or nothing."""
    epoch: int | None = None
    """Of the run lock, where another run may take it unseen."""
    deadline: datetime | None = None
    """When dialling ends at the latest."""
    started_at: datetime | None = None
    """When the campaign was first started."""
    spoken: tuple[str, ...] = ()
    """Variables that the campaign's agent says."""
    spoken_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The same for agents that rows name."""
    calendar: Calendar | None = None
    """The days off; None when they are not known."""
    suppressed: Mapping[str, str] = field(default_factory=dict)
    """Numbers of the campaign file's suppression lists, with the list they stand in."""
    suppression_read_at: float | None = None
    """When those lists were last read whole, by the steady clock; None where nobody reads them again."""
    acquaintance: Acquaintance = field(default_factory=Acquaintance)
    """What is known of the account."""
    spending: Spending = field(default_factory=Spending)
    """What the campaign has spent, over all its runs."""
    agents_longest_s: float = 0.0
    """How long the agents let a call last, as far as that is known."""
    live: set[int] = field(default_factory=set)
    """Attempts that count as live calls: from the intent until the call has ended, doubt included."""
    settling: set[int] = field(default_factory=set)
    """Attempts whose call has ended and whose results are awaited."""
    in_doubt: set[int] = field(default_factory=set)
    """Those of the live attempts whose fate is unknown."""
    lost: Mapping[str, datetime] = field(default_factory=dict)
    """By agent, since when requests of earlier runs are left to a human, until they were looked for again."""
    own_doubts: set[int] = field(default_factory=set)
    """Doubts of this run. Those of a killed run say nothing about OneInbox."""
    steady: Callable[[], float] = steady_time
    """A clock that nobody can set, in seconds."""
    breaker: Breaker = field(init=False)
    """Whether dialling may go on."""
    stages: Stages = field(init=False)
    """How far the first calls of the campaign have come."""
    signs: Signs = field(default_factory=Signs)
    """For whoever watches whether the run still moves."""
    changed: Bell = field(default_factory=Bell)
    """Rings for the dispatcher when an attempt has left `live` or `settling`."""
    doubted: Bell = field(default_factory=Bell)
    """Rings for the settler of doubts when a new one has come."""
    dialling: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """Holds the dispatcher's waits. Cancelling it ends dialling, and never a request under way."""
    stop_error: CampaignError | None = None
    """Why dialling was stopped by trouble."""
    stop_notice: str = ""
    """Why dialling was stopped, when nothing is wrong: by a signal, the deadline, the budget or the quota."""
    leave_at_once: bool = False
    """Whether live calls are left to the next run."""
    leaves_from: float = math.inf
    """Since when, by the event loop's clock, where nothing is wrong."""
    follows: bool = True
    """Whether it lasts until its calls have settled, and not only until the fate of each request is known."""
    touched: set[int] = field(default_factory=set)
    """Campaigns of which calls have settled in this run."""
    opt_outs: int = 0
    """People who have asked in a call of this run not to be called again."""
    judgings: dict[int, Judging] = field(default_factory=dict)
    """By campaign, by what its calls are judged, as far as some were: as the ledger has it."""
    waiting_for: str = ""
    """Why no call starts at this moment, for people."""
    pauses_for: str = ONEINBOX
    """The same while the pace pauses."""
    next_due: datetime | None = None
    """When the next row may be dialled, where that is too far away for this run."""

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.settings.breaker, from_numbers=len(self.settings.from_numbers))
        self.stages = Stages(self.settings.pace.stages, self.settings.breaker.failed_share)
        self._clocks_apart_s = self.now().timestamp() - self.steady()

    def clock_set_by_s(self) -> float:
        """By how many seconds the wall clock was set since the run began: negative for back."""
        return self.now().timestamp() - self.steady() - self._clocks_apart_s

    @property
    def longest_call_s(self) -> float:
        """No call is said to last longer: the campaign file or an agent, whichever allows more."""
        return max(self.settings.call.max_duration.total_seconds(), self.agents_longest_s)

    @property
    def lists_are_stale(self) -> bool:
        """Whether the suppression lists were last read too long ago to know who stands on them."""
        read_at = self.suppression_read_at
        return read_at is not None and self.steady() - read_at > self.timing.suppression_stale_s

    @property
    def is_stopping(self) -> bool:
        """Whether dialling has been stopped."""
        return self.dialling.cancel_called

    @property
    def has_open_attempts(self) -> bool:
        """Whether an attempt is under way that this run has to follow."""
        return bool(self.live or self.settling) if self.follows else bool(self.in_doubt)

    def heed_deadline(self) -> None:
        """Dial no more when the deadline has come. Calls that are live are followed to their end."""
        if self.deadline is not None and self.now() >= self.deadline:
            # Tomorrow's run may be of another campaign.
            self.drain("the deadline has come", leave=False)

    def drain(self, notice: str, *, leave: bool) -> None:
        """Dial no more and let requests in flight end; leave live calls to the next run, or follow them."""
        self.stop_notice = self.stop_notice or notice
        self.leaves_from = min(self.leaves_from, anyio.current_time() if leave else math.inf)
        self.leave_at_once = self.leave_at_once or leave
        self.dialling.cancel()
        self.changed.ring()

    def halt(self, error: CampaignError, *, leave: bool = False) -> None:
        """Dial no more because going on would do harm; follow the live calls, unless told to leave."""
        self.stop_error = self.stop_error or error
        self.leave_at_once = self.leave_at_once or leave
        self.dialling.cancel()
        self.changed.ring()

    def no_longer_live(self, attempt_id: int) -> None:
        """The attempt has left the line: there is room for another call."""
        self.live.discard(attempt_id)
        self.changed.ring()

    def doubt(self, attempt_id: int, *, own: bool) -> None:
        """The reply was lost, in this run or an earlier one: the attempt stays live, and is looked for."""
        if own:
            self.own_doubts.add(attempt_id)
        self.live.add(attempt_id)
        self.in_doubt.add(attempt_id)

    def placed(self, attempt_id: int, call_ids: Collection[str]) -> None:
        """The call is known, or several of one request: dialling works."""
        self.spending.placed(attempt_id, call_ids)
        self.in_doubt.discard(attempt_id)
        self.changed.ring()

    def not_called(self, attempt_id: int) -> None:
        """The attempt is over, and nobody was called."""
        self.spending.not_called(attempt_id)
        self.closed(attempt_id)

    def closed(self, attempt_id: int) -> None:
        """The attempt is over."""
        self.in_doubt.discard(attempt_id)
        self.live.discard(attempt_id)
        self.settling.discard(attempt_id)
        self.changed.ring()

    async def commit(
        self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a verb in the writer's next transaction; return when it is on disk, cancelled or not."""
        with self.signs.step(Step.LEDGER):
            result = await self.ledger.commit(verb, *args, **kwargs)
        self.signs.moves += 1
        return result

    async def fetch(
        self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a reading verb on what is committed."""
        with self.signs.step(Step.LEDGER):
            return await self.ledger.fetch(verb, *args, **kwargs)
