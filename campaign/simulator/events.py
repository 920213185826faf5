"""The events of a call, as webhooks are told of them: which there are, when, and what they say. No I/O.

The documentation leaves open whether a call that was never answered ends with `call.ended`. Here it fails,
where the generation has an event for that.
"""

from collections.abc import Mapping
from typing import Any

from campaign.simulator import wire
from campaign.simulator.provider import Provider, SimulatedCall

STARTED, ENDED, FAILED = "call.started", "call.ended", "call.failed"
ANALYZED, TRANSCRIPT = "call.analyzed", "transcript.final"
RECORDED = "call.recording.available"

EVENTS: Mapping[str, tuple[str, ...]] = {
    "v1": (STARTED, ENDED, TRANSCRIPT),
    "v2": (STARTED, ENDED, ANALYZED, FAILED, RECORDED, "transcript.partial", TRANSCRIPT),
    "v3": (STARTED, ENDED, FAILED, RECORDED, "transcript.partial", TRANSCRIPT),
}
"""What may be asked for, by generation. Nothing is told in parts."""


def course(call: SimulatedCall, generation: str) -> tuple[tuple[float, str], ...]:
    """When each event of a call comes, in the provider's seconds, as far as one can tell by now."""
    connects = call.conversation.connects_after_s
    ends, results = call.ends_at(), call.results_at()
    if connects is None:
        events: tuple[tuple[float, str], ...] = (
            (ends, FAILED if FAILED in EVENTS[generation] else ENDED),
            (results, ANALYZED),
        )
    else:
        events = (
            (call.placed_at + connects, STARTED),
            (ends, ENDED),
            (results, TRANSCRIPT),
            (results, ANALYZED),
        )
    recorded_at = call.recorded_at()
    if recorded_at is not None:
        events = (*events, (recorded_at, RECORDED))
    return tuple((at, name) for at, name in events if name in EVENTS[generation])


def payload(provider: Provider, call: SimulatedCall, name: str, at: float, generation: str) -> dict[str, Any]:
    """What one event says: a flat object, without the metadata of the call."""
    shown = wire.call_object(provider, call, generation)
    told: dict[str, Any] = {
        "event": name,
        "call_id": call.id,
        "agent_id": call.agent_id,
        "to_number": call.to_number,
        "from_number": call.from_number,
        "created_at": wire.stamp(provider.clock_time(at)),
    }
    if name == STARTED:
        return told
    told |= {"status": shown["status"], "duration_seconds": shown.get("duration_seconds")}
    if name == FAILED:
        told["end_reason"] = shown["end_reason"]
    if name in (ENDED, ANALYZED) and generation != "v1":
        # The prose has them in `call.ended` already, before GET shows them.
        told |= {"outcome": call.conversation.outcome, "summary": call.conversation.summary}
    if name == TRANSCRIPT:
        told["messages"] = shown.get("messages") or shown["transcript"]
    return told
