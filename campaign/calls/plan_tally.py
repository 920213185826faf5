"""How many people a run would dial, and when: counted person by person."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from campaign.ledger.campaigns import RowRecord
from campaign.models import FINAL_STATUSES, RowStatus
from campaign.rules import hours
from campaign.rules.calling_hours import CALLING_HOURS, schedule_for
from campaign.rules.gate import YES, Verdict
from campaign.rules.gates import GATES
from campaign.rules.person import Person
from campaign.settings import CampaignSettings, state_of_number

HOURS_AHEAD = 24
_HOUR = timedelta(hours=1)

Kind = tuple[tuple[str, ...], bool, str | None, str | None]
"""What the hours look at: zones, whether they are certain, country, and state. People of a kind are many."""


@dataclass(slots=True)
class Tally:
    """The people who were counted so far."""

    settings: CampaignSettings
    now: datetime
    dial_now: int = 0
    """May be dialled at this moment."""
    under_way: int = 0
    """Dialled by an earlier run, and not final yet."""
    later: Counter[str] = field(default_factory=Counter)
    """May be dialled later, by reason."""
    final: Counter[str] = field(default_factory=Counter)
    """Never dialled, or not any more, by status and reason."""
    zones: Counter[str] = field(default_factory=Counter)
    """Who may be dialled, by time zone."""
    openings: list[datetime] = field(default_factory=list)
    """From when on those may be dialled of whom a time is known."""
    by_number: Counter[str] = field(default_factory=Counter)
    """Who may be dialled, by the number that they see."""
    _hours: dict[Kind, Verdict] = field(default_factory=dict)
    """What the hours say now, asked once for all people of a kind."""
    _people: dict[Kind, Person] = field(default_factory=dict)
    """One person of each kind."""
    _from_hour: Counter[tuple[Kind, int]] = field(default_factory=Counter)
    """People by kind, and by the hour from which all other rules say yes."""

    @property
    def to_dial(self) -> int:
        """People who may be dialled, now or later."""
        return self.dial_now + self.later.total()

    def never(self, status: RowStatus, reason: str) -> None:
        """Count a row that no run dials. Each duplicate names its own first row; as a count they are one."""
        self.final[str(status) if status is RowStatus.DUPLICATE else f"{status}: {reason}"] += 1

    def knows(self, record: RowRecord) -> bool:
        """Count a person of whom the ledger alone says how it goes on; False when gates are to be asked."""
        if record.status in FINAL_STATUSES and record.status is not RowStatus.STOPPED:
            self.final[f"{record.status} in an earlier run"] += 1
        elif record.status not in (RowStatus.WAITING, RowStatus.STOPPED):
            self.under_way += 1
        elif record.retry_at and record.retry_at > self.now:
            self.later["the time of the next try has not come"] += 1
            self.openings.append(record.retry_at)
        else:
            return False
        return True

    def weigh(self, person: Person) -> Verdict:
        """Ask every gate, the hours once for each kind of people; the first no says what the row comes to."""
        place = person.whereabouts
        state = person.state or state_of_number(person.to_number)
        kind = (tuple(place.time_zones), place.is_certain, person.country, state)
        verdict, free_at = YES, self.now
        for gate in GATES:
            answer = (
                self._hours_of(kind, person)
                if gate is CALLING_HOURS
                else gate.ask(person, self.settings, self.now)
            )
            if answer.may_dial:
                continue
            if verdict.may_dial:
                verdict = answer
            if answer.status is not RowStatus.WAITING:
                break
            if gate is not CALLING_HOURS and answer.not_before is not None:
                free_at = max(free_at, answer.not_before)
        if verdict.status is not RowStatus.WAITING:
            self.final[f"{verdict.status}: {verdict.kind or verdict.reason}"] += 1
            return verdict
        self.zones[" or ".join(place.time_zones[:3])] += 1
        self._from_hour[kind, (free_at - _hour_of(self.now)) // _HOUR] += 1
        if verdict.may_dial:
            self.dial_now += 1
            return verdict
        self.later[verdict.kind or verdict.reason] += 1
        if verdict.not_before is not None:
            self.openings.append(verdict.not_before)
        return verdict

    def _hours_of(self, kind: Kind, person: Person) -> Verdict:
        if kind not in self._hours:
            self._hours[kind] = CALLING_HOURS.ask(person, self.settings, self.now)
            self._people[kind] = person
        return self._hours[kind]

    def by_hour(self) -> list[tuple[datetime, int]]:
        """How many people could be dialled in each of the next hours of the clock, the present one first."""
        start, counts = _hour_of(self.now), [0] * HOURS_AHEAD
        open_hours = {
            kind: _open_hours(person, self.settings, self.now) for kind, person in self._people.items()
        }
        for (kind, earliest), people in self._from_hour.items():
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
