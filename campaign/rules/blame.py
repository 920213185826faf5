"""Blame: what a call that failed says of its cause, and what to do.

Statuses and end reasons are no closed list.
"""

import re
from collections import Counter
from collections.abc import Sequence

from campaign.models import Call, Disposition, plain
from campaign.settings.dispositions import pattern_of

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
_NOBODY_TO_BLAME = frozenset(
    (Disposition.VOICEMAIL, Disposition.NO_ANSWER, Disposition.BUSY, Disposition.CANCELED)
)
_GOOD_END = re.compile(
    r"hang_?up|hung_?up|(?:user|customer|client|caller|callee|contact|person|human|participant|remote)_"
    r"(?:disconnect|left|closed|bye|ended)|client_initiated|participant_removed|room_(?:closed|deleted)"
    r"|end(?:ed)?_?call|call_?end|ended|complete|finish|success|normal|good_?bye|transfer|forward|voicemail"
    r"|silence|idle|inactiv|no_input|max_?(?:imum_)?(?:call_)?duration|(?:duration|time)_limit|api_stop"
)
"""What ends are called after which nothing was wrong, unless the agent or the carrier is blamed as well."""
_BROKEN = re.compile(
    r"llm|tts|stt|model|worker|pipeline|carrier|trunk|agent_(?:disconnect|left|gone)"
    r"|(?:^|_)(?:lost|down|drop(?:ped)?|aborted|killed|unavailable|overload(?:ed)?|exhausted)(?:_|$)"
)
_OVER_AT_ONCE_S = 3.0
"""A conversation that breaks off sooner was none."""


def has_failed(call: Call, disposition: Disposition, ordinary_ends: Sequence[str] = ()) -> bool:
    """Whether a call that has ended could not be put through, or broke. Who did not answer is no failure.

    Args:
        call: As OneInbox reports it, at its end; its results need not be in.
        disposition: Our reading of its end.
        ordinary_ends: Patterns of end reasons that good calls of this campaign have.
    """
    if disposition is Disposition.FAILED:
        return True
    if disposition in _NOBODY_TO_BLAME:
        return False
    if _ERROR.search(plain(call.end_reason)) or _ERROR.search(plain(call.status)):
        return True
    if disposition is Disposition.UNKNOWN and plain(call.status) != "completed":
        return not call.duration_seconds and not call.transcript
    if call.duration_seconds is None:
        # Of a completed call that may still be told.
        return False
    if call.duration_seconds < _OVER_AT_ONCE_S and is_odd(call, disposition, ordinary_ends):
        return True
    # Connected, and over at once: somebody who hangs up has heard something.
    return call.duration_seconds == 0 and not call.transcript


def is_odd(call: Call, disposition: Disposition, ordinary_ends: Sequence[str] = ()) -> bool:
    """Whether a call has an end reason that good calls are not known to have.

    Args:
        call: As OneInbox reports it, at its end.
        disposition: Our reading of its end.
        ordinary_ends: Patterns of end reasons that good calls of this campaign have.
    """
    reason = plain(call.end_reason)
    if not reason or disposition in _NOBODY_TO_BLAME:
        return False
    if any(pattern_of(pattern).fullmatch(reason) for pattern in ordinary_ends):
        return False
    return not _GOOD_END.search(reason) or bool(_ERROR.search(reason) or _BROKEN.search(reason))


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
