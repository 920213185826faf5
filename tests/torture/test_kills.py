"""A sample of the kills, and whether the suite finds what is broken."""

import asyncio
import json
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from math import ceil
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import pytest

from tests.torture import kills, points
from tests.torture.case import Case, Findings, read_case
from tests.torture.kills import judged, workshop
from tests.torture.planner import (
    AT_LINE,
    AT_MOMENT,
    AT_WAIT,
    MOST_KILLED,
    STRIKES,
    Planner,
    Seen,
    kind_of,
)
from tests.torture.points import Point
from tests.torture.step import Kill
from tests.torture.tally import Effort, Tally

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SAMPLE = ("plain", "lost replies")
SHARE = 0.0015


def test_a_sample_of_kills_leaves_nothing_doubled_or_lost(tmp_path: Path) -> None:
    """Killed at some lines, waits and moments, campaigns go on to their end, and nobody is called twice."""
    tally = kills.run(Effort(tmp_path, share=SHARE, seed=4), stories=SAMPLE)
    assert tally.is_clean, tally
    assert tally.injected[AT_LINE] >= kills.KILLS * SHARE
    assert {AT_LINE, AT_WAIT, AT_MOMENT} <= tally.injected.keys()


BROKEN = {
    "a ledger that is thrown away": ("double_dials", 5),
    "a result that is thrown away": ("lost_rows", 5),
    "somebody whom nobody may call": ("forbidden_dials", 1),
    "a command that only looks, and dials": ("forbidden_dials", 1),
    "a life before that ends otherwise": ("wrong", 1),
}


def test_what_is_broken_is_found_out(tmp_path: Path) -> None:
    """Whatever must not happen is counted, and told with a way to repeat it."""
    told: dict[str, Tally] = {}
    with ExitStack() as stack:
        shop = workshop(stack, Effort(tmp_path, jobs=1), BROKEN)
        for case, findings in shop.work([shop.case(story) for story in BROKEN]):
            judged(case, findings, told.setdefault(case.story, Tally()))
    for story, (what, number) in BROKEN.items():
        assert getattr(told[story], what) == number
        assert not told[story].is_clean
        assert story in told[story].failures[0]


def test_each_line_of_a_function_is_a_point_and_none_of_a_module() -> None:
    """What is to be covered is every line that runs when a function runs, and nothing that runs at import."""
    lines = points.lines_of_functions(["calls/timing.py", "ledger/suppression.py"])
    assert {point.file for point in lines} == {"ledger/suppression.py"}
    source = (points.PRODUCT / "ledger/suppression.py").read_text(encoding="utf-8").splitlines()
    told = {source[point.line - 1].strip() for point in lines}
    assert "if new:" in told
    assert not any(text.startswith(("def ", "from ", '"""')) for text in told)


def test_a_line_that_no_story_passes_is_told() -> None:
    """A new line of the product without a story makes the full suite fail, by its name."""
    tally = Tally()
    lines = points.lines_of_functions()
    kills.tell_coverage(set(lines) - {min(lines)}, tally, is_due=True)
    assert [min(lines).place in failure for failure in tally.failures] == [True]
    assert tally.wrong == 1
    assert tally.notes[0].startswith("99% of ")


def test_what_a_life_could_inherit_it_does_by_itself(tmp_path: Path) -> None:
    """The parent of all lives has run a campaign before: what is kept from that must not hide kill points."""
    due = {
        point for point, name in points.lines_of_functions(["ledger/results.py"]).items() if name == "_rows"
    }
    with ExitStack() as stack:
        shop = workshop(stack, Effort(tmp_path, jobs=1), ["plain"])
        ((_, findings),) = shop.work([shop.case("plain", is_recorded=True)])
    passed = {Point(file, line, event) for file, line, event, _ in findings.passed[0]}
    assert due
    assert due <= passed


