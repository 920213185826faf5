"""A whole run in this process: the real runner and ledger, the simulator in place of the network."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Concatenate, ParamSpec, TypeVar

import anyio
import anyio.to_thread
import httpx
from pydantic import SecretStr

from campaign.calls.acquaintance import Acquaintance
from campaign.calls.ending import WriteLeftover
from campaign.calls.ports import AskHook, LedgerBesideLoop
from campaign.calls.progress import Progress
from campaign.calls.recordings import Keeping
from campaign.calls.report import RunReport
from campaign.calls.run import steady_time
from campaign.calls.runner import run_campaign, utc_now
from campaign.calls.timing import Timing
from campaign.contacts.intake import take_in
from campaign.errors import CampaignError
from campaign.hook.answer import Answer
from campaign.hook.ask import Question, ask
from campaign.ledger import amend, campaigns, learnt, results
from campaign.ledger.ledger import Connection, Ledger
from campaign.models import Habits, Intake, ResultRow, RowStatus
from campaign.oneinbox.client import FIRST_BYTE, OneInbox
from campaign.settings import Calendar, CampaignSettings, HookSettings
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider
from tests.calls.held_time import clock_of_loop
from tests.support import make_settings

QUICK = Timing(
    look_min_s=0.02,
    look_max_s=0.1,
    results_first_s=0.02,
    analysis_wait_s=0.2,
    results_wait_s=0.3,
    late_first_s=0.05,
    end_margin_s=0.2,
    doubt_wait_s=0.6,
    doubt_look_min_s=0.05,
    doubt_look_max_s=0.2,
    api_patience_s=10.0,
    throttle_patience_s=10.0,
    preflight_s=0.3,
    backoff_s=0.05,
    backoff_max_s=0.1,
    longest_idle_s=2.0,
    refresh_min_s=0.05,
    reader_patience_s=0.5,
)
"""Short waits, but long patience, so that a slow machine does not end a run."""
IMPATIENT = replace(QUICK, api_patience_s=0.5, throttle_patience_s=0.5)
"""For runs that are to end because OneInbox cannot be reached."""
PATIENCE_S = 60.0

P = ParamSpec("P")
T = TypeVar("T")
FAST = {"calls_per_second": 500, "burst": 20, "max_live_calls": 50}


def held() -> AbstractContextManager[None]:
    """Around a task's wait for a thread: where time is held for that, it is."""
    clock = clock_of_loop()
    return nullcontext() if clock is None else clock.held()


def wall_clock() -> Callable[[], datetime]:
    """The wall clock that goes with the running event loop."""
    clock = clock_of_loop()
    return utc_now if clock is None else clock.now


def steady_clock() -> Callable[[], float]:
    """The clock that nobody can set, in the time of the running event loop."""
    clock = clock_of_loop()
    return steady_time if clock is None else clock.monotonic


