"""The store of recordings: gives out what a valid link asks for, to anybody and without a key."""

import asyncio
import hmac
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from campaign.simulator.answers import Account, HalfReply, NoReply, early
from campaign.simulator.provider import Provider
from campaign.simulator.recordings import PATH, content, signature


class StoreAccount(Account, Protocol):
    """What recordings depend on."""

    provider: Provider


@dataclass(slots=True)
class Store:
    """The recordings of one account."""

    account: StoreAccount
    fetched: int = 0
    """How often a recording was given out, whole or not."""
    with_key: int = 0
    """Requests that brought the account's key along, which a file store has no business to know."""

    def routes(self) -> list[Route]:
        """Where it answers."""
        return [Route(f"/{PATH}/{{call_id}}.wav", self._get, methods=["GET"])]

    async def _get(self, request: Request) -> Response:
        struck = self.account.faults.strike("recording")
        if "authorization" in request.headers:
            self.with_key += 1
            return PlainTextResponse("only one way of authorization is allowed", 400)
        if refused := early(self.account, struck):
            return refused
        provider, query = self.account.provider, request.query_params
        call = provider.calls.get(request.path_params["call_id"])
        if call is None or call.recorded_at() is None:
            return PlainTextResponse("NoSuchKey", 404)
        expires = query.get("expires", "")
        is_signed = hmac.compare_digest(signature(provider, call, expires), query.get("signature", ""))
        if not is_signed or float(expires) < provider.clock_time(provider.now()).timestamp():
            return PlainTextResponse("Request has expired", 403)
        if "drop" in struck or "lose_reply" in struck:
            return NoReply()
        self.fetched += 1
        if "stall" in struck:
            await asyncio.sleep(float(struck["stall"] or 3600))
        if "garble" in struck:
            return PlainTextResponse("<html>Sign in</html>", media_type="text/html")
        sound = content(call)
        return HalfReply(sound, 200) if "cut" in struck else Response(sound, media_type="audio/wav")
