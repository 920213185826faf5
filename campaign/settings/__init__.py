"""What the operator sets: the campaign file and the environment."""

from campaign.settings.campaign_file import CampaignSettings, load_campaign_file
from campaign.settings.caps import CapSettings, NumberCap
from campaign.settings.environment import Environment, check_base_url, ledger_url
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
    "CallSettings",
    "CampaignSettings",
    "CapSettings",
    "ContactSettings",
    "Environment",
    "HourSettings",
    "NumberCap",
    "OptOutSettings",
    "PaceSettings",
    "RetrySettings",
    "SuppressionFile",
    "Window",
    "check_base_url",
    "describe_duration",
    "ledger_url",
    "load_campaign_file",
    "parse_duration",
]
