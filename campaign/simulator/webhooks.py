"""The endpoints of webhooks: where the account's events go, a test of it, and what was delivered."""

import secrets
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import Request
from starlette.routing import Route

from campaign.simulator.answers import (
    Refusal,
    Struck,
    endpoint,
    named,
    new_id,
    now_stamp,
    number_of,
    page,
    read_object,
    text_of,
)
from campaign.simulator.courier import Courier, CourierAccount, Receiver
from campaign.simulator.events import EVENTS
from campaign.simulator.provider import SimulatedCall

TEST_EVENT = "webhook.test"
MOST_EVENTS = 20

_STATUSES = ("active", "disabled")


class WebhooksAccount(CourierAccount, Protocol):
    """What webhooks depend on."""

    webhook_secret: str | None


@dataclass(slots=True)
class Webhook:
    """One registered address."""

    id: str
    name: str
    url: str
    events: list[str]
    secret: str = field(repr=False)
    created_at: str
    updated_at: str
    status: str = "active"


@dataclass(slots=True)
class Webhooks:
    """The webhooks of one account, and the courier that serves them."""

    account: WebhooksAccount
    known: dict[str, Webhook] = field(default_factory=dict)
    courier: Courier = field(init=False)
    _made: int = 0

    def __post_init__(self) -> None:
        self.courier = Courier(self.account, self._receivers)

    def routes(self) -> list[Route]:
        """Where they answer."""
        account, one = self.account, "/v1/webhooks/{webhook_id}"
        routes = [
            Route("/v1/webhooks", endpoint(account, "webhooks", self._add, status=201), methods=["POST"]),
            Route("/v1/webhooks", endpoint(account, "webhooks", self._list), methods=["GET"]),
            Route(one, endpoint(account, "webhooks", self._get), methods=["GET"]),
            Route(one, endpoint(account, "webhooks", self._change), methods=["PATCH"]),
            Route(one, endpoint(account, "webhooks", self._remove), methods=["DELETE"]),
            Route(f"{one}/test", endpoint(account, "webhooks", self._test), methods=["POST"]),
        ]
        if account.generation == "v3":
            deliveries = endpoint(account, "webhooks", self._deliveries)
            routes.append(Route(f"{one}/deliveries", deliveries, methods=["GET"]))
        return routes

    def placed(self, call: SimulatedCall) -> None:
        """Follow a call when anybody wants to know of it."""
        if self.known or call.webhook_url:
            self.courier.follow(call)

    def _receivers(self, call: SimulatedCall, event: str) -> list[Receiver]:
        """Who wants to know. The first generation says that a call's own address overrides all others."""
        own = [Receiver(call.webhook_url, self.account.webhook_secret)] if call.webhook_url else []
        if own and self.account.generation == "v1":
            return own
        return own + [
            self._receiver(webhook)
            for webhook in self.known.values()
            if webhook.status == "active" and event in webhook.events
        ]

    def _receiver(self, webhook: Webhook) -> Receiver:
        # Only the newest generation tells a secret, so only there is one made where none was configured.
        secret = webhook.secret if self.account.generation == "v3" else self.account.webhook_secret
        return Receiver(webhook.url, secret, webhook.id)

    async def _add(self, request: Request, _struck: Struck) -> Any:
        body = await read_object(request)
        name, url = str(text_of(body, "name")), self._url(body)
        events = self._events(body)
        self._made += 1
        now = now_stamp()
        webhook = Webhook(
            id=new_id(self.account, "wh", self._made),
            name=name,
            url=str(url),
            events=events,
            secret=self.account.webhook_secret or f"whsec_{secrets.token_hex(16)}",
            created_at=now,
            updated_at=now,
        )
        self.known[webhook.id] = webhook
        provider = self.account.provider
        for call in provider.calls.values():
            if not call.has_results(provider.now()):
                self.courier.follow(call)
        return self._shown(webhook)

    def _url(self, body: dict[str, Any], *, is_required: bool = True) -> str | None:
        url = text_of(body, "url", is_required=is_required, longest=2083)
        if url is not None and not url.startswith(("http://", "https://")):
            raise Refusal(422, "url_parsing", "Input should be a valid URL", field="url")
        return url

    def _events(self, body: dict[str, Any]) -> list[str]:
        events = body.get("events")
        if not isinstance(events, list) or not 1 <= len(events) <= MOST_EVENTS:
            raise Refusal(422, "list_type", f"Input should be a list of 1 to {MOST_EVENTS}", field="events")
        if unknown := [event for event in events if event not in EVENTS[self.account.generation]]:
            raise Refusal(422, "enum", f"{unknown[0]} is no event", field="events")
        return events

    async def _list(self, request: Request, _struck: Struck) -> Any:
        return page(self.account, request, "webhooks", [self._shown(one) for one in self.known.values()])

    async def _get(self, request: Request, _struck: Struck) -> Any:
        return self._shown(self._find(request))

    async def _change(self, request: Request, _struck: Struck) -> Any:
        webhook, body = self._find(request), await read_object(request)
        name, url = text_of(body, "name", is_required=False), self._url(body, is_required=False)
        events = self._events(body) if "events" in body else webhook.events
        status = text_of(body, "status", is_required=False)
        if status is not None and status not in _STATUSES:
            raise Refusal(422, "enum", "Input should be 'active' or 'disabled'", field="status")
        webhook.name, webhook.url, webhook.events = name or webhook.name, url or webhook.url, events
        webhook.status = status or webhook.status
        webhook.updated_at = now_stamp()
        return self._shown(webhook)

    async def _remove(self, request: Request, _struck: Struck) -> None:
        del self.known[self._find(request).id]

    async def _test(self, request: Request, _struck: Struck) -> Any:
        webhook = self._find(request)
        body = {"event": TEST_EVENT, "webhook_id": webhook.id, "created_at": now_stamp()}
        record = await self.courier.deliver(self._receiver(webhook), body, attempts=1)
        return {"success": record["status"] == "succeeded", "response_status": record["response_status"]}

    async def _deliveries(self, request: Request, _struck: Struck) -> Any:
        webhook_id, query = self._find(request).id, request.query_params
        items = [record for record in self.courier.deliveries[::-1] if record["webhook_id"] == webhook_id]
        limit = number_of(query.get("limit"), default=50, most=200)
        offset = number_of(query.get("offset"), default=0, most=10**9)
        return {
            "items": items[offset : offset + limit],
            "total": len(items),
            "limit": limit,
            "offset": offset,
        }

    def _find(self, request: Request) -> Webhook:
        return named(self.known, request, "webhook_id", "Webhook")

    def _shown(self, webhook: Webhook) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": webhook.id,
            "name": webhook.name,
            "url": webhook.url,
            "events": webhook.events,
        }
        if self.account.generation != "v3":
            return shown
        return shown | {
            "secret": webhook.secret,
            "status": webhook.status,
            "created_at": webhook.created_at,
            "updated_at": webhook.updated_at,
        }
