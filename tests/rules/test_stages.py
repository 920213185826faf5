"""A campaign starts with few calls, and each stage has to end well."""

import pytest

from campaign.rules.stages import Stages

WELL, BADLY = False, True


def after(sizes: list[int], *ends: bool) -> Stages:
    stages = Stages(sizes)
    for end in ends:
        stages.ended(has_failed=end)
    return stages


@pytest.mark.parametrize(
    ("ended", "allowed"),
    [(0, 1), (1, 5), (2, 4), (5, 1), (6, 25), (30, 1), (31, None), (40, None)],
)
def test_each_stage_allows_its_calls(ended: int, allowed: int | None) -> None:
    """One call, then five, then 25, then no limit of the stages."""
    assert after([1, 5, 25], *[WELL] * ended).allowed == allowed


def test_people_are_told_what_is_waited_for() -> None:
    """How many of the stage have ended."""
    assert after([1, 5, 25]).awaited == "first calls: 0 of 1 ended"
    assert after([1, 5, 25], WELL, WELL, WELL).awaited == "first calls: 2 of 5 ended"


def test_one_failed_call_is_followed_by_one_more() -> None:
    """It may be that person's line. The next stage begins with the first call that does not fail."""
    stages = after([1, 5], BADLY)
    assert stages.allowed == 1
    assert not stages.ended(has_failed=WELL)
    assert stages.allowed == 5


def test_a_stage_in_which_every_call_fails_says_so() -> None:
    """Three of a stage of one, and all of a larger one."""
    stages = Stages([1, 5])
    assert [stages.ended(has_failed=BADLY) for _ in range(3)] == [False, False, True]
    stages = after([1, 5], WELL)
    assert [stages.ended(has_failed=BADLY) for _ in range(5)] == [False] * 4 + [True]


def test_without_stages_nothing_is_held_up() -> None:
    """An empty list turns them off."""
    stages = after([], BADLY, BADLY, BADLY)
    assert (stages.is_over, stages.allowed) == (True, None)
