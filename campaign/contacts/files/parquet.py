"""Parquet files: their columns as a header, their rows as text."""

import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet

from campaign.contacts.files import limits, shown
from campaign.contacts.files.naming import quoted
from campaign.contacts.files.sheet import check_row
from campaign.errors import ListError

DAMAGED = "not a Parquet file that can be read; write it again, or save the list as CSV"

_BATCH_ROWS = 1_000
_DIGITS_END = {16: 2**11, 32: 2**24, 64: shown.DIGITS_END}
"""By the bits of a floating point number: from here on it need not have all digits of a whole number."""

# Five digits tell any number of 16 bits from its neighbours.
_SHORT: dict[int, Callable[[float], str]] = {16: lambda value: f"{value:.5g}", 64: repr}

Text = Callable[[Any], list[str]]


def records(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a Parquet file; the header is row 1.

    Raises:
        ListError: It is damaged or too large, or a column holds what is no text, number, or time.
    """
    try:
        with pa.parquet.ParquetFile(file, memory_map=False) as table:
            yield from _records(table)
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
        raise ListError(DAMAGED) from error


def _records(table: Any) -> Iterator[tuple[int, list[str]]]:
    schema = table.schema_arrow
    if len(schema) > limits.COLUMNS:
        raise ListError(f"it has {len(schema):,} columns, more than {limits.COLUMNS}; leave some out")
    if table.metadata.num_rows >= limits.ROWS:
        raise ListError(
            f"it has {table.metadata.num_rows:,} rows, more than {limits.ROWS - 1:,}; "
            "split the list into several files"
        )
    texts = [_text_of(field) for field in schema]
    header = [str(name) for name in schema.names]
    check_row(1, header)
    yield 1, header
    number = 1
    for batch in table.iter_batches(batch_size=_BATCH_ROWS, use_threads=False):
        columns = [text(column) for text, column in zip(texts, batch.columns, strict=True)]
        for cells in zip(*columns, strict=True):
            number += 1
            check_row(number, cells, longest=limits.TEXT_CELL_CHARACTERS)
            yield number, list(cells)


def _text_of(field: Any) -> Text:
    """How the values of a column become text."""
    kind, types = field.type, pa.types
    if types.is_dictionary(kind):
        inner = _text_of(field.with_type(kind.value_type))
        return lambda column: inner(column.dictionary_decode())
    if (
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_null(kind)
        or types.is_string_view(kind)
    ):
        return _each(str)
    if types.is_integer(kind):
        return _each(str)
    if types.is_boolean(kind):
        return _each(lambda value: "TRUE" if value else "FALSE")
    if types.is_floating(kind):
        return _floats(field)
    if types.is_decimal(kind):
        return _each(_decimal)
    if types.is_timestamp(kind):
        return _timestamps
    if types.is_date(kind) or types.is_time(kind):
        return lambda column: _each(_without_zeros)(column.cast(pa.string()))
    raise ListError(
        f"the column {quoted(field.name)} is of the type {quoted(str(kind))}; "
        "leave it out or write it as text"
    )


def _each(text: Callable[[Any], str]) -> Text:
    return lambda column: ["" if value is None else text(value) for value in column.to_pylist()]


def _floats(field: Any) -> Text:
    """How a column of floats becomes text: whole numbers with all digits, others in their shortest form.

    Nothing stands for "not a number", which stands for a missing value.
    """
    digits_end = _DIGITS_END[field.type.bit_width]

    def text(value: float, shortest: str) -> str:
        if math.isnan(value):
            return ""
        if abs(value) >= digits_end:
            raise ListError(
                f"the column {quoted(field.name)} is of type {quoted(str(field.type))}, which loses "
                f"digits of {value:.15g}; write it as text"
            )
        return str(int(value)) if value.is_integer() else shortest

    def texts(column: Any) -> list[str]:
        # Only the library knows the shortest form of a number of fewer bits.
        pairs = zip(column.to_pylist(), _shortest(column), strict=True)
        return ["" if value is None else text(float(value), shortest) for value, shortest in pairs]

    return texts


def _shortest(column: Any) -> list[str]:
    """The shortest text of each value that is this value in its own width."""
    if column.type.bit_width == 32:
        return [str(text) for text in column.cast(pa.string()).to_pylist()]
    return ["" if value is None else _SHORT[column.type.bit_width](value) for value in column.to_pylist()]


def _decimal(value: Decimal) -> str:
    return f"{value:f}"


def _timestamps(column: Any) -> list[str]:
    """Moments as ISO 8601; those of a zone in UTC, which needs no table of zones."""
    zone = "Z" if column.type.tz else ""
    naive = column.cast(pa.timestamp(column.type.unit)).cast(pa.string())
    return _each(lambda text: _without_zeros(text) + zone)(naive)


def _without_zeros(text: str) -> str:
    """A time without a fraction of zeros."""
    return text.rstrip("0").rstrip(".") if "." in text else text
