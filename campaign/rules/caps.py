"""The gates of caps: how often campaigns may call one number, and peace after a conversation."""

from datetime import datetime

from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.person import Person
from campaign.settings import CampaignSettings, describe_duration


def _ask_cap(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    cap = settings.caps.per_number
    recent = [at for at in person.recent_calls if at > now - cap.within]
    if len(recent) < cap.calls:
        return YES
    # As soon as the oldest of the last `calls` calls leaves the rolling time, one more fits.
    free_at = recent[-cap.calls] + cap.within
    return Verdict(
        may_dial=False,
        reason="called by another campaign within " + describe_duration(cap.within),
        not_before=free_at,
    )


def _cap_looks_at(person: Person, settings: CampaignSettings, now: datetime) -> str:
    cap = settings.caps.per_number
    recent = sum(at > now - cap.within for at in person.recent_calls)
    times = "1 call" if recent == 1 else f"{recent} calls"
    return f"{times} by other campaigns within {describe_duration(cap.within)}, {cap.calls} allowed"


def _ask_peace(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    peace = settings.caps.after_conversation
    if peace is None or person.talked_at is None or now >= person.talked_at + peace:
        return YES
    return Verdict(
        may_dial=False,
        reason="talked with another campaign's agent within " + describe_duration(peace),
        not_before=person.talked_at + peace,
    )


def _peace_looks_at(person: Person, settings: CampaignSettings, _now: datetime) -> str:
    talked = "never" if person.talked_at is None else f"{person.talked_at:%Y-%m-%d %H:%M} UTC"
    peace = settings.caps.after_conversation
    rule = "no rule about that" if peace is None else f"{describe_duration(peace)} of peace after it"
    return f"talked with another campaign's agent: {talked}, {rule}"


CAP = Gate("cap", _ask_cap, _cap_looks_at)
CONVERSATIONS = Gate("conversations", _ask_peace, _peace_looks_at)
