"""Profiles: the rules of a country as a dated data file, which no longer counts when it has expired."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache

from pydantic import Field

from campaign.settings.bundled import read_table
from campaign.settings.caps import NumberCap
from campaign.settings.sections import Section
from campaign.settings.values import Day, Days, Places

PROFILES = ("us", "us-strict", "gb", "in", "eu")
CONFIRMED_FOR = timedelta(days=90)
"""So long a human's word holds that an expired profile is still right."""
_AHEAD = timedelta(hours=14)
"""Somewhere on Earth the date is already that of so many hours later."""


class StateRules(Section):
    """What one state demands beside its country."""

    days: Days
    cap: NumberCap | None = None


class Profile(Section):
    """The rules of one country. They are engineering input, and not legal advice."""

    title: str
    reviewed_on: Day
    expires_on: Day
    source: tuple[str, ...] = Field(min_length=1)
    days: Days
    """When people may be called, by the clock on their wall; a campaign file may only narrow it."""
    holidays: Places = ()
    cap: NumberCap | None = None
    """Calls to one number within a rolling time, this campaign's own included."""
    consent: bool = False
    """Whether nobody is called without consent on record."""
    states: Mapping[str, StateRules] = {}
    left_out: tuple[str, ...] = ()
    """What the profile does not cover, and why."""


@cache
def find_profile(name: str) -> Profile:
    """The profile of this name, of `PROFILES`, read once."""
    return Profile.model_validate(read_table(f"profiles/{name}"))


def why_expired(name: str, profile: Profile, confirmed: date | None, now: datetime) -> str | None:
    """Why a profile does not count any more, with the cure; None while it does.

    Args:
        name: Of the profile.
        profile: Its rules.
        confirmed: When a human has confirmed that they are still right.
        now: The time. What counts is the latest date that it is anywhere.
    """
    today = (now + _AHEAD).date()
    if confirmed is not None and confirmed > today:
        return (
            f"profile_confirmed: {confirmed} is in the future; write when somebody has checked profile {name}"
        )
    if today < profile.expires_on:
        return None
    if confirmed is None:
        trouble = "nobody has confirmed it since"
    elif confirmed < profile.expires_on:
        trouble = f"profile_confirmed: {confirmed} is before that"
    elif today >= confirmed + CONFIRMED_FOR:
        trouble = f"profile_confirmed: {confirmed} is {CONFIRMED_FOR.days} days old or more"
    else:
        return None
    return (
        f"profile {name} has expired on {profile.expires_on} and {trouble}; check its rules, then write "
        f"the date of that as hours.profile_confirmed: {now.date()}; it holds for {CONFIRMED_FOR.days} days"
    )
