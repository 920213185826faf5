"""What several suites build their cases from."""

from datetime import UTC, datetime
from typing import Any

from campaign.settings import CampaignSettings

NOON = datetime(2026, 6, 3, 17, 0, tzinfo=UTC)
"""A Wednesday, 13:00 in New York."""


def make_settings(**changes: Any) -> CampaignSettings:
    """A small campaign file, with some keys changed."""
    content: dict[str, Any] = {
        "name": "spring",
        "agent_id": "agt_test",
        "from_numbers": ["+12025550100"],
        "hours": {"days": {"mon-sun": "00:00-24:00"}},
    }
    return CampaignSettings.model_validate(content | changes)
