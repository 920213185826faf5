"""Copies: a CSV file that we wrote is read again as it was before its cells were made safe to open.

In CSV results and copies a text that a spreadsheet would run as a formula has an apostrophe in front
(`campaign.results.table.defuse`). Sent to an agent it would be spoken, so here it goes away again.
"""

import re
from dataclasses import replace

from campaign.contacts.files.reading import ListFile
from campaign.models import OUR_COLUMNS

# An apostrophe before what starts a formula; before a mere number there never was one of ours.
_DEFUSED = re.compile(r"'(?='*[=+\-@\t\r\n])(?![+\-]?[\d\s().,/\-]+\Z)")


def restored_file(file: ListFile) -> ListFile:
    """The list as it was, when it is a CSV file with columns that only we write; else the same list."""
    if file.kind != "csv" or OUR_COLUMNS.isdisjoint(file.headings):
        return file
    records = ((number, [restored(cell) for cell in cells]) for number, cells in file.records)
    return replace(file, headings=tuple(map(restored, file.headings)), records=records)


def restored(cell: str) -> str:
    """The cell without the apostrophe that made it safe."""
    return cell[1:] if _DEFUSED.match(cell) else cell
