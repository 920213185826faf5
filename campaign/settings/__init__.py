"""What the operator sets: the campaign file and the environment."""

from campaign.settings.breaker import BreakerSettings
from campaign.settings.budget import BudgetSettings
from campaign.settings.campaign_file import CampaignSettings, load_campaign_file
from campaign.settings.caps import CapSettings, NumberCap
from campaign.settings.environment import Environment, check_base_url, ledger_url
from campaign.settings.from_numbers import FromNumberLimits
from campaign.settings.moments import FORM, Moment, end_of, parse_moment, start_of
from campaign.settings.opt_out import OptOutSettings
from campaign.settings.retry import RetrySettings
from campaign.settings.sections import (
    CallSettings,
    ContactSettings,
    HourSettings,
    PaceSettings,
    SuppressionFile,
)
from campaign.settings.values import Window, describe_duration, parse_duration

__all__ = [
    "FORM",
    "BreakerSettings",
    "BudgetSettings",
    "CallSettings",
    "CampaignSettings",
    "CapSettings",
    "ContactSettings",
    "Environment",
    "FromNumberLimits",
    "HourSettings",
    "Moment",
    "NumberCap",
    "OptOutSettings",
    "PaceSettings",
    "RetrySettings",
    "SuppressionFile",
    "Window",
    "check_base_url",
    "describe_duration",
    "end_of",
    "ledger_url",
    "load_campaign_file",
    "parse_duration",
    "parse_moment",
    "start_of",
]
