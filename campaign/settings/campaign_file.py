"""The campaign file, as one frozen object that is made once.

It is YAML. Unknown keys are errors, since a rule that is misspelt must not be a rule that is off. A mistake
is reported in one line: file, key, what is wrong, what would be right.
"""

import difflib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import get_args

import yaml
from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator

from campaign.errors import ConfigError, InputMissingError
from campaign.settings import strict_yaml
from campaign.settings.breaker import BreakerSettings
from campaign.settings.budget import BudgetSettings
from campaign.settings.call import CallSettings
from campaign.settings.caps import CapSettings
from campaign.settings.dispositions import DispositionLines, read_lines
from campaign.settings.from_numbers import FromNumberLimits
from campaign.settings.hook import HookSettings
from campaign.settings.hours import HourSettings
from campaign.settings.moments import LAST_ZONE, Moment, MomentText, are_in_order, end_of
from campaign.settings.opt_out import OptOutSettings
from campaign.settings.retry import RetrySettings
from campaign.settings.sections import (
    ContactSettings,
    PaceSettings,
    Section,
    SuppressionEntry,
)
from campaign.settings.values import Duration, Numbers


class CampaignSettings(Section):
    """One campaign file."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[\w.{}-]+$")
    agent_id: str = Field(min_length=1, max_length=200)
    from_numbers: Numbers = Field(min_length=1)
    from_number_limits: FromNumberLimits = FromNumberLimits()
    not_before: MomentText | None = None
    """Nobody is dialled earlier. Without an offset it is a time on the clock of each person."""
    valid_until: MomentText | None = None
    """Nobody is dialled from then on; who has not been attempted becomes `expired`."""
    valid_for: Duration | None = None
    """The same as a span after the campaign's first start, for campaigns of every night."""
    contacts: ContactSettings = ContactSettings()
    call: CallSettings = CallSettings()
    pace: PaceSettings = PaceSettings()
    hours: HourSettings = HourSettings()
    retry: RetrySettings = RetrySettings()
    dispositions: DispositionLines = ()
    """Lines before the program's own that say how a call ended, or a file of them beside this one."""
    caps: CapSettings = CapSettings()
    budget: BudgetSettings = BudgetSettings()
    opt_out: OptOutSettings = OptOutSettings()
    breaker: BreakerSettings = BreakerSettings()
    hook: HookSettings | None = None
    """Asked before each call, after every rule has said yes."""
    suppression: tuple[SuppressionEntry, ...] = ()
    """Files of numbers that must not be called, relative to the campaign file; read again in a long run."""
    output: str = Field(default="results/{name}.csv", min_length=1)

    @field_validator("hook", mode="before")
    @classmethod
    def _says_something(cls, value: object) -> object:
        if value is None:
            raise ValueError("write a command or a url below it, or leave the key out")
        return value

    @field_validator("valid_until")
    @classmethod
    def _comes_after_the_start(cls, value: Moment | None, info: ValidationInfo) -> Moment | None:
        start = info.data.get("not_before")
        if value is not None and start is not None and not are_in_order(start, value):
            raise ValueError("it must come after not_before, or nobody could ever be called")
        return value

    @property
    def suppression_files(self) -> tuple[Path, ...]:
        """Where the lists of numbers are that must not be called."""
        return tuple(entry.file for entry in self.suppression)

    @property
    def files_read(self) -> tuple[Path, ...]:
        """The files that say whom not to call, and when: of numbers, and of days off."""
        return (*self.suppression_files, *filter(None, [self.hours.blackout]))

    def agent_for(self, own: str | None) -> str:
        """The agent that calls a person, whose row may name one of its own."""
        return own or self.agent_id

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
        raise ConfigError(
            f"campaign file {path}: not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    try:
        content = strict_yaml.load(text)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or f"not valid YAML ({' '.join(str(error).split())[:80]})"
        raise ConfigError(f"campaign file {path}{where}: {_with_cure(problem)}") from error
    if not isinstance(content, dict):
        raise ConfigError(
            f"campaign file {path}: expected keys like `name:` and `agent_id:`, found none; "
            "`campaign init` writes a file to start from"
        )
    if name is not None:
        content["name"] = name
    if isinstance(named := content.get("dispositions"), str):
        try:
            content["dispositions"] = read_lines(path.parent / named)
        except ValueError as error:
            raise ConfigError(f"campaign file {path}: dispositions: {_with_cure(str(error))}") from error
    try:
        settings = CampaignSettings.model_validate(content)
    except ValidationError as error:
        raise ConfigError(
            f"campaign file {path}: {_first_problem(error, CampaignSettings, content)}"
        ) from error
    if (empty := next(_keys_without_value(content), None)) is not None:
        raise ConfigError(f"campaign file {path}: {empty}: {_NOTHING}")
    if "{" in settings.name.replace("{date}", ""):
        raise ConfigError(f"campaign file {path}: name: the only placeholder is {{date}}; leave out others")
    if "{" in settings.output.replace("{name}", ""):
        raise ConfigError(f"campaign file {path}: output: the only placeholder is {{name}}; leave out others")
    hours = settings.hours
    if hours.blackout is not None:
        hours = hours.model_copy(update={"blackout": path.parent / hours.blackout})
    return settings.model_copy(
        update={
            "hours": hours,
            "hook": settings.hook.within(path.parent) if settings.hook is not None else None,
            "suppression": tuple(
                entry.model_copy(update={"file": path.parent / entry.file}) for entry in settings.suppression
            ),
        }
    )


def refuse_past_end(settings: CampaignSettings, now: datetime) -> None:
    """Raise ConfigError when `valid_until` has passed everywhere: a new campaign would expire whole."""
    end = settings.valid_until
    if end is not None and (passed := end_of(end, [LAST_ZONE])) is not None and passed <= now:
        raise ConfigError(f"valid_until: {end} has passed, so nobody would be called; write a later one")


def _first_problem(error: ValidationError, model: type[BaseModel], content: object) -> str:
    """One line about the first mistake, and how many more there are."""
    problems = error.errors(include_url=False, include_context=True)
    # A key that is misspelt is also one that is missing: the first says more.
    problem = next((each for each in problems if each["type"] == "extra_forbidden"), problems[0])
    key = ".".join(_as_written(problem["loc"], content))
    match problem["type"]:
        case "extra_forbidden":
            known = _keys_beside(model, problem["loc"])
            near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
            cure = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
            text = f"unknown key {key}; {cure}"
        case "missing":
            text = f"{key} is missing; add it"
        case "value_error":
            text = f"{key}: {problem['ctx']['error']}"
        case "tuple_type" | "list_type":
            text = f"{key}: write a list{f', like {_LISTS[key]}' if key in _LISTS else ', like [a, b]'}"
        case "model_type" | "dict_type" | "model_attributes_type":
            text = f"{key}: expected keys below it, found {_kind(problem['input'])}"
        case "string_pattern_mismatch" if key == "name":
            text = f"{key}: letters, digits, dots, dashes and underscores only, like reminders-{{date}}"
        case _ if problem["input"] is None:
            text = f"{key}: {_NOTHING}"
        case _:
            text = f"{key}: {problem['msg'][0].lower()}{problem['msg'][1:]}"
    more = len(problems) - 1
    return _with_cure(text) + (f" (and {more} more problem{'s' if more > 1 else ''})" if more else "")


def _keys_without_value(content: object, *above: str) -> Iterator[str]:
    """Keys of which nobody could tell a rule that is off from one that somebody has forgotten to write."""
    if content is None:
        yield ".".join(above)
    elif isinstance(content, dict | list):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from _keys_without_value(value, *above, str(key))


def _with_cure(text: str) -> str:
    """What is wrong with a campaign file, with something to do where the text has nothing."""
    return (
        text if "; " in text else f"{text}; `campaign init` writes a file that shows how each key is written"
    )


_NOTHING = "there is nothing behind it; write a value, or leave the key out"

_LISTS = {
    "suppression": "[dnc.csv]",
    "contacts.countries": "[US, CA]",
    "contacts.required": "[customer_name]",
    "hours.holidays": "[US]",
    **dict.fromkeys(("retry.no_answer", "retry.busy", "retry.voicemail", "retry.failed"), "[30m, 4h]"),
    "retry.never_after": "[Not Interested]",
    "pace.stages": "[1, 5, 25]",
}
"""What the lists of a campaign file look like, for whoever has written something else."""


def _kind(value: object) -> str:
    """What stands where keys should, without saying it: it may be a number."""
    return "none" if value is None else "a list" if isinstance(value, list) else "a text"


def _as_written(location: tuple[int | str, ...], content: object) -> Iterator[str]:
    """The parts of a key as the file has it: where one thing stands for a list of one, without its index."""
    for part in location:
        is_of_file = isinstance(content, list) or (isinstance(content, dict) and part in content)
        if isinstance(part, int) and not is_of_file:
            continue
        yield str(part)
        try:
            content = content[part]  # type: ignore[index]
        except (LookupError, TypeError):
            content = None


def _keys_beside(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that are known where an unknown one stands."""
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        model = next(_models_in(field.annotation), model) if field else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