def test_a_case_can_be_repeated_as_a_failure_tells_it() -> None:
    """The order that stands in a failure is the same case again, with all its kills."""
    at_wait = Kill(Point("calls/run.py", 7, points.SUSPEND), 3)
    case = Case(1, "plain", (at_wait, None, Kill(after_s=0.5)), strace=("-e", "trace=write"))
    tally = Tally()
    judged(case, Findings(1, trouble="it went wrong"), tally)
    order = tally.failures[0].partition("'")[2].removesuffix("'")
    assert read_case(json.loads(order)) == case


def test_a_coroutine_waits_where_it_gives_way_and_not_where_it_ends() -> None:
    """A kill at a wait is at a real one: the ends of coroutines would make the count look better."""
    seen: list[str] = []

    async def wait_twice() -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code is wait_twice.__code__:
            seen.append(points.event_of(frame, event))
        return trace

    before = sys.gettrace()
    loop = asyncio.new_event_loop()
    sys.settrace(trace)
    try:
        loop.run_until_complete(wait_twice())
    finally:
        sys.settrace(before)
        loop.close()
    assert [kind for kind in seen if kind not in ("", points.LINE)] == [points.SUSPEND, points.RESUME] * 2


def test_the_first_last_and_some_other_passing_of_a_line_are_chosen() -> None:
    """With enough kills every line is struck, at its first passing too."""
    passed = {Point("calls/run.py", line): 9 for line in range(20)}
    passed[Point("calls/run.py", 99, points.SUSPEND)] = 3
    planner = Planner([Seen("plain", (), passed, seconds=1.0, cost_s=1.0)], Random(1))
    chosen = planner.cases({AT_LINE: 170, AT_WAIT: 12, AT_MOMENT: 8})
    assert len(chosen) == sum(ceil(number / STRIKES) for number in (170, 12, 8))
    first = [kills[0] for _, kills in chosen if kills[0]]
    at_lines = [kill for kill in first if kill.point and kill.point.event == points.LINE]
    for line in range(20):
        assert {1, 9} <= {kill.nth for kill in at_lines if kill.point == Point("calls/run.py", line)}


def test_the_seed_alone_decides() -> None:
    """In whichever order campaigns end, and points are told: the same seed chooses the same kills."""
    points_passed = {Point("calls/run.py", line): 1 + line % 3 for line in range(30)}
    waits = {Point("calls/run.py", line, points.SUSPEND): 2 for line in range(5)}
    seen = [
        Seen(story, before, {**points_passed, **waits}, seconds=1.0, cost_s=1.0)
        for story in ("plain", "drained")
        for before in ((), (None,))
    ]
    turned = [replace(life, passed=dict(reversed([*life.passed.items()]))) for life in seen[::-1]]
    one, other = Planner(seen, Random(3)), Planner(turned, Random(3))
    assert one.half_way() == other.half_way()
    assert one.cases({AT_LINE: 60, AT_WAIT: 9, AT_MOMENT: 6}) == other.cases(
        {AT_LINE: 60, AT_WAIT: 9, AT_MOMENT: 6}
    )


def test_later_lives_are_killed_where_such_a_life_was_seen() -> None:
    """A kill of a resumed campaign strikes: it is at a point that a resuming life of the story has passed."""
    own, later, other = (Point("calls/run.py", line) for line in (1, 2, 3))
    seen = [
        Seen("plain", (), {own: 1}, seconds=1.0, cost_s=1.0),
        Seen("plain", (None,), {later: 4}, seconds=1.0, cost_s=1.0),
        Seen("drained", (Kill(own),), {other: 1}, seconds=1.0, cost_s=1.0),
    ]
    planner = Planner(seen, Random(1))
    cases = [planner.more("plain", (Kill(own),)) for _ in range(200)]
    assert max(len(kills) for _, kills in cases) == MOST_KILLED
    assert {kill.point for _, kills in cases for kill in kills[1:] if kill} == {later, None}


