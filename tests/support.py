"""What several suites build their cases from."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from campaign.ledger.calls import SettledCall
from campaign.models import Contact, Ending, RejectedRow, RowStatus
from campaign.settings import CampaignSettings
from campaign.settings.profile import find_profile

NOON = datetime(2026, 6, 3, 17, 0, tzinfo=UTC)
"""A Wednesday, 13:00 in New York."""


def make_settings(**changes: Any) -> CampaignSettings:
    """A small campaign file, with some keys changed."""
    # Staged starts have tests of their own.
    changes["pace"] = {"stages": [], **changes.get("pace", {})}
    content: dict[str, Any] = {
        "name": "spring",
        "agent_id": "agt_test",
        "from_numbers": ["+12025550100"],
        "hours": {"days": {"mon-sun": "00:00-24:00"}},
    }
    return CampaignSettings.model_validate(content | changes)


def profiled(name: str, *, today: date | None = None, **more: Any) -> dict[str, Any]:
    """The `hours` of a campaign by a profile, confirmed where it has expired by now."""
    day = today or datetime.now(UTC).date()
    expired = day + timedelta(days=1) >= find_profile(name).expires_on
    return {"profile": name, **({"profile_confirmed": day.isoformat()} if expired else {}), **more}


class Rows(tuple[Contact | RejectedRow, ...]):
    """The rows of a list that a test has made by hand."""

    def rejected(self) -> Iterator[RejectedRow]:
        """As `ListRows`."""
        return (row for row in self if isinstance(row, RejectedRow))

    @property
    def statuses(self) -> Mapping[RowStatus, int]:
        """As `ListRows`."""
        return Counter(row.status if isinstance(row, RejectedRow) else RowStatus.WAITING for row in self)

    @property
    def consents(self) -> Mapping[str, int]:
        """As `ListRows`."""
        return Counter(row.consent for row in self if isinstance(row, Contact))


def children() -> set[str]:
    """The processes that this one has not waited for, among which those of other tests may be."""
    found: set[str] = set()
    for thread in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found.update(thread.read_text().split())
    return found


def nothing_left(_others: Sequence[SettledCall]) -> Ending:
    """What several calls of one request leave of a row: it is over."""
    return Ending(RowStatus.COMPLETED, "")
