"""A sample of the breaker's suite, and proof that it can fail."""

from collections.abc import Callable
from pathlib import Path

import pytest

from campaign.models import CallRequest
from campaign.oneinbox.errors import KeyRefused, OutcomeUnknown
from campaign.simulator.provider import Provider
from tests.torture import breaker
from tests.torture.breaker_signs import TROUBLES, Watch, WatchedAccount, many_failed

SAMPLE = (1, 4, 33)


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """In virtual time the ledger is in memory and belongs to the event loop."""


def test_a_sample_stops_at_once(tmp_path: Path) -> None:
    """Whatever goes wrong, and from whichever call on: only what is in flight follows the first sign."""
    cases = [(name, first) for first in SAMPLE for name in TROUBLES]
    tally = breaker.tell_many(tmp_path, cases)
    assert tally.failures == []
    assert tally.is_clean
    assert tally.injected["key refused (401)"] == len(SAMPLE)


def test_what_is_known_of_ends_comes_with_the_looks(tmp_path: Path) -> None:
    """Who looks every few seconds is shown ends in another order than they came, and may judge by that."""
    tally = breaker.tell_many(tmp_path, [("all calls break off", 111)])
    assert tally.failures == []


@pytest.mark.parametrize(
    ("good_at", "sign"),
    [
        pytest.param((0, 1, 2, 3), 19.0, id="16 of the first 20, as they came"),
        pytest.param((0, 1, 2, 3, 20), 19.0, id="the 21st does not matter any more"),
        pytest.param((1, 2, 3, 4, 19), 120.0, id="16 of the last 20 only as they were shown"),
        pytest.param((1, 6, 11, 16, 18), None, id="15 of 20 in either order"),
    ],
)
def test_the_oracle_asks_both_orders(good_at: tuple[int, ...], sign: float | None) -> None:
    """21 calls end one a second; the last two are shown within one look, the later one first."""
    provider, watch = Provider(), Watch()
    for at in range(21):
        call = provider.place(
            agent_id="agt_test", to_number="+12025550100", from_number="", variables={}, metadata={}
        )
        call.stopped_at = float(at)
        call.failure = None if at in good_at else "llm_timeout"
    ids = list(provider.calls)
    for call_id in (*ids[:19], ids[20], ids[19]):
        watch.shown[call_id] = 120.0
    assert many_failed(watch, provider) == sign


def test_full_counts_begin_at_every_call() -> None:
    """The whole suite has every trouble at each of the calls 1 to 200."""
    positions = {first for _, first in breaker.cases_of(1.0)}
    assert positions == set(range(1, breaker.POSITIONS + 1))
    assert len(breaker.cases_of(1.0)) == breaker.POSITIONS * len(TROUBLES)


class Deaf(WatchedAccount):
    """A line on which a refused key looks like a reply that was lost."""

    async def create_call(self, request: CallRequest, *last_check: Callable[[], object]) -> str:
        """As it is, but for one error."""
        try:
            return await super().create_call(request, *last_check)
        except KeyRefused:
            raise OutcomeUnknown("no usable reply") from None


def test_a_program_that_goes_on_is_found_out(tmp_path: Path) -> None:
    """Were dials sent after a 401, the suite would say so."""
    tally = breaker.tell_many(tmp_path, [("key refused (401)", 5)], program=Deaf)
    assert not tally.is_clean
