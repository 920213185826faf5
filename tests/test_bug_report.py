"""What a fault in the program says of itself: enough to mend it, and nothing of a person."""

import io
import json
import logging
import sys
from collections.abc import Callable

import pytest

from campaign import logs

PERSON = "Zenobia O'Quasten"


def look_up() -> None:
    """An error whose words are nothing but the key that is missing."""
    _ = {"Ann": 1}[PERSON]


def convert() -> None:
    """An error that quotes what could not be read."""
    int(f'{PERSON} "Zen"')


def chain() -> None:
    """Errors that led to each other."""
    try:
        look_up()
    except KeyError as error:
        raise RuntimeError(f"no row for {PERSON!r}") from error


def group() -> None:
    """Errors of several tasks."""
    try:
        chain()
    except RuntimeError as error:
        raise ExceptionGroup("unhandled errors", [error]) from None


@pytest.mark.parametrize("fault", [look_up, convert, chain, group])
@pytest.mark.parametrize("by_object", [True, False])
def test_an_error_that_quotes_a_person_does_not_name_them(
    fault: Callable[[], None], by_object: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Types, places and our own words are told; what an error quotes is left out."""
    heard = io.StringIO()
    monkeypatch.setattr(sys, "stderr", heard)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure()
    try:
        fault()
    except Exception as error:
        logs.get_logger("campaign.test").error("bug", exc_info=error if by_object else True)
    finally:
        root.handlers[:], root.level = before
    told = json.loads(heard.getvalue())["exception"]
    assert "Zenobia" not in told
    assert "Quasten" not in told
    assert f"in {fault.__name__}" in told
    assert "Error: " in told
    assert "[quoted]" in told
