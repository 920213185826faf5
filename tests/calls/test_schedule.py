"""The tracker's pure decisions."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.calls import schedule
from campaign.calls.timing import Timing
from campaign.ledger.attempts import Doubt
from campaign.models import TOKEN_KEY, Call, Disposition, TranscriptStatus
from tests.support import NOON

TIMING = Timing()
ENDED = Call(id="c1", status="completed", has_ended=True, duration_seconds=12.0)
DOUBT = Doubt(
    attempt_id=1,
    row_number=2,
    token="t1",
    to_number="+12025550143",
    from_number="+12025550100",
    agent_id="agt_test",
    intent_at=NOON,
    looks=0,
)
LISTED = Call(
    id="c1",
    status="initiated",
    has_ended=False,
    to_number=DOUBT.to_number,
    from_number=DOUBT.from_number,
    created_at=NOON,
)


@given(st.lists(st.integers(0, 2000), max_size=200))
def test_a_sweep_costs_the_fewest_requests(ranks: list[int]) -> None:
    """Pages plus single requests are never more than with any other number of pages."""
    pages = schedule.pages_worth_reading(ranks, 100)

    def cost(number: int) -> int:
        return number + sum(rank >= number * 100 for rank in ranks)

    assert cost(pages) == min(cost(number) for number in range(25))


@pytest.mark.parametrize(
    ("age_s", "typical_s", "wait_s"),
    [(0, None, 2), (20, None, 5), (900, None, 10), (0, 60, 10), (25, 60, 5), (40, 40, 5), (40, 8, 2)],
)
def test_looks_are_rare_while_a_call_is_young_and_often_when_its_end_is_due(
    age_s: float, typical_s: float | None, wait_s: float
) -> None:
    """Intervals adapt to a call's age and to how long calls last, within the bounds."""
    assert schedule.look_interval(age_s, typical_s, TIMING) == wait_s


@pytest.mark.parametrize(
    ("call", "since_end_s", "status"),
    [
        (replace(ENDED, transcript="agent: Hi"), 0.5, None),
        (replace(ENDED, transcript="agent: Hi"), 2.0, TranscriptStatus.COMPLETE),
        (replace(ENDED, transcript="agent: Hi", has_analysis=False), 2.0, None),
        (replace(ENDED, transcript="agent: Hi", has_analysis=False), 10.0, TranscriptStatus.COMPLETE),
        (replace(ENDED, transcript="agent: Hi", has_analysis=True), 2.0, TranscriptStatus.COMPLETE),
        (ENDED, 29.0, None),
        (ENDED, 30.0, TranscriptStatus.EMPTY),
        (replace(ENDED, status="no_answer", duration_seconds=0.0), 2.0, TranscriptStatus.EMPTY),
        (replace(ENDED, status="failed", duration_seconds=None), 2.0, TranscriptStatus.EMPTY),
        (replace(ENDED, status="completed", duration_seconds=None), 2.0, None),
        (replace(ENDED, status="failed", duration_seconds=None, started_at=NOON), 2.0, None),
        (replace(ENDED, status="busy", duration_seconds=0.0, started_at=NOON), 29.0, None),
    ],
)
def test_results_are_awaited_as_long_as_they_may_come(
    call: Call, since_end_s: float, status: TranscriptStatus | None
) -> None:
    """Transcript and analysis are waited for within bounds; where nobody was connected, hardly at all."""
    assert schedule.results_in(call, since_end_s, TIMING) is status


def test_who_was_connected_may_have_said_something() -> None:
    """A line that broke tells when it was answered, and perhaps only later for how long."""
    broken = replace(ENDED, status="failed", duration_seconds=None)
    assert not schedule.may_get_results(broken, Disposition.FAILED)
    assert schedule.may_get_results(replace(broken, started_at=NOON), Disposition.FAILED)
    assert schedule.may_get_results(replace(broken, duration_seconds=3.0), Disposition.FAILED)


def test_a_field_that_is_missing_may_come() -> None:
    """Words and label are there, and it is not; where nobody was reached nothing comes."""
    told = replace(ENDED, transcript="user: Hello", has_analysis=True)
    assert not schedule.may_get_results(told, Disposition.ANSWERED)
    assert schedule.may_get_results(told, Disposition.ANSWERED, lacks_field=True)
    nobody = replace(ENDED, status="busy", duration_seconds=None)
    assert not schedule.may_get_results(nobody, Disposition.BUSY, lacks_field=True)


@pytest.mark.parametrize(
    ("call", "known", "is_match"),
    [
        (LISTED, set(), True),
        (LISTED, {"c1"}, False),
        (replace(LISTED, to_number="+12025550144"), set(), False),
        (replace(LISTED, from_number="+12025550101"), set(), False),
        (replace(LISTED, from_number=None, agent_id=None), set(), True),
        (replace(LISTED, agent_id="agt_other"), set(), False),
        (replace(LISTED, created_at=NOON - timedelta(minutes=6)), set(), False),
        (replace(LISTED, created_at=NOON + timedelta(minutes=6)), set(), True),
        (replace(LISTED, created_at=NOON + timedelta(minutes=8)), set(), False),
        (replace(LISTED, created_at=None), set(), False),
        (replace(LISTED, metadata={TOKEN_KEY: "t1"}, to_number=None), set(), True),
        (replace(LISTED, metadata={TOKEN_KEY: "t2"}), set(), False),
    ],
)
def test_a_lost_call_is_told_by_token_or_else_by_all_that_is_known(
    call: Call, known: set[str], is_match: bool
) -> None:
    """The token decides where it is given back; else number, from number, agent and time must all fit."""
    matches = schedule.find_matches(
        DOUBT, [call], known, window=timedelta(minutes=2), skew=timedelta(minutes=5)
    )
    assert bool(matches) is is_match


def test_where_tokens_are_given_back_a_call_without_one_is_somebody_elses() -> None:
    """A call by another tool to the same person at the same time is not adopted."""
    ours = replace(LISTED, id="c2", metadata={TOKEN_KEY: "other attempt"})
    listed = [LISTED, ours]
    assert not schedule.find_matches(
        DOUBT, listed, set(), window=timedelta(minutes=2), skew=timedelta(minutes=5)
    )


@pytest.mark.parametrize(("echoes_token", "is_match"), [(True, False), (False, True), (None, True)])
def test_what_is_known_of_tokens_makes_it_stricter_and_never_looser(
    echoes_token: bool | None, is_match: bool
) -> None:
    """A list that is known to show tokens shows ours; that it does not is never relied on."""

    def find(call: Call) -> bool:
        found = schedule.find_matches(
            DOUBT,
            [call],
            set(),
            window=timedelta(minutes=2),
            skew=timedelta(minutes=5),
            echoes_token=echoes_token,
        )
        return bool(found)

    assert find(LISTED) is is_match
    assert not find(replace(LISTED, metadata={"crm": "4711"}))
    assert find(replace(LISTED, metadata={TOKEN_KEY: DOUBT.token}))


def test_the_order_of_the_list_is_checked_before_it_is_relied_on() -> None:
    """Only a page that is sorted newest first shows how far back it goes."""
    older = replace(LISTED, id="c0", created_at=NOON - timedelta(hours=1))
    since = NOON - timedelta(minutes=5)
    assert schedule.reaches_back_to([LISTED, older], since)
    assert not schedule.reaches_back_to([older, LISTED], since)
    assert not schedule.reaches_back_to([LISTED], since)
    assert not schedule.reaches_back_to([], since)
    assert not schedule.reaches_back_to([LISTED, replace(older, created_at=None)], since)
