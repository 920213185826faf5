"""A simulated account with a clock that the test moves, and a plain client for it."""

from dataclasses import dataclass
from typing import Any

import httpx

from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.people import Behaviour
from campaign.simulator.provider import Provider

ALWAYS_ANSWERS = Behaviour(answer=1, voicemail=0, busy=0, no_answer=0)
BODY = {
    "agent_id": "agt_test",
    "to_number": "+12025550111",
    "from_number": "+12025550100",
    "variables": {"customer_name": "Dana"},
    "metadata": {"campaign_attempt": "token"},
}
HEADERS = {"Authorization": f"Bearer {SIMULATOR_KEY}"}


@dataclass
class Clock:
    """Seconds that pass when the test says so."""

    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


def account(
    *faults: str, clock: Clock | None = None, behaviour: Behaviour = ALWAYS_ANSWERS, **options: Any
) -> Simulator:
    """A simulated account, where people answer unless told otherwise."""
    provider = Provider(
        behaviour=behaviour,
        monotonic=clock or Clock(),
        **{k: options.pop(k) for k in PROVIDER & options.keys()},
    )
    plan = FaultPlan(tuple(Fault.parse(fault) for fault in faults))
    return Simulator(provider=provider, faults=plan, **options)


PROVIDER = {"list_lag_s", "speed", "seed", "dial_log"}


def talk_to(simulator: Simulator, *, key: str = SIMULATOR_KEY) -> httpx.AsyncClient:
    """A client in the same process, with the account's key."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=simulator.app),
        base_url="http://simulator",
        headers={"Authorization": f"Bearer {key}"},
    )


async def create(simulator: Simulator, **changes: Any) -> tuple[int, Any]:
    """One create-call request: status and body."""
    async with talk_to(simulator) as client:
        reply = await client.post("/v1/calls", json=BODY | changes)
        return reply.status_code, reply.json()


async def get(simulator: Simulator, path: str, **query: Any) -> Any:
    """The body of a GET."""
    async with talk_to(simulator) as client:
        return (await client.get(path, params=query)).raise_for_status().json()
