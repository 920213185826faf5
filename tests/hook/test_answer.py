"""Answers of a hook: what is not clearly a yes or a no is a failure, and never a yes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaign.hook.answer import REASON_CHARACTERS, Answer, HookFailed, read_answer

YES = Answer(may_dial=True)
NO = Answer(may_dial=False)


def read(content: Any, *, empty_is_yes: bool = False) -> Answer:
    """The answer in what is said, as bytes or as data."""
    output = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read_answer(output, empty_is_yes=empty_is_yes)


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ({"dial": True}, YES),
        ({"dial": True, "reason": "a good customer"}, Answer(may_dial=True, reason="a good customer")),
        ({"dial": True, "final": True, "not_before": "2026-01-01T10:00Z", "checked_by": 7}, YES),
        ({"dial": False}, NO),
        ({"dial": False, "reason": None, "not_before": None, "final": None, "more": [1]}, NO),
        ({"dial": False, "reason": "has paid"}, Answer(may_dial=False, reason="has paid")),
        ({"dial": False, "final": True}, Answer(may_dial=False, is_final=True)),
        ({"dial": False, "final": False}, NO),
        (
            {"dial": False, "not_before": "2026-12-01T10:00:00-05:00"},
            Answer(may_dial=False, not_before=datetime(2026, 12, 1, 15, tzinfo=UTC)),
        ),
        (b'\xef\xbb\xbf {"dial": true, "dial": true}\n', YES),
    ],
)
def test_clear_answers(content: Any, answer: Answer) -> None:
    """An object with `dial` as true or false is an answer, whatever else it has."""
    assert read(content) == answer


@pytest.mark.parametrize(
    "content",
    [
        b"yes", b"{", b'{"dial": true} {"dial": true}', b"\xff{}", b"[" * 100_000,
        [], [True], True, "dial", 1, None, {}, {"dail": True}, {"DIAL": True},
        {"dial": 1}, {"dial": "true"}, {"dial": None}, {"dial": [True]},
        {"dial": True, "reason": 5}, {"dial": False, "reason": ["no"]},
        {"dial": False, "final": "yes"}, {"dial": False, "final": 1},
        {"dial": False, "not_before": 5}, {"dial": False, "not_before": "tomorrow"},
        {"dial": False, "not_before": "2026-12-01T10:00:00"}, {"dial": False, "not_before": "2026-12-01"},
        {"dial": False, "not_before": "9999-12-31T23:59:59-12:00"},
        b'{"dial": false, "dial": true}',
    ],
    ids=lambda content: repr(content)[:40],
)  # fmt: skip
def test_everything_else_is_a_failure(content: Any) -> None:
    """What is no answer is told in words that hold nothing of it."""
    with pytest.raises(HookFailed, match=r"^its answer "):
        read(content)


@pytest.mark.parametrize("output", [b"", b" \n\t"])
def test_saying_nothing_is_a_yes_of_a_command_only(output: bytes) -> None:
    """A command that has ended well and is silent allows the call; a URL has to say so."""
    assert read(output, empty_is_yes=True) == YES
    with pytest.raises(HookFailed):
        read(output)


@given(st.binary(max_size=50))
@example(b'{"dial": true}')
def test_no_bytes_are_a_yes_by_chance(output: bytes) -> None:
    """Whatever is said, the call is allowed by `dial: true` alone."""
    try:
        answer = read(output)
    except HookFailed:
        return
    assert answer.may_dial is json.loads(output.decode("utf-8-sig"))["dial"]


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("  has\n paid\t", "has paid"),
        ("\x1b]0;owned\x07a\u202eb\u2028c", "]0;owned a b c"),
        ("half \ud800 a character\x00", "half a character"),
        ("", ""),
    ],
)
def test_a_reason_is_one_plain_line(reason: str, kept: str) -> None:
    """It may be shown on a terminal and stands in a cell: no line break, and nothing that cannot be seen."""
    assert read({"dial": False, "reason": reason}).reason == kept
    assert read({"dial": True, "reason": reason}).reason == kept


@given(st.text(max_size=5_000))
def test_a_reason_is_short(reason: str) -> None:
    """A hook that says a lot does not fill the result file."""
    kept = read({"dial": False, "reason": reason}).reason
    assert len(kept) <= REASON_CHARACTERS
    assert kept.isprintable()
