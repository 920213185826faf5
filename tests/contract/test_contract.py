"""What a run relies on, asked of a real account or of the simulator; and what it can do without, noted."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

from campaign.models import E164, TOKEN_KEY, Call, CallRequest, plain
from campaign.oneinbox import events
from campaign.oneinbox.errors import NotFound, Refused, SetupRefused, Unsupported
from campaign.oneinbox.setup import SetUp
from campaign.oneinbox.webhooks import Webhooks
from campaign.oneinbox.wire import entries, parse_call, parse_list
from tests.contract.conftest import Account, envelope_of, id_form, waited_for
from tests.contract.report import QUESTIONS
from tests.oneinbox.sockets import Wire, reply, serving

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(900)]

NOBODY = E164("+1")
"""A number that no carrier takes."""
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
LONG = "long " * 200
BRACES = "{{customer_name}} {not}"
CONNECTING = frozenset({"queued", "initiated", "initiating", "ringing", "scheduled", "pending"})
MOST_GETS = 40


async def test_a_wrong_key_is_refused(account: Account) -> None:
    """By 401 or 403, so that a run stops at its first dial."""
    async with account.raw("oi_sk_nobody") as client:
        assert (await client.get("/v1/calls", params={"limit": "1"})).status_code in (401, 403)


async def test_the_list_of_calls_can_be_read(account: Account, raw: httpx.AsyncClient) -> None:
    """In one of the ways that are known, so that calls in doubt are looked for."""
    cursor = await raw.get("/v1/calls/cursor", params={"limit": "2"})
    has_cursor = cursor.is_success and parse_list(cursor.json()) is not None
    account.report.note("cursor_list", has_cursor)
    page = await raw.get("/v1/calls", params={"limit": "2", "offset": "0"})
    account.report.note("offset_list", page.is_success)
    if page.is_success:
        assert parse_list(page.json()) is not None
        account.report.note("list_envelope", envelope_of(page.json()))
    async with account.client() as client:
        pages = client.recent_calls(account.agent_id or "agt_none")
        first = await anext(pages)
        await pages.aclose()
    _note_order(account, first.calls)


def _note_order(account: Account, calls: Sequence[Call]) -> None:
    times = [call.created_at for call in calls if call.created_at is not None]
    if len(times) > 1:
        account.report.note("newest_first", times == sorted(times, reverse=True))


async def test_an_unknown_call_is_not_found(account: Account, raw: httpx.AsyncClient) -> None:
    """404 or the like, and never another call."""
    async with account.client() as client:
        with pytest.raises((NotFound, Unsupported)):
            await client.get_call(UNKNOWN_ID)
    reply = await raw.get(f"/v1/calls/{UNKNOWN_ID}")
    account.report.note("error_404", sorted(reply.json()))


async def test_a_number_that_is_none_is_refused(account: Account, raw: httpx.AsyncClient) -> None:
    """A create-call request that cannot be placed is refused, so that it is never in doubt."""
    if account.to_number is None or account.agent_id is None or account.from_number is None:
        # Should it be taken after all, whoever runs this has agreed to a call at least.
        pytest.skip("no number to call is named")
    body = {"agent_id": account.agent_id, "to_number": NOBODY, "from_number": account.from_number}
    reply = await raw.post("/v1/calls", json=body)
    assert 400 <= reply.status_code < 500
    account.report.note("error_422", sorted(reply.json()))
    request = CallRequest(body["agent_id"], NOBODY, body["from_number"], {}, {})
    async with account.client() as client:
        with pytest.raises((Refused, SetupRefused)):
            await client.create_call(request)


async def test_what_the_account_tells_of_itself(account: Account, raw: httpx.AsyncClient) -> None:
    """Its quota, its carriers' credentials and its webhooks, as far as this generation has them."""
    usage = await raw.get("/v1/usage")
    account.report.note("usage", sorted(usage.json()) if usage.is_success else None)
    for path in ("/v1/integrations", "/v1/credentials"):
        reply = await raw.get(path)
        if reply.is_success and entries(reply.json(), "credentials", "integrations") is not None:
            account.report.note("credentials_path", path)
            break
    account.report.note("webhooks", (await raw.get("/v1/webhooks")).is_success)


