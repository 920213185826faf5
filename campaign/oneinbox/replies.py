"""Classification: every way in which an HTTP request can end, as one of the errors of this folder.

This is the only place that knows httpx's exceptions, what may be read of a reply, and what a status means for
a dial or a GET; what it means where an account is set up stands in `setup_replies`.
"""

import json
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from campaign.oneinbox import wire
from campaign.oneinbox.errors import (
    AccountRefused,
    ApiError,
    CountryRefused,
    KeyRefused,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Part,
    Refused,
    SetupRefused,
    Throttled,
    Unsupported,
)

MAX_REPLY_BYTES = 5_000_000
"""A reply of more bytes is not read any further, whether it came packed or not."""
MAX_LIST_BYTES = 64_000_000
"""The same for a page of calls: a hundred of them may have long conversations."""
RETRY_AFTER_MIN_S = 1.0
RETRY_AFTER_MAX_S = 3600.0

# Before any byte of the request: the measured safe set of the stock transport, and nothing else.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
)
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_REQUEST_FIELDS = frozenset(
    {"agent_id", "to_number", "from_number", "variables", "metadata", "webhook_url", "overrides"}
)
_ROW_FIELDS = frozenset({"to_number", "variables"})
_SHARED_WORDS = re.compile(
    r"\bagent|from[_ ]number|caller[_ ]?id|credential|integration|\btrunk|not registered"
    r"|webhook|\boverrides?\b",
    re.IGNORECASE,
)
_GEO_WORDS = re.compile(
    r"geo[\w ]*permission|international (?:calls?|calling|permission)"
    r"|(?:country|region) (?:is )?(?:not|blocked)",
    re.IGNORECASE,
)
_PARTS = (
    (re.compile(r"from[_ ]number|caller[_ ]?id|not registered", re.IGNORECASE), Part.FROM_NUMBER),
    (re.compile(r"webhook|\boverrides?\b|\bmetadata\b", re.IGNORECASE), Part.CALL),
    (re.compile(r"credential|integration|\btrunk", re.IGNORECASE), Part.CARRIER),
    (re.compile(r"\bagent", re.IGNORECASE), Part.AGENT),
)
_ROW_WORDS = re.compile(r"to[_ ]number|variable|recipient|destination", re.IGNORECASE)


@contextmanager
def translated() -> Iterator[None]:
    """Turn everything that the transport raises into `NotSent` or `OutcomeUnknown`.

    What is not known to be harmless is unknown, exception classes that do not exist yet included.
    Cancellation passes through.
    """
    try:
        yield
    except ApiError:
        raise
    except _NEVER_SENT as error:
        raise NotSent(f"OneInbox cannot be reached ({type(error).__name__})") from error
    except TimeoutError as error:
        raise OutcomeUnknown("no complete reply within the deadline") from error
    except Exception as error:
        raise OutcomeUnknown(f"no usable reply ({type(error).__name__})") from error


async def read_whole(response: httpx.Response, *, at_most: int = MAX_REPLY_BYTES) -> httpx.Response:
    """The reply with its whole body, from one that is a stream. Holds a bounded amount of memory at any time.

    Args:
        response: The head, whose body has not been read.
        at_most: Bytes of the body, as it came and unpacked.

    Raises:
        OutcomeUnknown: The body is too large, or not what its encoding says.
    """
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - the clients are asynchronous
    packed = bytearray()
    # As the transport gives it: unpacked by httpx, a few kilobytes may become any size.
    async for piece in response.stream:
        packed += piece
        _refuse_flood(response, len(packed), at_most)
    headers = [(key, value) for key, value in response.headers.raw if key.lower() != b"content-encoding"]
    reason = {"reason_phrase": response.reason_phrase.encode()}
    return httpx.Response(
        response.status_code,
        headers=headers,
        content=_unpacked(response, bytes(packed), at_most),
        extensions=reason,
    )


def _unpacked(response: httpx.Response, packed: bytes, at_most: int) -> bytes:
    # It was asked not to be packed; some gateways do it all the same.
    if response.headers.get("content-encoding", "").strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return packed
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    body = unpacker.decompress(packed, at_most + 1)
    _refuse_flood(response, len(body), at_most)
    if not unpacker.eof:
        raise OutcomeUnknown(f"HTTP {response.status_code} with a packed body that was cut off")
    return body


def _refuse_flood(response: httpx.Response, size: int, at_most: int) -> None:
    if size > at_most:
        limit = f"{at_most // 1_000_000} MB"
        raise OutcomeUnknown(f"HTTP {response.status_code} with a reply of more than {limit}")


