"""A campaign starts with few calls, and each stage has to end well."""

import pytest

from campaign.rules.stages import Stages

WELL, BADLY = False, True


def after(sizes: list[int], *ends: bool, failed_share: float = 0.8) -> Stages:
    stages = Stages(sizes, failed_share)
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
    stages = Stages([1, 5], 0.8)
    assert [stages.ended(has_failed=BADLY) for _ in range(3)] == [False, False, True]
    stages = after([1, 5], WELL)
    assert [stages.ended(has_failed=BADLY) for _ in range(5)] == [False] * 4 + [True]


@pytest.mark.parametrize(
    ("size", "share", "most"),
    [
        (2, 0.8, 1),
        (3, 0.8, 2),
        (5, 0.8, 3),
        (25, 0.8, 19),
        (25, 0.2, 4),
        (5, 0.2, 1),
        (2, 0.2, 1),
        (5, 1.0, 4),
    ],
)
def test_a_stage_is_passed_when_fewer_than_the_share_have_failed(size: int, share: float, most: int) -> None:
    """As for the calls after the stages; one failed call among others may be that person's line."""
    passed = after([size, 99], *[BADLY] * most, *[WELL] * (size - most), failed_share=share)
    assert passed.allowed == 99
    stages = after([size, 99], *[BADLY] * (most + 1), *[WELL] * (size - most - 2), failed_share=share)
    ends = [stages.ended(has_failed=WELL if most + 1 < size else BADLY)]
    while stages.seen < 3 and not ends[-1]:
        ends.append(stages.ended(has_failed=BADLY))
    assert ends[-1]
    assert stages.allowed == 1


def test_what_failed_is_told() -> None:
    """How many of how many, and what the failed ones have said."""
    stages = Stages([5], 0.8)
    for reason in ("sip_503", "llm_error", "", "llm_error"):
        stages.ended(has_failed=BADLY, reason=reason)
    assert stages.ended(has_failed=WELL, reason="user_hangup")
    assert (stages.failed, stages.seen) == (["sip_503", "llm_error", "", "llm_error"], 5)


def test_without_stages_nothing_is_held_up() -> None:
    """An empty list turns them off."""
    stages = after([], BADLY, BADLY, BADLY)
    assert (stages.is_over, stages.allowed) == (True, None)
