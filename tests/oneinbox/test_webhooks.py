"""Webhooks: every verb against the simulator in each generation, and against odd servers."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from campaign.oneinbox import events
from campaign.oneinbox.errors import KeyRefused, NotFound, OutcomeUnknown, Refused, Unsupported
from campaign.oneinbox.setup import SetUp
from campaign.oneinbox.webhooks import Delivery, Webhook, Webhooks, is_about_events, parse_webhook
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from tests.oneinbox.sockets import answering, reply, serving
from tests.oneinbox.test_setup import GENERATIONS, answer, talk_to

pytestmark = pytest.mark.anyio

ADDRESS = "https://calls.example.com/events/token"


async def added(simulator: Simulator, url: str = ADDRESS) -> Webhook:
    async with talk_to(simulator) as account:
        return await Webhooks(account).add("campaign", url, events.FEWEST)


@pytest.mark.parametrize("envelope", ["array", "items", "calls", "data"])
@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_webhook_from_its_registration_to_its_end(generation: str, envelope: str) -> None:
    """It is added, listed, and removed; the newest generation tells its secret, which no repr shows."""
    simulator = Simulator(generation=generation, envelope=envelope)
    async with talk_to(simulator) as account:
        webhooks = Webhooks(account)
        made = await webhooks.add("campaign", ADDRESS, events.FEWEST)
        assert (made.name, made.url, made.events) == ("campaign", ADDRESS, events.FEWEST)
        assert (made.secret is not None) is (generation == "v3")
        assert "whsec" not in repr(made)
        [listed] = await webhooks.all()
        assert (listed.id, listed.status) == (made.id, "active" if generation == "v3" else None)
        await webhooks.remove(made.id)
        assert await webhooks.all() == ()
        with pytest.raises(NotFound):
            await webhooks.remove(made.id)


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_test_event_is_posted(generation: str) -> None:
    """The reply says what came of it; the newest generation tells all deliveries."""
    async with serving(answering(reply("204 No Content", b""))) as server:
        simulator = Simulator(generation=generation)
        made = await added(simulator, f"{server.url}/events/x")
        async with talk_to(simulator) as account:
            webhooks = Webhooks(account)
            assert await webhooks.test(made.id) == Delivery(status="succeeded", response_status=204)
            if generation == "v3":
                [delivery] = await webhooks.deliveries(made.id)
                assert (delivery.event, delivery.attempt, delivery.response_status) == (
                    "webhook.test",
                    1,
                    204,
                )
                assert delivery.created_at is not None
            else:
                with pytest.raises(Unsupported):
                    await webhooks.deliveries(made.id)
    assert len(server.requests) == 1


async def test_a_test_event_that_is_not_taken_says_so() -> None:
    """Of a port where nobody listens."""
    simulator = Simulator()
    made = await added(simulator, "http://127.0.0.1:9/events/x")
    async with talk_to(simulator) as account:
        assert (await Webhooks(account).test(made.id)).status == "failed"
        [delivery] = await Webhooks(account).deliveries(made.id)
    assert (delivery.status, delivery.response_status) == ("failed", None)
    assert delivery.error


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_an_event_that_is_not_known_is_refused_by_its_name(generation: str) -> None:
    """So that fewer can be asked for."""
    async with talk_to(Simulator(generation=generation)) as account:
        with pytest.raises(Refused) as refusal:
            await Webhooks(account).add("campaign", ADDRESS, ["call.unheard_of"])
        assert is_about_events(refusal.value)
        with pytest.raises(Refused) as refusal:
            await Webhooks(account).add("campaign", "ftp://x", events.FEWEST)
        assert not is_about_events(refusal.value)


async def test_an_account_without_webhooks_says_so() -> None:
    """404 for the list, as from an API that has none; a wrong key is a wrong key."""
    async with talk_to(Simulator(faults=FaultPlan((Fault.parse("status=404@webhooks"),)))) as account:
        with pytest.raises(Unsupported, match="no webhooks"):
            await Webhooks(account).all()
    other = SetUp(
        "http://simulator", SecretStr("oi_sk_other"), transport=httpx.ASGITransport(app=Simulator().app)
    )
    async with other as account:
        with pytest.raises(KeyRefused):
            await Webhooks(account).all()


@pytest.mark.parametrize("body", [None, [], {}, {"id": None}, {"id": ""}, "x", {"url": ADDRESS}])
async def test_a_registration_without_an_id_is_unknown(body: Any) -> None:
    """It may be there all the same."""
    assert parse_webhook(body) is None
    async with answer(lambda _request: httpx.Response(201, json=body)) as account:
        with pytest.raises(OutcomeUnknown):
            await Webhooks(account).add("campaign", ADDRESS, events.FEWEST)


@pytest.mark.parametrize(
    "body", ["x", 7, {"success": "yes"}, [], {"success": True, "response_status": "204"}]
)
async def test_odd_replies_to_a_test_say_what_they_say(body: Any) -> None:
    """Nothing is guessed of them."""
    async with answer(lambda _request: httpx.Response(200, json=body)) as account:
        outcome = await Webhooks(account).test("wh_1")
    assert outcome.status == ("succeeded" if isinstance(body, dict) and body["success"] is True else None)


async def test_odd_deliveries_are_left_aside() -> None:
    """And a reply that is no list is unknown."""
    items = [{"event": "call.ended", "attempt": 2.0, "response_status": True}, "x", None, {"event": ["x"]}]
    async with answer(lambda _request: httpx.Response(200, json={"items": items})) as account:
        found = await Webhooks(account).deliveries("wh/1")
    assert [delivery.event for delivery in found] == ["call.ended", None]
    assert (found[0].attempt, found[0].response_status) == (2, None)
    async with answer(lambda _request: httpx.Response(200, json={})) as account:
        with pytest.raises(OutcomeUnknown):
            await Webhooks(account).deliveries("wh_1")


async def test_ids_are_quoted() -> None:
    """Whatever they hold."""
    paths: list[str] = []

    def remember(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path.decode())
        return httpx.Response(204)

    async with answer(remember) as account:
        await Webhooks(account).remove("a/b?c")
    assert paths == ["/v1/webhooks/a%2Fb%3Fc"]
    assert SIMULATOR_KEY not in paths[0]
