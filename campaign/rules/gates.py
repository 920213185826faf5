"""Gates: the rules that must all say yes at the moment of dialling. What cannot be evaluated is a no."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from campaign.models import RowStatus
from campaign.rules.budget import BUDGET
from campaign.rules.calling_hours import CALLING_HOURS
from campaign.rules.caps import CAP, CONVERSATIONS
from campaign.rules.consent import CONSENT
from campaign.rules.elsewhere import OTHER_CAMPAIGNS
from campaign.rules.from_numbers import FROM_NUMBER
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.person import Person
from campaign.rules.profile import PROFILE
from campaign.rules.stopped import BREAKER
from campaign.rules.suppressed import SUPPRESSION
from campaign.rules.time_limits import NOT_BEFORE, VALID_UNTIL
from campaign.rules.tries import TRIES
from campaign.rules.words import AGENTS_WORDS
from campaign.settings import CampaignSettings

GATES: Sequence[Gate] = (
    SUPPRESSION,
    CONSENT,
    VALID_UNTIL,
    OTHER_CAMPAIGNS,
    AGENTS_WORDS,
    BREAKER,
    NOT_BEFORE,
    TRIES,
    CALLING_HOURS,
    CAP,
    CONVERSATIONS,
    PROFILE,
    FROM_NUMBER,
    BUDGET,
)
"""In the order in which they are asked: a no for good comes before one for some time."""


def judge(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    """Ask every gate, the final ones first, until one says no."""
    for gate in GATES:
        verdict = gate.ask(person, settings, now)
        if not verdict.may_dial:
            return replace(verdict, gate=gate.name)
    return YES


_MOST_STEPS = 100
"""Each is a day or more where days off and the cap of a day follow each other."""


def next_yes(person: Person, settings: CampaignSettings, now: datetime) -> datetime | None:
    """When every gate says yes, as things stand; None when that is never, or no gate can tell."""
    at = now
    for _ in range(_MOST_STEPS):
        noes = [verdict for gate in GATES if not (verdict := gate.ask(person, settings, at)).may_dial]
        if not noes:
            return at
        times = [verdict.not_before for verdict in noes if verdict.status is RowStatus.WAITING]
        known = [time for time in times if time is not None and time > at]
        if len(known) < len(noes):
            return None
        at = max(known)
    return None


def evidence(person: Person, settings: CampaignSettings, now: datetime) -> str:
    """What each gate looked at, in one line: kept with every dial, so that it can be explained later."""
    return "; ".join(f"{gate.name}: {gate.looks_at(person, settings, now)}" for gate in GATES)
