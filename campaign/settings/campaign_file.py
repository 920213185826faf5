"""The campaign file, as one frozen object that is made once.

It is YAML. Unknown keys are errors, since a rule that is misspelt must not be a rule that is off. A mistake
is reported in one line: file, key, what is wrong, what would be right.
"""

import difflib
from datetime import date, timedelta
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from campaign.errors import ConfigError, InputMissingError
from campaign.settings.values import Days, Duration, Numbers, Region, Texts, parse_days


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

    variables: Texts = {}
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

    days: Days = Field(default_factory=lambda: parse_days({"mon-sun": "09:00-20:00"}))


class RetrySettings(_Section):
    """Which ends of a call are followed by another try, and after how long."""

    max_attempts: int = Field(default=1, ge=1, le=20)
    """All tries of one person in this campaign, the first included."""
    no_answer: tuple[Duration, ...] = ()
    busy: tuple[Duration, ...] = ()
    voicemail: tuple[Duration, ...] = ()
    failed: tuple[Duration, ...] = ()

    @model_validator(mode="after")
    def _takes_effect(self) -> Self:
        has_gaps = bool(self.no_answer or self.busy or self.voicemail or self.failed)
        if has_gaps and self.max_attempts == 1:
            raise ValueError("gaps have no effect while max_attempts is 1; set it to 2 or more")
        if self.max_attempts > 1 and not has_gaps:
            raise ValueError("max_attempts needs a gap, like no_answer: [30m, 4h]")
        return self


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
    from_numbers: Numbers = Field(min_length=1)
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
