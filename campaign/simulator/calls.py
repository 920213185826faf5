"""The endpoints of calls: they are placed, looked at, listed, stopped, and given an outcome."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from campaign.simulator import recordings, wire
from campaign.simulator.answers import (
    Account,
    NoReply,
    Refusal,
    Struck,
    denied,
    early,
    endpoint,
    error,
    late,
    named,
    number_of,
    object_of,
    refuse,
    text_of,
)
from campaign.simulator.faults import COUNTRY_REFUSED, SETUP_REFUSED, country_refused
from campaign.simulator.provider import Provider, SimulatedCall

_E164 = re.compile(r"\+[1-9]\d{1,14}")


class CallsAccount(Account, Protocol):
    """What calls depend on."""

    provider: Provider
    agents: frozenset[str] | None
    has_cursor: bool
    slim_lists: bool
    quota: int | None
    records: bool


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one account."""

    account: CallsAccount
    refused_from: Callable[[str], str | None]
    """Why no call may be made from a number."""
    placed: Callable[[SimulatedCall], None]
    """Is told of every call."""

    def routes(self) -> list[Route]:
        """Where they answer."""
        account = self.account
        routes = [
            Route("/v1/calls", self._create, methods=["POST"]),
            Route("/v1/calls", endpoint(account, "list", self._list), methods=["GET"]),
            Route("/v1/calls/{call_id}", endpoint(account, "get", self._get), methods=["GET"]),
            Route("/v1/calls/{call_id}/stop", endpoint(account, "stop", self._stop), methods=["POST"]),
        ]
        if account.generation == "v3" and account.has_cursor:
            cursor = endpoint(account, "list", self._cursor)
            routes.insert(1, Route("/v1/calls/cursor", cursor, methods=["GET"]))
        return routes

    async def _create(self, request: Request) -> Response:
        account = self.account
        if refused := denied(account, request):
            return refused
        try:
            body = json.loads(await request.body())
            number = str(body["to_number"])
        except (ValueError, KeyError, TypeError):
            return error(account, 422, "missing", "Field required", field="to_number")
        struck = account.faults.strike("create", number)
        if refused := early(account, struck):
            return refused
        try:
            self._check(body, struck)
        except Refusal as refusal:
            return refuse(account, refusal)
        if "drop" in struck:
            return NoReply()
        store = f"{request.base_url}{recordings.PATH}" if account.records else None
        calls = [self._place(body, store) for _ in range(2 if "duplicate" in struck else 1)]
        for call in calls:
            account.provider.suffer(call, struck)
        shown = wire.created_object(account.provider, calls[0], account.generation)
        return await late(account, struck, shown, status=201)

    def _place(self, body: dict[str, Any], store: str | None) -> SimulatedCall:
        account = self.account
        short_id = f"call_{len(account.provider.calls) + 1:06d}"
        call = account.provider.place(
            agent_id=str(body["agent_id"]),
            to_number=str(body["to_number"]),
            from_number=str(body["from_number"]),
            variables=body.get("variables") or {},
            # The older generations document no metadata for telephone calls, and keep none.
            metadata=(body.get("metadata") or {}) if account.generation == "v3" else {},
            call_id=None if account.generation == "v3" else short_id,
            webhook_url=body.get("webhook_url"),
            # As any unknown field, the older generations leave it aside.
            overrides=(body.get("overrides") or {}) if account.generation == "v3" else {},
        )
        call.recorded_by = store
        self.placed(call)
        return call

    def _check(self, body: dict[str, Any], struck: Struck) -> None:
        """Raise Refusal when nobody is called."""
        account, number = self.account, str(body["to_number"])
        if not _E164.fullmatch(number) or "refuse" in struck:
            raise Refusal(422, "string_pattern_mismatch", "not a callable number", field="to_number")
        if country_refused(number, struck):
            raise Refusal(400, "geo_permission", COUNTRY_REFUSED)
        if "refuse_setup" in struck:
            raise Refusal(400, "set_up", SETUP_REFUSED[struck["refuse_setup"] or "carrier"])
        for key in ("agent_id", "from_number"):
            if not body.get(key):
                raise Refusal(422, "missing", "Field required", field=key)
        variables = object_of(body, "variables")
        if account.generation == "v1" and not all(isinstance(value, str) for value in variables.values()):
            raise Refusal(422, "string_type", "Input should be a valid string", field="variables")
        text_of(body, "webhook_url", is_required=False, longest=2083)
        if account.generation == "v3":
            text_of(object_of(body, "overrides"), "first_message", is_required=False, longest=10_000)
        if account.agents is not None and body["agent_id"] not in account.agents:
            raise Refusal(404, "not_found", "Agent not found")
        if reason := self.refused_from(str(body["from_number"])):
            raise Refusal(400, "set_up", reason)
        if account.quota is not None and len(account.provider.dials) >= account.quota:
            raise Refusal(402, "quota", "Not enough credit")
        if account.provider.is_over_quota():
            raise Refusal(account.provider.over_quota, "quota", "Daily call limit reached")

    def find(self, request: Request) -> SimulatedCall:
        """The call that a path names. Raises Refusal when there is none."""
        return named(self.account.provider.calls, request, "call_id", "Call")

    def shown(self, call: SimulatedCall) -> dict[str, Any]:
        """A call as it is now."""
        return wire.call_object(self.account.provider, call, self.account.generation)

    async def _get(self, request: Request, _struck: Struck) -> Any:
        return self.shown(self.find(request))

    async def _stop(self, request: Request, _struck: Struck) -> Any:
        call = self.find(request)
        self.account.provider.stop(call)
        return self.shown(call)

    async def _list(self, request: Request, _struck: Struck) -> Any:
        account = self.account
        calls, limit = self._asked_for(request)
        asked_offset = number_of(request.query_params.get("offset"), default=0, most=10**9)
        # The first generation knows no offset: whatever is asked, it shows the newest calls.
        offset = 0 if account.generation == "v1" else asked_offset
        page = [self._listed(call) for call in calls[offset : offset + limit]]
        if account.envelope == "array":
            return page
        more = {"total": len(calls), "limit": limit, "offset": offset} if account.generation != "v1" else {}
        return {account.envelope: page, **more}

    def _asked_for(self, request: Request) -> tuple[list[SimulatedCall], int]:
        """The calls that the query selects, the newest first, and how many fit on a page."""
        query = request.query_params
        calls = self.account.provider.listed(query.get("agent_id"), query.get("status"))
        return calls, number_of(query.get("limit"), default=20)

    async def _cursor(self, request: Request, _struck: Struck) -> Any:
        calls, limit = self._asked_for(request)
        if cursor := request.query_params.get("cursor"):
            ids = [call.id for call in calls]
            calls = calls[ids.index(cursor) + 1 :] if cursor in ids else []
        page, rest = calls[:limit], calls[limit:]
        return {
            "items": [self._listed(call) for call in page],
            "next_cursor": page[-1].id if rest else None,
            "has_more": bool(rest),
            "limit": limit,
        }

    async def dials(self, _request: Request) -> Response:
        """Every real dial, for judges in other processes."""
        return JSONResponse(
            [
                {
                    "sequence": dial.sequence,
                    "at": dial.at,
                    "to_number": dial.to_number,
                    "call_id": dial.call_id,
                }
                for dial in self.account.provider.dials
            ]
        )

    def _listed(self, call: SimulatedCall) -> dict[str, Any]:
        shown = self.shown(call)
        if self.account.slim_lists:
            for key in ("messages", "transcript"):
                shown.pop(key, None)
        return shown
