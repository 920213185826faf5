"""Characters that no list may hold, in text files and in cells of workbooks alike."""

import re
import unicodedata

# By what is forbidden: a class of what is allowed takes ten times as long to compile, at every start. It
# would match faster, which only lists of many megabytes would notice.
_ALLOWED = re.compile("[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]*")


def forbidden_at(text: str) -> int | None:
    """Where the first character stands that no list may hold.

    These are NUL and all other control characters but tab and line ends (U+0085 too: no spreadsheet writes
    it, and the ellipsis of cp1252 becomes it under a wrong encoding), lone surrogates, U+FFFE and U+FFFF.
    """
    allowed = _ALLOWED.match(text)
    end = allowed.end() if allowed else 0
    return end if end < len(text) else None


def unwanted(character: str) -> str:
    """Say what is wrong with a character that no list may hold."""
    control = "control " if unicodedata.category(character) == "Cc" else ""
    return f"the {control}character U+{ord(character):04X} does not belong in a list; remove it"
