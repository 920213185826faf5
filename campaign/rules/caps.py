"""The gates of caps: how often campaigns may call one number, and peace after a conversation."""

from collections.abc import Sequence
from datetime import datetime

from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.person import Person
from campaign.settings import CampaignSettings, NumberCap, describe_duration


def _ask_cap(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    """Every cap must allow the call; a person waits for the one that allows it last."""
    latest = YES
    for cap in settings.caps.per_number:
        recent = _within(cap, person, now)
        if len(recent) < cap.calls:
            continue
        # As soon as the oldest of the last `calls` calls leaves the rolling time, one more fits.
        free_at = recent[-cap.calls] + cap.within
        if latest.not_before is None or free_at > latest.not_before:
            who = "called by another campaign" if cap.counts == "other" else "called often enough"
            reason = f"{who} within {describe_duration(cap.within)}"
            latest = Verdict(may_dial=False, reason=reason, not_before=free_at)
    return latest


def _within(cap: NumberCap, person: Person, now: datetime) -> Sequence[datetime]:
    """When the calls began that a cap counts, the oldest first."""
    calls = list(person.recent_calls)
    if cap.counts == "all":
        calls = sorted([*calls, *(each.intent_at for each in person.tries.made)])
    return [at for at in calls if at > now - cap.within]


def _cap_looks_at(person: Person, settings: CampaignSettings, now: datetime) -> str:
    return ", ".join(_told(cap, person, now) for cap in settings.caps.per_number)


def _told(cap: NumberCap, person: Person, now: datetime) -> str:
    recent = len(_within(cap, person, now))
    times = "1 call" if recent == 1 else f"{recent} calls"
    by = "other campaigns" if cap.counts == "other" else "any campaign"
    return f"{times} by {by} within {describe_duration(cap.within)}, {cap.calls} allowed"


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
