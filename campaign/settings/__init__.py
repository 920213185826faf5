"""What the operator sets: the campaign file and the environment."""

from campaign.settings.addresses import LOOPBACK, checked_url
from campaign.settings.area_codes import ELSEWHERE, STATES, state_of_number
from campaign.settings.breaker import BreakerSettings
from campaign.settings.budget import BudgetSettings
from campaign.settings.calendar import NO_DAYS_OFF, Calendar, DaysOff, make_calendar
from campaign.settings.call import CallSettings
from campaign.settings.campaign_file import CampaignSettings, load_campaign_file, refuse_past_end
from campaign.settings.caps import CapSettings, NumberCap
from campaign.settings.consent import is_consent
from campaign.settings.environment import Environment, check_base_url, ledger_url
from campaign.settings.from_numbers import FromNumberLimits
from campaign.settings.hook import HookSettings
from campaign.settings.hours import HourSettings, refuse_expired
from campaign.settings.moments import FORM, Moment, end_of, parse_moment, start_of
from campaign.settings.opt_out import OptOutSettings
from campaign.settings.profile import Profile
from campaign.settings.retry import RetrySettings
from campaign.settings.sections import (
    ContactSettings,
    PaceSettings,
    SuppressionFile,
)
from campaign.settings.values import Window, describe_clock_time, describe_duration, parse_duration
from campaign.settings.zones import is_place

__all__ = [
    "ELSEWHERE",
    "FORM",
    "LOOPBACK",
    "NO_DAYS_OFF",
    "STATES",
    "BreakerSettings",
    "BudgetSettings",
    "Calendar",
    "CallSettings",
    "CampaignSettings",
    "CapSettings",
    "ContactSettings",
    "DaysOff",
    "Environment",
    "FromNumberLimits",
    "HookSettings",
    "HourSettings",
    "Moment",
    "NumberCap",
    "OptOutSettings",
    "PaceSettings",
    "Profile",
    "RetrySettings",
    "SuppressionFile",
    "Window",
    "check_base_url",
    "checked_url",
    "describe_clock_time",
    "describe_duration",
    "end_of",
    "is_consent",
    "is_place",
    "ledger_url",
    "load_campaign_file",
    "make_calendar",
    "parse_duration",
    "parse_moment",
    "refuse_expired",
    "refuse_past_end",
    "start_of",
    "state_of_number",
]
