"""The shelf: a folder of recordings, one file per call, each whole or not there, for its owner only."""

import hashlib
import os
import re
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from campaign.errors import OutputError

SPARE_BYTES = 500_000_000
"""Recordings never take the last so many bytes of a disk: the ledger may need them."""

_ASIDE_PREFIX, _ASIDE_SUFFIX = ".recording.", ".new"
_PLAIN_ID = re.compile(r"[a-z0-9_-]{1,80}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_NAME = re.compile(r"[0-9]+-(?P<call>[A-Za-z0-9_-]+)\.[a-z0-9]+")
_SUFFIXES = (
    (re.compile(rb"RIFF....WAVE", re.DOTALL), ".wav"),
    (re.compile(rb"\xff[\xf0\xf1\xf8\xf9]"), ".aac"),
    (re.compile(rb"ID3|\xff[\xe0-\xff]"), ".mp3"),
    (re.compile(rb"OggS"), ".ogg"),
    (re.compile(rb"fLaC"), ".flac"),
    (re.compile(rb"....ftyp", re.DOTALL), ".m4a"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), ".webm"),
)
_NO_SOUND = re.compile(rb"\s*[<{\[]")


class NoRoom(Exception):
    """The disk of the recordings is nearly full, or it does not answer."""


class NoSound(Exception):
    """What came is no recording."""


class Shelf:
    """The folder. Its verbs wait for the disk; several threads may use it."""

    def __init__(self, folder: Path, *, spare_bytes: int = SPARE_BYTES) -> None:
        """Make the folder if it is not there, and clear away what a killed run has left aside in it.

        Args:
            folder: Its parent has to exist. Only under the run lock.
            spare_bytes: What is to stay free on the disk.

        Raises:
            OutputError: It cannot be used, or others can look into it.
        """
        self._spare_bytes = spare_bytes
        try:
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            self.folder = folder.resolve()
            mode = self.folder.stat().st_mode
            if not stat.S_ISDIR(mode):
                raise OutputError(f"--recordings {folder}: this is not a folder")
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise OutputError(f"--recordings {folder}: others can look into it; run chmod 700 {folder}")
            for leftover in self.folder.glob(f"{_ASIDE_PREFIX}*{_ASIDE_SUFFIX}"):
                leftover.unlink()
            # Every file is found by its call alone, as rows are numbered anew when a list changes.
            self._files = {
                found["call"]: found[0]
                for path in self.folder.iterdir()
                if (found := _NAME.fullmatch(path.name)) and path.is_file()
            }
            self.begin().discard()
        except OSError as error:
            raise OutputError(
                f"--recordings {folder}: {error.strerror}; nobody was called, choose another folder"
            ) from error

    def find(self, call_id: str) -> str | None:
        """The name of the file with this call's recording; None when it is not there."""
        return self._files.get(_safe(call_id))

    def check_room(self) -> None:
        """Raise NoRoom when the disk is nearly full."""
        disk = os.statvfs(self.folder)
        if disk.f_bavail * disk.f_frsize < self._spare_bytes:
            raise NoRoom("the disk is nearly full")

    def begin(self) -> "Draft":
        """A new file aside. Raises OSError."""
        descriptor, name = tempfile.mkstemp(
            prefix=_ASIDE_PREFIX, suffix=_ASIDE_SUFFIX, dir=self.folder
        )  # for its owner only, and never through a link
        return Draft(self, descriptor, Path(name))

    def name_for(self, row_number: int, call_id: str, beginning: bytes) -> str:
        """How the file of a call is called. Raises NoSound."""
        if not beginning:
            raise NoSound("an empty file in place of a recording")
        if _NO_SOUND.match(beginning):
            raise NoSound("a page of text in place of a recording")
        suffix = next((suffix for form, suffix in _SUFFIXES if form.match(beginning)), ".audio")
        return f"{row_number:06d}-{_safe(call_id)}{suffix}"

    def remember(self, call_id: str, name: str) -> None:
        """The file is there now."""
        self._files[_safe(call_id)] = name


class Draft:
    """A recording on its way into the folder."""

    def __init__(self, shelf: Shelf, descriptor: int, path: Path) -> None:
        self._shelf = shelf
        self._descriptor: int | None = descriptor
        self._path = path
        self._beginning = b""
        self.size = 0
        """Bytes so far."""

    def write(self, data: bytes) -> None:
        """Append. Raises NoRoom, or OSError."""
        assert self._descriptor is not None  # noqa: S101 - nobody writes to what was put away
        self._shelf.check_room()
        self._beginning = self._beginning or data[:64]
        self.size += len(data)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def keep(self, row_number: int, call_id: str) -> str:
        """Put it into its place, durably.

        Returns:
            Its name.

        Raises:
            OSError: It cannot be put there.
            NoSound: It is no recording; the text says what it is.
        """
        assert self._descriptor is not None  # noqa: S101 - as above
        name = self._shelf.name_for(row_number, call_id, self._beginning)
        os.fsync(self._descriptor)
        self._close()
        self._path.replace(self._shelf.folder / name)
        folder = os.open(self._shelf.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._shelf.remember(call_id, name)
        return name

    def discard(self) -> None:
        """Throw it away, unless it is in its place."""
        self._close()
        with suppress(OSError):
            self._path.unlink()

    def _close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            with suppress(OSError):
                os.close(descriptor)


def in_words(error: Exception) -> str:
    """What went wrong with a recording, for people: nothing of its link, and no value."""
    if isinstance(error, NoSound):
        return str(error)
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, OSError):
        return f"the disk: {error.strerror}"
    return f"a fault in this program ({type(error).__name__})"


def _safe(call_id: str) -> str:
    """The id as a part of a file's name. Where it cannot be that as it is, a digest keeps ids apart."""
    if _PLAIN_ID.fullmatch(call_id):
        return call_id
    digest = hashlib.sha256(call_id.encode()).hexdigest()[:12]
    return f"{_UNSAFE.sub('_', call_id)[:60]}-{digest}"
