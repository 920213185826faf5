"""Workbooks and Parquet files, read by a child process so that none of them can harm the run.

The child parses the file under limits of memory and time and writes records. This side has read no more of it
than the directory of its archive, within a bound, to find out what it is (see `kinds`), and believes nothing
that the child says but records of one shape.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeGuard

import campaign
from campaign.contacts.files import limits
from campaign.contacts.files.bounds import Bounds, megabytes
from campaign.contacts.files.child import Request, memory_message
from campaign.contacts.files.source import ReadOptions, Source
from campaign.errors import ListError

BROKE_OFF = "reading it broke off, so it is damaged or unusual; save the list as CSV"

_BLOCK = 1 << 16
# A character takes up to four bytes, or six where JSON escapes it, and every cell its quotes and a comma.
_LINE_BYTES = 6 * limits.LINE_CHARACTERS + 4 * limits.COLUMNS + 100
_NEEDED_BY_PYTHON = ("LD_LIBRARY_PATH", "PYTHONHOME")


def records(
    source: Source, options: ReadOptions, kind: str, bounds: Bounds | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Read a workbook or a Parquet file: its header, then every row with content.

    Args:
        source: The open file; `notes` takes what the operator should know.
        options: The sheet, and whether hidden rows and columns are read.
        kind: `xlsx`, `ods` or `parquet`.
        bounds: What the reading may cost.

    Yields:
        The number of a row as the spreadsheet shows it, and its cells as text, as many as the header has.
        A Parquet file has its header as row 1.

    Raises:
        ListError: It cannot be read without a guess, or only at a higher cost; possibly after some records.
    """
    bounds = bounds or Bounds()
    if source.size > limits.BINARY_BYTES:
        raise ListError(
            f"{source.name}: larger than {megabytes(limits.BINARY_BYTES)}; "
            "save the list as CSV, which may be larger"
        )
    request = Request(kind, options.sheet, options.include_hidden, bounds, os.getpid())
    with _started(source.file, request) as (child, output):
        try:
            if (yield from checked(_messages(output, bounds), source.name, source.notes)):
                return
            output.close()
            ending = _ending(child.wait(bounds.wall_seconds), bounds)
        except _TooMuchError:
            ending = (
                f"it holds more than {megabytes(bounds.output_bytes)} of text; "
                "save the list as CSV, which may be larger, or split it into several files"
            )
        except (ValueError, RecursionError):
            ending = BROKE_OFF
        except (TimeoutError, subprocess.TimeoutExpired):
            ending = f"reading it took longer than {bounds.wall_seconds:g} seconds; save the list as CSV"
    raise ListError(f"{source.name}: {ending}")


def checked(
    messages: Iterable[object], name: str, notes: list[str]
) -> Generator[tuple[int, list[str]], None, bool]:
    """The records among what a child says; `notes` takes its notes.

    Returns:
        Whether it came to its end.

    Raises:
        ListError: It found an error, or says something else than rows of one width, one below the other.
    """
    count, last, width = 0, -1, -1
    for message in messages:
        match message:
            case [int(number), [*cells]] if number is not True and number > last and _are_texts(cells, width):
                count, last, width = count + 1, number, len(cells)
                yield number, cells
            case {"note": str(note)}:
                notes.append(note)
            case {"end": int(end)} if end == count:
                return True
            case {"error": str(error)}:
                raise ListError(f"{name}: {error}")
            case _:
                raise ListError(f"{name}: {BROKE_OFF}")
    return False


def _are_texts(cells: list[object], width: int) -> TypeGuard[list[str]]:
    """Whether these are the cells of a row as wide as those before it; the first has width -1 before it."""
    return width in (-1, len(cells)) and all(isinstance(cell, str) for cell in cells)


class _TooMuchError(Exception):
    """The child says more than any list holds."""


@contextmanager
def _started(file: IO[bytes], request: Request) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """A child at work, which does not outlive the block."""
    position = os.lseek(file.fileno(), 0, os.SEEK_CUR)
    # Workbooks are read with the standard library alone. Without `site` the child starts sooner, and runs
    # nothing that others have hung into it.
    flags = ["-P"] if request.kind == "parquet" else ["-P", "-S"]
    # Nobody writes into this pipe. Its end tells the child that this process is gone, however it went.
    watched, held = os.pipe()
    try:
        child = subprocess.Popen(  # noqa: S603 - this interpreter and our own module
            [sys.executable, *flags, "-m", "campaign.contacts.files.child", request.to_json(), str(watched)],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(os.environ),
            bufsize=0,
            process_group=0,
            pass_fds=(watched,),
        )
    except BaseException:
        os.close(held)
        raise
    finally:
        os.close(watched)
    try:
        with child.stdout as output:  # type: ignore[union-attr]
            yield child, output
    finally:
        child.kill()
        child.wait()
        os.close(held)
        # The child has moved the position that both share.
        os.lseek(file.fileno(), position, os.SEEK_SET)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """What the child needs to find its code, and nothing else: above all no key."""
    passed = {name: own[name] for name in _NEEDED_BY_PYTHON if name in own}
    return passed | {
        "PYTHONPATH": str(Path(campaign.__file__).parent.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        # Allocators of their own reserve address space by the gigabyte, which the limit counts as memory.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "1",
    }


def _messages(output: IO[bytes], bounds: Bounds) -> Iterator[object]:
    """What the child says, line by line.

    Raises:
        TimeoutError: Waiting for it and reading it took longer than allowed.
        ValueError: It is no JSON.
    """
    clock = _Clock(bounds.wall_seconds)
    for line in _lines(output, bounds, clock):
        message = json.loads(line)
        if not clock.left:
            raise TimeoutError
        with clock.stopped():
            yield message


class _Clock:
    """The time left for reading. What is done with a record takes nothing from the time for the next."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds, from 0."""
        return max(self._end - time.monotonic(), 0.0)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Time within the block does not count."""
        start = time.monotonic()
        yield
        self._end += time.monotonic() - start


def _lines(output: IO[bytes], bounds: Bounds, clock: _Clock) -> Iterator[bytes]:
    """The lines that the child writes, up to one that is too long."""
    chunks: list[bytes] = []
    length = total = 0
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while length <= _LINE_BYTES:
            if not selector.select(clock.left):
                raise TimeoutError
            block = os.read(output.fileno(), _BLOCK)
            total += len(block)
            if not block:
                return
            if total > bounds.output_bytes:
                raise _TooMuchError
            first, *more = block.split(b"\n")
            chunks.append(first)
            length += len(first)
            if more:
                yield b"".join(chunks)
                yield from more[:-1]
                chunks, length = [more[-1]], len(more[-1])


def _ending(code: int, bounds: Bounds) -> str:
    """Why a child ended without saying so."""
    if code == -signal.SIGXCPU:
        return f"reading it needed more than {bounds.cpu_seconds} seconds of computing; save the list as CSV"
    if code in (-signal.SIGKILL, -signal.SIGABRT):
        return memory_message(bounds)
    return BROKE_OFF
