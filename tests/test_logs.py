"""Logs: whatever is logged, by us or by a library, no key, number or private field reaches stderr."""

import io
import json
import logging
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign import logs
from campaign.models import E164

NUMBER, KEY, NAME, TRANSCRIPT = "+15739693824", "oi_sk_canarykey", "Canary Jones", "my canary sings"
TELL_TALES = ("1573969", "5739693824", "canary", "Canary")


class Terminal(io.StringIO):
    """A stderr that says whether it is a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        """Whether a person reads this."""
        return self.is_terminal


@contextmanager
def configured(*, is_terminal: bool = False, level: int = logging.INFO) -> Iterator[io.StringIO]:
    """Logging as the product configures it, and what reaches stderr; all of it is put back afterwards."""
    root, stderr = logging.getLogger(), sys.stderr
    handlers, root_level = root.handlers[:], root.level
    libraries = {name: logging.getLogger(name).level for name in ("aiohttp", "asyncio", "httpcore", "httpx")}
    libraries |= {name: logging.getLogger(name).level for name in ("sqlalchemy", "uvicorn")}
    heard = Terminal(is_terminal=is_terminal)
    sys.stderr = heard
    try:
        logs.configure(level=level)
        yield heard
    finally:
        sys.stderr = stderr
        root.handlers[:] = handlers
        root.setLevel(root_level)
        for name, before in libraries.items():
            logging.getLogger(name).setLevel(before)
        structlog.reset_defaults()


def third_party(message: str, *args: Any, **options: Any) -> None:
    """A library logs as libraries do."""
    logging.getLogger("some.library").warning(message, *args, **options)


def own(message: str, **facts: Any) -> None:
    """The product logs an event with facts."""
    logs.get_logger("campaign.test").info(message, **facts)


def raised() -> None:
    """Fail with an exception whose text and cause say too much."""
    try:
        try:
            raise KeyError(f"{NUMBER} {KEY}")
        except KeyError as error:
            raise ValueError(f"cannot call {NUMBER} with Bearer {KEY}") from error
    except ValueError:
        logging.getLogger("some.library").exception("failed for %s", NUMBER)
        logs.get_logger("campaign.test").exception("failed", to=NUMBER)


LEAKS: dict[str, Callable[[], None]] = {
    "library arguments": lambda: third_party("call %s with %r and %s", NUMBER, {"key": KEY}, [NUMBER]),
    "library mapping": lambda: third_party("call %(to)s", {"to": NUMBER}),
    "library message": lambda: third_party(f"GET /calls?to=%2B15739693824 Authorization: Bearer {KEY}"),
    "library stack": lambda: third_party("call %s", NUMBER, stack_info=True),
    "exceptions": raised,
    "own message": lambda: own(f"call {NUMBER} {KEY}"),
    "own facts": lambda: own("call", to=NUMBER, number=E164(NUMBER), token=KEY, raw=NUMBER.encode()),
    "whole number": lambda: own("call", to=15739693824),
    "broken number": lambda: own("call", to=15739693824.0),
    "nested": lambda: own("call", facts={"to": [NUMBER, (NUMBER,), {NUMBER}], "x": {"name": NAME}}),
    "keys of a mapping": lambda: own("call", per_number={NUMBER: 1}),
    "private fields": lambda: own("x", name=NAME, transcript=TRANSCRIPT, variables={"a": NAME}, cells=[NAME]),
    "private fields in capitals": lambda: own("x", Name=NAME, MESSAGES=[TRANSCRIPT], Authorization="canary"),
    "exception as a fact": lambda: own("call", error=ValueError(f"no route to {NUMBER}")),
    "context": lambda: with_context(),
}


def with_context() -> None:
    """Log with facts that are bound to the context."""
    with structlog.contextvars.bound_contextvars(to=NUMBER, customer=NAME):
        own("call")


@pytest.mark.parametrize("is_terminal", [False, True])
@pytest.mark.parametrize("leak", LEAKS)
def test_nothing_leaks(leak: str, is_terminal: bool) -> None:
    """Something is logged, and no key, number, name or transcript is in it."""
    with configured(is_terminal=is_terminal) as heard:
        LEAKS[leak]()
    text = heard.getvalue()
    assert text
    assert not [tell_tale for tell_tale in TELL_TALES if tell_tale in text.replace(__file__, "")]


@pytest.mark.parametrize("is_terminal", [False, True])
def test_broken_log_call(is_terminal: bool) -> None:
    """A library's log call that cannot be formatted does not spill its arguments."""
    with configured(is_terminal=is_terminal) as heard:
        third_party("call %s %s", NUMBER)
        third_party("call %d", NUMBER)
    assert not [tell_tale for tell_tale in TELL_TALES if tell_tale in heard.getvalue()]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("to +15739693824.", "to [number …24]."),
        ("to +1 (573) 969-3824!", "to [number …24]!"),
        ("to=%2b15739693824&x=1", "to=[number …24]&x=1"),
        ("15739693824", "[number …24]"),
        ("sip:15739693824@host", "sip:[number …24]@host"),
        ("tel:5739693824,+442071838750", "tel:[number …24],[number …50]"),
        ("key oi_sk_abc123 and oi_pk_DEF", "key [key] and [key]"),
        ("OI_SK_abc", "[key]"),
        ("(oi_sk_abc), then oi_pk_.", "([key] then oi_pk_."),
        ('oi_sk_)x oi_sk_"x"', "[key] [key]"),
        ("Authorization: bearer  abc.def", "Authorization: [key]"),
    ],
)
def test_redact(text: str, redacted: str) -> None:
    """Keys go away, and a number keeps its last two digits so that lines about one person can be matched."""
    assert logs.redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "12345678-1234-1234-1234-123456789012", "018f6b0a-7c3e-7b1a-9d2e-1234567890ab", "call_8f2a1190442211",
        "agt_1234567890", "1234567890ab", "1234567890-2", "row 120345", "120,345 rows", "99999999",
        "2026-06-03T17:00:00Z",
        "2026-06-03T17:00:00.123456+00:00", "2026-06-03 17:00:00-05:00", "2026-06-03", "0.123456789012",
        "the API key is a publishable one (oi_pk_), which cannot place calls; use the secret key (oi_sk_)",
        "it begins with `oi_sk_`, not with oi_pk_ or 'oi_jp_'.",
        "127.0.0.1:54321", "GET /api/calls/call_12?limit=100 200", "attempt 2 of 3", "+5 calls", "1 + 1",
    ],
)  # fmt: skip
def test_harmless_text_survives(text: str) -> None:
    """Ids, row numbers, times, counts and what keys begin with stay: without them no line is understood."""
    assert logs.redact(text) == text


