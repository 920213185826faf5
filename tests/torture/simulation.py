"""Whole campaigns in virtual time, each from one seed: people, faults, delays, clock steps and sudden deaths.

A seed that has failed once is written into `kept_seeds.txt` with its mend, and tried in every run.
"""

import faulthandler
import gc
import json
import logging
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import as_completed
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import time
from functools import cache, partial
from itertools import product
from math import isclose
from pathlib import Path
from random import Random
from time import process_time

from campaign import logs
from campaign.calls.report import RunReport
from campaign.calls.spending import Spending
from campaign.calls.timing import Timing
from campaign.contacts.intake import take_in
from campaign.errors import ExitCode
from campaign.ledger import breakers, campaigns
from campaign.ledger.scratch import ScratchLedger
from campaign.models import OPEN_STATUSES, Intake
from campaign.rehearsal.account import Line
from campaign.rehearsal.clock import VirtualClock
from campaign.rehearsal.ledger import VirtualLedger
from campaign.rehearsal.world import World
from campaign.rules.budget import terms_of
from campaign.settings import CampaignSettings
from campaign.settings.budget import LIMITS
from campaign.simulator.people import Behaviour
from tests import forks
from tests.support import NOON, make_settings
from tests.torture import hazards, limits, money
from tests.torture import tries as oracle
from tests.torture.finding import Finding, RealDial
from tests.torture.hazards import ALL_DAY, Wall, WatchedProvider
from tests.torture.judge import examine
from tests.torture.limits import Limits
from tests.torture.tally import Effort, Tally

FULL = 100_000
KEPT = Path(__file__).with_name("kept_seeds.txt")
CHUNK = 250
DYING = 1 / 3
"""So many deaths for each campaign at least. Many a life ends before it is to be killed."""
ENDED = (ExitCode.OK, ExitCode.NEEDS_REVIEW)
MOST_LIVES = 24
"""After its deaths a campaign has so many lives without faults to come to its end."""
MOST_PEOPLE = 4

LONGEST_LIFE_S = 12 * 3600.0
"""Virtual: a run waits an hour at most for a row to be due, and no call is longer than ten minutes."""
TURN_S = 1e-4
"""Virtual, for a turn of the event loop: the machine is a busy one."""
TIMING = Timing(progress_s=3600.0, refresh_min_s=3600.0, clock_look_s=30.0)
"""Nobody reads the progress or a result, and the clock is looked at before each request anyhow."""
LIMIT_S = 900.0
"""Real, for a chunk of seeds."""


@dataclass(slots=True)
class Told:
    """What became of one seed."""

    seed: int
    finding: Finding
    deaths: int
    review_bound: int
    wrong: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return self.finding.is_clean and not self.wrong and self.finding.in_review <= self.review_bound


@cache
def _intake(people: int, folder: Path, *, limited: bool) -> Intake:
    path = folder / f"{people}{'-limited' if limited else ''}.csv"
    lines = ["phone,customer_name", *(f"{number},Person" for number in _numbers(people))]
    if limited:
        lines = limits.lines(_numbers(people))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return take_in(path, make_settings())


def _numbers(people: int) -> list[str]:
    return [f"+1202555{at:04d}" for at in range(100, 100 + people)]


class Stage:
    """A ledger that is made once, and filled anew for every seed."""

    def __init__(self, folder: Path) -> None:
        self.ledger = ScratchLedger()
        empty = self.ledger.image()
        self._images: dict[tuple[int, bool], tuple[bytes, int]] = {}
        for people, limited in product(range(1, MOST_PEOPLE + 1), (False, True)):
            self.ledger.restore(empty)
            start = partial(
                campaigns.start,
                name="spring",
                name_pattern="spring",
                agent_id="agt_test",
                intake=_intake(people, folder, limited=limited),
                now=NOON,
            )
            [campaign_id] = self.ledger.transact([start])
            self._images[people, limited] = self.ledger.image(), campaign_id

    def fill(self, people: int, *, limited: bool = False) -> int:
        """Enrol so many people in an empty ledger. Returns the id of the campaign."""
        image, campaign_id = self._images[people, limited]
        self.ledger.restore(image)
        return campaign_id

    def examine(self, dials: list[RealDial], people: int, tries: int, forbidden: frozenset[str]) -> Finding:
        """What the judge says of the ledger."""
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(self.ledger.image())
            return examine(database, dials, _numbers(people), tries=tries, forbidden=forbidden)


