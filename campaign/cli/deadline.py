"""`--deadline`: until when a run may dial."""

import re
from datetime import datetime, time, timedelta

from campaign.errors import UsageError


def read_deadline(text: str, *, now: datetime) -> datetime:
    """A time of day by this machine's clock (the next one that comes), or a span. Raises UsageError."""
    from campaign.settings import parse_duration

    if not text.strip():
        raise UsageError("--deadline: it is empty; write a time like 06:30, or a span like 8h")
    if match := re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip()):
        clock = time(int(match[1]), int(match[2]))
        today = now.astimezone().date()
        days = (datetime.combine(today + timedelta(days=ahead), clock) for ahead in (0, 1))
        # Where clocks are changed, it comes twice or not at all, and the offset is not that of now.
        instants = [day.replace(fold=fold).astimezone() for day in days for fold in (0, 1)]
        return min(instant for instant in instants if instant > now)
    try:
        return now + parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--deadline {text}: write a time like 06:30, or a span like 8h") from error
