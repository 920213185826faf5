"""Arbitrary JSON in place of a call or a list: nothing raises, and nothing unsafe comes through."""

import re
from dataclasses import fields
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from campaign.oneinbox import wire
from tests.oneinbox.test_wire import V3

UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.text("\0\ud800\r\n+5"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
call_like = st.fixed_dictionaries(
    {}, optional=dict.fromkeys([*V3, "call_id", "outcome", "ai_summary"], json_values)
)


@given(call_like | json_values)
def test_no_json_can_break_it(body: Any) -> None:
    """Any JSON is a call or none: nothing raises, and no unsafe character comes through."""
    call = wire.parse_call(body)
    if call is None:
        return
    assert 0 < len(call.id) <= wire.MAX_ID_LENGTH
    kept = [getattr(call, field.name) for field in fields(call) if field.name != "metadata"]
    for text in texts(kept):
        assert not UNSAFE.search(text)


@given(json_values, st.sampled_from(["items", "calls", "data", "other"]))
def test_no_json_can_break_a_list(body: Any, envelope: str) -> None:
    """Any JSON is a page or none."""
    wire.parse_list(body)
    page = wire.parse_list({envelope: body, "total": body, "next_cursor": body, "has_more": body})
    assert page is None or isinstance(page.calls, tuple)


def texts(value: Any) -> list[str]:
    """Every text inside a value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for text in texts(list(pair))]
    return [text for item in value for text in texts(item)] if isinstance(value, list | tuple) else []