def tell(stage: Stage, seed: int, *, program: type[VirtualLedger] = VirtualLedger) -> Told:
    """Live through the campaign of one seed, and judge it.

    Args:
        stage: Where.
        seed: Decides everything.
        program: A broken one should be found out.
    """
    rng = Random(seed)
    people = rng.choice((1, 1, 2, 2, 3, MOST_PEOPLE))
    settings, tries, hours = _settings(rng, money.budget(seed))
    within = Limits.draw(seed)
    settings = within.put_into(settings)
    clock = VirtualClock(NOON)
    wall = Wall(clock, hours)
    generation = rng.choice(("v1", "v3"))
    faults = hazards.faults(rng, generation, seed)
    provider = WatchedProvider(
        behaviour=Behaviour(talk_median_s=rng.choice((2.0, 8.0)), ring_s=2.0),
        seed=seed,
        list_lag_s=rng.choice((0.0, 0.0, 5.0)),
        monotonic=clock.monotonic,
        started_at=NOON,
    )
    provider.wall, provider.shown = wall, []
    world = World(
        clock=clock,
        ledger=stage.ledger,
        provider=provider,
        settings=settings,
        campaign_id=stage.fill(people, limited=within.of_rows),
        rng=rng,
        timing=TIMING,
        faults=faults,
        line=Line(unreachable=rng.choice((0.0, 0.0, 0.2)), generation=generation, create_deadline_s=20.0),
        ledger_of_a_life=program,
        longest_life_s=LONGEST_LIFE_S,
        turn_s=TURN_S,
    )
    forbidden = _forbid_somebody(world, people, rng)
    deaths, wrong, is_over = _die_and_live(world, wall, rng)
    ambiguous = faults.ambiguous
    faults.faults = ()
    has_spent = False
    # Who is at the end already is run again now and then, as cron would.
    if not is_over or rng.random() < 0.15:
        has_spent = _live_to_the_end(world, wrong)
    finding = stage.examine(provider.real_dials(), people, tries, forbidden)
    over_budget = money.over_budget(provider, generation, settings.budget.limits)
    out_of_limits = provider.out_of_hours() + within.broken(provider, _numbers(people))
    forbidden_dials = finding.forbidden_dials + over_budget + out_of_limits
    finding = replace(finding, forbidden_dials=forbidden_dials)
    wrong += oracle.wrong(provider, settings)
    if has_spent and not money.is_used_up(provider, settings.budget.limits, in_review=finding.in_review):
        wrong.append("dialling ended although the budget has room for another call")
    if finding.unfinished and not has_spent:
        wrong.append(f"{finding.unfinished} rows never came to their end")
    bound = deaths * settings.pace.max_live_calls + ambiguous + faults.doubled
    return Told(seed, finding, deaths, min(bound, people), wrong)


def _settings(rng: Random, budget: Mapping[str, float]) -> tuple[CampaignSettings, int, tuple[time, time]]:
    """The campaign file, how often a person may be called by it, and at which hours."""
    retry = rng.choice(oracle.MENU)
    tries = retry.get("max_attempts", 1)
    pace = {
        "calls_per_second": rng.choice((0.5, 2, 20)),
        "burst": rng.choice((1, 3)),
        "max_live_calls": rng.choice((1, 2, 10)),
    }
    # It is one o'clock where the people are.
    opens, closes = rng.choice((ALL_DAY, ALL_DAY, (time(9), time(13, 1)), (time(13, 5), time(20))))
    settings = _settings_of(
        json.dumps(
            {"hours": f"{opens:%H:%M}-{closes:%H:%M}", "pace": pace, "retry": retry, "budget": dict(budget)}
        )
    )
    return settings, tries, (opens, closes)


@cache
def _settings_of(sections: str) -> CampaignSettings:
    """There are about a hundred of them, and they are frozen: each is made once."""
    chosen = json.loads(sections)
    return make_settings(
        pace=chosen["pace"],
        call={"max_duration": "10m"},
        hours={"days": {"mon-sun": chosen["hours"]}},
        **({"retry": chosen["retry"]} if chosen["retry"] else {}),
        budget=chosen["budget"],
    )


def _forbid_somebody(world: World, people: int, rng: Random) -> frozenset[str]:
    if rng.random() < 0.8:
        return frozenset()
    number = rng.choice(_numbers(people))
    world.suppressed = {number: "on a list"}
    return frozenset((number,))


def _die_and_live(world: World, wall: Wall, rng: Random) -> tuple[int, list[str], bool]:
    """The lives with faults: some are killed, the last may end.

    Returns:
        The kills, what was wrong, and whether the campaign is at its end.
    """
    deaths = 0
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        report = world.live(
            kill_after_s=rng.choice((rng.uniform(0, 2), rng.uniform(0, 40))),
            meanwhile=wall.set_sometime(rng),
        )
        deaths += report is None
    report = world.live()
    if report is None:
        return deaths, ["a run without a kill did not end"], False
    return deaths, [], report.exit_code in ENDED


