"""Time limits and daily caps in a simulated campaign, with an oracle of their own.

What the list says stands here as plain instants, and calls are counted by what the clock on the wall showed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from campaign.settings import CampaignSettings, FromNumberLimits
from tests.support import NOON
from tests.torture.hazards import ON_THE_WAY_S, WatchedProvider

POOL = ("+12025550100", "+12025550101")
MINUTES: Sequence[tuple[int | None, int | None]] = ((None, 20), (10, None), (None, None), (5, 40))
"""From when on and until when each person may be dialled, in minutes after the campaign's start."""
CLOSING_MARGIN = timedelta(minutes=3)
SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds in the campaign of one seed; nothing at all in most."""

    of_rows: bool = False
    per_day: int | None = None

    @classmethod
    def draw(cls, seed: int) -> "Limits":
        """From a source of its own, so that a seed without limits stays the campaign that it was."""
        rng = Random(f"limits {seed}")
        if rng.random() >= SHARE:
            return cls()
        return cls(of_rows=rng.random() < 0.7, per_day=rng.choice((None, 1, 2)))

    def put_into(self, settings: CampaignSettings) -> CampaignSettings:
        """The campaign file with them."""
        if self.per_day is None:
            return settings
        caps = FromNumberLimits(per_day=self.per_day)
        return settings.model_copy(update={"from_numbers": POOL, "from_number_limits": caps})

    def broken(self, provider: WatchedProvider, people: Sequence[str]) -> int:
        """How many dials there were outside the time of their person, or beyond the day of their number."""
        of_days: Counter[tuple[str, str]] = Counter()
        wrong = 0
        first = set()
        for dial, shown in zip(provider.dials, provider.shown, strict=True):
            token = dial.metadata["campaign_attempt"]
            if token in first:
                # The provider has made a second call of one request.
                continue
            first.add(token)
            meanwhile = sum(by for at, by in provider.wall.steps if dial.at - ON_THE_WAY_S < at <= dial.at)
            since_start = [moment - NOON for moment in (shown, shown - timedelta(seconds=meanwhile))]
            if self.of_rows and not any(
                _is_in_time(MINUTES[people.index(dial.to_number)], each) for each in since_start
            ):
                wrong += 1
            of_days[provider.calls[dial.call_id].from_number, shown.date().isoformat()] += 1
        if self.per_day is not None:
            wrong += sum(max(calls - self.per_day, 0) for calls in of_days.values())
        return wrong


def _is_in_time(minutes: tuple[int | None, int | None], since_start: timedelta) -> bool:
    begins, ends = (timedelta(minutes=each) if each is not None else None for each in minutes)
    asked = since_start - timedelta(seconds=ON_THE_WAY_S)
    return (begins is None or since_start >= begins) and (ends is None or asked < ends - CLOSING_MARGIN)


def lines(people: Sequence[str]) -> list[str]:
    """The list with the limits of its rows, the header first."""
    told = ["phone,customer_name,not_before,valid_until"]
    for number, limits in zip(people, MINUTES, strict=False):
        begins, ends = (
            f"{NOON + timedelta(minutes=each):%Y-%m-%dT%H:%MZ}" if each else "" for each in limits
        )
        told.append(f"{number},Person,{begins},{ends}")
    return told
