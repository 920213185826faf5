"""Intents: who is due, and the one attempt that a person may have open."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from campaign.ledger import attempts, review, rows, waiting
from campaign.ledger.from_numbers import Day, DayIsFullError
from campaign.ledger.ledger import Ledger
from campaign.ledger.moves import IllegalMoveError
from campaign.ledger.review import Decision, Ruling
from campaign.models import AttemptState, Disposition, RowStatus
from tests.ledger.case import ANNA, BEN, CARA, EVA, EVA_TOO, WAIT_S, Case, do, engine_of, people, start
from tests.support import NOON

HOUR = timedelta(hours=1)


def hold(
    case: Case, number: str, *, status: RowStatus = RowStatus.WAITING, hours: float | None = None
) -> None:
    """A gate said no."""
    do(
        case.ledger,
        waiting.hold,
        case.contact_id(number),
        status=status,
        reason="closed hours",
        now=NOON,
        not_before=NOON + hours * HOUR if hours is not None else None,
    )


def test_an_intent_takes_the_row_from_waiting(case: Case) -> None:
    """From the intent on, the person is being dialled and nobody else may take them."""
    attempt, number = case.intend_numbered(ANNA)

    assert number == 1
    assert case.state(attempt) == AttemptState.DIALING
    assert case.statuses()[ANNA] == RowStatus.DIALING
    assert case.due() == [BEN, CARA]


def test_a_second_intent_is_refused(case: Case) -> None:
    """While an attempt is open, no other intent for the same person reaches the disk."""
    attempt = case.intend(ANNA)

    with pytest.raises(IllegalMoveError):
        case.intend(ANNA)

    assert case.state(attempt) == AttemptState.DIALING
    assert case.result(ANNA).attempts == 1


def test_calls_that_start_together_share_the_day_of_their_number(case: Case) -> None:
    """An intent that is one too many for the day of its from number is refused, and changes nothing."""
    intents = [
        case.ledger.write(
            attempts.record_intent,
            case.contact_id(number),
            token=f"together-{number}",
            to_number=number,
            from_number="+12025550100",
            agent_id="agt_test",
            now=NOON,
            day=Day(since=NOON - HOUR, most=2),
        )
        for number in (ANNA, BEN, CARA)
    ]

    assert [intent.result(WAIT_S)[1] for intent in intents[:2]] == [1, 1]
    with pytest.raises(DayIsFullError):
        intents[2].result(WAIT_S)
    assert case.statuses()[CARA] == RowStatus.WAITING
    assert case.result(CARA).attempts == 0


def test_only_who_waits_is_dialled(case: Case) -> None:
    """From any status but waiting, an intent is refused and no attempt exists."""
    for status in set(RowStatus) - {RowStatus.WAITING}:
        case.force(status=status)
        with pytest.raises(IllegalMoveError):
            case.intend(ANNA)

    assert [row.attempts for row in case.rows()] == [0, 0, 0]


def test_a_token_is_used_once(case: Case) -> None:
    """Two attempts with one token cannot exist, as a call in doubt is found by it."""
    case.intend(ANNA, token="same")

    with pytest.raises(Exception, match=r"(?i)unique"):
        case.intend(BEN, token="same")

    assert case.statuses()[BEN] == RowStatus.WAITING


def test_numbers_count_up_and_tries_leave_harmless_attempts_out(case: Case) -> None:
    """Attempt numbers are never used again, and only attempts that may have rung somebody are tries."""
    first, first_number = case.intend_numbered(ANNA)
    case.not_called(first, state=AttemptState.NOT_SENT)
    second, second_number = case.intend_numbered(ANNA)
    case.not_called(second, state=AttemptState.TURNED_AWAY)
    assert case.result(ANNA).attempts == 0

    third, third_number = case.intend_numbered(ANNA)

    assert (first_number, second_number, third_number) == (1, 2, 3)
    assert case.result(ANNA).attempts == 1
    assert case.state(third) == AttemptState.DIALING


def test_due_follows_the_list(case: Case) -> None:
    """Waiting rows come in the list's order, as many as wanted, without those in hand."""
    anna = case.contact_id(ANNA)

    assert case.due() == [ANNA, BEN, CARA]
    assert case.due(limit=2) == [ANNA, BEN]
    assert case.due(skip=frozenset({anna}), limit=2) == [BEN, CARA]
    assert case.due(limit=0) == []


