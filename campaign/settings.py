"""The campaign file and the environment, each as one frozen object that is made once.

The campaign file is YAML. Unknown keys are errors, since a rule that is misspelt must not be a rule
that is off. A mistake is reported in one line: file, key, what is wrong, what would be right.
"""

import difflib
import os
import re
import stat
from collections.abc import Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    WithJsonSchema,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from campaign.errors import ConfigError, InputMissingError, KeyRefusedError

DEFAULT_BASE_URL = "https://api.oneinbox.ai"

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def parse_duration(value: object) -> timedelta:
    """Read `90s`, `30m`, `4h` or `2d`. Raises ValueError with the expected form."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"{value!r} is not a duration; write it like 90s, 30m, 4h or 2d")
    try:
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        raise ValueError(f"{match[0][:20]} is longer than any campaign") from None


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


def _parse_days(value: object) -> Mapping[int, Window]:
    """Turn `{mon-fri: "09:00-20:00", sat: "10:00-16:00"}` into a window per weekday, Monday being 0."""
    if not isinstance(value, Mapping):
        raise ValueError('days is a mapping like {mon-fri: "09:00-20:00"}')
    week: dict[int, Window] = {}
    for days, window in value.items():
        first, _, last = str(days).strip().lower().partition("-")
        if first not in _WEEKDAYS or (last or first) not in _WEEKDAYS:
            raise ValueError(f"{days!r} is not a day or a span of days; write mon, tue ... or mon-fri")
        start, end = _WEEKDAYS.index(first), _WEEKDAYS.index(last or first)
        if start > end:
            raise ValueError(f"{days!r} runs backwards; a week starts on mon")
        for day in range(start, end + 1):
            if day in week:
                raise ValueError(f"{_WEEKDAYS[day]} has two windows; give each day once")
            week[day] = _parse_window(window)
    if not week:
        raise ValueError("days names no day, so nobody could ever be called")
    return week


def _check_number(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError('a phone number must stand in quotes: "+15739693824"')
    if not _E164.fullmatch(value):
        raise ValueError("a phone number is a plus and 7 to 15 digits, without blanks")
    return value


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _texts(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    for key, text in value.items():
        if text is None or isinstance(text, Mapping | list):
            raise ValueError(f"{key} needs a text as its value")
    return {str(key): str(text) for key, text in value.items()}


def _check_region(region: str) -> str:
    if not re.fullmatch("[A-Z]{2}", region):
        raise ValueError(f"{region!r} is not a country code; write two capital letters, like US")
    return region


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
Days = Annotated[
    Mapping[int, Window],
    BeforeValidator(_parse_days),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"type": "string", "examples": ["09:00-20:00"]},
            "examples": [{"mon-fri": "09:00-20:00"}],
        }
    ),
]
Region = Annotated[str, AfterValidator(_check_region)]
Number = Annotated[str, BeforeValidator(_check_number)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ContactSettings(_Section):
    """How to read the contact list."""

    to_number: str | None = None
    """Column of the phone number; recognised by name when absent."""
    default_region: Region | None = None
    """Country of the numbers that are written without a plus; when absent, those rows are rejected."""
    countries: tuple[Region, ...] | None = None
    """Countries that may be called; by default those of the from numbers."""
    variables: tuple[str, ...] | None = None
    """Columns sent to the agent; by default every other column."""
    timezone: str | None = None
    """Column with the IANA time zone of the person; by default the zones of the number."""


class CallSettings(_Section):
    """What every create-call request says, and how long a call may last."""

    variables: Annotated[Mapping[str, str], BeforeValidator(_texts)] = {}
    """Sent with every call; a column of the same name wins."""
    max_duration: Duration = timedelta(minutes=30)
    """The longest call that the agent allows. A call without an end five minutes later needs review."""


class PaceSettings(_Section):
    """How fast calls start, and how many may be live."""

    calls_per_second: float = Field(default=1.0, gt=0, le=1000)
    burst: int = Field(default=1, ge=1, le=100)
    max_live_calls: int = Field(default=10, ge=1, le=10_000)


class HourSettings(_Section):
    """When people may be called, in their own time zone."""

    days: Days = Field(default_factory=lambda: _parse_days({"mon-sun": "09:00-20:00"}))


class RetrySettings(_Section):
    """Which ends of a call are followed by another try, and after how long."""

    max_attempts: int = Field(default=1, ge=1, le=20)
    """All tries of one person in this campaign, the first included."""
    no_answer: tuple[Duration, ...] = ()
    busy: tuple[Duration, ...] = ()
    voicemail: tuple[Duration, ...] = ()
    failed: tuple[Duration, ...] = ()


class NumberCap(_Section):
    """At most `calls` calls to one number `within` a rolling time, counting other campaigns of the ledger."""

    calls: int = Field(default=1, ge=1)
    within: Duration = timedelta(hours=20)


class CapSettings(_Section):
    """Limits across all campaigns of the ledger."""

    per_number: NumberCap = NumberCap()


class CampaignSettings(_Section):
    """One campaign file."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[\w.{}-]+$")
    agent_id: str = Field(min_length=1, max_length=200)
    from_numbers: Annotated[tuple[Number, ...], BeforeValidator(_one_or_many)] = Field(min_length=1)
    contacts: ContactSettings = ContactSettings()
    call: CallSettings = CallSettings()
    pace: PaceSettings = PaceSettings()
    hours: HourSettings = HourSettings()
    retry: RetrySettings = RetrySettings()
    caps: CapSettings = CapSettings()
    suppression: tuple[Path, ...] = ()
    """Files of numbers that must not be called, relative to the campaign file."""
    output: str = Field(default="results/{name}.csv", min_length=1)

    def name_on(self, day: date) -> str:
        """The campaign's name when it first starts on this local day."""
        return self.name.replace("{date}", day.isoformat())


