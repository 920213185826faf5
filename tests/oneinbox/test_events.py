"""Events: read as far as they say where to look, whatever else they hold."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.oneinbox.events import ALL, FEWEST, Event, Malformed, parse_event
from campaign.simulator.events import EVENTS


def encoded(**body: Any) -> bytes:
    return json.dumps(body).encode()


def test_a_documented_event_is_read() -> None:
    """Its name and its call; all else is left aside."""
    event = parse_event(
        encoded(event="call.ended", call_id="call_1", status="completed", duration_seconds=62)
    )
    assert event == Event("call.ended", "call_1")
    assert event.is_worth_a_look


@pytest.mark.parametrize(
    ("body", "call_id", "is_worth_a_look"),
    [
        ({"event": "call.started", "call_id": "c"}, "c", False),
        ({"event": "transcript.partial", "call_id": "c"}, "c", False),
        ({"event": "call.unheard_of", "call_id": "c"}, "c", True),
        ({"call_id": "c"}, "c", True),
        ({"event": 7, "call_id": 8}, "8", True),
        ({"event": "webhook.test"}, None, False),
        ({"event": "call.ended", "call_id": None}, None, False),
        ({"event": "call.ended", "call_id": ""}, None, False),
        ({"event": "call.ended", "call_id": "x" * 201}, None, False),
        ({"event": "call.ended", "call_id": "a\nb"}, None, False),
        ({"event": "call.ended", "call_id": ["c"]}, None, False),
        ({"event": "call.ended", "call": {"id": "c"}}, None, False),
    ],
)
def test_an_odd_event_is_read_as_far_as_it_goes(
    body: dict[str, Any], call_id: str | None, is_worth_a_look: bool
) -> None:
    """Unknown names are worth a look, ids that are none are not, and nothing is guessed."""
    event = parse_event(encoded(**body))
    assert (event.call_id, event.is_worth_a_look) == (call_id, is_worth_a_look)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'"call.ended"',
        b"{",
        b"\xff\xfe",
        b"<html>",
        b"[" * 100_000,
        b"1" * 5_000,
        b"{}x",
    ],
)
def test_what_is_no_object_is_no_event(content: bytes) -> None:
    """However deep, long or broken."""
    with pytest.raises(Malformed):
        parse_event(content)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_none(content: bytes) -> None:
    """Nothing else comes of them."""
    try:
        event = parse_event(content)
    except Malformed:
        return
    assert len(event.name) <= 100


@pytest.mark.parametrize("generation", ["v2", "v3"])
def test_what_is_registered_exists(generation: str) -> None:
    """The usual events are known to the newer generations, the fewest to all."""
    assert set(ALL) <= set(EVENTS[generation])
    assert set(FEWEST) <= set(EVENTS["v1"])
