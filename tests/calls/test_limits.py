"""Runs with time limits and limits of from numbers, on both databases."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import anyio
import anyio.to_thread
import pytest

from campaign.calls.runner import utc_now
from campaign.contacts.intake import take_in
from campaign.errors import ExitCode
from campaign.ledger import amend, breakers, rows
from campaign.models import RowStatus
from campaign.simulator.people import Behaviour
from tests.calls.harness import FAST, Stage, numbers, simulated
from tests.support import NOON, make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
ANNA, BEN, CARA, DORA = numbers(4)
HOUR = timedelta(hours=1)
POOL = ["+12025550100", "+12025550101"]


def at_noon(stage: Stage, *, later: timedelta = timedelta()) -> None:
    """A clock that runs, and shows one o'clock in New York now."""
    ahead = NOON + later - utc_now()
    stage.now = lambda: utc_now() + ahead


def seen(stage: Stage) -> list[tuple[str, str]]:
    """Who was called from which number."""
    return [(call.to_number, call.from_number) for call in stage.simulator.provider.calls.values()]


async def test_who_is_dialled_at_what_time(stage: MakeStage) -> None:
    """Before its time a row waits, after it the row is expired, and only who is in time is dialled."""
    spring = stage()
    at_noon(spring)
    await spring.enrol_cells(
        "phone,not_before,valid_until",
        f"{ANNA},2026-06-03T12:00,2026-06-03",
        f"{BEN},2026-06-03T15:30,",
        f"{CARA},,2026-06-03T13:02",
        f"{DORA},,",
    )

    report = await spring.run()

    assert spring.dialled() == {ANNA: 1, DORA: 1}
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert report.next_due == NOON + 2.5 * HOUR
    _, ben, cara, _ = await spring.rows()
    assert (ben.status, ben.reason) == (RowStatus.WAITING, "not to be called before 2026-06-03 19:30 UTC")
    assert (cara.status, cara.reason) == (RowStatus.EXPIRED, "not attempted before 2026-06-03 17:02 UTC")


async def test_a_run_ends_what_is_over_also_where_it_is_not_due(stage: MakeStage) -> None:
    """A row that is held for later expires as soon as its time is over, and then nothing is unfinished."""
    spring = stage()
    at_noon(spring, later=9 * HOUR)
    spring.settings = make_settings(
        pace=FAST, hours={"days": {"mon-sun": "09:00-20:00"}}, valid_until="2026-06-03T23:00"
    )
    await spring.enrol(ANNA, BEN)
    assert (await spring.run()).exit_code is ExitCode.NOT_FINISHED

    at_noon(spring, later=10 * HOUR)
    # Nothing is left to do, so nobody asks OneInbox either.
    spring.simulator = simulated("status=503@list")
    report = await spring.run()

    assert report.exit_code is ExitCode.OK
    assert await spring.statuses() == {RowStatus.EXPIRED: 2}
    assert spring.dialled() == {}


async def test_a_retry_that_would_come_too_late_is_no_failure_to_attempt(stage: MakeStage) -> None:
    """Who was tried stays unreached, with the reason; the campaign's span counts from its first start."""
    nobody = Behaviour.answering(0.0)
    spring = stage(simulator=simulated(behaviour=nobody))
    at_noon(spring)
    gaps = {"no_answer": ["2h"], "busy": ["2h"], "failed": ["2h"], "voicemail": ["2h"]}
    spring.settings = make_settings(pace=FAST, valid_for="90m", retry={"max_attempts": 2, **gaps})
    await spring.enrol(ANNA)
    report = await spring.run()
    assert (report.exit_code, spring.dialled()) == (ExitCode.NOT_FINISHED, {ANNA: 1})

    # The time is over, although the retry is not due yet.
    at_noon(spring, later=1.5 * HOUR)
    report = await spring.run()

    assert (report.exit_code, spring.dialled()) == (ExitCode.OK, {ANNA: 1})
    [anna] = await spring.rows()
    assert anna.status is RowStatus.UNREACHED
    assert anna.reason == "tried once, and not again before 2026-06-03 18:30 UTC"


async def test_limits_of_an_amended_list_hold(stage: MakeStage) -> None:
    """What the latest list says of a row's time is what counts, and the journal says how it ended."""
    spring = stage()
    at_noon(spring)
    await spring.enrol_cells("phone,valid_until", f"{ANNA},", f"{BEN},")
    path = spring.folder / "other.csv"
    path.write_text(f"phone,valid_until\n{ANNA},2026-06-02\n{BEN},\n", encoding="utf-8")
    intake = await anyio.to_thread.run_sync(take_in, path, spring.settings)
    amended = await spring.write(amend.amend, spring.campaign_id, intake, spring.now())

    report = await spring.run()

    assert amended.changed == 1
    assert (report.exit_code, spring.dialled()) == (ExitCode.OK, {BEN: 1})
    assert (await spring.statuses())[RowStatus.EXPIRED] == 1
    [anna] = await spring.read(rows.rows_numbered, spring.campaign_id, 2)
    assert (await spring.read(rows.history, anna.contact_id))[-1].event == "row.expired"