def _live_to_the_end(world: World, wrong: list[str]) -> bool:
    """Without faults, run again as cron would: every row comes to its end, or waits for a larger budget.

    Args:
        world: Where.
        wrong: Whatever is wrong is added to it.

    Returns:
        Whether the budget is used up.
    """
    stopped = ""
    _mend(world)
    for _ in range(MOST_LIVES):
        report = world.live()
        if report is None:
            wrong.append("a run without a kill did not end")
            return False
        stopped = f"{report.exit_code!r}, {report.stop_error}"
        if not _agree(world, report):
            wrong.append("what the run has counted is not what its ledger says")
        has_spent = report.stop_notice.startswith("the budget of")
        if report.exit_code in ENDED or (has_spent and not report.counts.keys() & OPEN_STATUSES):
            return has_spent
        _mend(world)
        if report.next_due is not None:
            world.clock.advance(max((report.next_due - world.clock.now()).total_seconds(), 0.0))
        else:
            world.clock.advance(60.0)
    wrong.append(f"the campaign did not come to its end: {stopped}")
    return False


def _agree(world: World, report: RunReport) -> bool:
    """Whether a run that has ended has spent what its ledger says."""
    terms = terms_of(world.settings, money.LONGEST_S)
    by_ledger = world.ledger.read(Spending.read, world.campaign_id, terms).outlay()
    assert report.outlay is not None
    return all(
        isclose(report.outlay.committed.of(name), by_ledger.committed.of(name), abs_tol=1e-6)
        and isclose(report.outlay.spent.of(name), by_ledger.spent.of(name), abs_tol=1e-6)
        for name in LIMITS
    )


def _mend(world: World) -> None:
    """The operator says that what has stopped the campaign is right again."""
    now, campaign = world.clock.now(), world.campaign_id
    world.ledger.transact([partial(breakers.reset, campaign_id=campaign, who="op", reason="mended", now=now)])


def tell_many(folder: Path, seeds: Iterable[int], *, program: type[VirtualLedger] = VirtualLedger) -> Tally:
    """Tell seeds one after the other; what fails names its seed."""
    logs.configure(level=logging.CRITICAL)
    tally = Tally()
    stage = _stage(folder)
    for seed in seeds:
        try:
            told = tell(stage, seed, program=program)
        except Exception as error:
            tally.wrong += 1
            tally.fail(f"seed {seed}: {type(error).__name__}: {error}")
            continue
        tally.injected["simulated campaigns"] += 1
        tally.injected["deaths in them"] += told.deaths
        told.finding.count_into(tally, review_bound=told.review_bound, case=f"seed {seed}")
        tally.wrong += len(told.wrong)
        if not told.is_clean:
            tally.fail(f"seed {seed}: {'; '.join(told.wrong) or told.finding}")
    return tally


@cache
def _stage(folder: Path) -> Stage:
    """One for each process, however many chunks it tells."""
    own = folder / str(os.getpid())
    own.mkdir(exist_ok=True)
    return Stage(own)


def _tell_chunk(folder: Path, seeds: list[int]) -> tuple[Tally, float]:
    """The same in a process of its own, with the seconds of processor time that it took.

    A life that spins for ever is ended from outside, with its place.
    """
    before = process_time()
    # What lives as long as the process need not be looked through again and again.
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)
    try:
        return tell_many(folder, seeds), process_time() - before
    finally:
        faulthandler.cancel_dump_traceback_later()


def kept_seeds() -> list[int]:
    """Seeds that have failed once, each a line: the number, then what it has found."""
    lines = KEPT.read_text(encoding="utf-8").splitlines()
    return [int(line.split()[0]) for line in lines if line and not line.startswith("#")]


def run(effort: Effort) -> Tally:
    """The kept seeds, then as many new ones as the effort says."""
    wanted = effort.count(FULL)
    first = effort.seed * 1_000_000
    seeds = [*kept_seeds(), *range(first, first + wanted)]
    chunks = [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]
    tally = Tally(injected=Counter({"simulated campaigns": 0, "deaths in them": 0}))
    busy_s = 0.0
    with forks.pool(effort.jobs) as pool:
        told = {pool.submit(_tell_chunk, effort.folder, chunk): chunk for chunk in chunks}
        for part in as_completed(told):
            if problem := part.exception():
                tally.wrong += 1
                tally.fail(
                    f"seeds {told[part][0]} to {told[part][-1]} were not told to their end: {problem!r}"
                )
            else:
                counted, took_s = part.result()
                tally.add(counted)
                busy_s += took_s
    tally.require({"deaths in them": int(wanted * DYING)})
    if busy_s:
        speed = tally.injected["simulated campaigns"] / busy_s
        tally.notes.append(f"{speed:.0f} of them per second of a core")
    return tally
