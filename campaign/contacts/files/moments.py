"""Dates and times of a spreadsheet: a count of days and the tokens of a format in, text out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

Tokens = Sequence[tuple[str, str]]

DAY = 86_400
LAST_DAY = 2_958_466
"""The first day of the year 10000, where spreadsheets end."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - workbooks have no zones
_EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001
# Spreadsheets count a 29 February 1900, which never was: before it, days are one further on.
_LEAP_DAY = 60
_DAYS_1904 = 1_462
"""How much later the other epoch is."""


def render(days: float, tokens: Tokens, epoch_1904: bool) -> str | None:
    """A moment as its format shows it, in English.

    Args:
        days: Days since the epoch of the workbook.
        tokens: Kind and text of what the format consists of.
        epoch_1904: Whether the epoch is 1904.

    Returns:
        The text; ISO 8601 where the format depends on the reader's settings or is not known; None where the
        number is no moment at all.
    """
    if not 0 <= days < LAST_DAY:
        return None
    fraction = _fraction_digits(tokens)
    seconds = _rounded_seconds(days, fraction or 0)
    if fraction is None or any(text.startswith("system") for _, text in tokens):
        return _iso(days, _rounded_seconds(days, 0), epoch_1904, tokens)
    dated = any(kind == "moment" and text[0] in "yd" for kind, text in tokens) or any(
        _is_month(tokens, i) for i in range(len(tokens))
    )
    moment = _moment(seconds, epoch_1904) if dated else None
    if dated and moment is None:
        return None
    noon = any(kind == "noon" for kind, _ in tokens)
    parts = []
    point = next((i for i, (kind, _) in enumerate(tokens) if kind == "point"), len(tokens))
    for i, (kind, text) in enumerate(tokens):
        if kind == "moment" and moment is not None and (text[0] in "yd" or _is_month(tokens, i)):
            parts.append(_date_part(moment, text))
        elif kind == "moment":
            parts.append(_time_part(seconds, text, noon))
        elif kind == "elapsed":
            parts.append(str(int(seconds // {"h": 3_600, "m": 60, "s": 1}[text[0]])).zfill(len(text)))
        elif kind == "noon":
            parts.append(_noon(seconds, text))
        elif kind == "point":
            parts.append(f"{seconds % 1:.{fraction}f}"[1:])
        elif kind != "place" or i < point:
            parts.append(text)
    return "".join(parts).strip(" ")


def _rounded_seconds(days: float, digits: int) -> Decimal:
    exact = Decimal(f"{days:.15g}") * DAY
    return exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _fraction_digits(tokens: Tokens) -> int | None:
    """How many digits of a second the format shows; None where it has a token that is not known here."""
    digits, previous = 0, ""
    for kind, text in tokens:
        if kind in ("unknown", "general", "percent"):
            return None
        if kind == "point" and previous != "s":
            return None
        if kind == "place":
            if text != "0" or previous not in ("point", "place"):
                return None
            digits += 1
        previous = text[0] if kind in ("moment", "elapsed") else kind
    return digits


def _is_month(tokens: Tokens, i: int) -> bool:
    """Whether this is an `m` that means months: not after hours, not before seconds."""
    kind, text = tokens[i]
    if kind != "moment" or text[0] != "m":
        return False
    if len(text) > 2:
        return True
    before = next((t[0] for k, t in reversed(tokens[:i]) if k in ("moment", "elapsed")), "")
    after = next((t[0] for k, t in tokens[i + 1 :] if k in ("moment", "elapsed")), "")
    return before != "h" and after != "s"


def _moment(seconds: Decimal, epoch_1904: bool) -> datetime | None:
    days = int(seconds // DAY)
    if days + epoch_1904 * _DAYS_1904 >= LAST_DAY:
        return None
    if epoch_1904:
        return _EPOCH_1904 + timedelta(seconds=float(seconds))
    if days in (0, _LEAP_DAY):
        return None
    return _EPOCH_1900 + timedelta(days=int(days < _LEAP_DAY), seconds=float(seconds))


def _date_part(moment: datetime, text: str) -> str:
    length = len(text)
    if text[0] == "y":
        return f"{moment.year % 100:02}" if length < 3 else f"{moment.year:04}"
    number = moment.month if text[0] == "m" else moment.day
    name = _MONTHS[moment.month - 1] if text[0] == "m" else _DAYS[moment.weekday()]
    if length == 5 and text[0] == "m":
        return name[0]
    return {1: str(number), 2: f"{number:02}", 3: name[:3]}.get(length, name)


def _time_part(seconds: Decimal, text: str, noon: bool) -> str:
    hour = int(seconds // 3_600) % 24
    if noon:
        hour = hour % 12 or 12
    number = {"h": hour, "m": int(seconds // 60) % 60, "s": int(seconds) % 60}[text[0]]
    return f"{number:02}" if len(text) > 1 else str(number)


def _noon(seconds: Decimal, text: str) -> str:
    late = int(seconds // 3_600) % 24 >= 12
    name = "PM" if late else "AM"
    return name if "m" in text else name[0]


def _iso(days: float, seconds: Decimal, epoch_1904: bool, tokens: Tokens) -> str | None:
    moment = _moment(seconds, epoch_1904)
    wants_time = any(text == "system time" for _, text in tokens)
    clock = f"{int(seconds) // 3_600 % 24:02}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}"
    if wants_time or (moment is None and days < 1):
        return clock
    if moment is None:
        return None
    return f"{moment:%Y-%m-%d}" + (f" {clock}" if seconds % DAY else "")