def test_due_carries_what_a_dial_needs(case: Case) -> None:
    """A due row brings number, variables, zones and row number."""
    (found,) = case.ledger.read(waiting.due, case.id, NOON, skip=frozenset(), limit=1)

    assert (found.row_number, found.to_number, found.contact_id) == (2, ANNA, case.contact_id(ANNA))
    assert (found.variables, found.time_zones) == ({"name": "someone"}, ("America/New_York",))


def test_due_counts_earlier_tries(case: Case) -> None:
    """A due row tells how often this person may have been rung already in this campaign."""
    case.not_called(case.intend(ANNA))
    case.whole_call(ANNA, "call-1", status=RowStatus.WAITING)
    case.whole_call(ANNA, "call-2", status=RowStatus.WAITING)

    found = case.ledger.read(waiting.due, case.id, NOON, skip=frozenset(), limit=2)

    assert [(contact.to_number, contact.tries) for contact in found] == [(ANNA, 2), (BEN, 0)]


def test_due_knows_only_its_own_campaign(case: Case) -> None:
    """Rows of another campaign are not due in this one."""
    other = start(case.ledger, people(ANNA), name="other")
    other.intend(ANNA)

    assert (case.due(), other.due()) == ([ANNA, BEN, CARA], [])


def test_a_held_row_waits_for_its_time(case: Case) -> None:
    """A held row is due from its time on and not before, and the earliest such time is known."""
    assert case.ledger.read(waiting.next_due, case.id) is None
    hold(case, ANNA, hours=2)
    hold(case, BEN, hours=1)

    assert case.due() == [CARA]
    assert case.due(now=NOON + HOUR - timedelta(microseconds=1)) == [CARA]
    assert case.due(now=NOON + HOUR) == [BEN, CARA]
    assert case.due(now=NOON + 2 * HOUR) == [ANNA, BEN, CARA]
    assert case.ledger.read(waiting.next_due, case.id) == NOON + HOUR
    assert case.result(ANNA).reason == "closed hours"


def test_each_reason_for_which_a_row_waits_is_kept(case: Case) -> None:
    """Each run says once for each reason why a row waits, so that a call that never came is explained."""
    hold(case, ANNA, hours=1)
    hold(case, ANNA, hours=2)
    do(case.ledger, waiting.release_holds, case.id)
    hold(case, ANNA, hours=3)

    told = case.ledger.read(rows.history, case.contact_id(ANNA))
    assert [(each.event, each.detail) for each in told] == [("row.held", "closed hours")] * 2


def test_a_gate_may_be_final(case: Case) -> None:
    """A gate that says never ends the row with its reason."""
    ends = {ANNA: RowStatus.SUPPRESSED, BEN: RowStatus.EXPIRED, CARA: RowStatus.STOPPED}
    for number, status in ends.items():
        hold(case, number, status=status)

    assert case.statuses() == ends
    assert {row.reason for row in case.rows()} == {"closed hours"}
    assert case.due() == []


def test_hold_moves_nobody_who_is_being_dialled(case: Case) -> None:
    """A verdict that comes late neither touches nor ends a row that is being dialled."""
    attempt = case.intend(ANNA)

    hold(case, ANNA, hours=1)
    with pytest.raises(IllegalMoveError):
        hold(case, ANNA, status=RowStatus.SUPPRESSED)

    assert (case.result(ANNA).status, case.result(ANNA).reason) == (RowStatus.DIALING, "")
    assert case.state(attempt) == AttemptState.DIALING


