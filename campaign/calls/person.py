"""A person as the gates see one: a row that waits, and what the ledger and the lists say of its number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaign.calls.from_numbers import day_at, number_for
from campaign.ledger import from_numbers, waiting
from campaign.ledger.ledger import Connection
from campaign.ledger.waiting import DueContact
from campaign.models import ZoneSource
from campaign.rules.hours import Whereabouts
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
    started_at: datetime | None = None
    """When the campaign was first started."""


def look_at(connection: Connection, contact: DueContact, known: Known, now: datetime) -> Person:
    """As committed, at this moment."""
    standing = waiting.standing(
        connection,
        campaign_id=known.campaign_id,
        to_number=contact.to_number,
        since=now - known.settings.caps.per_number.within,
    )
    from_number = number_for(connection, contact, known.settings.from_numbers)
    day = day_at(known.settings, now)
    because = standing.suppressed_because or known.suppressed.get(contact.to_number)
    return Person(
        to_number=contact.to_number,
        whereabouts=Whereabouts(contact.time_zones, is_certain=contact.zone_source is not ZoneSource.NUMBER),
        suppressed_because=because,
        recent_calls=standing.recent_calls,
        unsettled_elsewhere=standing.unsettled_elsewhere,
        talked_at=standing.talked_at,
        unsaid=unsaid(known.spoken, known.settings.call.variables_for(contact.variables)),
        not_before=contact.not_before,
        valid_until=contact.valid_until,
        tries=contact.tries,
        campaign_started_at=known.started_at,
        from_number=from_number,
        from_number_calls=from_numbers.calls_of(connection, from_number, day) if from_number and day else 0,
    )
