"""Values: whether the text of a cell may be sent to an agent, who will say it aloud."""

import re
from collections.abc import Sequence

from campaign.contacts import layout, problems
from campaign.contacts.problems import Problem

LONGEST = 1_000
"""Characters of one value."""

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029{}]")


def objections(values: Sequence[str], *, name: str, required: bool) -> dict[int, Problem]:
    """What is wrong with the values of one variable, by their position; nothing for most columns.

    Args:
        values: The cells of one column.
        name: What the agent calls the variable.
        required: Whether the agent says it, so that it must not be blank.
    """
    joined = "".join(values)
    is_plain = _UNSAFE.search(joined) is None and max(map(len, values)) <= LONGEST
    # Every error of a spreadsheet has one of these.
    is_plain = is_plain and "#" not in joined and "Err:" not in joined
    is_full = not required or all(map(str.strip, values))
    if is_plain and is_full:
        return {}
    found = ((at, _objection(value, name, required=required)) for at, value in enumerate(values))
    return {at: problem for at, problem in found if problem is not None}


def _objection(value: str, name: str, *, required: bool) -> Problem | None:
    if required and not value.strip():
        return problems.no_value(name)
    if len(value) > LONGEST:
        return problems.value_too_long(LONGEST)
    if layout.is_spreadsheet_error(value):
        return problems.value_has(f"the spreadsheet error {value.strip()}")
    match = _UNSAFE.search(value)
    if match is None:
        return None
    character = match[0]
    if character in "{}":
        return problems.value_has("a curly brace, as templates have")
    if character in "\r\n\u2028\u2029":
        return problems.value_has("a line break")
    return problems.value_has(
        "a tab" if character == "\t" else f"a control character (U+{ord(character):04X})"
    )
