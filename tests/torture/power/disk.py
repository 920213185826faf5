"""A disk that honours every flush and nothing else: what it may hold when the power fails.

Whatever was flushed is there. Of what came since the last flush of that file each piece is there, or not, or
torn, whatever came before or after it; the same goes for the names in the folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from campaign.ledger.generation import Mark

SECTOR_BYTES = 512
WITNESS_SUFFIX = ".generation"
TORN_SHARE = 0.3
"""Share of the unflushed writes that survive in part only."""


@dataclass(frozen=True, slots=True)
class Created:
    """A name was put into the folder."""

    name: str
    file: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """A name was taken out of the folder."""

    name: str


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes were written."""

    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncated:
    """A file was cut to a size."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Flushed:
    """A flush of a file was answered: what was noted before it began stays."""

    file: int
    began: int


@dataclass(frozen=True, slots=True)
class FolderFlushed:
    """The same for the names."""

    began: int


@dataclass(frozen=True, slots=True)
class WitnessWritten:
    """The witness of the ledger has this line now. It is made durably and then rewritten without a flush."""

    line: bytes


@dataclass(frozen=True, slots=True)
class PowerFailed:
    """The disk was left with these files, and the record goes on from there."""

    files: Mapping[str, tuple[int, bytes]]
    witness: bytes | None


DiskNote = Created | Deleted | Written | Truncated | Flushed | FolderFlushed | WitnessWritten | PowerFailed


@dataclass(slots=True)
class _File:
    flushed: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, Written | Truncated]] = field(default_factory=list)


@dataclass(slots=True)
class Image:
    """What the disk holds after one power cut."""

    files: dict[str, bytes] = field(default_factory=dict)
    lost: int = 0
    """Pieces of work that are not there."""
    torn: int = 0
    """Writes that are there in part."""
    witness: bytes | None = None

    def lay_out(self, ledger: Path) -> None:
        """Put the files where the ledger is looked for; only they are there then."""
        for path in ledger.parent.iterdir():
            path.unlink()
        for name, content in self.files.items():
            (ledger.parent / name).write_bytes(content)
        mark = Mark.parse(self.witness) if self.witness else None
        if mark is not None:
            # The real file would still be the same one.
            inode = ledger.stat().st_ino if ledger.exists() else 0
            witness = ledger.with_name(ledger.name + WITNESS_SUFFIX)
            witness.write_bytes(replace(mark, inode=inode, inode_version=0).line())


class Disk:
    """Takes the notes of a record in their order; gives what may be left after any of them."""

    def __init__(self) -> None:
        self._files: dict[int, _File] = {}
        self._names: dict[str, int] = {}
        self._pending_names: list[tuple[int, str, int | None]] = []
        self._witnesses: list[bytes] = []

    def take(self, at: int, note: DiskNote) -> None:
        """The note at this position of the record has happened."""
        match note:
            case Created(name, file):
                self._files[file] = _File()
                self._pending_names.append((at, name, file))
            case Deleted(name):
                self._pending_names.append((at, name, None))
            case Written() | Truncated():
                self._files[note.file].pending.append((at, note))
            case Flushed(number, began):
                self._flush(self._files[number], began)
            case FolderFlushed(began):
                for at_name, name, linked in self._pending_names:
                    if at_name < began:
                        _link(self._names, name, linked)
                self._pending_names = [pending for pending in self._pending_names if pending[0] >= began]
            case WitnessWritten(line):
                self._witnesses.append(line)
            case PowerFailed(files, witness):
                self._files = {file: _File(bytearray(content)) for file, content in files.values()}
                self._names = {name: file for name, (file, _) in files.items()}
                self._pending_names = []
                self._witnesses = [witness] if witness else []

    def whole(self) -> dict[str, bytes]:
        """The files as a program sees them that asks now."""
        names = dict(self._names)
        for _, name, linked in self._pending_names:
            _link(names, name, linked)
        contents = {}
        for name, number in names.items():
            file = self._files[number]
            content = bytearray(file.flushed)
            for _, piece in file.pending:
                _do(content, piece)
            contents[name] = bytes(content)
        return contents

    def cut(self, rng: Random) -> Image:
        """One of the many states in which a power cut at this moment may leave the disk."""
        image = Image()
        names = dict(self._names)
        # What is done to one name stays in its order; names know nothing of each other.
        for name in dict.fromkeys(name for _, name, _ in self._pending_names):
            changes = [file for _, changed, file in self._pending_names if changed == name]
            kept = rng.randint(0, len(changes))
            image.lost += len(changes) - kept
            for file in changes[:kept]:
                _link(names, name, file)
        kept_share = rng.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for name, number in names.items():
            image.files[name] = self._survive(self._files[number], kept_share, rng, image)
        image.witness = rng.choice(self._witnesses) if self._witnesses else None
        return image

    @staticmethod
    def _flush(file: _File, began: int) -> None:
        for at, piece in file.pending:
            if at < began:
                _do(file.flushed, piece)
        file.pending = [pending for pending in file.pending if pending[0] >= began]

    @staticmethod
    def _survive(file: _File, kept_share: float, rng: Random, image: Image) -> bytes:
        content = bytearray(file.flushed)
        for _, piece in file.pending:
            is_torn = isinstance(piece, Written) and rng.random() < TORN_SHARE
            if is_torn and isinstance(piece, Written):
                image.torn += 1
                for start in range(0, len(piece.data), SECTOR_BYTES):
                    if rng.random() < 0.5:
                        part = piece.data[start : start + SECTOR_BYTES]
                        _do(content, Written(piece.file, piece.offset + start, part))
            elif rng.random() < kept_share:
                _do(content, piece)
            else:
                image.lost += 1
                if isinstance(piece, Written) and rng.random() < 0.2:
                    # The file has grown, but what it grew by is whatever the blocks held before.
                    missing = piece.offset + len(piece.data) - len(content)
                    content += rng.choice((bytes(max(missing, 0)), rng.randbytes(max(missing, 0))))
        return bytes(content)


def _link(names: dict[str, int], name: str, file: int | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file


def _do(content: bytearray, piece: Written | Truncated) -> None:
    if isinstance(piece, Truncated):
        del content[piece.size :]
        content += bytes(piece.size - len(content))
        return
    content += bytes(max(piece.offset - len(content), 0))
    content[piece.offset : piece.offset + len(piece.data)] = piece.data
