"""The gate of consent: where it is demanded, nobody is called of whom it is not on record."""

from datetime import datetime

from campaign.models import RowStatus
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.person import Person
from campaign.settings import CampaignSettings, is_consent

NOT_ON_RECORD = "no consent on record"


def _ask(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    cell = person.consent.strip()
    may_dial = (
        is_consent(cell, settings.contacts.consent_values, now)
        if cell
        else bool(settings.contacts.consent_basis) or not _is_demanded(settings)
    )
    return YES if may_dial else Verdict(may_dial=False, status=RowStatus.SUPPRESSED, reason=NOT_ON_RECORD)


def _is_demanded(settings: CampaignSettings) -> bool:
    profile = settings.hours.rules
    return settings.contacts.consent is not None or (profile is not None and profile.consent)


def _looks_at(person: Person, settings: CampaignSettings, now: datetime) -> str:
    if cell := person.consent.strip():
        is_given = is_consent(cell, settings.contacts.consent_values, now)
        return f"the list says {cell!r}" + ("" if is_given else ", which is no consent")
    if basis := settings.contacts.consent_basis:
        return f"by the campaign file for everybody: {basis!r}"
    return "none on record" + ("" if _is_demanded(settings) else ", and none is demanded")


CONSENT = Gate("consent", _ask, _looks_at)
