"""The wire format: both generations are read, and nothing that comes can break a file or a database."""

from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.models import E164, Call, CallRequest
from campaign.oneinbox import wire

V1: dict[str, Any] = {
    "id": "call_abc",
    "status": "completed",
    "to_number": "+14155550123",
    "from_number": "+14155550100",
    "duration_seconds": 42,
    "transcript": [{"role": "agent", "content": "Hello Dana"}, {"role": "user", "content": "Hi"}],
    "created_at": "2026-08-02T09:00:01Z",
}
V3: dict[str, Any] = {
    "id": "c8e3b0de-3c0b-4f6e-8b52-7e0a7d3a9c01",
    "agent_id": "7b0f7a52-90c3-4a1c-9d5e-2f6c0b6d1e11",
    "type": "outbound",
    "status": "completed",
    "from_number": "+14155550100",
    "to_number": "+14155550123",
    "room_name": None,
    "started_at": "2026-08-02T09:00:07Z",
    "ended_at": "2026-08-02T11:01:09.500+02:00",
    "duration_seconds": 61.8,
    "end_reason": "silence_timeout",
    "transcript": "agent: something older",
    "messages": [
        {"role": "agent", "content": "Hello Dana"},
        {"role": "user", "content": "Hi"},
        {"role": "tool_call", "tool_call_id": "t1", "name": "end_call", "arguments": "{}"},
        {"role": "tool_result", "tool_call_id": "t1", "content": "ok", "is_error": False},
    ],
    "recording_url": None,
    "analysis": {"outcome": "Interested", "summary": "Wants a call back."},
    "cost_cents": None,
    "credits_used": 1.03,
    "metadata": {"campaign": "spring-01", "concurrency_at_dispatch": 4},
    "created_at": "2026-08-02T09:00:01",
}


def parse(**values: Any) -> Call:
    """A call with these values, which must be readable."""
    call = wire.parse_call({"id": "call_1"} | values)
    assert call is not None
    return call


def test_first_generation() -> None:
    """A v1 call is read: its transcript is a list of turns, and it has no analysis."""
    call = wire.parse_call(V1)

    assert call == Call(
        id="call_abc",
        status="completed",
        has_ended=True,
        to_number="+14155550123",
        from_number="+14155550100",
        created_at=datetime(2026, 8, 2, 9, 0, 1, tzinfo=UTC),
        duration_seconds=42,
        messages=({"role": "agent", "content": "Hello Dana"}, {"role": "user", "content": "Hi"}),
        transcript="agent: Hello Dana\nuser: Hi",
    )


def test_third_generation() -> None:
    """A v3 call is read: messages before transcript, times with any offset in UTC, analysis, metadata."""
    call = wire.parse_call(V3)

    assert call == Call(
        id="c8e3b0de-3c0b-4f6e-8b52-7e0a7d3a9c01",
        status="completed",
        has_ended=True,
        to_number="+14155550123",
        from_number="+14155550100",
        agent_id="7b0f7a52-90c3-4a1c-9d5e-2f6c0b6d1e11",
        created_at=datetime(2026, 8, 2, 9, 0, 1, tzinfo=UTC),
        started_at=datetime(2026, 8, 2, 9, 0, 7, tzinfo=UTC),
        ended_at=datetime(2026, 8, 2, 9, 1, 9, 500_000, tzinfo=UTC),
        duration_seconds=61.8,
        end_reason="silence_timeout",
        outcome="Interested",
        summary="Wants a call back.",
        messages=tuple(V3["messages"]),
        transcript="agent: Hello Dana\nuser: Hi",
        credits_used=1.03,
        metadata={"campaign": "spring-01", "concurrency_at_dispatch": 4},
        analysis=V3["analysis"],
        has_analysis=True,
    )


@pytest.mark.parametrize(
    ("values", "spoken"),
    [
        ({"transcript": None}, ""),
        ({}, ""),
        ({"transcript": "agent: Hi\r\nuser: Ho"}, "agent: Hi\nuser: Ho"),
        ({"transcript": [{"role": "assistant", "content": "Hi"}]}, "agent: Hi"),
        ({"transcript": [{"role": "Human", "content": "Hi"}]}, "user: Hi"),
        ({"messages": [], "transcript": "agent: Hi"}, "agent: Hi"),
        ({"messages": None, "transcript": "agent: Hi"}, "agent: Hi"),
        ({"messages": "none", "transcript": {"role": "agent"}}, ""),
        ({"messages": [{"role": "agent", "content": None}, {"role": "agent"}, {}]}, ""),
        ({"messages": ["Hello", 17, None]}, "unknown: Hello\nunknown: 17\nunknown: None"),
        ({"messages": [{"role": "supervisor", "content": "Hi"}]}, "supervisor: Hi"),
        ({"messages": [{"role": "tool-call", "content": "end"}, {"role": "system", "content": "Be"}]}, ""),
        ({"messages": [{"role": "tool_call"}], "transcript": "agent: Hi"}, "agent: Hi"),
        ({"transcript": 17}, ""),
    ],
)
def test_transcripts(values: dict[str, Any], spoken: str) -> None:
    """Whatever shape a conversation has, what was said is told, and nothing else."""
    assert parse(**values).transcript == spoken


@pytest.mark.parametrize(
    ("values", "is_incoming"),
    [
        ({}, False),
        ({"type": "outbound", "direction": "outbound"}, False),
        ({"type": "inbound"}, True),
        ({"direction": "Inbound"}, True),
        ({"type": "web", "direction": ["inbound"]}, False),
    ],
)
def test_whether_a_call_came_in(values: dict[str, Any], is_incoming: bool) -> None:
    """Generations say it in either of two fields, some in none."""
    assert parse(**values).is_incoming is is_incoming


