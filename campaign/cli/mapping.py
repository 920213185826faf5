"""The mapping: what was recognised in a list, as the `contacts` section of a campaign file with questions."""

import json
import re

from campaign.contacts.recognition import Recognised
from campaign.settings import FORM

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_ -]*[A-Za-z0-9_]|[A-Za-z_]")
_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_SURE = 0.8


def contacts_section(found: Recognised) -> tuple[str, list[str]]:
    """The section as YAML, and the questions that are in it."""
    questions: list[str] = []
    lines = ["contacts:"]

    def ask(question: str, *choices: str) -> None:
        questions.append(question)
        lines.append(f"  # QUESTION: {question}")
        lines.extend(f"  # {choice}" for choice in choices)

    if found.phone_share < _SURE:
        share = f"{found.phone_share:.0%}"
        ask(f"only {share} of the cells of {found.phone!r} look like phone numbers; is it the right column?")
    if found.other_phones:
        others = ", ".join(map(repr, found.other_phones))
        ask(f"{others} holds phone numbers, too; which column is to be called?")
    lines.append(f"  to_number: {_scalar(found.phone)}")
    if found.national:
        ask(
            f"{found.national:,} of {found.rows:,} numbers have no plus; of which country are they?",
            "default_region: US",
        )
    if found.countries:
        codes = [code for code, _ in found.countries.most_common()]
        counts = ", ".join(f"{code} {number:,}" for code, number in found.countries.most_common(8))
        ask(f"the numbers are of {counts}; may all of these be called?", f"countries: [{', '.join(codes)}]")
    if found.timezone is not None:
        lines.append(f"  timezone: {_scalar(found.timezone)}")
    for name, column in found.own.items():
        if unread := found.unread.get(column):
            ask(
                f"{unread:,} of {found.rows:,} cells of {column!r} are no time like {FORM}, "
                "and those rows are rejected; mend them, or is it another column?"
            )
        lines.append(f"  {name}: {_scalar(column)}")
    if found.keys:
        ask(
            f"does {found.keys[0]!r} tell people apart? Then nobody with the same one is called twice",
            f"key: {_scalar(found.keys[0])}",
        )
    lines += _variables(found)
    for column, why in found.left_out.items():
        lines.append(f"    # left out: {column!r}, {why}")
    return "\n".join(lines) + "\n", questions


def put_into(template: str, section: str) -> str:
    """The campaign file with this section in place of its example of one."""
    before, after = re.split(r"^# contacts:\n(?:#.*\n)*", template, maxsplit=1, flags=re.MULTILINE)
    return before + section + after


def _variables(found: Recognised) -> list[str]:
    if all(name == column for name, column in found.variables.items()):
        return [f"  variables: [{', '.join(map(_scalar, found.variables))}]"]
    return ["  variables:"] + [
        f"    {_scalar(name)}: {_scalar(column)}" for name, column in found.variables.items()
    ]


def _scalar(text: str) -> str:
    """The text as YAML takes it for a text; a JSON string is one."""
    is_plain = _PLAIN.fullmatch(text) and text.casefold() not in _YAML_WORDS
    return text if is_plain else json.dumps(text, ensure_ascii=False)
