"""The gate of tries asks the ledger's own attempts: how many, how long ago, how many today."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.models import Disposition, Ending, RowStatus, Tries, Try
from campaign.rules.gate import YES, Verdict
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person
from campaign.rules.tries import TRIES
from campaign.settings import CampaignSettings
from tests.support import NOON, make_settings

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NEW_YORK = ZoneInfo("America/New_York")


def campaign(**retry: Any) -> CampaignSettings:
    """A campaign that tries three times, in gaps of an hour and four, and half an hour when busy."""
    gaps = {"max_attempts": 3, "no_answer": ["1h", "4h"], "busy": ["30m", "1h"]}
    return make_settings(retry={**gaps, **retry})


def call(
    ago: timedelta, disposition: Disposition | None = Disposition.NO_ANSWER, *, lasted: timedelta = MINUTE
) -> Try:
    """A try that began so long before noon."""
    return Try(NOON - ago, NOON - ago + lasted if disposition else None, disposition)


def person(*made: Try, granted: int = 0, zones: Sequence[str] = ("America/New_York",)) -> Person:
    """Somebody whom this campaign has tried before."""
    return Person("+12025550143", Whereabouts(zones), None, [], tries=Tries(made, granted))


def ask(who: Person, rules: CampaignSettings, now: datetime = NOON) -> Verdict:
    """What the gate says."""
    return TRIES.ask(who, rules, now)


def test_nobody_tried_yet() -> None:
    """The first call is not a further try."""
    assert ask(person(), make_settings()) is YES


def test_a_try_of_which_the_end_may_still_be_read_keeps_the_row_waiting() -> None:
    """Its call is looked at again: a human is asked only when nobody does so any more."""
    unread = replace(call(5 * HOUR), disposition=None, read_until=NOON + HOUR)
    held = ask(person(unread), campaign())
    assert (held.may_dial, held.status, held.reason) == (
        False,
        RowStatus.WAITING,
        "how an earlier call ended is not read yet",
    )
    assert held.not_before == NOON + HOUR
    for now, made in ((NOON + HOUR, unread), (NOON, replace(unread, read_until=None))):
        left = ask(person(made), campaign(), now)
        assert (left.may_dial, left.status) == (False, RowStatus.NEEDS_REVIEW)


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        (Disposition.FAILED, (RowStatus.UNREACHED, "tried once, last end: failed")),
        (Disposition.VOICEMAIL, (RowStatus.COMPLETED, "no_answer; no further try is due by now")),
        (Disposition.UNKNOWN, (RowStatus.COMPLETED, "the call ended, but OneInbox does not say how")),
    ],
)
def test_each_call_of_a_request_has_to_allow_the_next_try(
    other: Disposition, verdict: tuple[RowStatus, str]
) -> None:
    """Of two calls of one request one has ended for good: that the other rang in vain changes nothing."""
    made = replace(call(5 * HOUR), others=frozenset((other,)))
    asked = ask(person(made), campaign())
    assert not asked.may_dial
    assert (asked.status, asked.reason) == verdict


def test_the_longest_gap_of_a_requests_calls_counts() -> None:
    """One was busy and the other rang in vain: the next try waits for both gaps."""
    made = replace(call(2 * HOUR, Disposition.BUSY), others=frozenset((Disposition.NO_ANSWER,)))
    ready_at = NOON - 2 * HOUR + MINUTE + HOUR
    assert ask(person(made), campaign(), ready_at - MINUTE).not_before == ready_at
    assert ask(person(made), campaign(), ready_at) is YES


@pytest.mark.parametrize(
    ("disposition", "gap"), [(Disposition.NO_ANSWER, HOUR), (Disposition.BUSY, 30 * MINUTE)]
)
def test_the_gap_counts_from_the_end(disposition: Disposition, gap: timedelta) -> None:
    """The next try may begin when the gap of its end is over, and not a microsecond before."""
    who = person(call(2 * HOUR, disposition))
    ready_at = NOON - 2 * HOUR + MINUTE + gap
    assert ask(who, campaign(), ready_at) is YES
    too_soon = ask(who, campaign(), ready_at - timedelta(microseconds=1))
    assert (too_soon.may_dial, too_soon.status, too_soon.not_before) == (False, RowStatus.WAITING, ready_at)


def test_the_least_gap_holds_whatever_ended_how() -> None:
    """Where the campaign file's least gap has become longer than what was stored, it holds at the dial."""
    rules = campaign(max_attempts=2, busy=["2h"], no_answer=["3h"], min_gap="2h")
    verdict = ask(person(call(HOUR, Disposition.BUSY)), rules)
    assert verdict.not_before == NOON + HOUR + MINUTE


