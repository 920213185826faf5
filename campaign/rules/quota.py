"""The account's quota of the day: how many calls it leaves to a campaign, and when it begins anew."""

from datetime import UTC, datetime, timedelta


def left_to_campaign(left_today: int, *, on_the_way: int, reserve: int) -> int:
    """Calls that a campaign may still start today.

    Args:
        left_today: As the provider tells it.
        on_the_way: Dials that it may not have counted yet.
        reserve: Calls that are left to others.
    """
    return max(left_today - on_the_way - reserve, 0)


def next_reset(now: datetime) -> datetime:
    """When the provider's next day begins."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


def since_reset(now: datetime) -> timedelta:
    """How long ago the provider's day began, by our clock."""
    return now - (next_reset(now) - timedelta(days=1))


def next_look(left: int) -> int:
    """So many starts may follow before the quota is asked for again: the nearer its end, the sooner.

    Others may use up the same account meanwhile.
    """
    return max(left // 2, 1)
