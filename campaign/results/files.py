"""Files of results and of other tables, each the old or the new complete file at any instant."""

import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

from campaign.errors import OutputError
from campaign.models import ResultRow
from campaign.results import parquet, table, text, workbook
from campaign.results.table import Cell, Marks, Table, Types

_ASIDE = ".new"
_CURE = "make room or mend its disk, or name another file; an older one stands as it was"

_Writer = Callable[[IO[bytes], Table], int]


def check_output(path: Path) -> None:
    """Find out before anybody is called whether a result file can stand at `path`.

    Raises:
        OutputError: The format is unknown, the folder is missing, or it cannot be written to.
    """
    if path.suffix.lower() not in _WRITERS:
        raise OutputError(f"output {path}: no known format; the name must end in {', '.join(_WRITERS)}")
    folder = path.parent
    if not folder.is_dir():
        problem = (
            "is not a folder; choose another"
            if folder.exists()
            else f"does not exist; create it with mkdir -p {folder}"
        )
        raise OutputError(f"output {path}: the folder {folder} {problem}")
    if path.is_dir():
        raise OutputError(f"output {path}: this is a folder; name a file in it")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"output {path}: no permission to write into {folder}; choose another folder")


def remove_leftovers(path: Path) -> None:
    """Remove what a killed run left aside while it wrote this result. Only under the run lock."""
    target = path.resolve()
    for leftover in target.parent.glob(f".{glob.escape(target.name)}.*{_ASIDE}"):
        with suppress(OSError):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def write(path: Path, headers: Sequence[str], rows: Iterable[ResultRow]) -> int:
    """Write a result file: the operator's columns, then ours.

    Args:
        path: Its suffix chooses the format.
        headers: The operator's own columns.
        rows: In the list's order.

    Returns:
        The number of rows.

    Raises:
        OutputError: It cannot be written; the old file is untouched.
    """
    return write_table(
        path,
        table.header(headers),
        ((*row.cells, *table.our_cells(row)) for row in rows),
        widths=table.WIDTHS,
        types=table.TYPES,
    )


def write_table(
    path: Path,
    header: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    delimiter: str = ",",
    sheet: str = "results",
    widths: Mapping[str, int] | None = None,
    marks: Marks | None = None,
    types: Types | None = None,
) -> int:
    """Write a table aside, flush it, and put it in place of the old file. Only its owner can read it.

    Args:
        path: Its suffix chooses the format.
        header: The names of the columns; blank and repeated ones are made unique where a format needs it.
        rows: Each as wide as the header. None is an empty cell, or null where the format has it.
        delimiter: What stands between the cells of a `.csv` file: one character.
        sheet: The name of the sheet in an `.xlsx` file.
        widths: Columns of an `.xlsx` file that are not 16 characters wide.
        marks: Which cells of an `.xlsx` file stand out: `{"check_result": {"refused": "red"}}`.
        types: Columns of a `.parquet` file that are not text: `{"row": int}`.

    Returns:
        The number of rows.

    Raises:
        OutputError: It cannot be written; the old file is untouched.
    """
    check_output(path)
    content = Table(
        header=header,
        rows=rows,
        delimiter=delimiter,
        sheet=sheet,
        widths=widths or {},
        marks=marks or {},
        types=types or {},
    )
    try:
        with _replacement(path) as file:
            return _WRITERS[path.suffix.lower()](file, content)
    except OSError as error:
        raise OutputError(f"output {path}: {error.strerror or error}; {_CURE}") from error


@contextmanager
def _replacement(path: Path) -> Iterator[IO[bytes]]:
    """A new file, readable by its owner only, that takes the place of `path` when all went well."""
    # A link stays a link: what it points to is replaced.
    target = path.resolve()
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - it is closed below, and kept
        prefix=f".{target.name}.", suffix=_ASIDE, dir=target.parent, delete=False
    )
    aside = Path(file.name)
    try:
        # Leaving the file itself, on a full disk, would not mark it as closed.
        with closing(file):
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


_WRITERS: dict[str, _Writer] = {
    ".csv": text.write_csv,
    ".xlsx": partial(workbook.write_xlsx, aside_suffix=_ASIDE),
    ".jsonl": text.write_jsonl,
    ".parquet": parquet.write_parquet,
}
