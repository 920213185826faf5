"""A person as the gates see one: a row that waits, and what the ledger and the lists say of its number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaign.calls.from_numbers import day_at, number_for
from campaign.contacts.phone import country_of
from campaign.ledger import from_numbers, tried, waiting
from campaign.ledger.ledger import Connection
from campaign.ledger.waiting import DueContact
from campaign.models import ZoneSource
from campaign.rules.hours import Whereabouts
from campaign.rules.opening import Opening
from campaign.rules.outlay import Outlay
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
    """Variables that the campaign's agent says."""
    openings: Sequence[Opening] = ()
    """What the breaker holds."""
    outlay: Outlay | None = None
    """What the campaign has spent, before one more call."""
    started_at: datetime | None = None
    """When the campaign was first started."""
    calendar: Calendar | None = None
    """The days off; None when they are not known."""
    lists_are_stale: bool = False
    """Whether the suppression lists were read too long ago."""
    spoken_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Variables that other agents say, by agent, as far as these were asked."""

    def words_for(self, own_agent: str | None) -> Sequence[str]:
        """Variables that the agent of a person says, whose row may name one of its own."""
        agent_id = self.settings.agent_for(own_agent)
        return self.spoken if agent_id == self.settings.agent_id else self.spoken_by.get(agent_id, ())

    def stopped_because(self, to_number: str, from_number: str | None) -> str | None:
        """Why the breaker lets nobody call this number from that one; None when it does."""
        if not self.openings:
            return None
        country = country_of(to_number) or ""
        return next((each.cause for each in self.openings if each.covers(from_number or "", country)), None)


def look_at(connection: Connection, contact: DueContact, known: Known, now: datetime) -> Person:
    """As committed, at this moment."""
    standing = waiting.standing(
        connection,
        campaign_id=known.campaign_id,
        to_number=contact.to_number,
        since=now - known.settings.caps.longest,
    )
    from_number = number_for(connection, contact, known.settings.from_numbers)
    day = day_at(known.settings, now)
    back = looks_back(known.settings)
    by_ledger, by_list = standing.suppressed_because, known.suppressed.get(contact.to_number)
    # Whoever is there without a reason must not be called either.
    return Person(
        to_number=contact.to_number,
        whereabouts=Whereabouts(contact.time_zones, is_certain=contact.zone_source is not ZoneSource.NUMBER),
        suppressed_because=by_list if by_ledger is None else by_ledger,
        lists_are_stale=known.lists_are_stale,
        recent_calls=standing.recent_calls,
        unsettled_elsewhere=standing.unsettled_elsewhere,
        talked_at=standing.talked_at,
        stopped_because=known.stopped_because(contact.to_number, from_number),
        tries=tried.tries(connection, contact.contact_id),
        unsaid=unsaid(
            known.words_for(contact.agent_id), known.settings.call.variables_for(contact.variables)
        ),
        outlay=known.outlay,
        not_before=contact.not_before,
        valid_until=contact.valid_until,
        tried_times=contact.tries,
        campaign_started_at=known.started_at,
        from_number=from_number,
        from_number_calls=from_numbers.calls_of(connection, from_number, day) if from_number and day else 0,
        country=country_of(contact.to_number),
        state=contact.state,
        consent=contact.consent,
        calendar=known.calendar,
        all_calls=waiting.all_calls(connection, contact.to_number, now - back) if back else None,
    )
