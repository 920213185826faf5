"""The gates of time limits: from when on, and until when, a person may be dialled by row and campaign.

A row whose time is over is final. It has `expired` when it was never attempted, and stays `unreached` when
only a further try was due; it is never done.
"""

from datetime import datetime, timedelta

from campaign.models import RowStatus
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.hours import find_zone
from campaign.rules.person import Person
from campaign.settings import CampaignSettings, Moment, end_of, start_of

_UNKNOWN_WAIT = timedelta(hours=1)


class _Unknown(Exception):
    """A limit cannot be evaluated, which is a no."""


def _ask_not_before(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    try:
        start = _start(person, settings)
    except _Unknown as error:
        return Verdict(may_dial=False, reason=str(error), not_before=now + _UNKNOWN_WAIT)
    if start is None or now >= start:
        return YES
    return Verdict(
        may_dial=False,
        reason=f"not to be called before {_told(start)}",
        not_before=start,
        kind="not to be called yet (not_before)",
    )


def _ask_valid_until(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    try:
        start, end = _start(person, settings), _end(person, settings)
    except _Unknown as error:
        return Verdict(may_dial=False, reason=str(error), not_before=now + _UNKNOWN_WAIT)
    if end is None:
        return YES
    # Nobody can be dialled any more when no moment is left from the start on.
    if max(now, start or now) < end - settings.hours.closing_margin:
        return YES
    if person.tried_times:
        times = "once" if person.tried_times == 1 else f"{person.tried_times} times"
        return Verdict(
            may_dial=False,
            status=RowStatus.UNREACHED,
            reason=f"tried {times}, and not again before {_told(end)}",
            kind="tried, and not again in its time (valid_until)",
        )
    return Verdict(
        may_dial=False,
        status=RowStatus.EXPIRED,
        reason=f"not attempted before {_told(end)}",
        kind="not attempted in its time (valid_until)",
    )


def _start(person: Person, settings: CampaignSettings) -> datetime | None:
    of_campaign = settings.not_before
    starts = [person.not_before] if person.not_before is not None else []
    if of_campaign is not None:
        starts.append(_known(start_of(of_campaign, _zones(person, of_campaign))))
    return max(starts, default=None)


def _end(person: Person, settings: CampaignSettings) -> datetime | None:
    of_campaign = settings.valid_until
    ends = [person.valid_until] if person.valid_until is not None else []
    if of_campaign is not None:
        ends.append(_known(end_of(of_campaign, _zones(person, of_campaign))))
    if settings.valid_for is not None:
        ends.append(_known(person.campaign_started_at) + settings.valid_for)
    return min(ends, default=None)


def _known(moment: datetime | None) -> datetime:
    if moment is None:
        raise _Unknown("nobody can tell whether this is its time")
    return moment


def _zones(person: Person, moment: Moment) -> list[str]:
    """Where the person may be. An instant needs no zone."""
    zones = list(person.whereabouts.time_zones)
    is_instant = isinstance(moment, datetime) and moment.tzinfo is not None
    if not is_instant and any(find_zone(name) is None for name in zones):
        return []
    return zones


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _not_before_looks_at(person: Person, settings: CampaignSettings, _now: datetime) -> str:
    try:
        start = _start(person, settings)
    except _Unknown as error:
        return str(error)
    return "no time before which not to call" if start is None else f"from {_told(start)} on"


def _valid_until_looks_at(person: Person, settings: CampaignSettings, _now: datetime) -> str:
    try:
        end = _end(person, settings)
    except _Unknown as error:
        return str(error)
    return "no end" if end is None else f"until {_told(end)}"


NOT_BEFORE = Gate("not before", _ask_not_before, _not_before_looks_at)
VALID_UNTIL = Gate("valid until", _ask_valid_until, _valid_until_looks_at)
