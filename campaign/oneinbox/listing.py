"""The account's list of calls, page by page, in whichever way this generation of the API has one."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from campaign.models import Call, Habits
from campaign.oneinbox import wire
from campaign.oneinbox.errors import NotFound, OutcomeUnknown, Unsupported

NOTHING_KNOWN = Habits()
PAGE_SIZE = 100
OFFSET_OVERLAP = 10
"""Pages overlap by so many calls, as the list moves while it is paged."""

GetList = Callable[[str, dict[str, str] | None], Awaitable[Any]]
"""Fetches a path with a query."""


@dataclass(frozen=True, slots=True)
class CallPage:
    """One page of the account's recent calls."""

    calls: tuple[Call, ...]
    is_last: bool
    """Whether the list is known to end here. False also when this API cannot page any further."""


class Listing:
    """The list of one account. It remembers what this account's list understands."""

    def __init__(self, get: GetList, habits: Habits = NOTHING_KNOWN) -> None:
        """Ask for nothing yet.

        Args:
            get: Fetches a page.
            habits: What is known already. Only what the list does not understand saves a request.
        """
        self._get_list = get
        self._list_has_cursor: bool | None = None if habits.cursor_list else habits.cursor_list
        self._list_has_offset = habits.offset_list is not False
        self._has_plain_page = False
        self._has_offset_page = False

    @property
    def habits(self) -> Habits:
        """What is known by now. That something is missing counts only when the list works without it."""
        works = self._has_plain_page or self._has_offset_page
        has_cursor, has_offset = self._list_has_cursor, self._has_offset_page
        return Habits(
            cursor_list=has_cursor if has_cursor or works else None,
            offset_list=has_offset if works else None,
        )

    async def pages(self, agent_id: str | None) -> AsyncGenerator[CallPage, None]:
        """The account's calls, the newest first where the server sorts them so.

        Uses the cursor list where the account has one, else offsets with overlap, else what one page of a
        plain list gives. Calls of other agents and other tools may be among them.

        Args:
            agent_id: Whose calls, as far as this list selects them; None for those of every agent.

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

    async def _by_cursor(self, agent_id: str | None) -> AsyncGenerator[CallPage, None]:
        cursor: str | None = None
        while True:
            query = _query(agent_id) | ({"cursor": cursor} if cursor else {})
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

    async def _by_offset(self, agent_id: str | None) -> AsyncGenerator[CallPage, None]:
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

    async def _offset_page(self, agent_id: str | None, offset: int) -> wire.ListPage:
        """One page, asked with as many parameters as this account's list accepts."""
        if self._list_has_offset:
            try:
                query = _query(agent_id) | {"offset": str(offset)}
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
                self._has_offset_page = True
                return page
        try:
            page = wire.parse_list(await self._get_list("/v1/calls", None))
        except NotFound as error:
            raise Unsupported("this account has no list of calls") from error
        if page is None:
            raise OutcomeUnknown("the list of calls is not a list")
        self._has_plain_page = True
        return page


def _query(agent_id: str | None) -> dict[str, str]:
    return {"limit": str(PAGE_SIZE)} | ({"agent_id": agent_id} if agent_id is not None else {})
