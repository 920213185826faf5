"""Setting an account up: every verb against the simulator in each generation, and against odd servers."""

import json
import socket
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

from campaign.models import E164, Carrier, NewCarrier, NewNumber, OfferedNumber, PhoneNumber, Trunk
from campaign.oneinbox import telephony
from campaign.oneinbox.errors import (
    AccountRefused,
    ApiError,
    KeyRefused,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Refused,
    SetupRefused,
    Throttled,
    Unsupported,
)
from campaign.oneinbox.setup import MOST_PAGES, SetUp
from campaign.simulator.app import SIMULATOR_KEY, Simulator
from campaign.simulator.faults import Fault, FaultPlan
from campaign.simulator.server import running
from tests.oneinbox import sockets
from tests.oneinbox.sockets import Handler, Wire, answering, reply, serving

pytestmark = pytest.mark.anyio

GENERATIONS = ("v1", "v2", "v3")
SECRET = SecretStr("carrier-token-4711")
CARRIER = NewCarrier("Production", "twilio", SECRET, {"account_sid": "AC1"})
TRUNK = Trunk("sip.example.com", "one", SecretStr("trunk-pass-4711"))
NUMBER = NewNumber(E164("+14155550123"), TRUNK, "twilio", "agt_1", "Support Line")
PATIENCE_S = 60.0


def set_up(url: str, transport: httpx.AsyncBaseTransport | None = None, **options: Any) -> SetUp:
    return SetUp(url, SecretStr(SIMULATOR_KEY), transport=transport, **options)


def talk_to(simulator: Simulator) -> SetUp:
    return set_up("http://simulator", httpx.ASGITransport(app=simulator.app))


def answer(handler: Callable[[httpx.Request], httpx.Response]) -> SetUp:
    return set_up("http://127.0.0.1", httpx.MockTransport(handler))


def struck(fault: str, **options: Any) -> Simulator:
    return Simulator(faults=FaultPlan((Fault.parse(fault),)), **options)


@pytest.mark.parametrize("envelope", ["array", "items", "calls", "data"])
@pytest.mark.parametrize("generation", GENERATIONS)
async def test_the_whole_way(generation: str, envelope: str) -> None:
    """From an empty account to two numbers, by credential and by trunk, and back, in any generation."""
    simulator = Simulator(generation=generation, envelope=envelope)
    async with talk_to(simulator) as account:
        assert await account.carriers() == ()
        carrier = await account.add_carrier(CARRIER)
        assert (carrier.name, carrier.provider, carrier.created_at is not None) == (
            "Production",
            "twilio",
            True,
        )
        assert await account.carriers() == (carrier,)
        [offer] = await account.search_numbers("US", limit=1, carrier_id=carrier.id)
        assert offer == OfferedNumber("+14155550100", "Area 415")
        by_carrier = await account.register_number(
            NewNumber(E164(offer.number), carrier.id, "twilio", "agt_1")
        )
        by_trunk = await account.register_number(NUMBER)
        assert (by_trunk.name, by_trunk.provider, by_trunk.agent_id) == ("Support Line", "twilio", "agt_1")
        assert by_trunk.has_outbound_trunk is (None if generation == "v1" else True)
        assert await account.numbers() == (by_carrier, by_trunk)
        changed = await account.change_number(by_trunk.id, agent_id="agt_2", name=None)
        assert (changed.agent_id, changed.name) == ("agt_2", "Support Line")
        assert await account.number(by_trunk.id) == changed
        await account.remove_number(by_carrier.id)
        await account.remove_carrier(carrier.id)
        assert ([number.id for number in await account.numbers()], await account.carriers()) == (
            [by_trunk.id],
            (),
        )
        for lost in (account.number(by_carrier.id), account.remove_carrier(carrier.id)):
            with pytest.raises(NotFound):
                await lost
    [kept] = simulator.numbers.known.values()
    assert kept.trunk == {
        "trunk_address": "sip.example.com",
        "auth_username": "one",
        "auth_password": "trunk-pass-4711",
    }


async def test_what_a_carrier_wants_goes_along() -> None:
    """Secret and metadata arrive at the account, the latter only where there is any."""
    simulator = Simulator()
    async with talk_to(simulator) as account:
        await account.add_carrier(CARRIER)
    [kept] = simulator.carriers.known.values()
    assert (kept.api_key, kept.metadata) == (SECRET.get_secret_value(), {"account_sid": "AC1"})
    assert telephony.carrier_body(NewCarrier("a", "b", SECRET)).keys() == {"name", "provider", "api_key"}


