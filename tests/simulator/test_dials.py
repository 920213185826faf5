"""What the simulated API refuses, loses or accepts, and which of it counts as a dial."""

import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from campaign.simulator.answers import ReplyLostError
from tests.simulator.machinery import BODY, account, create, talk_to

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("changes", "options", "status", "told"),
    [
        ({"to_number": "12025550111"}, {}, 422, "to_number"),
        ({"to_number": None}, {}, 422, "to_number"),
        ({"agent_id": ""}, {}, 422, "agent_id"),
        ({"from_number": None}, {}, 422, "from_number"),
        ({"agent_id": "agt_other"}, {"agents": frozenset({"agt_test"})}, 404, "Agent not found"),
        ({}, {"quota": 0}, 402, "credit"),
    ],
)
@pytest.mark.parametrize("generation", ["v1", "v3"])
async def test_refusals(
    generation: str, changes: dict[str, Any], options: dict[str, Any], status: int, told: str
) -> None:
    """What is refused says why in the words of its generation, and is no dial."""
    simulator = account(generation=generation, **options)

    found, body = await create(simulator, **changes)

    assert found == status
    assert ("detail" in body) == (generation == "v3")
    assert told in json.dumps(body)
    assert simulator.provider.dials == []


async def test_quota() -> None:
    """The account makes as many calls as its quota allows, and then answers 402."""
    simulator = account(quota=2)

    assert [(await create(simulator))[0] for _ in range(4)] == [201, 201, 402, 402]
    assert len(simulator.provider.dials) == 2


@pytest.mark.parametrize("path", ["/v1/calls", "/v1/calls/cursor", "/v1/calls/call_1"])
async def test_a_wrong_key(path: str) -> None:
    """Without the right key nothing is answered and nobody is called."""
    simulator = account()
    async with talk_to(simulator, key="oi_sk_wrong") as client:
        assert (await client.get(path)).status_code == 401
        assert (await client.post("/v1/calls", json=BODY)).status_code == 401
        assert (await client.post("/v1/calls/call_1/stop")).status_code == 401

    assert simulator.provider.dials == []


@pytest.mark.parametrize(
    ("fault", "status", "dials"),
    [
        ("throttle", 429, 0),
        ("status=503", 503, 0),
        ("refuse", 422, 0),
        ("act_then_status=502", 502, 1),
        ("no_id", 201, 1),
        ("duplicate", 201, 2),
        ("never_end", 201, 1),
    ],
)
async def test_dials_count_when_a_request_is_accepted(fault: str, status: int, dials: int) -> None:
    """Whatever is answered, exactly what really rang is counted."""
    simulator = account(fault)

    found, _ = await create(simulator)

    assert (found, [dial.to_number for dial in simulator.provider.dials]) == (
        status,
        ["+12025550111"] * dials,
    )


@pytest.mark.parametrize(("fault", "dials"), [("lose_reply", 1), ("cut", 1), ("drop", 0)])
async def test_lost_replies_in_process(fault: str, dials: int) -> None:
    """In process a lost reply is an error for the caller, and the dial counts if it was made."""
    simulator = account(fault)

    with pytest.raises(ReplyLostError):
        await create(simulator)

    assert len(simulator.provider.dials) == dials


@pytest.mark.parametrize(("fault", "header"), [("throttle=17", "17"), ("throttle", None)])
async def test_retry_after(fault: str, header: str | None) -> None:
    """A 429 comes with and without Retry-After."""
    async with talk_to(account(fault)) as client:
        reply = await client.post("/v1/calls", json=BODY)

    assert (reply.status_code, reply.headers.get("retry-after")) == (429, header)


async def test_retry_after_as_a_date() -> None:
    """A 429 may name a date."""
    async with talk_to(account("throttle=date:90")) as client:
        reply = await client.post("/v1/calls", json=BODY)

    assert parsedate_to_datetime(reply.headers["retry-after"]).tzinfo is not None
