"""Area codes of the North American numbering plan, by the state of the US that they serve."""

from collections.abc import Mapping

from campaign.settings.bundled import read_table

ELSEWHERE = ""
"""In place of a state: the number is not of the United States."""
_CODE = slice(2, 5)


def _read_codes() -> tuple[frozenset[str], Mapping[str, str]]:
    content = read_table("profiles/area_codes")
    codes = {str(code): state for state, codes in content["states"].items() for code in codes}
    return frozenset(content["states"]), codes | dict.fromkeys(map(str, content["elsewhere"]), ELSEWHERE)


# Read once, at import: later there is an event loop that must not wait for a disk.
STATES, _STATE_BY_CODE = _read_codes()


def state_of_number(number: str) -> str | None:
    """The state for which a number's area code was given out, which is no proof of where a person lives.

    Returns:
        Two letters; `ELSEWHERE` for a number that is not of the United States; None when the number may be
        of any state, like a toll-free one.
    """
    return _STATE_BY_CODE.get(number[_CODE]) if number.startswith("+1") else ELSEWHERE
