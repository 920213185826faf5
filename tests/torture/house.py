"""The process with the accounts: every account is a simulator of its own, behind the path of its name."""

import contextvars
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import Message, Receive, Scope, Send

from campaign.models import TOKEN_KEY
from campaign.simulator import server
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider, SimulatedCall
from tests.forks import loaded
from tests.torture.accounts import CONTROL, Account, Accounts

_request: contextvars.ContextVar[tuple[int, str]] = contextvars.ContextVar("create-call request")
"""Its number, and the token of the attempt, which an account of the first generation drops."""


AMBIGUOUS = frozenset(
    ("drop", "lose_reply", "cut", "garble", "no_id", "stall", "act_then_status", "duplicate", "never_end")
)
"""Faults of create-call requests after which a human may have to decide, as may after a 5xx."""


class _Counting(Provider):
    """Remembers which request made each dial."""

    requests: list[tuple[int, str]]

    def place(self, **details: Any) -> SimulatedCall:
        call = super().place(**details)
        self.requests.append(_request.get())
        return call


class _Struck(FaultPlan):
    """Counts the create-call requests after which nobody can know."""

    ambiguous = 0

    def strike(self, endpoint: str, number: str = "") -> dict[str, str | None]:
        struck = FaultPlan.strike(self, endpoint, number)
        if endpoint == "create":
            self.ambiguous += bool(struck.keys() & AMBIGUOUS or (struck.get("status") or "").startswith("5"))
        return struck


def ends_of(provider: Provider) -> list[str]:
    """How each call had ended when its person was dialled again, or by now; empty when it had not.

    A call that was hung up by the API has no end of its own.
    """
    ends = list[str]()
    next_dial: dict[str, float] = {}
    for dial in reversed(provider.dials):
        call = provider.calls[dial.call_id]
        has_ended = call.has_ended(next_dial.get(dial.to_number, provider.now())) and call.stopped_at is None
        ends.append(call.conversation.ending if has_ended else "")
        next_dial[dial.to_number] = call.placed_at
    return ends[::-1]


@dataclass(slots=True)
class _Open:
    """One account, and what its wrapper does to it."""

    account: Account
    simulator: Simulator
    provider: _Counting
    struck: _Struck
    creates: int = 0

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to the simulator, with this account's oddities."""
        if scope["path"].startswith("/v1/calls") and scope["method"] == "POST":
            self.creates = nth = self.creates + 1
            message = await receive()
            metadata = json.loads(message["body"] or b"{}").get("metadata", {})
            _request.set((nth, metadata.get(TOKEN_KEY, "")))
            receive = _once_more(message, receive)
            if nth == self.account.repeats_id_at:
                self.struck.ambiguous += 1
                send = self._with_first_id(send)
        if self.account.cursor and scope["path"] == "/v1/calls/cursor":
            await self._odd_page(scope, receive, send)
            return
        if self.account.refuses_offsets and int(scope["query_string"].partition(b"offset=")[2] or 0):
            await JSONResponse({"detail": "no offsets here"}, 422)(scope, receive, send)
            return
        shorter = scope["query_string"].replace(b"limit=100", f"limit={self.account.page}".encode())
        await self.simulator.app({**scope, "query_string": shorter}, receive, send)

    def told(self) -> dict[str, Any]:
        """What a judge may know."""
        provider = self.provider
        dials = zip(provider.dials, ends_of(provider), provider.requests, strict=True)
        return {
            "dials": [(dial.to_number, dial.call_id, token, end) for dial, end, (_, token) in dials],
            "by_itself": len(provider.dials) - len({request for request, _ in provider.requests}),
            "ambiguous": self.struck.ambiguous,
        }

    def _with_first_id(self, send: Send) -> Send:
        async def changed(message: Message) -> None:
            first, last = self.provider.dials[0], self.provider.dials[-1]
            if body := message.get("body"):
                message["body"] = body.replace(last.call_id.encode(), first.call_id.encode())
            await send(message)

        return changed

    async def _odd_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        at = int(scope["query_string"].partition(b"cursor=")[2] or 0)
        after = at + 1 if self.account.cursor == "endless" else 1
        somebody = {"id": f"other-{at}", "status": "completed", "to_number": "+12025550199"}
        page = {"items": [somebody], "next_cursor": str(after), "has_more": True}
        await JSONResponse(page)(scope, receive, send)


