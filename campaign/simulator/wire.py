"""The three generations of the wire format, written from the vendor's documentation.

`v1` is the first hand-written contract (a transcript list, bare or wrapped lists, no metadata); `v2` the
second (messages beside the list, analysis, a closed set of statuses, no cursors); `v3` is the generated one
(a transcript string, totals and cursors).
"""

from datetime import datetime
from typing import Any

from campaign.simulator import recordings
from campaign.simulator.provider import STOPPED, Provider, SimulatedCall

GENERATIONS = ("v1", "v2", "v3")
ENVELOPES = ("array", "items", "calls", "data")


def call_object(provider: Provider, call: SimulatedCall, generation: str) -> dict[str, Any]:
    """A call as GET shows it now."""
    shapes = {"v1": _v1, "v2": _v2, "v3": _v3}
    return shapes[generation](provider, call)


def created_object(provider: Provider, call: SimulatedCall, generation: str) -> dict[str, Any]:
    """A call as the create-call request answers."""
    shown = call_object(provider, call, generation)
    shown["status"] = "initiated"
    return shown


def agent_object(
    agent_id: str, first_message: str, generation: str, *, records: bool = False
) -> dict[str, Any]:
    """An agent as GET shows it."""
    shown: dict[str, Any] = {
        "id": agent_id,
        "name": "Simulated agent",
        "first_message": first_message,
        "llm_id": "llm_simulated",
        "transcriber": {"model": "simulated", "language": "en"},
        "tts": {"voice_id": "simulated", "model": "simulated"},
        "max_duration_seconds": 600,
        "silence_timeout_seconds": 10,
        "enable_recording": records,
        "webhook_id": None,
    }
    if generation != "v3":
        return shown
    return shown | {
        "voicemail_detection": False,
        "voicemail_message": None,
        "dynamic_variables": {},
        "language": "en",
        "metadata": {},
    }


def usage_object(provider: Provider) -> dict[str, Any]:
    """What the account has used. An account without a daily quota has none to tell."""
    quota, made = provider.daily_quota, provider.made_today
    return {
        "calls_made_today": made,
        "max_calls_per_day": quota,
        "calls_remaining_today": max(quota - made, 0) if quota is not None else None,
        "calls_this_month": len(provider.dials),
        "minutes_used_this_month": 0,
        "cost_cents_this_month": 0,
        "kb_token_budget": 0,
        "period_start": provider.today().replace(day=1).isoformat(),
    }


def error_object(
    generation: str, code: str, message: str, *, field: str | None = None, with_code: bool = False
) -> dict[str, Any]:
    """An error body. No documentation says how a code is told; here it comes with the message."""
    if generation == "v1":
        return {"error": code, "message": f"{field}: {message}" if field else message}
    if field:
        return {"detail": [{"loc": ["body", *field.split(".")], "msg": message, "type": code}]}
    return {"detail": {"code": code, "message": message} if with_code else message}


def _v1(provider: Provider, call: SimulatedCall) -> dict[str, Any]:
    now = provider.now()
    shown: dict[str, Any] = {
        "id": call.id,
        "status": provider.status_of(call),
        "to_number": call.to_number,
        "from_number": call.from_number,
        "created_at": stamp(provider.clock_time(call.placed_at)),
    }
    if call.has_ended(now):
        shown["duration_seconds"] = round(duration_s(call))
        shown["transcript"] = _spoken(call) if call.has_results(now) else []
    return shown


_NOT_IN_V2 = ("room_name", "updated_at")
_V2_STATUSES = frozenset({"queued", "initiated", "in_progress", "completed", "failed"})


def _v2(provider: Provider, call: SimulatedCall) -> dict[str, Any]:
    shown = {key: value for key, value in _v3(provider, call).items() if key not in _NOT_IN_V2}
    # Deprecated already, and still there.
    shown["transcript"] = _spoken(call) if call.has_results(provider.now()) else []
    # This generation documents a closed set: who was not reached is told by the end reason.
    if shown["status"] not in _V2_STATUSES and shown["status"] != call.odd_status:
        shown["status"] = "failed"
    return shown


def _spoken(call: SimulatedCall) -> list[dict[str, Any]]:
    return [
        {"role": message["role"], "content": message["content"]}
        for message in call.conversation.messages
        if message["role"] in ("agent", "user")
    ]


def _v3(provider: Provider, call: SimulatedCall) -> dict[str, Any]:
    now = provider.now()
    ended, results = call.has_ended(now), call.has_results(now)
    conversation = call.conversation
    connected = conversation.connects_after_s
    connected_at = call.placed_at + connected if connected is not None else None
    messages = list(conversation.messages) if results else []
    duration = duration_s(call) if ended else None
    outcome = call.outcome or (conversation.outcome if results else None)
    analysis = {"outcome": outcome, "summary": conversation.summary} if results else {}
    return {
        "id": call.id,
        "agent_id": call.agent_id,
        "type": "outbound",
        "direction": "outbound",
        "status": provider.status_of(call),
        "from_number": call.from_number,
        "to_number": call.to_number,
        "room_name": None,
        "scheduled_at": None,
        "variables": dict(call.variables),
        "started_at": stamp(provider.clock_time(connected_at))
        if connected_at is not None and now >= connected_at
        else None,
        "ended_at": stamp(provider.clock_time(call.ends_at())) if ended else None,
        "duration_seconds": duration,
        "end_reason": _end_reason(call) if ended else None,
        "transcript": "\n".join(
            f"{message['role']}: {message['content']}"
            for message in messages
            if message["role"] in ("agent", "user")
        )
        or None,
        "messages": messages,
        "recording_url": recordings.link(provider, call),
        "analysis": analysis | ({"outcome": outcome} if outcome else {}),
        "outcome": outcome,
        "ai_summary": conversation.summary if results else None,
        "latency": {},
        "cost_cents": round((duration or 0) / 60 * 1.4, 2) if results else None,
        "credits_used": round((duration or 0) / 60, 4) if results else None,
        "metadata": {**call.metadata, "concurrency_at_dispatch": 1},
        "twilio_call_sid": "CA" + call.id.replace("-", "")[:32],
        "created_at": stamp(provider.clock_time(call.placed_at)),
        "updated_at": stamp(provider.clock_time(now)),
    }


def duration_s(call: SimulatedCall) -> float:
    """How long a call that has ended has lasted, as the provider counts it: from the answer on."""
    connects = call.conversation.connects_after_s
    if connects is None:
        return 0.0
    return round(max(call.ends_at() - call.placed_at - connects, 0.0), 1)


def _end_reason(call: SimulatedCall) -> str:
    if call.stopped_at is not None:
        return STOPPED
    if call.failure:
        return call.failure
    return {"answered": "user_hangup", "voicemail": "voicemail_detected"}.get(
        call.conversation.ending, call.conversation.ending
    )


def stamp(moment: datetime) -> str:
    """A time, as the API writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
