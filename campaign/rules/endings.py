"""Endings: what an ended call means, and what becomes of its row."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign.models import Call, Disposition, RowStatus, plain
from campaign.settings import RetrySettings

# Statuses are an open set; these are the ones that say by themselves how the call went. Their source is
# the vendor's own dashboard, which treats them as ends.
_BY_STATUS = {
    "no_answer": Disposition.NO_ANSWER,
    "busy": Disposition.BUSY,
    "canceled": Disposition.CANCELED,
    "cancelled": Disposition.CANCELED,
}

# Words within `end_reason`, of which there is no closed list; the first that fits wins.
_BY_REASON = (
    ("voicemail", Disposition.VOICEMAIL),
    ("machine", Disposition.VOICEMAIL),
    ("no_answer", Disposition.NO_ANSWER),
    ("noanswer", Disposition.NO_ANSWER),
    ("unanswered", Disposition.NO_ANSWER),
    ("busy", Disposition.BUSY),
    ("cancel", Disposition.CANCELED),
)


@dataclass(frozen=True, slots=True)
class Ending:
    """What becomes of a row after one of its calls has settled."""

    status: RowStatus
    reason: str
    not_before: datetime | None = None


def read_disposition(call: Call) -> Disposition:
    """How the call ended, read from what OneInbox reports; `unknown` rather than a guess."""
    status, reason, outcome = plain(call.status), plain(call.end_reason), plain(call.outcome)
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if outcome == "voicemail":
        return Disposition.VOICEMAIL
    for word, disposition in _BY_REASON:
        if word in reason:
            return disposition
    if status == "failed":
        return Disposition.FAILED
    was_connected = bool(call.transcript) or (call.duration_seconds or 0) > 0
    if outcome == "not_connected" and not _has_person(call):
        return Disposition.NO_ANSWER
    if status == "completed":
        return Disposition.ANSWERED if was_connected or outcome else Disposition.UNKNOWN
    return Disposition.UNKNOWN


def _has_person(call: Call) -> bool:
    return any(message.get("role") == "user" for message in call.messages)


def decide(
    disposition: Disposition,
    *,
    tries: int,
    ended_at: datetime,
    retry: RetrySettings,
    has_opted_out: bool = False,
) -> Ending:
    """What becomes of the row: final, or one more try at a time that is stored.

    Args:
        disposition: How the latest call ended.
        tries: Calls of this person in this campaign, the latest included.
        ended_at: When the latest call ended.
        retry: The gaps per disposition, under one shared budget of tries.
        has_opted_out: Whether the person has asked not to be called again.
    """
    if has_opted_out:
        return Ending(RowStatus.COMPLETED, "asked not to be called again")
    gap = _next_gap(disposition, tries, retry)
    if gap is not None:
        return Ending(RowStatus.WAITING, f"{disposition}; next try is due", ended_at + gap)
    if disposition in (Disposition.ANSWERED, Disposition.VOICEMAIL):
        return Ending(RowStatus.COMPLETED, "")
    if disposition is Disposition.UNKNOWN:
        return Ending(RowStatus.COMPLETED, "the call ended, but OneInbox does not say how")
    times = "once" if tries == 1 else f"{tries} times"
    return Ending(RowStatus.UNREACHED, f"tried {times}, last end: {disposition}")


def _next_gap(disposition: Disposition, tries: int, retry: RetrySettings) -> timedelta | None:
    if tries >= retry.max_attempts:
        return None
    gaps = {
        Disposition.NO_ANSWER: retry.no_answer,
        Disposition.BUSY: retry.busy,
        Disposition.VOICEMAIL: retry.voicemail,
        Disposition.FAILED: retry.failed,
    }.get(disposition, ())
    return gaps[tries - 1] if len(gaps) >= tries else None
