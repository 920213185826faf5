"""What the ledger knows of the people of a list before a run, read for all of them at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaign.calls.breaker import opening_of
from campaign.ledger import breakers, campaigns, suppression, tried, waiting
from campaign.ledger.campaigns import CampaignRecord, RowRecord
from campaign.ledger.ledger import Ledger
from campaign.models import AttemptState, Tries
from campaign.rules.opening import Opening
from campaign.rules.profile import looks_back
from campaign.settings import CampaignSettings


@dataclass(frozen=True, slots=True)
class History:
    """By number, where nothing else is said. Without a ledger nothing is known."""

    suppressed: Mapping[str, str] = field(default_factory=dict)
    """Who is suppressed in the ledger, with the reason."""
    talked: Mapping[str, datetime] = field(default_factory=dict)
    """When people last talked with another campaign's agent."""
    unsettled: Mapping[str, AttemptState] = field(default_factory=dict)
    """Calls of other campaigns that are under way or in doubt."""
    recent: Mapping[str, Sequence[datetime]] = field(default_factory=dict)
    """Calls of other campaigns, as far back as the caps look."""
    everything: Mapping[str, Sequence[datetime]] = field(default_factory=dict)
    """Calls of all campaigns, as far back as a profile looks."""
    tries: Mapping[str, Tries] = field(default_factory=dict)
    """What this campaign has tried."""
    known: Mapping[str, RowRecord] = field(default_factory=dict)
    """The rows of this campaign."""
    nobodys: Mapping[int, RowRecord] = field(default_factory=dict)
    """Those of its rows that are nobody's, by row number."""
    openings: Sequence[Opening] = ()
    """What a human has to close before anybody is called."""

    @classmethod
    def read(
        cls, ledger: Ledger, campaign: CampaignRecord | None, settings: CampaignSettings, now: datetime
    ) -> "History":
        """As the ledger stands now. Without a campaign, a new one would be started."""
        own_id, back = campaign.id if campaign else None, looks_back(settings)
        since = now - settings.caps.longest
        everything = ledger.read(waiting.recent_calls, campaign_id=None, since=now - (back or timedelta()))
        open_breakers = ledger.read(breakers.open_breakers, own_id, name_pattern=settings.name)
        return cls(
            suppressed=ledger.read(suppression.suppressed),
            talked=ledger.read(waiting.conversations, campaign_id=own_id),
            unsettled=ledger.read(waiting.unsettled_elsewhere, campaign_id=own_id),
            recent=ledger.read(waiting.recent_calls, campaign_id=own_id, since=since),
            everything=everything,
            tries=ledger.read(tried.everybodys_tries, own_id) if own_id is not None else {},
            known=ledger.read(campaigns.people, own_id) if own_id is not None else {},
            nobodys=ledger.read(campaigns.nobodys_rows, own_id) if own_id is not None else {},
            openings=[opening_of(record) for record in open_breakers if record.needs_reset],
        )
