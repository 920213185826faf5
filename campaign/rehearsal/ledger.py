"""The ledger of a rehearsal: flushes take virtual time, and a process that dies may leave one behind."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any, Concatenate, ParamSpec, TypeVar

import anyio

from campaign.ledger.ledger import Connection
from campaign.ledger.scratch import ScratchLedger
from campaign.rehearsal.death import Death

P = ParamSpec("P")
T = TypeVar("T")

FLUSH_S = (0.001, 0.02)
READ_S = (-0.005, 0.005)
"""Every other read takes no longer than one turn of the event loop."""


class VirtualLedger:
    """An `AsyncLedger` for one life of a process, on a scratch ledger that outlives it."""

    def __init__(self, scratch: ScratchLedger, *, rng: Random, death: Death) -> None:
        self._scratch = scratch
        self._rng = rng
        self._death = death
        self._pending: list[tuple[Callable[[Connection], Any], asyncio.Future[Any]]] = []
        death.at_once.append(self._die)

    async def commit(
        self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a verb in the next transaction; return when that is flushed, cancelled or not."""
        self._death.check()
        loop = asyncio.get_running_loop()
        if not self._pending:
            loop.call_later(self._rng.uniform(*FLUSH_S), self._flush)
        answer: asyncio.Future[T] = loop.create_future()
        self._pending.append((lambda connection: verb(connection, *args, **kwargs), answer))
        with anyio.CancelScope(shield=True):
            await answer
        return answer.result()

    async def fetch(
        self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a reading verb a moment later."""
        self._death.check()
        delay_s = self._rng.uniform(*READ_S)
        if delay_s > 0:
            with anyio.CancelScope(shield=True):
                await asyncio.sleep(delay_s)
        else:
            await asyncio.sleep(0)
        self._death.check()
        return self._scratch.read(verb, *args, **kwargs)

    def _flush(self) -> None:
        batch, self._pending = self._pending, []
        if not batch:
            return
        outcomes = self._scratch.transact([work for work, _ in batch])
        for (_, answer), outcome in zip(batch, outcomes, strict=True):
            if answer.done():
                # Whoever waited for it was killed.
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

    def _die(self) -> None:
        """Nobody is answered any more. Whether the last transaction reached the disk is chance."""
        batch, self._pending = self._pending, []
        if batch and self._rng.random() < 0.5:
            self._scratch.transact([work for work, _ in batch])
        for _, answer in batch:
            if not answer.done():
                answer.set_exception(self._death.error())
