"""Phone numbers of the simulated account: search, registration in both ways, and calls from them."""

import json
from typing import Any

import httpx
import pytest

from campaign.simulator.app import Simulator
from tests.simulator.machinery import account, create, get, talk_to
from tests.simulator.test_carriers import GENERATIONS, add

pytestmark = pytest.mark.anyio

PATH = "/v1/phone-numbers"
TRUNK = {"trunk_address": "sip.example.com", "auth_username": "one", "auth_password": "pass-4711"}
NUMBER: dict[str, Any] = {"phone_number": "+14155550123", "provider": "twilio", "agent_id": "agt_test"}


async def register(simulator: Simulator, **fields: Any) -> httpx.Response:
    """Register one number."""
    async with talk_to(simulator) as client:
        return await client.post(PATH, json=NUMBER | fields)


async def search(simulator: Simulator, **query: Any) -> httpx.Response:
    """Look for numbers in the US."""
    async with talk_to(simulator) as client:
        return await client.get(f"{PATH}/search", params={"country": "US"} | query)


@pytest.mark.parametrize("way", ["credential", "trunk"])
@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_number_is_registered(generation: str, way: str) -> None:
    """By credential or by trunk it is kept, shown without its password, changed, and removed."""
    simulator = account(generation=generation)
    carrier = (await add(simulator)).json()["id"]
    by = {"credential_id": carrier} if way == "credential" else {"provider_config": TRUNK}
    registered = await register(simulator, friendly_name="Sales", **by)
    assert registered.status_code == 201
    shown = registered.json()
    assert (shown["phone_number"], shown["agent_id"], shown["friendly_name"]) == (
        "+14155550123",
        "agt_test",
        "Sales",
    )
    assert ("status" in shown) == (generation != "v1")
    one = f"{PATH}/{shown['id']}"
    async with talk_to(simulator) as client:
        replies = [registered, await client.get(PATH), await client.get(one)]
        replies.append(await client.patch(one, json={"agent_id": "agt_2", "friendly_name": "Other"}))
        assert (replies[-1].json()["agent_id"], replies[-1].json()["friendly_name"]) == ("agt_2", "Other")
        assert (await client.delete(one)).status_code == 204
        assert (await client.get(one)).status_code == 404
    assert [found["id"] for found in replies[1].json()["items"]] == [shown["id"]]
    assert not any("pass-4711" in reply.text for reply in replies)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"phone_number": None}, "phone_number"),
        ({"phone_number": "14155550123"}, "phone_number"),
        ({"phone_number": "+1 415 555 0123"}, "phone_number"),
        ({"agent_id": ""}, "agent_id"),
        ({"provider_config": {}}, "trunk_address"),
        ({"provider_config": {**TRUNK, "auth_password": ""}}, "auth_password"),
        ({"provider_config": "sip.example.com"}, "provider_config"),
        ({"credential_id": "nobody", "provider_config": {}}, "Credential not found"),
        ({"agent_id": "agt_other"}, "Agent not found"),
    ],
)
async def test_what_is_not_registered(generation: str, fields: dict[str, Any], told: str) -> None:
    """What is missing, odd or unknown is named, and the number is not kept."""
    simulator = account(generation=generation, agents=frozenset({"agt_test"}))
    reply = await register(simulator, **({"provider_config": TRUNK} | fields))
    assert reply.status_code in (400, 404, 422)
    assert told in json.dumps(reply.json())
    assert simulator.numbers.known == {}


@pytest.mark.parametrize(
    ("generation", "provider", "status"),
    [
        ("v1", None, 201),
        ("v1", "tenyx", 201),
        ("v2", None, 422),
        ("v2", "tenyx", 201),
        ("v3", None, 422),
        ("v3", "tenyx", 422),
        ("v3", "telnyx", 201),
    ],
)
async def test_providers(generation: str, provider: str | None, status: int) -> None:
    """The first generation needs no provider, the newest one knows two."""
    reply = await register(account(generation=generation), provider=provider, provider_config=TRUNK)
    assert reply.status_code == status


