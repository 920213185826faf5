"""Marked copies of a list: the rows to mend, and the whole list with repairs made and proposals beside it."""

from collections.abc import Iterator

from campaign.contacts import layout
from campaign.models import CHECK_COLUMNS, REJECT_COLUMNS, Contact, Intake, RejectedRow, RowStatus

RESULT_COLUMN = CHECK_COLUMNS[0]
OK, REPAIRED, REFUSED, DUPLICATE = "ok", "repaired", "refused", "duplicate"
REWRITTEN = "written as a plus and digits"


def rejects(intake: Intake) -> tuple[list[str], Iterator[list[str]]]:
    """The unusable rows in the list's own columns, each with its reason and the column that has it.

    Duplicates are not among them: mended and run as a list of its own, they would be called again.
    """
    rows = (
        [*row.row.cells, row.reason, row.column or ""]
        for row in intake.rejected
        if row.status is RowStatus.REJECTED
    )
    return [*intake.headers, *REJECT_COLUMNS], rows


def fixed(intake: Intake) -> tuple[list[str], Iterator[list[str]]]:
    """Every row, with the phone numbers that could be read written as E.164, and what was done or must be."""
    place = intake.headers.index(intake.phone_column)
    return [*intake.headers, *CHECK_COLUMNS], (_marked(row, place) for row in intake.rows)


def _marked(row: Contact | RejectedRow, place: int) -> list[str]:
    cells = list(row.row.cells)
    written = cells[place]
    if row.to_number is not None:
        cells[place] = row.to_number
    if isinstance(row, RejectedRow):
        result = DUPLICATE if row.status is RowStatus.DUPLICATE else REFUSED
        where = f"{row.column}: " if row.column else ""
        return [*cells, result, where + row.reason, row.proposal or ""]
    if written == row.to_number:
        return [*cells, OK, "", ""]
    _, repairs = layout.tidy(written)
    return [*cells, REPAIRED, ", ".join(repairs) or REWRITTEN, ""]
