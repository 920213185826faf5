"""The replies of suite `replies` below their status line: bodies of all sorts, and ways to send them.

Each says one thing, written by hand beside it, and that is all that the tables of the suite know of it.
"""

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

ID = "call_1"
"""Of the call that the good replies name."""
NOW = datetime(2026, 8, 2, 9, 0, tzinfo=UTC)
"""The client's clock."""


class Says(StrEnum):
    """What a reply tells who reads it."""

    PLACED = "names the call"
    """A 2xx with this is a placed call, whose id is `ID`."""
    PERHAPS = "names the call in a doubtful form"
    """Both to read it and to leave it in doubt is right, and to take another id from it is not."""
    TRAILED = "names the call, and has more bytes behind its end"
    """Whether these are noticed depends on the transport. Then it is in doubt."""
    TWO = "names two calls"
    """A 2xx with this is a placed call whose id nobody knows."""
    ROW = "complains of the row"
    SHARED = "complains of what all rows share"
    NOTHING = "says nothing of use"
    BROKEN = "breaks off, or breaks the rules of HTTP"
    HUGE = "names the call, and does not end where any reply should"
    """To stop reading is right, and leaves it in doubt."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A reply without its status line."""

    name: str
    says: Says
    tail: bytes
    """Everything after the status line."""
    blanks: int = 0
    """So many blanks follow."""
    hangs: bool = False
    """Whether the server then keeps the connection open in place of closing it."""
    before: bytes = b""
    """What comes in front of the status line."""
    retry_after_s: float | None = None
    """The wait that a 429 with this asks for, when it is now `NOW`."""


