"""Inputs: what each gate looks at for one person, in words, so that its verdict can be understood."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from campaign.rules.gates import Person, describe
from campaign.rules.hours import Schedule, find_zone
from campaign.settings import CampaignSettings

Input = Callable[[Person, CampaignSettings, datetime], str]


def _suppression(person: Person, _settings: CampaignSettings, _now: datetime) -> str:
    return "on no list" if person.suppressed_because is None else person.suppressed_because


def _other_campaigns(person: Person, _settings: CampaignSettings, _now: datetime) -> str:
    if person.unsettled_elsewhere is None:
        return "no other campaign has a call to this number under way"
    return f"a call of another campaign is {person.unsettled_elsewhere}"


def _words(person: Person, _settings: CampaignSettings, _now: datetime) -> str:
    if person.unsaid is None:
        return "there is a value for everything that the agent says"
    return f"there is no value for {person.unsaid}"


def _hours(person: Person, settings: CampaignSettings, now: datetime) -> str:
    if not person.whereabouts.time_zones:
        return "no time zone is known"
    is_certain = person.whereabouts.is_certain
    told = [_hours_in(name, settings, now, is_certain=is_certain) for name in person.whereabouts.time_zones]
    return "; ".join(told) + ("" if is_certain else " (narrower, as only the number tells the zone)")


def _hours_in(name: str, settings: CampaignSettings, now: datetime, *, is_certain: bool) -> str:
    zone = find_zone(name)
    if zone is None:
        return f"{name}: no such time zone"
    local = now.astimezone(zone)
    window = Schedule.of(settings.hours).window_on(local.date(), is_certain=is_certain)
    if window is None:
        return f"{name} {local:%a %H:%M}, closed that day"
    return f"{name} {local:%a %H:%M}, calls may start {_clock(window.opens)} to {_clock(window.closes)}"


def _cap(person: Person, settings: CampaignSettings, now: datetime) -> str:
    cap = settings.caps.per_number
    recent = sum(at > now - cap.within for at in person.recent_calls)
    times = "1 call" if recent == 1 else f"{recent} calls"
    return f"{times} by other campaigns within {describe(cap.within)}, {cap.calls} allowed"


def _conversations(person: Person, settings: CampaignSettings, _now: datetime) -> str:
    talked = "never" if person.talked_at is None else f"{person.talked_at:%Y-%m-%d %H:%M} UTC"
    peace = settings.caps.after_conversation
    rule = "no rule about that" if peace is None else f"{describe(peace)} of peace after it"
    return f"talked with another campaign's agent: {talked}, {rule}"


def _clock(since_midnight: timedelta) -> str:
    return "{:02}:{:02}".format(*divmod(int(since_midnight.total_seconds()) // 60, 60))


INPUTS: Mapping[str, Input] = {
    "suppression": _suppression,
    "other campaigns": _other_campaigns,
    "the agent's words": _words,
    "hours": _hours,
    "cap": _cap,
    "conversations": _conversations,
}
"""For each gate, by its name."""
