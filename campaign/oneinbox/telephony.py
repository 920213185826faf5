"""Carriers and phone numbers on the wire: JSON of any generation in, our own types out, and back.

No documentation shows what a list or a search answers, so the envelopes of call lists are read here, too.
"""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from campaign.models import Carrier, NewCarrier, NewNumber, OfferedNumber, PhoneNumber, Trunk, bare_number
from campaign.oneinbox.wire import Id, Moment, Object, Text, text_or_none

CARRIER_LISTS = ("credentials", "integrations")
NUMBER_LISTS = ("phone_numbers", "numbers", "calls")
"""Names under which lists may come, beside the usual ones."""


class _Wire(BaseModel):
    """No value can make one fail; what is not understood is None."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


M = TypeVar("M", bound=_Wire)


class WireCarrier(_Wire):
    """A credential of any generation."""

    id: Id = None
    name: Text = None
    provider: Text = None
    created_at: Moment = None


class WireNumber(_Wire):
    """A phone number of any generation."""

    id: Id = None
    phone_number: Text = None
    friendly_name: Text = None
    provider: Text = None
    agent_id: Text = None
    status: Text = None
    outbound_trunk_id: Text = None
    inbound_routing: Object = {}


class WireOffer(_Wire):
    """A number that can be had."""

    phone_number: Text = None
    number: Text = None
    locality: Text = None
    region: Text = None


def parse_carrier(body: Any) -> Carrier | None:
    """Read one credential; None when it has no usable id."""
    read = _read(WireCarrier, body)
    if read is None or read.id is None:
        return None
    return Carrier(id=read.id, name=read.name, provider=read.provider, created_at=read.created_at)


def parse_number(body: Any) -> PhoneNumber | None:
    """Read one registered number; None when it has no usable id, or no number."""
    read = _read(WireNumber, body)
    if read is None or read.id is None or read.phone_number is None:
        return None
    tells_trunk = "outbound_trunk_id" in read.model_fields_set
    return PhoneNumber(
        id=read.id,
        number=bare_number(read.phone_number),
        name=read.friendly_name,
        provider=read.provider,
        agent_id=read.agent_id or text_or_none(read.inbound_routing.get("agent_id")),
        status=read.status,
        has_outbound_trunk=read.outbound_trunk_id is not None if tells_trunk else None,
    )


def parse_offer(body: Any) -> OfferedNumber | None:
    """Read one number of a search, as an object or as a bare text; None when it is neither."""
    if isinstance(body, str):
        return OfferedNumber(bare_number(body)) if body.strip() else None
    read = _read(WireOffer, body)
    number = read and (read.phone_number or read.number)
    if read is None or not number:
        return None
    return OfferedNumber(
        bare_number(number), ", ".join(part for part in (read.locality, read.region) if part) or None
    )


def carrier_body(carrier: NewCarrier) -> dict[str, Any]:
    """The JSON body that stores a credential."""
    body: dict[str, Any] = {
        "name": carrier.name,
        "provider": carrier.provider,
        "api_key": carrier.secret.get_secret_value(),
    }
    return body | ({"metadata": dict(carrier.metadata)} if carrier.metadata else {})


def number_body(number: NewNumber) -> dict[str, Any]:
    """The JSON body that registers a number."""
    body: dict[str, Any] = {
        "phone_number": str(number.number),
        "provider": number.provider,
        "agent_id": number.agent_id,
    }
    if number.name is not None:
        body["friendly_name"] = number.name
    if isinstance(number.by, Trunk):
        body["provider_config"] = {
            "trunk_address": number.by.address,
            "auth_username": number.by.user,
            "auth_password": number.by.password.get_secret_value(),
        }
    else:
        body["credential_id"] = number.by
    return body


def _read(model: type[M], body: Any) -> M | None:
    if not isinstance(body, dict):
        return None
    try:
        return model.model_validate(body)
    except (ValidationError, RecursionError):
        return None
