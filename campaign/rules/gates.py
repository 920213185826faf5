"""Gates: the rules that must all say yes at the moment of dialling. What cannot be evaluated is a no."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign.models import AttemptState, RowStatus
from campaign.rules import hours
from campaign.settings import CampaignSettings, NumberCap


@dataclass(frozen=True, slots=True)
class Person:
    """What the gates look at: one contact, and what the ledger knows of the number."""

    to_number: str
    time_zones: tuple[str, ...]
    suppressed_because: str | None
    recent_calls: Sequence[datetime]
    """Calls from other campaigns within the cap's time, the oldest first."""
    unsettled_elsewhere: AttemptState | None = None
    """How an attempt of another campaign stands whose fate is not known yet."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gates say. A no is final (any status but `waiting`) or holds until a time."""

    may_dial: bool
    status: RowStatus = RowStatus.WAITING
    reason: str = ""
    not_before: datetime | None = None


UNSETTLED_WAIT = timedelta(minutes=1)

YES = Verdict(may_dial=True)


def judge(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    """Ask every gate, the final ones first."""
    for verdict in (
        _suppression(person),
        _other_campaign(person, now),
        _hours(person, settings, now),
        _cap(person, settings.caps.per_number, now),
    ):
        if not verdict.may_dial:
            return verdict
    return YES


def _suppression(person: Person) -> Verdict:
    if person.suppressed_because is None:
        return YES
    return Verdict(may_dial=False, status=RowStatus.SUPPRESSED, reason=person.suppressed_because)


def _other_campaign(person: Person, now: datetime) -> Verdict:
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


def _hours(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    if hours.is_open(settings.hours.days, person.time_zones, now):
        return YES
    opening = hours.next_opening(settings.hours.days, person.time_zones, now)
    if opening is None:
        return Verdict(
            may_dial=False,
            status=RowStatus.EXPIRED,
            reason="no time of the week is within hours in every zone in which this person may be",
        )
    return Verdict(may_dial=False, reason="outside calling hours", not_before=opening)


def _cap(person: Person, cap: NumberCap, now: datetime) -> Verdict:
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


def describe(duration: timedelta) -> str:
    """`20h`, `30m` or `90s`: the form in which the campaign file has it."""
    seconds = round(duration.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
