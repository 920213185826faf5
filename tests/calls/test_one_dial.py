"""The order of one dial, seen from the provider: what has to be true when a request arrives."""

from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import anyio
import pytest
from sqlalchemy import Connection, select

from campaign.calls.watchlist import NOTHING_S
from campaign.errors import ExitCode
from campaign.ledger import attempts, schema, suppression
from campaign.ledger.ledger import Ledger
from campaign.models import AttemptState, RowStatus
from tests.calls.harness import FAST, QUICK, Stage, numbers
from tests.calls.held_time import HeldClock
from tests.support import NOON, make_settings

pytestmark = pytest.mark.anyio

MakeStage = Callable[..., Stage]


class DiskThatHangsOnce(Ledger):
    """Hangs for a moment before the first intent is on disk."""

    def __init__(self, ledger: Ledger, clock: HeldClock) -> None:
        vars(self).update(vars(ledger))
        self._clock = clock
        self._has_hung = False

    def write(self, verb: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As in the ledger, but the writer has something else to do first."""
        if verb is attempts.record_intent and not self._has_hung:
            self._has_hung = True
            super().write(lambda _connection: self._clock.hang(0.6))
        return super().write(verb, *args, **kwargs)


def on_each_dial(stage: Stage, notice: Callable[[], Awaitable[None]]) -> None:
    """Have `notice` run when a create-call request arrives, before the provider acts on it."""
    application: Any = stage.simulator.app

    async def noticing(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "POST":
            await notice()
        await application(scope, receive, send)

    stage.simulator.app = noticing  # type: ignore[assignment]


def states(connection: Connection) -> list[str]:
    """Of every attempt that is on disk."""
    return list(connection.scalars(select(schema.attempts.c.state).order_by(schema.attempts.c.id)))


async def test_the_intent_is_on_disk_before_the_request_arrives(stage: MakeStage) -> None:
    """When the provider hears of a call, another process could read of it in the ledger."""
    spring = stage()
    spring.settings = make_settings(pace=FAST | {"max_live_calls": 1})
    await spring.enrol(*numbers(3))
    seen: list[list[str]] = []

    async def notice() -> None:
        seen.append(await spring.read(states))

    on_each_dial(spring, notice)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert [len(on_disk) for on_disk in seen] == [1, 2, 3]
    assert {on_disk[-1] for on_disk in seen} == {AttemptState.DIALING}


async def test_who_is_suppressed_while_waiting_for_the_pace_is_not_dialled(stage: MakeStage) -> None:
    """The gates are asked after the pace: what was true when the row was chosen does not count any more."""
    spring = stage()
    spring.settings = make_settings(pace={"calls_per_second": 5, "max_live_calls": 10})
    await spring.enrol(*numbers(3))
    last = numbers(3)[-1]

    async def notice() -> None:
        await spring.write(suppression.suppress, [last], reason="asked not to be called", now=NOON)

    on_each_dial(spring, notice)
    assert (await spring.run()).exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(2), 1)
    assert (await spring.statuses())[RowStatus.SUPPRESSED] == 1


async def test_a_429_with_a_time_is_obeyed(stage: MakeStage) -> None:
    """After a Retry-After of one second no request arrives for one second, whatever the pace allows."""
    spring = stage("throttle=1#2")
    spring.settings = make_settings(pace=FAST | {"max_live_calls": 1})
    await spring.enrol(*numbers(3))
    assert (await spring.run()).exit_code is ExitCode.OK
    times = [dial.at for dial in spring.simulator.provider.dials]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[0] >= 1.0
    assert len(times) == 3


async def test_a_start_that_has_grown_stale_is_not_sent(stage: MakeStage, clock: HeldClock) -> None:
    """What waited too long for the disk is held back; with a new start, by the pace, the person is called."""
    spring = stage()
    spring.ledger = DiskThatHangsOnce(spring.ledger, clock)
    spring.timing = replace(QUICK, stale_s=0.3)
    await spring.enrol(*numbers(1))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert await spring.read(states) == [AttemptState.NOT_SENT, AttemptState.ENDED]
    assert spring.dialled() == dict.fromkeys(numbers(1), 1)


async def test_a_connection_that_takes_too_long_is_not_used(stage: MakeStage) -> None:
    """What was right before it is asked again when it stands; with a new start the person is called."""
    spring = stage()
    spring.timing = replace(QUICK, stale_s=0.1)
    waits = iter([0.2])

    async def connect() -> None:
        await anyio.sleep(next(waits, 0.0))

    spring.connect = connect
    await spring.enrol(*numbers(1))
    assert (await spring.run()).exit_code is ExitCode.OK
    assert await spring.read(states) == [AttemptState.NOT_SENT, AttemptState.ENDED]
    assert spring.dialled() == dict.fromkeys(numbers(1), 1)


async def test_a_deadline_that_passes_while_a_dial_connects(stage: MakeStage, clock: HeldClock) -> None:
    """No call starts after it, also when a slow network or a suspended machine was in between."""
    spring = stage()
    spring.timing = replace(QUICK, stale_s=60.0)

    async def connect() -> None:
        await anyio.sleep(0.2)

    spring.connect = connect
    await spring.enrol(*numbers(2))
    report = await spring.run(deadline=clock.now() + timedelta(seconds=0.1))
    assert report.exit_code is ExitCode.NOT_FINISHED
    assert spring.dialled() == {}


async def test_a_call_in_doubt_keeps_its_line(stage: MakeStage) -> None:
    """With one line, the next person is called only when the fate of the first request is decided."""
    spring = stage("drop#1")
    spring.settings = make_settings(pace=FAST | {"max_live_calls": 1})
    spring.timing = replace(QUICK, doubt_wait_s=1.5)
    await spring.enrol(*numbers(2))
    seen: list[list[str]] = []

    async def notice() -> None:
        seen.append(await spring.read(states))

    on_each_dial(spring, notice)
    assert (await spring.run()).exit_code is ExitCode.NEEDS_REVIEW
    assert seen == [[AttemptState.DIALING], [AttemptState.NEEDS_REVIEW, AttemptState.DIALING]]


async def test_a_call_that_came_back_with_the_id_of_another_is_looked_for_at_once(stage: MakeStage) -> None:
    """It is in doubt, though its reply looked right, and its doubt rings as any other does."""
    spring = stage()
    # One at a time: the id is known as the first person's when the second one gets it.
    spring.settings = make_settings(pace={**FAST, "burst": 1, "max_live_calls": 1})
    application: Any = spring.simulator.app
    dials, sent = spring.simulator.provider.dials, list[bytes]()

    async def repeating(scope: Any, receive: Any, send: Any) -> None:
        async def send_first_id(message: Any) -> None:
            if "body" in message:
                own, first = (dial.call_id.encode() for dial in (dials[-1], dials[0]))
                message["body"] = message["body"].replace(own, first)
                sent.append(message["body"])
            await send(message)

        await application(scope, receive, send_first_id if scope["method"] == "POST" else send)

    spring.simulator.app = repeating  # type: ignore[assignment]
    await spring.enrol(*numbers(2))
    began = anyio.current_time()

    report = await spring.run()

    assert report.exit_code is ExitCode.OK
    assert spring.dialled() == dict.fromkeys(numbers(2), 1)
    assert [dials[0].call_id.encode() in reply for reply in sent] == [True, True]
    assert len({row.call_id for row in await spring.rows()}) == 2
    assert anyio.current_time() - began < NOTHING_S / 2
