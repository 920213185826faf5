"""The record: what happened to the disk and what was answered, in one sequence."""

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.torture.power.disk import (
    WITNESS_SUFFIX,
    Created,
    Deleted,
    Disk,
    DiskNote,
    Flushed,
    FolderFlushed,
    PowerFailed,
    Truncated,
    WitnessWritten,
    Written,
)
from tests.torture.power.knowledge import WorldNote


@dataclass
class Record:
    """What happened to the disk and what was answered, in one sequence."""

    notes: list[DiskNote | WorldNote] = field(default_factory=list)
    refusal: str = ""
    """Why a life could not go on with what the power cut before it had left."""
    _files: dict[str, int] = field(default_factory=dict)
    _opened: int = 0
    _has_power: bool = True
    _witness: Path | None = None
    _witness_line: bytes = b""

    def note(self, *notes: DiskNote | WorldNote) -> None:
        """Keep notes, as long as there is power."""
        if self._has_power:
            self.notes.extend(notes)

    def position(self) -> int:
        """As `tap.Listener`, like the next six."""
        return len(self.notes)

    def opened(self, path: Path, *, is_new: bool) -> int:
        if self._witness is None:
            self._witness = path.with_name(path.name + WITNESS_SUFFIX)
        if is_new or path.name not in self._files:
            self._opened += 1
            self._files[path.name] = self._opened
            self.note(Created(path.name, self._opened))
        return self._files[path.name]

    def deleted(self, path: Path) -> None:
        self._files.pop(path.name, None)
        self.note(Deleted(path.name))

    def written(self, file: int, offset: int, data: bytes) -> None:
        self._look_at_witness()
        self.note(Written(file, offset, data))

    def truncated(self, file: int, size: int) -> None:
        self.note(Truncated(file, size))

    def flushed(self, file: int, began: int) -> None:
        self.note(Flushed(file, began))

    def folder_flushed(self, began: int) -> None:
        self.note(FolderFlushed(began))

    def fail(self) -> None:
        """The power goes: whatever the dying program still does never happened."""
        self._has_power = False

    def restore(self, ledger: Path, rng: Random) -> None:
        """Leave what the disk may hold, and go on from there."""
        image = self.disk().cut(rng)
        image.lay_out(ledger)
        files = {name: (self._opened + at, image.files[name]) for at, name in enumerate(image.files, start=1)}
        self._opened += len(files)
        self._files = {name: file for name, (file, _) in files.items()}
        self._has_power = True
        self.note(PowerFailed(files, image.witness))

    def disk(self) -> Disk:
        """The disk after the last note."""
        disk = Disk()
        for at, note in enumerate(self.notes):
            if isinstance(note, DiskNote):
                disk.take(at, note)
        return disk

    def _look_at_witness(self) -> None:
        """The witness is written between two commits, so it is enough to look before each write."""
        if self._witness is None or not self._witness.exists():
            return
        line = self._witness.read_bytes()
        if line != self._witness_line:
            self._witness_line = line
            self.note(WitnessWritten(line))
