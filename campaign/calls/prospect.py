"""Prospect: what is left to do of a campaign may cost, and what budget and account leave for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from campaign.calls.spending import Spending
from campaign.ledger import spending
from campaign.ledger.campaigns import CampaignRecord
from campaign.ledger.ledger import Connection, Ledger
from campaign.oneinbox.usage import Usage
from campaign.rules.budget import call_length, terms_of
from campaign.rules.outlay import Amounts, Measure, Outlay, Tally, Terms
from campaign.settings import CampaignSettings

ENOUGH_CALLS = 5
"""After so many calls of an agent their average says something about the next ones."""


@dataclass(frozen=True, slots=True)
class Means:
    """What calls cost before anything is known of those to come."""

    terms: Terms
    outlay: Outlay
    """What the campaign has spent so far."""
    recent: Tally
    """The newest settled calls of the same agent, whichever campaign made them."""
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is to come, without a limit; the budget and the account may end it earlier."""

    outlay: Outlay
    limits: Mapping[str, float]
    at_least: Amounts
    """Everybody is called once, and nobody answers."""
    at_most: Amounts
    """Everybody is tried as often as the campaign file allows, and each call takes as long as the agent lets
    it."""
    expected: Amounts | None
    """Everybody is called once, and calls go on as those before; None when there were too few."""
    seen: int
    """How many calls that is drawn from."""
    left_today: int | None
    """Calls that the account may still make today; None when that is not known."""
    reserve: int
    """How many of them are left to others."""

    @property
    def for_campaign_today(self) -> int | None:
        """Calls that this campaign may still make today."""
        return None if self.left_today is None else max(self.left_today - self.reserve, 0)


def means_of(
    ledger: Ledger | None,
    campaign: CampaignRecord | None,
    settings: CampaignSettings,
    *,
    longest_call_s: float | None,
    usage: Usage | None,
) -> Means:
    """Look up what calls of this campaign have cost, and those of its agent.

    Args:
        ledger: What is known already; None when there is no ledger yet.
        campaign: The one that a run would go on with; None when it would start a new one.
        settings: The campaign file.
        longest_call_s: How long the agent lets a call last; None when that is not known.
        usage: What the account has used of its day; None when that is not known.
    """
    terms = terms_of(settings, call_length(longest_call_s, settings))
    outlay = Outlay.of(Tally(), terms, live=0)
    recent = Tally()
    if ledger is not None:
        recent = ledger.read(_recent, settings.agent_id)
        if campaign is not None:
            outlay = ledger.read(Spending.read, campaign.id, terms).outlay()
    return Means(terms, outlay, recent, usage)


def look_ahead(people: int, settings: CampaignSettings, means: Means) -> Prospect:
    """What calling so many people may cost."""
    prices = Tally(dearest=means.recent.dearest, dearest_credits=means.recent.dearest_credits)
    seen = means.recent.calls
    expected = None
    if seen >= ENOUGH_CALLS:
        average = means.recent.amounts(means.terms)
        share = people / seen
        expected = Amounts(people, average.minutes * share, average.cents * share, average.credits * share)
    return Prospect(
        outlay=means.outlay,
        limits=settings.budget.limits,
        at_least=Amounts(calls=people),
        at_most=prices.amounts(means.terms, live=people * settings.retry.max_attempts),
        expected=expected,
        seen=seen,
        left_today=means.usage.left_today if means.usage else None,
        reserve=settings.budget.reserve_calls,
    )


def _recent(connection: Connection, agent_id: str) -> Tally:
    tally = Tally()
    for call in spending.recent_calls_of(connection, agent_id):
        tally.add(Measure(call.status, call.duration_seconds, call.cost_cents, call.credits_used))
    return tally
