"""The account's usage: read from the simulator and from odd replies; what is not told is unknown."""

from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

from campaign.oneinbox.client import OneInbox
from campaign.oneinbox.errors import ApiError, KeyRefused, NotFound, OutcomeUnknown
from campaign.oneinbox.usage import Usage, parse_usage
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.provider import Provider

CREATE = {"agent_id": "agt_test", "to_number": "+12025550143", "from_number": "+12025550100"}


async def ask(simulator: Simulator) -> Usage:
    """What the client makes of it."""
    transport = httpx.ASGITransport(app=simulator.app)
    async with OneInbox("http://simulator", SecretStr(SIMULATOR_KEY), transport=transport) as client:
        return await client.get_usage()


@pytest.mark.anyio
@pytest.mark.parametrize("status", [402, 403, 429])
async def test_the_simulator_counts_the_calls_of_a_day(status: int) -> None:
    """Calls are counted from 00:00 UTC on; beyond the quota they are answered with the chosen status."""
    seconds = 0.0
    provider = Provider(
        daily_quota=2,
        over_quota=status,
        monotonic=lambda: seconds,
        started_at=datetime(2026, 6, 3, 23, 59, tzinfo=UTC),
    )
    simulator = Simulator(provider=provider)
    assert await ask(simulator) == Usage(0, 2, 2)
    headers = {"Authorization": f"Bearer {SIMULATOR_KEY}"}
    transport = httpx.ASGITransport(app=simulator.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator", headers=headers) as client:
        codes = [(await client.post("/v1/calls", json=CREATE)).status_code for _ in range(3)]
        assert codes == [201, 201, status]
        assert (await ask(simulator)).left_today == 0
        seconds = 61.0
        assert await ask(simulator) == Usage(0, 2, 2)
        assert (await client.post("/v1/calls", json=CREATE)).status_code == 201


@pytest.mark.parametrize(
    ("fault", "error"),
    [("status=404", NotFound), ("status=403", KeyRefused), ("garble", OutcomeUnknown)],
)
def test_an_account_that_does_not_tell(fault: str, error: type[ApiError]) -> None:
    """Whoever asks hears what is wrong, as with every other question."""
    simulator = Simulator(faults=FaultPlan((Fault.parse(f"{fault}@usage"),)))
    with pytest.raises(error):
        anyio.run(ask, simulator)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ({"calls_remaining_today": 5}, 5),
        ({"calls_made_today": 95, "max_calls_per_day": 100}, 5),
        # Of two figures that disagree the smaller one counts.
        ({"calls_made_today": 95, "max_calls_per_day": 100, "calls_remaining_today": 9}, 5),
        ({"calls_remaining_today": "7"}, 7),
        ({"calls_remaining_today": 7.9}, 7),
        ({"calls_remaining_today": -3}, 0),
        ({"calls_made_today": 120, "max_calls_per_day": 100}, 0),
        ({"calls_made_today": 120, "max_calls_per_day": None}, None),
        ({"calls_remaining_today": True}, None),
        ({"calls_remaining_today": "many"}, None),
        ({"calls_remaining_today": "nan"}, None),
        ({"calls_remaining_today": 1e300}, None),
        ({"calls_remaining_today": [5]}, None),
        ({}, None),
    ],
)
def test_any_figures(body: dict[str, Any], left: int | None) -> None:
    """What is no number says nothing, and never more than the least that is told is left."""
    assert parse_usage(body).left_today == left


@pytest.mark.parametrize("body", [None, [], "5", 5, True])
def test_what_is_no_object(body: Any) -> None:
    """It says nothing at all."""
    assert parse_usage(body) == Usage()