def test_conversations_are_those_of_other_campaigns(case: Case) -> None:
    """Who was reached by another campaign has talked with it; a call that reached nobody is none."""
    other = start(case.ledger, people(ANNA, BEN), name="other")
    other.whole_call(ANNA, "call-talked")
    other.place(other.intend(BEN), "call-live")
    case.whole_call(CARA, "call-own")

    def talked(number: str) -> datetime | None:
        found = case.ledger.read(waiting.standing, campaign_id=case.id, to_number=number, since=NOON)
        return found.talked_at

    assert talked(ANNA) == NOON + timedelta(minutes=2)
    assert (talked(BEN), talked(CARA)) == (None, None)
    assert case.ledger.read(waiting.conversations, campaign_id=case.id) == {ANNA: talked(ANNA)}
    assert case.ledger.read(waiting.conversations, campaign_id=other.id).keys() == {CARA}


@pytest.mark.parametrize(
    ("disposition", "has_talked", "counts"),
    [
        (Disposition.ANSWERED, False, True),
        (Disposition.UNKNOWN, False, True),
        (Disposition.FAILED, True, True),
        (Disposition.FAILED, False, False),
        (Disposition.VOICEMAIL, False, False),
        (Disposition.BUSY, True, True),
    ],
)
def test_who_has_talked_is_kept_beside_the_disposition(
    case: Case, disposition: Disposition, has_talked: bool, counts: bool
) -> None:
    """A conversation may end as failed, and of an unknown end nobody can say that it was none."""
    other = start(case.ledger, people(ANNA), name="other")
    other.place(other.intend(ANNA), "call-1")
    other.end("call-1")
    other.settle("call-1", disposition=disposition, has_talked=has_talked)
    found = case.ledger.read(waiting.standing, campaign_id=case.id, to_number=ANNA, since=NOON)
    assert (found.talked_at is not None) is counts
    assert (ANNA in case.ledger.read(waiting.conversations, campaign_id=case.id)) is counts


def test_one_call_of_several_in_which_the_person_talked(case: Case) -> None:
    """It counts, whichever of them settles last."""
    other = start(case.ledger, people(ANNA), name="other")
    other.place(other.intend(ANNA), "call-1", "call-2")
    for call_id in ("call-1", "call-2"):
        other.end(call_id)
    other.settle("call-1", disposition=Disposition.FAILED, has_talked=True)
    other.settle("call-2", disposition=Disposition.NO_ANSWER)
    assert ANNA in case.ledger.read(waiting.conversations, campaign_id=case.id)


@pytest.mark.parametrize(
    ("decision", "counts"), [(Decision.CALLED, True), (Decision.REDIAL, True), (Decision.NOT_CALLED, False)]
)
def test_what_a_human_has_found_out_may_have_been_a_conversation(
    case: Case, decision: Decision, counts: bool
) -> None:
    """Whoever was called by a human's word may have talked: other campaigns give them peace."""
    other = start(case.ledger, people(ANNA), name="other")
    attempt = other.intend(ANNA)
    other.doubt(attempt)
    other.give_up(attempt)
    ruling = Ruling(decision, "by the carrier's log", "ann", NOON)
    do(case.ledger, review.decide, other.id, None, ruling)
    found = case.ledger.read(waiting.standing, campaign_id=case.id, to_number=ANNA, since=NOON)
    assert found.talked_at == (NOON if counts else None)


