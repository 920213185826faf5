"""Hazards of a simulated campaign: faults of the provider, calling hours that end, and clocks that are set.

With them goes what the oracle has to know: of which requests nobody can know the end, and who was rung when.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any

from campaign.rehearsal.clock import VirtualClock
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.provider import Provider, SimulatedCall
from tests.torture.finding import RealDial

AMBIGUOUS = frozenset(
    ("drop", "lose_reply", "cut", "garble", "no_id", "stall", "act_then_status", "status", "never_end")
)
"""Faults after which a human may have to decide. In the older generation of the API nothing but the status
says that a call has ended, so a status that nobody knows is one of them there."""
MENU = (
    "throttle=2%20", "throttle%10", "throttle=30#2", "status=503%10", "status=500#1",
    "act_then_status=502%20",
    "lose_reply%20", "lose_reply#1-2", "drop%10", "drop#2", "stall%10", "cut%10", "garble%10", "no_id%10",
    "refuse%10", "never_end#1", "odd_status=hung-up%30", "duplicate#2",
    "status=503@list%30", "throttle=1@list%20", "status=404@list", "drop@list%20",
    "status=500@get%30", "throttle@get%10", "status=404@get%20",
)  # fmt: skip
SUMMER_TIME = timedelta(hours=-4)
"""Where all people live, in the month in which all campaigns are."""
ALL_DAY = (time(9), time(20))
ON_THE_WAY_S = 10.0
"""A dial that a rule has allowed reaches the provider within this time."""


class CountedFaults(FaultPlan):
    """Counts the requests after which nobody can know, and the calls that the provider made twice."""

    kinds = AMBIGUOUS
    ambiguous = 0
    doubled = 0

    def strike(self, endpoint: str, number: str = "") -> dict[str, str | None]:
        """As in the simulator."""
        struck = FaultPlan.strike(self, endpoint, number)
        if endpoint == "create":
            self.ambiguous += bool(struck.keys() & self.kinds)
            self.doubled += "duplicate" in struck
        return struck


def faults(rng: Random, generation: str, seed: int) -> CountedFaults:
    """Up to three kinds of them."""
    chosen = CountedFaults(
        tuple(Fault.parse(text) for text in rng.sample(MENU, rng.choice((0, 1, 1, 2, 3)))), seed=seed
    )
    if generation == "v1":
        chosen.kinds = AMBIGUOUS | {"odd_status"}
    return chosen


@dataclass(slots=True)
class Wall:
    """The clock on the wall: when somebody set it, and whether a moment was within the calling hours."""

    clock: VirtualClock
    hours: tuple[time, time]
    steps: list[tuple[float, float]] = field(default_factory=list)
    """When, on the steady clock, and by how many seconds."""

    def set_sometime(self, rng: Random) -> Mapping[float, Callable[[], None]]:
        """What may happen during one life."""
        if rng.random() >= 0.2:
            return {}
        return {rng.uniform(0, 30): partial(self._step, rng.choice((-3600.0, 3600.0, -30.0)))}

    def _step(self, seconds: float) -> None:
        self.clock.step(seconds)
        self.steps.append((self.clock.monotonic(), seconds))

    def allows(self, at: float, shown: datetime) -> bool:
        """Whether somebody may be rung at an instant of the steady clock; the wall clock showed this time.

        The rule was asked a moment earlier, perhaps before the clock was set.
        """
        meanwhile = sum(by for when, by in self.steps if at - ON_THE_WAY_S < when <= at)
        return any(self._is_open(moment) for moment in (shown, shown - timedelta(seconds=meanwhile)))

    def _is_open(self, moment: datetime) -> bool:
        opens, closes = self.hours
        asked = (moment - timedelta(seconds=ON_THE_WAY_S) + SUMMER_TIME).time()
        return (moment + SUMMER_TIME).time() >= opens and asked < closes


class WatchedProvider(Provider):
    """Remembers what the clock on the wall showed at each dial."""

    wall: Wall
    shown: list[datetime]

    def place(self, **details: Any) -> SimulatedCall:
        """As in the simulator."""
        call = super().place(**details)
        self.shown.append(self.wall.clock.now())
        return call

    def out_of_hours(self) -> int:
        """How many people were rung when nobody may be."""
        return sum(
            not self.wall.allows(dial.at, shown) for dial, shown in zip(self.dials, self.shown, strict=True)
        )

    def real_dials(self) -> list[RealDial]:
        """Every dial that a request has asked for, without the second call of one that the provider made."""
        first = {(dial.metadata["campaign_attempt"], dial.at): dial for dial in reversed(self.dials)}
        return [
            RealDial(
                dial.to_number,
                dial.call_id,
                dial.metadata["campaign_attempt"],
                end=self.calls[dial.call_id].conversation.ending,
            )
            for dial in reversed(first.values())
        ]
