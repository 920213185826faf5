"""Recordings: what a link from OneInbox leads to, asked for without the key and at public addresses only.

A link is data from outside. Its host is looked up once, every address of it is checked, and the connection
goes to an address that was checked; TLS still proves the host's name. No redirect is followed.
"""

import ipaddress
import re
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, urlsplit

import anyio
import httpcore

from campaign import __version__
from campaign.settings import LOOPBACK

MAX_RECORDING_BYTES = 200_000_000
"""A recording of more bytes is not kept: an hour of plain 8-bit telephone sound has 30 million."""
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
PIECE_BYTES = 1_000_000
"""So much is handed on at a time."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_6TO4_RELAYS = ipaddress.ip_network("192.88.99.0/24")
"""Python counts them as public; what is sent there goes on into IPv6, where nothing is checked."""
_EXPIRED = frozenset({401, 403, 404, 410})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Iterable[str]]]
"""The addresses of a host; the second argument is the port."""


class NotFetched(Exception):
    """The recording could not be had. The text holds nothing of the link."""

    def __init__(self, why: str, *, may_be_expired: bool = False) -> None:
        super().__init__(why)
        self.may_be_expired = may_be_expired
        """Whether a fresh link may lead further."""


class RecordingClient:
    """Fetches recordings. Use it as an async context manager."""

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        max_bytes: int = MAX_RECORDING_BYTES,
        resolve: Resolve | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            allow_loopback: Whether links may lead to this machine, then over plain HTTP too. Only where
                OneInbox itself is a simulator on this machine.
            max_bytes: Of one recording.
            resolve: In place of the machine's own name service.
            ssl_context: Whom to trust; the usual authorities by default.
        """
        self._allow_loopback = allow_loopback
        self._max_bytes = max_bytes
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context or httpcore.default_ssl_context(),
            max_keepalive_connections=0,
            retries=0,
            network_backend=_Door(resolve or _resolve, allow_loopback=allow_loopback),
        )

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self._pool.__aexit__(kind, error, trace)

    async def fetch(self, link: str) -> AsyncGenerator[bytes, None]:
        """The recording, piece by piece. The caller limits the time that it takes.

        Raises:
            NotFetched: The link is none that may be followed, or the recording did not come whole.
        """
        parts = self._checked(link)
        headers = [
            ("Host", parts.netloc),
            ("User-Agent", f"oneinbox-campaign/{__version__}"),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
        ]
        timeout = {
            "connect": CONNECT_TIMEOUT_S,
            "read": READ_TIMEOUT_S,
            "write": READ_TIMEOUT_S,
            "pool": None,
        }
        request = httpcore.Request("GET", link, headers=headers, extensions={"timeout": timeout})
        with _translated():
            response = await self._pool.handle_async_request(request)
        try:
            self._check_head(response)
            async for piece in self._pieces(response):
                yield piece
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()

    def _checked(self, link: str) -> SplitResult:
        try:
            parts = urlsplit(link)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise NotFetched("the link is no URL") from error
        if not host or not re.fullmatch(r"[!-~]+", link) or "@" in parts.netloc or "\\" in link:
            raise NotFetched("the link is no plain URL")
        is_local = self._allow_loopback and parts.scheme == "http" and host in LOOPBACK
        if parts.scheme != "https" and not is_local:
            raise NotFetched("the link is not https")
        return parts

    def _check_head(self, response: httpcore.Response) -> None:
        status = response.status
        if 300 <= status < 400:
            raise NotFetched(f"HTTP {status}: the link leads on to another, which is not followed")
        if status != 200:
            raise NotFetched(f"HTTP {status}", may_be_expired=status in _EXPIRED)
        headers = {key.lower(): value for key, value in response.headers}
        if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
            raise NotFetched("the recording came packed, although it was asked for plain")
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > self._max_bytes:
            raise self._too_large()

    async def _pieces(self, response: httpcore.Response) -> AsyncIterator[bytes]:
        """The body in pieces of a useful size."""
        stream = response.aiter_stream()
        gathered, size = bytearray(), 0
        while True:
            with _translated():
                part = await anext(stream, None)
            if part is None:
                break
            size += len(part)
            if size > self._max_bytes:
                raise self._too_large()
            gathered += part
            if len(gathered) >= PIECE_BYTES:
                yield bytes(gathered)
                gathered.clear()
        if gathered:
            yield bytes(gathered)

    def _too_large(self) -> NotFetched:
        return NotFetched(f"the recording has more than {self._max_bytes // 1_000_000} MB")


class _Door(httpcore.AsyncNetworkBackend):
    """Every connection of the pool goes through here: looked up, checked and opened in one place."""

    def __init__(self, resolve: Resolve, *, allow_loopback: bool) -> None:
        self._resolve = resolve
        self._allow_loopback = allow_loopback
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        with anyio.fail_after(timeout):
            addresses = list(dict.fromkeys(await self._resolve(host, port)))
        if not addresses:
            raise NotFetched("the host of the link has no address")
        for address in addresses:
            if not is_allowed(address, allow_loopback=self._allow_loopback):
                raise NotFetched("the link leads into a private network")
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)


def is_allowed(text: str, *, allow_loopback: bool) -> bool:
    """Whether a link may lead to this address: a public one, or this machine where that is allowed.

    An IPv4 address that an IPv6 one stands for counts as itself.
    """
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        # Python counts site-local addresses, the private ones of an older time, as public.
        if address.teredo is not None or address.is_site_local:
            return False
        address = inner or address
    if address.is_loopback:
        return allow_loopback
    is_public = address.is_global and not address.is_multicast and not address.is_reserved
    return is_public and address not in _6TO4_RELAYS


async def _resolve(host: str, port: int) -> list[str]:
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever the transport raises: the recording could not be had. Cancellation passes through."""
    try:
        yield
    except NotFetched:
        raise
    except Exception as error:
        raise NotFetched(f"no complete reply ({type(error).__name__})") from error
