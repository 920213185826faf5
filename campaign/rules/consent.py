"""The gate of consent: where it is demanded, nobody is called of whom it is not on record."""

import re
from datetime import datetime

from campaign.models import RowStatus
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.person import Person
from campaign.settings import CampaignSettings

_WORDS = re.compile(r"[^\W_]+")
_REFUSALS = frozenset(
    {
        "no", "not", "none", "never", "n", "false", "f", "0", "null", "nil", "nan", "na", "without",
        "missing", "unknown", "unclear", "pending", "asked", "requested", "refused", "declined", "denied",
        "rejected", "withdrawn", "revoked", "expired", "cancelled", "canceled", "objected", "opt", "optout",
        "opted", "unsubscribed", "dnc", "nein", "non", "nee", "nao", "não", "nie",
    }
)  # fmt: skip
"""Words that make a cell a refusal, or at least no consent, whatever else it says."""
_OPT_IN = re.compile(r"\bopt(?:ed)?[ _-]*in\b|\boptin\b", re.IGNORECASE)
NOT_ON_RECORD = "no consent on record"


def is_refusal(cell: str) -> bool:
    """Whether a cell that is not empty says something else than that the person has agreed."""
    words = _WORDS.findall(_OPT_IN.sub(" agreed ", cell).casefold())
    return not words or not _REFUSALS.isdisjoint(words)


def _ask(person: Person, settings: CampaignSettings, _now: datetime) -> Verdict:
    cell = person.consent.strip()
    may_dial = (
        not is_refusal(cell) if cell else bool(settings.contacts.consent_basis) or not _is_demanded(settings)
    )
    return YES if may_dial else Verdict(may_dial=False, status=RowStatus.SUPPRESSED, reason=NOT_ON_RECORD)


def _is_demanded(settings: CampaignSettings) -> bool:
    profile = settings.hours.rules
    return settings.contacts.consent is not None or (profile is not None and profile.consent)


def _looks_at(person: Person, settings: CampaignSettings, _now: datetime) -> str:
    if cell := person.consent.strip():
        return f"the list says {cell!r}" + (", which is no consent" if is_refusal(cell) else "")
    if basis := settings.contacts.consent_basis:
        return f"by the campaign file for everybody: {basis!r}"
    return "none on record" + ("" if _is_demanded(settings) else ", and none is demanded")


CONSENT = Gate("consent", _ask, _looks_at)
