"""What a campaign has spent and may spend, in lines for people and as data for programs."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campaign.calls.prospect import Prospect
    from campaign.rules.outlay import Amounts, Outlay


def spent_line(outlay: "Outlay", limits: Mapping[str, float]) -> str:
    """What is spent of what is allowed."""
    from campaign.rules.budget import described

    return f"spent: {described(outlay, limits)}"


def spending_as_data(outlay: "Outlay", limits: Mapping[str, float]) -> dict[str, Any]:
    """The same for a program. `at_most` counts every call that is not settled at its longest."""
    return {
        "spent": amounts_as_data(outlay.spent),
        "at_most": amounts_as_data(outlay.committed),
        "allowed": dict(limits),
    }


def stored_line(budget: Mapping[str, Any]) -> str:
    """The line for people, from the data for a program."""
    from campaign.rules.budget import described
    from campaign.rules.outlay import Amounts, Outlay

    spent, at_most = Amounts(**budget["spent"]), Amounts(**budget["at_most"])
    return f"spent: {described(Outlay(spent, at_most, at_most), budget['allowed'])}"


def amounts_as_data(amounts: "Amounts") -> dict[str, Any]:
    """Sums as plain data."""
    return {
        "calls": amounts.calls,
        "minutes": round(amounts.minutes, 2),
        "cents": round(amounts.cents, 2),
        "credits": round(amounts.credits, 2),
    }


def prospect_as_data(prospect: "Prospect") -> dict[str, Any]:
    """What is to come, for a program."""
    return {
        "at_least": amounts_as_data(prospect.at_least),
        "expected": amounts_as_data(prospect.expected) if prospect.expected else None,
        "at_most": amounts_as_data(prospect.at_most),
        "calls_left_today": prospect.left_today,
        "reserved_calls": prospect.reserve,
    }


def prospect_lines(prospect: "Prospect") -> Iterator[str]:
    """What is to come, for people."""
    people = prospect.at_least.calls
    if people:
        expected = (
            f"; as the last {prospect.seen:,} calls of this agent went, {_sums(prospect.expected)}"
            if prospect.expected
            else ""
        )
        yield (
            f"Still to come: at least {people:,} calls{expected}; "
            f"at most {prospect.at_most.calls:,} calls, {_sums(prospect.at_most)}"
        )
    if prospect.limits:
        yield f"Budget, {spent_line(prospect.outlay, prospect.limits)}"
        short = [
            name
            for name, limit in prospect.limits.items()
            if prospect.outlay.committed.of(name) + prospect.at_most.of(name) > limit
        ]
        if people and short:
            yield f"Dialling may end before that, when the budget of {' or '.join(short)} is used up"
    today = prospect.for_campaign_today
    if today is not None and prospect.left_today is not None:
        others = f", {prospect.reserve:,} of them left to others" if prospect.reserve else ""
        yield f"OneInbox lets this account make {prospect.left_today:,} more calls today{others}" + (
            f": at most {today:,} of {people:,} people are called before 00:00 UTC" if today < people else ""
        )


def _sums(amounts: "Amounts") -> str:
    from campaign.rules.budget import shown

    cents = f", {shown(amounts.cents)} cents" if amounts.cents else ""
    return f"{shown(amounts.minutes)} minutes{cents}, {shown(amounts.credits)} credits"
