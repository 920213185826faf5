"""What a campaign has spent: the ledger says it over all runs, and a run in memory says the same."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from campaign.calls.spending import Spending, read_kept
from campaign.ledger import spending
from campaign.ledger.ledger import Ledger
from campaign.ledger.review import Decision, Ruling, decide
from campaign.models import AttemptState
from campaign.rules.outlay import Amounts, Terms
from tests.ledger.case import ANNA, BEN, CARA, Case, do, people, report, start
from tests.support import NOON

TERMS = Terms(longest_s=600, cents_per_minute=2.0)
PEOPLE = [f"+1202555{at:04d}" for at in range(100, 140)]


def told(case: Case) -> Spending:
    """As committed."""
    return case.ledger.read(Spending.read, case.id, TERMS)


def test_every_call_that_may_have_been_made_counts(case: Case) -> None:
    """Live, in doubt and in review at the longest, settled at what it took, refused at nothing."""
    case.place(case.intend(ANNA), "call-1")
    case.end("call-1", duration_seconds=90.0)
    assert told(case).outlay().committed == Amounts(1, 10, 20, 10)
    case.settle("call-1", call={"duration_seconds": 90.0, "cost_cents": 2.8, "credits_used": 1.5})
    assert told(case).outlay().committed == Amounts(1, 1.5, 2.8, 1.5)
    case.not_called(case.intend(BEN))
    case.refuse(case.intend(CARA))
    assert told(case).outlay().committed.calls == 1
    doubt = case.intend(BEN)
    assert told(case).outlay().committed.calls == 2
    case.doubt(doubt)
    case.give_up(doubt)
    outlay = told(case).outlay()
    assert (outlay.committed.minutes, outlay.spent.minutes) == (11.5, 1.5)


@pytest.mark.parametrize(("decision", "calls"), [(Decision.CALLED, 1), (Decision.NOT_CALLED, 0)])
def test_a_human_decides_what_a_doubt_has_cost(case: Case, decision: Decision, calls: int) -> None:
    """Who was called has cost a whole call, as nobody knows how long it was; who was not, nothing."""
    doubt = case.intend(ANNA)
    case.doubt(doubt)
    case.give_up(doubt)
    do(case.ledger, decide, case.id, None, Ruling(decision, "looked it up", "me", NOON))
    assert told(case).outlay().spent == Amounts(calls, 10.0 * calls, 20.0 * calls, 10.0 * calls)


def test_other_campaigns_pay_for_themselves(ledger: Ledger, case: Case) -> None:
    """The calls of another campaign of the ledger are not this one's."""
    other = start(ledger, people(ANNA), name="summer")
    other.whole_call(ANNA, "call-9")
    assert told(case).outlay().committed == Amounts()
    assert told(other).outlay().committed.calls == 1


def test_two_calls_of_one_request_are_two(case: Case) -> None:
    """What the provider made by mistake costs as well."""
    case.place(case.intend(ANNA), "call-1", "call-2")
    case.end("call-1", duration_seconds=60.0)
    case.settle("call-1", call={"duration_seconds": 60.0})
    assert told(case).outlay().committed == Amounts(2, 11, 22, 11)


def test_the_budget_of_the_latest_run_is_kept(case: Case) -> None:
    """Whoever looks later sees what was allowed; before any run nothing is."""
    assert case.ledger.read(read_kept, case.id)[1] == {}
    do(case.ledger, spending.record_budget, case.id, {"minutes": 300, "longest_s": 60.0})
    case.intend(ANNA)
    outlay, limits = case.ledger.read(read_kept, case.id)
    assert (outlay.committed.minutes, limits) == (1, {"minutes": 300})


