"""What the operator sets: the campaign file and the environment."""

from campaign.settings.area_codes import ELSEWHERE, STATES, state_of_number
from campaign.settings.calendar import NO_DAYS_OFF, Calendar, make_calendar
from campaign.settings.campaign_file import CampaignSettings, load_campaign_file
from campaign.settings.environment import Environment, check_base_url, ledger_url
from campaign.settings.hours import HourSettings, refuse_expired
from campaign.settings.opt_out import OptOutSettings
from campaign.settings.profile import Profile
from campaign.settings.sections import (
    CallSettings,
    ContactSettings,
    NumberCap,
    PaceSettings,
    RetrySettings,
    SuppressionFile,
)
from campaign.settings.values import Window, describe_clock_time, describe_duration, parse_duration

__all__ = [
    "ELSEWHERE",
    "NO_DAYS_OFF",
    "STATES",
    "Calendar",
    "CallSettings",
    "CampaignSettings",
    "ContactSettings",
    "Environment",
    "HourSettings",
    "NumberCap",
    "OptOutSettings",
    "PaceSettings",
    "Profile",
    "RetrySettings",
    "SuppressionFile",
    "Window",
    "check_base_url",
    "describe_clock_time",
    "describe_duration",
    "ledger_url",
    "load_campaign_file",
    "make_calendar",
    "parse_duration",
    "refuse_expired",
    "state_of_number",
]
