"""The client: one verb per endpoint, typed, with one deadline around every request.

Two httpx clients. The one that dials uses the stock transport and a fresh connection per request, since
on a kept-alive connection "the server closed it just now" looks like a lost reply. The one that asks may
keep connections, as a GET can be repeated.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import anyio
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr

from campaign.models import Agent, Call, CallRequest, Habits, OutcomeLabel
from campaign.oneinbox import asking, replies, setup_replies, wire
from campaign.oneinbox.asking import CONNECT_TIMEOUT_S, GET_DEADLINE_S
from campaign.oneinbox.errors import OutcomeUnknown
from campaign.oneinbox.listing import NOTHING_KNOWN, CallPage, Listing
from campaign.oneinbox.outcomes import OUTCOMES, outcome_body, parse_outcomes
from campaign.oneinbox.usage import Usage, parse_usage

CREATE_DEADLINE_S = 60.0
CLOSE_DEADLINE_S = 10.0
NO_CHECK: Callable[[], object] = object
"""Nothing more is to be asked before a request leaves."""
FIRST_BYTE = "http11.send_request_headers.started"
"""What the transport tells its trace once it is connected, and before anything of a request leaves."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


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
        habits: Habits = NOTHING_KNOWN,
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
            habits: What is known of the account's lists.
        """
        self.create_deadline_s = create_deadline_s
        self._now = now
        self._listing = Listing(self._get_list, habits)
        self.clock_ahead_s: float | None = None
        """How far this machine's clock is ahead of the server's, by the latest answer to a question."""
        common = asking.account(base_url, api_key)
        self._dialler = httpx.AsyncClient(
            **common,
            transport=transport
            or httpx.AsyncHTTPTransport(
                verify=asking.authorities(),
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
                verify=asking.authorities(),
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

    @property
    def habits(self) -> Habits:
        """What is known by now of the account's lists."""
        return self._listing.habits

    async def create_call(self, request: CallRequest, last_check: Callable[[], object] = NO_CHECK, /) -> str:
        """Ring one person: `POST /v1/calls`, sent once and never again by any layer.

        Args:
            request: Whom, and how.
            last_check: Is called when the connection stands, right before the first byte. It may raise
                NotSent, and then nothing leaves: a name that is looked up, a connection and TLS take their
                time, and a machine may be suspended meanwhile.

        Returns:
            The id of the call.

        Raises:
            NotSent, Throttled, Refused, Fatal: Nobody was called.
            OutcomeUnknown: The person may have been called.
        """
        body = wire.create_body(request)

        async def trace(event: str, _: object) -> None:
            if event == FIRST_BYTE:
                last_check()

        traced = {"trace": trace}
        with replies.translated():
            with anyio.fail_after(self.create_deadline_s):
                async with self._dialler.stream("POST", "/v1/calls", json=body, extensions=traced) as stream:
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

    async def outcomes(self) -> tuple[OutcomeLabel, ...]:
        """The labels that calls may have. Raises like `get_agent`; NotFound where there is no such list."""
        found = parse_outcomes(await self._get(OUTCOMES))
        if found is None:
            raise OutcomeUnknown("the reply is not a list of outcomes")
        return found

    async def set_outcome(self, call_id: str, name: str) -> Call:
        """Give an ended call another label. It may be repeated.

        Raises:
            Refused: There is no such label.
            NotFound, Unsupported: There is no such call, or this account's calls have no labels.
            Throttled, KeyRefused, NotSent, OutcomeUnknown: As for `get_call`.
        """
        path = f"/v1/calls/{quote(call_id, safe='')}"
        response = await asking.ask(self._asker, "PATCH", path, body=outcome_body(name))
        call = wire.parse_call(setup_replies.check(response, now=self._now()))
        if call is None or call.id != call_id:
            raise OutcomeUnknown("the reply is not the call that was to be labelled")
        return call

    def recent_calls(self, agent_id: str | None) -> AsyncGenerator[CallPage, None]:
        """The account's calls, as `Listing.pages` gives and raises."""
        return self._listing.pages(agent_id)

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
        self.clock_ahead_s = replies.clock_ahead_s(response, now=self._now())
        return replies.check_get(response, now=self._now())
