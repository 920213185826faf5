"""When people may be called: windows, days off, and the profile that both must stay within."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from campaign.errors import ConfigError
from campaign.settings.profile import PROFILES, Profile, find_profile, why_expired
from campaign.settings.sections import Section
from campaign.settings.values import (
    WEEKDAYS,
    Day,
    Days,
    Margin,
    Places,
    describe_duration,
    describe_window,
    parse_days,
)


def _check_file(value: object) -> object:
    if not isinstance(value, str | Path) or not str(value).strip():
        raise ValueError("write the path of a file, like closed.csv")
    return value


FilePath = Annotated[Path, BeforeValidator(_check_file), WithJsonSchema({"type": "string"})]


class HourSettings(Section):
    """When people may be called, in their own time zone."""

    profile: Literal["us", "us-strict", "gb", "in", "eu", "custom"] | None = None
    """Rules of a country, which come with the program; `custom` is none."""
    profile_confirmed: Day | None = None
    """When somebody has checked that an expired profile is still right."""
    days: Days = Field(default_factory=lambda: parse_days({"mon-sun": "09:00-20:00"}))
    """By default those of the profile; otherwise within them."""
    holidays: Places = ()
    """On the holidays of these countries nobody with a number of the country is called."""
    blackout: FilePath | None = None
    """A file of dates on which nobody is called, relative to the campaign file."""
    closing_margin: Margin = timedelta(minutes=3)
    """So long before a window closes no call starts any more: a request and a queue take their time."""
    number_margin: Margin = timedelta(hours=1)
    """Where only the number tells the time zone, a window opens so much later and closes so much earlier."""

    @model_validator(mode="before")
    @classmethod
    def _take_days_of_profile(cls, value: Any) -> Any:
        if isinstance(value, dict) and "days" not in value and value.get("profile") in PROFILES:
            return {**value, "days": find_profile(value["profile"]).days}
        return value

    @model_validator(mode="after")
    def _leave_something(self) -> Self:
        for day, window in self.days.items():
            if window.closes - window.opens <= self.closing_margin:
                told = f"{WEEKDAYS[day]} is {describe_window(window)}"
                raise ValueError(f"days: {told}, of which closing_margin leaves nothing")
        return self

    @model_validator(mode="after")
    def _narrow_only(self) -> Self:
        if self.rules is None:
            if self.profile_confirmed is not None:
                raise ValueError("profile_confirmed has no effect without a profile")
            return self
        for name in ("closing_margin", "number_margin"):
            least = type(self).model_fields[name].default
            if getattr(self, name) < least:
                raise ValueError(
                    f"{name}: profile {self.profile} needs at least {describe_duration(least)}, as the zone "
                    "of a number and the time that a call takes are not exact"
                )
        for day, window in self.days.items():
            allowed = self.rules.days.get(day)
            if allowed is None:
                raise ValueError(
                    f"days: {WEEKDAYS[day]} is open, but profile {self.profile} is closed that day; "
                    "days may only narrow a profile"
                )
            if window.opens < allowed.opens or window.closes > allowed.closes:
                raise ValueError(
                    f"days: {WEEKDAYS[day]} is {describe_window(window)}, but profile {self.profile} allows "
                    f"{describe_window(allowed)}; days may only narrow a profile"
                )
        return self

    @property
    def rules(self) -> Profile | None:
        """Those of the profile, where there is one."""
        return find_profile(self.profile) if self.profile in PROFILES else None

    @property
    def all_holidays(self) -> Places:
        """Places of whose holidays nobody there is called: the campaign file's and the profile's."""
        of_profile = self.rules.holidays if self.rules is not None else ()
        return tuple(dict.fromkeys((*self.holidays, *of_profile)))

    @property
    def needs_calendar(self) -> bool:
        """Whether nobody can say without a calendar when people may be called."""
        return bool(self.all_holidays) or self.blackout is not None

    def why_expired(self, now: datetime) -> str | None:
        """Why nobody may be called by this profile any more, with the cure; None while somebody may."""
        if self.rules is None or self.profile is None:
            return None
        return why_expired(self.profile, self.rules, self.profile_confirmed, now)


def refuse_expired(hours: HourSettings, now: datetime) -> None:
    """Raise ConfigError when the profile has expired and nobody has confirmed it."""
    if trouble := hours.why_expired(now):
        raise ConfigError(f"hours.profile: {trouble}")
