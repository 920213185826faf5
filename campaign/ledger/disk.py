"""The disk that a ledger is on: whether it keeps locks, file numbers, and what was written."""

import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")

_OF_OTHERS = frozenset(
    {
        *("9p", "afs", "beegfs", "ceph", "cifs", "davfs", "drvfs", "fuse.sshfs", "gfs2", "glusterfs"),
        *("fuse.glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs"),
    }
)
_WITHOUT_NUMBERS = frozenset({"exfat", "fuseblk", "msdos", "vfat"})
_IN_MEMORY = frozenset({"ramfs", "tmpfs"})


def file_system_of(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """The kind of file system that `path` is on, like `ext4`; None where this machine does not tell.

    Args:
        path: Need not exist; then its nearest folder that does counts.
        mounts: What is mounted where, in the form of `proc_pid_mountinfo(5)`.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    wanted, found = path.resolve(), None
    for line in lines:
        fields, dash, rest = line.partition(" - ")
        if not dash or len(fields.split(" ")) < 5:
            continue
        point = Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), fields.split(" ")[4]))
        # What is mounted later at the same place, or deeper, hides what was there.
        if wanted.is_relative_to(point) and (found is None or len(point.parts) >= len(found[0].parts)):
            found = (point, rest.split(" ")[0])
    return found[1] if found else None


def objection(kind: str) -> str:
    """Why no ledger should be on such a file system; empty when it may."""
    if kind in _OF_OTHERS:
        return f"it is on a network or shared disk ({kind}), whose locks may not keep a second run out"
    if kind in _WITHOUT_NUMBERS:
        return f"it is on a disk that numbers files anew ({kind}), so each night it is refused as a copy"
    if kind in _IN_MEMORY:
        return f"it is in memory ({kind}), and gone with the next restart: people would be called again"
    return ""
