"""Tables as text: `.csv`, safe to open in a spreadsheet, and `.jsonl`, exact."""

import csv
import json
from typing import IO

from campaign.results import table
from campaign.results.table import Table


class _Lines:
    """Lets lines end in a line feed although the csv module believes in both characters.

    Only then does every Python version quote a lone carriage return, which begins a new row in a spreadsheet.
    """

    def __init__(self, text: IO[str]) -> None:
        self._text = text

    def write(self, line: str) -> None:
        self._text.write(line.removesuffix("\r\n") + "\n")


def write_csv(file: IO[bytes], content: Table) -> int:
    """Write UTF-8 with the table's delimiter, formulas defused; returns the number of rows."""
    written = 0
    # The file is closed by its owner, who flushes it to disk first.
    with open(file.fileno(), "w", encoding="utf-8", newline="", closefd=False) as text:
        writer = csv.writer(_Lines(text), delimiter=content.delimiter, lineterminator="\r\n")
        writer.writerow([table.defuse(name) for name in content.header])
        for row in content.rows:
            writer.writerow([table.defuse(cell) for cell in row])
            written += 1
    return written


def write_jsonl(file: IO[bytes], content: Table) -> int:
    """Write one JSON object per row, texts as they are; returns the number of rows."""
    written = 0
    names = table.unique_names(content.header)
    for row in content.rows:
        values = dict(zip(names, row, strict=True))
        file.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
        written += 1
    return written
