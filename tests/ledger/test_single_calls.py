"""Single calls in the ledger, on both databases: campaigns of one row, of a kind of their own."""

from collections.abc import Sequence
from datetime import timedelta

from campaign.ledger import campaigns, ending, single_calls, waiting
from campaign.ledger.ledger import Ledger
from campaign.ledger.single_calls import Unfinished
from campaign.models import RowStatus
from tests.ledger.case import ANNA, BEN, EVA, EVA_TOO, Case, do, people, start
from tests.support import NOON

HOUR = timedelta(hours=1)


def single(ledger: Ledger, number: str, name: str = "call-1") -> Case:
    """A call outside any campaign that waits to be made."""
    campaign_id = do(
        ledger,
        campaigns.start,
        name=name,
        name_pattern=campaigns.SINGLE_CALL,
        agent_id="agt_test",
        intake=people(number),
        now=NOON,
    )
    return Case(ledger, campaign_id)


def kinds(ledger: Ledger) -> dict[str, bool]:
    """Which campaigns are single calls."""
    return {each.name: each.is_single_call for each in ledger.read(campaigns.newest)}


def left(ledger: Ledger, number: str = ANNA) -> Sequence[Unfinished]:
    """Single calls to this number that have not settled."""
    return ledger.read(single_calls.unfinished, number)


def test_the_kind_is_known(ledger: Ledger) -> None:
    """No campaign of a list is taken for a single call, whatever its name."""
    single(ledger, ANNA)
    start(ledger, people(ANNA), name="call-2026")
    assert kinds(ledger) == {"call-1": True, "call-2026": False}


def test_a_single_call_counts_for_others(ledger: Ledger) -> None:
    """As any campaign's call does, and it is known which calls were of this kind."""
    single(ledger, ANNA).whole_call(ANNA, "call_1")
    spring = start(ledger, people(ANNA, BEN))
    spring.whole_call(ANNA, "call_2")
    since = NOON - HOUR
    assert ledger.read(waiting.recent_calls, campaign_id=spring.id, since=since) == {ANNA: [NOON]}
    assert ledger.read(single_calls.called_at, ANNA, since) == [NOON]
    assert ledger.read(single_calls.called_at, ANNA, NOON + HOUR) == []
    assert ledger.read(single_calls.called_at, BEN, since) == []


def test_a_call_that_was_not_made_does_not_count(ledger: Ledger) -> None:
    """Nobody's telephone has rung."""
    case = single(ledger, ANNA)
    case.not_called(case.intend(ANNA))
    assert ledger.read(single_calls.called_at, ANNA, NOON - HOUR) == []


def test_what_is_unfinished_is_found_by_its_person(ledger: Ledger) -> None:
    """On the line or in doubt; what has settled, and what campaigns have on the line, is not among it."""
    on_line, in_doubt, over = (single(ledger, ANNA, f"call-{at}") for at in range(3))
    on_line.place(on_line.intend(ANNA), "call_1")
    in_doubt.doubt(in_doubt.intend(ANNA))
    over.whole_call(ANNA, "call_3")
    do(ledger, campaigns.finish_settled, NOON)
    spring = start(ledger, people(ANNA))
    spring.place(spring.intend(ANNA), "call_4")
    assert [(each.name, each.call_id) for each in left(ledger)] == [("call-0", "call_1"), ("call-1", None)]
    assert left(ledger, BEN) == []


def test_who_waits_is_taken_out(ledger: Ledger) -> None:
    """Of one call or of all; rows of campaigns, and calls under way, stay as they are."""
    first, second = single(ledger, ANNA, "call-1"), single(ledger, BEN, "call-2")
    live = single(ledger, BEN, "call-3")
    live.place(live.intend(BEN), "call_1")
    spring = start(ledger, people(ANNA))
    assert do(ledger, single_calls.give_up_waiting, "cut off", NOON, campaign_id=first.id) == 1
    assert first.result(ANNA).reason == "cut off"
    assert second.statuses() == {BEN: RowStatus.WAITING}
    assert do(ledger, single_calls.give_up_waiting, "cut off", NOON) == 1
    assert second.statuses() == {BEN: RowStatus.STOPPED}
    assert live.statuses() == {BEN: RowStatus.LIVE}
    assert spring.statuses() == {ANNA: RowStatus.WAITING}


def test_no_campaign_follows_up_on_single_calls(ledger: Ledger) -> None:
    """They are no leftovers of an earlier day."""
    single(ledger, ANNA)
    other = single(ledger, BEN, "call-2")
    assert ledger.read(ending.leftovers, other.id) == []


def test_a_single_call_is_known_in_each_form_of_the_number(ledger: Ledger) -> None:
    """Who is on the line, or was called, is so also when the number is written in its other form."""
    case = single(ledger, EVA)
    case.place(case.intend(EVA), "call_1")
    assert [each.call_id for each in left(ledger, EVA_TOO)] == ["call_1"]
    assert ledger.read(single_calls.called_at, EVA_TOO, NOON - HOUR) == [NOON]
