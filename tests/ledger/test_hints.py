"""Hints: one for each call, newer than all others, for calls that a run still waits for."""

from datetime import timedelta

from campaign.ledger import hints, recordings
from campaign.ledger.ledger import Ledger
from tests.ledger.case import ANNA, BEN, CARA, WAIT_S, Case, do, engine_of, until_one_waits
from tests.support import NOON


def leave(case: Case, *call_ids: str, at: float = 0.0) -> None:
    do(case.ledger, hints.leave, call_ids, NOON + timedelta(seconds=at))


def news(case: Case, since: int = 0, *, most: int = 100) -> list[tuple[int, str]]:
    """What a run would read."""
    return [(hint.serial, hint.call_id) for hint in case.ledger.read(hints.news, since, most=most)]


def three_calls(case: Case) -> None:
    """Anna is on the line, Ben's call is settled, Cara's results are awaited."""
    do(case.ledger, hints.token, new="token", now=NOON)
    case.place(case.intend(ANNA), "call-1")
    case.whole_call(BEN, "call-2")
    case.place(case.intend(CARA), "call-3")
    case.end("call-3")


def test_the_token_is_made_once_and_renewed_on_demand(ledger: Ledger) -> None:
    """Every listener of a ledger has the same address, until somebody wants another."""
    assert ledger.read(hints.known_token) is None
    assert do(ledger, hints.token, new="first", now=NOON) == "first"
    assert do(ledger, hints.token, new="second", now=NOON) == "first"
    assert ledger.read(hints.known_token) == "first"
    assert do(ledger, hints.token, new="third", now=NOON, renew=True) == "third"
    assert do(ledger, hints.token, new="fourth", now=NOON) == "third"


def test_two_processes_that_make_the_token_at_once_have_one(postgresql_location: str) -> None:
    """A listener that starts while its address is registered with OneInbox listens at that address."""
    with Ledger.open(postgresql_location) as ledger:
        with engine_of(ledger).begin() as registers:
            assert hints.token(registers, new="first", now=NOON) == "first"
            listens = ledger.write(hints.token, new="second", now=NOON)
            until_one_waits(ledger)
        assert listens.result(WAIT_S) == "first"


def test_a_run_reads_what_is_newer_than_what_it_has_read(case: Case) -> None:
    """In the order in which it came, and in portions."""
    three_calls(case)
    assert case.ledger.read(hints.latest) == 0
    leave(case, "call-1", "call-3")
    assert news(case) == [(1, "call-1"), (2, "call-3")]
    assert news(case, most=1) == [(1, "call-1")]
    assert news(case, since=1) == [(2, "call-3")]
    assert case.ledger.read(hints.latest) == 2


def test_repeated_hints_are_one(case: Case) -> None:
    """However many come, there is one for each call, with a new serial."""
    three_calls(case)
    for _ in range(5):
        leave(case, "call-1", "call-1", "call-3")
    assert news(case) == [(9, "call-1"), (10, "call-3")]


def test_old_hints_are_cleared_away_and_serials_go_on(case: Case) -> None:
    """A run that has read the newest one misses nothing because older ones are gone."""
    three_calls(case)
    leave(case, "call-1")
    leave(case, "call-3", at=3601)
    assert news(case) == [(2, "call-3")]
    leave(case, "call-1", at=3 * 3601)
    assert news(case, since=2) == [(3, "call-1")]


def test_only_what_is_awaited_is_worth_a_hint(case: Case) -> None:
    """Live and ended calls are awaited, settled ones only for their recording; others are not known."""
    three_calls(case)
    ids = ["call-1", "call-2", "call-3", "nobody's"]
    assert case.ledger.read(hints.awaited, ids) == {"call-1": True, "call-2": False, "call-3": True}
    do(case.ledger, recordings.want, "call-2", NOON)
    assert case.ledger.read(hints.awaited, ids)["call-2"] is True
    [wanted, *_] = case.ledger.read(recordings.wanted, case.id, since=NOON - timedelta(days=1))
    do(case.ledger, recordings.record_missing, wanted, why="none", most_tries=1, now=NOON)
    assert case.ledger.read(hints.awaited, ids)["call-2"] is False
    assert case.ledger.read(hints.awaited, []) == {}
