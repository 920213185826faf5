"""Caps: one, or several that all hold."""

from datetime import timedelta

from tests.support import make_settings


def test_one_cap_and_several() -> None:
    """One mapping is a list of one; the longest of several says how far back the ledger is asked."""
    one = make_settings(caps={"per_number": {"calls": 2, "within": "30h"}}).caps
    assert [(cap.calls, cap.counts) for cap in one.per_number] == [(2, "other")]
    two = make_settings(
        caps={"per_number": [{"calls": 7, "within": "7d", "counts": "all"}, {"calls": 2, "within": "20h"}]}
    ).caps
    assert (one.longest, two.longest) == (timedelta(hours=30), timedelta(days=7))


def test_a_longer_cap_for_other_campaigns_only_does_not_cover_one_for_all() -> None:
    """Both have an effect when they do not count the same calls."""
    caps = [{"calls": 1, "within": "7d"}, {"calls": 2, "within": "20h", "counts": "all"}]
    assert len(make_settings(caps={"per_number": caps}).caps.per_number) == 2


def test_the_shortest_gap_is_the_least_by_default() -> None:
    """Without min_gap nobody is tried again sooner than the shortest gap."""
    gaps = {"max_attempts": 3, "no_answer": ["30m", "4h"], "busy": ["10m"]}
    assert make_settings(retry=gaps).retry.shortest_gap == timedelta(minutes=10)
    assert make_settings(retry={**gaps, "min_gap": "5m"}).retry.shortest_gap == timedelta(minutes=5)
    assert make_settings().retry.shortest_gap == timedelta()
    assert make_settings().retry.per_day == 2