def read_json(
    response: httpx.Response, *, pairs: Callable[[list[tuple[str, Any]]], dict[str, Any]] = dict
) -> Any:
    """The body as JSON; None when it is not JSON.

    Args:
        response: A whole reply.
        pairs: Makes an object of its members; a ValueError says that they make none.
    """
    try:
        return json.loads(response.content, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return None


def _without_contradiction(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two ids one is the call's, and nobody knows which."""
    members = dict(pairs)
    if len(members) < len(pairs) and any(members[key] != value for key, value in pairs):
        raise ValueError("two members of one name")
    return members


def check_create(response: httpx.Response, *, now: datetime) -> str:
    """The id of the call that was placed.

    Raises:
        Throttled: 429.
        Refused: 400, 404, 413 or 422 about this row.
        Fatal: 401, 402, 403, or a complaint about what all rows share.
        OutcomeUnknown: Everything else, a 2xx without a usable id included.
    """
    status, body = response.status_code, read_json(response, pairs=_without_contradiction)
    if response.is_success:
        call = wire.parse_call(body)
        if call is None:
            raise OutcomeUnknown(f"HTTP {status} without a call id")
        return call.id
    text = f"HTTP {status}: {wire.error_text(body, response.reason_phrase)}"
    raise_for_all(response, text, now=now)
    match status:
        case 402:
            raise AccountRefused(text)
        case 400 | 404 | 413 | 422:
            raise _refusal(status, body, text)
        case _:
            raise OutcomeUnknown(text)


def raise_for_all(response: httpx.Response, text: str, *, now: datetime) -> None:
    """The statuses that mean the same for every request."""
    if response.status_code == 429:
        raise Throttled(text, retry_after_s=retry_after(response, now=now))
    if response.status_code in (401, 403):
        raise KeyRefused(text)


def _refusal(status: int, body: Any, text: str) -> ApiError:
    fields = wire.error_fields(body) & _REQUEST_FIELDS
    is_geo = status != 404 and _GEO_WORDS.search(text) is not None
    if fields:
        # A complaint about any other field than the row's own would come for every row.
        if not fields <= _ROW_FIELDS:
            return SetupRefused(text, about=_part(" ".join(sorted(fields - _ROW_FIELDS))))
        return CountryRefused(text) if is_geo else Refused(text, field=" and ".join(sorted(fields)))
    if is_geo:
        return CountryRefused(text)
    if words := _ROW_WORDS.search(text):
        return Refused(text, field="variables" if words[0].lower() == "variable" else "to_number")
    # The only thing that a create-call request can fail to find is what all rows share.
    if status == 404 or _SHARED_WORDS.search(text):
        return SetupRefused(text, about=_part(text) or (Part.AGENT if status == 404 else None))
    return Refused(text, field="")


def _part(text: str) -> Part | None:
    """Of what all rows share, the part that these words name first in the table."""
    return next((part for words, part in _PARTS if words.search(text)), None)


def check_get(response: httpx.Response, *, now: datetime) -> Any:
    """The JSON body of a successful GET (or stop).

    Raises:
        Throttled: 429.
        KeyRefused: 401, 403.
        NotFound: 404, 410.
        Unsupported: 400, 405, 422, 501: not in this generation of the API.
        OutcomeUnknown: Everything else; a GET may be repeated.
    """
    status, body = response.status_code, read_json(response)
    if response.is_success:
        if body is None:
            raise OutcomeUnknown(f"HTTP {status} without JSON")
        return body
    text = f"HTTP {status}: {wire.error_text(body, response.reason_phrase)}"
    raise_for_all(response, text, now=now)
    match status:
        case 404 | 410:
            raise NotFound(text)
        case 400 | 405 | 422 | 501:
            raise Unsupported(text)
        case _:
            raise OutcomeUnknown(text)


def retry_after(response: httpx.Response, *, now: datetime) -> float | None:
    """Seconds to wait by `Retry-After` (RFC 9110, 10.2.3), clamped; None when absent or unreadable.

    A date is measured against the reply's own `Date`, as the two clocks may differ.
    """
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch("[0-9]+", value):
        seconds = float(value) if len(value) < 10 else RETRY_AFTER_MAX_S
    else:
        until = _http_date(value)
        if until is None:
            return None
        seconds = (until - (_http_date(response.headers.get("date", "")) or now)).total_seconds()
    return min(max(seconds, RETRY_AFTER_MIN_S), RETRY_AFTER_MAX_S)


def clock_ahead_s(response: httpx.Response, *, now: datetime) -> float | None:
    """How far this machine's clock is ahead of the server's, by the reply's `Date`; None where it has none.

    A `Date` has whole seconds, and the reply has travelled: a second or two mean nothing.
    """
    theirs = _http_date(response.headers.get("date", ""))
    return (now - theirs).total_seconds() if theirs is not None else None


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
        # Some forms give a time without zone; HTTP dates are UTC by definition.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
