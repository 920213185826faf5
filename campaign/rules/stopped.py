"""The gate of the breaker: nobody is dialled whom what it has opened covers."""

from datetime import datetime, timedelta

from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.person import Person
from campaign.settings import CampaignSettings

STOPPED_WAIT = timedelta(days=1)
"""Longer than a run waits; each run asks anew, as the breaker may have been reset until then."""


def _ask(person: Person, _settings: CampaignSettings, now: datetime) -> Verdict:
    if person.stopped_because is None:
        return YES
    return Verdict(may_dial=False, reason=f"breaker: {person.stopped_because}", not_before=now + STOPPED_WAIT)


def _looks_at(person: Person, _settings: CampaignSettings, _now: datetime) -> str:
    return person.stopped_because or "nothing has stopped these calls"


BREAKER = Gate("breaker", _ask, _looks_at)
