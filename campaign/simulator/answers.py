"""How the simulator answers: the key is looked at, faults strike, and errors have the words of a generation.

An endpoint says what it does and what it refuses; everything else about its replies is here.
"""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaign.simulator import wire
from campaign.simulator.faults import FaultPlan

CLOSE_CONNECTION = "campaign.close_connection"
"""Name of the scope extension by which a server lets the simulator close a connection without a reply."""

T = TypeVar("T")

Struck = dict[str, str | None]
"""The faults that strike one request, with their values."""


class ReplyLostError(Exception):
    """In process there is no connection to close: the caller gets this in place of a reply."""


class Account(Protocol):
    """What every answer depends on. It may be changed at any time."""

    generation: str
    envelope: str
    api_key: str
    faults: FaultPlan


@dataclass(eq=False)
class Refusal(Exception):
    """A request that is not acted on."""

    status: int
    code: str
    message: str
    field: str | None = None
    """What of the request it complains of."""
    with_code: bool = False
    """Whether the newest generation tells the code, too."""


Act = Callable[[Request, Struck], Awaitable[Any]]
"""Does what an endpoint does, and gives the body of the reply; None is a reply without one."""


def endpoint(
    account: Account, name: str, act: Act, *, status: int = 200
) -> Callable[[Request], Awaitable[Response]]:
    """The handler of one endpoint.

    Args:
        account: Whose.
        name: By which faults find it.
        act: What it does. Raises Refusal when it does nothing.
        status: Of the reply when it was done.
    """

    async def handle(request: Request) -> Response:
        struck = account.faults.strike(name)
        if refused := denied(account, request) or early(account, struck):
            return refused
        if "drop" in struck:
            return NoReply()
        try:
            body = await act(request, struck)
        except Refusal as refusal:
            return refuse(account, refusal)
        return await late(account, struck, body, status=204 if body is None else status)

    return handle


def denied(account: Account, request: Request) -> Response | None:
    """The reply to a wrong key."""
    if request.headers.get("authorization") == f"Bearer {account.api_key}":
        return None
    return error(account, 401, "unauthorized", "Invalid API key")


def refuse(account: Account, refusal: Refusal) -> Response:
    """The reply to what is not acted on."""
    body = wire.error_object(
        account.generation,
        refusal.code,
        refusal.message,
        field=refusal.field,
        with_code=refusal.with_code,
    )
    return JSONResponse(body, refusal.status)


def error(account: Account, status: int, code: str, message: str, *, field: str | None = None) -> Response:
    """An error in the words of the account's generation."""
    return refuse(account, Refusal(status, code, message, field))


def early(account: Account, struck: Struck) -> Response | None:
    """Replies that are given without acting."""
    if "throttle" in struck:
        return JSONResponse(
            wire.error_object(account.generation, "rate_limited", "Too many requests"),
            429,
            headers=_retry_after(struck["throttle"]),
        )
    if "status" in struck:
        return error(account, int(struck["status"] or 503), "fault", "Service unavailable")
    return None


async def late(account: Account, struck: Struck, body: Any, *, status: int = 200) -> Response:
    """Replies that are given, or lost, after acting."""
    if "lose_reply" in struck or "drop" in struck:
        return NoReply()
    if "stall" in struck:
        await asyncio.sleep(float(struck["stall"] or 3600))
    if "cut" in struck:
        return HalfReply(json.dumps(body).encode(), 201)
    if "act_then_status" in struck:
        return error(account, int(struck["act_then_status"] or 502), "fault", "Bad gateway")
    if "garble" in struck:
        return PlainTextResponse("<html>It works!</html>", 200 if status == 204 else status)
    if "no_id" in struck:
        return JSONResponse({"status": "initiated"}, 200 if status == 204 else status)
    return Response(status_code=status) if body is None else JSONResponse(body, status)


