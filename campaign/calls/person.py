"""A person as the gates see one: a row that waits, and what the ledger and the lists say of its number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaign.calls.from_numbers import choose_from_number
from campaign.contacts.phone import country_of
from campaign.ledger import waiting
from campaign.ledger.ledger import Connection
from campaign.ledger.waiting import DueContact
from campaign.models import ZoneSource
from campaign.rules.hours import Whereabouts
from campaign.rules.opening import Opening
from campaign.rules.person import Person
from campaign.rules.words import unsaid
from campaign.settings import CampaignSettings


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a campaign beside the ledger."""

    campaign_id: int
    settings: CampaignSettings
    suppressed: Mapping[str, str]
    """Numbers of the campaign file's suppression lists, with the list they stand in."""
    spoken: Sequence[str]
    """Variables that the agent says."""
    openings: Sequence[Opening] = ()
    """What the breaker holds."""

    def stopped_because(self, to_number: str) -> str | None:
        """Why the breaker lets nobody call this number; None when it does."""
        if not self.openings:
            return None
        from_number = choose_from_number(self.settings.from_numbers, to_number)
        country = country_of(to_number)
        return next((each.cause for each in self.openings if each.covers(from_number, country)), None)


def look_at(connection: Connection, contact: DueContact, known: Known, now: datetime) -> Person:
    """As committed, at this moment."""
    standing = waiting.standing(
        connection,
        campaign_id=known.campaign_id,
        to_number=contact.to_number,
        since=now - known.settings.caps.per_number.within,
    )
    because = standing.suppressed_because or known.suppressed.get(contact.to_number)
    return Person(
        to_number=contact.to_number,
        whereabouts=Whereabouts(contact.time_zones, is_certain=contact.zone_source is not ZoneSource.NUMBER),
        suppressed_because=because,
        recent_calls=standing.recent_calls,
        unsettled_elsewhere=standing.unsettled_elsewhere,
        talked_at=standing.talked_at,
        stopped_because=known.stopped_because(contact.to_number),
        unsaid=unsaid(known.spoken, known.settings.call.variables_for(contact.variables)),
    )
