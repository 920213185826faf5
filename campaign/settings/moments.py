"""Moments: a date or a time as people write it, and the instant that it is for somebody in given zones.

Only ISO 8601 is read. What could be read in two ways, like 03/04/2026, is refused and never guessed.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import PlainValidator, WithJsonSchema

Moment = date | datetime
"""A day, a local time (without offset), or an instant (with one)."""

FORM = "2026-12-31, 2026-12-31T18:00 or 2026-12-31T18:00-05:00"
LAST_ZONE = "Etc/GMT+12"
"""Where a day ends last on Earth."""
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)\s?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
_MIDNIGHT_OF_NEXT_DAY = "24:00"
"""Newer Pythons read it so, and not all people do."""
_YEARS = range(2000, 2200)


def parse_moment(value: object) -> Moment:
    """Read an ISO 8601 date or date-time, as text or as YAML has read it. Raises ValueError with the form."""
    if isinstance(value, date):
        moment: Moment = value
    else:
        match = _ISO.fullmatch(str(value).strip())
        if match is None:
            raise ValueError(f"not a date or time that can be read in one way; write it like {FORM}")
        day, clock, offset = match.groups()
        try:
            moment = date.fromisoformat(day)
            if clock is not None:
                if clock.startswith(_MIDNIGHT_OF_NEXT_DAY):
                    raise ValueError
                moment = datetime.fromisoformat(f"{day}T{clock}{offset or ''}")
        except ValueError:
            raise ValueError(f"no day or time of any calendar; write it like {FORM}") from None
    if moment.year not in _YEARS:
        raise ValueError(f"the year {moment.year} cannot be meant; write it like {FORM}")
    return moment


def start_of(moment: Moment, zones: Sequence[str]) -> datetime | None:
    """The first instant at which a moment has come everywhere where the person may be; a day from its start.

    None when no zone tells.
    """
    return max(_instants(moment, zones), default=None)


def end_of(moment: Moment, zones: Sequence[str]) -> datetime | None:
    """The first instant at which a moment has come anywhere where the person may be; a day at its end.

    None when no zone tells.
    """
    if not isinstance(moment, datetime):
        moment += timedelta(days=1)
    return min(_instants(moment, zones), default=None)


def _instants(moment: Moment, zones: Sequence[str]) -> Iterator[datetime]:
    """What a moment may be: where clocks change, a local time comes twice or not at all."""
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        yield moment.astimezone(UTC)
        return
    local = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
    for name in zones:
        zone = ZoneInfo(name)
        yield from (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def are_in_order(first: Moment, then: Moment) -> bool:
    """Whether the second may come after the first; True where a time zone would have to tell."""
    if _has_offset(first) != _has_offset(then):
        return True
    start, end = start_of(first, ["UTC"]), end_of(then, ["UTC"])
    return start is not None and end is not None and start < end


def _has_offset(moment: Moment) -> bool:
    return isinstance(moment, datetime) and moment.tzinfo is not None


MomentText = Annotated[
    Moment,
    PlainValidator(parse_moment),
    WithJsonSchema(
        {"type": "string", "pattern": f"^{_ISO.pattern}$", "examples": ["2026-12-31T18:00-05:00"]}
    ),
]
