"""The intake: bounded, and one look for a call, however its events come."""

from random import Random

import pytest

from campaign.listener.intake import GAP_S, UNKNOWN_S, Intake
from campaign.oneinbox.events import Event

ENDED = "call.ended"


def take(intake: Intake, *call_ids: str, now: float = 0.0) -> list[bool]:
    return [intake.take(Event(ENDED, call_id), now) for call_id in call_ids]


def test_a_call_is_looked_up_once_for_many_events() -> None:
    """Repeated and in any order."""
    intake = Intake()
    for name in ("transcript.final", ENDED, ENDED, "call.something.new"):
        assert intake.take(Event(name, "call-1"), 0.0)
    assert intake.due(0.0) == ["call-1"]
    intake.looked_up(["call-1"], {"call-1": True}, 0.0)
    assert intake.due(100.0) == []
    assert (intake.counts.events, intake.counts.hints) == (4, 1)


def test_what_comes_soon_after_a_hint_waits_and_is_not_lost() -> None:
    """Of one call there is at most one hint a second."""
    intake = Intake()
    take(intake, "call-1", now=10.0)
    intake.looked_up(intake.due(10.0), {"call-1": True}, 10.0)
    take(intake, "call-1", now=10.2)
    assert intake.due(10.3) == []
    assert intake.due(10.0 + GAP_S) == ["call-1"]


@pytest.mark.parametrize("name", ["call.started", "transcript.partial"])
def test_what_tells_nothing_new_leads_to_no_look(name: str) -> None:
    """A call that begins has nothing to fetch; nor is a test of the webhook about a call."""
    intake = Intake()
    assert intake.take(Event(name, "call-1"), 0.0)
    assert intake.take(Event("webhook.test", None), 0.0)
    assert intake.due(0.0) == []
    assert intake.counts.told() == {"events": 2, "other": 2}


def test_calls_that_nobody_knows_cause_nothing_but_a_count() -> None:
    """They are looked up for some seconds, as an event may be early, and then forgotten."""
    intake = Intake()
    take(intake, "call-9")
    looks = 0
    for tick in range(100):
        now = tick * 0.25
        due = intake.due(now)
        looks += len(due)
        intake.looked_up(due, {}, now)
    assert looks <= UNKNOWN_S / GAP_S + 1
    assert intake.counts.told() == {"events": 1, "unknown": 1}
    take(intake, "call-9", now=100.0)
    intake.looked_up(["call-9"], {}, 100.0)
    intake.looked_up(intake.due(102.0), {"call-9": True}, 102.0)
    assert intake.counts.hints == 1


def test_a_call_that_is_over_is_forgotten_at_once() -> None:
    """Everything of it is known."""
    intake = Intake()
    take(intake, "call-1")
    intake.looked_up(["call-1"], {"call-1": False}, 0.0)
    assert intake.due(100.0) == []
    assert intake.counts.over == 1


def test_there_is_room_for_so_many_calls_and_no_more() -> None:
    """Further ones are refused, so that OneInbox tries again; those that wait already are taken."""
    intake = Intake(most_ids=3)
    assert take(intake, "a", "b", "c", "d", "a") == [True, True, True, False, True]
    assert intake.counts.full == 1
    intake.looked_up(intake.due(0.0), dict.fromkeys("abc", True), 0.0)
    assert take(intake, "d", now=1.0) == [True]


def test_whatever_comes_nothing_grows_and_nothing_known_is_missed() -> None:
    """Random events over a minute: every known call that had one gets a hint after its last one."""
    rng, intake = Random(4711), Intake(most_ids=60)
    known = {f"call-{at}" for at in range(20)}
    last_event: dict[str, float] = {}
    last_hint: dict[str, float] = {}
    for tick in range(600):
        now = tick / 10
        for _ in range(rng.randrange(20)):
            call_id = rng.choice([*sorted(known), f"forged-{rng.randrange(10_000)}"])
            if intake.take(Event(ENDED, call_id), now) and call_id in known:
                last_event[call_id] = now
        due = intake.due(now)
        for call_id in set(due) & known:
            assert now - last_hint.get(call_id, -9) >= GAP_S - 1e-9
            last_hint[call_id] = now
        intake.looked_up(due, {call_id: True for call_id in due if call_id in known}, now)
    for tick in range(600, 620):
        due = intake.due(tick / 10)
        last_hint |= {call_id: tick / 10 for call_id in due if call_id in known}
        intake.looked_up(due, {call_id: True for call_id in due if call_id in known}, tick / 10)
    assert all(last_hint[call_id] >= at for call_id, at in last_event.items())
    assert len(last_event) == len(known)
