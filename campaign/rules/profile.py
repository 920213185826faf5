"""The gate of the profile: it must not have expired, and nobody is called more often than it allows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from campaign.models import RowStatus
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.person import Person
from campaign.settings import (
    ELSEWHERE,
    CampaignSettings,
    NumberCap,
    Profile,
    describe_duration,
    state_of_number,
)

ASK_AGAIN = timedelta(days=1)
"""Longer than a run waits; each run asks anew."""


def states_of(person: Person, profile: Profile) -> Sequence[str]:
    """The states whose rules hold for a person: that of the list, or else that of the area code.

    All that have rules, where a number of the United States tells none.
    """
    state = person.state or state_of_number(person.to_number)
    if state is None:
        return tuple(profile.states)
    return (state,) if state != ELSEWHERE and state in profile.states else ()


def told_state(person: Person, profile: Profile) -> str:
    """Whose rules of states hold, and how that is known; empty where none do."""
    states = states_of(person, profile)
    if not states:
        return ""
    if person.state:
        return f"rules of {person.state}, as the list says"
    if len(states) > 1:
        return "rules of all states, as nothing tells which"
    return f"rules of {states[0]}, by the area code"


def caps_of(person: Person, settings: CampaignSettings) -> Sequence[NumberCap]:
    """How often the profile allows to call a person, each as calls within a rolling time."""
    profile = settings.hours.rules
    if profile is None:
        return ()
    of_states = (profile.states[state].cap for state in states_of(person, profile))
    return tuple(dict.fromkeys(cap for cap in (profile.cap, *of_states) if cap is not None))


def looks_back(settings: CampaignSettings) -> timedelta | None:
    """How far back calls to a number count for the profile; None where they do not."""
    profile = settings.hours.rules
    if profile is None:
        return None
    caps = [profile.cap, *(rules.cap for rules in profile.states.values())]
    return max((cap.within for cap in caps if cap is not None), default=None)


def _ask(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    if settings.hours.why_expired(now) is not None:
        return _not_yet(f"profile {settings.hours.profile} has expired", now + ASK_AGAIN)
    for cap in caps_of(person, settings):
        if person.all_calls is None:
            return _not_yet("it is not known when this number was called", now + ASK_AGAIN)
        recent = [at for at in person.all_calls if at > now - cap.within]
        if len(recent) >= cap.calls:
            return _not_yet(
                f"profile {settings.hours.profile} allows {_times(cap)}", recent[-cap.calls] + cap.within
            )
    return YES


def _not_yet(reason: str, until: datetime) -> Verdict:
    return Verdict(may_dial=False, status=RowStatus.WAITING, reason=reason, not_before=until)


def _looks_at(person: Person, settings: CampaignSettings, now: datetime) -> str:
    profile = settings.hours.rules
    if profile is None:
        return "none"
    confirmed = settings.hours.profile_confirmed
    told = [
        f"{settings.hours.profile}, reviewed on {profile.reviewed_on}, expires on {profile.expires_on}"
        + (f", confirmed on {confirmed}" if confirmed else "")
    ]
    for cap in caps_of(person, settings):
        recent = (
            "unknown" if person.all_calls is None else sum(at > now - cap.within for at in person.all_calls)
        )
        told.append(f"calls by all campaigns: {recent}, {_times(cap)} allowed")
    return ", ".join(told)


def _times(cap: NumberCap) -> str:
    return f"{cap.calls} call{'' if cap.calls == 1 else 's'} within {describe_duration(cap.within)}"


PROFILE = Gate("profile", _ask, _looks_at)
