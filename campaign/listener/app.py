"""The listener as a web application (ASGI): one path takes events, everything else is turned away unread."""

import asyncio
import hmac
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic

from starlette.types import Message, Receive, Scope, Send

from campaign.listener import signature
from campaign.listener.intake import Intake
from campaign.oneinbox.events import Malformed, parse_event

PATH = "/events/"
MOST_BYTES = 256 * 1024
"""Of one event. A long conversation has a tenth of that."""
BODY_S = 10.0
"""An event has to be here so soon after its request began."""


class _TurnedAway(Exception):
    def __init__(self, status: HTTPStatus, counter: str) -> None:
        super().__init__(status.phrase)
        self.status = status
        self.counter = counter


class Listener:
    """Takes events. Replies have no body: whoever asks in the wrong way learns nothing from them."""

    def __init__(
        self,
        intake: Intake,
        *,
        token: str,
        secret: str | None = None,
        header: str = signature.HEADER,
        most_bytes: int = MOST_BYTES,
        body_s: float = BODY_S,
        now: Callable[[], float] = monotonic,
    ) -> None:
        """Prepare.

        Args:
            intake: Where events go.
            token: The part of the path that nobody can guess.
            secret: Events have to be signed with it; None takes unsigned ones.
            header: Where the signature is.
            most_bytes: Of one event.
            body_s: For one event to come in.
            now: Seconds of a clock that does not go back.
        """
        self._intake = intake
        self._path = f"{PATH}{token}".encode()
        self._secret = secret
        self._header = header.lower().encode()
        self._most_bytes = most_bytes
        self._body_s = body_s
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Each connection serves for one: none is held open for a next."""
        try:
            status = await self._take(scope, receive)
        except _TurnedAway as turned_away:
            status = turned_away.status
            counts = self._intake.counts
            setattr(counts, turned_away.counter, getattr(counts, turned_away.counter) + 1)
        headers = [(b"content-length", b"0"), (b"connection", b"close")]
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append((b"allow", b"POST"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _take(self, scope: Scope, receive: Receive) -> HTTPStatus:
        # The raw path: what was percent-encoded is another path.
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        if not hmac.compare_digest(path.partition(b"?")[0], self._path):
            raise _TurnedAway(HTTPStatus.NOT_FOUND, "elsewhere")
        if scope["method"] != "POST":
            raise _TurnedAway(HTTPStatus.METHOD_NOT_ALLOWED, "elsewhere")
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._most_bytes:
            raise _TurnedAway(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
        try:
            async with asyncio.timeout(self._body_s):
                body = await self._read(receive)
        except TimeoutError:
            raise _TurnedAway(HTTPStatus.REQUEST_TIMEOUT, "too_slow") from None
        if self._secret is not None:
            given = headers.get(self._header, b"").decode("latin-1")
            if not signature.is_right(self._secret, given, body):
                raise _TurnedAway(HTTPStatus.UNAUTHORIZED, "unsigned")
        try:
            event = parse_event(body)
        except Malformed:
            raise _TurnedAway(HTTPStatus.BAD_REQUEST, "malformed") from None
        is_taken = self._intake.take(event, self._now())
        return HTTPStatus.NO_CONTENT if is_taken else HTTPStatus.SERVICE_UNAVAILABLE

    async def _read(self, receive: Receive) -> bytes:
        """The body, unless it is too large: then the rest stays unread."""
        body = bytearray()
        while True:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                raise _TurnedAway(HTTPStatus.BAD_REQUEST, "malformed")
            body += message.get("body", b"")
            if len(body) > self._most_bytes:
                raise _TurnedAway(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
            if not message.get("more_body", False):
                return bytes(body)
