"""The simulator as a web application (ASGI): the endpoints of OneInbox, and one of its own for judges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route

from campaign.simulator import wire
from campaign.simulator.answers import Dated, Refusal, Struck, endpoint, page
from campaign.simulator.calls import Calls
from campaign.simulator.carriers import Carriers
from campaign.simulator.faults import FaultPlan
from campaign.simulator.numbers import Numbers
from campaign.simulator.outcomes import Outcomes
from campaign.simulator.provider import Provider
from campaign.simulator.store import Store
from campaign.simulator.webhooks import Webhooks

SIMULATOR_KEY = "oi_sk_simulator"
SIMULATED_AGENT = "agt_simulated"
"""The agent that is listed where any is taken."""


@dataclass(slots=True)
class Simulator:
    """One simulated OneInbox account, as the ASGI application `app`."""

    provider: Provider = field(default_factory=Provider)
    faults: FaultPlan = field(default_factory=FaultPlan)
    generation: str = "v3"
    envelope: str = "items"
    has_cursor: bool = True
    api_key: str = SIMULATOR_KEY
    agents: frozenset[str] | None = None
    """The agents that exist; None takes any."""
    first_message: str = "Hello, this is the assistant of your service team."
    """What every agent opens with. Its placeholders, if any, are what a list must supply."""
    first_messages: Mapping[str, str] = field(default_factory=dict)
    """What single agents open with instead."""
    slim_lists: bool = False
    """Whether list items leave out the conversation, as no documentation promises it."""
    agent_details: Mapping[str, Any] = field(default_factory=dict)
    """What every agent has otherwise than by default."""
    clock_ahead_s: float = 0.0
    """How far the clock that its replies tell is ahead of this machine's."""
    quota: int | None = None
    """Calls that the account may make; the next one is answered 402."""
    registered_only: bool = False
    """Whether calls are made from registered numbers only."""
    webhook_secret: str | None = None
    """Signs the events that go out; None: only where the newest generation makes a secret of its own."""
    records: bool = False
    """Whether agents record their calls."""
    retry_s: float = 1.0
    """Real seconds before an event is posted a second time, twice as many before the third."""
    carriers: Carriers = field(init=False)
    numbers: Numbers = field(init=False)
    webhooks: Webhooks = field(init=False)
    outcomes: Outcomes = field(init=False)
    store: Store = field(init=False)
    app: Starlette = field(init=False)

    def __post_init__(self) -> None:
        self.carriers = Carriers(self)
        self.numbers = Numbers(self, lambda: self.carriers.known)
        self.webhooks = Webhooks(self)
        calls = Calls(self, self._refused_from, self.webhooks.placed)
        self.outcomes = Outcomes(self, calls.find, calls.shown)
        self.store = Store(self)
        routes = [
            *calls.routes(),
            *self.store.routes(),
            *self.outcomes.routes(),
            *self.carriers.routes(),
            *self.numbers.routes(),
            *self.webhooks.routes(),
            Route("/v1/agents", endpoint(self, "agent", self._agents), methods=["GET"]),
            Route("/v1/agents/{agent_id}", endpoint(self, "agent", self._agent), methods=["GET"]),
            Route("/v1/usage", endpoint(self, "usage", self._usage), methods=["GET"]),
            Route("/simulator/dials", calls.dials, methods=["GET"]),
        ]
        self.app = Starlette(
            routes=routes, middleware=[Middleware(Dated, ahead_s=lambda: self.clock_ahead_s)]
        )

    def _refused_from(self, number: str) -> str | None:
        return self.numbers.refused_from(number) if self.registered_only else None

    async def _agent(self, request: Request, _struck: Struck) -> Any:
        agent_id = request.path_params["agent_id"]
        if self.agents is not None and agent_id not in self.agents:
            raise Refusal(404, "not_found", "Agent not found")
        return self._shown_agent(agent_id)

    async def _agents(self, request: Request, _struck: Struck) -> Any:
        known = sorted(self.agents) if self.agents is not None else [SIMULATED_AGENT]
        return page(self, request, "agents", list(map(self._shown_agent, known)))

    def _shown_agent(self, agent_id: str) -> dict[str, Any]:
        message = self.first_messages.get(agent_id, self.first_message)
        shown = wire.agent_object(agent_id, message, self.generation, records=self.records)
        return {**shown, **self.agent_details}

    async def _usage(self, _request: Request, _struck: Struck) -> Any:
        return wire.usage_object(self.provider)
