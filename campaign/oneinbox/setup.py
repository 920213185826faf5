"""Setting an account up: carriers' credentials and phone numbers, one verb per endpoint, in every generation.

Nothing is sent twice by itself. Requests go out on fresh connections of the stock transport, as dials do, so
that `NotSent` means what it says.
"""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import quote

import anyio
import httpx
from pydantic import SecretStr

from campaign.models import Carrier, NewCarrier, NewNumber, OfferedNumber, PhoneNumber
from campaign.oneinbox import asking, replies, setup_replies, telephony, wire
from campaign.oneinbox.asking import CONNECT_TIMEOUT_S, GET_DEADLINE_S
from campaign.oneinbox.errors import NotFound, OutcomeUnknown, Refused, Unsupported

INTEGRATIONS, CREDENTIALS = "/v1/integrations", "/v1/credentials"
"""Where credentials are kept: in the newest generation of the API, and in the older ones."""
NUMBERS = "/v1/phone-numbers"
PAGE_SIZE = 100
MOST_PAGES = 100
CLOSE_DEADLINE_S = 10.0

NO_SEARCH = "this carrier has no number search"


class _Known(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Known)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SetUp:
    """The carriers and numbers of one account. Use it as an async context manager.

    Every verb raises NotSent, Throttled, Fatal, Refused and OutcomeUnknown; SetupRefused is about the
    carrier's credentials or the trunk. After OutcomeUnknown what was to be changed may have been: the caller
    looks before anything is sent again.
    """

    def __init__(
        self,
        base_url: str,
        api_key: SecretStr,
        *,
        proxy: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        deadline_s: float = GET_DEADLINE_S,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            base_url: Without the `/v1`.
            api_key: The account's secret key.
            proxy: URL of an HTTP proxy. The environment's proxy settings are not used.
            transport: In place of the network.
            deadline_s: Total time of one request.
            now: The clock that `Retry-After` dates are measured against.
        """
        self._now = now
        self._deadline_s = deadline_s
        self._carriers_path: str | None = None
        self._client = httpx.AsyncClient(
            **asking.account(base_url, api_key),
            transport=transport
            or httpx.AsyncHTTPTransport(
                verify=asking.authorities(),
                limits=httpx.Limits(max_keepalive_connections=0),
                proxy=proxy,
                trust_env=False,
                retries=0,
            ),
            timeout=httpx.Timeout(deadline_s, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,
        )
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self._client)
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

    async def carriers(self) -> tuple[Carrier, ...]:
        """The stored credentials. Raises Unsupported where this account keeps none."""
        paths = (INTEGRATIONS, CREDENTIALS) if self._carriers_path is None else (self._carriers_path,)
        for path in paths:
            try:
                found = await self.whole_list(path, telephony.parse_carrier, telephony.CARRIER_LISTS)
            except (NotFound, Unsupported) as error:
                missing = error
            else:
                self._carriers_path = path
                return found
        raise Unsupported("this account has no endpoint for credentials of carriers") from missing

    async def add_carrier(self, carrier: NewCarrier) -> Carrier:
        """Store a credential, once. Raises Unsupported where this account keeps none."""
        body = telephony.carrier_body(carrier)
        added = telephony.parse_carrier(await self.send("POST", await self._where_carriers_are(), body))
        if added is None:
            raise OutcomeUnknown("the reply has no id of a carrier")
        return added

    async def remove_carrier(self, carrier_id: str) -> None:
        """Forget a credential. Raises NotFound when there is none of this id."""
        await self.send("DELETE", f"{await self._where_carriers_are()}/{quote(carrier_id, safe='')}")

    async def search_numbers(
        self,
        country: str,
        *,
        area_code: str | None = None,
        contains: str | None = None,
        limit: int,
        carrier_id: str | None = None,
    ) -> tuple[OfferedNumber, ...]:
        """Numbers that can be had.

        Args:
            country: As two capital letters.
            area_code: The only one, where it matters.
            contains: Digits that are to be in them.
            limit: At most so many.
            carrier_id: Whose numbers. The first generation of the API demands it.

        Raises:
            Unsupported: The carrier, or this account, has no search.
            NotFound: There is no carrier of this id.
        """
        asked = {
            "country": country,
            "area_code": area_code,
            "contains": contains,
            "limit": str(limit),
            "credential_id": carrier_id,
        }
        query = {name: value for name, value in asked.items() if value is not None}
        try:
            body = await self.send("GET", f"{NUMBERS}/search", query=query)
        except Unsupported as error:
            raise Unsupported(f"{NO_SEARCH}: {error}") from error
        except Refused as error:
            if error.field or not setup_replies.says_unsupported(str(error)):
                raise
            raise Unsupported(f"{NO_SEARCH}: {error}") from error
        found = wire.entries(body, *telephony.NUMBER_LISTS)
        if found is None:
            raise OutcomeUnknown("the reply is not a list of numbers")
        return tuple(offer for offer in map(telephony.parse_offer, found) if offer is not None)

    async def register_number(self, number: NewNumber) -> PhoneNumber:
        """Register a number, once. Raises NotFound when there is no such agent or carrier."""
        registered = telephony.parse_number(await self.send("POST", NUMBERS, telephony.number_body(number)))
        if registered is None or registered.number != number.number:
            raise OutcomeUnknown("the reply is not the number that was to be registered")
        return registered

    async def numbers(self) -> tuple[PhoneNumber, ...]:
        """The registered numbers. Raises Unsupported where this account has no list of them."""
        try:
            return await self.whole_list(NUMBERS, telephony.parse_number, telephony.NUMBER_LISTS)
        except NotFound as error:
            raise Unsupported("this account has no list of phone numbers") from error

    async def number(self, number_id: str) -> PhoneNumber:
        """One registered number. Raises NotFound when there is none of this id."""
        found = telephony.parse_number(await self.send("GET", _number_path(number_id)))
        if found is None or found.id != number_id:
            raise OutcomeUnknown("the reply is not the number that was asked for")
        return found

    async def change_number(self, number_id: str, *, agent_id: str | None, name: str | None) -> PhoneNumber:
        """Give a number another agent or another name; None leaves it. Raises NotFound."""
        changes = {"agent_id": agent_id, "friendly_name": name}
        body = {key: value for key, value in changes.items() if value is not None}
        changed = telephony.parse_number(await self.send("PATCH", _number_path(number_id), body))
        if changed is None or changed.id != number_id:
            raise OutcomeUnknown("the reply is not the number that was to be changed")
        return changed

    async def remove_number(self, number_id: str) -> None:
        """Take a number out of OneInbox. Raises NotFound when there is none of this id."""
        await self.send("DELETE", _number_path(number_id))

    async def _where_carriers_are(self) -> str:
        """Found by a look, as a secret is for no path that is not there."""
        if self._carriers_path is None:
            await self.carriers()
        assert self._carriers_path is not None  # noqa: S101 - `carriers` found it, or raised
        return self._carriers_path

    async def whole_list(
        self, path: str, parse: Callable[[Any], T | None], names: tuple[str, ...]
    ) -> tuple[T, ...]:
        """Everything of a list, page by page where it has pages."""
        found: dict[str, T] = {}
        reached = 0
        for _ in range(MOST_PAGES):
            is_whole = False
            try:
                page = {"limit": str(PAGE_SIZE), "offset": str(reached)}
                body = await self.send("GET", path, query=page, at_most=replies.MAX_LIST_BYTES)
            except Refused:
                if reached:
                    raise
                # Older lists may know no parameters.
                is_whole, body = True, await self.send("GET", path, at_most=replies.MAX_LIST_BYTES)
            items = wire.entries(body, *names)
            if items is None:
                raise OutcomeUnknown("the reply is not a list")
            new = {one.id: one for one in map(parse, items) if one is not None and one.id not in found}
            found |= new
            reached += len(items)
            total = body.get("total") if isinstance(body, Mapping) else None
            # A short page proves nothing, but one without anything new does.
            if is_whole or not new or (isinstance(total, int) and reached >= total):
                return tuple(found.values())
        raise OutcomeUnknown("the list does not end")

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        at_most: int = replies.MAX_REPLY_BYTES,
    ) -> Any:
        """One request, for the verbs here and for those of `webhooks`: the JSON of its reply."""
        response = await asking.ask(
            self._client,
            method,
            path,
            query=query,
            body=body,
            at_most=at_most,
            deadline_s=self._deadline_s,
        )
        return setup_replies.check(response, now=self._now())


def _number_path(number_id: str) -> str:
    return f"{NUMBERS}/{quote(number_id, safe='')}"
