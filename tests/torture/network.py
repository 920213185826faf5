"""Suite `network`: the line between client and OneInbox is cut, reset, stalled or garbled at every byte.

The oracle is the simulator in a process of its own. Who was really called must never look like somebody
whom nobody has called, to the client alone and to whole runs of a campaign.
"""

from collections import Counter, defaultdict
from collections.abc import Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

import anyio
from pydantic import SecretStr

from campaign.models import E164, TOKEN_KEY, CallRequest
from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError, NotSent, OutcomeUnknown
from campaign.oneinbox.listing import CallPage
from tests.e2e.machinery import KEY, Oracle, simulator
from tests.torture.network_runs import run_through
from tests.torture.proxy import Mode, Passed, Side, Strike, differ_in_one_bit, drawn, proxying, unlike
from tests.torture.tally import Effort, Tally

ASKED = 300
"""Harmed GETs of a call or a list."""
CLIENTS_AT_A_TIME = 24
"""Dials: some of them wait for an answer that never comes."""
ASKERS_AT_A_TIME = 60
"""GETs: at full counts a fifth of them waits for 30 s."""
DEADLINE_S = 20.0
"""Of a dial that may be answered; so long that a slow machine adds no doubts of its own."""
STALLED_DEADLINE_S = 0.4
"""Of a dial whose answer never comes."""
DIAL_PATIENCE_S = 40.0
"""What takes longer hangs."""
ASK_PATIENCE_S = 75.0
"""The same for a GET, which has a deadline of its own of 30 s; a list asks again."""
LOOK_AGAIN_S = 0.05
STRIKING_DIALS, STRIKING_ASKED = 0.98, 0.9
"""So many of the faults have to strike; on a slow machine a short deadline may pass before."""
TRIES = 5
"""A slow machine may not connect in time; what has not reached the line is sent again."""
PLACED = "placed"
CHANGED = "placed with an id that the line has changed"
FIRST_AGENT, AGENT = "agt_before", "agt_harmed"
"""Of the dial that is measured, and of the harmed ones. They are of one length, as every byte counts."""

