"""From numbers: a person sees one number, of their own country where there is one, and never another."""

from dataclasses import replace
from datetime import timedelta

import pytest

from campaign.models import RowStatus
from campaign.rules.from_numbers import FROM_NUMBER, choose, day_of
from campaign.rules.gates import judge
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person
from campaign.settings import FromNumberLimits
from tests.support import NOON, make_settings

POOL = tuple(f"+120255501{at:02d}" for at in range(8))
PEOPLE = [f"+1212555{at:04d}" for at in range(100, 1100)]
COUNTRIES = dict.fromkeys(POOL, "US")
UK, UK_TOO, US = "+442079460001", "+442079460002", POOL[0]
ANNA = Person("+12025550143", Whereabouts(("America/New_York",)), None, [], from_number=US)


def chosen(to_number: str, pool: tuple[str, ...] = POOL, **known: str) -> str | None:
    return choose(pool, to_number, countries=COUNTRIES, country="US", **known)


def test_the_same_number_always() -> None:
    """The order of the pool changes nobody's number, and every number has its share of the people."""
    for person in PEOPLE:
        assert chosen(person) == chosen(person, POOL[::-1])
    shares = [sum(chosen(person) == number for person in PEOPLE) for number in POOL]
    assert min(shares) > len(PEOPLE) / len(POOL) / 2


def test_a_pool_that_grows_moves_only_those_whom_the_new_number_takes() -> None:
    """Everybody else sees the number that they saw before."""
    before, after = POOL[:-1], POOL
    moved = [person for person in PEOPLE if chosen(person, before) != chosen(person, after)]

    assert {chosen(person, after) for person in moved} == {POOL[-1]}
    assert 0 < len(moved) < len(PEOPLE) / 4


@pytest.mark.parametrize(("marked", "bare"), [("+549114321", "+54114321"), ("+521551234", "+52551234")])
def test_a_person_sees_one_number_in_each_form_of_theirs(marked: str, bare: str) -> None:
    """Written with or without the mark of mobiles it is one person, also before the first call."""
    seen = [chosen(f"{marked}{at:04d}") for at in range(1000, 1100)]
    assert seen == [chosen(f"{bare}{at:04d}") for at in range(1000, 1100)]
    assert set(seen) == set(POOL)


def test_who_was_called_before_keeps_the_number() -> None:
    """As long as it is in the pool, whatever another choice would be."""
    assert {chosen(person, before=POOL[3]) for person in PEOPLE[:20]} == {POOL[3]}
    assert chosen(PEOPLE[0], before="+12025559999") == chosen(PEOPLE[0])


def test_the_list_decides() -> None:
    """A number that the list names goes before all else; one that is not in the pool is no number."""
    assert chosen(PEOPLE[0], listed=POOL[5], before=POOL[3]) == POOL[5]
    assert chosen(PEOPLE[0], listed="+12025559999", before=POOL[3]) is None


@pytest.mark.parametrize(
    ("country", "own"),
    [("GB", {UK, UK_TOO}), ("US", {US}), ("FR", {UK, UK_TOO, US}), (None, {UK, UK_TOO, US})],
)
def test_country_match(country: str | None, own: set[str]) -> None:
    """A person sees a number of their own country where the pool has one, else any of the pool."""
    countries = {UK: "GB", UK_TOO: "GB", US: "US"}
    seen = {choose((UK, US, UK_TOO), person, countries=countries, country=country) for person in PEOPLE[:200]}
    assert seen == own


def test_a_number_at_its_daily_cap_waits_until_the_next_day() -> None:
    """Nobody gets another number; at the last call below the cap there is no wait."""
    settings = make_settings(from_number_limits={"per_day": 100, "timezone": "America/New_York"})
    verdict = judge(replace(ANNA, from_number_calls=100), settings, NOON)

    assert (verdict.may_dial, verdict.status) == (False, RowStatus.WAITING)
    assert verdict.not_before == NOON + timedelta(hours=11)
    assert judge(replace(ANNA, from_number_calls=99), settings, NOON).may_dial
    assert judge(replace(ANNA, from_number_calls=100), make_settings(), NOON).may_dial


def test_a_number_that_is_not_in_the_pool_calls_nobody() -> None:
    """The row is out until a list names a number of the pool."""
    verdict = judge(replace(ANNA, from_number=None), make_settings(), NOON)

    assert (verdict.may_dial, verdict.status) == (False, RowStatus.STOPPED)
    assert FROM_NUMBER.looks_at(replace(ANNA, from_number=None), make_settings(), NOON) == "none of the pool"


@pytest.mark.parametrize(
    ("zone", "since_h", "until_h"), [("UTC", -17, 7), ("America/New_York", -13, 11), ("Asia/Tokyo", -2, 22)]
)
def test_the_day_of_a_number(zone: str, since_h: int, until_h: int) -> None:
    """It begins and ends at midnight of the zone in the campaign file."""
    since, until = day_of(FromNumberLimits(per_day=1, timezone=zone), NOON)
    assert (since, until) == (NOON + timedelta(hours=since_h), NOON + timedelta(hours=until_h))


def test_what_is_kept_with_a_dial() -> None:
    """The number, and how much of its day is used."""
    settings = make_settings(from_number_limits={"per_day": 2})

    assert FROM_NUMBER.looks_at(ANNA, make_settings(), NOON) == US
    assert FROM_NUMBER.looks_at(ANNA, settings, NOON) == f"{US}, 0 calls today of 2 allowed"
    assert FROM_NUMBER.looks_at(replace(ANNA, from_number_calls=1), settings, NOON).endswith(
        "1 call today of 2 allowed"
    )
