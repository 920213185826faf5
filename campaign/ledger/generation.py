"""The generation: how a ledger that was copied, or put back from a backup, is found out before any call.

Every commit counts the generation up in the database, and then writes it into a witness, a small file beside
it. The witness may be behind (the program was killed between the two) but never ahead. A database that is
behind its witness has forgotten calls; one without its own witness is a copy whose original may go on.
"""

import errno
import fcntl
import os
import re
import sys
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select, update

from campaign.errors import LedgerError
from campaign.ledger.schema import identity

# Without the last number it was written by a version of this program that did not know of it.
_LINE = re.compile(rb"([0-9a-f]{32}) ([0-9]{20}) ([0-9]{20})(?: ([0-9]{10}))?\n")

# Built once, as every commit runs it.
_ADVANCE = (
    update(identity)
    .values(generation=identity.c.generation + 1)
    .returning(identity.c.ledger_id, identity.c.generation)
)
_AS_IT_STANDS = select(identity.c.ledger_id, identity.c.generation)

_FS_IOC_GETVERSION = 0x80087601
"""As 64-bit Linux has it; elsewhere it is refused like any request that a file system does not know."""

_CURE = (
    "Calls made since are unknown to it, and people would be called again. Put the newest ledger back; "
    "or, if this one shall count from now on, say so once with `campaign run --accept-ledger`"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A ledger at one moment, as its witness knows it."""

    ledger_id: str
    generation: int
    inode: int
    """Of the database file: a copy has another one."""
    inode_version: int = 0
    """See `inode_version`: a file that was deleted and made again may get its old inode, but not this."""

    def is_of_same_file(self, other: "Mark") -> bool:
        """Whether both were made with one and the same database file, as far as the file system tells."""
        versions = {self.inode_version, other.inode_version} - {0}
        return self.inode == other.inode and len(versions) <= 1

    def line(self) -> bytes:
        """As it stands in the witness: always as long, so that a write within one sector replaces it."""
        numbers = f"{self.generation:020d} {self.inode:020d} {self.inode_version:010d}"
        return f"{self.ledger_id} {numbers}\n".encode()

    @classmethod
    def parse(cls, line: bytes) -> "Mark | None":
        """The mark of a line; None when it is not one."""
        found = _LINE.fullmatch(line)
        return cls(found[1].decode(), *(int(number or 0) for number in found.groups()[1:])) if found else None


def inode_version(descriptor: int) -> int:
    """What tells an open file from an earlier one that had the same inode number.

    Returns:
        A number of 32 bits, drawn when the file was made; 0 where the file system has none.
    """
    try:
        answer = fcntl.ioctl(descriptor, _FS_IOC_GETVERSION, bytes(8))
    except OSError:
        return 0
    # The kernel writes 32 bits, whatever the size that the request names.
    return int.from_bytes(answer[:4], sys.byteorder)


class Generation:
    """Counts the commits of one SQLite ledger, in the ledger and in the witness beside it."""

    def __init__(self, ledger_path: Path, inode_version: int = 0) -> None:
        """Look at nothing yet.

        Args:
            ledger_path: The database file, without links in it.
            inode_version: Of that file. Not asked for here: closing a second descriptor of the database would
                drop SQLite's own locks.
        """
        self._ledger_path = ledger_path
        self._inode_version = inode_version
        self.witness_path = ledger_path.with_name(ledger_path.name + ".generation")
        self._descriptor: int | None = None

    def trouble(self, connection: Connection) -> str:
        """Why people might be called twice through this ledger; empty when it is the newest of its kind.

        The connection is in a writing transaction: nobody else can commit meanwhile.

        Raises:
            LedgerError: The witness cannot be read.
        """
        return _trouble(self._ledger_path, self._now(connection), self._read())

    def advance(self, connection: Connection) -> Mark:
        """Count one commit, as part of it. The first one of a process makes sure that it may.

        Raises:
            LedgerError: The ledger is not the newest, or the witness cannot be made.
        """
        if self._descriptor is None:
            if trouble := self.trouble(connection):
                raise LedgerError(trouble)
            self._open(self._now(connection))
        return self._mark(*connection.execute(_ADVANCE).one())

    def record(self, mark: Mark) -> None:
        """Let the witness know of a commit that is on disk.

        Raises:
            LedgerError: It cannot be written.
        """
        if self._descriptor is None:
            raise ValueError("no commit was counted yet")
        try:
            _write_line(self._descriptor, mark)
        except OSError as error:
            raise self._unusable(error) from error

    def accept(self, connection: Connection, *, why: str) -> Mark:
        """Make this the ledger that counts: it gets a new id, so that no older relative passes for it.

        The caller commits, and hands the mark to `renew`.
        """
        connection.execute(
            update(identity).values(
                ledger_id=uuid.uuid4().hex,
                generation=identity.c.generation + 1,
                since=datetime.now(UTC),
                accepted_although=why,
            )
        )
        return self._now(connection)

    def renew(self, mark: Mark) -> None:
        """Make a witness of this mark, durably, in place of any other.

        Raises:
            LedgerError: It cannot be made.
        """
        aside = self.witness_path.with_name(self.witness_path.name + ".new")
        try:
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                _write_line(descriptor, mark)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            aside.replace(self.witness_path)
            self.close()
            # After a power cut a ledger without its witness would look like a copy.
            folder = os.open(self.witness_path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Let go of the witness."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def _now(self, connection: Connection) -> Mark:
        return self._mark(*connection.execute(_AS_IT_STANDS).one())

    def _mark(self, ledger_id: str, generation: int) -> Mark:
        return Mark(ledger_id, generation, self._ledger_path.stat().st_ino, self._inode_version)

    def _read(self) -> Mark | None:
        try:
            return Mark.parse(self.witness_path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from error

    def _open(self, mark: Mark) -> None:
        if self._read() is None:
            self.renew(mark)
        try:
            self._descriptor = os.open(self.witness_path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> LedgerError:
        return LedgerError(
            f"the ledger's companion {self.witness_path} cannot be used ({error.strerror}); "
            "nothing more is dialled: mend the disk and run again"
        )


def _write_line(descriptor: int, mark: Mark) -> None:
    line = mark.line()
    if os.pwrite(descriptor, line, 0) < len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _trouble(path: Path, ledger: Mark, witness: Mark | None) -> str:
    """What the two say about each other."""
    if witness is None:
        if not ledger.generation:
            return ""
        return (
            f"ledger {path} is a copy or was moved here: its companion {path.name}.generation is missing "
            f"(bring it along when you move a ledger). {_CURE}"
        )
    if witness.ledger_id != ledger.ledger_id:
        state = (
            "another ledger than the one that stood here" if ledger.generation else "new, but one stood here"
        )
        return f"ledger {path} is {state}. {_CURE}"
    if witness.generation > ledger.generation:
        behind = witness.generation - ledger.generation
        return (
            f"ledger {path} is an older copy: it lacks the last {behind:,} changes, "
            f"as a backup that was put back does. {_CURE}"
        )
    if not witness.is_of_same_file(ledger):
        return (
            f"ledger {path} is a copy, or was moved here from another disk, or its disk numbers files anew "
            f"each time (FAT, a fresh container). {_CURE}"
        )
    return ""