class HoldingLedger(LedgerBesideLoop):
    """As the product has it; no time passes while it is asked."""

    async def commit(
        self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        with held():
            return await super().commit(verb, *args, **kwargs)

    async def fetch(
        self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        with held():
            return await super().fetch(verb, *args, **kwargs)


async def ask_holding(hook: HookSettings, question: Question) -> Answer:
    """As the product asks it; no time passes meanwhile."""
    with held():
        return await ask(hook, question)


async def at_once() -> None:
    """How long it takes to connect, mostly."""


class Line(httpx.ASGITransport):
    """To the simulator in this process. Who dials is told when it is connected, as by the real transport."""

    def __init__(self, app: Any, connect: Callable[[], Awaitable[None]]) -> None:
        super().__init__(app=app)
        self._connect = connect

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Connect, and pass it on."""
        if (trace := request.extensions.get("trace")) is not None:
            await self._connect()
            await trace(FIRST_BYTE, {})
        return await super().handle_async_request(request)


@dataclass
class Stage:
    """One ledger, one simulated account, and the runs between them."""

    ledger: Ledger
    folder: Path
    simulator: Simulator
    settings: CampaignSettings = field(default_factory=lambda: make_settings(pace=FAST))
    timing: Timing = QUICK
    now: Callable[[], datetime] = field(default_factory=wall_clock)
    steady: Callable[[], float] = field(default_factory=steady_clock)
    patience_s: float = PATIENCE_S
    suppressed: dict[str, str] = field(default_factory=dict)
    read_suppression: Callable[[], Awaitable[Mapping[str, str]]] | None = None
    read_calendar: Callable[[], Awaitable[Calendar]] | None = None
    ask_hook: AskHook = ask_holding
    connect: Callable[[], Awaitable[None]] = at_once
    """What happens while a dial connects."""
    spoken: tuple[str, ...] = ()
    spoken_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    calendar: Calendar | None = None
    keeping: Keeping | None = None
    is_listened_to: Callable[[], Awaitable[bool]] | None = None
    remembers: bool = False
    """Whether what is learnt of the account is kept, and used in the next run."""
    base_url: str = "http://simulator"
    progress: list[Progress] = field(default_factory=list)
    on_stall: Callable[[CampaignError], None] | None = None
    ledger_flag: str = ""
    handle_signals: bool = False
    write_leftover: WriteLeftover | None = None
    written: int = 0
    campaign_id: int = 0

    async def enrol(self, *phones: str, name: str = "spring", pattern: str | None = None) -> None:
        """Make a campaign of these numbers."""
        with held():
            self.campaign_id = await anyio.to_thread.run_sync(self._enrol, phones, name, pattern)

    def _enrol(self, phones: Sequence[str], name: str, pattern: str | None) -> int:
        lines = ["phone,customer_name", *(f"{phone},Person {at}" for at, phone in enumerate(phones))]
        return self._enrol_lines(lines, name, pattern)

    async def enrol_cells(self, *lines: str) -> None:
        """Make a campaign of a list with these lines, the header first."""
        with held():
            self.campaign_id = await anyio.to_thread.run_sync(self._enrol_lines, lines, "spring")

    def _enrol_lines(self, lines: Sequence[str], name: str, pattern: str | None = None) -> int:
        return self.ledger.write(
            campaigns.start,
            name=name,
            name_pattern=pattern or name,
            agent_id=self.settings.agent_id,
            intake=self._take_in(lines, name),
            now=self.now(),
        ).result()

    async def amend_cells(self, *lines: str) -> None:
        """Give the campaign another list."""
        await anyio.to_thread.run_sync(self._amend_lines, lines)

    def _amend_lines(self, lines: Sequence[str]) -> None:
        intake = self._take_in(lines, "amended")
        self.ledger.write(amend.amend, self.campaign_id, intake, self.now()).result()

    def _take_in(self, lines: Sequence[str], name: str) -> Intake:
        path = self.folder / f"{name}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return take_in(path, self.settings)

    async def run(
        self, *, deadline: datetime | None = None, alongside: Any = None, **options: Any
    ) -> RunReport:
        """Run the campaign to its end; `alongside` runs in the same task group."""
        known = await self.read(learnt.habits, self.base_url, self.now()) if self.remembers else Habits()
        api = OneInbox(
            self.base_url,
            SecretStr(SIMULATOR_KEY),
            create_deadline_s=0.3,
            transport=Line(self.simulator.app, self.connect),
            habits=known,
        )
        account = self.base_url if self.remembers else ""

        async def write_results() -> None:
            self.written += 1

        with anyio.fail_after(self.patience_s):
            async with api, anyio.create_task_group() as tasks:
                if alongside is not None:
                    tasks.start_soon(alongside)
                report = await run_campaign(
                    campaign_id=self.campaign_id,
                    name="spring",
                    settings=self.settings,
                    ledger=HoldingLedger(self.ledger),
                    api=api,
                    write_results=write_results,
                    on_progress=self.progress.append,
                    on_stall=self.on_stall,
                    suppressed=self.suppressed,
                    read_suppression=self.read_suppression,
                    read_calendar=self.read_calendar,
                    ask_hook=self.ask_hook,
                    spoken=self.spoken,
                    spoken_by=self.spoken_by,
                    calendar=self.calendar,
                    deadline=deadline,
                    keeping=self.keeping,
                    is_listened_to=self.is_listened_to,
                    acquaintance=Acquaintance(account, known, lambda: api.habits),
                    ledger_flag=self.ledger_flag,
                    write_leftover=self.write_leftover,
                    timing=self.timing,
                    now=self.now,
                    steady=self.steady,
                    rng=Random(1),
                    handle_signals=self.handle_signals,
                    **options,
                )
                tasks.cancel_scope.cancel()
        return report

    async def write(self, verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a verb of the ledger beside the event loop."""
        with held():
            return await anyio.to_thread.run_sync(lambda: self.ledger.write(verb, *args, **kwargs).result())

    async def read(self, verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a reading verb of the ledger beside the event loop."""
        with held():
            return await anyio.to_thread.run_sync(lambda: self.ledger.read(verb, *args, **kwargs))

    async def rows(self) -> list[ResultRow]:
        """The result of the campaign."""
        return await self.read(lambda connection: list(results.result_rows(connection, self.campaign_id)))

    async def statuses(self) -> Counter[RowStatus]:
        """How many rows stand where."""
        return Counter(row.status for row in await self.rows())

    def dialled(self) -> Counter[str]:
        """Who was really called, and how often."""
        return Counter(dial.to_number for dial in self.simulator.provider.dials)


def simulated(
    *faults: str, behaviour: Behaviour | None = None, lag_s: float = 0.0, **options: Any
) -> Simulator:
    """An account whose calls last a tenth of a second or so."""
    provider = Provider(
        behaviour=behaviour or Behaviour(),
        speed=500,
        list_lag_s=lag_s,
        monotonic=anyio.current_time,
        started_at=wall_clock()(),
    )
    plan = FaultPlan(tuple(Fault.parse(text) for text in faults))
    return Simulator(provider=provider, faults=plan, **options)


def numbers(count: int) -> list[str]:
    """So many fictional numbers."""
    return [f"+1202555{at:04d}" for at in range(100, 100 + count)]
