"""What kind of disk a ledger is on is read from the machine's own table of mounts."""

from pathlib import Path

import pytest

from campaign.ledger import disk

MOUNTS = """\
21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
22 21 0:20 / /tmp rw,nosuid shared:5 - tmpfs tmpfs rw
23 21 0:21 / /srv/share rw - nfs4 server:/share rw
24 23 8:2 / /srv/share/local rw - xfs /dev/sdb1 rw
25 21 0:22 / /mnt/my\\040disk rw - vfat /dev/sdc1 rw
26 21 0:23 / /home rw - ext4 /dev/sda2 rw
27 26 0:24 / /home rw - fuse.sshfs user@host: rw
not a line of the table
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    """A table of mounts."""
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/ledger.db", "ext4"),
        ("/tmp/ledger.db", "tmpfs"),  # noqa: S108 - only its name
        ("/srv/share/ledger.db", "nfs4"),
        ("/srv/shared/ledger.db", "ext4"),
        ("/srv/share/local/ledger.db", "xfs"),
        ("/mnt/my disk/ledger.db", "vfat"),
        ("/home/ledger.db", "fuse.sshfs"),
    ],
)
def test_the_deepest_mount_counts(mounts: Path, path: str, kind: str) -> None:
    """The last one at a place, the deepest on the way, and no neighbour whose name begins alike."""
    assert disk.file_system_of(Path(path), mounts) == kind


def test_a_machine_that_does_not_tell(tmp_path: Path) -> None:
    """Without such a table nothing is known."""
    assert disk.file_system_of(Path("/"), tmp_path / "nothing") is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [("nfs4", "network"), ("fuse.sshfs", "network"), ("vfat", "anew"), ("tmpfs", "in memory")],
)
def test_disks_that_do_not_suit(kind: str, words: str) -> None:
    """Each with the harm that it does."""
    assert words in disk.objection(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "overlay", "apfs"])
def test_disks_that_do(kind: str) -> None:
    """The usual ones."""
    assert disk.objection(kind) == ""