@given(identity=st.uuids(), moment=st.datetimes(timezones=st.just(UTC)), row=st.integers(0, 99_999_999))
def test_ids_times_and_rows_survive(identity: uuid.UUID, moment: datetime, row: int) -> None:
    """No UUID, ISO time or row number is ever taken for a phone number."""
    text = f"call {identity} at {moment.isoformat()} for row {row}"
    assert logs.redact(text) == text


@settings(max_examples=200)
@given(
    digits=st.from_regex(r"\A[1-9][0-9]{8,14}\Z"),
    before=st.sampled_from(["", "to ", "to=", "'", "(", '{"to": "', "sip:", "\n"]),
    plus=st.sampled_from(["+", "", "%2B"]),
    after=st.sampled_from(["", " ", "'", ")", '"}', "@host", ".", ",", "\n"]),
)
def test_every_number_is_cut(digits: str, before: str, plus: str, after: str) -> None:
    """Nine to fifteen digits in one piece never survive, with a plus or without, whatever stands around."""
    assert logs.redact(f"{before}{plus}{digits}{after}") == f"{before}[number …{digits[-2:]}]{after}"


def test_json_lines() -> None:
    """Off a terminal each line is a JSON object with time, level, event and facts in their own types."""
    with configured() as heard:
        own(
            "placed",
            row=120345,
            share=0.5,
            done=True,
            nothing=None,
            call_id="call_1",
            at=datetime(2026, 6, 3, tzinfo=UTC),
        )
        third_party("slow %s", "reply")
    ours, theirs = [json.loads(line) for line in heard.getvalue().splitlines()]
    assert datetime.fromisoformat(ours.pop("timestamp")).tzinfo is not None
    assert ours == {
        "event": "placed", "level": "info", "row": 120345, "share": 0.5, "done": True, "nothing": None,
        "call_id": "call_1", "at": "2026-06-03 00:00:00+00:00",
    }  # fmt: skip
    assert (theirs["event"], theirs["level"]) == ("slow reply", "warning")


def test_context_is_heard() -> None:
    """Facts that are bound to the context stand on every line, redacted like all else."""
    with configured() as heard:
        with_context()
    assert json.loads(heard.getvalue())["to"] == "[number …24]"


def test_lines_for_people() -> None:
    """On a terminal a line is text with the same facts."""
    with configured(is_terminal=True) as heard:
        own("placed", call_id="call_1")
    assert "placed" in heard.getvalue()
    assert "call_id=call_1" in heard.getvalue()
    assert not heard.getvalue().startswith("{")


def test_exception_keeps_its_place() -> None:
    """A redacted traceback still says where and what, but for the secrets."""
    with configured() as heard:
        raised()
    for line in heard.getvalue().splitlines():
        assert "cannot call [number …24] with [key]" in json.loads(line)["exception"]
        assert "in raised" in json.loads(line)["exception"]


@pytest.mark.parametrize(
    ("name", "level", "is_heard"),
    [
        ("httpx", logging.INFO, False),
        ("httpx", logging.WARNING, True),
        ("sqlalchemy", logging.INFO, False),
        ("campaign", logging.INFO, True),
        ("campaign", logging.DEBUG, False),
    ],
)
def test_levels(name: str, level: int, is_heard: bool) -> None:
    """Our own lines are heard from the chosen level on, chatty libraries from WARNING on."""
    with configured() as heard:
        logging.getLogger(name).log(level, "hello")
    assert bool(heard.getvalue()) is is_heard


def test_stderr_is_looked_up_late() -> None:
    """A line goes to what stderr is at that moment, so that a live view can put itself in between."""
    with configured() as first:
        sys.stderr = second = io.StringIO()
        own("placed")
    assert first.getvalue() == ""
    assert "placed" in second.getvalue()


def test_configured_twice() -> None:
    """Configuring again does not double the lines."""
    with configured() as heard:
        logs.configure()
        own("placed")
    assert len(heard.getvalue().splitlines()) == 1
