"""The budget of a simulated campaign, and its oracle: what the provider itself says that calls have taken."""

from collections.abc import Mapping
from random import Random

from campaign.simulator.provider import SimulatedCall
from campaign.simulator.wire import call_object
from tests.torture.hazards import WatchedProvider

LONGEST_S = 600.0
"""The campaign file says that no call is longer, and none of a simulated person is."""
AT_MOST: Mapping[str, float] = {
    "calls": 1, "minutes": LONGEST_S / 60, "credits": LONGEST_S / 60, "cents": 2 * LONGEST_S / 60,
}  # fmt: skip
"""What one call may take of each limit, at the price of the campaign file."""
CENTS_PER_MINUTE = 1.4
"""What it costs at the provider, before that rounds it."""


def budget(seed: int) -> dict[str, float]:
    """What the campaign of a seed may spend: for every second one nothing is said about that."""
    # A chance of its own, so that a seed without a budget lives as it always has.
    rng = Random(f"budget {seed}")
    kinds: list[dict[str, float]] = [
        {"calls": rng.choice((1, 2, 3))},
        {"minutes": rng.choice((10, 10.5, 20, 21, 40))},
        {"cents": rng.choice((20, 21, 45)), "cents_per_minute": 2},
        {"credits": rng.choice((10, 20, 31)), "minutes": rng.choice((15, 30))},
    ]
    return rng.choice(kinds) if rng.random() < 0.5 else {}


def over_budget(provider: WatchedProvider, generation: str, limits: Mapping[str, float]) -> int:
    """How many dials could have passed a limit, by the provider's own figures at the moment of each.

    A call that was over counts as what the provider says of it, one that was not at the longest, and so does
    the dial itself. The second call that the provider makes of one request is its own affair.
    """
    calls = [provider.calls[dial.call_id] for dial in provider.real_dials()]
    wrong = 0
    for nth, call in enumerate(calls):
        taken = [_took(provider, other, call.placed_at, generation) for other in calls[:nth]]
        wrong += any(
            sum(each[name] for each in taken) + AT_MOST[name] > limit + 1e-6 for name, limit in limits.items()
        )
    return wrong


def _took(provider: WatchedProvider, call: SimulatedCall, at: float, generation: str) -> Mapping[str, float]:
    """What the provider tells of a call that was over by then, the least of it; of another the most."""
    if call.ends_at() > at:
        return AT_MOST
    told = call_object(provider, call, generation)
    minutes = told["duration_seconds"] / 60
    # The program counts no less, also where it has not heard of the cost yet, or never will.
    known = {"credits": minutes, "cents": minutes * CENTS_PER_MINUTE}
    for name, field in (("credits", "credits_used"), ("cents", "cost_cents")):
        known[name] = min(known[name], told.get(field) or known[name])
    return {"calls": 1, "minutes": minutes, **known}


def is_used_up(provider: WatchedProvider, limits: Mapping[str, float], *, in_review: int) -> bool:
    """Whether a campaign that has stopped was right to: one more call could pass a limit.

    Of calls in review the program knows no length. What they and the others have cost is rounded up here.
    """
    calls = len(provider.dials) + in_review
    minutes = [min(call.ends_at() - call.placed_at, LONGEST_S) / 60 for call in provider.calls.values()]
    most = sum(minutes) + (in_review + 1) * LONGEST_S / 60
    sums = {"calls": calls + 1, "minutes": most, "credits": most, "cents": 2 * (most + len(minutes))}
    return any(sums[name] > limit for name, limit in limits.items() if name in sums)