async def test_many_requests_are_answered_or_told_to_wait(account: Account, raw: httpx.AsyncClient) -> None:
    """What comes in place of an answer is 429, with a Retry-After that can be read, if with any."""
    for number in range(1, MOST_GETS + 1):
        reply = await raw.get("/v1/calls", params={"limit": "1"})
        if reply.status_code == 429:
            account.report.note("throttled_after", number)
            account.report.note("retry_after", reply.headers.get("retry-after"))
            await anyio.sleep(min(float(account.pause_s) * 10, 30))
            return
        assert reply.is_success
    account.report.note("throttled_after", None)


async def test_a_call_from_its_beginning_to_its_end(account: Account, raw: httpx.AsyncClient) -> None:
    """It has an id, can be fetched and is in the list; with its end come duration and results."""
    if account.to_number is None or account.agent_id is None or account.from_number is None:
        pytest.skip("no number to call is named")
    variables = {"customer_name": "Contract Test", "long": LONG, "braces": BRACES}
    body = {
        "agent_id": account.agent_id,
        "to_number": account.to_number,
        "from_number": account.from_number,
        "variables": variables,
        "metadata": {TOKEN_KEY: "contract", "campaign": "contract"},
    }
    began = anyio.current_time()
    created = await raw.post("/v1/calls", json=body)
    assert created.is_success, created.status_code
    account.report.note("create_status", created.status_code)
    call = parse_call(created.json())
    assert call is not None, "nobody could follow it or hang up"
    call_id = call.id
    account.report.note("id_form", id_form(call_id))
    async with account.client() as client, account.hanging_up(client, call_id, began):
        _, listed_s = await waited_for(account, lambda: _listed(account, client, call_id))
        account.report.note("list_after_s", listed_s)
        found = await _listed(account, client, call_id)
        assert found is not None, "a call in doubt would not be found"
        account.report.note("metadata_in_list", found.metadata.get(TOKEN_KEY) == "contract")
        shown = (await raw.get(f"/v1/calls/{call_id}")).json()
        account.report.note("metadata_in_get", (shown.get("metadata") or {}).get(TOKEN_KEY) == "contract")
        account.report.note("variables_in_get", shown.get("variables") == variables)
        await _follow(account, client, raw, call_id)


async def _listed(account: Account, client: Any, call_id: str) -> Call | None:
    pages = client.recent_calls(account.agent_id)
    first = await anext(pages)
    await pages.aclose()
    return next((call for call in first.calls if call.id == call_id), None)


async def _follow(account: Account, client: Any, raw: httpx.AsyncClient, call_id: str) -> None:
    statuses: list[str] = []
    began = anyio.current_time()
    connected_s: float | None = None

    async def has_ended() -> bool:
        nonlocal connected_s
        call = await client.get_call(call_id)
        passed = anyio.current_time() - began
        if call.status not in statuses:
            statuses.append(call.status)
        if connected_s is None and plain(call.status) not in CONNECTING:
            connected_s = round(passed, 1)
        return bool(call.has_ended)

    ended, _ = await waited_for(account, has_ended)
    assert ended, f"the call has no end; its statuses were {statuses}"
    account.report.note("statuses", statuses)
    account.report.note("connecting_s", connected_s)

    async def has_results() -> bool:
        call = await client.get_call(call_id)
        return bool(call.transcript or call.messages)

    results, late_s = await waited_for(account, has_results, longest_s=min(account.longest_s, 60.0))
    shown = (await raw.get(f"/v1/calls/{call_id}")).json()
    account.report.note("transcript_type", type(shown.get("transcript")).__name__)
    account.report.note("duration_type", type(shown.get("duration_seconds")).__name__)
    account.report.note("results_after_s", late_s if results else None)


