"""The plan: what a run would do with a list at this moment. It calls nobody."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaign.calls.breaker import opening_of
from campaign.calls.from_numbers import Numbers
from campaign.calls.person import Known
from campaign.calls.prospect import Means, Prospect, look_ahead
from campaign.contacts import phone, problems
from campaign.ledger import breakers, campaigns, suppression, tried, waiting
from campaign.ledger.amend import Amendment
from campaign.ledger.campaigns import CampaignRecord, RowRecord
from campaign.ledger.ledger import Ledger
from campaign.models import (
    FINAL_STATUSES,
    NEVER_TRIED,
    AttemptState,
    Contact,
    Intake,
    RowStatus,
    Tries,
    ZoneSource,
)
from campaign.rules import gates
from campaign.rules.gate import Verdict
from campaign.rules.hours import Whereabouts
from campaign.rules.opening import Opening
from campaign.rules.person import Person
from campaign.rules.words import unsaid
from campaign.settings import CampaignSettings

_OUT = (RowStatus.REJECTED, RowStatus.DUPLICATE, RowStatus.STOPPED)
"""Rows that no run calls; only another list may change that."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do. The counts add up to the rows of the list."""

    rows: int
    dial_now: int
    """May be dialled at this moment."""
    dial_later: Mapping[str, int]
    """May be dialled later, by reason."""
    under_way: int
    """Dialled by an earlier run of this campaign, and not final yet."""
    final: Mapping[str, int]
    """Never dialled, or not any more, by status and reason."""
    zones: Mapping[str, int]
    """Where the people are who may be dialled, by time zone."""
    least_seconds: float
    """The run takes at least so long by its pace alone."""
    earliest_later: datetime | None = None
    amendment: Amendment | None = None
    """How the list differs from the one that the campaign knows, where it does."""
    prospect: Prospect | None = None
    """What calling these people may cost; None when nothing is known of that."""

    @property
    def to_dial(self) -> int:
        """People who may be dialled, now or later."""
        return self.dial_now + sum(self.dial_later.values())


@dataclass(slots=True)
class _Tally:
    dial_now: int = 0
    under_way: int = 0
    later: Counter[str] = field(default_factory=Counter)
    final: Counter[str] = field(default_factory=Counter)
    zones: Counter[str] = field(default_factory=Counter)
    openings: list[datetime] = field(default_factory=list)
    by_number: Counter[str] = field(default_factory=Counter)
    """People who may be dialled, by the number that they see."""