@pytest.mark.parametrize("missing", [404, 405, 410])
@pytest.mark.parametrize("place", ["/v1/integrations", "/v1/credentials"])
async def test_where_carriers_are(place: str, missing: int) -> None:
    """The path of the generation is found by a look; the secret is sent once, and to that path only."""
    sent: list[tuple[str, str]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append((request.method, request.url.path))
        if not request.url.path.startswith(place):
            return httpx.Response(missing, text="Not Found")
        if request.method == "GET":
            return httpx.Response(200, json=[])
        return httpx.Response(201, json={"id": "cred_1"}) if request.method == "POST" else httpx.Response(204)

    async with answer(handler) as account:
        assert await account.add_carrier(CARRIER) == Carrier("cred_1")
        await account.remove_carrier("cred/1")
    changes = [each for each in sent if each[0] != "GET"]
    assert changes == [("POST", place), ("DELETE", f"{place}/cred/1")]
    assert sent.index(("POST", place)) == (1 if "integrations" in place else 2)


@pytest.mark.parametrize("status", [404, 405])
async def test_an_account_without_carriers_and_numbers(status: int) -> None:
    """What is not there is told as such, and no secret is sent."""
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return httpx.Response(status)

    async with answer(handler) as account:
        for lost in (account.carriers(), account.add_carrier(CARRIER), account.numbers()):
            with pytest.raises(Unsupported):
                await lost
    assert set(seen) == {"GET"}


def paged(size: int, total: int, *, tells_total: bool) -> Callable[[httpx.Request], httpx.Response]:
    """A list that gives fewer at a time than it is asked for."""

    def handler(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        items = [{"id": f"phn_{at}", "phone_number": f"+1415555{at:04d}"} for at in range(total)]
        body: dict[str, Any] = {"items": items[offset : offset + size]}
        return httpx.Response(200, json=body | ({"total": total} if tells_total else {}))

    return handler


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("total", [0, 1, 20, 21, 45])
async def test_lists_with_pages(total: int, tells_total: bool) -> None:
    """Every entry of a list is seen, however many the server gives at a time."""
    async with answer(paged(20, total, tells_total=tells_total)) as account:
        assert [number.id for number in await account.numbers()] == [f"phn_{at}" for at in range(total)]


async def test_lists_without_parameters() -> None:
    """A server that refuses parameters is asked without."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.query:
            return httpx.Response(422, json={"detail": "extra fields"})
        return httpx.Response(200, json=[{"id": "phn_1", "phone_number": "+14155550123"}])

    async with answer(handler) as account:
        assert await account.numbers() == (PhoneNumber("phn_1", "+14155550123"),)


async def test_a_list_without_an_end() -> None:
    """It is given up, and never taken for whole."""
    asked = 0

    def handler(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, json=[{"id": f"cred_{asked}"}])

    async with answer(handler) as account:
        with pytest.raises(OutcomeUnknown):
            await account.carriers()
    assert asked == MOST_PAGES


@pytest.mark.parametrize("body", [None, {}, "[]", 17, {"items": None}, {"other": []}])
async def test_what_is_no_list(body: Any) -> None:
    """What has no list in it is no empty list."""
    async with answer(lambda request: httpx.Response(200, json=body)) as account:
        for lost in (account.carriers(), account.numbers(), account.search_numbers("US", limit=1)):
            with pytest.raises(OutcomeUnknown):
                await lost


@pytest.mark.parametrize(
    ("offers", "read"),
    [
        (["+14155550123"], [OfferedNumber("+14155550123")]),
        ([{"number": "+14155550123", "region": "CA"}], [OfferedNumber("+14155550123", "CA")]),
        (
            [{"phone_number": "+1", "locality": "Paris", "region": "TX"}],
            [OfferedNumber("+1", "Paris, TX")],
        ),
        (
            [{"number": "+1 415-555-0123"}, "+1 (415) 555 0124"],
            [OfferedNumber("+14155550123"), OfferedNumber("+14155550124")],
        ),
        ([None, 17, "", {}, {"phone_number": []}], []),
    ],
)
async def test_any_search(offers: Any, read: list[OfferedNumber]) -> None:
    """Numbers are read as objects or as texts, in any envelope; what is no number is left out."""
    for body in (offers, {"numbers": offers}, {"data": offers}):
        async with answer(lambda request, body=body: httpx.Response(200, json=body)) as account:  # type: ignore[misc]
            assert await account.search_numbers("US", limit=5) == tuple(read)


async def test_the_query_of_a_search() -> None:
    """Only what was asked for is in it."""
    queries: list[dict[str, str]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        queries.append(dict(request.url.params))
        return httpx.Response(200, json=[])

    async with answer(handler) as account:
        await account.search_numbers("US", limit=3)
        await account.search_numbers("GB", limit=5, area_code="20", contains="7", carrier_id="cred_1")
    everything = {
        "country": "GB",
        "limit": "5",
        "area_code": "20",
        "contains": "7",
        "credential_id": "cred_1",
    }
    assert queries == [{"country": "US", "limit": "3"}, everything]


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("fault", ["no_search", "no_search=422", "no_search=501", "status=405"])
async def test_carriers_without_a_search(generation: str, fault: str) -> None:
    """Whatever the status, that there is no search is told as such."""
    simulator = struck(f"{fault}@search", generation=generation)
    async with talk_to(simulator) as account:
        carrier = await account.add_carrier(CARRIER)
        with pytest.raises(Unsupported, match="no number search"):
            await account.search_numbers("US", limit=1, carrier_id=carrier.id)


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_what_a_search_lacks(generation: str) -> None:
    """A carrier that is missing or unknown is no missing search."""
    async with talk_to(Simulator(generation=generation)) as account:
        if generation == "v1":
            with pytest.raises(Refused) as caught:
                await account.search_numbers("US", limit=1)
            assert caught.value.field == "credential_id"
        with pytest.raises(NotFound):
            await account.search_numbers("US", limit=1, carrier_id="nobody")


DETAIL = {"loc": ["body", "phone_number"], "msg": "no such thing", "input": "+14155550123"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "field"),
    [
        (400, {"detail": "Invalid carrier credentials"}, SetupRefused, None),
        (422, {"error": "x", "message": "Invalid carrier credentials"}, SetupRefused, None),
        (
            422,
            {"detail": [{"loc": ["body", "api_key"], "msg": "Credentials rejected"}]},
            SetupRefused,
            None,
        ),
        (400, {"detail": {"code": "SIP_TRUNK_PROVISION_FAILED"}}, SetupRefused, None),
        (422, {"detail": [DETAIL]}, Refused, "phone_number"),
        (422, {"error": "x", "message": "phone_number: no such thing"}, Refused, "phone_number"),
        (
            422,
            {"message": "provider_config.auth_password: Field required"},
            Refused,
            "auth_password and provider_config",
        ),
        (422, {"detail": [{"loc": ["body", "credential_id"], "msg": "x"}]}, Refused, "credential_id"),
        (409, {"detail": "already registered"}, Refused, ""),
        (413, None, Refused, ""),
        (401, {"detail": "Invalid API key"}, KeyRefused, None),
        (403, None, KeyRefused, None),
        (402, None, AccountRefused, None),
        (404, None, NotFound, None),
        (405, None, Unsupported, None),
        (501, None, Unsupported, None),
        (429, None, Throttled, None),
        (201, None, OutcomeUnknown, None),
        (201, {}, OutcomeUnknown, None),
        (201, {"id": "phn_1"}, OutcomeUnknown, None),
        (201, {"id": "phn_1", "phone_number": "+14155550199"}, OutcomeUnknown, None),
        (307, None, OutcomeUnknown, None),
        (408, None, OutcomeUnknown, None),
        (500, None, OutcomeUnknown, None),
        (504, None, OutcomeUnknown, None),
    ],
)
async def test_how_a_registration_ends(
    status: int, body: Any, kind: type[ApiError], field: str | None
) -> None:
    """Each reply has its error, which repeats no number, and there is one request."""
    sent: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return (
            httpx.Response(status, json=body) if body is not None else httpx.Response(status, text="<html>")
        )

    async with answer(handler) as account:
        with pytest.raises(ApiError) as caught:
            await account.register_number(NUMBER)
    assert type(caught.value) is kind
    assert getattr(caught.value, "field", None) == field
    assert "5550123" not in str(caught.value)
    assert len(sent) == 1
    assert json.loads(sent[0])["provider_config"]["auth_username"] == "one"


def after_a_look(handler: Handler) -> Handler:
    """Answer the look for carriers as an account that has none, and treat the next request so."""
    looks = 0

    async def first_a_list(wire: Wire) -> None:
        nonlocal looks
        if looks < 1:
            looks += 1
            await answering(reply("200 OK", b'{"items": [], "total": 0}'))(wire)
        else:
            await handler(wire)

    return first_a_list


@pytest.mark.parametrize(
    ("handler", "deadline_s"),
    [
        (sockets.close_after_acting, PATIENCE_S),
        (sockets.reset_after_acting, PATIENCE_S),
        (sockets.reset_half_way, PATIENCE_S),
        (sockets.close_at_once, PATIENCE_S),
        (answering(reply("502 Bad Gateway", b"<html>")), PATIENCE_S),
        (answering(reply("201 Created", b"<html>It works!</html>")), PATIENCE_S),
        (answering(reply("201 Created", b'{"status": "ok"}')), PATIENCE_S),
        (answering(reply("200 OK", b"x", length=1000)), PATIENCE_S),
        (sockets.hang_after_acting, 5.0),
    ],
)
async def test_what_may_have_been_stored_is_sent_once(handler: Handler, deadline_s: float) -> None:
    """On real sockets: whatever happens to the reply, nobody knows, and nothing is sent again."""
    async with serving(after_a_look(handler)) as server:
        with anyio.fail_after(2 * PATIENCE_S):
            async with set_up(server.url, deadline_s=deadline_s) as account:
                with pytest.raises(OutcomeUnknown) as caught:
                    await account.add_carrier(CARRIER)
    assert SECRET.get_secret_value() not in str(caught.value)
    assert server.connections == 2
    assert sum(request.startswith(b"POST") for request in server.requests) <= 1


async def test_what_was_never_sent() -> None:
    """Where nobody listens, nothing was stored, and it may be tried again."""
    with socket.socket() as taken:
        taken.bind((sockets.HOST, 0))
        async with set_up(f"http://{sockets.HOST}:{taken.getsockname()[1]}") as account:
            with pytest.raises(NotSent):
                await account.register_number(NUMBER)


async def test_a_reply_may_write_the_number_in_its_own_way() -> None:
    """A registration that worked is none in doubt because of punctuation."""
    written = {"id": "phn_1", "phone_number": "+1 (415) 555-0123"}
    async with answer(lambda request: httpx.Response(201, json=written)) as account:
        assert await account.register_number(NUMBER) == PhoneNumber("phn_1", NUMBER.number)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    """Neither the key nor a secret goes where a reply points to."""
    async with (
        serving(answering(reply("200 OK", b"[]"))) as elsewhere,
        serving(answering(reply(f"{status} Moved", b"", f"Location: {elsewhere.url}/v1/x"))) as server,
        set_up(server.url) as account,
    ):
        for lost in (account.carriers(), account.register_number(NUMBER), account.remove_number("x")):
            with pytest.raises(OutcomeUnknown):
                await lost
    assert elsewhere.connections == 0


@pytest.mark.parametrize("kind", ["drop", "lose_reply", "cut", "garble", "no_id", "act_then_status"])
def test_faults_of_the_simulator(kind: str) -> None:
    """A lost or broken reply leaves a doubt; whether the number is there, the list shows afterwards."""
    simulator = struck(f"{kind}@register")

    async def register(url: str) -> int:
        async with set_up(url) as account:
            with pytest.raises(OutcomeUnknown):
                await account.register_number(NUMBER)
            return len(await account.numbers())

    with running(simulator) as url:
        assert anyio.run(register, url) == (0 if kind == "drop" else 1)


def test_nothing_shows_a_secret() -> None:
    """Not what is to be stored, not the trunk, and not the client with its parts."""
    account = set_up("http://127.0.0.1:1")
    things = (CARRIER, NUMBER, TRUNK, account, vars(account), account._client)
    shown = " ".join(f"{thing!r} {thing!s}" for thing in things)
    for secret in (SECRET, TRUNK.password, SecretStr(SIMULATOR_KEY)):
        assert secret.get_secret_value() not in shown


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ({"id": 17, "phone_number": "+1"}, PhoneNumber("17", "+1")),
        ({"id": "a", "phone_number": "+1 (212) 555-0100"}, PhoneNumber("a", "+12125550100")),
        ({"id": "a", "phone_number": " 212.555\u20110100"}, PhoneNumber("a", "2125550100")),
        ({"id": "a", "phone_number": "sip:one@example.com"}, PhoneNumber("a", "sip:one@example.com")),
        (
            {"id": "a", "phone_number": "+1", "friendly_name": ["x"], "status": True, "agent_id": {}},
            PhoneNumber("a", "+1"),
        ),
        (
            {"id": "a", "phone_number": "+1", "outbound_trunk_id": None},
            PhoneNumber("a", "+1", has_outbound_trunk=False),
        ),
        ({"id": "a"}, None),
        ({"phone_number": "+1"}, None),
        ({"id": "", "phone_number": "+1"}, None),
        ([], None),
        (None, None),
    ],
)
def test_odd_numbers(body: Any, read: PhoneNumber | None) -> None:
    """No value of a field can make a number unreadable but its id and itself; it is told apart by digits."""
    assert telephony.parse_number(body) == read


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ({"id": "a", "masked_key": "****4711", "more": 1}, Carrier("a")),
        ({"id": "a", "name": "x\x1b", "provider": [], "created_at": "soon"}, Carrier("a", "x\ufffd")),
        ({"id": None}, None),
        ("a", None),
    ],
)
def test_odd_carriers(body: Any, read: Carrier | None) -> None:
    """The id is enough; what the credential holds is not read at all."""
    assert telephony.parse_carrier(body) == read
