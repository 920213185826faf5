"""A URL as the hook: one POST of a document over a fresh connection, whose reply is read within a bound.

No redirect is followed, no proxy of the environment is used, and no key is sent.
"""

import ssl
from functools import cache

import anyio.to_thread
import httpx

from campaign import __version__
from campaign.hook.answer import HookFailed
from campaign.settings import HookSettings

MAX_REPLY_BYTES = 64 * 1024


async def ask_url(hook: HookSettings, document: bytes) -> bytes:
    """The body of the reply. The caller sets the time limit, and cancels at its end.

    Raises:
        HookFailed: No reply, one with another status than 2xx, or one that is too large.
    """
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        # What was never packed cannot unpack to a flood.
        "Accept-Encoding": "identity",
        "User-Agent": f"oneinbox-campaign/{__version__}",
    }
    try:
        # Beside the event loop, as it is read from disk.
        authorities = await anyio.to_thread.run_sync(_authorities)
        transport = httpx.AsyncHTTPTransport(verify=authorities, trust_env=False, retries=0)
        async with (
            httpx.AsyncClient(
                transport=transport,
                trust_env=False,
                follow_redirects=False,
                timeout=hook.timeout.total_seconds(),
            ) as client,
            client.stream("POST", str(hook.url), content=document, headers=headers) as reply,
        ):
            if not reply.is_success:
                raise HookFailed(f"HTTP {reply.status_code}")
            return await _read_whole(reply)
    except HookFailed:
        raise
    except Exception as error:
        raise HookFailed(f"no reply ({type(error).__name__})") from error


@cache
def _authorities() -> ssl.SSLContext:
    """Whose certificates are trusted: the usual authorities, and those that this machine knows besides."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


async def _read_whole(reply: httpx.Response) -> bytes:
    body = bytearray()
    # As the transport gives it: unpacked by httpx, a few kilobytes may become any size.
    async for piece in reply.aiter_raw():
        body += piece
        if len(body) > MAX_REPLY_BYTES:
            raise HookFailed(f"a reply of more than {MAX_REPLY_BYTES // 1024} kB")
    return bytes(body)
