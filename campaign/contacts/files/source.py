"""The source of a list: opened once, a regular file, hashed, and watched for changes while it is read."""

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import IO

from campaign.contacts.files import limits
from campaign.errors import InputMissingError, ListError

STANDARD_INPUT = Path("-")

_BLOCK_BYTES = 1_000_000

Feeding = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the operator says about a file where it does not speak for itself."""

    encoding: str | None = None
    """Text encoding, for files that are neither UTF-8 nor marked; a name that Python knows."""
    delimiter: str | None = None
    """What separates the cells of a text file."""
    sheet: str | None = None
    """The sheet of a workbook."""
    include_hidden: bool = False
    """Whether rows and columns that the spreadsheet hides are read like the others."""
    # Not in its text, which is part of what tells one list from another.
    feeding: Feeding = field(default=nullcontext, repr=False, compare=False)
    """Is entered while somebody feeds standard input, which may take hours."""


@dataclass(slots=True)
class Source:
    """One open list."""

    name: str
    """What messages call it."""
    file: IO[bytes]
    size: int
    fingerprint: str
    """SHA-256 of the content."""
    delimiter: str = ","
    """What separates the cells, where it is a text file; set by its reader."""
    notes: list[str] = field(default_factory=list)
    """What a reader noticed and the operator should know."""


@contextmanager
def opened(path: Path, feeding: Feeding = nullcontext) -> Iterator[Source]:
    """Open a list for reading, at its first byte. `-` is standard input.

    Args:
        path: The file.
        feeding: Is entered while somebody feeds standard input.

    Raises:
        InputMissingError: There is no such file, or it cannot be opened, or standard input be copied.
        ListError: It is empty, too large, or was changed while it was read.
    """
    if path == STANDARD_INPUT:
        with feeding():
            copy = _copy_of_standard_input()
        with copy:
            yield _source("standard input", copy)
        return
    try:
        # Not to wait for a writer, should this be a named pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise InputMissingError(f"contact list {path}: no such file; check its path") from error
    except OSError as error:
        raise InputMissingError(
            f"contact list {path}: {error.strerror}; check its path and its permissions"
        ) from error
    # A folder has no file object, so its kind is asked of the descriptor.
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputMissingError(
            f"contact list {path}: not a regular file; name a file, or pass CSV on standard input with -"
        )
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(file.fileno())
        source = _source(str(path), file)
        yield source
        if _is_changed(file, source, before):
            raise ListError(f"{path}: it was changed while it was read; run again when it is complete")


def _is_changed(file: BufferedReader, source: Source, before: os.stat_result) -> bool:
    """Whether a file is no longer what it was.

    The time of its last change can be set back, and a writer through memory moves it late, so that only
    its content tells. A file that was changed and changed back is known by the time.
    """
    after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return True
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest() != source.fingerprint


def _copy_of_standard_input() -> BufferedRandom:
    """An open file with it, which is gone when it is closed. Raises InputMissingError."""
    try:
        with ExitStack() as stack:
            copy = stack.enter_context(tempfile.TemporaryFile())
            # One byte more than is allowed, so that the size tells.
            left = limits.FILE_BYTES + 1
            while block := _fed(min(left, _BLOCK_BYTES)):
                copy.write(block)
                left -= len(block)
            copy.flush()
            stack.pop_all()
            return copy
    except OSError as error:
        folder = tempfile.tempdir or "a temporary folder"
        raise InputMissingError(
            f"standard input: its copy in {folder} cannot be written ({error.strerror}); "
            "make room there, or name another folder with TMPDIR"
        ) from error


def _fed(size: int) -> bytes:
    """So many bytes, or what is left. Raises InputMissingError."""
    try:
        return sys.stdin.buffer.read(size)
    except OSError as error:
        raise InputMissingError(
            f"standard input: it cannot be read ({error.strerror}); feed the list from a file or a command"
        ) from error


def _source(name: str, file: BufferedReader | BufferedRandom) -> Source:
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise ListError(f"{name}: the file is empty; the first line must name the columns")
    if size > limits.FILE_BYTES:
        raise ListError(
            f"{name}: larger than {limits.FILE_BYTES // 1_000_000:,} MB; split the list into several files"
        )
    file.seek(0)
    fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return Source(name, file, size, fingerprint)
