"""The budget: what is not known counts at the most it can be, and one more call must fit beside it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.models import RowStatus
from campaign.rules.budget import (
    BUDGET,
    HAS_ROOM,
    call_length,
    corrected,
    described,
    limit_reached,
    used_up,
)
from campaign.rules.gates import judge
from campaign.rules.hours import Whereabouts
from campaign.rules.outlay import Amounts, Measure, Outlay, Tally, Terms
from campaign.rules.person import Person
from campaign.settings import BudgetSettings
from tests.support import NOON, make_settings

TERMS = Terms(longest_s=600, cents_per_minute=2.0)
PERSON = Person("+12025550143", Whereabouts(("America/New_York",)), None, ())


def outlay(*measures: Measure, live: int = 0, terms: Terms = TERMS) -> Outlay:
    """How a campaign with these settled calls and so many others stands."""
    tally = Tally()
    for measure in measures:
        tally.add(measure)
    return Outlay.of(tally, terms, live=live)


def answer(stands: Outlay | None, **budget: float) -> tuple[bool, str]:
    """What the gate says, and why."""
    verdict = BUDGET.ask(replace(PERSON, outlay=stands), make_settings(budget=budget), NOON)
    return verdict.may_dial, verdict.reason


def test_without_a_budget_everybody_may_be_dialled() -> None:
    """The gate has nothing to say, whatever was spent, and whether or not that is known."""
    assert answer(outlay(live=10_000)) == (True, "")
    assert answer(None) == (True, "")


def test_what_is_not_known_is_a_no() -> None:
    """With a budget, nobody is dialled while nobody can say what was spent."""
    assert answer(None, minutes=300) == (False, "what was spent is not known")


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_no_number_is_a_no(wrong: float) -> None:
    """A sum that cannot be compared leaves no room."""
    nothing = Amounts()
    assert not answer(Outlay(nothing, nothing, Amounts(1, wrong)), minutes=300)[0]


@pytest.mark.parametrize(
    ("budget", "fits", "full"),
    [
        # A call may last ten minutes, and costs two cents a minute at most.
        ({"calls": 3}, 2, 3),
        ({"minutes": 30}, 2, 3),
        ({"cents": 60, "cents_per_minute": 2}, 2, 3),
        ({"credits": 30}, 2, 3),
        ({"calls": 100, "minutes": 30}, 2, 3),
    ],
)
def test_live_calls_count_at_their_longest(budget: dict[str, float], fits: int, full: int) -> None:
    """Calls that overlap cannot pass a limit together: the last one that fits is the last one."""
    assert answer(outlay(live=fits), **budget)[0]
    assert not answer(outlay(live=full), **budget)[0]


def test_a_short_call_gives_back_what_it_did_not_use() -> None:
    """What a call has really taken counts when it is over."""
    one_minute = Measure("completed", 60, 1.4, 1.0)
    assert not answer(outlay(live=3), minutes=30)[0]
    assert answer(outlay(one_minute, live=1), minutes=30)[0]
    assert not answer(outlay(one_minute, live=2), minutes=30)[0]


@pytest.mark.parametrize("status", ["no_answer", "Busy", "failed", "canceled"])
def test_nobody_reached_takes_no_time(status: str) -> None:
    """An end without a connection has no length when none is told."""
    assert outlay(Measure(status)).spent.minutes == 0


@pytest.mark.parametrize("seconds", [None, -5.0, float("nan"), float("inf")])
def test_an_unknown_length_is_the_longest(seconds: float | None) -> None:
    """A completed call whose length is not told, or told wrongly, counts as long as a call can be."""
    spent = outlay(Measure("completed", seconds)).spent
    assert (spent.minutes, spent.cents, spent.credits) == (10, 20, 10)


def test_minutes_without_a_price_count_at_the_dearest() -> None:
    """Started minutes without a cost count at the rate of the file, or of the dearest call so far."""
    unpriced = Measure("completed", 61)
    assert outlay(unpriced).spent.cents == 4
    assert outlay(unpriced, Measure("completed", 30, 5.0)).spent.cents == 5 + 2 * 5
    assert outlay(unpriced, Measure("completed", 120, 1.0)).spent.cents == 1 + 2 * 2
    assert outlay(Measure("completed", 30, 5.0), live=1).committed.cents == 5 + 10 * 5


@pytest.mark.parametrize("nothing", [0.0, -50.0])
def test_talk_that_costs_nothing_has_a_cost_that_is_not_known_yet(nothing: float) -> None:
    """Neither a zero nor a refund is believed of a call that has taken time; without talk it is the price."""
    assert outlay(Measure("completed", 61, nothing, nothing)).spent == Amounts(1, 61 / 60, 4, 61 / 60)
    assert outlay(Measure("completed", None, nothing, nothing)).spent == Amounts(1, 10, 20, 10)
    assert outlay(Measure("no_answer", 0.0, nothing, nothing)).spent == Amounts(1, 0, 0, 0)
    assert outlay(Measure("no_answer", None, nothing, nothing)).spent == Amounts(1, 0, 0, 0)


def test_the_verdict_holds_for_a_moment_only() -> None:
    """Who does not fit now waits, as raising the budget or the end of a call makes room."""
    settings = make_settings(budget={"minutes": 30})
    verdict = judge(replace(PERSON, outlay=outlay(live=3)), settings, NOON)
    assert verdict.status is RowStatus.WAITING
    assert verdict.not_before == NOON + timedelta(minutes=1)


def test_what_it_looked_at_is_told() -> None:
    """The figures behind a verdict can be read, for the limits that there are."""
    settings = make_settings(budget={"calls": 5, "minutes": 30})
    person = replace(PERSON, outlay=outlay(Measure("completed", 90), live=1))
    assert BUDGET.looks_at(person, settings, NOON) == (
        "1 calls spent, 3 at most with live calls and this one, 5 allowed, "
        "1.5 minutes spent, 21.5 at most with live calls and this one, 30 allowed"
    )
    assert BUDGET.looks_at(PERSON, settings, NOON) == "what was spent is not known"
    assert BUDGET.looks_at(PERSON, make_settings(), NOON) == "no budget"


def test_the_end_is_one_clear_line() -> None:
    """What is allowed, what is spent, what is still unknown, and the key to change."""
    budget = BudgetSettings(minutes=300)
    stands = outlay(Measure("completed", 287.4 * 60))
    assert used_up(stands, budget, "minutes") == (
        "the budget of 300 minutes is used up: 287.4 spent, the next call may take 10; raise budget.minutes"
    )
    assert used_up(outlay(live=2), BudgetSettings(calls=2), "calls") == (
        "the budget of 2 calls is used up: 0 spent, 2 set aside for calls that are not settled; "
        "raise budget.calls"
    )


def test_a_limit_that_has_room_again_is_not_told_as_used_up() -> None:
    """A call was counted at its longest when dialling ended, and turns out to have been short."""
    budget, now = BudgetSettings(minutes=15), outlay(Measure("completed", 3))
    notice = used_up(outlay(Measure("completed")), budget, "minutes")
    assert corrected(notice, now, budget) == HAS_ROOM
    also = BudgetSettings(minutes=15, calls=1)
    assert corrected(notice, now, also) == used_up(now, also, "calls")
    assert corrected(notice, outlay(Measure("completed")), budget) == notice
    assert corrected("the deadline has come", now, budget) == "the deadline has come"
    assert corrected("", now, budget) == ""


def test_spent_of_allowed() -> None:
    """Every sum, with its limit where it has one."""
    stands = outlay(Measure("completed", 90, 3.0, 1.5), live=1)
    assert described(stands, {"minutes": 300}) == (
        "1 calls and at most 1 more for calls not settled, "
        "1.5 of 300 minutes and at most 10 more for calls not settled, "
        "3 cents and at most 20 more for calls not settled, "
        "1.5 credits and at most 10 more for calls not settled"
    )


@pytest.mark.parametrize(
    ("told", "file", "length"),
    [
        (None, {}, 1800),
        (600.0, {}, 600),
        (3600.0, {}, 3600),
        (600.0, {"max_duration": "20m"}, 600),
        (None, {"max_duration": "20m"}, 1200),
        # An agent that lets a call go on for longer than the operator believes is the one that is right.
        (600.0, {"max_duration": "5m"}, 600),
        (0.0, {}, 1800),
        (-1.0, {}, 1800),
        (float("inf"), {}, 1800),
        (float("nan"), {}, 1800),
    ],
)
def test_the_longest_call(told: float | None, file: dict[str, Any], length: float) -> None:
    """The agent knows best; where it says nothing usable, the campaign file does."""
    assert call_length(told, make_settings(call=file)) == length


reports = st.builds(
    Measure,
    st.sampled_from(("", "completed", "busy", "hung-up")),
    st.none() | st.floats(0, 600),
    st.none() | st.floats(0, 20),
    st.none() | st.floats(0, 10),
)


@given(st.lists(reports, max_size=12), st.integers(0, 4), reports)
def test_no_call_within_its_terms_can_pass_the_limit(settled: list[Measure], live: int, end: Measure) -> None:
    """Whatever a call turns out to take, up to ten minutes, its room was set aside before."""
    before, after = outlay(*settled, live=live + 1), outlay(*settled, end, live=live)
    assert after.committed.minutes <= before.committed.minutes + 1e-6
    assert after.committed.calls == before.committed.calls


@given(st.lists(reports, max_size=12), st.integers(0, 6), st.floats(1, 100))
def test_the_first_limit_reached_is_named(settled: list[Measure], live: int, minutes: float) -> None:
    """A call is let through exactly when its longest fits beside all that is not known."""
    stands = outlay(*settled, live=live)
    is_room = stands.committed.minutes + 10 <= minutes * (1 + 1e-9)
    assert (limit_reached(stands, BudgetSettings(minutes=minutes)) is None) == is_room
