"""From numbers: the one that a person sees, by country and by what the ledger knows, and whose turn it is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import anyio

from campaign.calls.run import Run
from campaign.contacts import phone
from campaign.ledger import from_numbers, waiting
from campaign.ledger.from_numbers import Day
from campaign.ledger.ledger import Connection, Ledger
from campaign.ledger.waiting import DueContact
from campaign.models import RowStatus
from campaign.rules.from_numbers import choose, day_of
from campaign.settings import CampaignSettings

NOT_ITS_TURN = "waits for the turn of its from number"


def number_for(connection: Connection, contact: DueContact, pool: Sequence[str]) -> str | None:
    """The number that a person sees; None when the list wants one that is not in the pool."""
    before = None
    if len(pool) > 1 and contact.from_number is None:
        before = from_numbers.last_used(connection, contact.to_number, pool)
    return pick(pool, contact.to_number, listed=contact.from_number, before=before)


def pick(pool: Sequence[str], to_number: str, *, listed: str | None, before: str | None) -> str | None:
    """The same, for whom it is known with which number of the pool they were called before."""
    countries = _countries(tuple(pool))
    is_mixed = len(set(countries.values())) > 1
    country = phone.region_of(to_number) if is_mixed and listed is None and before is None else None
    return choose(pool, to_number, countries=countries, country=country, listed=listed, before=before)


@lru_cache
def _countries(pool: tuple[str, ...]) -> Mapping[str, str | None]:
    return {number: phone.region_of(number) for number in pool}


def day_at(settings: CampaignSettings, now: datetime) -> Day | None:
    """The day of the from numbers; None when nothing limits their calls in a day."""
    limits = settings.from_number_limits
    return None if limits.per_day is None else Day(day_of(limits, now)[0], limits.per_day)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The from numbers of everybody, for a whole list."""

    pool: Sequence[str]
    before: Mapping[str, str]
    """With which number of the pool each person was called last."""
    calls: Counter[str]
    """Calls of each number since its day began."""

    @classmethod
    def read(cls, settings: CampaignSettings, ledger: Ledger | None, now: datetime) -> "Numbers":
        """As committed; without a ledger nobody was called yet."""
        pool, day = settings.from_numbers, day_at(settings, now)
        if ledger is None:
            return cls(pool, {}, Counter())
        before = ledger.read(from_numbers.last_used_by_all, pool) if len(pool) > 1 else {}
        calls = {number: ledger.read(from_numbers.calls_of, number, day) for number in pool} if day else {}
        return cls(pool, before, Counter(calls))

    def of(self, to_number: str, listed: str | None) -> str | None:
        """The number that a person sees; None when the list wants one that is not in the pool."""
        return pick(self.pool, to_number, listed=listed, before=self.before.get(to_number))


class Turns:
    """Gives each contact its from number, and those of one number their turns, without holding up others."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._queue_ends_at: dict[str, float] = {}
        """When the last turn that was given out comes, by from number."""
        self._queued: set[int] = set()
        """Contacts that have waited for their turn already."""

    async def are_used_up(self) -> bool:
        """Whether no number may call any more today, and tomorrow is too far away for this run.

        Dialling is stopped then, since nobody gets another number than theirs.
        """
        run, limits = self._run, self._run.settings.from_number_limits
        if limits.per_day is None:
            return False
        # Beside the event loop, as the zone's rules are read from disk when first needed.
        tomorrow = await run.fetch(self._tomorrow_when_full)
        if tomorrow is None or (tomorrow - run.now()).total_seconds() <= run.timing.longest_idle_s:
            return False
        run.next_due = tomorrow
        run.drain(f"every from number has made its {limits.per_day} calls of the day", leave=False)
        return True

    def _tomorrow_when_full(self, connection: Connection) -> datetime | None:
        """When the next day begins, if every number has made its calls of this one."""
        settings, now = self._run.settings, self._run.now()
        day = day_at(settings, now)
        is_full = day is not None and from_numbers.are_full(connection, settings.from_numbers, day)
        return day_of(settings.from_number_limits, now)[1] if is_full else None

    async def sift(self, contacts: Sequence[DueContact]) -> list[tuple[DueContact, str]]:
        """Those whose number may call now, in order, with it. The others are held until their turn."""
        if not contacts:
            return []
        run = self._run
        in_turn: list[tuple[DueContact, str]] = []
        held: list[tuple[DueContact, datetime]] = []
        given: dict[str, float] = {}
        """Turns given out here, by number: the seconds until the last of them."""
        for contact, number in await run.fetch(self._numbered, contacts):
            wait_s = self._wait_s(number, contact, given)
            if wait_s > 0:
                held.append((contact, run.now() + timedelta(seconds=wait_s)))
            else:
                self._queued.discard(contact.contact_id)
                in_turn.append((contact, number))
        if held:
            await run.commit(_hold_all, held, run.now())
        return in_turn

    def _wait_s(self, number: str, contact: DueContact, given: dict[str, float]) -> float:
        gap_s = self._run.pace.gap_of(number)
        if gap_s == 0:
            return 0.0
        now = anyio.current_time()
        wait_s = given[number] + gap_s if number in given else self._run.pace.turn_in(number)
        if contact.contact_id not in self._queued:
            # Behind those that wait already, so that each is looked at once or twice.
            queue_ends_at = self._queue_ends_at.get(number, 0.0)
            if number in given or wait_s > 0 or queue_ends_at > now:
                wait_s = max(wait_s, queue_ends_at + gap_s - now)
            self._queue_ends_at[number] = now + wait_s
        else:
            given[number] = wait_s
        given.setdefault(number, wait_s)
        if wait_s > 0:
            self._queued.add(contact.contact_id)
        return wait_s

    def _numbered(
        self, connection: Connection, contacts: Sequence[DueContact]
    ) -> list[tuple[DueContact, str]]:
        """Contacts with their numbers; who has none is left to the gates."""
        pool = self._run.settings.from_numbers
        numbers = ((contact, number_for(connection, contact, pool)) for contact in contacts)
        return [(contact, number) for contact, number in numbers if number is not None]


def _hold_all(connection: Connection, held: Sequence[tuple[DueContact, datetime]], now: datetime) -> None:
    for contact, until in held:
        waiting.hold(
            connection,
            contact.contact_id,
            status=RowStatus.WAITING,
            reason=NOT_ITS_TURN,
            now=now,
            not_before=until,
        )
