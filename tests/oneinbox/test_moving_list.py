"""A list that moves while it is paged by offset."""

import httpx
import pytest
from pydantic import SecretStr

from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.listing import OFFSET_OVERLAP
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.provider import Provider

pytestmark = pytest.mark.anyio

AGENT = "agt_test"
CALLS = 250


async def test_calls_that_leave_the_list_meanwhile_hide_none() -> None:
    """New calls that vanish between two pages move older ones up, and none of these is missed for that."""
    simulator = Simulator(provider=Provider(), has_cursor=False)
    for at in range(CALLS):
        simulator.provider.place(
            agent_id=AGENT, to_number=f"+1202{at:07d}", from_number="+1", variables={}, metadata={}
        )
    seen: set[str | None] = set()

    transport = httpx.ASGITransport(app=simulator.app)
    async with OneInbox("http://simulator", SecretStr(SIMULATOR_KEY), transport=transport) as client:
        async for page in client.recent_calls(AGENT):
            seen |= {call.to_number for call in page.calls}
            for _ in range(OFFSET_OVERLAP // 2 or 5):
                simulator.provider.calls.popitem()

    assert seen == {f"+1202{at:07d}" for at in range(CALLS)}
