"""What the commands show of a call, for people and for programs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from campaign.cli import output

if TYPE_CHECKING:
    from campaign.ledger.known_calls import Whose
    from campaign.models import Call

RECORDING = "there is one; --recording shows its link, which opens it to anybody for four hours"
_TOLD_APART = ("outcome", "summary")
"""Of the analysis, what is shown on lines of its own."""


def as_data(call: "Call", *, with_recording: bool = False) -> dict[str, Any]:
    """A call without what was said in it. The link to a recording is a secret, so it is asked for."""
    return {
        "id": call.id,
        "status": call.status,
        "has_ended": call.has_ended,
        "agent_id": call.agent_id,
        "from_number": call.from_number,
        "to_number": call.to_number,
        "created_at": _stamp(call.created_at),
        "started_at": _stamp(call.started_at),
        "ended_at": _stamp(call.ended_at),
        "duration_seconds": call.duration_seconds,
        "end_reason": call.end_reason,
        "outcome": call.outcome,
        "summary": call.summary,
        "cost_cents": call.cost_cents,
        "credits_used": call.credits_used,
        "metadata": dict(call.metadata),
        "has_recording": call.recording_url is not None,
        **({"recording_url": call.recording_url} if with_recording else {}),
    }


def as_whole(call: "Call", whose: "Whose | None", *, with_recording: bool) -> dict[str, Any]:
    """A call with everything, and whose it is."""
    return as_data(call, with_recording=with_recording) | {
        "transcript": call.transcript,
        "messages": [dict(message) for message in call.messages],
        "analysis": dict(call.analysis),
        "attempt": {"campaign": whose.campaign, "row": whose.row_number, "number": whose.attempt}
        if whose
        else None,
    }


def lines(call: "Call", whose: "Whose | None" = None, *, with_recording: bool = False) -> list[str]:
    """A call as a person reads it, with what was said last."""
    told = [
        f"{name:12}{output.visible(value)}" for name, value in _facts(call, whose, with_recording) if value
    ]
    return [*told, "", *transcript_lines(call)]


def transcript_lines(call: "Call") -> list[str]:
    """What was said, or why there is nothing to read."""
    if call.transcript:
        return [output.visible(line) for line in call.transcript.split("\n")]
    if not call.has_ended:
        return ["(what is said can be read after the end)"]
    return ["(nothing was said, or it is not in yet)"]


def rows(calls: Iterable["Call"]) -> list[str]:
    """A line for each call of a list."""
    return [
        output.visible(
            "  ".join(
                (
                    _time(call.created_at or call.started_at) or "-",
                    f"{call.status or '-':11}",
                    f"{call.from_number or '-'} to {call.to_number or '-'}",
                    _length(call) or "-",
                    call.outcome or call.end_reason or "-",
                    call.id,
                )
            )
        )
        for call in calls
    ]


def _facts(call: "Call", whose: "Whose | None", with_recording: bool) -> Iterator[tuple[str, str | None]]:
    yield "call", call.id
    yield "status", f"{call.status or 'not told'}{f' ({call.end_reason})' if call.end_reason else ''}"
    yield "campaign", f"{whose.campaign}, row {whose.row_number}, try {whose.attempt}" if whose else None
    yield "agent", call.agent_id
    yield "from", call.from_number
    yield "to", call.to_number
    yield "created", _time(call.created_at)
    yield "started", _time(call.started_at)
    yield "ended", _time(call.ended_at)
    yield "duration", _length(call)
    yield "outcome", call.outcome
    yield "summary", call.summary
    more = {key: value for key, value in call.analysis.items() if key not in _TOLD_APART and value}
    yield "analysis", json.dumps(more, ensure_ascii=False, default=str) if more else None
    yield "cost", _cost(call)
    yield "metadata", _pairs(call.metadata)
    yield "recording", (call.recording_url if with_recording else RECORDING) if call.recording_url else None


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items())


def _cost(call: "Call") -> str:
    parts = (
        f"{call.cost_cents:g} cents" if call.cost_cents is not None else "",
        f"{call.credits_used:g} credits" if call.credits_used is not None else "",
    )
    return ", ".join(filter(None, parts))


def _length(call: "Call") -> str:
    return f"{call.duration_seconds:g} s" if call.duration_seconds is not None else ""


def _time(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment is not None else None


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
