"""Webhooks: where OneInbox posts the events of this account's calls, one verb per endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from campaign.logs import hide
from campaign.oneinbox import wire
from campaign.oneinbox.errors import NotFound, OutcomeUnknown, Refused, Unsupported
from campaign.oneinbox.setup import SetUp
from campaign.oneinbox.wire import Flag, Id, Items, Moment, Number, Text

WEBHOOKS = "/v1/webhooks"
MOST_DELIVERIES = 50


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address that events are posted to. What the reply does not say is None."""

    id: str
    name: str | None = None
    url: str | None = None
    events: tuple[str, ...] = ()
    status: str | None = None
    secret: SecretStr | None = None
    """Signs its events; only the newest generation of the API tells it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to post an event."""

    event: str | None = None
    status: str | None = None
    attempt: int | None = None
    response_status: int | None = None
    error: str | None = None
    created_at: datetime | None = None


class _WireWebhook(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    id: Id = None
    name: Text = None
    url: Text = None
    events: Items = []
    status: Text = None
    secret: Text = None


class _WireDelivery(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    event: Text = None
    status: Text = None
    attempt: Number = None
    response_status: Number = None
    error: Text = None
    created_at: Moment = None


class _WireTest(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    success: Flag = None
    response_status: Number = None
    error: Text = None


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The webhooks of one account. Every verb raises as those of `SetUp` do."""

    account: SetUp

    async def add(self, name: str, url: str, events: Sequence[str]) -> Webhook:
        """Register an address, once. Raises Refused about `events` where one of them is not known."""
        body = {"name": name, "url": url, "events": list(events)}
        added = parse_webhook(await self._send("POST", WEBHOOKS, body))
        if added is None:
            raise OutcomeUnknown("the reply has no id of a webhook")
        return added

    async def all(self) -> tuple[Webhook, ...]:
        """Those that are registered. Raises Unsupported where this account has none."""
        try:
            return await self.account.whole_list(WEBHOOKS, parse_webhook, ("webhooks", "calls"))
        except NotFound as error:
            raise Unsupported("this account has no webhooks") from error

    async def test(self, webhook_id: str) -> Delivery:
        """Have a test event posted. What came of it, as far as the reply says. Raises NotFound."""
        body = await self._send("POST", f"{_path(webhook_id)}/test")
        try:
            read = _WireTest.model_validate(body if isinstance(body, dict) else {})
        except ValidationError:
            read = _WireTest()
        status = None if read.success is None else "succeeded" if read.success else "failed"
        return Delivery(status=status, response_status=_whole(read.response_status), error=read.error)

    async def deliveries(self, webhook_id: str, *, limit: int = MOST_DELIVERIES) -> tuple[Delivery, ...]:
        """The latest attempts. Raises Unsupported where this generation of the API does not tell them."""
        try:
            body = await self._send("GET", f"{_path(webhook_id)}/deliveries", query={"limit": str(limit)})
        except NotFound as error:
            raise Unsupported("this account does not tell what was delivered") from error
        found = wire.entries(body, "deliveries")
        if found is None:
            raise OutcomeUnknown("the reply is not a list of deliveries")
        return tuple(delivery for delivery in map(_delivery, found) if delivery is not None)

    async def remove(self, webhook_id: str) -> None:
        """Post no more events there. Raises NotFound when there is none of this id."""
        await self._send("DELETE", _path(webhook_id))

    async def _send(
        self, method: str, path: str, body: Any = None, *, query: dict[str, str] | None = None
    ) -> Any:
        return await self.account.send(method, path, body, query=query)


def parse_webhook(body: Any) -> Webhook | None:
    """Read one webhook of any generation; None when it has no usable id."""
    if not isinstance(body, dict):
        return None
    try:
        read = _WireWebhook.model_validate(body)
    except (ValidationError, RecursionError):
        return None
    if read.id is None:
        return None
    if read.secret is not None:
        hide(read.secret)
    return Webhook(
        read.id,
        read.name,
        read.url,
        tuple(event for event in read.events if isinstance(event, str)),
        read.status,
        SecretStr(read.secret) if read.secret is not None else None,
    )


def is_about_events(error: Refused) -> bool:
    """Whether a registration was refused because of the events that it asks for."""
    return "events" in error.field


def _delivery(item: Any) -> Delivery | None:
    try:
        read = _WireDelivery.model_validate(item)
    except (ValidationError, RecursionError):
        return None
    return Delivery(
        read.event,
        read.status,
        _whole(read.attempt),
        _whole(read.response_status),
        read.error,
        read.created_at,
    )


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _path(webhook_id: str) -> str:
    return f"{WEBHOOKS}/{quote(webhook_id, safe='')}"
