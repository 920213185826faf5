"""The simulator as a web application (ASGI): the endpoints of OneInbox, and a few of its own for judges."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from campaign.simulator import wire
from campaign.simulator.faults import COUNTRY_REFUSED, SETUP_REFUSED, FaultPlan, country_refused
from campaign.simulator.provider import Provider, SimulatedCall

SIMULATOR_KEY = "oi_sk_simulator"
CLOSE_CONNECTION = "campaign.close_connection"
"""Name of the scope extension by which a server lets the simulator close a connection without a reply."""

_E164 = re.compile(r"\+[1-9]\d{1,14}")


class ReplyLostError(Exception):
    """In process there is no connection to close: the caller gets this in place of a reply."""


@dataclass(slots=True)
class Simulator:
    """One simulated OneInbox account, as the ASGI application `app`."""

    provider: Provider = field(default_factory=Provider)
    faults: FaultPlan = field(default_factory=FaultPlan)
    generation: str = "v3"
    envelope: str = "items"
    has_cursor: bool = True
    api_key: str = SIMULATOR_KEY
    agents: frozenset[str] | None = None
    """The agents that exist; None takes any."""
    first_message: str = "Hello, this is the assistant of your service team."
    """What every agent opens with. Its placeholders, if any, are what a list must supply."""
    first_messages: Mapping[str, str] = field(default_factory=dict)
    """What single agents open with instead."""
    slim_lists: bool = False
    """Whether list items leave out the conversation, as no documentation promises it."""
    quota: int | None = None
    """Calls that the account may make; the next one is answered 402."""
    app: Starlette = field(init=False)

    def __post_init__(self) -> None:
        routes = [
            Route("/v1/calls", self._create, methods=["POST"]),
            Route("/v1/calls", self._list, methods=["GET"]),
            Route("/v1/calls/{call_id}", self._get, methods=["GET"]),
            Route("/v1/calls/{call_id}/stop", self._stop, methods=["POST"]),
            Route("/v1/agents/{agent_id}", self._agent, methods=["GET"]),
            Route("/v1/usage", self._usage, methods=["GET"]),
            Route("/simulator/dials", self._dials, methods=["GET"]),
        ]
        if self.generation == "v3" and self.has_cursor:
            routes.insert(1, Route("/v1/calls/cursor", self._cursor, methods=["GET"]))
        self.app = Starlette(routes=routes)

    async def _create(self, request: Request) -> Response:
        if denied := self._denied(request):
            return denied
        try:
            body = json.loads(await request.body())
            number = str(body["to_number"])
        except (ValueError, KeyError, TypeError):
            return self._error(422, "missing", "Field required", field="to_number")
        struck = self.faults.strike("create", number)
        if early := self._early(struck):
            return early
        if refusal := self._refusal(body, struck):
            return refusal
        if "drop" in struck:
            return _NoReply()
        call = self._place(body)
        call.never_ends = "never_end" in struck
        call.odd_status = struck.get("odd_status")
        if "fail_call" in struck:
            self.provider.fail(call, struck["fail_call"] or "failed")
        if "queue" in struck:
            self.provider.queue(call, float(struck["queue"] or 60))
        if "duplicate" in struck:
            self._place(body)
        return await self._late(struck, wire.created_object(self.provider, call, self.generation), status=201)

    def _place(self, body: dict[str, Any]) -> SimulatedCall:
        return self.provider.place(
            agent_id=str(body["agent_id"]),
            to_number=str(body["to_number"]),
            from_number=str(body["from_number"]),
            variables=body.get("variables") or {},
            metadata=(body.get("metadata") or {}) if self.generation == "v3" else {},
            call_id=f"call_{len(self.provider.calls) + 1:06d}" if self.generation == "v1" else None,
        )

    def _refusal(self, body: dict[str, Any], struck: dict[str, str | None]) -> Response | None:
        if not _E164.fullmatch(str(body["to_number"])) or "refuse" in struck:
            return self._error(422, "string_pattern_mismatch", "not a callable number", field="to_number")
        if country_refused(str(body["to_number"]), struck):
            return self._error(400, "geo_permission", COUNTRY_REFUSED)
        if "refuse_setup" in struck:
            return self._error(400, "set_up", SETUP_REFUSED[struck["refuse_setup"] or "carrier"])
        for key in ("agent_id", "from_number"):
            if not body.get(key):
                return self._error(422, "missing", "Field required", field=key)
        if self.agents is not None and body["agent_id"] not in self.agents:
            return self._error(404, "not_found", "Agent not found")
        if self.quota is not None and len(self.provider.dials) >= self.quota:
            return self._error(402, "quota", "Not enough credit")
        if self.provider.is_over_quota():
            return self._error(self.provider.over_quota, "quota", "Daily call limit reached")
        return None

    async def _get(self, request: Request) -> Response:
        struck = self.faults.strike("get")
        if early := self._denied(request) or self._early(struck):
            return early
        call = self.provider.calls.get(request.path_params["call_id"])
        if call is None:
            return self._error(404, "not_found", "Call not found")
        return await self._late(struck, wire.call_object(self.provider, call, self.generation))

    async def _agent(self, request: Request) -> Response:
        struck = self.faults.strike("agent")
        if early := self._denied(request) or self._early(struck):
            return early
        agent_id = request.path_params["agent_id"]
        if self.agents is not None and agent_id not in self.agents:
            return self._error(404, "not_found", "Agent not found")
        message = self.first_messages.get(agent_id, self.first_message)
        return await self._late(struck, wire.agent_object(agent_id, message, self.generation))

    async def _usage(self, request: Request) -> Response:
        struck = self.faults.strike("usage")
        if early := self._denied(request) or self._early(struck):
            return early
        return await self._late(struck, wire.usage_object(self.provider))

    async def _stop(self, request: Request) -> Response:
        struck = self.faults.strike("stop")
        if early := self._denied(request) or self._early(struck):
            return early
        call = self.provider.calls.get(request.path_params["call_id"])
        if call is None:
            return self._error(404, "not_found", "Call not found")
        self.provider.stop(call)
        return await self._late(struck, wire.call_object(self.provider, call, self.generation))

    async def _list(self, request: Request) -> Response:
        struck = self.faults.strike("list")
        if early := self._denied(request) or self._early(struck):
            return early
        calls, limit = self._asked_for(request)
        asked_offset = _bounded(request.query_params.get("offset"), default=0, most=10**9)
        # The first generation knows no offset: whatever is asked, it shows the newest calls.
        offset = 0 if self.generation == "v1" else asked_offset
        page = [self._shown(call) for call in calls[offset : offset + limit]]
        if self.generation == "v1":
            body: Any = page if self.envelope == "array" else {self.envelope: page}
        else:
            body = {self.envelope: page, "total": len(calls), "limit": limit, "offset": offset}
        return await self._late(struck, body)

    def _asked_for(self, request: Request) -> tuple[list[SimulatedCall], int]:
        """The calls that the query selects, the newest first, and how many fit on a page."""
        query = request.query_params
        calls = self.provider.listed(query.get("agent_id"), query.get("status"))
        return calls, _bounded(query.get("limit"), default=20)

    async def _cursor(self, request: Request) -> Response:
        struck = self.faults.strike("list")
        if early := self._denied(request) or self._early(struck):
            return early
        calls, limit = self._asked_for(request)
        if cursor := request.query_params.get("cursor"):
            ids = [call.id for call in calls]
            calls = calls[ids.index(cursor) + 1 :] if cursor in ids else []
        page, rest = calls[:limit], calls[limit:]
        body = {
            "items": [self._shown(call) for call in page],
            "next_cursor": page[-1].id if rest else None,
            "has_more": bool(rest),
            "limit": limit,
        }
        return await self._late(struck, body)

    async def _dials(self, _request: Request) -> Response:
        return JSONResponse(
            [
                {
                    "sequence": dial.sequence,
                    "at": dial.at,
                    "to_number": dial.to_number,
                    "call_id": dial.call_id,
                }
                for dial in self.provider.dials
            ]
        )

    def _shown(self, call: SimulatedCall) -> dict[str, Any]:
        shown = wire.call_object(self.provider, call, self.generation)
        if self.slim_lists:
            for key in ("messages", "transcript"):
                shown.pop(key, None)
        return shown

    def _denied(self, request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer {self.api_key}":
            return None
        return self._error(401, "unauthorized", "Invalid API key")

    def _error(self, status: int, code: str, message: str, *, field: str | None = None) -> Response:
        return JSONResponse(wire.error_object(self.generation, code, message, field=field), status)

    def _early(self, struck: dict[str, str | None]) -> Response | None:
        """Replies that are given without acting."""
        if "throttle" in struck:
            return JSONResponse(
                wire.error_object(self.generation, "rate_limited", "Too many requests"),
                429,
                headers=_retry_after(struck["throttle"]),
            )
        if "status" in struck:
            return self._error(int(struck["status"] or 503), "fault", "Service unavailable")
        return None

    async def _late(self, struck: dict[str, str | None], body: Any, *, status: int = 200) -> Response:
        """Replies that are given, or lost, after acting."""
        if "lose_reply" in struck or "drop" in struck:
            return _NoReply()
        if "stall" in struck:
            await asyncio.sleep(float(struck["stall"] or 3600))
        if "cut" in struck:
            return _HalfReply(json.dumps(body).encode())
        if "act_then_status" in struck:
            return self._error(int(struck["act_then_status"] or 502), "fault", "Bad gateway")
        if "garble" in struck:
            return PlainTextResponse("<html>It works!</html>", status)
        if "no_id" in struck:
            return JSONResponse({"status": "initiated"}, status)
        return JSONResponse(body, status)


class _NoReply(Response):
    """Closes the connection without a byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        close: Callable[[], Awaitable[None]] | None = scope.get("extensions", {}).get(CLOSE_CONNECTION)
        if close is None:
            raise ReplyLostError
        await close()


class _HalfReply(Response):
    """Announces a whole body, sends half of it, and closes."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body, 201)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        close: Callable[[], Awaitable[None]] | None = scope.get("extensions", {}).get(CLOSE_CONNECTION)
        if close is None:
            raise ReplyLostError
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await close()


def _bounded(text: str | None, *, default: int, most: int = 100) -> int:
    return min(max(int(text), 0), most) if text and text.isascii() and text.isdigit() else default


def _retry_after(value: str | None) -> dict[str, str]:
    if value is None:
        return {}
    if value.startswith("date:"):
        until = datetime.now(UTC) + timedelta(seconds=float(value.removeprefix("date:")))
        return {"Retry-After": format_datetime(until, usegmt=True)}
    return {"Retry-After": value}
