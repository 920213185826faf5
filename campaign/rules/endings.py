"""Endings: what becomes of a row after one of its calls, by how that ended and how often it was tried."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from campaign.models import Call, Disposition, Ending, RowStatus, plain
from campaign.rules.dispositions import Reading, has_person
from campaign.settings import RetrySettings

_NOTHING_SAID = frozenset({"", "not_connected", "voicemail"})
"""Labels of OneInbox that tell nothing of what was said; the others are given for that."""
OPTED_OUT = Ending(RowStatus.COMPLETED, "asked not to be called again")


def decide(
    disposition: Disposition,
    *,
    tries: int,
    ended_at: datetime,
    retry: RetrySettings,
    has_opted_out: bool = False,
    refusal: str = "",
    may_retry: bool = True,
) -> Ending:
    """What becomes of the row: final, or one more try at a time that is stored.

    Args:
        disposition: How the latest call ended.
        tries: Calls of this person in this campaign, the latest included.
        ended_at: When the latest call ended.
        retry: The gaps per disposition, under one shared budget of tries.
        has_opted_out: Whether the person has asked not to be called again.
        refusal: Why the person is not to be tried again although nobody seems to be reached; empty for no
            reason.
        may_retry: What the table of dispositions says of such an end.
    """
    if has_opted_out:
        return OPTED_OUT
    if refusal:
        return Ending(RowStatus.COMPLETED, f"{disposition}, {refusal}")
    gap = next_gap(disposition, tries, retry) if may_retry else None
    if gap is not None:
        return Ending(RowStatus.WAITING, f"{disposition}; next try is due", ended_at + gap)
    return _without_another(disposition, tried(tries, disposition))


def final_ending(call: Call, reading: Reading, retry: RetrySettings, *, has_opted_out: bool) -> Ending | None:
    """What a call that is read late makes of its row by itself, whatever was decided when it settled.

    Args:
        call: With what has come late.
        reading: How it ended.
        retry: Has the outcomes after which nobody is tried again.
        has_opted_out: Whether the person has asked not to be called again.

    Returns:
        A final status; None when it forbids no further try, and what was decided stands.
    """
    disposition = reading.disposition
    if has_opted_out:
        return OPTED_OUT
    if refusal := refusal_in(call, reading, retry):
        return Ending(RowStatus.COMPLETED, f"{disposition}, {refusal}")
    if reading.may_retry and disposition is not Disposition.ANSWERED:
        return None
    return _without_another(disposition, f"{disposition}, after which nobody is tried again")


def _without_another(disposition: Disposition, if_unreached: str) -> Ending:
    if disposition in (Disposition.ANSWERED, Disposition.VOICEMAIL):
        return Ending(RowStatus.COMPLETED, "")
    if disposition is Disposition.UNKNOWN:
        return Ending(RowStatus.COMPLETED, "the call ended, but OneInbox does not say how")
    return Ending(RowStatus.UNREACHED, if_unreached)


def together(endings: Sequence[Ending]) -> Ending:
    """What several calls of one request leave of a row: a further try only where each of them allows one, and
    not before the latest of their times."""

    def rank(ending: Ending) -> tuple[bool, bool, float]:
        at = -ending.not_before.timestamp() if ending.not_before else 0.0
        return ending.not_before is not None, ending.status is not RowStatus.COMPLETED, at

    return min(endings, key=rank)


def refusal_in(call: Call, reading: Reading, retry: RetrySettings) -> str:
    """Why whoever seems not to be reached is not tried again all the same; empty for no reason.

    What stands in one field of a call may be denied by another: the status says busy, and there is a
    conversation. A machine's greeting counts for a person's words, so those say nothing of a voicemail.
    """
    if reading.disposition in (Disposition.ANSWERED, Disposition.UNKNOWN):
        return ""
    if plain(call.outcome) in retry.final_outcomes:
        return "but the outcome is one after which nobody is tried again"
    if reading.disposition is not Disposition.VOICEMAIL and has_person(call):
        return "but the person has talked"
    return ""


def has_talked(call: Call, disposition: Disposition) -> bool:
    """Whether the person has talked with the agent, as far as anything tells it; in doubt they have.

    The status alone does not: a conversation may end as failed, and of an unknown end nobody can say.
    """
    if disposition in (Disposition.ANSWERED, Disposition.UNKNOWN):
        return True
    if disposition is Disposition.VOICEMAIL:
        return False
    if has_person(call) or plain(call.outcome) not in _NOTHING_SAID:
        return True
    # Busy and unanswered calls last as long as they ring. Where turns are known, none is of the person.
    was_connected = disposition in (Disposition.FAILED, Disposition.CANCELED) and bool(call.duration_seconds)
    return was_connected and not call.messages and not call.transcript


def was_never_put_through(call: Call) -> bool:
    """Whether a call has failed, and nothing of it tells that it was connected."""
    return (
        call.has_ended and plain(call.status) == "failed" and not (call.started_at or call.duration_seconds)
    )


def next_gap(disposition: Disposition, tries: int, retry: RetrySettings) -> timedelta | None:
    """How long after the end of the latest call the next try is due; None when there is none.

    Args:
        disposition: How the latest call ended.
        tries: Calls of this person in this campaign, the latest included.
        retry: The gaps, and the budget.
    """
    if tries >= retry.max_attempts:
        return None
    gaps = retry.gaps.get(disposition, ())
    return gaps[tries - 1] if len(gaps) >= tries else None


def tried(tries: int, disposition: Disposition) -> str:
    """`tried 3 times, last end: busy`."""
    return f"tried {'once' if tries == 1 else f'{tries} times'}, last end: {disposition}"