async def test_a_day_of_a_number(stage: MakeStage) -> None:
    """Parallel dials of several campaigns together make no more calls with a number than its day allows."""
    spring = stage()
    at_noon(spring)
    spring.settings = make_settings(
        pace=FAST, from_numbers=POOL, from_number_limits={"per_day": 5, "timezone": "America/New_York"}
    )
    await spring.enrol(*numbers(6), name="first")
    await spring.run()
    await spring.enrol(*[f"+1212555{at:04d}" for at in range(100, 140)], name="second")
    report = await spring.run()

    assert Counter(number for _, number in seen(spring)) == dict.fromkeys(POOL, 5)
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert report.stop_notice == "every from number has made its 5 calls of the day"
    assert report.next_due == NOON + 11 * HOUR

    at_noon(spring, later=11 * HOUR)
    await spring.run()
    assert Counter(number for _, number in seen(spring)) == dict.fromkeys(POOL, 10)


async def test_a_full_number_lends_nobody_to_another(stage: MakeStage) -> None:
    """Whose number has made its calls waits for the next day, while those of other numbers are called."""
    spring = stage()
    at_noon(spring)
    spring.settings = make_settings(pace=FAST, from_numbers=POOL, from_number_limits={"per_day": 2})
    people = numbers(4)
    await spring.enrol_cells(
        "phone,from_number", *(f"{number},{POOL[0]}" for number in people), f"+12125550199,{POOL[1]}"
    )

    report = await spring.run()

    # Which two of the four are faster is chance.
    by_number = Counter(number for _, number in seen(spring))
    assert by_number == {POOL[0]: 2, POOL[1]: 1}
    assert ("+12125550199", POOL[1]) in seen(spring)
    assert report.exit_code is ExitCode.NOT_FINISHED
    waiting = [row for row in await spring.rows() if row.status is RowStatus.WAITING]
    assert {row.reason for row in waiting} == {
        "the from number of this person has made its 2 calls of the day"
    }


async def test_the_last_number_that_is_still_in_the_pool_is_kept(stage: MakeStage) -> None:
    """Who was last called with a number that was given back sees the one before it."""
    spring = stage()
    caps: dict[str, Any] = {"per_number": {"calls": 9, "within": "1s"}}
    pool = [*POOL[:2], "+12025550109"]
    for name, number in [("first", pool[0]), ("second", pool[1]), ("third", pool[2])]:
        spring.settings = make_settings(pace=FAST, from_numbers=[number], caps=caps)
        await spring.enrol(*numbers(4), name=name)
        await spring.run()
    spring.settings = make_settings(pace=FAST, from_numbers=pool[:2], caps=caps)
    await spring.enrol(*numbers(4), name="fourth")
    await spring.run()

    assert Counter(number for _, number in seen(spring)) == {pool[0]: 4, pool[1]: 8, pool[2]: 4}


@pytest.mark.parametrize("pool", [["+12025550100"], [*POOL, "+442079460001"]])
async def test_a_person_keeps_the_number_of_the_first_call(stage: MakeStage, pool: list[str]) -> None:
    """In every later campaign, however the pool has grown; who is new sees a number of the own country."""
    spring = stage()
    caps: dict[str, Any] = {"per_number": {"calls": 9, "within": "1s"}}
    spring.settings = make_settings(pace=FAST, from_numbers=pool[:1], caps=caps)
    await spring.enrol(*numbers(8), name="first")
    await spring.run()
    spring.settings = make_settings(
        pace=FAST, from_numbers=pool[::-1], caps=caps, contacts={"countries": ["US", "GB"]}
    )
    await spring.enrol(*numbers(9), "+442079460123", name="second")
    await spring.run()

    times = Counter(seen(spring))
    assert {number: times[number, pool[0]] for number in numbers(8)} == dict.fromkeys(numbers(8), 2)
    assert [number for to, number in times if to == "+442079460123"] == [pool[-1]]


async def test_a_clock_that_differs_from_oneinboxs_ends_no_row(stage: MakeStage) -> None:
    """Neither when the run begins nor when it ends; by the right one the rows are still in time."""
    spring = stage()
    spring.settings = make_settings(pace=FAST, valid_for="20h")
    await spring.enrol(*numbers(5))
    right = spring.now
    spring.now = lambda: right() + timedelta(days=1)
    spring.simulator.clock_ahead_s = -86_400.0
    assert (await spring.run()).exit_code is ExitCode.API_UNAVAILABLE
    assert await spring.statuses() == {RowStatus.WAITING: 5}

    spring.now, spring.simulator.clock_ahead_s = right, 0.0
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(5), 1)


async def test_a_clock_that_was_set_ends_no_row(stage: MakeStage) -> None:
    """Whose time is over is not known by it: rows wait until somebody has said that the clock is right."""
    spring = stage()
    spring.settings = make_settings(pace={"calls_per_second": 20, "max_live_calls": 2}, valid_for="20h")
    await spring.enrol(*numbers(30))
    right = spring.now

    def a_day_ahead() -> datetime:
        return right() + timedelta(days=1)

    spring.now = lambda: a_day_ahead() if len(spring.simulator.provider.dials) > 2 else right()
    assert (await spring.run()).exit_code is ExitCode.API_UNAVAILABLE
    called = len(spring.dialled())
    assert (await spring.statuses())[RowStatus.WAITING] == 30 - called

    # Another night with the same clock: nobody has said anything yet.
    spring.now = a_day_ahead
    assert (await spring.run()).exit_code is ExitCode.API_UNAVAILABLE
    assert (await spring.statuses())[RowStatus.WAITING] == 30 - called

    spring.now = right
    await spring.write(
        breakers.reset, campaign_id=spring.campaign_id, who="op", reason="set right", now=right()
    )
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(30), 1)
