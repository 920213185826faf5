"""The plan: what a run would do with a list at this moment. It calls nobody."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from campaign.ledger import campaigns, suppression, waiting
from campaign.ledger.campaigns import Amendment, CampaignRecord, PersonRecord
from campaign.ledger.ledger import Ledger
from campaign.models import FINAL_STATUSES, AttemptState, Intake, RowStatus
from campaign.rules import gates
from campaign.rules.gates import Person
from campaign.settings import CampaignSettings


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


def make_plan(
    intake: Intake,
    settings: CampaignSettings,
    *,
    ledger: Ledger | None,
    campaign: CampaignRecord | None,
    amendment: Amendment | None,
    suppressed: Mapping[str, str],
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
        now: The moment to plan for.
    """
    campaign_id = campaign.id if campaign else None
    known: Mapping[str, PersonRecord] = {}
    recent: Mapping[str, list[datetime]] = {}
    unsettled: Mapping[str, AttemptState] = {}
    if ledger is not None:
        unsettled = ledger.read(waiting.unsettled_elsewhere, campaign_id=campaign_id)
        suppressed = {**suppressed, **ledger.read(suppression.suppressed)}
        since = now - settings.caps.per_number.within
        recent = ledger.read(waiting.recent_calls, campaign_id=campaign_id, since=since)
        if campaign is not None:
            known = ledger.read(campaigns.people, campaign.id)
    tally = _Tally()
    for rejected in intake.rejected:
        tally.final[_rejection(rejected.status, rejected.reason)] += 1
    for contact in intake.contacts:
        record = known.get(contact.to_number)
        status = record.status if record else RowStatus.WAITING
        if status in FINAL_STATUSES and status is not RowStatus.STOPPED:
            tally.final[f"{status} in an earlier run"] += 1
        elif status not in (RowStatus.WAITING, RowStatus.STOPPED):
            tally.under_way += 1
        elif record and record.retry_at and record.retry_at > now:
            tally.later["the time of the next try has not come"] += 1
            tally.openings.append(record.retry_at)
        else:
            number = contact.to_number
            person = Person(
                to_number=number,
                time_zones=contact.time_zones,
                suppressed_because=suppressed.get(number),
                recent_calls=recent.get(number, []),
                unsettled_elsewhere=unsettled.get(number),
            )
            _weigh(tally, person, gates.judge(person, settings, now))
    by_pace = (tally.dial_now + tally.later.total()) / settings.pace.calls_per_second
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
    )


def _weigh(tally: _Tally, person: Person, verdict: gates.Verdict) -> None:
    if verdict.status is not RowStatus.WAITING:
        tally.final[f"{verdict.status}: {verdict.reason}"] += 1
        return
    tally.zones[" or ".join(person.time_zones[:3])] += 1
    if verdict.may_dial:
        tally.dial_now += 1
        return
    tally.later[verdict.reason] += 1
    if verdict.not_before is not None:
        tally.openings.append(verdict.not_before)


def _rejection(status: RowStatus, reason: str) -> str:
    # Each duplicate names its own first row; as a count they are one.
    return str(status) if status is RowStatus.DUPLICATE else f"{status}: {reason}"
