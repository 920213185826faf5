"""Carrier credentials of the simulated account: kept at the path of a generation, and never shown again."""

import json
from typing import Any

import httpx
import pytest

from campaign.simulator.app import Simulator
from tests.simulator.machinery import account, talk_to

pytestmark = pytest.mark.anyio

GENERATIONS = ("v1", "v2", "v3")
PATHS = {"v1": "/v1/credentials", "v2": "/v1/credentials", "v3": "/v1/integrations"}
SECRET = "carrier-token-4711"
BODY: dict[str, Any] = {"name": "Production", "provider": "twilio", "api_key": SECRET}


async def add(simulator: Simulator, **changes: Any) -> httpx.Response:
    """Store one credential."""
    async with talk_to(simulator) as client:
        return await client.post(PATHS[simulator.generation], json=BODY | changes)


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_credential_is_kept(generation: str) -> None:
    """It can be listed, read, changed and removed; what it holds is in no reply."""
    simulator, path = account(generation=generation), PATHS[generation]
    added = await add(simulator, metadata={"account_sid": "AC1"})
    assert (added.status_code, added.json()["name"], added.json()["provider"]) == (
        201,
        "Production",
        "twilio",
    )
    one = f"{path}/{added.json()['id']}"
    async with talk_to(simulator) as client:
        replies = [added, await client.get(path), await client.get(one)]
        replies.append(await client.patch(one, json={"name": "Other"}))
        assert replies[-1].json()["name"] == "Other"
        assert (await client.delete(one)).status_code == 204
        assert [(await client.request(method, one)).status_code for method in ("GET", "DELETE")] == [404, 404]
    assert [found["id"] for found in replies[1].json()["items"]] == [added.json()["id"]]
    assert not any(SECRET in reply.text for reply in replies)
    assert ("masked_key" in added.json()) == (generation == "v3")


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_the_path_of_another_generation(generation: str) -> None:
    """It is not there, whoever asks."""
    [other] = set(PATHS.values()) - {PATHS[generation]}
    for key in ("oi_sk_simulator", "oi_sk_wrong"):
        async with talk_to(account(generation=generation), key=key) as client:
            replies = [await client.get(other), await client.post(other, json=BODY)]
        assert [reply.status_code for reply in replies] == [404, 404]


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("field", BODY)
@pytest.mark.parametrize("value", [None, "", 17])
async def test_fields_are_required(generation: str, field: str, value: Any) -> None:
    """Whatever is missing or no text is named in the words of the generation, and nothing is kept."""
    simulator = account(generation=generation)
    reply = await add(simulator, **{field: value})
    assert reply.status_code == 422
    assert ("detail" in reply.json()) == (generation != "v1")
    assert field in json.dumps(reply.json())
    assert simulator.carriers.known == {}


@pytest.mark.parametrize(
    ("fault", "status", "kept"),
    [
        ("status=401@add_carrier", 401, 0),
        ("bad_carrier@add_carrier", 422, 0),
        ("bad_carrier=400@add_carrier", 400, 0),
        ("act_then_status=502@add_carrier", 502, 1),
        ("throttle=3@add_carrier", 429, 0),
        ("bad_carrier@carriers", 201, 1),
    ],
)
async def test_faults(fault: str, status: int, kept: int) -> None:
    """A fault strikes the endpoint that it names, before or after the credential is kept."""
    simulator = account(fault)
    reply = await add(simulator)
    assert (reply.status_code, len(simulator.carriers.known)) == (status, kept)
    assert ("Invalid carrier credentials" in reply.text) == ("bad_carrier" in fault and not kept)


async def test_a_wrong_key() -> None:
    """Credentials are their own account's only."""
    async with talk_to(account(), key="oi_sk_wrong") as client:
        assert (await client.post(PATHS["v3"], json=BODY)).status_code == 401


@pytest.mark.parametrize("envelope", ["array", "items", "calls", "data"])
@pytest.mark.parametrize("generation", GENERATIONS)
async def test_envelopes(generation: str, envelope: str) -> None:
    """Lists come in the account's envelope; the newest generation gives twenty at a time, with the total."""
    simulator = account(generation=generation, envelope=envelope)
    for at in range(21):
        await add(simulator, name=f"carrier {at}")
    async with talk_to(simulator) as client:
        body = (await client.get(PATHS[generation])).json()
    items = body if envelope == "array" else body["credentials" if envelope == "calls" else envelope]
    assert len(items) == (20 if generation == "v3" else 21)
    assert envelope == "array" or body.get("total") == (21 if generation == "v3" else None)
