"""By what a campaign judges its calls is kept in the ledger with it."""

from campaign.ledger import campaigns, judging
from campaign.ledger.judging import Kept
from campaign.ledger.ledger import Ledger
from tests.ledger.case import ANNA, BEN, Case, do, people, start
from tests.support import NOON

FIRST = Kept({"phrases": ["basta ya"], "field": None}, [{"status": "done", "is": "failed"}], ["Never"])
SECOND = Kept({"phrases": [], "field": "wish"}, [], [])
NOTHING = Kept()


def placed(case: Case, number: str = ANNA) -> str:
    """A call of the campaign to this person."""
    call_id = f"call of {number} by {case.id}"
    case.place(case.intend(number), call_id)
    return call_id


def single(ledger: Ledger, name: str) -> Case:
    """A call outside any campaign of a list that waits for its dial."""
    intake, pattern = people(ANNA), campaigns.SINGLE_CALL
    begun = do(
        ledger, campaigns.start, name=name, name_pattern=pattern, agent_id="agt", intake=intake, now=NOON
    )
    return Case(ledger, begun)


def test_what_the_latest_run_looks_for_is_kept(case: Case) -> None:
    """Whoever settles a call later is told; before any run nothing is known."""
    call_id = placed(case)
    assert case.ledger.read(judging.kept_of, call_id) == NOTHING
    for looked_for in (FIRST, SECOND):
        do(case.ledger, judging.keep, case.id, looked_for)
        assert case.ledger.read(judging.kept_of, call_id) == looked_for


def test_each_campaign_has_its_own(ledger: Ledger, case: Case) -> None:
    """A call is that of one campaign, and one that the ledger does not know is nobody's."""
    other = start(ledger, people(BEN), name="summer")
    do(ledger, judging.keep, case.id, FIRST)
    do(ledger, judging.keep, other.id, SECOND)
    assert ledger.read(judging.kept_of, placed(case)) == FIRST
    assert ledger.read(judging.kept_of, placed(other, BEN)) == SECOND
    assert ledger.read(judging.kept_of, "nobody's") == NOTHING


def test_a_single_call_keeps_what_it_was_made_with(ledger: Ledger) -> None:
    """Another command that settles it has a campaign file of its own, which is not that call's."""
    new, older = single(ledger, "call-1"), single(ledger, "call-2")
    do(ledger, judging.keep, new.id, FIRST)
    calls = [placed(new), placed(older)]
    for each in (new, older):
        do(ledger, judging.keep, each.id, SECOND)
    assert [ledger.read(judging.kept_of, call_id) for call_id in calls] == [FIRST, NOTHING]
