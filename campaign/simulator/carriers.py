"""The endpoints of carrier credentials: `/v1/credentials`, which the newest generation calls integrations."""

from dataclasses import dataclass, field
from typing import Any

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
    object_of,
    page,
    read_object,
    text_of,
)

INVALID = "Invalid carrier credentials"

_PREFIXES = {"v1": "cred_telephony", "v2": "crd"}


@dataclass(slots=True)
class Carrier:
    """One stored credential. What it holds is never shown again."""

    id: str
    name: str
    provider: str
    api_key: str = field(repr=False)
    metadata: dict[str, Any]
    created_at: str
    updated_at: str


def refuse_invalid(struck: Struck) -> None:
    """Raise Refusal where a fault says that the carrier does not accept its credential."""
    if "bad_carrier" in struck:
        raise Refusal(int(struck["bad_carrier"] or 422), "carrier_credentials", INVALID)


@dataclass(slots=True)
class Carriers:
    """The credentials of one account."""

    account: Account
    known: dict[str, Carrier] = field(default_factory=dict)
    _made: int = 0

    def routes(self) -> list[Route]:
        """Where they answer: each generation at its own path, and not at the other's."""
        account = self.account
        path = "/v1/integrations" if account.generation == "v3" else "/v1/credentials"
        one = path + "/{credential_id}"
        return [
            Route(path, endpoint(account, "add_carrier", self._add, status=201), methods=["POST"]),
            Route(path, endpoint(account, "carriers", self._list), methods=["GET"]),
            Route(one, endpoint(account, "carriers", self._get), methods=["GET"]),
            Route(one, endpoint(account, "carriers", self._change), methods=["PATCH"]),
            Route(one, endpoint(account, "carriers", self._remove), methods=["DELETE"]),
        ]

    async def _add(self, request: Request, struck: Struck) -> Any:
        body = await read_object(request)
        name, provider, key = (text_of(body, key) for key in ("name", "provider", "api_key"))
        metadata = object_of(body, "metadata")
        refuse_invalid(struck)
        self._made += 1
        now = now_stamp()
        carrier = Carrier(
            id=new_id(self.account, _PREFIXES.get(self.account.generation, ""), self._made),
            name=str(name),
            provider=str(provider),
            api_key=str(key),
            metadata=metadata,
            created_at=now,
            updated_at=now,
        )
        self.known[carrier.id] = carrier
        return self._shown(carrier)

    async def _list(self, request: Request, _struck: Struck) -> Any:
        return page(self.account, request, "credentials", [self._shown(one) for one in self.known.values()])

    async def _get(self, request: Request, _struck: Struck) -> Any:
        return self._shown(self._find(request))

    async def _change(self, request: Request, _struck: Struck) -> Any:
        carrier, body = self._find(request), await read_object(request)
        carrier.name = text_of(body, "name", is_required=False) or carrier.name
        carrier.api_key = text_of(body, "api_key", is_required=False) or carrier.api_key
        carrier.metadata |= object_of(body, "metadata")
        carrier.updated_at = now_stamp()
        return self._shown(carrier)

    async def _remove(self, request: Request, _struck: Struck) -> None:
        del self.known[self._find(request).id]

    def _find(self, request: Request) -> Carrier:
        return named(self.known, request, "credential_id", "Credential")

    def _shown(self, carrier: Carrier) -> dict[str, Any]:
        shown = {
            "id": carrier.id,
            "name": carrier.name,
            "provider": carrier.provider,
            "created_at": carrier.created_at,
        }
        if self.account.generation != "v3":
            return shown
        return shown | {"masked_key": f"****{carrier.api_key[-4:]}", "updated_at": carrier.updated_at}
