"""Outcomes on the wire: the labels that an account knows. The first generation of the API has none."""

from typing import Any

from campaign.models import OutcomeLabel, plain
from campaign.oneinbox.wire import flag_or_none, text_or_none

OUTCOMES = "/v1/workspace/call-outcomes"


def parse_outcomes(body: Any) -> tuple[OutcomeLabel, ...] | None:
    """Read the labels, the built-in ones first; None when the reply has none of either kind's list."""
    if not isinstance(body, dict):
        return None
    built_in, own = body.get("builtin"), body.get("items")
    if not isinstance(built_in, list) and not isinstance(own, list):
        return None
    labels = [text_or_none(each) for each in built_in or ()] if isinstance(built_in, list) else []
    found = [OutcomeLabel(label, plain(label)) for label in labels if label]
    found += [label for label in map(_own, own if isinstance(own, list) else ()) if label is not None]
    return tuple(found)


def outcome_body(name: str) -> dict[str, Any]:
    """The JSON body that gives a call another label."""
    return {"outcome": name}


def _own(body: Any) -> OutcomeLabel | None:
    if not isinstance(body, dict):
        return None
    name, label = text_or_none(body.get("name")), text_or_none(body.get("label"))
    if not name and not label:
        return None
    return OutcomeLabel(
        label=label or str(name),
        name=name or plain(label),
        is_own=True,
        is_active=flag_or_none(body.get("is_active")) is not False,
        description=text_or_none(body.get("description")),
    )
