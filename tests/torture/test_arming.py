"""Whether a function tells that it begins, whatever kind of function it is."""

import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.torture import arming

SOURCE = '''
from contextlib import contextmanager

class Box:
    def plain(self):
        """It does what it can."""
        return "plain"

    @property
    def of(self):
        return "property"

    @classmethod
    def made(cls):
        return "class method"

@contextmanager
def block():
    yield "block"

async def coroutine():
    return "coroutine"

async def stream():
    yield "stream"

def outer():
    mine = "inner"
    def inner():
        return mine
    return inner()

def with_lambda():
    return (lambda: "lambda")()
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module with functions of all kinds."""
    (tmp_path / "all_kinds.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("all_kinds")
    del sys.modules["all_kinds"]


def _line(text: str) -> int:
    return next(at for at, line in enumerate(SOURCE.splitlines(), 1) if text in line)


def _use(module: ModuleType) -> None:
    module.Box().plain()
    assert module.Box().of == "property"
    module.Box.made()
    with module.block():
        pass
    asyncio.run(module.coroutine())
    asyncio.run(anext(module.stream()))
    module.outer()
    module.with_lambda()


@pytest.mark.parametrize(
    ("at", "begun"),
    [
        ('return "plain"', ["plain"]),
        ('return "property"', ["of"]),
        ('return "class method"', ["made"]),
        ('yield "block"', ["block"]),
        ('return "coroutine"', ["coroutine"]),
        ('yield "stream"', ["stream"]),
        ('mine = "inner"', ["outer"]),
        # It may run in another thread than the function around it.
        ("return mine", ["outer", "inner"]),
    ],
)
def test_a_function_tells_that_it_begins(module: ModuleType, at: str, begun: list[str]) -> None:
    """Only the functions around the line tell it, each time, in their own frames."""
    told: list[str] = []
    path = Path(str(module.__file__))
    assert arming.arm(path, "all_kinds", _line(at), lambda: told.append(sys._getframe(1).f_code.co_name))
    _use(module)
    assert told == begun


def test_what_cannot_tell_it_says_so(module: ModuleType) -> None:
    """A lambda has no place for it, nor has a line of the module itself; then everything has to be traced."""
    path = Path(str(module.__file__))
    assert not arming.arm(path, "all_kinds", _line("lambda: "), lambda: None)
    assert not arming.arm(path, "all_kinds", _line("class Box"), lambda: None)
    assert not arming.arm(path, "not_loaded", _line('return "plain"'), lambda: None)


def test_the_lines_stay_what_they_were(module: ModuleType) -> None:
    """What tells it has no line of its own: the lines that run are those that ran before."""
    before = set(dict.fromkeys(line for _, _, line in module.Box.plain.__code__.co_lines()))
    assert arming.arm(Path(str(module.__file__)), "all_kinds", _line('return "plain"'), lambda: None)
    assert {line for _, _, line in module.Box.plain.__code__.co_lines()} == before