End = str | BaseException
"""The id that the client gave, or how its request failed."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """What became of one dial on a harmed line."""

    strike: Strike
    has_struck: bool
    is_answered: bool
    """Whether the whole reply has passed unchanged."""
    end: End


def run(effort: Effort, client: type[OneInbox] = OneInbox) -> Tally:
    """Harm connections of this client, and judge."""
    tally, rng = Tally(), Random(effort.seed)
    with simulator(effort.folder, "--speed", "500") as oracle:
        passed = anyio.run(_requests_through, effort, rng, oracle, client, tally)
        run_through(effort, rng, passed, oracle, client, tally)
    return tally


async def _requests_through(
    effort: Effort, rng: Random, oracle: Oracle, client: type[OneInbox], tally: Tally
) -> Passed:
    """Single requests: the dials, and beside them what is asked. Returns what the line carries for a dial."""
    passed = await _measure(oracle)
    strikes = _every_byte(effort, rng, passed)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_dial_through, strikes, passed, oracle, client, tally)
        tasks.start_soon(_ask_through, effort, rng, oracle, client, tally)
    dials, asked = STRIKING_DIALS * len(strikes), STRIKING_ASKED * effort.count(ASKED)
    tally.require({"dials": int(dials), "GETs": int(asked)})
    return passed


def _request(at: int, agent_id: str = AGENT) -> CallRequest:
    return CallRequest(
        agent_id=agent_id,
        to_number=E164(f"+1{at:09d}{-sum(map(int, str(at))) % 10}"),
        from_number="+12025550100",
        variables={"customer_name": "Person"},
        metadata={TOKEN_KEY: unlike(at)},
    )


async def _measure(oracle: Oracle) -> Passed:
    """What the line carries for one dial that nothing harms, the oracle's first.

    The call is over then: what is asked of it later always has the same answer.
    """
    async with proxying(oracle.base_url) as proxy, OneInbox(proxy.url, SecretStr(KEY)) as client:
        call_id = await client.create_call(_request(10**8, FIRST_AGENT))
    async with OneInbox(oracle.base_url, SecretStr(KEY)) as client:
        with anyio.fail_after(DIAL_PATIENCE_S):
            call = await client.get_call(call_id)
            while not call.has_analysis:
                await anyio.sleep(LOOK_AGAIN_S)
                call = await client.get_call(call_id)
    return proxy.passed


def _every_byte(effort: Effort, rng: Random, passed: Passed) -> list[Strike]:
    """Each way to harm a dial at each of its bytes, or a share of them."""
    strikes = [
        Strike(mode, side, at, bit=rng.randrange(8), verb="POST")
        for mode, side in product(Mode, Side)
        for at in range(len(passed[side]) + (mode is not Mode.GARBLE))
    ]
    return rng.sample(strikes, effort.count(len(strikes)))


async def _dial_through(
    strikes: Sequence[Strike], passed: Passed, oracle: Oracle, client: type[OneInbox], tally: Tally
) -> None:
    """One dial per strike, several at a time."""
    dialled: dict[int, Dialled] = {}
    waiting = iter(enumerate(strikes))

    async def dial_on() -> None:
        async with (
            proxying(oracle.base_url) as proxy,
            client(proxy.url, SecretStr(KEY), create_deadline_s=DEADLINE_S) as api,
        ):
            for at, strike in waiting:
                proxy.aim(strike)
                is_late = strike.side is Side.REPLY and strike.at >= len(passed[Side.REPLY])
                never_ends = strike.mode is Mode.STALL and not is_late
                api.create_deadline_s = STALLED_DEADLINE_S if never_ends else DEADLINE_S
                for _ in range(TRIES):
                    end = await _end_of(api.create_call(_request(at)), DIAL_PATIENCE_S)
                    if proxy.has_struck or not isinstance(end, NotSent):
                        break
                is_whole = strike.mode is not Mode.GARBLE and proxy.has_whole_reply
                # On a slow machine the short deadline may pass even before the stall.
                is_answered = not never_ends and (is_whole or not proxy.has_struck)
                dialled[at] = Dialled(strike, proxy.has_struck, is_answered, end)

    async with anyio.create_task_group() as tasks:
        for _ in range(CLIENTS_AT_A_TIME):
            tasks.start_soon(dial_on)
    calls = _calls_by_case(oracle, strikes, tally)
    seen: Counter[str] = Counter()
    for at, dial in dialled.items():
        what = judge_dial(dial, calls[at], tally)
        if dial.has_struck:
            tally.injected[f"dials {dial.strike.mode}"] += 1
            seen[what] += 1
    if not seen[PLACED]:
        tally.wrong += 1
        tally.fail("network: no dial was placed, though many of these faults leave it whole")
    tally.notes.insert(0, ", ".join(f"{number:,} {what}" for what, number in sorted(seen.items())))


async def _end_of(request: Coroutine[Any, Any, Any], patience_s: float = ASK_PATIENCE_S) -> Any:
    """The answer or the error. A hang is a TimeoutError, which no request may end with."""
    try:
        with anyio.fail_after(patience_s):
            return await request
    except Exception as error:
        return error


def _calls_by_case(oracle: Oracle, strikes: Sequence[Strike], tally: Tally) -> dict[int, list[str]]:
    """The ids of the calls that the provider really made, by the dial that they belong to.

    One byte at most was changed on the way, so either the token or the number is whole.
    """
    by_token = {_request(at).metadata[TOKEN_KEY]: at for at in range(len(strikes))}
    by_number = {str(_request(at).to_number): at for at in range(len(strikes))}
    calls: dict[int, list[str]] = defaultdict(list)
    strangers = 0
    for dial in oracle.dials()[1:]:
        at = by_token.get(dial["metadata"].get(TOKEN_KEY), by_number.get(dial["to_number"]))
        if at is None:
            tally.wrong += 1
            tally.fail(f"network: nobody has asked for the call to {dial['to_number']}")
            continue
        calls[at].append(dial["call_id"])
        if dial["to_number"] != _request(at).to_number:
            # No client can prevent this on a plain line.
            strangers += 1
            if (strikes[at].mode, strikes[at].side) != (Mode.GARBLE, Side.REQUEST):
                tally.wrong += 1
                tally.fail(f"network: dial, {strikes[at]}: called {dial['to_number']}")
    if strangers:
        tally.notes.append(f"{strangers:,} of these dials had their number changed and reached somebody else")
    return calls


def judge_dial(dial: Dialled, calls: Sequence[str], tally: Tally) -> str:
    """Compare how a dial ended with the calls that the provider made of it; returns what it was."""
    strike, end = dial.strike, dial.end
    failure = ""
    if len(calls) > 1:
        tally.double_dials += len(calls) - 1
        failure = f"{len(calls)} calls"
    if isinstance(end, OutcomeUnknown):
        what = "left in doubt"
    elif isinstance(end, ApiError):
        what = "known as not placed"
        if calls:
            tally.double_dials += 1
            failure = f"{end!r} though the call was placed"
    elif isinstance(end, str):
        what = PLACED
        is_garbled = dial.has_struck and (strike.mode, strike.side) == (Mode.GARBLE, Side.REPLY)
        if is_garbled and end not in calls and any(differ_in_one_bit(end, call_id) for call_id in calls):
            # No client can see this. What becomes of it is for the whole runs to show.
            what = CHANGED
        elif end not in calls:
            tally.lost_ids += 1
            failure = f"the id {end} in place of {calls}"
    else:
        what = "not classified"
        tally.wrong += 1
        failure = f"{end!r}"
    if dial.is_answered and what != PLACED:
        tally.wrong += 1
        failure = failure or f"{what}, though the whole reply has passed: {end!r}"
    if failure:
        tally.fail(f"network: dial, {strike}: {failure}")
    return what


async def _ask_through(
    effort: Effort, rng: Random, oracle: Oracle, client: type[OneInbox], tally: Tally
) -> None:
    """Ask for one call and for a list on a harmed line."""
    call_id = oracle.dials()[0]["call_id"]
    verbs = {"GET": lambda api: api.get_call(call_id), "list": _first_page}
    truth: dict[str, Any] = {}
    passed: dict[str, Passed] = {}
    for verb, ask in verbs.items():
        async with proxying(oracle.base_url) as proxy, client(proxy.url, SecretStr(KEY)) as api:
            truth[verb] = await ask(api)
            passed[verb] = proxy.passed
    # A GET that stalls takes its whole deadline of 30 s: only in full runs.
    modes = [mode for mode in Mode if mode is not Mode.STALL or effort.share >= 1]
    waiting = iter(rng.choices(list(verbs), k=effort.count(ASKED)))

    async def ask_on() -> None:
        async with proxying(oracle.base_url) as proxy:
            for verb in waiting:
                strike = drawn(rng, modes, passed[verb])
                proxy.aim(strike)
                async with client(proxy.url, SecretStr(KEY)) as api:
                    for _ in range(TRIES):
                        answer = await _end_of(verbs[verb](api))
                        if proxy.has_struck or not isinstance(answer, NotSent):
                            break
                if proxy.has_struck:
                    tally.injected[f"GETs {strike.mode}"] += 1
                if answer != truth[verb] and not (proxy.has_struck and may_answer(strike.mode, answer)):
                    tally.wrong += 1
                    tally.fail(f"network: {verb}, {strike}: {answer!r}")

    async with anyio.create_task_group() as tasks:
        for _ in range(ASKERS_AT_A_TIME):
            tasks.start_soon(ask_on)


def may_answer(mode: Mode, answer: object) -> bool:
    """Whether a struck GET may end so, other than with the truth."""
    if mode is Mode.GARBLE:
        # A changed byte may say anything.
        return isinstance(answer, ApiError) or not isinstance(answer, BaseException)
    # That there is no such call or list is what only a reply can say.
    return isinstance(answer, NotSent | OutcomeUnknown)


async def _first_page(api: OneInbox) -> CallPage:
    async with aclosing(api.recent_calls(FIRST_AGENT)) as pages:
        return await anext(pages)
