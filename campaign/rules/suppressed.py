"""The gate of suppression: who stands on a list, or asked not to be called, is called by nobody."""

from datetime import datetime, timedelta

from campaign.models import RowStatus
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.person import Person
from campaign.settings import CampaignSettings

STALE = "the suppression lists have not been read for too long"
STALE_WAIT = timedelta(seconds=10)


def _ask(person: Person, _settings: CampaignSettings, now: datetime) -> Verdict:
    if person.suppressed_because is None and person.lists_are_stale:
        return Verdict(may_dial=False, reason=STALE, not_before=now + STALE_WAIT)
    if person.suppressed_because is None:
        return YES
    return Verdict(may_dial=False, status=RowStatus.SUPPRESSED, reason=person.suppressed_because)


def _looks_at(person: Person, _settings: CampaignSettings, _now: datetime) -> str:
    if person.suppressed_because is None:
        return STALE if person.lists_are_stale else "on no list"
    return person.suppressed_because


SUPPRESSION = Gate("suppression", _ask, _looks_at)
