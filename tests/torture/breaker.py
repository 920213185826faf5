"""Suite `breaker`: something goes wrong for everybody from the nth call on, and dialling has to stop at once.

In virtual time. The oracle stands between the runner and the provider and knows both sides of every request;
from what it has seen it tells the first sign, and counts what is sent after it.
"""

import logging
import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from campaign import logs
from campaign.calls.timing import Timing
from campaign.contacts.intake import take_in
from campaign.errors import ExitCode
from campaign.ledger import campaigns
from campaign.ledger.scratch import ScratchLedger
from campaign.rehearsal.account import Line
from campaign.rehearsal.clock import VirtualClock
from campaign.rehearsal.world import World
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from tests import forks
from tests.support import NOON, make_settings
from tests.torture.breaker_signs import (
    LOOKED_BACK,
    TROUBLES,
    Breaking,
    Trouble,
    Watch,
    WatchedAccount,
    many_shown,
)
from tests.torture.tally import Effort, Tally

POSITIONS = 200
PEOPLE = 260
CHUNK = 25
FROM_NUMBERS = ["+12025550100", "+12025550101", "+12025550102"]
TIMING = Timing(progress_s=3600.0, refresh_min_s=3600.0)
"""Nobody reads the progress or a result."""
WRITTEN_S = 1.0
"""What one look shows is in the ledger by then, and the run has judged by it."""


class Stage:
    """A ledger with people in it, that is filled anew for every case."""

    def __init__(self, folder: Path) -> None:
        path = folder / "people.csv"
        numbers = [f"+1{area}55501{at:02d}" for area in (202, 212, 312) for at in range(100)][:PEOPLE]
        path.write_text("\n".join(["phone,customer_name", *(f"{each},Person" for each in numbers)]) + "\n")
        self.ledger = ScratchLedger()
        start = partial(
            campaigns.start,
            name="spring",
            name_pattern="spring",
            agent_id="agt_test",
            intake=take_in(path, make_settings()),
            now=NOON,
        )
        [self.campaign_id] = self.ledger.transact([start])
        self.image = self.ledger.image()


@dataclass(slots=True)
class Told:
    """What became of one case."""

    calls: int = 0
    after_sign: int = 0
    """Requests that left after the first sign had come back, or could have been known."""
    wrong: list[str] = field(default_factory=list)


def tell(stage: Stage, name: str, first: int, *, program: type[WatchedAccount] = WatchedAccount) -> Told:
    """Live through one campaign in which something goes wrong from the nth request on, and its next run.

    Args:
        stage: Where.
        name: Of the trouble.
        first: The request from which on it goes wrong.
        program: A broken line should be found out.
    """
    trouble, rng = TROUBLES[name], Random(f"{name}:{first}")
    stage.ledger.restore(stage.image)
    clock = VirtualClock(NOON)
    live = rng.choice((1, 3, 10, 25))
    provider = trouble.provider(
        # People as they are, only that no call of theirs fails.
        behaviour=Behaviour(answer=0.5, voicemail=0.1, busy=0.2, no_answer=0.2, talk_median_s=20.0),
        seed=first,
        monotonic=clock.monotonic,
        started_at=NOON,
        # An account that tells its quota is asked about a refusal, and far from the end of it.
        daily_quota=rng.choice((None, 50 * PEOPLE)),
    )
    if isinstance(provider, Breaking):
        provider.breaks_from = first
    faults = ["throttle=2%3", *trouble.faults(first)] if rng.random() < 0.3 else [*trouble.faults(first)]
    watch = Watch()
    world = World(
        clock=clock,
        ledger=stage.ledger,
        provider=provider,
        settings=make_settings(
            from_numbers=FROM_NUMBERS[: rng.choice((1, 3))],
            pace={
                "calls_per_second": rng.choice((1, 5, 20)),
                "burst": rng.choice((1, 3)),
                "max_live_calls": live,
                "stages": rng.choice(([], [1, 5, 25])),
            },
        ),
        campaign_id=stage.campaign_id,
        rng=rng,
        timing=TIMING,
        faults=FaultPlan(tuple(map(Fault.parse, faults)), seed=first),
        line=Line(create_deadline_s=20.0),
        account_of_a_life=type("Watched", (program,), {"watch": watch}),
    )
    report = world.live()
    assert report is not None
    told = Told(calls=len(provider.dials))
    sign = trouble.first_sign(watch, provider)
    if sign is None:
        # When the first calls of a campaign all fail, it does not take so many.
        is_staged = first < LOOKED_BACK and not trouble.resets and bool(world.settings.pace.stages)
        if not is_staged:
            told.wrong.append(f"there was no sign of it: {report.stop_error}")
    else:
        told.after_sign = sum(each.at > sign for each in watch.sent)
        # Replies are known when they come; the end of a call, when its line is free.
        bound = live if name in ("all calls fail", "all calls break off") else 0
        if told.after_sign > bound:
            told.wrong.append(f"{told.after_sign} requests were sent after the first sign, {bound} may be")
        in_flight = sum(each.at <= sign < (each.came_back_at or sign) for each in watch.sent)
        if in_flight > live:
            told.wrong.append(f"{in_flight} requests were in flight, {live} may be")
    # With several numbers it may be one of them that fails, and the others go on.
    shown = many_shown(watch, provider) if len(world.settings.from_numbers) == 1 else None
    if shown is not None and (sent := sum(each.at > shown + WRITTEN_S for each in watch.sent)):
        told.wrong.append(f"{sent} requests were sent after the run had been shown that too many fail")
    if report.exit_code is not trouble.exit_code:
        told.wrong.append(f"ended with {report.exit_code!r}, not {trouble.exit_code!r}: {report.stop_error}")
    told.wrong += _next_run(world, watch, trouble)
    return told


