"""The gate of calling hours: it must be time to call in every zone in which the person may be."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from campaign.rules import hours
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.hours import Schedule
from campaign.rules.person import Person
from campaign.rules.profile import states_of, told_state
from campaign.settings import CampaignSettings, Window, describe_clock_time, state_of_number

ASK_AGAIN = timedelta(days=1)
"""Longer than a run waits; each run asks anew."""


def schedule_for(person: Person, settings: CampaignSettings) -> Schedule:
    """When this person may be called: by the campaign file, the profile, the state and the days off."""
    days, profile = settings.hours.days, settings.hours.rules
    if profile is not None:
        days = _within(days, profile.days)
        for state in states_of(person, profile):
            days = _within(days, profile.states[state].days)

    def closed_because(day: date) -> str | None:
        if person.calendar is None:
            return "the days off are not known"
        return person.calendar.closed_because(day, country=person.country, state=_state(person))

    has_days_off = settings.hours.needs_calendar
    return Schedule.of(settings.hours, days=days, closed_because=closed_because if has_days_off else None)


def _state(person: Person) -> str:
    return person.state or state_of_number(person.to_number) or ""


def _within(days: Mapping[int, Window], others: Mapping[int, Window]) -> Mapping[int, Window]:
    """The part of each day that is in both."""
    both = {
        day: Window(opens=max(window.opens, others[day].opens), closes=min(window.closes, others[day].closes))
        for day, window in days.items()
        if day in others
    }
    return {day: window for day, window in both.items() if window.opens < window.closes}


def _ask(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    if settings.hours.needs_calendar and person.calendar is None:
        return Verdict(may_dial=False, reason="the days off are not known", not_before=now + ASK_AGAIN)
    schedule = schedule_for(person, settings)
    if hours.is_open(schedule, person.whereabouts, now):
        return YES
    opening = hours.next_opening(schedule, person.whereabouts, now)
    if opening is not None:
        return Verdict(may_dial=False, reason="outside calling hours", not_before=opening)
    if hours.is_ever_open(schedule, person.whereabouts, now):
        return Verdict(
            may_dial=False, reason="closed for as long as the days off are known", not_before=now + ASK_AGAIN
        )
    # Not for good: hours that are too narrow by mistake can be mended.
    return Verdict(
        may_dial=False,
        reason="no time of the week is within hours in every zone in which this person may be",
        not_before=now + ASK_AGAIN,
    )


def _looks_at(person: Person, settings: CampaignSettings, now: datetime) -> str:
    if not person.whereabouts.time_zones:
        return "no time zone is known"
    is_certain, zones = person.whereabouts.is_certain, person.whereabouts.time_zones
    schedule = schedule_for(person, settings)
    told = [_hours_in(name, schedule, now, is_certain=is_certain) for name in zones]
    is_narrower = not is_certain and any(_is_narrower_in(name, schedule, now) for name in zones)
    profile = settings.hours.rules
    notes = [
        told_state(person, profile) if profile is not None else "",
        "narrower, as only the number tells the zone" if is_narrower else "",
    ]
    return "; ".join(told) + "".join(f" ({note})" for note in notes if note)


def _hours_in(name: str, schedule: Schedule, now: datetime, *, is_certain: bool) -> str:
    zone = hours.find_zone(name)
    if zone is None:
        return f"{name}: no such time zone"
    local = now.astimezone(zone)
    window = schedule.window_on(local.date(), is_certain=is_certain)
    if window is not None:
        opens, closes = describe_clock_time(window.opens), describe_clock_time(window.closes)
        return f"{name} {local:%a %H:%M}, calls may start {opens} to {closes}"
    because = schedule.closed_because(local.date()) if schedule.closed_because is not None else None
    return f"{name} {local:%a %H:%M}, closed that day" + (f": {because}" if because else "")


def _is_narrower_in(name: str, schedule: Schedule, now: datetime) -> bool:
    """Whether the hours of this day are others than those of a person whose zone is certain."""
    zone = hours.find_zone(name)
    if zone is None:
        return False
    day = now.astimezone(zone).date()
    return schedule.window_on(day, is_certain=False) != schedule.window_on(day, is_certain=True)


CALLING_HOURS = Gate("hours", _ask, _looks_at)