def load_campaign_file(path: Path, *, name: str | None = None) -> CampaignSettings:
    """Read one campaign file.

    Args:
        path: Where it is.
        name: Stands in for the name in the file.

    Raises:
        InputMissingError: There is no such file, or it cannot be opened.
        ConfigError: It is not YAML, or a key or value is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputMissingError(
            f"campaign file {path}: {error.strerror}; `campaign init` writes one to start from"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"campaign file {path}: not UTF-8 text (byte {error.start})") from error
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or f"not valid YAML ({' '.join(str(error).split())[:80]})"
        raise ConfigError(f"campaign file {path}{where}: {problem}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"campaign file {path}: expected keys like `name:` and `agent_id:`, found none")
    if name is not None:
        content["name"] = name
    try:
        settings = CampaignSettings.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"campaign file {path}: {_first_problem(error, CampaignSettings)}") from error
    if "{" in settings.name.replace("{date}", ""):
        raise ConfigError(f"campaign file {path}: name: the only placeholder is {{date}}")
    if "{" in settings.output.replace("{name}", ""):
        raise ConfigError(f"campaign file {path}: output: the only placeholder is {{name}}")
    return settings.model_copy(
        update={"suppression": tuple(path.parent / entry for entry in settings.suppression)}
    )


def _first_problem(error: ValidationError, model: type[BaseModel]) -> str:
    """One line about the first mistake, and how many more there are."""
    problems = error.errors(include_url=False, include_input=False, include_context=True)
    problem = problems[0]
    key = ".".join(str(part) for part in problem["loc"])
    match problem["type"]:
        case "extra_forbidden":
            known = _keys_beside(model, problem["loc"])
            near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
            cure = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
            text = f"unknown key {key}; {cure}"
        case "missing":
            text = f"{key} is missing"
        case "value_error":
            text = f"{key}: {problem['ctx']['error']}"
        case _:
            text = f"{key}: {problem['msg'][0].lower()}{problem['msg'][1:]}"
    more = len(problems) - 1
    return text + (f" (and {more} more problem{'s' if more > 1 else ''})" if more else "")


def _keys_beside(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that are known where an unknown one stands."""
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return list(model.model_fields)


class Environment(BaseSettings):
    """What the environment says: the account, and where the ledger is."""

    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True, extra="ignore")

    oneinbox_api_key: SecretStr | None = None
    oneinbox_api_key_file: Path | None = None
    oneinbox_base_url: str = DEFAULT_BASE_URL
    oneinbox_proxy: str | None = None
    campaign_ledger: str | None = None

    def api_key(self) -> SecretStr:
        """The secret key of the account.

        Raises:
            KeyRefusedError: There is none, its file cannot be read or is open to others, or it is of the
                publishable kind, which cannot place calls.
        """
        key = self.oneinbox_api_key or self._key_from_file()
        text = key.get_secret_value().strip() if key else ""
        if not text:
            raise KeyRefusedError(
                "no API key: set ONEINBOX_API_KEY, or ONEINBOX_API_KEY_FILE to a file that only you can read"
            )
        if text.startswith("oi_pk_"):
            raise KeyRefusedError(
                "the API key is a publishable one (oi_pk_), which cannot place calls; "
                "use the account's secret key (oi_sk_)"
            )
        if not text.isascii() or not text.isprintable() or " " in text:
            raise KeyRefusedError("the API key has characters that no key has; copy it again")
        return SecretStr(text)

    def _key_from_file(self) -> SecretStr | None:
        path = self.oneinbox_api_key_file
        if path is None:
            return None
        try:
            with path.open(encoding="utf-8") as file:
                mode = os.fstat(file.fileno()).st_mode
                if mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise KeyRefusedError(f"key file {path}: others can read it; run chmod 600 {path}")
                return SecretStr(file.read(4096))
        except OSError as error:
            raise KeyRefusedError(f"key file {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise KeyRefusedError(f"key file {path}: this is not a text file") from error

    def base_url(self) -> str:
        """Where the API is: https, or plain http on this machine only. Raises ConfigError."""
        return check_base_url(self.oneinbox_base_url)


def check_base_url(url: str) -> str:
    """Return `url` without a trailing slash. Raises ConfigError unless it is https, or http on loopback."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise ConfigError("ONEINBOX_BASE_URL: not a URL; write it like https://api.oneinbox.ai") from error
    # urlsplit drops white space and empty parts without a word.
    if not host or not re.fullmatch(r"[!-~]+", url) or set(url) & set("?#@"):
        raise ConfigError("ONEINBOX_BASE_URL: not a plain URL; write it like https://api.oneinbox.ai")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ConfigError("ONEINBOX_BASE_URL: must be https (plain http only on this machine)")
    return url.rstrip("/")


def ledger_url(flag: str | None, environment: Environment) -> str:
    """Where the ledger is: the flag, else CAMPAIGN_LEDGER, else a file in the user's state directory."""
    if flag or environment.campaign_ledger:
        return str(flag or environment.campaign_ledger)
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return str(Path(state) / "campaign" / "ledger.db")
