"""Gates: the rules that must all say yes at the moment of dialling. What cannot be evaluated is a no."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign.models import AttemptState, RowStatus
from campaign.rules import hours
from campaign.rules.hours import Schedule, Whereabouts
from campaign.settings import CampaignSettings


@dataclass(frozen=True, slots=True)
class Person:
    """What the gates look at: one contact, and what the ledger knows of the number."""

    to_number: str
    whereabouts: Whereabouts
    suppressed_because: str | None
    recent_calls: Sequence[datetime]
    """Calls from other campaigns within the cap's time, the oldest first."""
    unsettled_elsewhere: AttemptState | None = None
    """How an attempt of another campaign stands whose fate is not known yet."""
    talked_at: datetime | None = None
    """When this person last talked with the agent of another campaign."""
    unsaid: str | None = None
    """A variable that the agent says and that has no value for this person."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gates say. A no is final (any status but `waiting`) or holds until a time."""

    may_dial: bool
    status: RowStatus = RowStatus.WAITING
    reason: str = ""
    not_before: datetime | None = None


UNSETTLED_WAIT = timedelta(minutes=1)
UNSAID_WAIT = timedelta(days=1)
"""Longer than a run waits; each run asks anew."""

YES = Verdict(may_dial=True)


Gate = Callable[[Person, CampaignSettings, datetime], Verdict]


def judge(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    """Ask every gate, the final ones first, until one says no."""
    for gate in GATES.values():
        verdict = gate(person, settings, now)
        if not verdict.may_dial:
            return verdict
    return YES


def _suppression(person: Person, _settings: CampaignSettings, _now: datetime) -> Verdict:
    if person.suppressed_because is None:
        return YES
    return Verdict(may_dial=False, status=RowStatus.SUPPRESSED, reason=person.suppressed_because)


def _other_campaign(person: Person, _settings: CampaignSettings, now: datetime) -> Verdict:
    """While the fate of one call is unknown, no other goes to that person, whichever campaign asks."""
    match person.unsettled_elsewhere:
        case None:
            return YES
        case AttemptState.NEEDS_REVIEW:
            return Verdict(
                may_dial=False,
                status=RowStatus.NEEDS_REVIEW,
                reason="another campaign's call to this person needs review first",
            )
        case _:
            return Verdict(
                may_dial=False,
                reason="another campaign's call to this person is not settled",
                not_before=now + UNSETTLED_WAIT,
            )


def _spoken(person: Person, _settings: CampaignSettings, now: datetime) -> Verdict:
    """Nobody hears `{{name}}` read aloud. The agent or the list may be mended until the next run."""
    if person.unsaid is None:
        return YES
    return Verdict(
        may_dial=False,
        reason=f"no value for {person.unsaid}, which the agent says",
        not_before=now + UNSAID_WAIT,
    )


def unsaid(spoken: Sequence[str], values: Mapping[str, str]) -> str | None:
    """The first variable that the agent says and for which a request would have no value."""
    return next((name for name in spoken if not values.get(name, "").strip()), None)


def _hours(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
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


def _cap(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    cap = settings.caps.per_number
    recent = [at for at in person.recent_calls if at > now - cap.within]
    if len(recent) < cap.calls:
        return YES
    # As soon as the oldest of the last `calls` calls leaves the rolling time, one more fits.
    free_at = recent[-cap.calls] + cap.within
    return Verdict(
        may_dial=False,
        reason="called by another campaign within " + describe(cap.within),
        not_before=free_at,
    )


def _conversation(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    peace = settings.caps.after_conversation
    if peace is None or person.talked_at is None or now >= person.talked_at + peace:
        return YES
    return Verdict(
        may_dial=False,
        reason="talked with another campaign's agent within " + describe(peace),
        not_before=person.talked_at + peace,
    )


GATES: Mapping[str, Gate] = {
    "suppression": _suppression,
    "other campaigns": _other_campaign,
    "the agent's words": _spoken,
    "hours": _hours,
    "cap": _cap,
    "conversations": _conversation,
}
"""By name, in the order in which they are asked: a no for good comes before one for some time."""


def describe(duration: timedelta) -> str:
    """`20h`, `30m` or `90s`: the form in which the campaign file has it."""
    seconds = round(duration.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
