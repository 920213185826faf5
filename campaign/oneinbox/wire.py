"""The wire format: JSON of any generation in, our own types out.

Documented generations disagree on types and names; this reads all of them, keeps unknown statuses as they
are, and treats ids as opaque. Text from outside is cleaned here, so that no transcript can break a file or
a database later.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from campaign.logs import redact
from campaign.models import Agent, Call, CallRequest, plain

# As the vendor's own dashboard has it; everything else is live unless it has an end time.
ENDED_STATUSES = frozenset({"completed", "failed", "no_answer", "busy", "canceled", "cancelled"})

_SPOKEN_ROLES = {"assistant": "agent", "bot": "agent", "human": "user", "customer": "user"}
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
MAX_ID_LENGTH = 200
_READ_CHARACTERS = 10_000
_SHOWN_CHARACTERS = 200
"""Of an error text."""


def clean_text(text: str) -> str:
    """The text without characters that no file format, database or terminal can be trusted with."""
    return _UNSAFE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def text_or_none(value: object) -> str | None:
    """The text without unsafe characters; None for what is no text, and for an empty one."""
    if value is None or isinstance(value, bool | dict | list):
        return None
    return clean_text(str(value)) or None


def _id_or_none(value: object) -> str | None:
    """The id as it was given. One that would have to be cleaned could never be asked for again."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    is_usable = 0 < len(text) <= MAX_ID_LENGTH and text.isprintable() and not text.isspace()
    return text if is_usable else None


