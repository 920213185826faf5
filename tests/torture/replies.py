"""Suite `replies`: every status with every odd body, sent by a raw server and sorted by the real client.

What the client may make of a reply stands in two tables that are written by hand from the design. A reply
has a status line and a `Shape`; a shape says one thing, and the tables know nothing but status and that.
"""

import faulthandler
import gzip
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

import anyio
from pydantic import SecretStr

from campaign import logs
from campaign.models import E164, CallRequest
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import (
    AccountRefused,
    KeyRefused,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Refused,
    SetupRefused,
    Throttled,
    Unsupported,
)
from tests import forks
from tests.oneinbox.sockets import Wire, serving
from tests.torture.reply_shapes import BODIES, ENVELOPES, GOOD, ID, LISTS, NOW, Says, Shape, framed
from tests.torture.tally import Effort, Tally

AT_A_TIME = 8
"""Replies that each process shows at a time."""
LIMIT_S = 3600.0
"""No process takes so long."""
ASKED = 3_000
LISTED = 500
"""GETs of a call and of a list; dials get every status with every shape."""
DEADLINE_S = 20.0
"""Of a create-call request that is answered; so long that a slow machine adds no doubts of its own."""
HUNG_DEADLINE_S = 2.0
"""Of one whose answer never comes to its end."""
PATIENCE_S = 40.0
TRIES = 5
"""A slow machine may not connect in time; what has not reached the server is asked again."""
SHOWN = 0.99
"""So many of the replies have to be shown, for all tries."""
REQUEST = CallRequest(
    agent_id="agt_test",
    to_number=E164("+12025550111"),
    from_number="+12025550100",
    variables={"name": "Anna"},
    metadata={"campaign_attempt": "token"},
)
MANY = 50_000_000
"""Bytes of a reply that nobody should read to its end."""
BLANKS = b" " * 1_000_000


class Placed:
    """In the tables: the call is known by its id."""


Ends = frozenset[type]
Rules = Sequence[tuple[frozenset[int], frozenset[Says], Ends]]
DOUBT: Ends = frozenset({OutcomeUnknown})
ALL = frozenset(range(100, 600))
SUCCESS = frozenset(range(200, 300)) - {204}  # A 204 has no body.
ROWS_OWN = frozenset({400, 413, 422})
NAMED = frozenset({Says.PLACED})
LENIENT = frozenset({Says.PERHAPS, Says.TRAILED, Says.HUGE})
WHOLE = frozenset(Says) - {Says.BROKEN, Says.HUGE}

# The first line that fits is the rule.
CREATE: Rules = (
    (SUCCESS, NAMED, frozenset({Placed})),
    (SUCCESS, LENIENT, DOUBT | {Placed}),
    (frozenset({401, 403}), WHOLE, frozenset({KeyRefused})),
    (frozenset({402}), WHOLE, frozenset({AccountRefused})),
    (frozenset({404}), frozenset({Says.ROW}), frozenset({Refused})),
    (frozenset({404}), WHOLE, frozenset({SetupRefused})),
    (frozenset({429}), WHOLE, frozenset({Throttled})),
    (ROWS_OWN, frozenset({Says.SHARED}), frozenset({SetupRefused})),
    (ROWS_OWN, WHOLE, frozenset({Refused})),
    (ALL, frozenset(Says), DOUBT),
)
# The transport for GETs takes a reply that ends in its head for no connection; a GET may be repeated.
TROUBLE = DOUBT | {NotSent}
UNENDING = frozenset({Says.TRAILED, Says.HUGE})
FAILURES: Sequence[tuple[frozenset[int], Ends]] = (
    (frozenset({401, 403}), frozenset({KeyRefused})),
    (frozenset({404, 410}), frozenset({NotFound})),
    (frozenset({429}), frozenset({Throttled})),
    (frozenset({400, 405, 422, 501}), frozenset({Unsupported})),
)
GET: Rules = (
    (SUCCESS, NAMED, frozenset({Placed})),
    # Of two ids it knows the one that it has asked for.
    (SUCCESS, LENIENT | {Says.TWO}, DOUBT | {Placed}),
    # That transport may or may not notice bytes behind the end of a reply.
    *((statuses, UNENDING, TROUBLE | ends) for statuses, ends in FAILURES),
    *((statuses, WHOLE, ends) for statuses, ends in FAILURES),
    (ALL, frozenset(Says), TROUBLE),
)
LIST: Rules = (
    (SUCCESS, NAMED, frozenset({Placed})),
    (frozenset({401, 403}), WHOLE, frozenset({KeyRefused})),
    (frozenset({429}), WHOLE, frozenset({Throttled})),
    # Nothing else may say that there is no list: that counts as a look in which no call was found.
    (frozenset({400, 404, 405, 410, 422, 501}), WHOLE, frozenset({NotFound, Unsupported})),
    (SUCCESS, WHOLE, TROUBLE | {NotFound, Unsupported}),
    (ALL, frozenset(Says), TROUBLE),
)


def dials() -> list[tuple[int, Shape]]:
    """Every status with every shape, and some with those that take long."""
    plain = [Shape(name, says, framed(body)) for name, (says, body) in BODIES.items()]
    bomb = framed(gzip.compress(GOOD + b" " * MANY), b"Content-Encoding: gzip")
    slow = [
        Shape("huge", Says.HUGE, framed(GOOD, length=len(GOOD) + MANY), blanks=MANY),
        Shape("huge from gzip", Says.HUGE, bomb),
        Shape("silence in the head", Says.BROKEN, b"X: 1\r\n", hangs=True),
        Shape("silence after the head", Says.BROKEN, framed(b"", length=1), hangs=True),
    ]
    return [*product(sorted(ALL), [*plain, *ENVELOPES]), *product((100, 103, 201, 401, 422, 502), slow)]


