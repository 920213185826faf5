"""The child process that reads one workbook from its standard input; see `workbook`.

A hostile file can make a reader take all memory or never end. Here it can only end this process, which holds
no secret and writes no file.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import IO, Any

from campaign.contacts.files import ods, xlsx
from campaign.contacts.files.archive import Archive
from campaign.contacts.files.bounds import Bounds, megabytes
from campaign.errors import ListError

Record = tuple[int, list[str]]

_SIGNAL_OF_PARENTS_DEATH = 1
_WATCHER_STACK = 1 << 18


@dataclass(frozen=True, slots=True)
class Request:
    """What the child is asked to do. It stands on its command line, where everybody can read it."""

    kind: str
    sheet: str | None
    include_hidden: bool
    bounds: Bounds
    parent: int
    """The process that asks."""

    def to_json(self) -> str:
        """The request as one argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Request":
        """The request that `to_json` wrote."""
        content: dict[str, Any] = json.loads(text)
        return cls(**content | {"bounds": Bounds(**content["bounds"])})


def memory_message(bounds: Bounds) -> str:
    """What the operator reads when the memory did not suffice."""
    return f"reading it needed more than {megabytes(bounds.memory)} of memory; save the list as CSV"


def limit(bounds: Bounds) -> None:
    """Limit what this process can take from the machine."""
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CPU, bounds.cpu_seconds)
    # The kernel of macOS refuses this limit; there the size of the file and its parts alone bound the memory.
    if sys.platform != "darwin":
        _lower(resource.RLIMIT_AS, bounds.memory)


def end_with_parent(parent: int, watched: int) -> None:
    """End this process when the one that asked is gone, however that ended.

    Args:
        parent: Its process id.
        watched: The end of a pipe whose other end only it holds.
    """
    threading.stack_size(_WATCHER_STACK)
    threading.Thread(target=_await_end, args=(watched,), daemon=True).start()
    # The kernel of Linux also does it while one long call lets no thread of this process run.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SIGNAL_OF_PARENTS_DEATH, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _await_end(watched: int) -> None:
    os.read(watched, 1)
    os._exit(1)


def _lower(kind: int, value: int) -> None:
    """Set a limit. That of CPU time keeps a second until the kill, so that its own signal comes first."""
    hard = resource.getrlimit(kind)[1]
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    ceiling = soft + 1 if kind == resource.RLIMIT_CPU and soft != hard else soft
    resource.setrlimit(kind, (soft, ceiling))


def records(request: Request, file: IO[bytes], notes: list[str]) -> Iterator[Record]:
    """The header and rows of a file.

    Raises:
        ListError: It cannot be read; the text does not name the file.
    """
    if request.kind == "parquet":
        # Its library takes longer to import than a workbook to read.
        from campaign.contacts.files import parquet

        yield from parquet.records(file)
        return
    read = {"xlsx": xlsx.records, "ods": ods.records}[request.kind]
    archive = Archive(file, request.bounds)
    yield from read(archive, request.sheet, request.include_hidden, request.bounds, notes)


def main() -> None:
    """Read what standard input holds; write one line of JSON for each record, then notes, then the end."""
    request = Request.from_json(sys.argv[1])
    end_with_parent(request.parent, int(sys.argv[2]))
    limit(request.bounds)
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    notes: list[str] = []
    count, number = 0, 0
    try:
        with os.fdopen(0, "rb", closefd=False) as file:
            file.seek(0)
            for record in records(request, file, notes):
                count, number = count + 1, record[0]
                _say(record)
        for note in notes:
            _say({"note": note})
        _say({"end": count})
    except ListError as error:
        _say({"error": str(error)})
    except MemoryError:
        _say({"error": memory_message(request.bounds)})
    except Exception as error:
        # Whatever a file does to a reader is one line.
        after = f" after row {number}" if number else ""
        _say({"error": f"it cannot be read{after} ({type(error).__name__}); save the list as CSV"})
    sys.stdout.flush()


def _say(message: object) -> None:
    sys.stdout.write(json.dumps(message, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
