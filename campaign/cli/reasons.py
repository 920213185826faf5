"""Reasons: what an operator says about a decision that the ledger keeps, and who said it."""

import os
import pwd
import unicodedata

from campaign.errors import UsageError

REASON_CHARACTERS = 500
_UNSHOWABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Kinds of characters that do something instead of being seen: control, half a character, line breaks."""


def checked_reason(decision: str, text: str | None) -> str:
    """The reason of a decision as it is kept.

    Args:
        decision: What the operator asked for, for the error: `--redial`.
        text: What `--reason` says.

    Raises:
        UsageError: It is missing, too long, or more than one plain line.
    """
    reason = (text or "").strip()
    if not reason:
        raise UsageError(f"{decision}: say why with --reason TEXT; it is kept in the ledger")
    if len(reason) > REASON_CHARACTERS:
        raise UsageError(
            f"--reason: it has {len(reason):,} characters; {REASON_CHARACTERS} are kept, write less"
        )
    if any(unicodedata.category(character) in _UNSHOWABLE for character in reason):
        raise UsageError("--reason: it has a line break or another control character; write one plain line")
    return reason


def login_name() -> str:
    """Who decides: the account that runs this process, which the environment cannot change."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
