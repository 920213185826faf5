"""When to look at which call, and how: pure decisions of the tracker."""

import itertools
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from campaign.calls.timing import Timing
from campaign.ledger.attempts import Doubt
from campaign.models import TOKEN_KEY, Call, Disposition, TranscriptStatus, plain

_NOBODY = frozenset((Disposition.NO_ANSWER, Disposition.BUSY, Disposition.FAILED, Disposition.CANCELED))
_UNCONNECTED = frozenset({"no_answer", "busy", "failed", "canceled", "cancelled"})


def pages_worth_reading(ranks: Sequence[int], page_size: int) -> int:
    """How many list pages to read so that a sweep costs the fewest requests.

    What the pages do not show is fetched one by one, so a page pays when it shows at least two calls.

    Args:
        ranks: For each call that is due, how many calls of this run were placed after it.
        page_size: Calls per page; the list shows the newest first.
    """
    best_pages, best_cost = 0, len(ranks)
    depth = max(ranks, default=-1) // page_size + 1
    for pages in range(1, depth + 1):
        cost = pages + sum(rank >= pages * page_size for rank in ranks)
        if cost < best_cost:
            best_pages, best_cost = pages, cost
    return best_pages


def look_interval(age_s: float, typical_s: float | None, timing: Timing) -> float:
    """Seconds until the next look at a live call: rarely while it is young, often when its end is due.

    Args:
        age_s: Time since the call was placed.
        typical_s: How long calls of this campaign last; None while no call has ended.
        timing: The bounds.
    """
    if typical_s is None:
        wanted = age_s / 4
    elif age_s < typical_s / 2:
        wanted = typical_s / 2 - age_s
    else:
        wanted = typical_s / 8
    return min(max(wanted, timing.look_min_s), timing.look_max_s)


def results_in(call: Call, since_end_s: float, timing: Timing) -> TranscriptStatus | None:
    """Whether the results of an ended call are final: complete, empty for good, or None for not yet."""
    if since_end_s < timing.results_first_s:
        return None
    if call.transcript or call.messages:
        awaits_analysis = call.has_analysis is False and since_end_s < timing.analysis_wait_s
        return None if awaits_analysis else TranscriptStatus.COMPLETE
    # Where nobody was connected there is nothing to wait for.
    if not is_unconnected(call) and since_end_s < timing.results_wait_s:
        return None
    return TranscriptStatus.EMPTY


def may_get_results(call: Call, disposition: Disposition, *, lacks_field: bool = False) -> bool:
    """Whether a call that has settled lacks results that may still come: somebody may have been connected.

    Args:
        call: As it is known.
        disposition: How it ended.
        lacks_field: Whether the analysis has not come to a field that is asked for a wish.
    """
    if disposition in _NOBODY and not _was_connected(call):
        return False
    return lacks_field or not (call.transcript or call.messages) or call.has_analysis is False


def is_unconnected(call: Call) -> bool:
    """Whether an ended call has had no conversation, as far as its status says."""
    return plain(call.status) in _UNCONNECTED and not _was_connected(call)


def _was_connected(call: Call) -> bool:
    """Whether a call tells by its times that somebody answered. How long it took may be known only later."""
    return bool(call.duration_seconds or call.started_at)


def results_interval(since_end_s: float, timing: Timing) -> float:
    """Seconds until the next look at an ended call whose results are awaited."""
    soon = max(timing.results_first_s - since_end_s, 0.0)
    return max(soon, min(since_end_s / 2, timing.look_max_s), 0.05)


def find_matches(
    doubt: Doubt,
    listed: Collection[Call],
    known_ids: Collection[str],
    *,
    window: timedelta,
    skew: timedelta,
    echoes_token: bool | None = None,
) -> list[Call]:
    """The calls of the provider's list that the request in doubt has made.

    By our token where this API gives metadata back. Else by number, from number, agent and time, as long as
    it is not another tool's call: one with metadata but without a token is ours only where our own known
    calls are listed without their token too.

    Args:
        doubt: The attempt.
        listed: All that a look through the list has seen.
        known_ids: Calls that belong to other attempts.
        window: How long after the intent the provider may have acted.
        skew: By how much its clock may differ from ours.
        echoes_token: Whether this list is known to show tokens. If so, a call without one is another tool's.
            A no is not relied on, as another tool's call might pass for ours.
    """
    unknown = [call for call in listed if call.id not in known_ids]
    if echoes_token or any(TOKEN_KEY in call.metadata for call in listed):
        return [call for call in unknown if call.metadata.get(TOKEN_KEY) == doubt.token]
    tokens_are_dropped = any(call.id in known_ids for call in listed)
    earliest, latest = doubt.intent_at - skew, doubt.intent_at + window + skew
    return [
        call
        for call in unknown
        if (tokens_are_dropped or not call.metadata)
        and call.to_number == doubt.to_number
        and call.from_number in (doubt.from_number, None)
        and call.agent_id in (doubt.agent_id, None)
        and call.created_at is not None
        and earliest <= call.created_at <= latest
    ]


def reaches_back_to(calls: Sequence[Call], since: datetime) -> bool:
    """Whether these calls, as listed, are sorted newest first and go back beyond `since`.

    The order of the list is not promised, so it is checked before it is relied on.
    """
    times = [call.created_at for call in calls if call.created_at is not None]
    is_sorted = len(times) == len(calls) and all(a >= b for a, b in itertools.pairwise(times))
    return is_sorted and bool(times) and times[-1] < since