async def test_a_call_that_is_stopped_at_once(account: Account) -> None:
    """It ends, so that who is queued at closing is not rung; what is recorded then is noted."""
    if account.to_number is None or account.agent_id is None or account.from_number is None:
        pytest.skip("no number to call is named")
    request = CallRequest(
        account.agent_id, account.to_number, account.from_number, {}, {TOKEN_KEY: "contract stop"}
    )
    async with account.client() as client:
        call_id = await client.create_call(request)
        await client.stop_call(call_id)

        async def ended() -> Call | None:
            call = await client.get_call(call_id)
            return call if call.has_ended else None

        call, _ = await waited_for(account, ended)
        assert call is not None, "a call that is stopped has to end"
        account.report.note("stopped_status", call.status)
        account.report.note("stopped_reason", call.end_reason)
        # Once more: nothing happens to a call that has ended.
        await client.stop_call(call_id)
        pages = client.recent_calls(account.agent_id)
        _note_order(account, (await anext(pages)).calls)
        await pages.aclose()


async def test_a_webhook_from_its_registration_to_its_end(account: Account) -> None:
    """It can be made, tried and removed; whether it has a secret, and what its events' head has, is noted."""
    if account.webhook_url is None and account.webhook_port is None:
        pytest.skip("no address for events is named")
    arrived: list[str] = []

    async def take(wire: Wire) -> None:
        head = (await wire.request()).partition(b"\r\n\r\n")[0].decode("latin-1")
        arrived[:] = sorted(line.partition(":")[0].lower() for line in head.split("\r\n")[1:])
        await wire.send(reply("200 OK", b""))

    async with AsyncExitStack() as stack:
        here = None
        if account.webhook_port is not None:
            here = await stack.enter_async_context(serving(take, account.webhook_port))
        setup = await stack.enter_async_context(SetUp(account.base_url, SecretStr(account.key)))
        webhooks = Webhooks(setup)
        url = account.webhook_url or (here.url if here else "")
        made = await webhooks.add("contract test", url, events.FEWEST)
        try:
            account.report.note("webhook_secret", made.secret is not None)
            assert any(known.id == made.id for known in await webhooks.all())
            await webhooks.test(made.id)
            if here is not None:
                await waited_for(account, has(arrived), longest_s=20.0)
                account.report.note("webhook_headers", arrived or None)
        finally:
            await webhooks.remove(made.id)


def has(what: list[str]) -> Callable[[], Awaitable[bool]]:
    """Whether there is something in it by now."""

    async def look() -> bool:
        return bool(what)

    return look


async def _ask_what_is_missing(account: Account, raw: httpx.AsyncClient) -> None:
    """Tests of one account may have run in several processes, each of which knows its own answers."""
    asked_by: Mapping[str, Callable[[], Awaitable[None]]] = {
        "cursor_list": lambda: test_the_list_of_calls_can_be_read(account, raw),
        "error_404": lambda: test_an_unknown_call_is_not_found(account, raw),
        "credentials_path": lambda: test_what_the_account_tells_of_itself(account, raw),
        "transcript_type": lambda: test_a_call_from_its_beginning_to_its_end(account, raw),
        "stopped_status": lambda: test_a_call_that_is_stopped_at_once(account),
        "webhook_headers": lambda: test_a_webhook_from_its_registration_to_its_end(account),
    }
    for name, ask in asked_by.items():
        if name not in account.report.answers:
            await ask()


async def test_the_report_names_the_generation(account: Account, raw: httpx.AsyncClient) -> None:
    """After all that was asked. Of the simulator it is known, of an account most signs point to it."""
    if account.is_simulated:
        await _ask_what_is_missing(account, raw)
    report = account.report.finished()
    assert list(report) == list(QUESTIONS)
    if account.is_simulated:
        assert report["generation"] == account.report.account[-2:]
        assert report["metadata_in_list"] is (report["generation"] == "v3")
        assert report["stopped_status"]
        assert ("x-oneinbox-signature" in report["webhook_headers"]) is (report["generation"] == "v3")
    assert all(": " in line for line in account.report.lines())
