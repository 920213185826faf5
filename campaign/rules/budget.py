"""The gate of the budget: what is spent, with every call that may still cost at its longest, leaves room for
one more call.

What has no known cost yet is counted at the most it can be, so calls that overlap cannot pass a limit
together. Only a call that goes on beyond its agent's maximum could, or a minute that is dearer than
`cents_per_minute` and than any minute before it.
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.outlay import Outlay, Terms
from campaign.rules.person import Person
from campaign.settings import BudgetSettings, CampaignSettings

_TOLERANCE = 1e-9
"""Sums of fractions of a minute are not exact."""
_SETTLING_WAIT = timedelta(minutes=1)
_USED_UP = "the budget of "
HAS_ROOM = "the budget seemed used up until late results were read, and has room"


def limit_reached(outlay: Outlay, budget: BudgetSettings) -> str | None:
    """The first limit that one more call could pass; None when it fits."""
    for name, limit in budget.limits.items():
        # Written so that what is not a number is a no.
        if not outlay.with_next.of(name) <= limit * (1 + _TOLERANCE):
            return name
    return None


def corrected(notice: str, outlay: Outlay, budget: BudgetSettings) -> str:
    """A notice why no call starts; of a limit that was reached, as it stands by what is known now."""
    if not notice.startswith(_USED_UP):
        return notice
    limit = limit_reached(outlay, budget)
    return used_up(outlay, budget, limit) if limit is not None else HAS_ROOM


def used_up(outlay: Outlay, budget: BudgetSettings, name: str) -> str:
    """Why no call starts any more, and the cure, in one line.

    Args:
        outlay: How the campaign stands.
        budget: Its limits.
        name: The limit that is reached.
    """
    unknown = outlay.committed.of(name) - outlay.spent.of(name)
    aside = f", {shown(unknown)} set aside for calls that are not settled" if unknown > _TOLERANCE else ""
    next_most = outlay.with_next.of(name) - outlay.committed.of(name)
    coming = "" if name == "calls" else f", the next call may take {shown(next_most)}"
    return (
        f"{_USED_UP}{shown(budget.limits[name])} {name} is used up: "
        f"{shown(outlay.spent.of(name))} spent{aside}{coming}; raise budget.{name}"
    )


def shown(amount: float) -> str:
    """An amount with one decimal at the most."""
    return f"{amount:,.1f}".removesuffix(".0")


def described(outlay: Outlay, limits: Mapping[str, float]) -> str:
    """What is spent of what is allowed, in one line."""
    told = []
    for name, spent in (
        ("calls", outlay.spent.calls),
        ("minutes", outlay.spent.minutes),
        ("cents", outlay.spent.cents),
        ("credits", outlay.spent.credits),
    ):
        unknown = outlay.committed.of(name) - spent
        more = f" and at most {shown(unknown)} more for calls not settled" if unknown > _TOLERANCE else ""
        of = f" of {shown(limits[name])}" if name in limits else ""
        told.append(f"{shown(spent)}{of} {name}{more}")
    return ", ".join(told)


def call_length(told_by_agent: float | None, settings: CampaignSettings) -> float:
    """How long a call may last, in seconds: as the agent is set up, or else as the campaign file says."""
    if told_by_agent is not None and 0 < told_by_agent < math.inf:
        return told_by_agent
    return settings.call.max_duration.total_seconds()


def terms_of(settings: CampaignSettings, longest_s: float) -> Terms:
    """The terms of a campaign file, for calls that last so long at the most."""
    return Terms(longest_s, settings.budget.cents_per_minute or 0.0)


def _ask(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    budget = settings.budget
    if not budget.limits:
        return YES
    if person.outlay is None:
        return Verdict(may_dial=False, reason="what was spent is not known", not_before=now + _SETTLING_WAIT)
    name = limit_reached(person.outlay, budget)
    if name is None:
        return YES
    return Verdict(
        may_dial=False,
        reason=f"the budget of {shown(budget.limits[name])} {name} has no room for one more call",
        not_before=now + _SETTLING_WAIT,
    )


def _looks_at(person: Person, settings: CampaignSettings, _now: datetime) -> str:
    limits = settings.budget.limits
    if not limits:
        return "no budget"
    outlay = person.outlay
    if outlay is None:
        return "what was spent is not known"
    return ", ".join(
        f"{shown(outlay.spent.of(name))} {name} spent, {shown(outlay.with_next.of(name))} at most with live "
        f"calls and this one, {shown(limit)} allowed"
        for name, limit in limits.items()
    )


BUDGET = Gate("budget", _ask, _looks_at)
