"""Strikes: system calls of a run that strace makes fail, and what it has seen of them."""

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.torture.overlap import Campaign, Life, end_of
from tests.torture.tracing import Gate, be_traceable, held_by_strace

ASIDE = range(100)
"""No run writes so many files aside."""
FLUSHES = ("fsync", "fdatasync")
CALLS = ("pwrite64", "write", *FLUSHES, "ftruncate", "rename")
ERRORS = {"ENOSPC": "disk full", "EIO": "I/O error", "EDQUOT": "over quota", "EROFS": "read-only"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What strace does to a run."""

    error: str
    call: str = ""
    """The kind of call that fails once; when empty, every kind does for good."""
    when: int = 0
    """The number of that call within its thread; of the commits before everything fails."""

    def __str__(self) -> str:
        return f"{self.call or 'everything'}: {self.error} at {self.when}"

    @property
    def kind(self) -> str:
        """Its name in the table."""
        return ERRORS[self.error] + ("" if self.call else " for good")

    def options(self, campaign: Campaign) -> list[str]:
        """Of strace."""
        if self.call:
            return ["-e", f"inject={self.call}:error={self.error}:when={self.when}"]
        paths = [option for path in _files_of(campaign) for option in ("-P", str(path))]
        return ["-e", f"inject={','.join(CALLS)},openat:error={self.error}:when=1+", *paths]


@dataclass(frozen=True, slots=True)
class Event:
    """One system call as strace has seen it."""

    thread: str
    call: str
    said: str
    """Its arguments, with the paths of open files."""
    struck: bool

    @property
    def has_struck(self) -> bool:
        """Whether it was made to fail, and is ours."""
        return self.struck and (self.on_ledger or self.on_results)

    @property
    def on_ledger(self) -> bool:
        return "/ledger.db" in self.said or self._on_folder

    @property
    def on_results(self) -> bool:
        return "/.results." in self.said or self._on_folder

    @property
    def on_stderr(self) -> bool:
        return self.call == "write" and self.said.startswith("2<")

    @property
    def _on_folder(self) -> bool:
        return re.search(r"/(disk|counted)\w+>", self.said) is not None

    @property
    def on_log(self) -> bool:
        """Whether it concerns the file into which SQLite writes its transactions."""
        return "/ledger.db-wal" in self.said

    @property
    def is_dial(self) -> bool:
        return self.call == "sendto" and re.search(r'"POST [^" ]*/v1/calls', self.said) is not None


def traced(
    campaign: Campaign, name: str, fault: Fault | None, sabotage: Callable[[], object] | None = None
) -> tuple[Life, int, list[Event]]:
    """A run under strace, which has taken hold of it before it begins, or when the fault is to begin."""
    commits = fault.when if fault and not fault.call else 0
    gate = None if commits else Gate()

    def prepare() -> None:
        # Strace has to know the names of files in advance.
        tempfile._name_sequence = map(str, count())  # type: ignore[attr-defined]
        if gate is None:
            be_traceable()
        else:
            gate.wait()
        if sabotage is not None:
            sabotage()

    life = campaign.start(name, before=prepare)
    _wait_for_commits(campaign, life, commits)
    record = campaign.place.folder / f"{name}.strace"
    options = [
        "-y", "-s", "60", "-e", "signal=none", "-e", f"trace={','.join(CALLS)},openat,sendto",
        *(fault.options(campaign) if fault else []), "-o", str(record),
    ]  # fmt: skip
    # A run that was quicker than strace, and waited at no gate, was not struck.
    with held_by_strace(life.pid, options, gate):
        exit_code = end_of(life)
    return life, exit_code, list(events_of(record.read_text(encoding="utf-8", errors="replace")))


def _files_of(campaign: Campaign) -> list[Path]:
    """The folder, the ledger with all that stands beside it, and the result with what is written aside."""
    ledger, output = Path(campaign.place.ledger), Path(campaign.options["output_file"])
    beside = ("", "-wal", "-shm", "-journal", ".generation", ".generation.new", ".lock")
    return [
        campaign.place.folder,
        *(Path(f"{ledger}{end}") for end in beside),
        output,
        *(output.with_name(f".{output.name}.{number}.new") for number in ASIDE),
    ]


def _wait_for_commits(campaign: Campaign, life: Life, commits: int) -> None:
    """Until so many are on disk, as the file beside the ledger counts them, or the run has ended."""
    witness = Path(f"{campaign.place.ledger}.generation")
    while os.waitid(os.P_PID, life.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        counted = witness.read_text(encoding="utf-8").split() if witness.exists() else []
        if (int(counted[1]) if counted else 0) >= commits:
            return
        time.sleep(0.001)


def events_of(record: str) -> Iterator[Event]:
    """The calls of a record of strace, in order; one during which another thread ran stands in two parts."""
    begun: dict[str, tuple[str, str]] = {}
    for line in record.splitlines():
        thread, text = line.split(maxsplit=1)
        if found := re.match(r"(\w+)\((.*)", text):
            call, said = found[1], found[2]
            if said.endswith("<unfinished ...>"):
                begun[thread] = call, said
                continue
        elif re.match(r"<\.\.\. \w+ resumed>", text) and thread in begun:
            call, said = begun.pop(thread)
        else:
            continue
        # The folder that a program works in says nothing about the file that it opens.
        said = re.sub(r"^AT_FDCWD<[^>]*>, ", "", said)
        yield Event(thread, call, said, text.endswith("(INJECTED)"))


def failed_commit(events: Sequence[Event]) -> int | None:
    """Where a transaction failed to reach the disk: at a write to the log, or at the flush of such writes.

    A flush of the log without a write to it since the thread's last one belongs to a checkpoint, which has
    been durable all along, and of which SQLite says nothing.
    """
    unflushed = set[str]()
    for at, event in enumerate(events):
        if not event.on_log or event.call not in ("pwrite64", *FLUSHES):
            continue
        if event.struck and (event.call == "pwrite64" or event.thread in unflushed):
            return at
        if event.call == "pwrite64":
            unflushed.add(event.thread)
        else:
            unflushed.discard(event.thread)
    return None
