"""The report: what is wrong with a list, grouped by problem."""

from dataclasses import dataclass, field

from campaign.contacts.problems import DUPLICATES
from campaign.models import Intake, RowStatus

EXAMPLES = 5


@dataclass(slots=True)
class Group:
    """All rows with one problem in one column."""

    code: str
    status: RowStatus
    column: str | None
    reason: str
    cure: str
    rows: int = 0
    examples: list[int] = field(default_factory=list)
    """The first row numbers, as the spreadsheet shows them."""


def groups(intake: Intake) -> list[Group]:
    """The problems of a list, the most frequent first."""
    found: dict[tuple[str, str | None, str], Group] = {}
    for row in intake.rejected:
        # Each duplicate names the row that it repeats; together they are one problem.
        reason = DUPLICATES[row.code].reason if row.code in DUPLICATES else row.reason
        group = found.setdefault(
            (row.code, row.column, reason), Group(row.code, row.status, row.column, reason, row.cure)
        )
        group.rows += 1
        if len(group.examples) < EXAMPLES:
            group.examples.append(row.row.number)
    return sorted(found.values(), key=lambda group: -group.rows)


def broken(intake: Intake, limit: float) -> str | None:
    """Why a list looks broken as a whole, or None.

    Args:
        intake: The list.
        limit: The share of unusable rows that is allowed, from 0 to 1.
    """
    if intake.invalid_share <= limit:
        return None
    return f"{intake.invalid_share:.1%} of the rows are unusable, and contacts.max_invalid allows {limit:.1%}"
