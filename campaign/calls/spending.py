"""Spending: what a run's campaign has spent, kept in memory from one reading of the ledger on.

It is told of each intent, end and settlement, so that a dial costs no query; at any moment at which nothing
is on its way to the disk it says what the ledger says.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from campaign.ledger import spending as views
from campaign.ledger.ledger import Connection
from campaign.ledger.spending import CountedCall
from campaign.models import Call
from campaign.rules import budget
from campaign.rules.outlay import Measure, Outlay, Tally, Terms
from campaign.settings import CallSettings, CampaignSettings
from campaign.settings.budget import LIMITS

FOR_EVER = Terms(longest_s=1e12)
"""Until it is told otherwise a call may last as long as that, so that no limit leaves room for one."""


@dataclass(slots=True)
class Spending:
    """Every call of one campaign, settled or not."""

    terms: Terms = FOR_EVER
    settled: Tally = field(default_factory=Tally)
    unsettled: dict[int, dict[str, Measure]] = field(default_factory=dict)
    """By attempt, what is known of its calls that are not settled; empty while no call is known."""
    reserved: int = 0
    """Dials that have room set aside and no intent yet."""
    unsettled_calls: int = 0
    """How many calls `unsettled` stands for."""

    @classmethod
    def read(cls, connection: Connection, campaign_id: int, terms: Terms) -> "Spending":
        """As committed, over all runs of the campaign."""
        spending = cls(terms)
        for call in views.counted_calls(connection, campaign_id):
            if call.is_over:
                spending.settled.add(_measure(call) if call.call_id is not None else None)
                continue
            spending.intended(call.attempt_id)
            if call.call_id is not None:
                spending._expect(call.attempt_id, call.call_id, _measure(call))
        return spending

    def outlay(self) -> Outlay:
        """How the campaign stands."""
        return Outlay.of(self.settled, self.terms, live=self.unsettled_calls + self.reserved)

    def outlay_of_dial(self) -> Outlay:
        """The same for a dial that has room reserved, which is the next call then."""
        return Outlay.of(self.settled, self.terms, live=self.unsettled_calls + self.reserved - 1)

    def outlay_at_best(self, under_way: Collection[int]) -> Outlay:
        """The same when all dials and the attempts that are under way turn out to cost nothing."""
        stuck = sum(
            max(len(calls), 1) for attempt, calls in self.unsettled.items() if attempt not in under_way
        )
        return Outlay.of(self.settled, self.terms, live=stuck)

    def lacks(self, settings: CampaignSettings) -> str | None:
        """The first limit that one more dial could pass; None when it fits."""
        return budget.limit_reached(self.outlay(), settings.budget) if settings.budget.limits else None

    def lacks_for_good(self, settings: CampaignSettings, under_way: Collection[int]) -> str | None:
        """The first limit that stays in the way, whatever becomes of the calls that are under way."""
        if not settings.budget.limits or self.reserved:
            return None
        return budget.limit_reached(self.outlay_at_best(under_way), settings.budget)

    def reserve(self) -> None:
        """Set room aside for one dial, before its gates are asked."""
        self.reserved += 1

    def release(self) -> None:
        """The dial has its intent by now, or was not made."""
        self.reserved -= 1

    def intended(self, attempt_id: int) -> None:
        """An intent is on disk: from now on it counts as a call at its longest."""
        if attempt_id not in self.unsettled:
            self.unsettled[attempt_id] = {}
            self.unsettled_calls += 1

    def placed(self, attempt_id: int, call_ids: Collection[str]) -> None:
        """The calls of an attempt are known. One of another campaign is left aside, as everywhere here."""
        for call_id in call_ids:
            self._expect(attempt_id, call_id, Measure())

    def doubled(self, attempt_id: int, call_ids: Collection[str], *, is_over: bool) -> None:
        """Further calls of an attempt are known, and whether it was over before."""
        for call_id in call_ids:
            if is_over:
                self.settled.add(Measure())
            else:
                self.intended(attempt_id)
                self._expect(attempt_id, call_id, Measure())

    def not_called(self, attempt_id: int) -> None:
        """Certainly nobody was called: the attempt gives its room back."""
        calls = self.unsettled.pop(attempt_id, None)
        if calls is not None:
            self.unsettled_calls -= max(len(calls), 1)

    def ended(self, attempt_id: int, call: Call) -> None:
        """A first report of the end. The call keeps its room until its results are in."""
        calls = self.unsettled.get(attempt_id, {})
        if call.id in calls:
            calls[call.id] = calls[call.id].then(_reported(call))

    def call_settled(self, attempt_id: int, call: Call) -> None:
        """All that will ever be known of a call is known."""
        calls = self.unsettled.get(attempt_id, {})
        if call.id not in calls:
            return
        self.settled.add(calls.pop(call.id).then(_reported(call)))
        self.unsettled_calls -= 1
        if not calls:
            del self.unsettled[attempt_id]

    def _expect(self, attempt_id: int, call_id: str, measure: Measure) -> None:
        calls = self.unsettled.get(attempt_id)
        if calls is None or call_id in calls:
            return
        # The first call of an attempt is the one that the attempt has counted as so far.
        self.unsettled_calls += bool(calls)
        calls[call_id] = measure


def read_kept(connection: Connection, campaign_id: int) -> tuple[Outlay, dict[str, float]]:
    """How a campaign stands, as committed, and its limits: as its latest run had them."""
    kept = views.budget_of(connection, campaign_id) or {}
    default_s = CallSettings().max_duration.total_seconds()
    terms = Terms(kept.get("longest_s", default_s), kept.get("cents_per_minute", 0.0))
    outlay = Spending.read(connection, campaign_id, terms).outlay()
    return outlay, {name: kept[name] for name in LIMITS if name in kept}


def _measure(call: CountedCall) -> Measure:
    return Measure(call.status, call.duration_seconds, call.cost_cents, call.credits_used)


def _reported(call: Call) -> Measure:
    return Measure(call.status[:100], call.duration_seconds, call.cost_cents, call.credits_used)
