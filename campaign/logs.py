"""Logging: events with ids, never people.

Everything that is logged in this process, by us or by a library, passes one handler, and that handler
removes API keys, phone numbers and the fields that hold personal data. Console lines on a terminal, JSON
elsewhere; always on stderr, since stdout belongs to data.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from enum import Enum
from pathlib import PurePath
from typing import Any, TextIO
from uuid import UUID

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

PRIVATE_FIELDS = frozenset(
    {"api_key", "authorization", "cells", "customer", "messages", "name", "transcript", "variables"}
)
"""Fields whose value never reaches a log line, whatever it is."""

# What keys begin with, at a word's end or before its closing punctuation, is none: our own texts say it.
_KEY = re.compile(r"oi_[a-z]{2}_(?![)\]},.;:'\"`]*(?:\s|\Z))\S+|Bearer\s+\S+", re.IGNORECASE)
# A plus (or its URL form) and 7 to 15 digits, with the punctuation that people put between them.
_PLUS_NUMBER = re.compile(r"(?:\+|%2B)\d(?:[\s().\-/]*\d){5,13}(\d)", re.IGNORECASE)
# 9 to 15 digits in one piece are a phone number written without its plus, not a row number or a count.
_BARE_NUMBER = re.compile(r"(?<![\w.-])\d{7,13}(\d{2})(?![\w-])")

# Ten digits without their plus, the North American way: (202) 555-0143, 202-555-0143, 202.555.0143.
_NATIONAL_NUMBER = re.compile(r"(?<![\w.-])(?:\(\d{3}\)\s*|\d{3}[\s.-])\d{3}[\s.-]\d{2}(\d{2})(?![\w-])")
# What Python and its libraries quote in the words of an error is data: `KeyError: 'Ann Lee'`.
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
_NUMBER_SIZED = 10**8
_SECRET_LENGTH = 6

_QUIET_LIBRARIES = ("aiohttp", "asyncio", "httpcore", "httpx", "sqlalchemy", "uvicorn")


_secrets: set[str] = set()


def hide(secret: str) -> None:
    """From now on, `redact` removes this very text, whatever it looks like."""
    if len(secret) >= _SECRET_LENGTH:
        _secrets.add(secret)


def redact(text: str) -> str:
    """Return `text` without API keys and with every phone number cut down to its last digits."""
    for secret in _secrets:
        text = text.replace(secret, "[key]")
    text = _KEY.sub("[key]", text)
    text = _PLUS_NUMBER.sub(lambda match: f"[number …{match[0][-2:]}]", text)
    text = _NATIONAL_NUMBER.sub(r"[number …\1]", text)
    return _BARE_NUMBER.sub(r"[number …\1]", text)


def _redact_value(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return redact(str(value)) if abs(value) >= _NUMBER_SIZED else value
    if isinstance(value, dict):
        return _redact_fields(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_redact_value(item) for item in value]
    if isinstance(value, str | bytes | date | PurePath | Enum | UUID | BaseException):
        return redact(str(value))
    # Any other object may hold a person; its kind is all that is said.
    return f"[{type(value).__name__}]"


def _redact_fields(fields: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        redact(str(key)): "[private]" if str(key).lower() in PRIVATE_FIELDS else _redact_value(value)
        for key, value in fields.items()
    }


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Structlog processor: the whole event without keys, numbers and private fields."""
    return _redact_fields(event)


def _drop_internals(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for key in ("_record", "_from_structlog"):
        event.pop(key, None)
    return event


def _add_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Structlog processor: an exception as text, without local variables and without what its words quote."""
    info = event.pop("exc_info", None)
    error = (
        info[1] if isinstance(info, tuple) else info if isinstance(info, BaseException) else sys.exception()
    )
    if info and error is not None:
        event["exception"] = "".join(_told(error)).rstrip()
    return event


def _told(error: BaseException, seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """The exception with its traceback, after what led to it and before those of its group, each once."""
    seen |= {id(error)}
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _told(before, seen)
        yield "\nwhich led to:\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__qualname__}: {_QUOTED.sub('[quoted]', str(error))}\n"
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield "\namong them:\n"
            yield from _told(part, seen)


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at that moment, as a live view may have put itself in between."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Say that a line is missing. The usual report would print its arguments as they are.

        Where not even that can be written, on a full disk for one, the run goes on without its log.
        """
        with suppress(OSError, ValueError):
            self.stream.write(f"a log line of {record.name} could not be written\n")


def configure(*, level: int = logging.INFO) -> None:
    """Send every log line of this process to stderr, redacted.

    On a terminal lines are formatted for people, elsewhere each is a JSON object.

    Args:
        level: The lowest level of our own lines. Libraries are heard from WARNING on.
    """
    on_terminal = sys.stderr.isatty()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
    ]
    render: Processor = (
        structlog.dev.ConsoleRenderer(colors=False) if on_terminal else structlog.processors.JSONRenderer()
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            _drop_internals,
            _add_traceback,
            redact_event,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            render,
        ],
    )
    handler = _StderrHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for library in _QUIET_LIBRARIES:
        logging.getLogger(library).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger for one module."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
