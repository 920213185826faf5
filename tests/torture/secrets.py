"""Suite `secrets`: everything that the command line can do, with a canary for a key and canaries for people.

What each command says, what its processes show of themselves and every file that is there afterwards is
searched, in all forms that a text may take (see `canaries` and `bench`).
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from campaign.simulator.app import Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider
from campaign.simulator.server import running
from tests.torture.bench import Bench
from tests.torture.canaries import Canary
from tests.torture.secret_scenarios import (
    CONFIG,
    HEADER,
    PASSWORD,
    PEOPLE,
    ROWS,
    SCENARIOS,
    Scenario,
    as_csv,
    as_xlsx,
)
from tests.torture.tally import Effort, Tally

AT_A_TIME = 2
"""Scenarios per processor: now and then they wait."""


def run(effort: Effort) -> Tally:
    """The suite: every scenario, or as many as the effort asks for."""
    names = list(SCENARIOS)
    return search(names[: effort.count(len(names))], effort)


def search(names: Sequence[str], effort: Effort) -> Tally:
    """These scenarios, several at a time."""
    tally = Tally()

    def one(name: str) -> Tally:
        return play(name, SCENARIOS[name], effort.folder / name.replace(" ", "-"))

    with ThreadPoolExecutor(effort.jobs * AT_A_TIME) as pool:
        for found in pool.map(one, names):
            tally.add(found)
    return tally


def play(name: str, scenario: Scenario, folder: Path) -> Tally:
    """One scenario, against an account of its own that knows the canary key."""
    with _account(scenario.key, scenario.faults) as base_url:
        bench = Bench(name, folder, base_url, (scenario.key, PASSWORD), PEOPLE)
        bench.tally.injected["scenarios"] += 1
        bench.put("campaign.yaml", CONFIG)
        bench.put("list.csv", as_csv([HEADER, *ROWS]))
        bench.put("list.xlsx", as_xlsx([HEADER, *ROWS]))
        scenario.play(bench)
    if bench.commands != scenario.commands:
        bench.wrong("its commands", f"it ran {sorted(bench.commands)}")
    return bench.tally


@contextmanager
def _account(key: Canary, faults: tuple[str, ...]) -> Iterator[str]:
    """A simulated account. `echo=STATUS` is one more fault: a reply that repeats the request and its head."""
    echoes = {Fault.parse(f"status={text[5:]}") for text in faults if text.startswith("echo=")}
    plan = tuple(Fault.parse(text) for text in faults if not text.startswith("echo="))
    simulator = Simulator(
        provider=Provider(speed=200, behaviour=Behaviour(answer=1, voicemail=0, busy=0, no_answer=0)),
        faults=FaultPlan(plan),
        api_key=key.text,
        records=True,
    )
    simulator.app = _Echo(simulator.app, echoes)  # type: ignore[assignment]
    with running(simulator) as base_url:
        yield base_url


class _Echo:
    """In front of an account: some create-call requests are answered with an error that repeats them."""

    def __init__(self, application: Any, echoes: set[Fault]) -> None:
        self._application = application
        self._plan = FaultPlan(tuple(echoes))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        struck = self._plan.strike("create") if scope.get("method") == "POST" else {}
        if "status" not in struck:
            await self._application(scope, receive, send)
            return
        message = await receive()
        head = {name.decode(): value.decode() for name, value in scope["headers"]}
        said = f"{head.get('authorization')} {message['body'].decode()}"
        body = json.dumps({"detail": f"to_number: {said}", "message": said}).encode()
        start = {"type": "http.response.start", "status": int(struck["status"] or 500), "headers": []}
        await send(start)
        await send({"type": "http.response.body", "body": body})
