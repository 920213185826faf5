"""The client: one verb per endpoint, typed, with one deadline around every request.

Two httpx clients. The one that dials uses the stock transport and a fresh connection per request, since
on a kept-alive connection "the server closed it just now" looks like a lost reply. The one that asks may
keep connections, as a GET can be repeated.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import anyio
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr

from campaign.models import Agent, Call, CallRequest
from campaign.oneinbox import asking, replies, wire
from campaign.oneinbox.asking import CONNECT_TIMEOUT_S, GET_DEADLINE_S
from campaign.oneinbox.errors import NotFound, OutcomeUnknown, Unsupported
from campaign.oneinbox.usage import Usage, parse_usage

CREATE_DEADLINE_S = 60.0
CLOSE_DEADLINE_S = 10.0
PAGE_SIZE = 100
OFFSET_OVERLAP = 10
"""Pages overlap by so many calls, as the list moves while it is paged."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class CallPage:
    """One page of the account's recent calls."""

    calls: tuple[Call, ...]
    is_last: bool
    """Whether the list is known to end here. False also when this API cannot page any further."""


class OneInbox:
    """The OneInbox API for one account. Use it as an async context manager."""

    def __init__(
        self,
        base_url: str,
        api_key: SecretStr,
        *,
        max_connections: int = 50,
        proxy: str | None = None,
        create_deadline_s: float = CREATE_DEADLINE_S,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            base_url: Without the `/v1`.
            api_key: The account's secret key.
            max_connections: Upper bound of connections at a time, for each of the two clients.
            proxy: URL of an HTTP proxy. The environment's proxy settings are not used.
            create_deadline_s: Total time of one create-call request, from the first byte to the last.
            transport: In place of the network, for both clients.
            now: The clock that `Retry-After` dates are measured against.
        """
        self.create_deadline_s = create_deadline_s
        self._now = now
        self._list_has_cursor: bool | None = None
        self._list_has_offset = True
        common = asking.account(base_url, api_key)
        self._dialler = httpx.AsyncClient(
            **common,
            transport=transport
            or httpx.AsyncHTTPTransport(
                limits=httpx.Limits(max_connections=max_connections, max_keepalive_connections=0),
                proxy=proxy,
                trust_env=False,
                retries=0,
            ),
            timeout=httpx.Timeout(create_deadline_s, connect=CONNECT_TIMEOUT_S, pool=CONNECT_TIMEOUT_S),
            follow_redirects=False,
        )
        self._asker = httpx.AsyncClient(
            **common,
            transport=transport
            or AiohttpTransport(
                limits=httpx.Limits(max_connections=max_connections),
                proxy=httpx.Proxy(proxy) if proxy else None,
                trust_env=False,
            ),
            timeout=httpx.Timeout(GET_DEADLINE_S, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,
        )
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self._dialler)
        await self._open.enter_async_context(self._asker)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # What cannot be closed in time ends with the process.
        with anyio.move_on_after(CLOSE_DEADLINE_S):
            await self._open.__aexit__(kind, error, trace)

    async def create_call(self, request: CallRequest) -> str:
        """Ring one person: `POST /v1/calls`, sent once and never again by any layer.

        Returns:
            The id of the call.

        Raises:
            NotSent, Throttled, Refused, Fatal: Nobody was called.
            OutcomeUnknown: The person may have been called.
        """
        body = wire.create_body(request)
        with replies.translated():
            with anyio.fail_after(self.create_deadline_s):
                async with self._dialler.stream("POST", "/v1/calls", json=body) as stream:
                    response = await replies.read_whole(stream)
            return replies.check_create(response, now=self._now())

    async def get_call(self, call_id: str) -> Call:
        """One call as it is now. Raises NotFound, Throttled, KeyRefused, NotSent or OutcomeUnknown."""
        call = wire.parse_call(await self._get(f"/v1/calls/{quote(call_id, safe='')}"))
        if call is None or call.id != call_id:
            raise OutcomeUnknown("the reply is not the call that was asked for")
        return call

    async def get_agent(self, agent_id: str) -> Agent:
        """The agent as it is set up now. Raises like `get_call`, and Unsupported."""
        agent = wire.parse_agent(await self._get(f"/v1/agents/{quote(agent_id, safe='')}"))
        # An operator may write a UUID in capitals.
        if agent is None or agent.id.casefold() != agent_id.casefold():
            raise OutcomeUnknown("the reply is not the agent that was asked for")
        return agent

    async def get_usage(self) -> Usage:
        """What the account has used of its day. Raises like `get_agent`."""
        return parse_usage(await self._get("/v1/usage"))

    async def stop_call(self, call_id: str) -> Call | None:
        """Hang up on a person, or take a call out of the queue. Never used to read a result.

        It may be repeated, as nothing happens to a call that has ended; no redirect is followed. Raises like
        `get_call`.
        """
        return wire.parse_call(await self._ask("POST", f"/v1/calls/{quote(call_id, safe='')}/stop"))

    async def recent_calls(self, agent_id: str) -> AsyncGenerator[CallPage, None]:
        """The account's calls page by page, the newest first where the server sorts them so.

        Uses the cursor list where the account has one, else offsets with overlap, else what one page of a
        plain list gives. Calls of other agents and other tools may be among them.

        Raises:
            Unsupported: This account has no list of calls.
            Throttled, KeyRefused, NotSent, OutcomeUnknown: A page could not be read.
        """
        if self._list_has_cursor is not False:
            try:
                async with aclosing(self._by_cursor(agent_id)) as pages:
                    async for page in pages:
                        yield page
            except (NotFound, Unsupported):
                if self._list_has_cursor:
                    raise
                self._list_has_cursor = False
            else:
                return
        async with aclosing(self._by_offset(agent_id)) as pages:
            async for page in pages:
                yield page

    async def _by_cursor(self, agent_id: str) -> AsyncGenerator[CallPage, None]:
        cursor: str | None = None
        while True:
            query = {"agent_id": agent_id, "limit": str(PAGE_SIZE)} | ({"cursor": cursor} if cursor else {})
            page = wire.parse_list(await self._get_list("/v1/calls/cursor", query))
            if page is None:
                # Where there is no such endpoint, `cursor` may be taken for the id of a call.
                raise Unsupported("the cursor list does not answer with a list")
            self._list_has_cursor = True
            repeats = cursor is not None and page.next_cursor == cursor
            is_last = page.has_more is False or page.next_cursor is None or repeats
            yield CallPage(page.calls, is_last=is_last and not repeats)
            if is_last:
                return
            cursor = page.next_cursor

    async def _by_offset(self, agent_id: str) -> AsyncGenerator[CallPage, None]:
        seen: set[str] = set()
        offset = 0
        while True:
            page = await self._offset_page(agent_id, offset)
            new = {call.id for call in page.calls} - seen
            seen |= new
            reached = offset + len(page.calls)
            # A short page proves nothing: the server may give fewer than it was asked for.
            is_last = not page.calls or (page.total is not None and reached >= page.total)
            yield CallPage(page.calls, is_last=is_last)
            # A page without anything new: the server does not know offsets.
            if is_last or not new or not self._list_has_offset:
                return
            offset = max(reached - OFFSET_OVERLAP, offset + 1)

    async def _offset_page(self, agent_id: str, offset: int) -> wire.ListPage:
        """One page, asked with as many parameters as this account's list accepts."""
        if self._list_has_offset:
            try:
                query = {"agent_id": agent_id, "limit": str(PAGE_SIZE), "offset": str(offset)}
                page = wire.parse_list(await self._get_list("/v1/calls", query))
            except Unsupported:
                if offset:
                    raise
                self._list_has_offset = False
            except NotFound as error:
                raise Unsupported("this account has no list of calls") from error
            else:
                if page is None:
                    raise OutcomeUnknown("the list of calls is not a list")
                return page
        try:
            page = wire.parse_list(await self._get_list("/v1/calls"))
        except NotFound as error:
            raise Unsupported("this account has no list of calls") from error
        if page is None:
            raise OutcomeUnknown("the list of calls is not a list")
        return page

    async def _get(self, path: str) -> Any:
        return await self._ask("GET", path)

    async def _get_list(self, path: str, query: dict[str, str] | None = None) -> Any:
        return await self._ask("GET", path, query, at_most=replies.MAX_LIST_BYTES)

    async def _ask(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        *,
        at_most: int = replies.MAX_REPLY_BYTES,
    ) -> Any:
        response = await asking.ask(self._asker, method, path, query=query, at_most=at_most)
        return replies.check_get(response, now=self._now())
