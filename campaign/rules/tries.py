"""The gate of tries: no more of them than allowed, none too soon after the last one, few on one day.

It asks what the ledger knows of the person at the moment of dialling, and not what was decided earlier.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaign.models import Disposition, Ending, RowStatus, Try
from campaign.rules.endings import decide, together
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.hours import find_zone
from campaign.rules.person import Person
from campaign.settings import CampaignSettings, RetrySettings

_A_DAY = timedelta(days=1)


def _ask(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    made, retry = person.tries.made, settings.retry
    # A human who wants another call overrules how this campaign tries, and none of the other rules.
    if len(made) < max(person.tries.granted, 1):
        return YES
    if any(each.disposition is Disposition.ANSWERED for each in made):
        return Verdict(may_dial=False, status=RowStatus.COMPLETED, reason="has answered already")
    if any(retry.final_outcomes & each.outcomes for each in made):
        reason = "the outcome of an earlier try is one after which nobody is tried again"
        return Verdict(may_dial=False, status=RowStatus.COMPLETED, reason=reason)
    if forbidden := [each.no_further for each in made if each.no_further is not None]:
        last = together(forbidden)
        return Verdict(may_dial=False, status=last.status, reason=last.reason)
    unknown = [each for each in made if each.ended_at is None or each.disposition is None]
    ending = _ending(made, retry)
    if unknown or ending is None:
        return _unknown(unknown, now)
    if ending.not_before is None:
        reason = ending.reason or f"{made[-1].disposition}; no further try is due by now"
        return Verdict(may_dial=False, status=ending.status, reason=reason)
    if now < ending.not_before:
        return Verdict(
            may_dial=False, reason="the time of the next try has not come", not_before=ending.not_before
        )
    if sum(1 for each in made if now - each.intent_at < 2 * _A_DAY) < retry.per_day:
        return YES
    return _ask_day(person, retry.per_day, now)


def _unknown(tries: Sequence[Try], now: datetime) -> Verdict:
    """Nobody is dialled while how a try went is not known, and a human is asked when nothing tells it.

    The row waits for as long as runs look at that call when they begin and end: the next one asks again.
    """
    until = [each.read_until for each in tries if each.read_until is not None and now < each.read_until]
    if len(until) < len(tries):
        return Verdict(
            may_dial=False, status=RowStatus.NEEDS_REVIEW, reason="how an earlier try went is not known"
        )
    return Verdict(may_dial=False, reason="how an earlier call ended is not read yet", not_before=max(until))


def _ending(made: Sequence[Try], retry: RetrySettings) -> Ending | None:
    """What follows the last try by the campaign file as it is now; None when that is not known.

    Of several calls of one request each has to allow a further try.
    """
    last = made[-1]
    if last.ended_at is None or last.disposition is None:
        return None
    calls = (last.disposition, *sorted(last.others))
    ending = together([decide(each, tries=len(made), ended_at=last.ended_at, retry=retry) for each in calls])
    if ending.not_before is None:
        return ending
    return replace(ending, not_before=max(ending.not_before, last.ended_at + retry.shortest_gap))


def _ask_day(person: Person, per_day: int, now: datetime) -> Verdict:
    """Not more tries on one day than allowed, by the calendar of every zone in which the person may be."""
    days_end = []
    for name in person.whereabouts.time_zones or ("",):
        zone = find_zone(name)
        if zone is None:
            return Verdict(
                may_dial=False, reason="the day of this person is not known", not_before=now + _A_DAY
            )
        if _on_day_of(now, person, zone) >= per_day:
            days_end.append(_end_of_day(now, zone))
    if not days_end:
        return YES
    times = "once" if per_day == 1 else f"{per_day} times"
    return Verdict(may_dial=False, reason=f"tried {times} today", not_before=max(days_end))


def _on_day_of(now: datetime, person: Person, zone: ZoneInfo) -> int:
    today = now.astimezone(zone).date()
    return sum(each.intent_at.astimezone(zone).date() == today for each in person.tries.made)


def _end_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """When the next day begins for good: where clocks are set at midnight it may begin twice, or late."""
    tomorrow = now.astimezone(zone).date() + _A_DAY
    midnight = datetime.combine(tomorrow, time(), tzinfo=zone)
    return max(midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def _looks_at(person: Person, settings: CampaignSettings, now: datetime) -> str:
    return ", ".join(_told(person, settings, now))


def _told(person: Person, settings: CampaignSettings, now: datetime) -> Iterator[str]:
    made, retry = person.tries.made, settings.retry
    allowed = max(retry.max_attempts, person.tries.granted)
    yield f"{'1 try' if len(made) == 1 else f'{len(made)} tries'} of {allowed}"
    if len(made) < person.tries.granted:
        yield "a human has asked for one more"
        return
    if not made or made[-1].ended_at is None:
        return
    if any(each.disposition is None for each in made):
        yield "how one of them went is not known"
        return
    yield f"the last ended {made[-1].ended_at:%Y-%m-%d %H:%M} UTC: {made[-1].disposition}"
    ending = _ending(made, retry)
    if ending is not None and ending.not_before is not None:
        yield f"the next from {ending.not_before:%Y-%m-%d %H:%M} UTC on"
    zones = [zone for name in person.whereabouts.time_zones if (zone := find_zone(name))]
    today = max((_on_day_of(now, person, zone) for zone in zones), default=0)
    yield f"{today} today, {retry.per_day} allowed"


TRIES = Gate("tries", _ask, _looks_at)
