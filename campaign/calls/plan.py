"""The plan: what a run would do with a list at this moment. It calls nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaign.calls.from_numbers import Numbers
from campaign.calls.person import Known
from campaign.calls.plan_history import History
from campaign.calls.plan_tally import Tally
from campaign.calls.prospect import Means, Prospect, look_ahead
from campaign.contacts import phone, problems
from campaign.ledger.amend import Amendment
from campaign.ledger.campaigns import CampaignRecord, RowRecord
from campaign.ledger.ledger import Ledger
from campaign.models import NEVER_TRIED, Contact, Intake, RowStatus, ZoneSource, known_form
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person
from campaign.rules.profile import looks_back
from campaign.rules.words import unsaid
from campaign.settings import Calendar, CampaignSettings

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
    history = History.read(ledger, campaign, settings, now) if ledger else History()
    words = Known(
        campaign.id if campaign else 0,
        settings,
        {**suppressed, **history.suppressed},
        spoken,
        history.openings,
        outlay=means.outlay if means else None,
        started_at=campaign.started_at if campaign else now,
        calendar=calendar,
        spoken_by=spoken_by or {},
    )
    # Under the very list that it knows, a campaign goes on with its rows as they stand, however the list and
    # the agent are read by now.
    is_known = campaign is not None and amendment is None
    count = _Count(words, history, Numbers.read(settings, ledger, now), Tally(settings, now))
    count.contacts(intake, is_known=is_known)
    count.rejected(intake, is_known=is_known)
    tally = count.tally
    by_pace = tally.to_dial / settings.pace.calls_per_second
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
        by_hour=tally.by_hour(),
        earliest_later=min(tally.openings, default=None),
        amendment=amendment,
        prospect=look_ahead(tally.to_dial, settings, means) if means else None,
    )


class _Count:
    """Takes each row of a list to what is known of its person, and counts what the rules say of that."""

    def __init__(self, known: Known, history: History, numbers: Numbers, tally: Tally) -> None:
        self.tally = tally
        self._known = known
        self._history = history
        self._numbers = numbers
        self._rows = dict(history.known)
        """Rows of the campaign that no row of the list has been taken for yet."""

    def contacts(self, intake: Intake, *, is_known: bool) -> None:
        """Count the rows that may be called. Whether the campaign knows this very list matters to them."""
        settings = self._known.settings
        for contact in intake.contacts:
            record = self._take(contact.to_number)
            if record is None and is_known:
                record = self._history.nobodys.get(contact.row.number)
            if is_known and record is not None and record.status in _OUT:
                self.tally.never(record.status, record.reason)
                continue
            values = settings.call.variables_for(contact.variables)
            is_certain = contact.zone_source is not ZoneSource.NUMBER
            self._person(
                contact.to_number,
                record,
                Whereabouts(contact.time_zones, is_certain=is_certain),
                unsaid(self._known.words_for(contact.agent_id), values),
                contact,
                state=contact.state,
                consent=contact.consent,
            )

    def rejected(self, intake: Intake, *, is_known: bool) -> None:
        """Count the rows that the list itself keeps from being called, unless the campaign knows better."""
        names = {problems.no_value(name).reason: name for name in self._known.spoken}
        for rejected in intake.rejected:
            number = rejected.to_number
            record = self._take(number) if is_known and number is not None else None
            # Whom an amendment has stopped is nobody's row any more.
            if number is None or record is None or record.status is RowStatus.STOPPED:
                self.tally.never(rejected.status, rejected.reason)
            else:
                whereabouts = Whereabouts(phone.time_zones(number), is_certain=False)
                missing = names.get(rejected.reason)
                self._person(number, record, whereabouts, missing, state=record.state, consent=record.consent)

    def _take(self, number: str) -> RowRecord | None:
        return self._rows.pop(known_form(number, self._rows), None)

    def _person(
        self,
        number: str,
        record: RowRecord | None,
        whereabouts: Whereabouts,
        missing: str | None,
        contact: Contact | None = None,
        *,
        state: str,
        consent: str,
    ) -> None:
        if record is not None and self.tally.knows(record):
            return
        known, history, calls = self._known, self._history, self._numbers.calls
        from_number = self._numbers.of(number, contact.from_number if contact else None)
        verdict = self.tally.weigh(
            Person(
                to_number=number,
                whereabouts=whereabouts,
                suppressed_because=known.suppressed.get(number),
                recent_calls=history.recent.get(number, []),
                unsettled_elsewhere=history.unsettled.get(number),
                talked_at=history.talked.get(number),
                tries=history.tries.get(known_form(number, history.tries), NEVER_TRIED),
                unsaid=missing,
                stopped_because=known.stopped_because(number, from_number),
                outlay=known.outlay,
                not_before=contact.not_before if contact else None,
                valid_until=contact.valid_until if contact else None,
                tried_times=record.tries if record else 0,
                campaign_started_at=known.started_at,
                from_number=from_number,
                from_number_calls=calls[from_number or ""],
                country=phone.country_of(number),
                state=state,
                consent=consent,
                calendar=known.calendar,
                all_calls=history.everything.get(number, ()) if looks_back(known.settings) else None,
            )
        )
        if from_number and verdict.status is RowStatus.WAITING:
            self.tally.by_number[from_number] += 1
            # Those who are dialled today take their share of the day.
            calls[from_number] += verdict.may_dial
