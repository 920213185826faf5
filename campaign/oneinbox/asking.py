"""Asking OneInbox: what every httpx client of an account has in common, and one bounded request through one.

Dialling has a way of its own (see `client`). What is asked here is sent once, too; who may ask again is the
caller's to know.
"""

import ssl
from functools import cache
from typing import Any

import anyio
import httpx
from pydantic import SecretStr

from campaign import __version__
from campaign.oneinbox import replies

GET_DEADLINE_S = 30.0
CONNECT_TIMEOUT_S = 5.0


def account(base_url: str, api_key: SecretStr) -> dict[str, Any]:
    """What every client of an account is made with."""
    headers = {
        "Authorization": f"Bearer {api_key.get_secret_value()}",
        "User-Agent": f"oneinbox-campaign/{__version__}",
        "Accept": "application/json",
        # What was never packed cannot unpack to a flood.
        "Accept-Encoding": "identity",
    }
    # trust_env would send the key to whatever proxy the environment names.
    return {"base_url": base_url, "headers": headers, "trust_env": False}


@cache
def authorities() -> ssl.SSLContext:
    """Who may vouch for OneInbox: certifi's list, whatever the environment says.

    Read once for all clients that ask OneInbox in this process, as it takes longer than many a request.
    """
    return httpx.create_ssl_context(trust_env=False)


async def ask(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    query: dict[str, str] | None = None,
    body: Any = None,
    at_most: int = replies.MAX_REPLY_BYTES,
    deadline_s: float = GET_DEADLINE_S,
) -> httpx.Response:
    """The whole reply to one request, whatever its status.

    Args:
        client: Sends it.
        method: Like `GET`.
        path: From `/v1` on, with its parts quoted.
        query: Parameters.
        body: Sent as JSON, unless it is None.
        at_most: Bytes of the reply.
        deadline_s: From the first byte to the last.

    Raises:
        NotSent: No byte of it has left.
        OutcomeUnknown: There is no usable reply.
    """
    with replies.translated(), anyio.fail_after(deadline_s):
        async with client.stream(method, path, params=query, json=body) as stream:
            return await replies.read_whole(stream, at_most=at_most)