def _next_run(world: World, watch: Watch, trouble: Trouble) -> list[str]:
    """Where a human has to close it, the next run dials nobody; otherwise it begins to dial again."""
    before = len(watch.sent)
    world.faults = FaultPlan()
    world.clock.advance(3600.0)
    report = world.live(deadline=world.clock.now() + timedelta(seconds=20))
    assert report is not None
    dialled = len(watch.sent) - before
    if trouble.resets and (dialled or report.exit_code is not ExitCode.API_UNAVAILABLE):
        return [f"the next run has sent {dialled} requests, and ended with {report.exit_code!r}"]
    if not trouble.resets and not dialled:
        return [f"the next run has dialled nobody: {report.stop_error}"]
    return []


def tell_many(folder: Path, cases: Iterable[tuple[str, int]], **how: Any) -> Tally:
    """Tell cases one after the other; what fails names its trouble and its place."""
    logs.configure(level=logging.CRITICAL)
    own = folder / str(os.getpid())
    own.mkdir(exist_ok=True)
    stage, tally = Stage(own), Tally()
    for name, first in cases:
        told = tell(stage, name, first, **how)
        tally.injected[name] += 1
        tally.injected["calls before or in flight"] += told.calls
        tally.wrong += len(told.wrong)
        for line in told.wrong:
            tally.fail(f"{name} from call {first} on: {line}")
    return tally


def cases_of(share: float) -> list[tuple[str, int]]:
    """Every trouble at this share of the positions, evenly spread, the first one always among them."""
    wanted = max(round(POSITIONS * share), 1)
    positions = [1 + at * POSITIONS // wanted for at in range(wanted)]
    return [(name, first) for first in positions for name in TROUBLES]


def run(effort: Effort) -> Tally:
    """Every trouble, beginning at each of the calls 1 to 200."""
    cases = cases_of(effort.share)
    chunks = [cases[at : at + CHUNK] for at in range(0, len(cases), CHUNK)]
    tally = Tally(injected=Counter(dict.fromkeys(TROUBLES, 0)))
    with forks.pool(effort.jobs) as pool:
        for part in as_completed([pool.submit(tell_many, effort.folder, chunk) for chunk in chunks]):
            tally.add(part.result())
    tally.notes.append(f"first failure at {len({first for _, first in cases})} of the calls 1 to {POSITIONS}")
    return tally