def test_recent_calls_are_those_of_other_campaigns(case: Case) -> None:
    """Standing and recent calls see who may have been rung by other campaigns since then, oldest first."""
    for name, hours in (("late", 3), ("early", 1), ("old", -1)):
        other = start(case.ledger, people(ANNA), name=name)
        other.place(other.intend(ANNA, now=NOON + hours * HOUR), f"call-{name}")
    doubtful = start(case.ledger, people(BEN), name="doubtful")
    doubtful.doubt(doubtful.intend(BEN, now=NOON))
    for name, state in (("a", AttemptState.NOT_SENT), ("b", AttemptState.TURNED_AWAY)):
        harmless = start(case.ledger, people(ANNA, CARA), name=name)
        harmless.not_called(harmless.intend(ANNA), state=state)
        harmless.not_called(harmless.intend(CARA), state=state)
    case.place(case.intend(ANNA, now=NOON + 2 * HOUR), "call-own")

    standing = case.ledger.read(waiting.standing, campaign_id=case.id, to_number=ANNA, since=NOON)
    recent = case.ledger.read(waiting.recent_calls, campaign_id=case.id, since=NOON)
    everything = case.ledger.read(waiting.recent_calls, campaign_id=None, since=NOON + 2 * HOUR)

    assert standing == waiting.Standing(None, (NOON + HOUR, NOON + 3 * HOUR), AttemptState.LIVE, None)
    assert recent == {ANNA: [NOON + HOUR, NOON + 3 * HOUR], BEN: [NOON]}
    assert everything == {ANNA: [NOON + 2 * HOUR, NOON + 3 * HOUR]}


@pytest.mark.parametrize(("called", "asked"), [(EVA, EVA_TOO), (EVA_TOO, EVA)])
def test_a_call_counts_in_each_form_of_the_number(ledger: Ledger, called: str, asked: str) -> None:
    """Other campaigns have called, talked with and not settled one person, however each writes the number."""
    case = start(ledger, people(asked))
    for name, at, is_over in (("a", 0, True), ("b", 1, False)):
        other = start(ledger, people(called), name=name)
        other.place(other.intend(called, now=NOON + at * HOUR), f"call-{name}")
        if is_over:
            other.end(f"call-{name}")
            other.settle(f"call-{name}")
    doubted = start(ledger, people(asked), name="c")
    doubted.place(doubted.intend(asked, now=NOON + 2 * HOUR), "call-c")
    times, talked = (NOON, NOON + HOUR, NOON + 2 * HOUR), NOON + timedelta(minutes=2)

    standing = ledger.read(waiting.standing, campaign_id=case.id, to_number=asked, since=NOON)

    assert standing == waiting.Standing(None, times, AttemptState.LIVE, talked)
    assert ledger.read(waiting.all_calls, asked, NOON) == times
    recent = ledger.read(waiting.recent_calls, campaign_id=case.id, since=NOON)
    assert recent == {called: list(times), asked: list(times)}
    assert ledger.read(waiting.conversations, campaign_id=case.id) == {called: talked, asked: talked}
    unsettled = ledger.read(waiting.unsettled_elsewhere, campaign_id=case.id)
    assert unsettled == {called: AttemptState.LIVE, asked: AttemptState.LIVE}


def test_the_latest_conversation_counts_whichever_form_was_called(ledger: Ledger) -> None:
    """Peace lasts from the last time that the person talked."""
    for name, number, minutes in (("a", EVA, 9), ("b", EVA_TOO, 5)):
        other = start(ledger, people(number), name=name)
        other.place(other.intend(number), f"call-{name}")
        other.end(f"call-{name}")
        other.settle(f"call-{name}", now=NOON + timedelta(minutes=minutes))
    latest = NOON + timedelta(minutes=9)
    assert ledger.read(waiting.conversations, campaign_id=None) == {EVA: latest, EVA_TOO: latest}


def test_the_calls_of_a_person_are_found_by_their_index(sqlite_location: str) -> None:
    """Every dial asks, and a ledger of years has millions of attempts: only the person's are read."""
    seen: list[str] = []

    def see(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    with Ledger.open(sqlite_location) as ledger:
        event.listen(engine_of(ledger), "before_cursor_execute", see)
        ledger.read(waiting.standing, campaign_id=1, to_number=EVA, since=NOON)
        ledger.read(waiting.all_calls, EVA, NOON)
        queries = [statement for statement in seen if "attempts.to_number" in statement]
        assert len(queries) == 2
        with engine_of(ledger).connect() as connection:
            for query in queries:
                plan = connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {query}", (None,) * query.count("?")
                ).all()
                assert "SEARCH attempts USING INDEX ix_attempts_to_number" in str(plan)
                assert "SCAN attempts" not in str(plan)
