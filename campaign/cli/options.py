"""Options that several commands share."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaign.errors import UsageError

if TYPE_CHECKING:
    from campaign.contacts.files.source import Feeding, ReadOptions

LAST_ROW = 2**31 - 1
"""Databases count no further in a column of this kind."""

ListArgument = Annotated[
    Path,
    typer.Argument(
        metavar="LIST",
        help="The contact list: CSV or other separated text, .xlsx, .ods, .jsonl or .parquet; "
        "- reads standard input.",
    ),
]
ConfigOption = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The campaign file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
LedgerOption = Annotated[
    str | None,
    typer.Option("--ledger", metavar="URL", help="The ledger: a file, or postgresql://... [CAMPAIGN_LEDGER]"),
]
EncodingOption = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Encoding of a list that is not UTF-8: cp1252."),
]
DelimiterOption = Annotated[
    str | None, typer.Option("--delimiter", metavar="CHAR", help="What separates the cells: ';' or tab.")
]
SheetOption = Annotated[
    str | None, typer.Option("--sheet", metavar="NAME", help="The sheet of a workbook with several.")
]
HiddenOption = Annotated[
    bool,
    typer.Option(
        "--include-hidden", help="Read rows and columns, too, that the spreadsheet hides or filters out."
    ),
]


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What the command line says about a list file."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    include_hidden: bool = False

    def for_reading(self, feeding: "Feeding" = nullcontext) -> "ReadOptions":
        """The same for the reader, which is loaded only when it is needed."""
        from campaign.contacts.files.source import ReadOptions

        return ReadOptions(self.encoding, self.delimiter, self.sheet, self.include_hidden, feeding)


AS_IT_IS = ListOptions()
"""The file speaks for itself."""


def refuse_far_rows(rows: int | Sequence[int] | None) -> int | Sequence[int] | None:
    """The same, as the callback of ROW. Raises BadParameter when a row is beyond all that a ledger holds."""
    chosen = [rows] if isinstance(rows, int) else rows or ()
    if any(row > LAST_ROW for row in chosen):
        raise typer.BadParameter("no list has so many rows; say the number that your spreadsheet shows")
    return rows


def named(option: str, text: str | None) -> Path | None:
    """The place that an option names.

    Raises:
        UsageError: The text is empty, which would be the folder in which the command was started.
    """
    if text is not None and not text.strip():
        raise UsageError(f"{option}: it is empty; name a place, or leave the option out")
    return None if text is None else Path(text)
