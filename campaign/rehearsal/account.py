"""The OneInbox account of a rehearsal: the simulator without HTTP, in virtual time, with faults at will."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from campaign.models import Call, CallRequest
from campaign.oneinbox import wire
from campaign.oneinbox.client import CREATE_DEADLINE_S
from campaign.oneinbox.errors import (
    AccountRefused,
    CountryRefused,
    KeyRefused,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Part,
    Refused,
    SetupRefused,
    Throttled,
    Unsupported,
)
from campaign.oneinbox.listing import PAGE_SIZE, CallPage
from campaign.oneinbox.usage import Usage, parse_usage
from campaign.rehearsal.death import Death
from campaign.simulator.faults import COUNTRY_REFUSED, SETUP_REFUSED, FaultPlan, country_refused
from campaign.simulator.provider import Provider, SimulatedCall
from campaign.simulator.wire import call_object, usage_object

REQUEST_S = (0.02, 0.4)
"""One way."""


@dataclass(frozen=True, slots=True)
class Line:
    """What lies between the machine and the provider."""

    unreachable: float = 0.0
    """Share of requests that never leave the machine."""
    generation: str = "v3"
    create_deadline_s: float = CREATE_DEADLINE_S


class VirtualAccount:
    """A `CallsApi` for one life of a process, on a provider that outlives it."""

    clock_ahead_s: float | None = None
    """Its replies tell no time: the clock of a rehearsal is a virtual one."""

    def __init__(
        self, provider: Provider, faults: FaultPlan, *, line: Line, rng: Random, death: Death
    ) -> None:
        self._provider = provider
        self._faults = faults
        self._line = line
        self._rng = rng
        self._death = death
        self._on_the_way: dict[int, Callable[[], object]] = {}
        self._final: dict[str, Call] = {}
        """Calls that have ended and have their results: they change no more."""
        death.at_once.append(self._die)

    async def create_call(self, request: CallRequest, last_check: Callable[[], object], /) -> str:
        """Ring one synthetic person. Raises as `OneInbox` does."""
        await self._reach()
        last_check()
        struck = self._faults.strike("create", request.to_number)
        refused = country_refused(request.to_number, struck)
        acts = not refused and not struck.keys() & {"throttle", "status", "refuse", "refuse_setup", "drop"}
        if acts:
            self._on_the_way[id(request)] = lambda: (
                self._provider.is_over_quota() or self._place(request, struck)
            )
        try:
            await self._travel()
        except asyncio.CancelledError:
            self._arrive_perhaps(request)
            raise
        self._on_the_way.pop(id(request), None)
        if refused:
            raise CountryRefused(f"HTTP 400: {COUNTRY_REFUSED}")
        if not acts:
            raise _turned_away(struck)
        if self._provider.is_over_quota():
            raise _unanswered({"status": str(self._provider.over_quota)})
        call = self._place(request, struck)
        if "stall" in struck:
            await asyncio.sleep(self._line.create_deadline_s)
        await self._travel()
        if struck.keys() & {"lose_reply", "stall", "cut", "garble", "no_id", "act_then_status"}:
            raise OutcomeUnknown("no usable reply")
        return call.id

    async def get_call(self, call_id: str) -> Call:
        """One call as it is now. Raises as `OneInbox` does."""
        await self._ask("get")
        call = self._provider.calls.get(call_id)
        if call is None:
            raise NotFound("HTTP 404")
        return self._shown(call)

    async def stop_call(self, call_id: str) -> Call | None:
        """Hang up, or take a call out of the queue. Raises as `OneInbox` does."""
        await self._ask("stop")
        call = self._provider.calls.get(call_id)
        if call is None:
            raise NotFound("HTTP 404")
        self._provider.stop(call)
        return self._shown(call)

    async def get_usage(self) -> Usage:
        """What the account has used of its day. Raises as `OneInbox` does."""
        await self._ask("usage")
        return parse_usage(usage_object(self._provider))

    async def recent_calls(self, agent_id: str) -> AsyncGenerator[CallPage, None]:
        """The account's calls page by page, the newest first. Raises as `OneInbox` does."""
        seen = 0
        while True:
            await self._ask("list")
            listed = self._provider.listed(agent_id)
            page = listed[seen : seen + PAGE_SIZE]
            seen += len(page)
            is_last = seen >= len(listed)
            yield CallPage(tuple(map(self._shown, page)), is_last=is_last)
            if is_last:
                return

    async def _ask(self, endpoint: str) -> None:
        await self._reach()
        struck = self._faults.strike(endpoint)
        await self._travel(ways=2)
        if struck.keys() & {"throttle", "status"}:
            raise _unanswered(struck)
        if struck:
            raise OutcomeUnknown("no usable reply")

    async def _reach(self) -> None:
        self._death.check()
        if self._rng.random() < self._line.unreachable:
            await self._travel()
            raise NotSent("OneInbox cannot be reached")

    async def _travel(self, *, ways: int = 1) -> None:
        await asyncio.sleep(sum(self._rng.uniform(*REQUEST_S) for _ in range(ways)))
        self._death.check()

    def _place(self, request: CallRequest, struck: dict[str, str | None]) -> SimulatedCall:
        calls = [
            self._provider.place(
                agent_id=request.agent_id,
                to_number=request.to_number,
                from_number=request.from_number,
                variables=request.variables,
                metadata=request.metadata,
                call_id=f"{self._rng.getrandbits(128):032x}",
            )
            for _ in range(2 if "duplicate" in struck else 1)
        ]
        for call in calls:
            self._provider.suffer(call, struck)
        return calls[0]

    def _shown(self, call: SimulatedCall) -> Call:
        if call.id in self._final:
            return self._final[call.id]
        shown = wire.parse_call(call_object(self._provider, call, self._line.generation))
        assert shown is not None  # noqa: S101 - our own provider's calls have an id
        if call.has_results(self._provider.now()):
            self._final[call.id] = shown
        return shown

    def _arrive_perhaps(self, request: CallRequest) -> None:
        """Who gives a request up that is on its way cannot call it back."""
        arrive = self._on_the_way.pop(id(request), None)
        if arrive is not None and not self._death.has_come and self._rng.random() < 0.5:
            arrive()

    def _die(self) -> None:
        """What was on the way may still arrive, or not."""
        for arrive in self._on_the_way.values():
            if self._rng.random() < 0.5:
                arrive()


def _turned_away(struck: dict[str, str | None]) -> Exception:
    if "drop" in struck:
        return OutcomeUnknown("no usable reply")
    if "refuse_setup" in struck:
        part = struck["refuse_setup"] or "carrier"
        return SetupRefused(f"HTTP 400: {SETUP_REFUSED[part]}", about=Part(part.replace("_", " ")))
    if "refuse" in struck:
        return Refused("HTTP 422: to_number")
    return _unanswered(struck)


def _unanswered(struck: dict[str, str | None]) -> Exception:
    """The error for a status that was answered without acting, as `replies` sorts them."""
    if "throttle" in struck:
        value = struck["throttle"]
        return Throttled("HTTP 429", retry_after_s=float(value) if value and value.isdigit() else None)
    status = int(struck["status"] or 503)
    what = f"HTTP {status}"
    by_status: dict[int, Any] = {
        400: Refused,
        401: KeyRefused,
        402: AccountRefused,
        403: KeyRefused,
        404: SetupRefused,
        405: Unsupported,
        422: Refused,
    }
    if status == 429:
        return Throttled(what, retry_after_s=None)
    error: Exception = by_status.get(status, OutcomeUnknown)(what)
    return error