@pytest.mark.parametrize(
    ("made", "retry", "status", "reason"),
    [
        ([call(9 * HOUR)] * 3, {}, RowStatus.UNREACHED, "tried 3 times, last end: no_answer"),
        ([call(9 * HOUR)] * 4, {}, RowStatus.UNREACHED, "tried 4 times, last end: no_answer"),
        ([call(9 * HOUR, Disposition.FAILED)], {}, RowStatus.UNREACHED, "tried once, last end: failed"),
        ([call(9 * HOUR, Disposition.CANCELED)], {}, RowStatus.UNREACHED, "tried once, last end: canceled"),
        (
            [call(9 * HOUR, Disposition.VOICEMAIL)],
            {},
            RowStatus.COMPLETED,
            "voicemail; no further try is due by now",
        ),
        ([call(9 * HOUR, Disposition.ANSWERED)], {}, RowStatus.COMPLETED, "has answered already"),
        (
            [call(9 * HOUR, Disposition.ANSWERED), call(5 * HOUR)],
            {},
            RowStatus.COMPLETED,
            "has answered already",
        ),
        ([call(9 * HOUR, None)], {}, RowStatus.NEEDS_REVIEW, "how an earlier try went is not known"),
    ],
)
def test_no_further_try(made: list[Try], retry: dict[str, Any], status: RowStatus, reason: str) -> None:
    """Whoever has answered, or was tried as often as allowed by now, is not dialled, whatever was stored."""
    verdict = ask(person(*made), campaign(**retry))
    assert (verdict.may_dial, verdict.status, verdict.reason) == (False, status, reason)


def test_what_was_found_out_later_forbids_every_further_try() -> None:
    """Whichever try it was about, and however that one ended; a human may want one more all the same."""
    because = "failed, but the person has talked"
    talked = replace(call(9 * HOUR), no_further=Ending(RowStatus.COMPLETED, because))
    made, rules = [talked, call(5 * HOUR)], campaign(per_day=3)
    assert ask(person(*made), rules) == Verdict(
        may_dial=False, status=RowStatus.COMPLETED, reason="failed, but the person has talked"
    )
    assert ask(person(*made, granted=3), rules) is YES


@pytest.mark.parametrize("until", [None, NOON + HOUR])
def test_a_try_that_was_not_read_is_not_forgotten_when_another_one_has_followed(
    until: datetime | None,
) -> None:
    """The person may have answered in the first one, which was found when the second was over."""
    unread = replace(call(9 * HOUR), disposition=None, read_until=until)
    made = [unread, call(5 * HOUR)]
    held = ask(person(*made), campaign(per_day=3))
    assert not held.may_dial
    assert held.status is (RowStatus.WAITING if until else RowStatus.NEEDS_REVIEW)
    assert ask(person(*made, granted=3), campaign(per_day=3)) is YES
    other = replace(unread, read_until=NOON + 2 * HOUR)
    both = ask(person(unread, other), campaign(per_day=3))
    assert both.not_before == (NOON + 2 * HOUR if until else None)


def test_what_is_told_of_a_try_that_was_not_read() -> None:
    """That its end is not known, and no time of an end."""
    unread = replace(call(9 * HOUR), disposition=None, read_until=NOON + HOUR)
    assert TRIES.looks_at(person(unread), campaign(), NOON) == "1 try of 3, how one of them went is not known"


def test_of_several_findings_that_somebody_was_reached_counts() -> None:
    """A call that only rang in vain for good leaves its row unreached; a talk in another one does not."""
    rang = Ending(RowStatus.UNREACHED, "failed, after which nobody is tried again")
    talked = Ending(RowStatus.COMPLETED, "failed, but the person has talked")
    for endings, expected in (([rang, None], rang), ([rang, talked], talked), ([talked, rang], talked)):
        made = [replace(call(9 * HOUR), no_further=each) for each in endings]
        verdict = ask(person(*made), campaign(per_day=3))
        assert (verdict.may_dial, verdict.status, verdict.reason) == (
            False,
            expected.status,
            expected.reason,
        )


def test_an_outcome_that_has_become_final_since() -> None:
    """Which outcomes are refusals is asked of the campaign file as it is now, for every earlier try."""
    wrong = replace(call(9 * HOUR), outcomes=frozenset({"wrong_number"}))
    assert ask(person(wrong, call(5 * HOUR)), campaign(per_day=3)) is YES
    verdict = ask(person(wrong, call(5 * HOUR)), campaign(never_after=["Wrong Number"]))
    assert (verdict.may_dial, verdict.status) == (False, RowStatus.COMPLETED)


def test_a_campaign_file_that_allows_fewer_tries_than_before() -> None:
    """Who waits for a second try is final when there is none any more."""
    assert ask(person(call(9 * HOUR)), make_settings()).status is RowStatus.UNREACHED


@pytest.mark.parametrize(("granted", "may_dial"), [(1, False), (2, True), (3, True)])
def test_a_human_may_grant_one_more(granted: int, may_dial: bool) -> None:
    """Beyond the tries, gaps and days of the campaign file, until that call was made."""
    who = person(call(MINUTE, Disposition.UNKNOWN), granted=granted)
    assert ask(who, make_settings()).may_dial is may_dial


def evening(hour: int, minute: int = 0, *, day: int = 3) -> datetime:
    """A time of day in New York."""
    return datetime(2026, 6, day, hour, minute, tzinfo=NEW_YORK)


def tried_at(*moments: datetime) -> Person:
    """Busy at these times."""
    made = (Try(at, at + MINUTE, Disposition.BUSY) for at in moments)
    return replace(person(), tries=Tries(tuple(made)))