@pytest.mark.parametrize(
    ("status", "ended_at", "has_ended"),
    [
        ("completed", None, True),
        ("No-Answer", None, True),
        ("CANCELED", None, True),
        ("cancelled", None, True),
        ("busy", None, True),
        ("failed", None, True),
        ("in-progress", None, False),
        ("queued", None, False),
        ("teleported", None, False),
        ("teleported", "2026-08-02T09:00:01Z", True),
        ("teleported", "soon", False),
        (None, None, False),
        (17, None, False),
    ],
)
def test_statuses(status: Any, ended_at: str | None, has_ended: bool) -> None:
    """An unknown status is kept as it came, and is live until there is an end time."""
    call = parse(status=status, ended_at=ended_at)

    assert (call.status, call.has_ended) == ("" if status is None else str(status), has_ended)


@pytest.mark.parametrize(
    ("body", "call_id"),
    [
        ({"id": "call_1"}, "call_1"),
        ({"id": " /../x?y=é "}, " /../x?y=é "),
        ({"id": 17}, "17"),
        ({"call_id": "call_2"}, "call_2"),
        ({"id": None, "call_id": "call_2"}, "call_2"),
        ({"id": "call_1", "call_id": "call_1"}, "call_1"),
        ({"id": 17, "call_id": "17"}, "17"),
        ({"id": "call_1", "call_id": ""}, "call_1"),
        ({"id": "call_1", "call_id": "call_2"}, "call_1"),
        ({"id": 17, "call_id": "017"}, "17"),
        ({"id": "x" * 200}, "x" * 200),
        ({"id": "x" * 201}, None),
        ({"id": ""}, None),
        ({"id": None}, None),
        ({"id": []}, None),
        ({"id": {"id": "call_1"}}, None),
        ({"id": True}, None),
        ({"id": False}, None),
        ({}, None),
        ([], None),
        (None, None),
        ("call_1", None),
    ],
)
def test_ids(body: Any, call_id: str | None) -> None:
    """An id is kept as it is; without a usable one there is no call."""
    call = wire.parse_call(body)

    assert (call.id if call else None) == call_id


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (61.8, 61.8),
        ("61.8", 61.8),
        (-0.5, -0.5),
        (float("nan"), None),
        (float("inf"), None),
        ("NaN", None),
        ("-Infinity", None),
        (10**400, None),
        (1e300, None),
        (True, None),
        ("a minute", None),
        ([1], None),
        (None, None),
    ],
)
def test_numbers(value: Any, number: float | None) -> None:
    """What is no number that a database and a file can hold is left out."""
    call = parse(duration_seconds=value, cost_cents=value, credits_used=value)

    assert (call.duration_seconds, call.cost_cents, call.credits_used) == (number, number, number)


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "now", 17, {}])
def test_times_that_are_none(value: Any) -> None:
    """A time that cannot be told in UTC is left out, and the rest of the call is read."""
    assert parse(started_at=value, status="completed").started_at is None


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [("a\0b", "a\ufffdb"), ("\ud800", "\ufffd"), ("\x1b[31m", "\ufffd[31m"), ("a\r\nb\rc\td", "a\nb\nc\td")],
)
def test_text_is_cleaned(text: str, cleaned: str) -> None:
    """Control characters and lone surrogates reach neither a file, nor a database, nor a terminal."""
    call = parse(
        outcome=text, ai_summary=text, end_reason=text, messages=[{"role": "agent", text: [{"x": text}]}]
    )

    assert (call.outcome, call.summary, call.end_reason) == (cleaned, cleaned, cleaned)
    assert call.messages == ({"role": "agent", cleaned: [{"x": cleaned}]},)
    assert wire.clean_text(cleaned) == cleaned


@pytest.mark.parametrize(
    ("values", "has_analysis"),
    [
        ({}, None),
        ({"analysis": {}}, False),
        ({"analysis": {"outcome": None, "summary": ""}}, False),
        ({"analysis": None, "outcome": None}, False),
        ({"outcome": "Voicemail"}, True),
        ({"analysis": {"summary": "Short."}}, True),
        ({"analysis": "soon"}, None),
    ],
)
def test_whether_the_analysis_is_in(values: dict[str, Any], has_analysis: bool | None) -> None:
    """An API without analysis is told from one whose analysis is not there yet."""
    assert parse(**values).has_analysis is has_analysis


def test_the_body_of_a_request() -> None:
    """A create-call request says agent, numbers, variables and metadata, and nothing else."""
    request = CallRequest("agt", E164("+14155550123"), "+14155550100", {"name": "Dana"}, {"key": "t"})

    assert wire.create_body(request) == {
        "agent_id": "agt",
        "to_number": "+14155550123",
        "from_number": "+14155550100",
        "variables": {"name": "Dana"},
        "metadata": {"key": "t"},
    }


def test_what_is_set_for_a_call_is_sent_with_it() -> None:
    """Webhook and overrides are said where the campaign file has them."""
    request = CallRequest(
        "agt",
        E164("+14155550123"),
        "+14155550100",
        {},
        {},
        webhook_url="https://crm.example/calls",
        overrides={"tts": {"speed": 1.1}},
    )
    body = wire.create_body(request)
    assert body["webhook_url"] == "https://crm.example/calls"
    assert body["overrides"] == {"tts": {"speed": 1.1}}
