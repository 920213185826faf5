"""What a run asks of the world: a ledger to await, OneInbox and the hook. The first two have a second form in
virtual time.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import anyio
import anyio.to_thread

from campaign.hook.answer import Answer
from campaign.hook.ask import Question
from campaign.ledger.ledger import Connection, Ledger
from campaign.models import Call, CallRequest
from campaign.oneinbox.listing import CallPage
from campaign.oneinbox.usage import Usage
from campaign.settings import HookSettings

AskHook = Callable[[HookSettings, Question], Awaitable[Answer]]
"""Asks the hook about one call, within its time limit. Raises HookFailed."""

P = ParamSpec("P")
T = TypeVar("T")


class AsyncLedger(Protocol):
    """The ledger as the tasks of a run see it."""

    async def commit(
        self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a verb in the writer's next transaction; return when it is on disk, cancelled or not."""

    async def fetch(
        self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a reading verb on what is committed."""


class CallsApi(Protocol):
    """The part of OneInbox that a run needs; `OneInbox` says what each verb raises."""

    @property
    def clock_ahead_s(self) -> float | None:
        """How far this machine's clock is ahead of OneInbox's; None when the latest reply did not tell."""

    async def create_call(self, request: CallRequest, last_check: Callable[[], object], /) -> str:
        """Ring one person, unless the check says at the last moment that nothing is to be sent."""

    async def get_call(self, call_id: str) -> Call:
        """One call as it is now."""

    async def stop_call(self, call_id: str) -> Call | None:
        """Take a call out of the queue, or hang up; nothing happens when it has ended."""

    async def get_usage(self) -> Usage:
        """What the account has used of its day."""

    def recent_calls(self, agent_id: str) -> AsyncGenerator[CallPage, None]:
        """The account's calls page by page, the newest first."""


class LedgerBesideLoop:
    """A ledger whose writer and readers are threads, so that a slow disk never holds up the event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def commit(
        self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a verb in the writer's next transaction; return when it is on disk, cancelled or not."""
        answer = asyncio.wrap_future(self._ledger.write(verb, *args, **kwargs))
        with anyio.CancelScope(shield=True):
            await asyncio.wait([answer])
        return answer.result()

    async def fetch(
        self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a reading verb beside the event loop."""
        return await anyio.to_thread.run_sync(lambda: self._ledger.read(verb, *args, **kwargs))
