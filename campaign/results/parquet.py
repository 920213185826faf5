"""Tables as Parquet: `.parquet`, with typed columns, for programs that analyse results."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO

from campaign.results import table
from campaign.results.table import Cell, Table

BATCH_ROWS = 10_000
BATCH_CHARACTERS = 16_000_000
"""A batch is in memory at once, and ends with the row that reaches either bound."""


def write_parquet(file: IO[bytes], content: Table) -> int:
    """Write texts as strings and typed columns as numbers and UTC times; returns the number of rows.

    Raises:
        OSError: It cannot be written, or a cell is not of its column's type.
    """
    # Takes a third of a second, which only those who want this format should wait.
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    arrow_types = {
        str: pyarrow.string(),
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        datetime: pyarrow.timestamp("us", tz="UTC"),
    }
    types = [content.types.get(name, str) for name in content.header]
    names = table.unique_names(content.header)
    schema = pyarrow.schema([(name, arrow_types[kind]) for name, kind in zip(names, types, strict=True)])
    written = 0
    try:
        writer = ParquetWriter(file, schema)
        try:
            for batch in _batches(content.rows):
                columns = zip(types, zip(*batch, strict=True), strict=True)
                arrays = [
                    pyarrow.array([_value(cell, kind) for cell in cells], arrow_types[kind])
                    for kind, cells in columns
                ]
                writer.write_batch(pyarrow.record_batch(arrays, schema=schema))
                written += len(batch)
            writer.close()
        except BaseException:
            # Else it writes an end when it is collected, into a file that is closed by then.
            writer.is_open = False
            raise
    except pyarrow.ArrowException as error:
        raise OSError(None, str(error).partition("\n")[0]) from error
    return written


def _batches(rows: Iterable[Sequence[Cell]]) -> Iterator[list[Sequence[Cell]]]:
    batch: list[Sequence[Cell]] = []
    characters = 0
    for row in rows:
        batch.append(row)
        characters += sum(len(cell) for cell in row if isinstance(cell, str))
        if len(batch) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _value(cell: Cell, kind: type) -> Cell | datetime:
    if cell is None:
        return None
    if kind is datetime:
        return datetime.fromisoformat(str(cell))
    return str(cell) if kind is str else cell
