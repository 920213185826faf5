"""Every gate must say yes at the moment of dialling, and a no says why and until when."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from campaign.models import Disposition, RowStatus, Tries, Try
from campaign.rules.gate import YES, Verdict
from campaign.rules.gates import evidence, judge
from campaign.rules.hours import Whereabouts
from campaign.rules.person import Person
from campaign.rules.words import unsaid
from campaign.settings import CallSettings, CampaignSettings, describe_duration
from tests.support import NOON, make_settings

HOUR = timedelta(hours=1)


def person(
    *,
    zones: Sequence[str] = ("America/New_York",),
    suppressed: str | None = None,
    recent: Sequence[timedelta] = (),
) -> Person:
    """Somebody who was called as long before noon as `recent` says."""
    return Person("+12025550143", Whereabouts(zones), suppressed, [NOON - ago for ago in recent])


def office(**changes: object) -> CampaignSettings:
    """A campaign that calls from nine to five."""
    return make_settings(hours={"days": {"mon-fri": "09:00-17:00"}}, **changes)


def test_yes() -> None:
    """Whom no gate holds back may be dialled."""
    assert judge(person(), office(), NOON) is YES
    assert YES.may_dial


def test_suppressed() -> None:
    """A suppressed person is never dialled, and the row says why."""
    verdict = judge(person(suppressed="in dnc.csv"), office(), NOON)
    assert verdict == Verdict(may_dial=False, status=RowStatus.SUPPRESSED, reason="in dnc.csv")


def test_suppressed_for_no_stated_reason() -> None:
    """An empty reason suppresses as well as any other."""
    assert judge(person(suppressed=""), office(), NOON).status is RowStatus.SUPPRESSED


def test_lists_that_were_not_read_for_long() -> None:
    """Nobody knows who stands on them by now, so everybody waits; whom they have already is suppressed."""
    verdict = judge(replace(person(), lists_are_stale=True), office(), NOON)
    assert verdict == Verdict(
        may_dial=False,
        reason="the suppression lists have not been read for too long",
        not_before=NOON + timedelta(seconds=10),
    )
    listed = replace(person(suppressed="in dnc.csv"), lists_are_stale=True)
    assert judge(listed, office(), NOON).status is RowStatus.SUPPRESSED


def test_suppressed_wins() -> None:
    """Whoever is suppressed, out of hours and called before is suppressed for good, not held for later."""
    late = NOON + 12 * HOUR
    verdict = judge(person(suppressed="asked", recent=[HOUR]), office(), late)
    assert (verdict.may_dial, verdict.status, verdict.not_before) == (False, RowStatus.SUPPRESSED, None)


def test_outside_hours() -> None:
    """Outside hours the row waits until the next opening."""
    verdict = judge(person(), office(), NOON + 4 * HOUR)
    assert verdict == Verdict(
        may_dial=False, reason="outside calling hours", not_before=NOON - 4 * HOUR + timedelta(days=1)
    )


@pytest.mark.parametrize("zones", [(), ("America/New_York", "Asia/Tokyo")])
def test_never_open(zones: tuple[str, ...]) -> None:
    """Without a zone, or with zones that are never open together, the row waits: hours can be mended."""
    verdict = judge(person(zones=zones), office(), NOON)
    assert (verdict.may_dial, verdict.status) == (False, RowStatus.WAITING)
    assert verdict.not_before == NOON + timedelta(days=1)
    assert "in every zone" in verdict.reason


def test_zone_that_this_machine_does_not_know() -> None:
    """A zone that cannot be evaluated is a no, and not the end of the run."""
    assert not judge(person(zones=("Mars/Olympus",)), make_settings(), NOON).may_dial


@pytest.mark.parametrize(
    ("days", "margin", "is_certain", "told"),
    [
        ("09:00-17:00", "1h", False, "10:00 to 15:57 (narrower, as only the number tells the zone)"),
        ("09:00-17:00", "1h", True, "09:00 to 16:57"),
        ("09:00-17:00", "0s", False, "09:00 to 16:57"),
        ("00:00-24:00", "1h", False, "00:00 to 24:00"),
    ],
)
def test_the_evidence_calls_hours_narrower_where_they_are(
    days: str, margin: str, is_certain: bool, told: str
) -> None:
    """What is kept with a dial tells of a margin only where one applies."""
    settings = make_settings(hours={"days": {"mon-sun": days}, "number_margin": margin})
    here = replace(person(), whereabouts=Whereabouts(("America/New_York",), is_certain=is_certain))
    looked_at = f"hours: America/New_York Wed 13:00, calls may start {told}; cap: "
    assert looked_at in evidence(here, settings, NOON)


@pytest.mark.parametrize(
    ("calls", "recent", "free_in"),
    [
        (1, [], None),
        (1, [20 * HOUR], None),
        (1, [30 * HOUR], None),
        (1, [20 * HOUR - timedelta(seconds=1)], timedelta(seconds=1)),
        (1, [timedelta()], 20 * HOUR),
        (1, [9 * HOUR, 4 * HOUR], 16 * HOUR),
        (2, [4 * HOUR], None),
        (2, [30 * HOUR, 4 * HOUR], None),
        (2, [9 * HOUR, 4 * HOUR], 11 * HOUR),
        (2, [19 * HOUR, 9 * HOUR, 4 * HOUR], 11 * HOUR),
        (3, [19 * HOUR, 9 * HOUR, 4 * HOUR], 1 * HOUR),
    ],
)
def test_cap(calls: int, recent: list[timedelta], free_in: timedelta | None) -> None:
    """A number is called at most so often within a rolling time, and waits until one more call fits."""
    settings = make_settings(caps={"per_number": {"calls": calls, "within": "20h"}})
    verdict = judge(person(recent=recent), settings, NOON)
    if free_in is None:
        assert verdict is YES
    else:
        assert (verdict.may_dial, verdict.status) == (False, RowStatus.WAITING)
        assert verdict.reason == "called by another campaign within 20h"
        assert verdict.not_before == NOON + free_in


SEVEN = [{"calls": 1, "within": "20h"}, {"calls": 7, "within": "7d", "counts": "all"}]
DAY = 24 * HOUR


def tried(*ago: timedelta) -> Tries:
    """Calls of this campaign, so long before noon."""
    return Tries(tuple(Try(NOON - each, NOON - each, Disposition.BUSY) for each in ago))


@pytest.mark.parametrize(
    ("recent", "own", "free_in", "reason"),
    [
        ([], [], None, ""),
        ([19 * HOUR], [], HOUR, "called by another campaign within 20h"),
        ([], [19 * HOUR], None, ""),
        ([6 * DAY, 5 * DAY, 4 * DAY, 3 * DAY, 2 * DAY, DAY], [], None, ""),
        (
            [6 * DAY, 5 * DAY, 4 * DAY, 3 * DAY, 2 * DAY],
            [30 * HOUR, DAY],
            DAY,
            "called often enough within 7d",
        ),
        ([6 * DAY, 5 * DAY, 4 * DAY, 3 * DAY, 2 * DAY, HOUR], [], 19 * HOUR, "called by another campaign"),
        ([6 * DAY, 5 * DAY, 4 * DAY, 3 * DAY, 2 * DAY, HOUR], [DAY], DAY, "called often enough within 7d"),
        ([7 * DAY, 5 * DAY, 4 * DAY, 3 * DAY, 2 * DAY, DAY], [DAY], None, ""),
    ],
)
def test_every_cap_must_allow_the_call(
    recent: list[timedelta], own: list[timedelta], free_in: timedelta | None, reason: str
) -> None:
    """Seven calls in seven days, retries among them, beside one from other campaigns in twenty hours."""
    settings = make_settings(
        caps={"per_number": SEVEN}, retry={"max_attempts": 9, "busy": ["1s"] * 8, "per_day": 9}
    )
    somebody = replace(person(recent=recent), tries=tried(*own))
    verdict = judge(somebody, settings, NOON)
    assert verdict.may_dial is (free_in is None)
    assert reason in verdict.reason
    if free_in is not None:
        assert verdict.not_before == NOON + free_in
        later = replace(somebody, recent_calls=[at for at in somebody.recent_calls if at > NOON - 6 * DAY])
        assert judge(later, settings, NOON + free_in) is YES


@pytest.mark.parametrize("recent", [[9 * HOUR, 4 * HOUR, HOUR], [19 * HOUR, HOUR]])
def test_cap_ends_when_it_says(recent: list[timedelta]) -> None:
    """At the time that a cap names the person may be dialled, and not a microsecond before."""
    settings = make_settings(caps={"per_number": {"calls": 2, "within": "20h"}})
    free_at = judge(person(recent=recent), settings, NOON).not_before
    assert isinstance(free_at, datetime)
    assert judge(person(recent=recent), settings, free_at) is YES
    assert not judge(person(recent=recent), settings, free_at - timedelta(microseconds=1)).may_dial


@pytest.mark.parametrize(
    ("peace", "talked", "free_in"),
    [
        ("7d", 24 * HOUR, 6 * 24 * HOUR),
        ("7d", 7 * 24 * HOUR, None),
        ("7d", None, None),
        (None, HOUR, None),
    ],
)
def test_peace_after_a_conversation(
    peace: str | None, talked: timedelta | None, free_in: timedelta | None
) -> None:
    """Who has talked with an agent is left in peace for so long, whichever campaign that was."""
    settings = make_settings(caps={"after_conversation": peace} if peace else {})
    talker = replace(person(), talked_at=NOON - talked if talked else None)
    verdict = judge(talker, settings, NOON)
    if free_in is None:
        assert verdict is YES
    else:
        assert verdict.reason == "talked with another campaign's agent within 7d"
        assert verdict.not_before == NOON + free_in
        assert judge(talker, settings, NOON + free_in) is YES


def test_hours_come_before_caps() -> None:
    """Whoever is both out of hours and capped is told the hours first, and a no names its gate."""
    verdict = judge(person(recent=[HOUR]), office(), NOON + 4 * HOUR)
    assert "hours" in verdict.reason
    assert verdict.gate == "hours"
    assert judge(person(recent=[HOUR]), office(), NOON).gate == "cap"
    assert judge(person(), office(), NOON).gate == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1s"), (90, "90s"), (60, "1m"), (1800, "30m"), (5400, "90m"), (72_000, "20h"), (172_800, "2d")],
)
def test_describe(seconds: int, text: str) -> None:
    """A duration is said as the campaign file writes it, in the largest unit that is exact."""
    assert describe_duration(timedelta(seconds=seconds)) == text


def test_nobody_hears_a_placeholder() -> None:
    """Who has no value for what the agent says is held longer than a run waits; each run asks anew."""
    verdict = judge(replace(person(), unsaid="name"), office(), NOON)
    assert (verdict.may_dial, verdict.status) == (False, RowStatus.WAITING)
    assert verdict.reason == "no value for name, which the agent says"
    assert verdict.not_before == NOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("for_all", "of_the_row", "expected"),
    [
        ({}, {"name": "Ann", "city": "Bern"}, None),
        ({"city": "Bern"}, {"name": "Ann"}, None),
        ({"city": "Bern"}, {"name": "Ann", "city": " "}, "city"),
        ({}, {"city": "Bern"}, "name"),
        ({"name": ""}, {"city": "Bern"}, "name"),
    ],
)
def test_the_rows_own_value_counts(
    for_all: dict[str, str], of_the_row: dict[str, str], expected: str | None
) -> None:
    """A value for all calls stands in only where the row has no such column, as in the request itself."""
    values = CallSettings(variables=for_all).variables_for(of_the_row)
    assert unsaid(("name", "city"), values) == expected
