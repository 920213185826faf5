"""Agents of the simulated account: which exist, what they say of themselves, and which faults strike."""

import pytest

from campaign.models import Agent
from campaign.oneinbox import wire
from campaign.simulator.app import Simulator
from campaign.simulator.faults import Fault, FaultPlan
from tests.simulator.machinery import account, get, talk_to

pytestmark = pytest.mark.anyio

PATH = "/v1/agents/agt_test"


@pytest.mark.parametrize("generation", ["v1", "v3"])
async def test_the_agent(generation: str) -> None:
    """An agent shows its id and the message that the account was given, in its generation's shape."""
    simulator = account(generation=generation, first_message="Hello {{customer_name}}!")

    shown = await get(simulator, PATH)

    assert (shown["id"], shown["first_message"]) == ("agt_test", "Hello {{customer_name}}!")
    assert (shown["max_duration_seconds"], shown["enable_recording"]) == (600, False)
    assert {"llm_id", "transcriber", "tts"} <= shown.keys()
    newer = {"voicemail_detection", "voicemail_message", "dynamic_variables"}
    assert shown.keys() & newer == (newer if generation == "v3" else set())


async def test_an_agent_asks_for_nothing_by_default() -> None:
    """Unless told otherwise the first message has no placeholder, so that any list will do."""
    agent = wire.parse_agent(await get(account(), PATH))
    assert isinstance(agent, Agent)
    assert agent.first_message
    assert agent.placeholders == ()


@pytest.mark.parametrize(
    ("agents", "status"), [(None, 200), (frozenset({"agt_test"}), 200), (frozenset({"agt_other"}), 404)]
)
@pytest.mark.parametrize("generation", ["v1", "v3"])
async def test_which_agents_exist(agents: frozenset[str] | None, status: int, generation: str) -> None:
    """An agent that does not exist is not found, as when it is asked to call somebody."""
    async with talk_to(account(agents=agents, generation=generation)) as client:
        assert (await client.get(PATH)).status_code == status


async def test_a_wrong_key() -> None:
    """An agent is shown to its own account only, and others do not learn whether it exists."""
    async with talk_to(account(agents=frozenset()), key="oi_sk_wrong") as client:
        assert (await client.get(PATH)).status_code == 401


@pytest.mark.parametrize("endpoint", ["create", "get", "list", "agent"])
async def test_which_faults_strike(endpoint: str) -> None:
    """A fault of another endpoint leaves agents alone; one that names them strikes, and at its turn only."""
    plan = FaultPlan((Fault("status", "503", endpoint, first=2, last=2),))
    simulator = Simulator(faults=plan)

    async with talk_to(simulator) as client:
        statuses = [(await client.get(PATH)).status_code for _ in range(3)]

    assert statuses == [200, 503 if endpoint == "agent" else 200, 200]