def test_lines_that_many_lives_pass_need_no_cases_of_their_own() -> None:
    """Where later lives pass a line for the first time is a kill of it, beside that of a rarer line."""
    rare = [Point("calls/run.py", line) for line in range(10)]
    common = [Point("calls/run.py", line) for line in range(10, 30)]
    own = Seen("plain", (), dict.fromkeys([*rare, *common], 3), seconds=1.0, cost_s=1.0)
    other = Seen("drained", (), dict.fromkeys(common, 3), seconds=1.0, cost_s=1.0)
    later = Seen("plain", (None,), dict.fromkeys(common, 2), seconds=1.0, cost_s=1.0)
    cases = Planner([own, other, later], Random(1)).cases({AT_LINE: 30})
    first_passings = {kill.point for _, kills in cases for kill in kills if kill and kill.nth == 1}
    assert {*rare, *common} <= first_passings
    assert len(cases) < len(rare) + len(common) / 2


def test_a_line_that_only_resuming_lives_pass_is_killed_there() -> None:
    """What no story's own life passes is a kill point all the same, after the same lives as it was seen."""
    own, later = Point("calls/run.py", 1), Point("calls/run.py", 2)
    seen = [
        Seen("plain", (), {own: 1}, seconds=1.0, cost_s=1.0),
        Seen("plain", (None,), {own: 1, later: 4}, seconds=1.0, cost_s=1.0),
    ]
    planner = Planner(seen, Random(1))
    assert planner.at(later, last=True) == ("plain", (None, Kill(later, 4)))
    assert planner.at(own) == ("plain", (Kill(own, 1),))


def test_a_line_that_was_missed_is_tried_in_several_stories() -> None:
    """Also in those that cost much: the cheap ones may pass it only while they are watched."""
    line = Point("calls/run.py", 1)
    seen = [Seen(story, (), {line: 2}, seconds=1.0, cost_s=cost) for story, cost in (("a", 0.1), ("b", 90.0))]
    planner = Planner(seen, Random(1))
    in_both = planner.again([line], stories=3)
    assert sorted((story, kills[0]) for story, kills in in_both) == [("a", Kill(line)), ("b", Kill(line))]
    [(story, kills_there)] = planner.again([line], stories=1)
    assert (story, kills_there[0]) in [("a", Kill(line)), ("b", Kill(line))]


def test_later_kills_of_a_second_try_are_for_missed_lines() -> None:
    """A case that tries a missed line again tries others of them in its later lives, each once."""
    missed, other = [Point("calls/run.py", line) for line in range(4)], Point("calls/run.py", 9)
    own = Seen("plain", (), dict.fromkeys([*missed, other], 3), seconds=1.0, cost_s=1.0)
    later = Seen("plain", (None,), dict.fromkeys([*missed, other], 3), seconds=1.0, cost_s=1.0)
    cases = Planner([own, later], Random(2)).again(missed, stories=1)
    assert [kills[0] for _, kills in cases] == [Kill(line) for line in missed]
    later_kills = [kill for _, kills in cases for kill in kills[1:] if kill and kill.point]
    # The first case's own line is not among those that are left; each of them comes once before any other.
    assert {kill.point for kill in later_kills[:3]} == set(missed[1:])
    assert all(kill.nth == 1 for kill in later_kills[:3])


def test_so_many_kills_are_added_as_are_short() -> None:
    """What other cases of the round will probably strike is not planned again."""
    passed = {Point("calls/run.py", 1): 2, Point("calls/run.py", 2, points.SUSPEND): 2}
    seen = [Seen("plain", before, passed, seconds=1.0, cost_s=1.0) for before in ((), (None,))]
    planner = Planner(seen, Random(1))
    alone = planner.top_up({AT_LINE: 100, AT_MOMENT: 10}, beside=[])
    planned = Counter(kind_of(kill) for _, kills in alone for kill in kills if kill)
    assert planned[AT_LINE] >= 122
    assert planned[AT_MOMENT] >= 14
    assert len(alone) < 50
    assert planner.top_up({AT_LINE: 100, AT_MOMENT: 5}, beside=[*alone, *alone]) == []
    assert planner.top_up({AT_LINE: -5}, beside=[]) == []
