"""YAML as people write it.

No key may stand twice: of two rules one would be silently off. A number is what people read as one: for the
plain loader `18:00` is 1080, `010` is 8, and `+1212` has no plus.
"""

import re
from typing import Any, NoReturn

import yaml

_WHOLE, _BROKEN, _PLUS = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "!plus"
_NUMBERS = {
    _WHOLE: re.compile(r"(?:0|-?[1-9][0-9]*)\Z"),
    _BROKEN: re.compile(
        r"-?(?:(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?|\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
    ),
    _PLUS: re.compile(r"\+[0-9]+\Z"),
}


class _Loader(yaml.SafeLoader):
    """Refuses what the plain loader would take the last of, and takes for a text what is no plain number."""

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """As written, before `<<` adds the keys of another mapping, which may stand here as well."""
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in lines:
                problem = f"{key.value} stands twice, first in line {lines[key.value]}; keep one of them"
                raise yaml.composer.ComposerError(problem=problem, problem_mark=key.start_mark)
            lines[key.value] = key.start_mark.line + 1
        return node

    def refuse_plus(self, node: yaml.ScalarNode) -> NoReturn:
        """Mostly a phone number: with quotes it keeps its plus, whoever reads the file."""
        # Without an example: a number would be taken out of what is shown.
        problem = "a number would lose its plus; write it in quotes, with its plus"
        raise yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _NUMBERS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern in _NUMBERS.items():
    _Loader.add_implicit_resolver(_tag, _pattern, list("-+.0123456789"))
_Loader.add_constructor(_PLUS, _Loader.refuse_plus)


def load(text: str) -> Any:
    """The content of a YAML text.

    Raises:
        yaml.YAMLError: It is not YAML, a key stands twice in one mapping, or a number has a plus.
        ValueError: A value is not what its form says, such as the 31st of February.
    """
    return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
