"""Pages: what OneInbox's lists show of the calls that are followed.

One page carries the state of a hundred calls of one agent, and it alone shows a second call of one request.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing

import anyio

from campaign.calls import schedule
from campaign.calls.run import Run
from campaign.calls.watchlist import Tracked, Watchlist
from campaign.logs import get_logger
from campaign.models import Call
from campaign.oneinbox.errors import NotFound, Unsupported
from campaign.oneinbox.listing import PAGE_SIZE, CallPage

log = get_logger(__name__)

LIST_REST_S = 600.0
"""A list that cannot be used, or does not show our calls, is tried again after so long."""
FRUITLESS_SWEEPS = 3


class Pages:
    """Reads the lists of a run's agents where that is worth it, and lets a list rest that is of no use."""

    def __init__(
        self, run: Run, calls: Watchlist, answered: Callable[[Sequence[Call]], Awaitable[None]]
    ) -> None:
        """Read for the calls of a watchlist; `answered` is told all that a list has shown."""
        self._run = run
        self._calls = calls
        self._answered = answered
        self._read_at: dict[str, float] = {}
        self._list_rests_until: defaultdict[str, float] = defaultdict(float)
        self._fruitless_sweeps: Counter[str] = Counter()

    async def read(self, due: Sequence[Tracked], hinted: Collection[str], seen: dict[str, Call]) -> None:
        """Add what the newest pages show to what is seen, where pages cost fewer requests than single looks.

        Args:
            due: The calls that are to be looked at.
            hinted: Ids of those of which a hint has told.
            seen: By id. What was read before an error stands in it, too.

        Raises:
            ApiError: A list could not be read.
        """
        by_agent: defaultdict[str, list[Tracked]] = defaultdict(list)
        for tracked in due:
            if not tracked.needs_single_look:
                by_agent[tracked.record.agent_id].append(tracked)
        for agent_id, of_agent in by_agent.items():
            if anyio.current_time() < self._list_rests_until[agent_id]:
                continue
            ranks = [self._calls.rank(tracked) for tracked in of_agent]
            pages = schedule.pages_worth_reading(ranks, PAGE_SIZE)
            if pages:
                await self._read_list(agent_id, pages, seen)
            elif self._page_is_due(agent_id, of_agent, hinted):
                page: dict[str, Call] = {}
                await self._read_list(agent_id, 1, page)
                # In place of single looks: who is not due is looked at in their own time.
                ids = (tracked.record.call_id for tracked in of_agent)
                seen |= {call_id: page[call_id] for call_id in ids if call_id in page}

    async def read_all(self) -> dict[str, Call]:
        """What the lists show, as deep as what is followed goes. Raises ApiError when one cannot be read."""
        deepest = {self._run.settings.agent_id: 0}
        for tracked in self._calls:
            agent_id = tracked.record.agent_id
            deepest[agent_id] = max(deepest.get(agent_id, 0), self._calls.rank(tracked))
        shown: dict[str, Call] = {}
        for agent_id, rank in deepest.items():
            async with aclosing(self._first_pages(agent_id, rank // PAGE_SIZE + 1)) as listing:
                async for page in listing:
                    shown |= {call.id: call for call in page.calls}
        return shown

    def _page_is_due(self, agent_id: str, due: Sequence[Tracked], hinted: Collection[str]) -> bool:
        """Whether to read one page where single looks cost no more, as only a page shows a second call of one
        request: now and then, and at the first look at a call, where it takes the place of that.
        """
        read_at, now = self._read_at.get(agent_id, float("-inf")), anyio.current_time()
        is_long_ago = now - read_at >= self._run.timing.doubles_look_s
        # What a hint tells of is looked at by itself as well.
        is_in_place = any(
            tracked.placed_at >= read_at for tracked in due if tracked.record.call_id not in hinted
        )
        # Who asks to be left alone is asked what is needed and nothing else.
        may_ask = self._run.acquaintance.echoes_token is not False and self._run.pace.paused_for == 0
        return may_ask and (is_long_ago or is_in_place)

    async def _read_list(self, agent_id: str, pages: int, seen: dict[str, Call]) -> None:
        """Add the calls that the first pages of one agent's list show, unless it is of no use."""
        has_shown = False
        listed: list[Call] = []
        self._read_at[agent_id] = anyio.current_time()
        try:
            async with aclosing(self._first_pages(agent_id, pages)) as listing:
                async for page in listing:
                    seen |= {call.id: call for call in page.calls}
                    listed += page.calls
                    own = [call for call in page.calls if call.id in self._calls]
                    self._run.acquaintance.listed(own)
                    has_shown = has_shown or bool(own)
        except (Unsupported, NotFound) as error:
            log.info("list.unusable", error=error.brief)
            self._list_rests_until[agent_id] = anyio.current_time() + LIST_REST_S
            return
        await self._answered(listed)
        self._fruitless_sweeps[agent_id] = 0 if has_shown else self._fruitless_sweeps[agent_id] + 1
        if self._fruitless_sweeps[agent_id] == FRUITLESS_SWEEPS:
            self._fruitless_sweeps[agent_id] = 0
            self._list_rests_until[agent_id] = anyio.current_time() + LIST_REST_S

    async def _first_pages(self, agent_id: str, pages: int) -> AsyncGenerator[CallPage, None]:
        """So many pages of one agent's list, or all that there are. Raises as `recent_calls` does."""
        async with aclosing(self._run.api.recent_calls(agent_id)) as listing:
            async for page in listing:
                yield page
                pages -= 1
                if pages == 0 or page.is_last:
                    return