@dataclass(slots=True)
class _House:
    """All accounts of the process, as an ASGI application."""

    accounts: dict[str, _Open] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, name, rest = scope["path"].split("/", 2)
        if name == CONTROL:
            answer = self._control(rest, (await receive()).get("body", b""))
            await JSONResponse(answer)(scope, receive, send)
        else:
            await self.accounts[name].serve(
                {**scope, "path": f"/{rest}", "app_root_path": f"/{name}"}, receive, send
            )

    def _control(self, order: str, body: bytes) -> Any:
        verb, name = order.split("/")
        match verb:
            case "open":
                self.accounts[name] = _opened(Account(**json.loads(body)))
            case "mend":
                account = self.accounts[name]
                account.account = replace(account.account, repeats_id_at=0, cursor="", refuses_offsets=False)
                sound = account.simulator
                sound.faults, sound.quota, sound.agents = FaultPlan(), None, None
                sound.api_key, account.provider.list_lag_s = SIMULATOR_KEY, 0.0
                account.provider.daily_quota = None
                sound.clock_ahead_s = 0.0
            case "ask":
                return self.accounts[name].told()
            case "close":
                return self.accounts.pop(name).told()
        return None


def _once_more(message: Message, receive: Receive) -> Receive:
    """Give a message that was read already, then what comes after it."""
    kept = [message]

    async def give() -> Message:
        return kept.pop() if kept else await receive()

    return give


def _opened(account: Account) -> _Open:
    rest = (1 - account.answer) / 0.3
    behaviour = Behaviour(answer=account.answer, voicemail=0.1 * rest, busy=0.07 * rest, no_answer=0.1 * rest)
    behaviour = replace(behaviour, results_late_s=account.late_s)
    if account.replies:
        behaviour = replace(behaviour, replies=tuple(account.replies))
    provider = _Counting(
        behaviour=behaviour,
        speed=account.speed,
        list_lag_s=account.list_lag_s,
        daily_quota=account.daily_quota,
    )
    provider.requests = []
    struck = _Struck(tuple(map(_fault, account.faults)))
    simulator = Simulator(
        provider=provider,
        faults=struck,
        generation=account.generation,
        has_cursor=account.has_cursor,
        api_key=account.api_key,
        agents=None if account.agents is None else frozenset(account.agents),
        first_message=account.first_message,
        agent_details={"max_duration_seconds": account.longest_call_s},
        slim_lists=account.slim_lists,
        records=account.records,
        quota=account.quota,
        clock_ahead_s=account.clock_ahead_s,
    )
    return _Open(account, simulator, provider, struck)


def _fault(text: str) -> Fault:
    fault = Fault.parse(text.replace("@agent", ""))
    return replace(fault, endpoint="agent") if "@agent" in text else fault


@contextmanager
def accounts() -> Iterator[Accounts]:
    """The accounts in a process of their own, for as long as the block lasts."""
    told, tells = loaded().Pipe(duplex=False)
    process = loaded().Process(target=_keep, args=(tells,))
    process.start()
    tells.close()
    try:
        yield Accounts(told.recv())
    finally:
        told.close()
        process.kill()
        process.join()
        process.close()


def _keep(tells: Connection) -> None:
    """Tell the port, and serve until the process is killed."""
    listener = server.listen(0)
    tells.send(listener.getsockname()[1])
    tells.close()
    house = Simulator()
    house.app = Starlette(routes=[Mount("/", app=_House())])
    server.serve(house, listener)
