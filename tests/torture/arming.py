"""Arming: a function of the product tells that it begins, so that nothing has to be traced until then.

A process that is traced works half as much again, whatever is done with what the tracer hears.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

_NAME = "_it_begins"

Definition = ast.FunctionDef | ast.AsyncFunctionDef


def arm(path: Path, module: str, line: int, begins: Callable[[], None]) -> bool:
    """From now on `begins` is called by each function around this line as it begins, before its first line.

    Args:
        path: Of the source.
        module: Its name.
        line: Of a function's body.
        begins: Called in the frame of that function.

    Returns:
        Whether it will be. A function that is not found under its name is left as it is.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    around = list(_around(tree, line))
    outermost = next((at for at, node in enumerate(around) if isinstance(node, Definition)), None)
    loaded = sys.modules.get(module)
    if outermost is None or loaded is None or any(isinstance(node, ast.Lambda) for node in around):
        return False
    names = [node.name for node in around[: outermost + 1] if isinstance(node, Definition | ast.ClassDef)]
    function = _function(loaded, names, str(path))
    if function is None:
        return False
    for node in around:
        if isinstance(node, Definition):
            call = ast.Expr(ast.Call(ast.Name(_NAME, ast.Load()), [], []))
            # At the line of `def`, which is nobody's kill point.
            node.body.insert(
                ast.get_docstring(node) is not None, ast.fix_missing_locations(ast.copy_location(call, node))
            )
    code = _same(compile(tree, str(path), "exec"), function.__code__)
    if code is None:
        return False
    function.__globals__[_NAME] = begins
    function.__code__ = code
    return True


def _around(node: ast.AST, line: int) -> Iterator[ast.AST]:
    """Every scope with this line, from the outermost inwards."""
    for child in ast.iter_child_nodes(node):
        first, last = getattr(child, "lineno", 0), getattr(child, "end_lineno", 0)
        if first <= line <= last or not first:
            if isinstance(child, Definition | ast.ClassDef | ast.Lambda):
                yield child
            yield from _around(child, line)


def _function(module: ModuleType, names: list[str], file: str) -> FunctionType | None:
    found: Any = module
    for name in names:
        found = vars(found).get(name) if isinstance(found, type | ModuleType) else None
    # Within a property, a class method, or what a decorator has made of it.
    for inner in ("fget", "__func__", "__wrapped__", "__wrapped__"):
        found = getattr(found, inner, None) or found
    is_it = isinstance(found, FunctionType) and found.__code__.co_filename == file
    return found if is_it and found.__code__.co_name == names[-1] else None


def _same(code: CodeType, other: CodeType) -> CodeType | None:
    """The code object in the place of another one."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if (constant.co_qualname, constant.co_firstlineno) == (other.co_qualname, other.co_firstlineno):
                return constant if constant.co_freevars == other.co_freevars else None
            if found := _same(constant, other):
                return found
    return None
