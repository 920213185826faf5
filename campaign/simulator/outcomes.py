"""The endpoints of outcomes: the workspace's own labels, and the label of one call set by hand."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from campaign.simulator.answers import (
    Account,
    Refusal,
    Struck,
    endpoint,
    named,
    new_id,
    now_stamp,
    read_object,
    text_of,
)
from campaign.simulator.provider import SimulatedCall

BUILT_IN = ("Appointment Booked", "Not Interested", "Not Connected", "Voicemail", "Interested")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST_LABEL, _LONGEST_NAME, _LONGEST_TEXT = 100, 40, 500


@dataclass(slots=True)
class Outcome:
    """One label of the workspace's own."""

    id: str
    name: str
    label: str
    description: str | None
    created_at: str
    updated_at: str
    is_active: bool = True

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "is_active": self.is_active,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


@dataclass(slots=True)
class Outcomes:
    """The outcomes of one account. The first generation of the API has none."""

    account: Account
    find_call: Callable[[Request], SimulatedCall]
    """The call that a path names. Raises Refusal."""
    show_call: Callable[[SimulatedCall], dict[str, Any]]
    own: dict[str, Outcome] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """Where they answer."""
        account = self.account
        if account.generation == "v1":
            return []
        path = "/v1/workspace/call-outcomes"
        return [
            Route(path, endpoint(account, "outcomes", self._list), methods=["GET"]),
            Route(path, endpoint(account, "outcomes", self._add, status=201), methods=["POST"]),
            Route(path + "/{outcome_id}", endpoint(account, "outcomes", self._change), methods=["PATCH"]),
            Route("/v1/calls/{call_id}", endpoint(account, "outcomes", self._set), methods=["PATCH"]),
        ]

    async def _list(self, _request: Request, _struck: Struck) -> Any:
        items = [outcome.shown() for outcome in self.own.values()]
        return {"builtin": list(BUILT_IN), "items": items, "total": len(items)}

    async def _add(self, request: Request, _struck: Struck) -> Any:
        body = await read_object(request)
        label = str(text_of(body, "label", longest=_LONGEST_LABEL))
        name = text_of(body, "name", is_required=False, longest=_LONGEST_NAME) or _name_of(label)
        description = text_of(body, "description", is_required=False, longest=_LONGEST_TEXT)
        if not _NAME.fullmatch(name):
            raise Refusal(422, "string_pattern_mismatch", "lower case letters, digits and _", field="name")
        if name in self._labels():
            raise Refusal(409, "conflict", "There is an outcome of this name")
        now = now_stamp()
        outcome_id = new_id(self.account, "cou", len(self.own) + 1)
        outcome = Outcome(outcome_id, name, label, description, created_at=now, updated_at=now)
        self.own[outcome.id] = outcome
        return outcome.shown()

    async def _change(self, request: Request, _struck: Struck) -> Any:
        outcome = named(self.own, request, "outcome_id", "Outcome")
        body = await read_object(request)
        label = text_of(body, "label", is_required=False, longest=_LONGEST_LABEL)
        description = text_of(body, "description", is_required=False, longest=_LONGEST_TEXT)
        is_active = body.get("is_active")
        if is_active is not None and not isinstance(is_active, bool):
            raise Refusal(422, "bool_type", "Input should be a valid boolean", field="is_active")
        outcome.label = label or outcome.label
        outcome.description = description or outcome.description
        outcome.is_active = outcome.is_active if is_active is None else is_active
        outcome.updated_at = now_stamp()
        return outcome.shown()

    async def _set(self, request: Request, _struck: Struck) -> Any:
        call, body = self.find_call(request), await read_object(request)
        name = str(text_of(body, "outcome", longest=_LONGEST_LABEL))
        label = self._labels().get(name)
        if label is None:
            raise Refusal(422, "enum", "Input should be a known outcome, in lower case", field="outcome")
        call.outcome = label
        return self.show_call(call)

    def _labels(self) -> dict[str, str]:
        """What may be set, by the name under which it is set."""
        own = {outcome.name: outcome.label for outcome in self.own.values() if outcome.is_active}
        return {_name_of(label): label for label in BUILT_IN} | own


def _name_of(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:_LONGEST_NAME]
