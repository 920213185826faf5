"""What the operator sets: the campaign file and the environment."""

from campaign.settings.campaign_file import (
    CampaignSettings,
    ContactSettings,
    HourSettings,
    NumberCap,
    PaceSettings,
    RetrySettings,
    load_campaign_file,
)
from campaign.settings.environment import Environment, check_base_url, ledger_url
from campaign.settings.values import Window, parse_duration

__all__ = [
    "CampaignSettings",
    "ContactSettings",
    "Environment",
    "HourSettings",
    "NumberCap",
    "PaceSettings",
    "RetrySettings",
    "Window",
    "check_base_url",
    "ledger_url",
    "load_campaign_file",
    "parse_duration",
]
