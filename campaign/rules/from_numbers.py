"""From numbers: which number of the pool a person sees, and the gate of how often it may call in a day."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from hashlib import sha256
from zoneinfo import ZoneInfo

from campaign.models import RowStatus, person_of
from campaign.rules.gate import YES, Gate, Verdict
from campaign.rules.person import Person
from campaign.settings import CampaignSettings, FromNumberLimits


def choose(
    pool: Sequence[str],
    to_number: str,
    *,
    countries: Mapping[str, str | None],
    country: str | None,
    listed: str | None = None,
    before: str | None = None,
) -> str | None:
    """The number of the pool that a person sees, always the same.

    Args:
        pool: The from numbers.
        to_number: The person's number.
        countries: The country of each number of the pool.
        country: That of the person.
        listed: The number that the list wants.
        before: The number with which the person was called before.

    Returns:
        None when the list wants a number that is not in the pool.
    """
    if listed is not None:
        return listed if listed in pool else None
    if before is not None and before in pool:
        return before
    own = [number for number in pool if country is not None and countries.get(number) == country]
    # Each pair has its own score: a number that joins the pool takes people over, and moves nobody else.
    person = person_of(to_number)
    return max(own or pool, key=lambda number: sha256(f"{number} {person}".encode()).digest())


def day_of(limits: FromNumberLimits, now: datetime) -> tuple[datetime, datetime]:
    """When the day of the numbers began and when the next one begins, in UTC."""
    zone = _zone(limits.timezone)
    today = now.astimezone(zone).date()
    start, end = (
        datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
        for day in (today, today + timedelta(days=1))
    )
    return start, end


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _ask(person: Person, settings: CampaignSettings, now: datetime) -> Verdict:
    limits = settings.from_number_limits
    if person.from_number is None:
        return Verdict(
            may_dial=False,
            status=RowStatus.STOPPED,
            reason="the list wants a from number that is not in from_numbers",
        )
    if limits.per_day is None or person.from_number_calls < limits.per_day:
        return YES
    _, tomorrow = day_of(limits, now)
    return Verdict(
        may_dial=False,
        reason=f"the from number of this person has made its {limits.per_day} calls of the day",
        not_before=tomorrow,
    )


def _looks_at(person: Person, settings: CampaignSettings, _now: datetime) -> str:
    if person.from_number is None:
        return "none of the pool"
    most = settings.from_number_limits.per_day
    if most is None:
        return person.from_number
    calls = "1 call" if person.from_number_calls == 1 else f"{person.from_number_calls} calls"
    return f"{person.from_number}, {calls} today of {most} allowed"


FROM_NUMBER = Gate("from number", _ask, _looks_at)