async def test_incomplete_trunks_in_the_newest_generation() -> None:
    """It answers 400 with a code, as documented."""
    reply = await register(account())
    assert reply.status_code == 400
    assert reply.json()["detail"]["code"] == "SIP_TRUNK_PROVISION_FAILED"


async def test_a_number_is_registered_once() -> None:
    """The second time it is a conflict."""
    simulator = account()
    codes = [(await register(simulator, provider_config=TRUNK)).status_code for _ in range(2)]
    assert (codes, len(simulator.numbers.known)) == ([201, 409], 1)


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_search(generation: str) -> None:
    """Numbers of the area with the digits are offered, as many as were asked for, and none that is taken."""
    simulator = account(generation=generation)
    carrier = (await add(simulator)).json()["id"]

    async def offered(**query: Any) -> list[str]:
        body = (await search(simulator, credential_id=carrier, **query)).json()
        items = body if isinstance(body, list) else body["items"]
        return [item["phone_number"] for item in items]

    assert len(await offered()) == 10
    assert (await offered(area_code="212", limit=2)) == ["+12125550100", "+12125550101"]
    assert (await offered(contains="0123")) == ["+14155550123"]
    await register(simulator, credential_id=carrier)
    assert (await offered(contains="0123")) == []
    assert (await offered(country="GB", limit=1)) == ["+442079460100"]
    assert (await offered(country="IN")) == []


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_what_a_search_has_to_say(generation: str) -> None:
    """The country always, the credential in the first generation."""
    simulator = account(generation=generation)
    async with talk_to(simulator) as client:
        without = await client.get(f"{PATH}/search")
    assert without.status_code == 422
    assert "country" in without.text
    reply = await search(simulator)
    assert reply.status_code == (422 if generation == "v1" else 200)
    assert ("credential_id" in reply.text) == (generation == "v1")
    assert (await search(simulator, credential_id="nobody")).status_code == 404


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_carriers_without_a_search(generation: str) -> None:
    """Some carriers cannot tell which numbers can be had, and any may be made so."""
    simulator = account(generation=generation)
    carrier = (await add(simulator, provider="tenyx")).json()["id"]
    reply = await search(simulator, credential_id=carrier)
    assert (reply.status_code, "not supported for tenyx" in reply.text) == (400, True)
    other = account("no_search=501@search", generation=generation)
    carrier = (await add(other)).json()["id"]
    assert (await search(other, credential_id=carrier)).status_code == 501


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ("bad_carrier@register", 422, "Invalid carrier credentials"),
        ("bad_carrier=400@register", 400, "Invalid carrier credentials"),
        ("bad_number@register", 422, "phone_number"),
        ("status=401@register", 401, ""),
        ("bad_number@search", 201, ""),
    ],
)
async def test_faults(fault: str, status: int, told: str) -> None:
    """A fault strikes the registration, and leaves no number behind."""
    simulator = account(fault)
    reply = await register(simulator, provider_config=TRUNK)
    assert reply.status_code == status
    assert told in reply.text
    assert len(simulator.numbers.known) == (status == 201)


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_calls_from_registered_numbers_only(generation: str) -> None:
    """Where it is asked for, a number has to be registered, and its credential has to be there still."""
    number = NUMBER["phone_number"]
    simulator = account(generation=generation, registered_only=True)
    assert (await create(simulator, from_number=number))[0] == 400
    carrier = (await add(simulator)).json()["id"]
    await register(simulator, credential_id=carrier)
    assert (await create(simulator, from_number=number))[0] == 201
    del simulator.carriers.known[carrier]
    status, body = await create(simulator, from_number=number)
    assert (status, "credential is invalid" in json.dumps(body)) == (400, True)
    assert len(simulator.provider.dials) == 1
    assert (await create(account(generation=generation), from_number=number))[0] == 201


async def test_agents_are_listed() -> None:
    """Those that exist, or one where any is taken."""
    simulator = account(agents=frozenset({"agt_2", "agt_1"}))
    assert [agent["id"] for agent in (await get(simulator, "/v1/agents"))["items"]] == ["agt_1", "agt_2"]
    assert len((await get(account(), "/v1/agents", limit=5))["items"]) == 1