def _number_or_none(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 1e12 else None


def _time_or_none(value: object) -> datetime | None:
    """ISO 8601, with or without fraction and offset; a time without offset is UTC, as every sample is."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def flag_or_none(value: object) -> bool | None:
    """True or false; None for anything else."""
    return value if isinstance(value, bool) else None


def _object_or_empty(value: object) -> dict[str, Any]:
    return {clean_text(str(key)): item for key, item in value.items()} if isinstance(value, dict) else {}


def _list_or_empty(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


Id = Annotated[str | None, BeforeValidator(_id_or_none)]
Text = Annotated[str | None, BeforeValidator(text_or_none)]
Number = Annotated[float | None, BeforeValidator(_number_or_none)]
Moment = Annotated[datetime | None, BeforeValidator(_time_or_none)]
Flag = Annotated[bool | None, BeforeValidator(flag_or_none)]
Object = Annotated[dict[str, Any], BeforeValidator(_object_or_empty)]
Items = Annotated[list[Any], BeforeValidator(_list_or_empty)]


class WireCall(BaseModel):
    """A call object of any generation. Nothing but the id is required, and no value can make it fail."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    id: Id = None
    call_id: Id = None
    status: Text = None
    agent_id: Text = None
    to_number: Text = None
    from_number: Text = None
    type: Text = None
    direction: Text = None
    created_at: Moment = None
    started_at: Moment = None
    ended_at: Moment = None
    duration_seconds: Number = None
    end_reason: Text = None
    outcome: Text = None
    ai_summary: Text = None
    analysis: dict[str, Any] | None = None
    messages: Items = []
    transcript: Any = None
    recording_url: Text = None
    cost_cents: Number = None
    credits_used: Number = None
    metadata: Object = {}

    def to_call(self) -> Call | None:
        """Our own type; None when there is no usable id."""
        # `id` is what every generation documents; `call_id` stands in one sample text only.
        call_id = self.id or self.call_id
        if call_id is None:
            return None
        turns = self.messages or _list_or_empty(self.transcript)
        messages = tuple(_message(turn) for turn in turns)
        spoken = _spoken(messages) or (
            clean_text(self.transcript) if isinstance(self.transcript, str) else ""
        )
        analysis = self.analysis or {}
        outcome = self.outcome or text_or_none(analysis.get("outcome"))
        summary = self.ai_summary or text_or_none(analysis.get("summary"))
        knows_analysis = self.analysis is not None or bool({"outcome", "ai_summary"} & self.model_fields_set)
        status = self.status or ""
        return Call(
            id=call_id,
            status=status,
            has_ended=plain(status) in ENDED_STATUSES or self.ended_at is not None,
            to_number=self.to_number,
            from_number=self.from_number,
            is_incoming="inbound" in (plain(self.type), plain(self.direction)),
            agent_id=self.agent_id,
            created_at=self.created_at,
            started_at=self.started_at,
            ended_at=self.ended_at,
            duration_seconds=self.duration_seconds,
            end_reason=self.end_reason,
            outcome=outcome,
            summary=summary,
            messages=messages,
            transcript=spoken,
            recording_url=self.recording_url,
            cost_cents=self.cost_cents,
            credits_used=self.credits_used,
            metadata=self.metadata,
            analysis=analysis,
            has_analysis=bool(outcome or summary) if knows_analysis else None,
        )


def parse_call(body: Any) -> Call | None:
    """Read one call object; None when it has no usable id."""
    if not isinstance(body, dict):
        return None
    if not isinstance(body.get("analysis"), dict):
        body = {**body, "analysis": None}
    try:
        return WireCall.model_validate(body).to_call()
    except (ValidationError, RecursionError):
        return None


def parse_agent(body: Any) -> Agent | None:
    """Read one agent object of any generation; None when it has no usable id."""
    if not isinstance(body, dict):
        return None
    agent_id = text_or_none(body.get("id"))
    if not agent_id or len(agent_id) > MAX_ID_LENGTH:
        return None
    return Agent(
        id=agent_id,
        name=text_or_none(body.get("name")),
        first_message=text_or_none(body.get("first_message")),
        max_duration_seconds=_number_or_none(body.get("max_duration_seconds")),
        voicemail_detection=flag_or_none(body.get("voicemail_detection")),
        enable_recording=flag_or_none(body.get("enable_recording")),
    )


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list, in whichever envelope it came."""

    calls: tuple[Call, ...]
    total: int | None = None
    next_cursor: str | None = None
    has_more: bool | None = None
    """None when the envelope does not say."""


def entries(body: Any, *names: str) -> list[Any] | None:
    """The entries of a bare array, or of an object with `items`, `data` or one of these names; else None."""
    if isinstance(body, list):
        return body
    envelope: Mapping[str, Any] = body if isinstance(body, dict) else {}
    keys = ("items", *names, "data")
    return next((envelope[key] for key in keys if isinstance(envelope.get(key), list)), None)


def parse_list(body: Any) -> ListPage | None:
    """Read a bare array, or an object with `items`, `calls` or `data`; None when it is neither."""
    envelope: Mapping[str, Any] = body if isinstance(body, dict) else {}
    items = entries(body, "calls")
    if items is None:
        return None
    calls = tuple(call for call in map(parse_call, items) if call is not None)
    total = envelope.get("total")
    has_more = envelope.get("has_more")
    return ListPage(
        calls,
        total=total if isinstance(total, int) and not isinstance(total, bool) else None,
        next_cursor=text_or_none(envelope.get("next_cursor")),
        has_more=has_more if isinstance(has_more, bool) else None,
    )


def create_body(request: CallRequest) -> dict[str, Any]:
    """The JSON body of a create-call request. Values of variables are strings in every generation."""
    body: dict[str, Any] = {
        "agent_id": request.agent_id,
        "to_number": str(request.to_number),
        "from_number": request.from_number,
        "variables": dict(request.variables),
        "metadata": dict(request.metadata),
    }
    # Not every generation knows these; one that does not may refuse a null as well.
    if request.webhook_url is not None:
        body["webhook_url"] = request.webhook_url
    if request.overrides:
        body["overrides"] = dict(request.overrides)
    return body


def error_text(body: Any, reason: str) -> str:
    """The message of an error reply in any documented form: one short line without numbers or keys."""
    text = ""
    if isinstance(body, dict):
        detail = body.get("detail")
        if isinstance(detail, list):
            text = "; ".join(_detail_text(part) for part in detail[:3])
        elif isinstance(detail, dict):
            text = _shown(detail.get("message") or detail.get("msg") or detail.get("code") or "")
        else:
            text = _shown(detail or body.get("message") or body.get("error") or "")
    # Cut last: of a key that was cut in two, nobody would know the first half.
    return redact(" ".join(clean_text((text or reason)[:_READ_CHARACTERS]).split()))[:_SHOWN_CHARACTERS]


def error_fields(body: Any) -> set[str]:
    """Which fields of the request an error reply complains of, as far as it says."""
    fields: set[str] = set()
    if isinstance(body, dict) and isinstance(body.get("detail"), list):
        for part in body["detail"]:
            location = part.get("loc") if isinstance(part, dict) else None
            fields.update(_shown(step) for step in _list_or_empty(location))
    return fields


def _detail_text(part: object) -> str:
    if not isinstance(part, dict):
        return _shown(part)
    where = ".".join(_shown(step) for step in _list_or_empty(part.get("loc")) if step != "body")
    message = _shown(part.get("msg") or part.get("message") or "")
    return f"{where}: {message}" if where else message


def _message(turn: object) -> dict[str, Any]:
    if not isinstance(turn, dict):
        return {"role": "unknown", "content": clean_text(_shown(turn))}
    return {clean_text(str(key)): _cleaned(value) for key, value in turn.items()}


def _cleaned(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if depth < 10 and isinstance(value, dict):
        return {clean_text(str(key)): _cleaned(item, depth + 1) for key, item in value.items()}
    if depth < 10 and isinstance(value, list):
        return [_cleaned(item, depth + 1) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    return clean_text(_shown(value))


def _shown(value: object) -> str:
    """As text, however deep it is nested."""
    try:
        return str(value)
    except RecursionError:
        return "(nested too deep)"


def _spoken(messages: tuple[Mapping[str, Any], ...]) -> str:
    """What was said, a line per turn. Tool calls are not speech."""
    lines = []
    for message in messages:
        role = plain(str(message.get("role") or "unknown"))
        content = message.get("content")
        if role in ("tool_call", "tool_result", "system") or not isinstance(content, str) or not content:
            continue
        lines.append(f"{_SPOKEN_ROLES.get(role, role)}: {content}")
    return "\n".join(lines)