def framed(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    """Headers and a body as HTTP wants them."""
    size = b"Content-Length: %d" % (len(body) if length is None else length)
    return b"\r\n".join((size, b"Connection: close", *headers, b"", b"")) + body


def chunked(body: bytes, *, size: bytes | None = None, end: bytes = b"0\r\n\r\n") -> bytes:
    """A body in one chunk."""
    head = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    return head + (size or b"%x" % len(body)) + b"\r\n" + body + b"\r\n" + end


GOOD = json.dumps({"id": ID, "status": "initiated"}).encode()
REFUSAL = b'{"detail": [{"loc": ["body", "%s"], "msg": "not valid"}]}'


def with_id(value: bytes) -> bytes:
    """A call object with this as its id."""
    return b'{"id": %s, "status": "initiated"}' % value


BODIES: Mapping[str, tuple[Says, bytes]] = {
    "call": (Says.PLACED, GOOD),
    "call with call_id": (Says.PLACED, b'{"call_id": "call_1"}'),
    "call with odd fields": (Says.PLACED, b'{"id": "call_1", "messages": 7, "metadata": [], "status": {}}'),
    "call with NaN": (Says.PERHAPS, b'{"id": "call_1", "cost_cents": NaN, "duration_seconds": -Infinity}'),
    "call with a lone surrogate": (Says.PERHAPS, b'{"id": "call_1", "status": "\\ud800"}'),
    "call with a status twice": (Says.PERHAPS, b'{"id": "call_1", "status": "a", "status": "b"}'),
    "the id twice": (Says.PERHAPS, b'{"id": "call_1", "id": "call_1"}'),
    "the id twice with two values": (Says.TWO, b'{"id": "call_1", "id": "call_2"}'),
    "the id twice with the good one last": (Says.TWO, b'{"id": "call_2", "id": "call_1"}'),
    "an id and another call_id": (Says.PLACED, b'{"id": "call_1", "call_id": "call_2"}'),
    "an id behind another call_id": (Says.PLACED, b'{"call_id": "call_2", "id": "call_1"}'),
    "two equal ids": (Says.PLACED, b'{"id": "call_1", "call_id": "call_1"}'),
    "call with deep fields": (Says.PERHAPS, b'{"id": "call_1", "messages": %s}' % (b"[" * 900 + b"]" * 900)),
    "call with a byte order mark": (Says.PERHAPS, b"\xef\xbb\xbf" + GOOD),
    "call in UTF-16": (Says.PERHAPS, GOOD.decode().encode("utf-16")),
    "nothing": (Says.NOTHING, b""),
    "blanks": (Says.NOTHING, b" \r\n "),
    "HTML": (Says.NOTHING, b"<html><h1>It works!</h1></html>"),
    "an object": (Says.NOTHING, b"{}"),
    "null": (Says.NOTHING, b"null"),
    "a list of calls": (Says.NOTHING, b"[" + GOOD + b"]"),
    "a text": (Says.NOTHING, b'"call_1"'),
    "a number": (Says.NOTHING, b"17"),
    "half a call": (Says.NOTHING, GOOD[:-3]),
    "two calls": (Says.NOTHING, GOOD + GOOD),
    "not UTF-8": (Says.NOTHING, b'{"id": "call_\xff"}'),
    "no id": (Says.NOTHING, b'{"status": "initiated"}'),
    "an inner call": (Says.NOTHING, b'{"call": ' + GOOD + b"}"),
    "no detail": (Says.NOTHING, b'{"detail": [17, null, {"loc": "x"}, {"loc": null, "msg": null}, [[]]]}'),
    "deep lists": (Says.NOTHING, b"[" * 100_000),
    "deep detail": (Says.NOTHING, b'{"detail": %s}' % (b"[" * 900 + b"]" * 900)),
    "a refused number": (Says.ROW, REFUSAL % b"to_number"),
    "refused variables": (Says.ROW, REFUSAL % b'variables", "name'),
    "a refused agent": (Says.SHARED, REFUSAL % b"agent_id"),
    "a refused from number": (Says.SHARED, REFUSAL % b"from_number"),
    "refused credentials": (Says.SHARED, b'{"detail": "Carrier credentials are invalid"}'),
} | {
    f"id {name}": (Says.NOTHING, with_id(value))
    for name, value in {
        "empty": b'""',
        "blank": b'"  "',
        "null": b"null",
        "true": b"true",
        "a list": b'["call_1"]',
        "an object": b'{"id": "call_1"}',
        "NaN": b"NaN",
        "Infinity": b"-Infinity",
        "beyond numbers": b"1e999",
        "of 5,000 digits": b"1" * 5000,
        "of 10,000 characters": b'"' + b"x" * 10_000 + b'"',
        "with NUL": b'"call\\u0000_1"',
        "with a line break": b'"call\\r\\n_1"',
        "with a raw control character": b'"call\x07_1"',
        "with an escaped control character": b'"call\\u001b[31m_1"',
        "with a lone surrogate": b'"call_1\\udfff"',
    }.items()
}  # fmt: skip

ENVELOPES: Sequence[Shape] = (
    Shape("chunked", Says.PLACED, chunked(GOOD)),
    Shape("chunk extensions", Says.PLACED, chunked(GOOD, size=b"%x;a=b" % len(GOOD))),
    Shape("trailers", Says.PLACED, chunked(GOOD, end=b"0\r\nX: 1\r\n\r\n")),
    Shape("chunk with a wrong size", Says.BROKEN, chunked(GOOD, size=b"5")),
    Shape("chunk of a negative size", Says.BROKEN, chunked(GOOD, size=b"-1")),
    Shape("chunk of no size", Says.BROKEN, chunked(GOOD, size=b"call")),
    Shape("chunk of a huge size", Says.BROKEN, chunked(GOOD, size=b"f" * 16)),
    Shape("chunks without an end", Says.BROKEN, chunked(GOOD, end=b"")),
    Shape("until the end", Says.PLACED, b"Connection: close\r\n\r\n" + GOOD),
    Shape("gzip", Says.PLACED, framed(gzip.compress(GOOD), b"Content-Encoding: gzip")),
    Shape("no gzip", Says.BROKEN, framed(GOOD, b"Content-Encoding: gzip")),
    Shape("half a gzip", Says.BROKEN, framed(gzip.compress(GOOD)[:25], b"Content-Encoding: gzip")),
    Shape("no deflate", Says.BROKEN, framed(b"\xff" + zlib.compress(GOOD), b"Content-Encoding: deflate")),
    Shape("unknown encoding", Says.PERHAPS, framed(GOOD, b"Content-Encoding: rot13")),
    Shape("wrong kind and charset", Says.PERHAPS, framed(GOOD, b"Content-Type: image/png; charset=nonsense")),
    Shape("too short", Says.BROKEN, framed(GOOD, length=10_000)),
    Shape("too long", Says.TRAILED, framed(GOOD + b" and more", length=len(GOOD))),
    Shape("two lengths", Says.BROKEN, framed(GOOD, b"Content-Length: 5")),
    Shape("negative length", Says.BROKEN, framed(GOOD, length=-1)),
    Shape("head that breaks off", Says.BROKEN, b"Content-Le"),
    Shape("header without a name", Says.BROKEN, framed(GOOD, b": nothing")),
    Shape("header with NUL", Says.BROKEN, framed(GOOD, b"X: a\0b")),
    Shape("head of a megabyte", Says.BROKEN, framed(GOOD, b"X: " + b"x" * 1_000_000)),
    Shape("interim reply first", Says.PLACED, framed(GOOD), before=b"HTTP/1.1 103 Hints\r\nX: 1\r\n\r\n"),
    Shape("garbage first", Says.BROKEN, framed(GOOD), before=b"\x16\x03\x01\x00"),
    Shape("redirect", Says.NOTHING, framed(b"", b"Location: /v1/calls")),
    Shape("redirect with the call", Says.PLACED, framed(GOOD, b"Location: /v1/calls")),
    *(
        Shape(
            f"Retry-After {value!r:.60}",
            Says.NOTHING,
            framed(b"{}", b"Retry-After: " + value.encode()),
            retry_after_s=seconds,
        )
        for value, seconds in {
            "17": 17,
            "0": 1,
            "3601": 3600,
            "9" * 400: 3600,
            "\uff11\uff17": None,
            "-5": None,
            "1.5": None,
            "1e9": None,
            "": None,
            "soon": None,
            "Sun, 02 Aug 2026 09:00:30 GMT": 30,
            "Sunday, 02-Aug-26 09:00:30 GMT": 30,
            "Sun Aug  2 09:00:30 2026": 30,
            "Sun, 02 Aug 2026 08:59:59 GMT": 1,
            "Fri, 31 Dec 9999 23:59:59 GMT": 3600,
            "Fri, 31 Dec 9999 23:59:59 -0100": None,
            f"1 Jan {9**30} 00:00:00 GMT": None,
        }.items()
    ),
    Shape(
        "Retry-After by the server's clock",
        Says.NOTHING,
        framed(b"{}", b"Date: Sun, 02 Aug 2026 10:00:00 GMT", b"Retry-After: Sun, 02 Aug 2026 10:00:40 GMT"),
        retry_after_s=40,
    ),
)  # fmt: skip

LISTS: Mapping[str, tuple[Says, bytes]] = {
    "a page": (Says.PLACED, b'{"items": [%s], "total": 1, "has_more": false}' % GOOD),
    "a bare page": (Says.PLACED, b"[%s]" % GOOD),
    "a page with odd items": (Says.PLACED, b'{"data": [null, 7, {}, [], %s], "total": "x"}' % GOOD),
    "a page with another call_id": (Says.PLACED, b'{"items": [{"call_id": "b", "id": "call_1"}]}'),
    "a call": (Says.NOTHING, GOOD),
    "HTML": (Says.NOTHING, b"<html>"),
    "nothing": (Says.NOTHING, b""),
    "half a page": (Says.NOTHING, b'{"items": [%s' % GOOD),
    "items that are none": (Says.NOTHING, b'{"items": {"id": "call_1"}}'),
}