def make_plan(
    intake: Intake,
    settings: CampaignSettings,
    *,
    ledger: Ledger | None,
    campaign: CampaignRecord | None,
    amendment: Amendment | None,
    suppressed: Mapping[str, str],
    spoken: Sequence[str] = (),
    means: Means | None = None,
    now: datetime,
) -> Plan:
    """Ask every gate for every row, as a run would.

    Args:
        intake: The list.
        settings: The campaign file.
        ledger: What is known already; None when there is no ledger yet.
        campaign: The campaign that a run would go on with; None when it would start a new one.
        amendment: How the list differs from the one that the campaign knows.
        suppressed: Numbers of the campaign file's suppression lists, with the reason.
        spoken: Variables that the agent says.
        means: What calls cost; a budget lets nobody be dialled without it.
        now: The moment to plan for.
    """
    campaign_id = campaign.id if campaign else None
    # Under the very list that it knows, a campaign goes on with its rows as they stand, however the list and
    # the agent are read by now.
    is_known = campaign is not None and amendment is None
    known: dict[str, RowRecord] = {}
    nobodys: Mapping[int, RowRecord] = {}
    recent: Mapping[str, list[datetime]] = {}
    talked: Mapping[str, datetime] = {}
    tries: Mapping[str, Tries] = {}
    unsettled: Mapping[str, AttemptState] = {}
    openings: Sequence[Opening] = ()
    if ledger is not None:
        unsettled = ledger.read(waiting.unsettled_elsewhere, campaign_id=campaign_id)
        suppressed = {**suppressed, **ledger.read(suppression.suppressed)}
        talked = ledger.read(waiting.conversations, campaign_id=campaign_id)
        since = now - settings.caps.longest
        recent = ledger.read(waiting.recent_calls, campaign_id=campaign_id, since=since)
        if campaign is not None:
            known = ledger.read(campaigns.people, campaign.id)
            tries = ledger.read(tried.everybodys_tries, campaign.id)
            nobodys = ledger.read(campaigns.nobodys_rows, campaign.id) if is_known else {}
        openings = [
            opening_of(record)
            for record in ledger.read(breakers.open_breakers, campaign_id)
            if record.needs_reset
        ]
    stopped = Known(campaign_id or 0, settings, suppressed, spoken, openings).stopped_because
    tally = _Tally()
    numbers = Numbers.read(settings, ledger, now)
    started_at = campaign.started_at if campaign else now

    def count(
        number: str,
        record: RowRecord | None,
        whereabouts: Whereabouts,
        missing: str | None,
        contact: Contact | None = None,
    ) -> None:
        if record is not None and _is_settled(tally, record, now):
            return
        from_number = numbers.of(number, contact.from_number if contact else None)
        person = Person(
            to_number=number,
            whereabouts=whereabouts,
            suppressed_because=suppressed.get(number),
            recent_calls=recent.get(number, []),
            unsettled_elsewhere=unsettled.get(number),
            talked_at=talked.get(number),
            tries=tries.get(number, NEVER_TRIED),
            unsaid=missing,
            stopped_because=stopped(number, from_number),
            outlay=means.outlay if means else None,
            not_before=contact.not_before if contact else None,
            valid_until=contact.valid_until if contact else None,
            tried_times=record.tries if record else 0,
            campaign_started_at=started_at,
            from_number=from_number,
            from_number_calls=numbers.calls[from_number or ""],
        )
        verdict = gates.judge(person, settings, now)
        if from_number and verdict.status is RowStatus.WAITING:
            tally.by_number[from_number] += 1
            # Those who are dialled today take their share of the day.
            numbers.calls[from_number] += verdict.may_dial
        _weigh(tally, person, verdict)

    for contact in intake.contacts:
        record = known.pop(contact.to_number, None) or nobodys.get(contact.row.number)
        if is_known and record is not None and record.status in _OUT:
            tally.final[_not_called(record.status, record.reason)] += 1
            continue
        values = settings.call.variables_for(contact.variables)
        is_certain = contact.zone_source is not ZoneSource.NUMBER
        whereabouts = Whereabouts(contact.time_zones, is_certain=is_certain)
        count(contact.to_number, record, whereabouts, unsaid(spoken, values), contact)
    names = {problems.no_value(name).reason: name for name in spoken}
    for rejected in intake.rejected:
        number = rejected.to_number
        record = known.pop(number, None) if is_known and number is not None else None
        # Whom an amendment has stopped is nobody's row any more.
        if number is None or record is None or record.status is RowStatus.STOPPED:
            tally.final[_not_called(rejected.status, rejected.reason)] += 1
        else:
            whereabouts = Whereabouts(phone.time_zones(number), is_certain=False)
            count(number, record, whereabouts, names.get(rejected.reason))
    by_pace = (tally.dial_now + tally.later.total()) / settings.pace.calls_per_second
    if rate := settings.from_number_limits.calls_per_second:
        by_pace = max(by_pace, max(tally.by_number.values(), default=0) / rate)
    return Plan(
        rows=len(intake.rows),
        dial_now=tally.dial_now,
        dial_later=dict(tally.later.most_common()),
        under_way=tally.under_way,
        final=dict(tally.final.most_common()),
        zones=dict(tally.zones.most_common()),
        least_seconds=by_pace,
        earliest_later=min(tally.openings, default=None),
        amendment=amendment,
        prospect=look_ahead(tally.dial_now + tally.later.total(), settings, means) if means else None,
    )


def _is_settled(tally: _Tally, record: RowRecord, now: datetime) -> bool:
    """Count a person of whom the ledger alone knows how it goes on; False for whom the gates are asked."""
    if record.status in FINAL_STATUSES and record.status is not RowStatus.STOPPED:
        tally.final[f"{record.status} in an earlier run"] += 1
    elif record.status not in (RowStatus.WAITING, RowStatus.STOPPED):
        tally.under_way += 1
    elif record.retry_at and record.retry_at > now:
        tally.later["the time of the next try has not come"] += 1
        tally.openings.append(record.retry_at)
    else:
        return False
    return True


def _weigh(tally: _Tally, person: Person, verdict: Verdict) -> None:
    if verdict.status is not RowStatus.WAITING:
        tally.final[f"{verdict.status}: {verdict.kind or verdict.reason}"] += 1
        return
    tally.zones[" or ".join(person.whereabouts.time_zones[:3])] += 1
    if verdict.may_dial:
        tally.dial_now += 1
        return
    tally.later[verdict.kind or verdict.reason] += 1
    if verdict.not_before is not None:
        tally.openings.append(verdict.not_before)


def _not_called(status: RowStatus, reason: str) -> str:
    # Each duplicate names its own first row; as a count they are one.
    return str(status) if status is RowStatus.DUPLICATE else f"{status}: {reason}"
