"""The endpoints of phone numbers: searched, registered by credential or SIP trunk, changed, removed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import Request
from starlette.routing import Route

from campaign.simulator.answers import (
    Account,
    Refusal,
    Struck,
    endpoint,
    named,
    new_id,
    now_stamp,
    number_of,
    object_of,
    page,
    read_object,
    text_of,
)
from campaign.simulator.carriers import Carrier, refuse_invalid
from campaign.simulator.faults import SETUP_REFUSED

WITH_SEARCH = frozenset({"twilio", "telnyx"})
"""Carriers that tell which numbers can be had."""

_E164 = re.compile(r"\+[1-9]\d{1,14}")
_V3_PROVIDERS = ("twilio", "telnyx")
_TRUNK_FIELDS = ("trunk_address", "auth_username", "auth_password")
_AREAS: Mapping[str, tuple[str, str]] = {"US": ("1", "415"), "CA": ("1", "416"), "GB": ("44", "20")}
"""Country code, and the area code where none is asked for."""
_OFFERED = 40
"""Numbers of each area code. They are of those that are set aside for stories."""


class NumbersAccount(Account, Protocol):
    """What numbers depend on."""

    agents: frozenset[str] | None


@dataclass(slots=True)
class Number:
    """One registered number. The password of its trunk is never shown."""

    id: str
    phone_number: str
    friendly_name: str | None
    provider: str | None
    agent_id: str
    credential_id: str | None
    """None when it was registered by its trunk."""
    trunk: dict[str, Any] = field(repr=False)
    inbound_routing: dict[str, Any]
    created_at: str
    updated_at: str


@dataclass(slots=True)
class Numbers:
    """The phone numbers of one account."""

    account: NumbersAccount
    carriers: Callable[[], Mapping[str, Carrier]]
    """The credentials that there are."""
    known: dict[str, Number] = field(default_factory=dict)
    _made: int = 0

    def routes(self) -> list[Route]:
        """Where they answer."""
        account = self.account
        one = "/v1/phone-numbers/{number_id}"
        return [
            Route("/v1/phone-numbers/search", endpoint(account, "search", self._search), methods=["GET"]),
            Route(
                "/v1/phone-numbers",
                endpoint(account, "register", self._register, status=201),
                methods=["POST"],
            ),
            Route("/v1/phone-numbers", endpoint(account, "numbers", self._list), methods=["GET"]),
            Route(one, endpoint(account, "numbers", self._get), methods=["GET"]),
            Route(one, endpoint(account, "numbers", self._change), methods=["PATCH"]),
            Route(one, endpoint(account, "numbers", self._remove), methods=["DELETE"]),
        ]

    def refused_from(self, phone_number: str) -> str | None:
        """Why nobody can be called from a number; None when somebody can."""
        number = next((one for one in self.known.values() if one.phone_number == phone_number), None)
        if number is None:
            return SETUP_REFUSED["from_number"]
        if number.credential_id is not None and number.credential_id not in self.carriers():
            return SETUP_REFUSED["carrier"]
        return None

    async def _search(self, request: Request, struck: Struck) -> Any:
        query = request.query_params
        for name in ("country", "credential_id") if self.account.generation == "v1" else ("country",):
            if not query.get(name):
                raise Refusal(422, "missing", "Field required", field=name)
        carrier = self._carrier(query.get("credential_id"))
        refuse_invalid(struck)
        if "no_search" in struck or (carrier is not None and carrier.provider.lower() not in WITH_SEARCH):
            provider = carrier.provider if carrier is not None else "this carrier"
            status = int(struck.get("no_search") or 400)
            raise Refusal(status, "not_supported", f"Number search is not supported for {provider}")
        offers = _offers(query["country"], query.get("area_code"), query.get("contains") or "")
        taken = {number.phone_number for number in self.known.values()}
        limit = number_of(query.get("limit"), default=10)
        free = [offer for offer in offers if offer["phone_number"] not in taken][:limit]
        if self.account.envelope == "array" or self.account.generation == "v1":
            return free
        return {"phone_numbers" if self.account.envelope == "calls" else self.account.envelope: free}

    async def _register(self, request: Request, struck: Struck) -> Any:
        body = await read_object(request)
        phone_number = self._number(body, struck)
        provider = self._provider(body)
        agent_id = str(text_of(body, "agent_id"))
        trunk = object_of(body, "provider_config")
        carrier = self._carrier(text_of(body, "credential_id", is_required=False))
        friendly_name = text_of(body, "friendly_name", is_required=False)
        routing = object_of(body, "inbound_routing")
        self._check_agent(agent_id)
        if carrier is None or trunk:
            self._check_trunk(trunk)
        refuse_invalid(struck)
        if any(number.phone_number == phone_number for number in self.known.values()):
            raise Refusal(409, "conflict", "This phone number is already registered")
        self._made += 1
        now = now_stamp()
        number = Number(
            id=new_id(self.account, "phn", self._made),
            phone_number=phone_number,
            friendly_name=friendly_name,
            provider=provider,
            agent_id=agent_id,
            credential_id=carrier.id if carrier is not None else None,
            trunk=trunk,
            inbound_routing=routing,
            created_at=now,
            updated_at=now,
        )
        self.known[number.id] = number
        return self._shown(number)

    def _number(self, body: dict[str, Any], struck: Struck) -> str:
        number = str(text_of(body, "phone_number"))
        if "bad_number" in struck or not _E164.fullmatch(number):
            message = r"String should match pattern '^\+[1-9]\d{1,14}$'"
            raise Refusal(422, "string_pattern_mismatch", message, field="phone_number")
        return number

    def _provider(self, body: dict[str, Any]) -> str | None:
        provider = text_of(body, "provider", is_required=self.account.generation != "v1")
        if self.account.generation == "v3" and provider not in _V3_PROVIDERS:
            raise Refusal(422, "enum", "Input should be 'twilio' or 'telnyx'", field="provider")
        return provider

    def _carrier(self, credential_id: str | None) -> Carrier | None:
        if not credential_id:
            return None
        carrier = self.carriers().get(credential_id)
        if carrier is None:
            raise Refusal(404, "not_found", "Credential not found")
        return carrier

    def _check_agent(self, agent_id: str) -> None:
        if self.account.agents is not None and agent_id not in self.account.agents:
            raise Refusal(404, "not_found", "Agent not found")

    def _check_trunk(self, trunk: dict[str, Any]) -> None:
        missing = [key for key in _TRUNK_FIELDS if not trunk.get(key)]
        if not missing:
            return
        if self.account.generation == "v3":
            message = f"Incomplete SIP settings: {', '.join(missing)}"
            raise Refusal(400, "SIP_TRUNK_PROVISION_FAILED", message, with_code=True)
        raise Refusal(422, "missing", "Field required", field=f"provider_config.{missing[0]}")

    async def _list(self, request: Request, struck: Struck) -> Any:
        shown = [self._shown(number) | _damage(struck) for number in self.known.values()]
        return page(self.account, request, "phone_numbers", shown)

    async def _get(self, request: Request, struck: Struck) -> Any:
        return self._shown(self._find(request)) | _damage(struck)

    async def _change(self, request: Request, _struck: Struck) -> Any:
        number, body = self._find(request), await read_object(request)
        agent_id = text_of(body, "agent_id", is_required=False)
        if agent_id is not None:
            self._check_agent(agent_id)
            number.agent_id = agent_id
        number.friendly_name = text_of(body, "friendly_name", is_required=False) or number.friendly_name
        number.inbound_routing |= object_of(body, "inbound_routing")
        number.updated_at = now_stamp()
        return self._shown(number)

    async def _remove(self, request: Request, _struck: Struck) -> None:
        del self.known[self._find(request).id]

    def _find(self, request: Request) -> Number:
        return named(self.known, request, "number_id", "Phone number")

    def _shown(self, number: Number) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": number.id,
            "phone_number": number.phone_number,
            "friendly_name": number.friendly_name,
            "provider": number.provider,
            "agent_id": number.agent_id,
        }
        if self.account.generation == "v1":
            return shown
        return shown | {
            "status": "active",
            "inbound_trunk_id": f"ST_in_{number.id}",
            "outbound_trunk_id": f"ST_out_{number.id}",
            "dispatch_rule_id": f"SDR_{number.id}",
            "inbound_routing": number.inbound_routing or None,
            "created_at": number.created_at,
            "updated_at": number.updated_at,
        }


def _damage(struck: Struck) -> dict[str, Any]:
    """What faults make of a number as it is shown."""
    found: dict[str, Any] = {}
    if "inactive" in struck:
        found["status"] = "inactive"
    if "no_trunk" in struck:
        found["outbound_trunk_id"] = None
    if "no_agent" in struck:
        found |= {"agent_id": None, "inbound_routing": None}
    return found


def _offers(country: str, area_code: str | None, contains: str) -> list[dict[str, Any]]:
    """The numbers that can be had; none in countries of which this account knows nothing."""
    if country not in _AREAS:
        return []
    country_code, usual_area = _AREAS[country]
    area = area_code or usual_area
    local = "555{:04d}" if country_code == "1" else "79460{:03d}"
    numbers = [f"+{country_code}{area}{local.format(100 + at)}" for at in range(_OFFERED)]
    return [
        {"phone_number": number, "friendly_name": number, "locality": f"Area {area}", "country": country}
        for number in numbers
        if contains in number
    ]
