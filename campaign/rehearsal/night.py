"""A night: one campaign from its start to the end of its run, in virtual time, under a given weather."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from random import Random

from campaign.calls.progress import Progress
from campaign.calls.report import RunReport
from campaign.calls.timing import Timing
from campaign.errors import ExitCode
from campaign.ledger import campaigns
from campaign.ledger.scratch import ScratchLedger
from campaign.models import TOKEN_KEY, Disposition, Intake, RowStatus
from campaign.rehearsal.clock import VirtualClock
from campaign.rehearsal.world import World
from campaign.settings import Calendar, CampaignSettings
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider
from campaign.simulator.wire import duration_s

LOOK_S = 5.0
"""What the run waits for is noted so often, in virtual seconds."""
RESTART_S = 60.0
"""Who starts a killed run again needs so long."""


@dataclass(frozen=True, slots=True)
class Weather:
    """What a night has in store."""

    name: str
    faults: tuple[str, ...] = ()
    """As for the simulator: `throttle=20%30`."""
    kills: int = 0
    """The process is killed so often, at even parts of the time that a usual night takes."""


USUAL = Weather("a usual night")
STORM = Weather("a storm of 429", faults=("throttle=20%30",))
KILLED = Weather("killed twice", kills=2)


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a night went."""

    weather: str
    exit_code: ExitCode
    stopped_because: str
    starts_at: datetime
    ends_at: datetime
    counts: Mapping[RowStatus, int]
    dispositions: Mapping[Disposition, int]
    calls: int
    """Calls that really rang somebody."""
    called_twice: int
    """Calls beyond the one of their attempt, or beyond the tries that the campaign file allows."""
    minutes: float
    """Of all calls, as the provider counts them."""
    turned_away: int
    """Requests answered with 429."""
    waited_s: Mapping[str, float]
    """For what no call started although rows waited, and how long; the longest first."""
    next_due: datetime | None
    """From when on another run finds rows to dial."""

    @property
    def seconds(self) -> float:
        """From the start to the end of the night."""
        return (self.ends_at - self.starts_at).total_seconds()


@dataclass(slots=True)
class Night:
    """What every night of a rehearsal shares."""

    intake: Intake
    settings: CampaignSettings
    start: datetime
    seed: int = 1
    behaviour: Behaviour = field(default_factory=Behaviour)
    suppressed: Mapping[str, str] = field(default_factory=dict)
    spoken: Sequence[str] = ()
    spoken_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    longest_call_s: float | None = None
    """How long the agents let a call last; None when that is not known."""
    calendar: Calendar | None = None

    def pass_under(
        self,
        weather: Weather,
        *,
        usual_s: float = 0.0,
        on_progress: Callable[[Progress], None] = lambda _progress: None,
    ) -> Forecast:
        """Live through the night.

        Args:
            weather: What goes wrong.
            usual_s: How long a usual night takes, where the weather has kills.
            on_progress: Told every few virtual seconds how the run stands.
        """
        clock = VirtualClock(self.start)
        faults = _Counted(tuple(map(Fault.parse, weather.faults)), seed=self.seed)
        provider = Provider(
            behaviour=self.behaviour, seed=self.seed, monotonic=clock.monotonic, started_at=self.start
        )
        waited: defaultdict[str, float] = defaultdict(float)

        def look(progress: Progress) -> None:
            if progress.waiting_for and progress.counts.get(RowStatus.WAITING):
                waited[_kind_of_wait(progress.waiting_for)] += LOOK_S
            on_progress(progress)

        with ScratchLedger() as ledger:
            begin = partial(
                campaigns.start,
                name=self.settings.name,
                name_pattern=self.settings.name,
                agent_id=self.settings.agent_id,
                intake=self.intake,
                now=self.start,
            )
            [campaign_id] = ledger.transact([begin])
            world = World(
                clock=clock,
                ledger=ledger,
                provider=provider,
                # Nobody real is asked in a rehearsal.
                settings=self.settings.model_copy(update={"hook": None}),
                campaign_id=campaign_id,
                rng=Random(self.seed),
                timing=Timing(progress_s=LOOK_S),
                faults=faults,
                suppressed=self.suppressed,
                spoken=self.spoken,
                spoken_by=self.spoken_by,
                longest_call_s=self.longest_call_s,
                calendar=self.calendar,
                on_progress=look,
            )
            report = _live_through(world, weather.kills, usual_s)
        return Forecast(
            weather=weather.name,
            exit_code=report.exit_code,
            stopped_because=str(report.stop_error or report.stop_notice),
            starts_at=self.start,
            ends_at=clock.now(),
            counts=report.counts,
            dispositions=report.dispositions,
            calls=len(provider.dials),
            called_twice=_called_twice(provider, self.settings.retry.max_attempts),
            minutes=sum(map(duration_s, provider.calls.values())) / 60,
            turned_away=faults.turned_away,
            waited_s=dict(sorted(waited.items(), key=lambda item: -item[1])),
            next_due=report.next_due,
        )


def _kind_of_wait(waiting_for: str) -> str:
    """A wait is named by its time or by what has come so far; in a forecast such waits are one kind."""
    if waiting_for.endswith("UTC"):
        return "the time of the next try"
    return "the first calls to end" if waiting_for.startswith("first calls") else waiting_for


def _called_twice(provider: Provider, tries: int) -> int:
    per_attempt = Counter(dial.metadata[TOKEN_KEY] for dial in provider.dials)
    per_person = Counter(dial.to_number for dial in provider.dials)
    return max(
        per_attempt.total() - len(per_attempt),
        sum(max(calls - tries, 0) for calls in per_person.values()),
    )


class _Counted(FaultPlan):
    """Counts the requests that were turned away."""

    turned_away = 0

    def strike(self, endpoint: str, number: str = "") -> dict[str, str | None]:
        struck = FaultPlan.strike(self, endpoint, number)
        self.turned_away += "throttle" in struck
        return struck


def _live_through(world: World, kills: int, usual_s: float) -> RunReport:
    for _ in range(kills):
        report = world.live(kill_after_s=usual_s / (kills + 1))
        if report is not None:
            return report
        world.clock.advance(RESTART_S)
    report = world.live()
    assert report is not None  # noqa: S101 - nobody has killed it
    return report
