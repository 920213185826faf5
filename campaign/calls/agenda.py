"""The agenda: what is to be done when, on the event loop's clock, the earliest first."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

import anyio

from campaign.calls.run import Bell

T = TypeVar("T")

LONGEST_WAIT_S = 60.0


@dataclass(order=True, slots=True)
class _Entry(Generic[T]):
    at: float
    serial: int
    item: T = field(compare=False)


class Agenda(Generic[T]):
    """Filled by many tasks, and worked off by one."""

    def __init__(self) -> None:
        self._entries: list[_Entry[T]] = []
        self._serials = count()
        self._news = Bell()

    def put(self, item: T, *, at: float) -> None:
        """Something is to be done at this time."""
        heapq.heappush(self._entries, _Entry(at, next(self._serials), item))
        self._news.ring()

    def hasten(self, is_meant: Callable[[T], bool]) -> None:
        """What is meant is to be done now."""
        now = anyio.current_time()
        for entry in self._entries:
            if is_meant(entry.item):
                entry.at = min(entry.at, now)
        heapq.heapify(self._entries)
        self._news.ring()

    async def next(self) -> T:
        """Wait until something is due, and take it."""
        while True:
            now = anyio.current_time()
            if self._entries and self._entries[0].at <= now:
                return heapq.heappop(self._entries).item
            await self._news.wait(self._entries[0].at - now if self._entries else LONGEST_WAIT_S)
