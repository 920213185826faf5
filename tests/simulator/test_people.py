"""Synthetic people: the same seed gives the same people, in the shares that were asked for."""

from collections import Counter
from typing import Any

import pytest

from campaign.simulator.people import Behaviour, Conversation, converse

VARIABLES = {"customer_name": "Dana", "order_id": "A-17"}


def call(at: int, *, seed: int = 1, nth_call: int = 1, behaviour: Behaviour | None = None) -> Conversation:
    """How one call to one person goes."""
    return converse(
        seed=seed,
        to_number=f"+1202{at:07d}",
        nth_call=nth_call,
        variables=VARIABLES,
        behaviour=behaviour or Behaviour(),
    )


def everybody(seed: int = 1, nth_call: int = 1) -> list[Conversation]:
    return [call(at, seed=seed, nth_call=nth_call) for at in range(1000)]


def test_the_same_seed_gives_the_same_people() -> None:
    """People depend on seed, number and how often they were called, and on nothing else."""
    assert everybody() == everybody()
    assert everybody(seed=2) != everybody()
    assert everybody(nth_call=2) != everybody()


def test_people_end_calls_in_the_shares_asked_for() -> None:
    """Each ending comes about as often as its share says, and the rest fails."""
    shares = Behaviour()
    expected = {
        "answered": shares.answer,
        "voicemail": shares.voicemail,
        "busy": shares.busy,
        "no_answer": shares.no_answer,
        "failed": 1 - shares.answer - shares.voicemail - shares.busy - shares.no_answer,
    }

    found = Counter(conversation.ending for conversation in everybody())

    assert found.keys() == expected.keys()
    assert {ending: round(number / 1000 - expected[ending], 1) for ending, number in found.items()} == (
        dict.fromkeys(expected, 0.0)
    )


@pytest.mark.parametrize(
    ("field", "ending"),
    [
        ("answer", "answered"),
        ("voicemail", "voicemail"),
        ("busy", "busy"),
        ("no_answer", "no_answer"),
        ("", "failed"),
    ],
)
def test_a_certain_ending(field: str, ending: str) -> None:
    """A share of 1 makes every call end that way."""
    shares: dict[str, Any] = dict.fromkeys(("answer", "voicemail", "busy", "no_answer"), 0.0)
    behaviour = Behaviour(**shares | ({field: 1.0} if field else {}))

    assert {call(at, behaviour=behaviour).ending for at in range(50)} == {ending}


def test_a_course_is_possible() -> None:
    """Calls connect before they end, results come after the end, and only who was reached says something."""
    for conversation in everybody():
        reached = conversation.ending in ("answered", "voicemail")
        assert (conversation.connects_after_s is not None) == reached == bool(conversation.messages)
        assert 0 < (conversation.connects_after_s or 0.1) < conversation.ends_after_s
        assert conversation.ends_after_s <= conversation.results_after_s


def test_conversations_use_the_variables() -> None:
    """What was sent for a person is heard in the conversation with them."""
    for conversation in everybody():
        spoken = " ".join(str(message.get("content")) for message in conversation.messages)
        assert not spoken or ("Dana" in spoken and "A-17" in spoken)