class Shadow:
    """A ledger and a run's memory of it, told the same."""

    def __init__(self, case: Case, rng: Random) -> None:
        self.case, self.rng = case, rng
        self.memory = told(case)
        self.waiting = list(PEOPLE)
        self.dialled: list[int] = []
        self.live: dict[str, int] = {}
        self.ended: dict[str, int] = {}
        self.calls = 0

    def intend(self) -> None:
        if self.waiting:
            attempt = self.case.intend(self.waiting.pop())
            self.memory.intended(attempt)
            self.dialled.append(attempt)

    def turn_away(self) -> None:
        if self.dialled:
            attempt = self.dialled.pop()
            self.case.refuse(attempt)
            self.memory.not_called(attempt)

    def place(self) -> None:
        if self.dialled:
            attempt = self.dialled.pop()
            ids = [f"call-{self.calls + nth}" for nth in range(self.rng.choice((1, 1, 1, 2)))]
            self.calls += len(ids)
            if self.rng.random() < 0.3:
                self.case.doubt(attempt)
            self.case.place(attempt, *ids)
            self.memory.placed(attempt, ids)
            self.live.update(dict.fromkeys(ids, attempt))

    def lose(self) -> None:
        if self.dialled:
            attempt = self.dialled.pop()
            self.case.doubt(attempt)
            self.case.give_up(attempt)

    def end(self) -> None:
        if self.live:
            call_id, attempt = self.live.popitem()
            details = self._details()
            self.case.end(call_id, **details)
            self.memory.ended(attempt, report(call_id, **details))
            self.ended[call_id] = attempt

    def settle(self) -> None:
        # Only when all calls of the attempt have ended may the last of them settle.
        ready = [call for call, attempt in self.ended.items() if attempt not in self.live.values()]
        if ready:
            call_id = self.rng.choice(ready)
            attempt, details = self.ended.pop(call_id), self._details()
            self.case.settle(call_id, call=details)
            self.memory.call_settled(attempt, report(call_id, **details))

    def be_killed(self) -> None:
        """What a new run reads."""
        self.memory = told(self.case)

    def _details(self) -> dict[str, Any]:
        """What a report may say, or leave out."""
        rng = self.rng
        return {
            "status": rng.choice(("completed", "no_answer", "hung-up")),
            "duration_seconds": rng.choice((None, 0.0, rng.uniform(0, 600))),
            "cost_cents": rng.choice((None, rng.uniform(0, 30))),
            "credits_used": rng.choice((None, rng.uniform(0, 10))),
        }


@pytest.mark.parametrize("seed", range(3))
def test_memory_and_ledger_agree_after_every_step(ledger: Ledger, seed: int) -> None:
    """Over random runs with doubts, doubled calls, odd reports and deaths, both always say the same."""
    rng = Random(seed)
    shadow = Shadow(start(ledger, people(*PEOPLE)), rng)
    steps: list[Callable[[], None]] = [
        shadow.intend, shadow.intend, shadow.place, shadow.place, shadow.turn_away, shadow.lose,
        shadow.end, shadow.end, shadow.settle, shadow.settle, shadow.be_killed,
    ]  # fmt: skip
    for _ in range(50):
        rng.choice(steps)()
        by_ledger = told(shadow.case)
        assert shadow.memory.unsettled_calls == by_ledger.unsettled_calls
        assert shadow.memory.unsettled == by_ledger.unsettled
        assert shadow.memory.outlay().committed.minutes == pytest.approx(by_ledger.outlay().committed.minutes)
        assert shadow.memory.outlay().committed.cents == pytest.approx(by_ledger.outlay().committed.cents)
        assert shadow.memory.outlay().spent.credits == pytest.approx(by_ledger.outlay().spent.credits)
    assert told(shadow.case).outlay().committed.calls


def test_room_is_given_back_once(case: Case) -> None:
    """What a foreign or forgotten attempt says changes nothing."""
    attempt = case.intend(ANNA)
    memory = told(case)
    for _ in range(2):
        memory.not_called(attempt)
        memory.placed(attempt, ["call-1"])
        memory.call_settled(attempt, report("call-1"))
    assert (memory.unsettled_calls, memory.settled.calls) == (0, 0)
    assert case.state(attempt) is AttemptState.DIALING
