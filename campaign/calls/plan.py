"""The plan: what a run would do with a list at this moment. It calls nobody."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

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
    known_form,
)
from campaign.rules import hours
from campaign.rules.calling_hours import CALLING_HOURS, schedule_for
from campaign.rules.gate import YES, Verdict
from campaign.rules.gates import GATES
from campaign.rules.hours import Whereabouts
from campaign.rules.opening import Opening
from campaign.rules.person import Person
from campaign.rules.profile import looks_back
from campaign.rules.words import unsaid
from campaign.settings import Calendar, CampaignSettings, state_of_number

_OUT = (RowStatus.REJECTED, RowStatus.DUPLICATE, RowStatus.STOPPED)
"""Rows that no run calls; only another list may change that."""
HOURS_AHEAD = 24
_HOUR = timedelta(hours=1)

Kind = tuple[tuple[str, ...], bool, str | None, str | None]
"""What the hours look at: zones, whether they are certain, country, and state. People of a kind are many."""


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
    by_hour: Sequence[tuple[datetime, int]] = ()
    """For each of the next hours of the clock in UTC, from the present one on, how many people could be
    dialled in it, as far as the rules can tell by now. A person counts in every hour that would do."""
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
    settings: CampaignSettings
    now: datetime
    dial_now: int = 0
    under_way: int = 0
    later: Counter[str] = field(default_factory=Counter)
    final: Counter[str] = field(default_factory=Counter)
    zones: Counter[str] = field(default_factory=Counter)
    openings: list[datetime] = field(default_factory=list)
    by_number: Counter[str] = field(default_factory=Counter)
    """People who may be dialled, by the number that they see."""
    hours: dict[Kind, Verdict] = field(default_factory=dict)
    """What the hours say now, asked once for all people of a kind."""
    people: dict[Kind, Person] = field(default_factory=dict)
    """One person of each kind."""
    from_hour: Counter[tuple[Kind, int]] = field(default_factory=Counter)
    """People by kind, and by the hour from which all other rules say yes."""


def make_plan(
    intake: Intake,
    settings: CampaignSettings,
    *,
    ledger: Ledger | None,
    campaign: CampaignRecord | None,
    amendment: Amendment | None,
    suppressed: Mapping[str, str],
    spoken: Sequence[str] = (),
    spoken_by: Mapping[str, Sequence[str]] | None = None,
    means: Means | None = None,
    calendar: Calendar | None = None,
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
        spoken: Variables that the campaign's agent says.
        spoken_by: The same for agents that rows name.
        means: What calls cost; a budget lets nobody be dialled without it.
        calendar: The days off.
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
    back = looks_back(settings)
    everything: Mapping[str, list[datetime]] = {}
    if ledger is not None:
        unsettled = ledger.read(waiting.unsettled_elsewhere, campaign_id=campaign_id)
        suppressed = {**suppressed, **ledger.read(suppression.suppressed)}
        talked = ledger.read(waiting.conversations, campaign_id=campaign_id)
        since = now - settings.caps.longest
        recent = ledger.read(waiting.recent_calls, campaign_id=campaign_id, since=since)
        everything = ledger.read(waiting.recent_calls, campaign_id=None, since=now - (back or timedelta()))
        if campaign is not None:
            known = ledger.read(campaigns.people, campaign.id)
            tries = ledger.read(tried.everybodys_tries, campaign.id)
            nobodys = ledger.read(campaigns.nobodys_rows, campaign.id) if is_known else {}
        openings = [
            opening_of(record)
            for record in ledger.read(breakers.open_breakers, campaign_id, name_pattern=settings.name)
            if record.needs_reset
        ]
    known_words = Known(campaign_id or 0, settings, suppressed, spoken, openings, spoken_by=spoken_by or {})
    stopped = known_words.stopped_because
    tally = _Tally(settings, now)
    numbers = Numbers.read(settings, ledger, now)
    started_at = campaign.started_at if campaign else now

    def count(
        number: str,
        record: RowRecord | None,
        whereabouts: Whereabouts,
        missing: str | None,
        contact: Contact | None = None,
        *,
        state: str,
        consent: str,
    ) -> None:
        if record is not None and _is_settled(tally, record):
            return
        from_number = numbers.of(number, contact.from_number if contact else None)
        person = Person(
            to_number=number,
            whereabouts=whereabouts,
            suppressed_because=suppressed.get(number),
            recent_calls=recent.get(number, []),
            unsettled_elsewhere=unsettled.get(number),
            talked_at=talked.get(number),
            tries=tries.get(known_form(number, tries), NEVER_TRIED),
            unsaid=missing,
            stopped_because=stopped(number, from_number),
            outlay=means.outlay if means else None,
            not_before=contact.not_before if contact else None,
            valid_until=contact.valid_until if contact else None,
            tried_times=record.tries if record else 0,
            campaign_started_at=started_at,
            from_number=from_number,
            from_number_calls=numbers.calls[from_number or ""],
            country=phone.country_of(number),
            state=state,
            consent=consent,
            calendar=calendar,
            all_calls=everything.get(number, []) if back is not None else None,
        )
        verdict = _weigh(tally, person)
        if from_number and verdict.status is RowStatus.WAITING:
            tally.by_number[from_number] += 1
            # Those who are dialled today take their share of the day.
            numbers.calls[from_number] += verdict.may_dial

    for contact in intake.contacts:
        record = known.pop(known_form(contact.to_number, known), None) or nobodys.get(contact.row.number)
        if is_known and record is not None and record.status in _OUT:
            tally.final[_not_called(record.status, record.reason)] += 1
            continue
        values = settings.call.variables_for(contact.variables)
        is_certain = contact.zone_source is not ZoneSource.NUMBER
        whereabouts = Whereabouts(contact.time_zones, is_certain=is_certain)
        count(
            contact.to_number,
            record,
            whereabouts,
            unsaid(known_words.words_for(contact.agent_id), values),
            contact,
            state=contact.state,
            consent=contact.consent,
        )
    names = {problems.no_value(name).reason: name for name in spoken}
    for rejected in intake.rejected:
        number = rejected.to_number
        record = known.pop(known_form(number, known), None) if is_known and number is not None else None
        # Whom an amendment has stopped is nobody's row any more.
        if number is None or record is None or record.status is RowStatus.STOPPED:
            tally.final[_not_called(rejected.status, rejected.reason)] += 1
        else:
            whereabouts = Whereabouts(phone.time_zones(number), is_certain=False)
            missing = names.get(rejected.reason)
            count(number, record, whereabouts, missing, state=record.state, consent=record.consent)
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
        by_hour=_by_hour(tally),
        earliest_later=min(tally.openings, default=None),
        amendment=amendment,
        prospect=look_ahead(tally.dial_now + tally.later.total(), settings, means) if means else None,
    )


def _is_settled(tally: _Tally, record: RowRecord) -> bool:
    """Count a person of whom the ledger alone knows how it goes on; False for whom the gates are asked."""
    if record.status in FINAL_STATUSES and record.status is not RowStatus.STOPPED:
        tally.final[f"{record.status} in an earlier run"] += 1
    elif record.status not in (RowStatus.WAITING, RowStatus.STOPPED):
        tally.under_way += 1
    elif record.retry_at and record.retry_at > tally.now:
        tally.later["the time of the next try has not come"] += 1
        tally.openings.append(record.retry_at)
    else:
        return False
    return True


def _weigh(tally: _Tally, person: Person) -> Verdict:
    """Ask every gate, the hours once for all people of a kind; the first no says what the row comes to."""
    place = person.whereabouts
    state = person.state or state_of_number(person.to_number)
    kind = (tuple(place.time_zones), place.is_certain, person.country, state)
    verdict, free_at = YES, tally.now
    for gate in GATES:
        if gate is CALLING_HOURS:
            if kind not in tally.hours:
                tally.hours[kind] = gate.ask(person, tally.settings, tally.now)
                tally.people[kind] = person
            answer = tally.hours[kind]
        else:
            answer = gate.ask(person, tally.settings, tally.now)
        if answer.may_dial:
            continue
        if verdict.may_dial:
            verdict = answer
        if answer.status is not RowStatus.WAITING:
            break
        if gate is not CALLING_HOURS and answer.not_before is not None:
            free_at = max(free_at, answer.not_before)
    if verdict.status is not RowStatus.WAITING:
        tally.final[f"{verdict.status}: {verdict.kind or verdict.reason}"] += 1
        return verdict
    tally.zones[" or ".join(place.time_zones[:3])] += 1
    tally.from_hour[kind, (free_at - _hour_of(tally.now)) // _HOUR] += 1
    if verdict.may_dial:
        tally.dial_now += 1
        return verdict
    tally.later[verdict.kind or verdict.reason] += 1
    if verdict.not_before is not None:
        tally.openings.append(verdict.not_before)
    return verdict


def _by_hour(tally: _Tally) -> list[tuple[datetime, int]]:
    start = _hour_of(tally.now)
    counts = [0] * HOURS_AHEAD
    open_hours = {
        kind: _open_hours(person, tally.settings, tally.now) for kind, person in tally.people.items()
    }
    for (kind, earliest), people in tally.from_hour.items():
        for at in open_hours[kind]:
            if at >= earliest:
                counts[at] += people
    return [(start + at * _HOUR, people) for at, people in enumerate(counts)]


def _open_hours(person: Person, settings: CampaignSettings, now: datetime) -> list[int]:
    """Which of the next hours of the clock have a moment at which a call to such a person may start."""
    schedule, start = schedule_for(person, settings), _hour_of(now)
    found: list[int] = []
    at = 0
    while (
        at < HOURS_AHEAD
        and (opening := hours.next_opening(schedule, person.whereabouts, max(now, start + at * _HOUR)))
        is not None
    ):
        at = (opening - start) // _HOUR
        found.append(at)
        at += 1
    return [at for at in found if at < HOURS_AHEAD]


def _hour_of(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _not_called(status: RowStatus, reason: str) -> str:
    # Each duplicate names its own first row; as a count they are one.
    return str(status) if status is RowStatus.DUPLICATE else f"{status}: {reason}"
