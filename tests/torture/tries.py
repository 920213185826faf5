"""Tries: whether people were dialled too often, too soon or too often on a day, by the provider's own log.

It knows when each call really began and ended, and when somebody set the clock on the wall; it never asks the
program.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from campaign.settings import CampaignSettings
from campaign.simulator.provider import Dial
from tests.torture.hazards import ON_THE_WAY_S, SUMMER_TIME, WatchedProvider

MENU: Sequence[dict[str, Any]] = (
    {},
    {},
    {"max_attempts": 3, "no_answer": ["5m", "10m"], "busy": ["5m"], "per_day": 3},
    {"max_attempts": 3, "no_answer": ["5m", "2h"], "busy": ["10m", "5m"], "failed": ["5m"], "min_gap": "5m"},
    {"max_attempts": 4, "no_answer": ["6m", "7m", "8m"], "busy": ["6m", "7m", "8m"], "per_day": 1},
)
"""Ways to try people again."""
GAPS = ("no_answer", "busy", "voicemail", "failed")


def wrong(provider: WatchedProvider, settings: CampaignSettings) -> list[str]:
    """What was not as the campaign file says, a line for each dial.

    Args:
        provider: After the last life of the campaign.
        settings: The campaign file.
    """
    told: list[str] = []
    calls: defaultdict[str, list[Dial]] = defaultdict(list)
    for dial in provider.dials:
        # The second call that a faulty provider makes of one request is not the program's.
        same = [other for other in calls[dial.to_number] if other.metadata == dial.metadata]
        if not same:
            calls[dial.to_number].append(dial)
    for number, made in calls.items():
        if len(made) > settings.retry.max_attempts:
            told.append(f"{number} was called {len(made)} times")
        for nth, (before, after) in enumerate(pairwise(made)):
            if problem := _too_soon(provider, settings, nth, before, after):
                told.append(f"{number}: {problem}")
        told += [f"{number}: {problem}" for problem in _too_often(provider, settings, made)]
    return told


def _too_soon(
    provider: WatchedProvider, settings: CampaignSettings, nth: int, before: Dial, after: Dial
) -> str:
    call = provider.calls[before.call_id]
    ending = call.conversation.ending
    gaps = getattr(settings.retry, ending) if ending in GAPS else ()
    if nth >= len(gaps):
        return f"called again after {ending}"
    # A clock that was set forward meanwhile makes a time come sooner.
    forward = sum(max(by, 0.0) for at, by in provider.wall.steps if before.at < at <= after.at)
    passed = timedelta(seconds=after.at - before.at - call.conversation.ends_after_s + forward)
    least = max(gaps[nth], settings.retry.shortest_gap)
    return f"called again {passed} after {ending}" if passed < least else ""


def _too_often(provider: WatchedProvider, settings: CampaignSettings, made: Sequence[Dial]) -> list[str]:
    """Days on which there were too many, as the clock on the wall showed them."""
    shown = dict(zip((dial.call_id for dial in provider.dials), provider.shown, strict=True))
    days: Counter[Any] = Counter()
    for dial in made:
        # It may have been set between the rule and the request.
        meanwhile = sum(by for at, by in provider.wall.steps if dial.at - ON_THE_WAY_S < at <= dial.at)
        days[(shown[dial.call_id] - timedelta(seconds=meanwhile) + SUMMER_TIME).date()] += 1
    return [f"{number} calls on {day}" for day, number in days.items() if number > settings.retry.per_day]
