"""A person as the gates see one: a row that waits, and what the ledger and the lists say of its number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaign.contacts import phone
from campaign.ledger import waiting
from campaign.ledger.ledger import Connection
from campaign.ledger.waiting import DueContact
from campaign.models import ZoneSource
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person
from campaign.rules.profile import looks_back
from campaign.rules.words import unsaid
from campaign.settings import Calendar, CampaignSettings


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a campaign beside the ledger."""

    campaign_id: int
    settings: CampaignSettings
    suppressed: Mapping[str, str]
    """Numbers of the campaign file's suppression lists, with the list they stand in."""
    spoken: Sequence[str]
    """Variables that the agent says."""
    calendar: Calendar | None = None
    """The days off; None when they are not known."""


def look_at(connection: Connection, contact: DueContact, known: Known, now: datetime) -> Person:
    """As committed, at this moment."""
    standing = waiting.standing(
        connection,
        campaign_id=known.campaign_id,
        to_number=contact.to_number,
        since=now - known.settings.caps.per_number.within,
    )
    back = looks_back(known.settings)
    because = standing.suppressed_because or known.suppressed.get(contact.to_number)
    return Person(
        to_number=contact.to_number,
        whereabouts=Whereabouts(contact.time_zones, is_certain=contact.zone_source is not ZoneSource.NUMBER),
        suppressed_because=because,
        recent_calls=standing.recent_calls,
        unsettled_elsewhere=standing.unsettled_elsewhere,
        talked_at=standing.talked_at,
        unsaid=unsaid(known.spoken, known.settings.call.variables_for(contact.variables)),
        country=phone.country_of(contact.to_number),
        state=contact.state,
        consent=contact.consent,
        calendar=known.calendar,
        all_calls=waiting.all_calls(connection, contact.to_number, now - back) if back else None,
    )
