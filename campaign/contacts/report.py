"""The report: what is wrong with a list, grouped by problem."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from campaign.contacts.files.naming import quoted
from campaign.contacts.problems import DUPLICATES
from campaign.models import Intake, RowStatus
from campaign.settings import ContactSettings, is_consent

EXAMPLES = 5
_VALUES_SHOWN = 5
"""So many values that are no consent are shown one by one, the most frequent ones."""


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


def no_consent(intake: Intake, settings: ContactSettings, now: datetime) -> str | None:
    """What a list says that is no consent, with counts, for the operator; None when all of it is."""
    said = Counter(
        {
            cell: rows
            for cell, rows in intake.rows.consents.items()
            if (cell or settings.consent_basis is None) and not is_consent(cell, settings.consent_values, now)
        }
    )
    if not said:
        return None
    most = said.most_common(_VALUES_SHOWN)
    told = [f"{quoted(cell) if cell else 'nothing'} in {_rows(rows)}" for cell, rows in most]
    if rest := said.total() - sum(rows for _, rows in most):
        told.append(f"something else in {_rows(rest)}")
    return (
        f"no consent on record: the list says {', '.join(told)}; "
        "what counts as consent is listed in contacts.consent_values"
    )


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def broken(intake: Intake, limit: float) -> str | None:
    """Why a list looks broken as a whole, or None.

    Args:
        intake: The list.
        limit: The share of unusable rows that is allowed, from 0 to 1.
    """
    if intake.invalid_share <= limit:
        return None
    return f"{intake.invalid_share:.1%} of the rows are unusable, and contacts.max_invalid allows {limit:.1%}"
