"""A wish not to be called again that was uttered in a call of another campaign, on both databases."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import Connection, text

from campaign.ledger import campaigns, suppression
from campaign.simulator.people import Behaviour
from tests.calls.harness import FAST, Stage, numbers, simulated
from tests.calls.held_time import HeldClock
from tests.support import make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]
OptOut = Mapping[str, Any]
ANNA, BEN = numbers(2)
KNOWN, OWN = "Please stop calling me.", "Basta ya."
DEFAULT: OptOut = {}
OWN_WORDS: OptOut = {"phrases": ["basta ya"], "languages": ["de"]}
NARROW: OptOut = {"languages": ["de"], "outcomes": ["Nobody says so"]}
BY_EITHER = [
    pytest.param(OWN_WORDS, DEFAULT, OWN, id="words of the campaign itself"),
    pytest.param(DEFAULT, NARROW, KNOWN, id="words that the running one does not look for"),
    pytest.param(NARROW, OWN_WORDS, OWN, id="words of the running one"),
]


def all_say(words: str, *, late_s: float = 0.0) -> Behaviour:
    """Everybody answers and says this, and the results show it so much later, in real seconds."""
    return Behaviour(
        answer=1.0, voicemail=0.0, busy=0.0, no_answer=0.0, results_late_s=500 * late_s, replies=(words,)
    )


def rules(stage: Stage, opt_out: OptOut) -> None:
    """The campaign that runs next looks for this; nothing but a wish keeps anybody from being called."""
    stage.settings = make_settings(
        pace=FAST, caps={"per_number": {"calls": 9, "within": "1h"}}, opt_out=opt_out
    )


async def wished(stage: Stage) -> set[str]:
    """Whom the ledger forbids to call."""
    return set(await stage.read(suppression.suppressed))


def forget_opt_outs(connection: Connection) -> None:
    """As in a ledger in which no campaign has kept what it looks for."""
    connection.execute(text("UPDATE campaigns SET opt_out = NULL, dispositions = NULL, never_after = NULL"))


@pytest.mark.parametrize(("theirs", "ours", "words"), BY_EITHER)
@pytest.mark.parametrize("follow_others", [True, False])
async def test_late_results_are_judged_by_both_campaigns(
    stage: MakeStage, clock: HeldClock, theirs: OptOut, ours: OptOut, words: str, follow_others: bool
) -> None:
    """What the campaign of the call or the running one looks for is found in what comes late."""
    spring = stage(simulator=simulated(behaviour=all_say(words, late_s=20.0)))
    rules(spring, theirs)
    await spring.enrol(ANNA, BEN)
    await spring.run()
    assert await wished(spring) == set()

    clock.advance(3600.0)
    rules(spring, ours)
    await spring.enrol(ANNA, BEN, name="summer")
    report = await spring.run(follow_others=follow_others)

    assert await wished(spring) == {ANNA, BEN}
    assert report.opt_outs == 2
    assert spring.dialled() == {ANNA: 1, BEN: 1}


@pytest.mark.parametrize(("theirs", "ours", "words"), BY_EITHER)
async def test_calls_that_were_left_live_are_judged_by_both_campaigns(
    stage: MakeStage, theirs: OptOut, ours: OptOut, words: str
) -> None:
    """A call that its own run has not settled is settled with the wish that either campaign finds."""
    spring = stage(simulator=simulated(behaviour=all_say(words)))
    rules(spring, theirs)
    await spring.enrol(ANNA)
    await spring.run(follow=False)
    assert await wished(spring) == set()

    rules(spring, ours)
    await spring.enrol(BEN, name="summer")
    spring.simulator.provider.behaviour = all_say("Fine.")
    await spring.run()

    assert await wished(spring) == {ANNA}


async def test_the_campaign_goes_by_what_the_other_has_found(stage: MakeStage, clock: HeldClock) -> None:
    """Whoever has asked is not dialled in the next night of the campaign that was asked."""
    spring = stage(simulator=simulated(behaviour=all_say(OWN, late_s=20.0)))
    rules(spring, OWN_WORDS)
    await spring.enrol(ANNA)
    await spring.run()
    clock.advance(3600.0)
    rules(spring, DEFAULT)
    await spring.enrol(BEN, name="summer")
    await spring.run()
    clock.advance(86_400.0)
    rules(spring, OWN_WORDS)
    await spring.enrol(ANNA, name="spring-2")
    await spring.run()
    assert spring.dialled() == {ANNA: 1, BEN: 1}


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        pytest.param(NARROW, KNOWN, id="by default"),
        pytest.param(OWN_WORDS, OWN, id="by the running one"),
    ],
)
async def test_of_an_older_campaign_the_usual_wishes_count(
    stage: MakeStage, clock: HeldClock, ours: OptOut, words: str
) -> None:
    """Where nothing is kept of the campaign, what counts by default does, beside the running one's."""
    spring = stage(simulator=simulated(behaviour=all_say(words, late_s=20.0)))
    rules(spring, NARROW)
    await spring.enrol(ANNA)
    await spring.run()
    await spring.write(forget_opt_outs)

    clock.advance(3600.0)
    rules(spring, ours)
    await spring.enrol(BEN, name="summer")
    await spring.run()

    assert await wished(spring) >= {ANNA}


async def test_the_latest_run_says_what_its_campaign_looks_for(stage: MakeStage, clock: HeldClock) -> None:
    """A campaign file that was changed between two runs of a campaign holds for what other runs settle."""
    spring = stage(simulator=simulated(behaviour=all_say(OWN, late_s=20.0)))
    rules(spring, NARROW)
    await spring.enrol(ANNA)
    await spring.run(follow=False)
    rules(spring, OWN_WORDS)
    await spring.run()
    assert await wished(spring) == set()

    clock.advance(3600.0)
    rules(spring, NARROW)
    await spring.enrol(BEN, name="summer")
    await spring.run()

    assert await wished(spring) == {ANNA}


@pytest.mark.parametrize(
    ("pattern", "is_found"), [(campaigns.SINGLE_CALL, True), ("spring", False)], ids=["single", "campaign"]
)
async def test_a_single_call_keeps_the_rules_that_it_was_made_by(
    stage: MakeStage, pattern: str, is_found: bool
) -> None:
    """Another command that ends it only adds what it looks for; a campaign goes by its latest file."""
    spring = stage(simulator=simulated(behaviour=all_say(OWN)))
    rules(spring, OWN_WORDS)
    await spring.enrol(ANNA, pattern=pattern)
    await spring.run(follow=False)
    rules(spring, NARROW)
    await spring.run()
    assert await wished(spring) == ({ANNA} if is_found else set())