@dataclass(frozen=True)
class Verb:
    """One kind of request: how it is made, and which rules its replies follow."""

    name: str
    rules: Rules
    ask: Callable[[OneInbox], Coroutine[Any, Any, str]]
    """Returns the id that the reply names."""


async def _dial(api: OneInbox) -> str:
    return await api.create_call(REQUEST)


async def _get(api: OneInbox) -> str:
    return (await api.get_call(ID)).id


async def _list(api: OneInbox) -> str:
    async with aclosing(api.recent_calls(REQUEST.agent_id)) as pages:
        page = await anext(pages)
    return " ".join(call.id for call in page.calls)


DIAL, ASK, ASK_LIST = Verb("dial", CREATE, _dial), Verb("GET", GET, _get), Verb("list", LIST, _list)


@dataclass(frozen=True)
class Case:
    """One request and its reply."""

    verb: Verb
    status: int
    shape: Shape

    @property
    def allowed(self) -> Ends:
        """How the request may end."""
        return next(
            ends
            for statuses, says, ends in self.verb.rules
            if self.status in statuses and self.shape.says in says
        )

    def __str__(self) -> str:
        return f"{self.verb.name}, {self.status} {self.shape.name}"


@dataclass
class Replier:
    """A raw server that gives every request one reply, and then closes."""

    case: Case | None = None

    async def reply(self, wire: Wire) -> None:
        """Read a whole request, and send the bytes."""
        await wire.request()
        assert self.case is not None
        shape = self.case.shape
        await wire.send(shape.before + b"HTTP/1.1 %d Whatever\r\n" % self.case.status + shape.tail)
        for _ in range(shape.blanks // len(BLANKS)):
            await wire.send(BLANKS)
        if shape.hangs:
            await wire.reader.read()


def run(effort: Effort, client: type[OneInbox] = OneInbox) -> Tally:
    """Show this client the replies, and compare what it makes of them with the tables.

    One job is done in this very process, where warnings are what the caller has made of them.
    """
    cases, tally = _cases(effort), Tally()
    if effort.jobs == 1:
        tally = anyio.run(show, cases, client)
    else:
        with forks.pool(effort.jobs, prepare=_prepare) as pool:
            # Each process gets dials, GETs and lists.
            parts = [pool.submit(_show, cases[at :: effort.jobs], client) for at in range(effort.jobs)]
            for part in parts:
                tally.add(part.result())
    wanted = Counter(f"replies to a {case.verb.name}" for case in cases)
    tally.require({kind: int(SHOWN * number) for kind, number in wanted.items()})
    return tally


def _prepare() -> None:
    logs.configure(level=logging.CRITICAL)


def _show(cases: Sequence[Case], client: type[OneInbox]) -> Tally:
    """A client that spins for ever is ended from outside, with its place."""
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)
    try:
        return anyio.run(show, cases, client)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _cases(effort: Effort) -> list[Case]:
    rng = Random(effort.seed)
    every = dials()
    lists = [Shape(name, says, framed(body)) for name, (says, body) in LISTS.items()]
    chosen = {
        DIAL: rng.sample(every, effort.count(len(every))),
        ASK: rng.sample(every, effort.count(ASKED)),
        ASK_LIST: rng.sample([*product(sorted(ALL), lists)], effort.count(LISTED)),
    }
    return [Case(verb, status, shape) for verb, replies in chosen.items() for status, shape in replies]


async def show(cases: Sequence[Case], client: type[OneInbox]) -> Tally:
    """Show this client all these replies, several at a time, and judge what it makes of them."""
    tally = Tally()
    waiting = iter(cases)

    async def go_on() -> None:
        replier = Replier()
        async with (
            serving(replier.reply) as server,
            client(server.url, SecretStr("oi_sk_test"), create_deadline_s=DEADLINE_S, now=lambda: NOW) as api,
        ):
            for case in waiting:
                replier.case = case
                server.requests.clear()
                api.create_deadline_s = HUNG_DEADLINE_S if case.shape.hangs else DEADLINE_S
                for _ in range(TRIES):
                    end = await _end_of(case.verb.ask(api))
                    if server.requests or not isinstance(end, NotSent):
                        break
                _judge(case, end, len(server.requests), tally)

    async with anyio.create_task_group() as tasks:
        for _ in range(AT_A_TIME):
            tasks.start_soon(go_on)
    return tally


async def _end_of(request: Coroutine[Any, Any, str]) -> str | Exception:
    """The id, or the error. A hang is a TimeoutError, which no request may end with."""
    try:
        with anyio.fail_after(PATIENCE_S):
            return await request
    except Exception as error:
        return error


def _judge(case: Case, end: str | Exception, requests: int, tally: Tally) -> None:
    """Compare one end with the table, and with what the server was asked."""
    if requests:
        tally.injected[f"replies to a {case.verb.name}"] += 1
    if case.verb.name == "dial" and requests > 1:
        tally.double_dials += requests - 1
        tally.fail(f"replies: {case}: sent {requests} times")
    kind = type(end) if isinstance(end, Exception) else Placed
    is_right = kind in case.allowed and (kind is not Placed or end == ID)
    if isinstance(end, Throttled):
        is_right = is_right and end.retry_after_s == case.shape.retry_after_s
    if not is_right:
        tally.wrong += 1
        tally.fail(f"replies: {case}: {end!r:.200}")
