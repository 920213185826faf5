"""Result files of every format, read by nothing of ours."""

import csv
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet


def rows_of(output: Path) -> list[Mapping[str, Any]]:
    """The rows of a result file."""
    match output.suffix:
        case ".csv":
            with output.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
        case ".jsonl":
            return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
        case ".parquet":
            # Without threads: this process forks.
            table = pyarrow.parquet.read_table(output, use_threads=False, pre_buffer=False)
            return list(table.to_pylist())
        case _:
            with closing(openpyxl.load_workbook(output)) as book:
                header, *rows = book.active.iter_rows(values_only=True)
            return [dict(zip(header, row, strict=True)) for row in rows]


def as_csv(output: Path) -> Path:
    """A copy of the result for the judge, in the one format that it reads; none of what nobody can read."""
    copy = output.with_name("read back.csv")
    try:
        rows = rows_of(output)
        with copy.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    except Exception:
        copy.unlink(missing_ok=True)
    return copy