def test_tries_of_a_day_are_counted_where_the_person_is() -> None:
    """In New York it is still the same day when it is the next one in UTC."""
    rules = campaign(max_attempts=9, busy=["1s"] * 8)
    who = tried_at(evening(19), evening(21))
    verdict = ask(who, rules, evening(22))
    assert (verdict.reason, verdict.not_before) == ("tried 2 times today", evening(0, day=4))
    assert ask(who, rules, evening(0, day=4)) is YES
    assert ask(tried_at(evening(23, day=2), evening(21)), rules, evening(22)) is YES


def test_the_day_must_be_over_wherever_the_person_may_be() -> None:
    """With several zones the latest midnight counts."""
    rules = campaign(max_attempts=9, busy=["1s"] * 8, per_day=1)
    who = replace(tried_at(evening(12)), whereabouts=Whereabouts(("America/New_York", "America/Los_Angeles")))
    assert ask(who, rules, evening(18)).not_before == evening(3, day=4)


@pytest.mark.parametrize("zones", [(), ("Mars/Olympus",)])
def test_a_day_that_is_not_known(zones: tuple[str, ...]) -> None:
    """Where the calendar of the person cannot be evaluated, it is a no."""
    rules = campaign(max_attempts=9, busy=["1s"] * 8, per_day=1)
    who = replace(tried_at(evening(12)), whereabouts=Whereabouts(zones))
    assert not ask(who, rules, evening(18)).may_dial


@pytest.mark.parametrize("zone", ["Africa/Cairo", "Asia/Beirut", "America/Havana", "America/Nuuk"])
def test_days_that_begin_late_or_twice(zone: str) -> None:
    """Where clocks are set around midnight, the time that is told for the next day is on the next day."""
    rules = campaign(max_attempts=9, busy=["1s"] * 8, per_day=1)
    for start in range(0, 366 * 24, 7):
        now = datetime(2024, 1, 1, 0, 30, tzinfo=UTC) + timedelta(hours=start)
        who = replace(tried_at(now - 2 * MINUTE), whereabouts=Whereabouts((zone,)))
        until = ask(who, rules, now).not_before
        if until is not None:
            assert until > now
            assert (
                until.astimezone(ZoneInfo(zone)).date() > (now - 2 * MINUTE).astimezone(ZoneInfo(zone)).date()
            )
            assert ask(who, rules, until) is YES


ENDS = st.sampled_from([Disposition.NO_ANSWER, Disposition.BUSY, Disposition.FAILED, Disposition.VOICEMAIL])


@settings(max_examples=150)
@given(
    budget=st.integers(2, 6),
    per_day=st.integers(1, 3),
    gaps=st.lists(st.integers(5, 600), min_size=5, max_size=5),
    ends=st.lists(ENDS, min_size=40, max_size=40),
    idle=st.lists(st.integers(0, 400), min_size=40, max_size=40),
    zone=st.sampled_from(["America/New_York", "Asia/Kolkata", "Pacific/Apia", "Africa/Cairo"]),
)
def test_whoever_obeys_the_gate_obeys_the_rules(
    budget: int, per_day: int, gaps: list[int], ends: list[Disposition], idle: list[int], zone: str
) -> None:
    """Dialling as soon as the gate allows, or later, breaks neither the budget nor a gap nor a day."""
    texts = [f"{gap}m" for gap in gaps[: budget - 1]]
    rules = make_settings(
        retry={"max_attempts": budget, "per_day": per_day, "no_answer": texts, "busy": texts, "failed": texts}
    )
    who, now = replace(person(), whereabouts=Whereabouts((zone,))), NOON
    for disposition, wait in zip(ends, idle, strict=True):
        verdict = ask(who, rules, now)
        if verdict.status is not RowStatus.WAITING:
            break
        now = (verdict.not_before or now) + wait * MINUTE
        if ask(who, rules, now).may_dial:
            who = replace(who, tries=Tries((*who.tries.made, Try(now, now + MINUTE, disposition))))
    made = who.tries.made
    assert 1 <= len(made) <= budget
    days = [each.intent_at.astimezone(ZoneInfo(zone)).date() for each in made]
    assert all(days.count(day) <= per_day for day in days)
    for number, (before, after) in enumerate(pairwise(made)):
        assert before.disposition is not Disposition.VOICEMAIL
        assert before.ended_at is not None
        assert after.intent_at - before.ended_at >= gaps[number] * MINUTE


def test_what_it_looks_at() -> None:
    """In words: how often, when last and how it ended, from when on the next, how many today."""
    assert TRIES.looks_at(person(), campaign(), NOON) == "0 tries of 3"
    said = TRIES.looks_at(person(call(2 * HOUR), call(HOUR)), campaign(), NOON)
    assert said == (
        "2 tries of 3, the last ended 2026-06-03 16:01 UTC: no_answer, "
        "the next from 2026-06-03 20:01 UTC on, 2 today, 2 allowed"
    )
    granted = person(call(HOUR, Disposition.UNKNOWN), granted=2)
    assert TRIES.looks_at(granted, make_settings(), NOON) == "1 try of 2, a human has asked for one more"