async def read_object(request: Request) -> dict[str, Any]:
    """The body of a request. Raises Refusal when it is no JSON object."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(422, "model_attributes_type", "Input should be a valid object", field="body")
    return body


def text_of(body: dict[str, Any], field: str, *, is_required: bool = True, longest: int = 255) -> str | None:
    """A field with a text; None when it is not there. Raises Refusal where it is required or no such text."""
    value = body.get(field)
    if value is None and not is_required:
        return None
    if value is None or value == "":
        raise Refusal(422, "missing", "Field required", field=field)
    if not isinstance(value, str):
        raise Refusal(422, "string_type", "Input should be a valid string", field=field)
    if len(value) > longest:
        raise Refusal(422, "string_too_long", f"at most {longest} characters", field=field)
    return value


def object_of(body: dict[str, Any], field: str) -> dict[str, Any]:
    """A field with an object, empty when it is not there. Raises Refusal for anything else."""
    value = body.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal(422, "dict_type", "Input should be a valid dictionary", field=field)
    return value


def number_of(text: str | None, *, default: int, most: int = 100) -> int:
    """A number of a query, within its bounds."""
    return min(max(int(text), 0), most) if text and text.isascii() and text.isdigit() else default


def named(known: Mapping[str, T], request: Request, parameter: str, what: str) -> T:
    """What the path of a request names by its id, of all that is known. Raises Refusal when there is none."""
    found = known.get(request.path_params[parameter])
    if found is None:
        raise Refusal(404, "not_found", f"{what} not found")
    return found


def page(account: Account, request: Request, name: str, items: Sequence[Any]) -> Any:
    """A list in the account's envelope. The newest generation pages it, the older ones know no pages.

    Args:
        account: Whose list.
        request: With `limit` and `offset`.
        name: What the items are called, where the envelope is named after them.
        items: All of them.
    """
    more: dict[str, Any] = {}
    if account.generation == "v3":
        limit = number_of(request.query_params.get("limit"), default=20)
        offset = number_of(request.query_params.get("offset"), default=0, most=10**9)
        more = {"total": len(items), "limit": limit, "offset": offset}
        items = items[offset : offset + limit]
    if account.envelope == "array":
        return list(items)
    return {name if account.envelope == "calls" else account.envelope: list(items), **more}


def new_id(account: Account, prefix: str, nth: int) -> str:
    """The id of something new, as the account's generation writes them."""
    return str(uuid.uuid4()) if account.generation == "v3" else f"{prefix}_{nth:06d}"


def now_stamp() -> str:
    """The time, as the API writes it."""
    return wire.stamp(datetime.now(UTC))


class Dated:
    """Around an application: every reply has the `Date` of a clock that may be wrong."""

    def __init__(self, app: ASGIApp, ahead_s: Callable[[], float]) -> None:
        self._app = app
        self._ahead_s = ahead_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = datetime.now(UTC) + timedelta(seconds=self._ahead_s())
                date = (b"date", format_datetime(now, usegmt=True).encode())
                message = {**message, "headers": [*message.get("headers", ()), date]}
            await send(message)

        await self._app(scope, receive, send_dated)


class NoReply(Response):
    """Closes the connection without a byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        close: Callable[[], Awaitable[None]] | None = scope.get("extensions", {}).get(CLOSE_CONNECTION)
        if close is None:
            raise ReplyLostError
        await close()


class HalfReply(Response):
    """Announces a whole body, sends half of it, and closes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        close: Callable[[], Awaitable[None]] | None = scope.get("extensions", {}).get(CLOSE_CONNECTION)
        if close is None:
            raise ReplyLostError
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await close()


def _retry_after(value: str | None) -> dict[str, str]:
    if value is None:
        return {}
    if value.startswith("date:"):
        until = datetime.now(UTC) + timedelta(seconds=float(value.removeprefix("date:")))
        return {"Retry-After": format_datetime(until, usegmt=True)}
    return {"Retry-After": value}
