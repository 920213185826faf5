"""A sample of the simulation, every seed that has ever failed, and proof that it can fail."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from campaign.calls.gatekeeper import Admission
from campaign.calls.spending import Spending
from campaign.ledger import attempts, calls
from campaign.ledger.ledger import Connection
from campaign.models import AttemptState, RowStatus
from campaign.rehearsal.ledger import VirtualLedger
from campaign.rules.gate import YES, Verdict
from tests.torture import simulation
from tests.torture.tally import Effort

SAMPLE = 60


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """In virtual time the ledger is in memory and belongs to the event loop."""


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_a_sample_of_campaigns_keeps_the_promise(tmp_path: Path) -> None:
    """Nobody twice, nothing lost, every campaign comes to its end; those left to a human within the bound."""
    tally = simulation.run(Effort(tmp_path, share=SAMPLE / simulation.FULL))
    assert tally.failures == []
    assert tally.is_clean
    assert tally.injected["simulated campaigns"] >= SAMPLE
    assert tally.injected["deaths in them"] > SAMPLE / 3


def test_the_same_seed_lives_the_same_campaign(tmp_path: Path) -> None:
    """What a seed has found can be looked at again."""
    stage = simulation.Stage(tmp_path)
    first = [simulation.tell(stage, seed) for seed in range(8)]
    assert [simulation.tell(stage, seed) for seed in range(8)] == first


class Forgetful(VirtualLedger):
    """A program that takes what a dead run left in mid-request for never sent."""

    async def commit(self, verb: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As it should be, but for one verb."""
        return await super().commit(put_back if verb is attempts.doubt_interrupted else verb, *args, **kwargs)


def put_back(connection: Connection, now: datetime) -> int:
    """The interrupted rows wait again."""
    found = connection.exec_driver_sql("SELECT id FROM attempts WHERE state = 'dialing'").all()
    for (attempt_id,) in found:
        attempts.record_not_called(connection, attempt_id, state=AttemptState.NOT_SENT, error="", now=now)
    return len(found)


def test_a_program_that_dials_again_after_a_death_is_found_out(tmp_path: Path) -> None:
    """Were interrupted requests put back to waiting, some campaigns would show it."""
    tally = simulation.tell_many(tmp_path, range(120), program=Forgetful)
    assert tally.double_dials > 0
    assert not tally.is_clean


class Sleepless(VirtualLedger):
    """A program that calls at any hour."""

    async def fetch(self, verb: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As it should be, but for some verdicts."""
        answer = await super().fetch(verb, *args, **kwargs)
        if isinstance(answer, list):
            return [YES if isinstance(each, Verdict) and self.ignores(each) else each for each in answer]
        match answer:
            case (Verdict() as verdict, None) if self.ignores(verdict):
                return YES, Admission("", closes_at=None)
        return answer

    def ignores(self, verdict: Verdict) -> bool:
        """Whether this no is taken for a yes."""
        return "hours" in verdict.reason


class Rude(Sleepless):
    """A program that calls whoever asked not to be called."""

    def ignores(self, verdict: Verdict) -> bool:
        """Whether this no is taken for a yes."""
        return verdict.status is RowStatus.SUPPRESSED


class Spendthrift(VirtualLedger):
    """A program that takes calls without a known cost for calls without a cost."""

    async def fetch(self, verb: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As it should be, but for what it remembers of earlier runs."""
        answer = await super().fetch(verb, *args, **kwargs)
        return Spending(answer.terms) if isinstance(answer, Spending) else answer


@pytest.mark.parametrize(
    ("program", "seeds"),
    # Of the first eight, the one that finds a rude program goes on with it for ten seconds.
    [(Sleepless, range(8)), (Rude, range(20, 28)), (Spendthrift, range(8))],
)
def test_a_program_that_breaks_a_rule_is_found_out(
    tmp_path: Path, program: type[VirtualLedger], seeds: range
) -> None:
    """Were people rung whom nobody may call now, a few campaigns would show it."""
    tally = simulation.tell_many(tmp_path, seeds, program=program)
    assert tally.forbidden_dials > 0
    assert not tally.is_clean


class Dazed(VirtualLedger):
    """A program that has lost the stored time of every next try, and has only its gates."""

    async def commit(self, verb: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As it should be, but for the time of the next try."""
        if verb is calls.record_settled:
            kwargs["not_before"] = kwargs["not_before"] and kwargs["now"]
        return await super().commit(verb, *args, **kwargs)


def test_the_gates_need_no_stored_times(tmp_path: Path) -> None:
    """What the ledger knows of earlier tries is enough to try nobody too soon."""
    tally = simulation.tell_many(tmp_path, range(40), program=Dazed)
    assert tally.failures == []


class Hasty(Sleepless, Dazed):
    """A program that knows neither how soon nor how often on a day a person may be tried."""

    def ignores(self, verdict: Verdict) -> bool:
        """Whether this no is taken for a yes."""
        return "today" in verdict.reason or "next try" in verdict.reason


def test_a_program_that_tries_too_soon_is_found_out(tmp_path: Path) -> None:
    """Were people tried again at once, or too often on a day, a few campaigns would show it."""
    tally = simulation.tell_many(tmp_path, range(70, 80), program=Hasty)
    assert any("called again" in failure for failure in tally.failures)
    assert any("calls on 2026" in failure for failure in tally.failures)
