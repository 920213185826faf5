"""The account's quota: how many calls it may still make today."""

from campaign.doctor.finding import Finding, note, ok, problem, unknown
from campaign.oneinbox.errors import ApiError
from campaign.oneinbox.usage import Usage
from campaign.settings import CampaignSettings

QUOTA = "quota"


def examine(usage: Usage | ApiError, settings: CampaignSettings | None, people: int | None) -> Finding:
    """What the account may still call today, against how many people there are to call."""
    if isinstance(usage, ApiError):
        return unknown(QUOTA, str(usage))
    left, made = usage.left_today, usage.calls_made_today
    told = f"{made:,} calls made today" if made is not None else "no count of today's calls"
    if left is None:
        return ok(QUOTA, f"{told}, no daily limit is told")
    reserved = settings.budget.reserve_calls if settings is not None else 0
    if left <= reserved:
        kept = f", {reserved:,} of them left to others (budget.reserve_calls)" if reserved else ""
        cause = f"{left:,} calls are left today{kept}: nobody could be called"
        return problem(QUOTA, cause, "wait for 00:00 UTC, or have OneInbox raise the account's daily limit")
    if people is not None and left - reserved < people:
        seen = f"{left - reserved:,} calls are left today for {people:,} people"
        return note(QUOTA, seen, "the run ends with 75 when they are used up, and goes on the next day")
    return ok(QUOTA, f"{told}, {left:,} left")
