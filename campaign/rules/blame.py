"""Blame: what a call that failed says of its cause, and what to do. End reasons are no closed list."""

import re
from collections import Counter
from collections.abc import Sequence

from campaign.models import Call, Disposition, plain

GEO_CURE = "allow calls to this country in your carrier's geo permissions"
AGENT_CURE = "check agent_id in the campaign file, and test the agent in the OneInbox dashboard"
FROM_NUMBER_CURE = (
    "register the number with OneInbox (`campaign numbers register`), or take another one in from_numbers"
)
CARRIER_CURE = (
    "give OneInbox the carrier's credentials anew: `campaign carriers remove`, then `campaign carriers add`"
)
CREDIT_CURE = "top up the OneInbox account, or the carrier's"
LIST_CURE = "see whether the numbers of the list are whole (with their plus) and still in service"

_GEO = re.compile(r"geo|permission|international|country|prefix|destination_not_allowed")
_CAUSES: Sequence[tuple[re.Pattern[str], str, str]] = (
    (_GEO, "the carrier's geo permissions", "allow these countries in your carrier's geo permissions"),
    (
        re.compile(r"caller_?id|from_?number|unverified|not_registered"),
        "the from number",
        FROM_NUMBER_CURE,
    ),
    (
        re.compile(r"credit|balance|fund|billing|wallet|payment|quota"),
        "no credit",
        CREDIT_CURE,
    ),
    (
        re.compile(r"credential|auth|trunk|carrier|twilio|telnyx|sip_?40[137]|forbidden"),
        "the carrier",
        CARRIER_CURE,
    ),
    (
        re.compile(r"agent|assistant|llm|model|prompt|tts|voice_|transcri|stt|pipeline|worker"),
        "the agent",
        AGENT_CURE,
    ),
    (
        re.compile(r"(?:invalid|bad|malformed)_(?:\w+_)?number|e_?164|unallocated|unassigned|not_in_service|disconnected_number|sip_?(404|410|484|604)"),
        "the list",
        LIST_CURE,
    ),
)  # fmt: skip
_UNKNOWN = ("OneInbox or the carrier", "look at one of these calls in the OneInbox dashboard")
_ERROR = re.compile(r"error|fail|denied|invalid|unauthori[sz]ed|forbidden|geo_|permission|unreachable|crash")
_ORDINARY = frozenset((Disposition.VOICEMAIL, Disposition.NO_ANSWER, Disposition.BUSY, Disposition.CANCELED))
"""Ends of a call that nobody is to blame for."""


def has_failed(call: Call, disposition: Disposition) -> bool:
    """Whether a call that has ended could not be put through, or broke. Who did not answer is no failure.

    Args:
        call: As OneInbox reports it, at its end; its results need not be in.
        disposition: Our reading of its end.
    """
    if disposition is Disposition.FAILED:
        return True
    if disposition in _ORDINARY:
        return False
    if _ERROR.search(plain(call.end_reason)):
        return True
    # Connected, and over at once: somebody who hangs up has heard something.
    return call.duration_seconds == 0 and not call.transcript


def is_geo(reason: str) -> bool:
    """Whether an end reason, or the text of a refusal, says that the carrier may not call the country."""
    return _GEO.search(plain(reason)) is not None


def of_calls(reasons: Sequence[str]) -> tuple[str, str]:
    """What most of the failed calls blame, in words with the most usual reason, and the cure."""
    blamed = Counter(map(of_reason, reasons))
    (cause, cure), _ = blamed.most_common(1)[0]
    [(usual, _)] = Counter(reasons).most_common(1)
    return f"{cause}: {usual}" if usual else cause, cure


def of_reason(reason: str) -> tuple[str, str]:
    """What one end reason, or the text of a refusal, blames, and the cure."""
    words = plain(reason)
    return next(((cause, cure) for pattern, cause, cure in _CAUSES if pattern.search(words)), _UNKNOWN)
