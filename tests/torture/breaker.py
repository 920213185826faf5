"""Suite `breaker`: something goes wrong for everybody from the nth call on, and dialling has to stop at once.

In virtual time. The oracle stands between the runner and the provider and knows both sides of every request;
from what it has seen it tells the first sign by rules of its own, and counts what is sent after it.
"""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from campaign.models import Call, CallRequest
from campaign.oneinbox.errors import ApiError
from campaign.rehearsal.account import Line, VirtualAccount
from campaign.rehearsal.clock import VirtualClock
from campaign.rehearsal.world import World
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour, Conversation
from campaign.simulator.provider import Provider, SimulatedCall
from tests import forks
from tests.support import NOON, make_settings
from tests.torture.tally import Effort, Tally

POSITIONS = 200
PEOPLE = 260
CHUNK = 25
FROM_NUMBERS = ["+12025550100", "+12025550101", "+12025550102"]
LOOKED_BACK, TOO_MANY_FAILED = 20, 16
UNKNOWN = 3
"""So many requests of unknown fate are borne."""
UNKNOWN_SHARE = 0.02
TIMING = Timing(progress_s=3600.0, refresh_min_s=3600.0)
"""Nobody reads the progress or a result."""
WRITTEN_S = 1.0
"""What one look shows is in the ledger by then, and the run has judged by it."""


@dataclass(slots=True)
class Sent:
    """One create-call request, as the line sees it."""

    number: str
    at: float
    came_back_at: float | None = None
    error: str = ""
    """The kind of error that came back; empty for a call id."""


@dataclass(slots=True)
class Watch:
    """What the oracle has seen of one campaign."""

    sent: list[Sent] = field(default_factory=list)
    shown: dict[str, float] = field(default_factory=dict)
    """When the end of each call was first shown to the run, in that order."""


class WatchedAccount(VirtualAccount):
    """Notes when each request leaves, what comes back, and when a call's end is shown."""

    watch: Watch

    async def create_call(self, request: CallRequest) -> str:
        """As it is, with a note of it."""
        note = Sent(request.to_number, self._provider.monotonic())
        self.watch.sent.append(note)
        try:
            return await super().create_call(request)
        except ApiError as error:
            note.error = type(error).__name__
            raise
        finally:
            note.came_back_at = self._provider.monotonic()

    def _shown(self, call: SimulatedCall) -> Call:
        if call.has_ended(self._provider.now()):
            self.watch.shown.setdefault(call.id, self._provider.monotonic())
        return super()._shown(call)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong, how one knows, and how the run has to end."""

    faults: Callable[[int], Sequence[str]]
    """For the nth request."""
    first_sign: Callable[[Watch, Provider], float | None]
    """When it could be known; None when it could not."""
    exit_code: ExitCode
    resets: bool
    """Whether a human has to close the breaker."""
    provider: type[Provider] = Provider


def _first_error(kind: str) -> Callable[[Watch, Provider], float | None]:
    """The first reply that says it."""

    def at(watch: Watch, _provider: Provider) -> float | None:
        return min((each.came_back_at or 0.0 for each in watch.sent if each.error == kind), default=None)

    return at


def many_failed(watch: Watch, provider: Provider) -> float | None:
    """Of the last 20 calls that were over, so many could not be put through.

    Ends within one look are shown in another order than they came. Which calls were the last 20 is asked of
    that order, too, when theirs has no sign.
    """
    ended = sorted((call.ends_at(), call.failure is not None) for call in provider.calls.values())
    came = _too_many(ended)
    return came if came is not None else many_shown(watch, provider)


def many_shown(watch: Watch, provider: Provider) -> float | None:
    """The same in the order of the looks: by then the run has been told."""
    return _too_many(
        [(at, provider.calls[call_id].failure is not None) for call_id, at in watch.shown.items()]
    )


def _too_many(ended: Sequence[tuple[float, bool]]) -> float | None:
    """When too many of the last 20 ends were failures."""
    for at in range(LOOKED_BACK, len(ended) + 1):
        last = ended[at - LOOKED_BACK : at]
        if sum(failed for _, failed in last) >= TOO_MANY_FAILED:
            return last[-1][0]
    return None


def _many_unknown(watch: Watch, _provider: Provider) -> float | None:
    """More requests of unknown fate than may be: none of these is ever found."""
    unknown = 0
    # Who was asked to wait, or refused, was certainly not called: that is no request by which to measure.
    counted = [each for each in watch.sent if each.error in ("", "OutcomeUnknown")]
    back = sorted(counted, key=lambda each: each.came_back_at or 0.0)
    for at, each in enumerate(back, start=1):
        unknown += each.error == "OutcomeUnknown"
        if unknown > max(UNKNOWN, UNKNOWN_SHARE * at):
            return each.came_back_at
    return None


@dataclass(slots=True)
class Breaking(Provider):
    """An account whose agent breaks conversations off after some seconds; they count as completed."""

    breaks_from: int = 1

    def place(self, **request: Any) -> SimulatedCall:
        """As it is, but for its course from some call on."""
        # Named, as a class with slots is made anew and no `super()` knows it.
        call = Provider.place(self, **request)
        if len(self.dials) >= self.breaks_from:
            call.failure = "llm_timeout"
            lasts_s = 1.0 if len(self.dials) % 2 else 15.0
            call.conversation = Conversation("answered", 5.0, 5.0 + lasts_s, 7.0 + lasts_s, (), None, None)
        return call


def _always(kind: str) -> Callable[[int], Sequence[str]]:
    return lambda first: (f"{kind}#{first}-99999",)


def _rising(first: int) -> Sequence[str]:
    """More and more requests are cut off: a fifth of them, then half, then all."""
    return (
        f"drop%20#{first}-{first + 15}",
        f"drop%50#{first + 16}-{first + 30}",
        f"drop#{first + 31}-99999",
    )


TROUBLES: Mapping[str, Trouble] = {
    "key refused (401)": Trouble(
        _always("status=401"), _first_error("KeyRefused"), ExitCode.KEY_REFUSED, resets=True
    ),
    "key refused (403)": Trouble(
        _always("status=403"), _first_error("KeyRefused"), ExitCode.KEY_REFUSED, resets=True
    ),
    "no credit (402)": Trouble(
        _always("status=402"), _first_error("AccountRefused"), ExitCode.API_UNAVAILABLE, resets=True
    ),
    "carrier refused": Trouble(
        _always("refuse_setup=carrier"), _first_error("SetupRefused"), ExitCode.CONFIG, resets=True
    ),
    "country refused": Trouble(
        _always("refuse_country=1"), _first_error("CountryRefused"), ExitCode.API_UNAVAILABLE, resets=True
    ),
    "all calls fail": Trouble(
        _always("fail_call=sip_503"), many_failed, ExitCode.API_UNAVAILABLE, resets=False
    ),
    "all calls break off": Trouble(
        lambda _first: (), many_failed, ExitCode.API_UNAVAILABLE, resets=False, provider=Breaking
    ),
    "requests cut off, more and more": Trouble(
        _rising, _many_unknown, ExitCode.API_UNAVAILABLE, resets=False
    ),
    "replies of 503": Trouble(_always("status=503"), _many_unknown, ExitCode.API_UNAVAILABLE, resets=False),
}


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
    """Live through one campaign in which something goes wrong from the nth request on, and the next night.

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
    told.wrong += _next_night(world, watch, trouble)
    return told


def _next_night(world: World, watch: Watch, trouble: Trouble) -> list[str]:
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
