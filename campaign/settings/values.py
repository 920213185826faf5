"""The values of a campaign file: durations, windows of a day, numbers, countries.

Each reads what people write, and refuses the rest with a text that shows the right form.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from campaign.settings.zones import is_place

LONGEST = timedelta(days=366)

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_E164 = re.compile(r"\+[1-9]\d{6,14}")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def parse_duration(value: object) -> timedelta:
    """Read `90s`, `30m`, `4h` or `2d`. Raises ValueError with the expected form."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"{value!r} is not a duration; write it like 90s, 30m, 4h or 2d")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{match[0][:20]} is longer than a year")
    return timedelta(seconds=seconds)


def describe_duration(duration: timedelta) -> str:
    """`20h`, `30m` or `90s`: as the campaign file has it, in the largest exact unit."""
    seconds = round(duration.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def _parse_clock_time(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip())
    if match is None or int(match[2]) > 59 or int(match[1]) * 60 + int(match[2]) > 24 * 60:
        raise ValueError(f"{text!r} is not a time of day; write it like 09:00, at most 24:00")
    return timedelta(hours=int(match[1]), minutes=int(match[2]))


class Window(BaseModel):
    """The part of a day in which a person may be called: `[opens, closes)` of local time."""

    model_config = ConfigDict(frozen=True)

    opens: timedelta
    closes: timedelta

    def contains(self, local: time) -> bool:
        """Whether this local time of day lies in the window."""
        since_midnight = timedelta(
            hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        )
        return self.opens <= since_midnight < self.closes


def _parse_window(text: object) -> Window:
    opens, dash, closes = str(text).partition("-")
    if not dash:
        raise ValueError(f"{text!r} is not a window; write it like 09:00-20:00")
    window = Window(opens=_parse_clock_time(opens), closes=_parse_clock_time(closes))
    if window.opens >= window.closes:
        raise ValueError(f"the window {text} spans nothing; it must close after it opens, on the same day")
    return window


def describe_window(window: Window) -> str:
    """`09:00-20:00`, as the campaign file has it."""
    return f"{describe_clock_time(window.opens)}-{describe_clock_time(window.closes)}"


def describe_clock_time(since_midnight: timedelta) -> str:
    """`09:00`."""
    return "{:02}:{:02}".format(*divmod(int(since_midnight.total_seconds()) // 60, 60))


def parse_days(value: object) -> Mapping[int, Window]:
    """Turn `{mon-fri: "09:00-20:00", sat: "10:00-16:00"}` into a window per weekday, Monday being 0."""
    if not isinstance(value, Mapping):
        raise ValueError('days is a mapping like {mon-fri: "09:00-20:00"}')
    if value and all(isinstance(window, Window) for window in value.values()):
        return value
    week: dict[int, Window] = {}
    for days, window in value.items():
        first, _, last = str(days).strip().lower().partition("-")
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            raise ValueError(f"{days!r} is not a day or a span of days; write mon, tue ... or mon-fri")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        if start > end:
            raise ValueError(f"{days!r} runs backwards; a week starts on mon")
        for day in range(start, end + 1):
            if day in week:
                raise ValueError(f"{WEEKDAYS[day]} has two windows; give each day once")
            week[day] = _parse_window(window)
    if not week:
        raise ValueError("days names no day, so nobody could ever be called")
    return week


def _check_number(value: object) -> str:
    if not isinstance(value, str):
        # An example would be cut down to its last digits, as any number is in what people are told.
        raise ValueError('a phone number must stand in quotes, with its plus; put "..." around it')
    if not _E164.fullmatch(value):
        raise ValueError("a phone number is a plus and 7 to 15 digits, without blanks")
    return value


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _texts(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    for key, text in value.items():
        if not isinstance(key, str):
            raise ValueError(f"a name would be read as {key}; write it in quotes")
        if text is None or isinstance(text, Mapping | list):
            raise ValueError(f"{key} needs a text as its value")
        # YAML's 10.50 is 10.5 for Python, and its yes is True.
        if isinstance(text, bool | float):
            raise ValueError(f"{key} would be read as {text}; write it in quotes")
    return {key: str(text) for key, text in value.items()}


def _check_region(region: str) -> str:
    if not re.fullmatch("[A-Z]{2}", region):
        raise ValueError(f"{region!r} is not a country code; write two capital letters, like US")
    return region


def _each_once(value: object) -> object:
    return sorted(set(map(str, value))) if isinstance(value, list | tuple | set | frozenset) else value


def _share(value: object) -> object:
    # YAML's yes is a number for Python, and would allow everything.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("write a share from 0 to 1, like 0.05 for 5%")
    return float(value)


def _variables(value: object) -> object:
    if isinstance(value, Mapping):
        return _texts(value)
    if not isinstance(value, list | tuple):
        raise ValueError("write a list of columns, or a mapping like {customer_name: Customer}")
    for name in value:
        if isinstance(name, bool) or not isinstance(name, str | int):
            raise ValueError(f"a column would be read as {name}; write its name in quotes")
    return {str(name): str(name) for name in value}


def _at_most_hours(value: timedelta) -> timedelta:
    if value > timedelta(hours=6):
        raise ValueError("a margin of more than 6h leaves nothing of a day; write it like 3m or 1h")
    return value


def _plain_number(value: object) -> object:
    # YAML's yes is a number for Python, and would be a one; a text like 010 would be a ten.
    if isinstance(value, bool | str):
        raise ValueError("this is no plain number; write it like 5, without quotes, colons or leading zeros")
    return value


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"{name!r} is no time zone; write an IANA name like America/New_York") from None
    return name


def _check_place_zone(name: str) -> str:
    if not is_place(name):
        raise ValueError(
            f"{name!r} is no time zone of a place; write an IANA name like America/New_York, not UTC or EST"
        )
    return name


def _check_stages(value: tuple[int, ...]) -> tuple[int, ...]:
    if any(size < 1 for size in value) or any(later < size for size, later in pairwise(value)):
        raise ValueError("each stage is 1 call or more, and no smaller than the one before, like [1, 5, 25]")
    return value


def _parse_day(value: object) -> object:
    # A number is no date, though it could count seconds, and with a time it may be another day elsewhere.
    if isinstance(value, datetime):
        raise ValueError("write a date without a time, like 2026-12-24")
    if isinstance(value, date):
        return value
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError(f"{value!r} is not a date; write it like 2026-12-24")


def _check_place(value: object) -> str:
    # YAML takes Norway for a no.
    if value is False:
        raise ValueError('write Norway in quotes: "NO"')
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{2}(-[A-Z0-9]{1,3})?", value):
        raise ValueError(f"{value!r} is not a country or a part of one; write it like US or US-FL")
    return value


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta():
        raise ValueError("must be longer than nothing")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    AfterValidator(_positive),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["30m", "4h"]}),
]
Margin = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    AfterValidator(_at_most_hours),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["0s", "3m", "1h"]}),
]
Days = Annotated[
    Mapping[int, Window],
    BeforeValidator(parse_days),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"type": "string", "examples": ["09:00-20:00"]},
            "examples": [{"mon-fri": "09:00-20:00"}],
        }
    ),
]
Day = Annotated[date, BeforeValidator(_parse_day), WithJsonSchema({"type": "string", "format": "date"})]
Whole = Annotated[int, BeforeValidator(_plain_number)]
Rate = Annotated[float, BeforeValidator(_plain_number)]
Places = tuple[Annotated[str, BeforeValidator(_check_place)], ...]
"""Countries and parts of them: `US`, `US-FL`."""
Region = Annotated[str, AfterValidator(_check_region)]
Number = Annotated[str, BeforeValidator(_check_number)]
Zone = Annotated[str, AfterValidator(_check_zone)]
PlaceZone = Annotated[str, AfterValidator(_check_place_zone)]
"""A zone in which a person may be."""
Stages = Annotated[tuple[Whole, ...], AfterValidator(_check_stages)]
Texts = Annotated[Mapping[str, str], BeforeValidator(_texts)]
Share = Annotated[float, BeforeValidator(_share)]
NumberTypes = Annotated[tuple[Literal["voip", "toll_free"], ...], BeforeValidator(_each_once)]
"""In one order, since a list is known by how it is read."""
Variables = Annotated[
    Mapping[str, str],
    BeforeValidator(_variables),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "additionalProperties": {"type": "string"}},
            ]
        }
    ),
]
"""Names of variables with the columns that hold their values; as a list, where the names are the same."""
Numbers = Annotated[tuple[Number, ...], BeforeValidator(_one_or_many)]
