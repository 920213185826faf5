"""Answers: what a hook's output means. Everything but a clear yes or no is a failure of the hook."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

REASON_CHARACTERS = 200


class HookFailed(Exception):
    """The hook gave no answer. The text says in a few words why, and holds nothing that the hook has said."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hook says of one call."""

    may_dial: bool
    reason: str = ""
    """One plain line."""
    not_before: datetime | None = None
    """Of a no: when the row may be dialled at the earliest, in UTC."""
    is_final: bool = False
    """Of a no: whether the row is never to be dialled."""


def read_answer(output: bytes, *, empty_is_yes: bool) -> Answer:
    """The answer in a hook's output.

    Args:
        output: What the command has written, or the body of the reply.
        empty_is_yes: Whether saying nothing is a yes, as it is for a command that has ended well.

    Raises:
        HookFailed: It is not an object in JSON with `dial` as true or false, or it contradicts itself.
    """
    if empty_is_yes and not output.strip():
        return Answer(may_dial=True)
    try:
        content = json.loads(output.decode("utf-8-sig"), object_pairs_hook=_without_contradiction)
    except (ValueError, RecursionError):
        raise HookFailed("its answer is not JSON") from None
    if not isinstance(content, dict):
        raise HookFailed("its answer is not an object in JSON")
    may_dial = content.get("dial")
    if not isinstance(may_dial, bool):
        raise HookFailed("its answer does not say dial: true or false")
    reason = _one_line(_optional(content, "reason", str) or "")
    if may_dial:
        return Answer(may_dial=True, reason=reason)
    return Answer(
        may_dial=False,
        reason=reason,
        not_before=_moment(_optional(content, "not_before", str)),
        is_final=bool(_optional(content, "final", bool)),
    )


def _without_contradiction(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs) and any(members[key] != value for key, value in pairs):
        raise ValueError("two members of one name")
    return members


def _optional(content: dict[str, Any], key: str, kind: type) -> Any:
    value = content.get(key)
    if value is not None and not isinstance(value, kind):
        raise HookFailed(f"its answer has something else than a {_KINDS[kind]} as {key}")
    return value


_KINDS = {str: "text", bool: "true or false"}


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise HookFailed("its answer has a not_before that is not a time with its offset")


def _one_line(text: str) -> str:
    """Without what drives a terminal or breaks a line, and no longer than a cell should be."""
    start = text[: 10 * REASON_CHARACTERS]
    line = " ".join("".join(character if character.isprintable() else " " for character in start).split())
    return line if len(line) <= REASON_CHARACTERS else line[: REASON_CHARACTERS - 1] + "…"
