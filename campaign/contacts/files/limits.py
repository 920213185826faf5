"""How large a list and its parts may be. Beyond these it is no contact list, or one that was damaged."""

FILE_BYTES = 1_000_000_000
"""Of a text file."""
BINARY_BYTES = 200_000_000
"""Of a workbook or a Parquet file."""
ROWS = 5_000_000
COLUMNS = 500
CELL_CHARACTERS = 32_767
"""What a spreadsheet cell holds."""
TEXT_CELL_CHARACTERS = 200_000
"""Of a cell in a text or Parquet file: a result that is fed back holds whole conversations."""
LINE_CHARACTERS = 1_000_000
CUT_OFF_ROWS = frozenset({65_536, 1_048_576})
"""The row limits of .xls and .xlsx: a list of exactly so many rows has probably lost some."""
