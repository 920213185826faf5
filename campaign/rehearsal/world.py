"""A world in virtual time: one ledger, one account, one clock, and the lives of the process between them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

import sniffio

from campaign.calls.progress import Progress
from campaign.calls.report import RunReport
from campaign.calls.runner import run_campaign
from campaign.calls.timing import Timing
from campaign.ledger.scratch import ScratchLedger
from campaign.rehearsal.account import Line, VirtualAccount
from campaign.rehearsal.clock import TURN_S, VirtualClock, VirtualLoop
from campaign.rehearsal.death import Death
from campaign.rehearsal.ledger import VirtualLedger
from campaign.settings import Calendar, CampaignSettings
from campaign.simulator.faults import FaultPlan
from campaign.simulator.provider import Provider

LONGEST_S = 14 * 86_400.0
"""No life of a real campaign is longer: what has not ended by then never will."""


def _ignore(_progress: Progress) -> None:
    pass


@dataclass(slots=True)
class World:
    """What outlives a process that is killed."""

    clock: VirtualClock
    ledger: ScratchLedger
    provider: Provider
    settings: CampaignSettings
    campaign_id: int
    rng: Random
    timing: Timing = field(default_factory=Timing)
    faults: FaultPlan = field(default_factory=FaultPlan)
    line: Line = field(default_factory=Line)
    suppressed: Mapping[str, str] = field(default_factory=dict)
    spoken: Sequence[str] = ()
    spoken_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    longest_call_s: float | None = None
    """As for a run."""
    calendar: Calendar | None = None
    on_progress: Callable[[Progress], None] = _ignore
    ledger_of_a_life: type[VirtualLedger] = VirtualLedger
    account_of_a_life: type[VirtualAccount] = VirtualAccount
    longest_life_s: float = LONGEST_S
    turn_s: float = TURN_S
    """So long the machine takes for one turn of the event loop."""

    def live(
        self,
        *,
        kill_after_s: float | None = None,
        deadline: datetime | None = None,
        meanwhile: Mapping[float, Callable[[], None]] | None = None,
    ) -> RunReport | None:
        """One life of the process: a whole run, or one that is killed.

        Args:
            kill_after_s: Virtual seconds from its start to its sudden death.
            deadline: As for a run.
            meanwhile: What happens to the world, by virtual seconds from the start of this life.

        Returns:
            How the run ended; None when it was killed.

        Raises:
            EndlessError, DeadlockError: The run would never end.
        """
        death = Death()
        with closing(VirtualLoop(self.clock, longest_s=self.longest_life_s, turn_s=self.turn_s)) as loop:
            try:
                return loop.run_until_complete(self._live(death, kill_after_s, deadline, meanwhile or {}))
            except BaseException:
                _end_tasks(loop)
                raise

    async def _live(
        self,
        death: Death,
        kill_after_s: float | None,
        deadline: datetime | None,
        meanwhile: Mapping[float, Callable[[], None]],
    ) -> RunReport | None:
        # Known to all tasks of this life: else each step would find out anew what it runs on.
        sniffio.current_async_library_cvar.set("asyncio")
        loop = asyncio.get_running_loop()
        run = loop.create_task(self._run(death, deadline))

        def kill() -> None:
            death.come()
            run.cancel()

        timers = [loop.call_later(after_s, act) for after_s, act in meanwhile.items()]
        if kill_after_s is not None:
            timers.append(loop.call_later(kill_after_s, kill))
        await asyncio.wait([run])
        for timer in timers:
            timer.cancel()
        if death.has_come:
            # However it unwound, a dead process says nothing.
            if not run.cancelled():
                run.exception()
            return None
        return run.result()

    async def _run(self, death: Death, deadline: datetime | None) -> RunReport:
        return await run_campaign(
            campaign_id=self.campaign_id,
            name=self.settings.name,
            settings=self.settings,
            ledger=self.ledger_of_a_life(self.ledger, rng=self.rng, death=death),
            api=self.account_of_a_life(self.provider, self.faults, line=self.line, rng=self.rng, death=death),
            write_results=_nothing_to_write,
            on_progress=self.on_progress,
            suppressed=self.suppressed,
            spoken=self.spoken,
            spoken_by=self.spoken_by,
            longest_call_s=self.longest_call_s,
            calendar=self.calendar,
            deadline=deadline,
            timing=self.timing,
            now=self.clock.now,
            steady=self.clock.monotonic,
            rng=self.rng,
            handle_signals=False,
        )


def _end_tasks(loop: VirtualLoop) -> None:
    """What is left of a life that could not go on is cancelled. One that has ended leaves nothing."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


async def _nothing_to_write() -> None:
    pass
