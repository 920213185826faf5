"""The gate of calling hours: it must be time to call in every zone in which the person may be."""

from datetime import datetime, timedelta

from campaign.models import RowStatus
from campaign.rules import hours
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.hours import Schedule
from campaign.rules.person import Person
from campaign.settings import CampaignSettings


def _ask(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    schedule = Schedule.of(settings.hours)
    if hours.is_open(schedule, person.whereabouts, now):
        return YES
    opening = hours.next_opening(schedule, person.whereabouts, now)
    if opening is None:
        return Verdict(
            may_dial=False,
            status=RowStatus.EXPIRED,
            reason="no time of the week is within hours in every zone in which this person may be",
        )
    return Verdict(may_dial=False, reason="outside calling hours", not_before=opening)


def _looks_at(person: Person, settings: CampaignSettings, now: datetime) -> str:
    if not person.whereabouts.time_zones:
        return "no time zone is known"
    is_certain = person.whereabouts.is_certain
    told = [_hours_in(name, settings, now, is_certain=is_certain) for name in person.whereabouts.time_zones]
    return "; ".join(told) + ("" if is_certain else " (narrower, as only the number tells the zone)")


def _hours_in(name: str, settings: CampaignSettings, now: datetime, *, is_certain: bool) -> str:
    zone = hours.find_zone(name)
    if zone is None:
        return f"{name}: no such time zone"
    local = now.astimezone(zone)
    window = Schedule.of(settings.hours).window_on(local.date(), is_certain=is_certain)
    if window is None:
        return f"{name} {local:%a %H:%M}, closed that day"
    return f"{name} {local:%a %H:%M}, calls may start {_clock(window.opens)} to {_clock(window.closes)}"


def _clock(since_midnight: timedelta) -> str:
    return "{:02}:{:02}".format(*divmod(int(since_midnight.total_seconds()) // 60, 60))


CALLING_HOURS = Gate("hours", _ask, _looks_at)
