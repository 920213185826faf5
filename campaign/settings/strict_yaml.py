"""YAML as people write it, in which no key may stand twice: of two rules one would be silently off."""

from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Refuses what the plain loader would take the last of."""

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


def load(text: str) -> Any:
    """The content of a YAML text.

    Raises:
        yaml.YAMLError: It is not YAML, or a key stands twice in one mapping.
        ValueError: A value is not what its form says, such as the 31st of February.
    """
    return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
