"""This machine: its clock, its time zones, and the folder of the result."""

import os
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaign.doctor.finding import Finding, note, of_error, ok, problem, unknown
from campaign.errors import OutputError
from campaign.results import files
from campaign.settings import CampaignSettings

CLOCK, ZONES, OUTPUT = "clock", "time zones", "result"
CLOCK_TOLERANCE_S = 60.0
"""Calls stop three minutes before closing by default; a clock may be wrong by less."""
SOME_ZONES = ("America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe")
OLD_YEARS = 2


def clock(ahead_s: float | None) -> Finding:
    """How far this machine's clock is from OneInbox's."""
    if ahead_s is None:
        return unknown(CLOCK, "no reply of OneInbox told a time")
    if abs(ahead_s) <= CLOCK_TOLERANCE_S:
        return ok(CLOCK, f"within {max(round(abs(ahead_s)), 1)} s of OneInbox's")
    direction = "ahead of" if ahead_s > 0 else "behind"
    cause = f"it is {abs(ahead_s):,.0f} s {direction} OneInbox's, and calling hours go by it"
    return problem(CLOCK, cause, "have it set by NTP (on systemd: timedatectl set-ntp true)")


def time_zones(year: int, *, version: str | None = None, zones: Sequence[str] = SOME_ZONES) -> Finding:
    """Whether the rules of the time zones are there, and from when.

    Args:
        year: The present one.
        version: Of the data, like `2026.1`; by default that of the installed package.
        zones: Those that are tried.
    """
    try:
        for name in zones:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        return problem(
            ZONES, f"their rules cannot be read ({type(error).__name__})", "pip install --force tzdata"
        )
    try:
        known = version or metadata.version("tzdata")
    except metadata.PackageNotFoundError:
        return unknown(ZONES, "the age of their rules is not told; they can be read")
    of_year = known.partition(".")[0]
    if of_year.isdigit() and int(of_year) <= year - OLD_YEARS:
        return note(ZONES, f"their rules are of {of_year} (tzdata {known})", "pip install --upgrade tzdata")
    return ok(ZONES, f"tzdata {known}")


def output(settings: CampaignSettings, name: str) -> Finding:
    """Whether the result can be written where the campaign file says."""
    path = Path(settings.output.replace("{name}", name))
    folder = path.parent
    if (
        not folder.exists()
        and "output" not in settings.model_fields_set
        and os.access(Path(), os.W_OK | os.X_OK)
    ):
        return ok(OUTPUT, f"{path}; a run makes the folder")
    try:
        files.check_output(path)
    except OutputError as error:
        return of_error(OUTPUT, error)
    return ok(OUTPUT, str(path))
