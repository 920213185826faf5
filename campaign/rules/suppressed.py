"""The gate of suppression: who stands on a list, or asked not to be called, is called by nobody."""

from datetime import datetime

from campaign.models import RowStatus
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.person import Person
from campaign.settings import CampaignSettings


def _ask(person: Person, _settings: CampaignSettings, _now: datetime) -> Verdict:
    if person.suppressed_because is None:
        return YES
    return Verdict(may_dial=False, status=RowStatus.SUPPRESSED, reason=person.suppressed_because)


def _looks_at(person: Person, _settings: CampaignSettings, _now: datetime) -> str:
    return "on no list" if person.suppressed_because is None else person.suppressed_because


SUPPRESSION = Gate("suppression", _ask, _looks_at)
